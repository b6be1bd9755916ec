"""The tour: every number in its words is computed here, by formulas and by runs."""

import math
import re

import pytest

import lapicque as lq
from lapicque import analysis, link
from lapicque.lab.answer import answer, describe

STEPS = describe()["tour"]
PRESETS = {preset["name"]: preset for preset in describe()["presets"]}


def shown(step):
    """The step's experiments, solved exactly."""
    found = link.read(step["link"])
    return [each.replace({"method": None}) for each in found.experiments]


def by_method(step):
    return link.read(step["link"]).experiments[0].run()


def below(step):
    (e,) = shown(step)
    assert e.run().spike_count == 0
    amplitude = e.value("current.I.amplitude")
    return [amplitude, e.neuron.R_m * amplitude, e.neuron.V_th - e.neuron.E_L]


def above(step):
    (e,) = shown(step)
    gap, drive = e.neuron.V_th - e.neuron.E_L, e.neuron.R_m * e.value("current.I.amplitude")
    period = e.neuron.tau_m * math.log(drive / (drive - gap))
    assert e.run().spikes[0] == pytest.approx(period, abs=1e-9)
    return [gap, e.neuron.R_m, gap / e.neuron.R_m, e.value("current.I.amplitude"), period]


def euler(step):
    (e,) = shown(step)
    exact, own = e.run(), by_method(step)
    assert own.method == lq.Euler(dt=0.5)
    late = [a - b for a, b in zip(own.spikes, exact.spikes, strict=True)]
    assert all(each == pytest.approx((k + 1) * late[0], abs=1e-9) for k, each in enumerate(late))
    period = 5.76 * math.log(5.12 / 0.52)
    return [e.value("current.I.amplitude"), period, 0.5, -late[0], len(late), -late[-1]]


def runge_kutta(step):
    (e,) = shown(step)
    exact, own = e.run(), by_method(step)
    assert own.method == lq.RK4(dt=0.5)
    assert e.duration == 1000.0
    late = [a - b for a, b in zip(own.spikes, exact.spikes, strict=False)]
    assert exact.spike_count - own.spike_count == 1
    return [0.5, late[-1], own.spike_count, exact.spike_count]


def too_fast(step):
    (e,) = shown(step)
    slow = e.replace({"current.I.frequency": 100.0})
    run = e.run()
    assert run.spike_count == 0
    near = e.neuron.V_th - max(run.voltage(k * 0.001) for k in range(100_001))
    return [100.0, e.value("current.I.amplitude"), slow.run().spike_count, 200.0, near]


def missed(step):
    (e,) = shown(step)
    exact, own = e.run(), by_method(step)
    found = analysis.compare(exact, own)
    assert not found.extra
    amplitude = e.value("current.I.amplitude")
    return [amplitude, exact.spike_count, 0.5, own.spike_count, len(found.missed)]


def two(step):
    (e,) = shown(step)
    rheobase = (e.neuron.V_th - e.neuron.E_L) / e.neuron.R_m
    currents = [e.value(f"current.{name}.amplitude") for name in ("I1", "I2")]
    assert max(currents) < rheobase < sum(currents)
    drive = e.neuron.R_m * sum(currents)
    gap = e.neuron.R_m * rheobase
    return [rheobase, *currents, e.neuron.tau_m * math.log(drive / (drive - gap))]


def strong_and_weak(step):
    strong, weak, *_ = shown(step)
    parts = [strong.current.parts[0], weak.current.parts[0]]
    charges = {part.amplitude * part.stop for part in parts}
    assert len(charges) == 1
    assert weak.run().spike_count == 0
    assert weak.neuron.R_m * parts[1].amplitude == weak.neuron.V_th - weak.neuron.E_L
    numbers = [number for part in parts for number in (part.amplitude, part.stop)]
    return [*numbers, *charges, strong.run().spike_count]


def lapicque(step):
    (e,) = shown(step)
    tau, rheobase = e.neuron.tau_m, (e.neuron.V_th - e.neuron.E_L) / e.neuron.R_m
    needed = rheobase / -math.expm1(-10.0 / tau)
    return [10.0, needed, rheobase, 2.0 * rheobase, tau * math.log(2.0), 1907.0]


def f_I(step):
    (e,) = shown(step)
    drive, gap = e.neuron.R_m * 2.0, e.neuron.V_th - e.neuron.E_L
    rate = 1000.0 / (e.neuron.tau_m * math.log(drive / (drive - gap)))
    assert e.value("current.I.amplitude") == 2.0
    return [gap / e.neuron.R_m, 2.0, rate]


NUMBERS = [below, above, euler, runge_kutta, too_fast, missed, two, strong_and_weak, lapicque, f_I]


@pytest.mark.parametrize(("step", "compute"), list(zip(STEPS, NUMBERS, strict=True)))
def test_every_number_in_the_words_is_right(step, compute):
    """In their order, to the digits that are written (names such as RK4 have none)."""
    words = step["text"].replace("RK4", "")
    written = re.findall(r"(?<![\w.])\d+(?:\.\d+)?", words)
    computed = compute(step)
    assert len(written) == len(computed), (written, computed)
    for text, value in zip(written, computed, strict=True):
        decimals = len(text.partition(".")[2])
        assert float(text) == pytest.approx(value, abs=0.5001 * 10.0**-decimals), text


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["title"])
def test_a_step_is_short_and_opens_as_the_lab_would_link_it(step):
    """The link's state, moved by the rules of the front end, yields the link's experiments; its
    sliders are the preset's, within their range."""
    assert 0 < len(step["title"]) <= 40
    assert 0 < len(step["text"]) <= 240
    found = link.read(step["link"])
    opened = answer({"kind": "open", "link": step["link"]})["opened"]
    state = opened["state"]
    preset = PRESETS[state["preset"]]
    choice = state["choices"][state["preset"]]
    (variant,) = [v for v in preset["variants"] if v["name"] == choice["variant"]]
    data = [e["experiment"] for e in variant["experiments"]]
    experiments = [lq.Experiment.from_dict(each) for each in data]
    sliders = {slider["name"]: slider for slider in variant["sliders"]}
    for name, value in choice["values"].items():
        slider = sliders[name]
        assert slider["minimum"] <= value <= slider["maximum"]
        assert value != slider["default"]
        for target in slider["targets"]:
            for k, each in enumerate(experiments):
                if target["experiment"] in (None, k):
                    experiments[k] = each.replace({target["path"]: value})
    if state["method"]["name"] != "Exact":
        cls = getattr(lq, state["method"]["name"])
        own = cls(dt=state["method"]["dt"], locate=state["method"]["locate"])
        experiments = [each.replace({"method": own}) for each in experiments]
    assert tuple(experiments) == found.experiments
    assert found.view == state["view"]
    assert found.view in {view["name"] for view in describe()["views"]}


def test_the_tour_goes_through_the_experiments():
    """Ten steps, all different; each of the four experiments of the notebook has its turn, and
    both other views that open with a point to drag."""
    assert len(STEPS) == len({step["title"] for step in STEPS}) == 10
    presets = [link.read(step["link"]).lab["preset"] for step in STEPS]
    notebook = {"constant", "variable-sine", "two-inputs", "intensity-duration"}
    assert notebook <= set(presets)
    assert {link.read(step["link"]).view for step in STEPS} >= {"f-I", "strength-duration"}
