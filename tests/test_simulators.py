"""The scripts for Brian2 and NEST, run by Brian2 and NEST: the truth is what these compute here.

`dev.py simulators` installs them. Both go in steps of dt. Compared are all settings of the lab's
experiments and every shape of current, none with a peak of V within a step of the threshold: there
a grid would decide.

On a grid a spike is stamped with the end of the step in which V reaches the threshold, and the next
interval starts from there; so the bound of one dt holds for each spike by itself, given the spike
before it: V starts at V_reset from the simulator's own last spike, and lapicque says when the next
one is due.  That every spike is due within its step, and that none is due after the last, makes
the trains equal.  Along a train the steps add up, to 2.4 ms after 370 spikes.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys

import pytest

import lapicque as lq
from lapicque.current import kinds
from lapicque.interop import brian2, nest, scripts
from lapicque.lab.presets import presets
from lapicque.response import State

pytestmark = pytest.mark.simulator

# Beyond the grid: a current that varies is held within a step at its value in the middle. The
# worst of the cases below is 4.5e-5 ms, for the sine of 400 Hz; where it is constant in each step,
# rounding is left.
HELD = 1e-4
ROUNDING = 1e-9

PLAIN = lq.LIF(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0)
HOLDING = PLAIN.replace(t_ref=2.0)
PERFECT = lq.PIF(C_m=1.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)
BASE = lq.constant(1.2)
SHAPES = {
    "constant": lq.constant(1.9),
    "constant, late": lq.constant(1.9, start=10.0, stop=80.0),
    "step": lq.step(2.5, start=10.0, stop=60.0),
    "step, windowed": lq.constant(1.0)
    + lq.step(1.0, 5.0, 95.0)
    + lq.step(1.0, 30.0, 50.0, window=(35.0, 70.0)),
    "ramp": lq.ramp(0.04, start=5.0),
    "sine": BASE + lq.sine(1.0, 30.0, phase=0.5),
    "sine, fast": lq.constant(1.7) + lq.sine(2.0, 400.0, start=3.0, stop=90.0),
    "sine, windowed": BASE + lq.sine(2.0, 40.0).window(20.0, 70.0),
    "sine, delayed": (lq.constant(1.7) + lq.sine(1.0, 20.0)).delayed(7.0),
    "decay": BASE + lq.decay(3.0, 20.0, start=12.0),
    "alpha": BASE + lq.alpha(2.0, 10.0, start=20.0),
    "sampled": lq.sampled([0.0, 20.0, 50.0, 100.0], [0.0, 3.0, 1.0, 2.5]) * 1.1,
    "sampled, held": lq.sampled(
        [0.0, 20.0, 50.0], [2.0, 0.5, 3.0], interpolation="hold", start=5.0, stop=90.0
    ),
    "product": BASE
    + (lq.constant(2.0) * lq.sine(1.0, 50.0) * lq.decay(1.0, 40.0)).delayed(10.0).window(5.0, 80.0),
    "synapses": BASE + lq.synapses([10.0, 20.0, 20.0, 50.0], 2.0, 5.0),
    "synapses, alpha": BASE + lq.synapses([10.0, 35.0], 2.0, 6.0, "alpha"),
    "square": BASE + lq.square(1.0, 40.0, stop=90.0),
    "pulses": BASE + lq.pulses(2.0, 3.0, 12.0, 7, start=5.0),
    "chirp": BASE + lq.chirp(1.0, 5.0, 60.0, 90.0, start=5.0),
    "polynomial": BASE + lq.polynomial([10.0, 30.0, 60.0], [[0.0, 0.1], [2.0, 0.0, -2e-3]]),
    "none": lq.Current(),
}
# Constant within each step.
CONSTANT = ("constant", "step", "sampled, held", "none", "V_0", "rest", "below", "far", "end")
# Trains so long that the steps add up to whole intervals: ours, theirs.
SHORTENED = {
    "intensity-duration, notebook, strong, long": (232, 229),
    "intensity-duration, pulses, strong, long": (379, 370),
}


def cases() -> dict[str, lq.Experiment]:
    found = {}
    for preset in presets():
        for variant in preset["variants"] if "group" not in preset else ():
            for each in variant["experiments"]:
                name = ", ".join(filter(None, (preset["name"], variant["name"], each["label"])))
                found[name] = lq.Experiment.from_dict(each["experiment"])
    for name, current in SHAPES.items():
        for neuron in (HOLDING, PERFECT):
            found[f"{name}, {neuron.model}"] = lq.Experiment(neuron, current, 100.0)
    for v in (-50.0, -45.0, -60.0):
        for neuron in (PLAIN, HOLDING, PERFECT):
            name = f"V_0 {v}, {neuron.model}, t_ref {neuron.t_ref}"
            found[name] = lq.Experiment(neuron, lq.constant(1.9), 50.0, V_0=v)
    high_rest = lq.LIF(tau_m=10.0, R_m=5.0, E_L=-40.0, V_th=-50.0, V_reset=-70.0, t_ref=3.7)
    found["rest above V_th"] = lq.Experiment(high_rest, lq.Current(), 100.0)
    quick = high_rest.replace(tau_m=0.05, V_reset=-51.0)  # it spikes in its first step
    found["rest above V_th, quick"] = lq.Experiment(quick, lq.Current(), 20.0)
    found["below rheobase"] = lq.Experiment(HOLDING, lq.constant(1.4), 100.0)
    far = lq.constant(1.9) + lq.step(1.0, start=500.0, stop=1e30) + lq.constant(1.0, start=1e29)
    found["far parts"] = lq.Experiment(HOLDING, far, 50.0)
    found["end at 0"] = lq.Experiment(HOLDING, lq.constant(1.9), 0.0)
    found["end within a step"] = lq.Experiment(PLAIN, lq.constant(1.9), 60.123456)
    return found


CASES = cases()
NAMES = {
    "brian2": list(CASES),
    "nest": [name for name, each in CASES.items() if isinstance(each.neuron, lq.LIF)],
}


def trains(tool: str, folder, names: list[str], dt: float | None = None) -> dict[str, list[float]]:
    """Run a tool's script for some cases; return the spike times it prints."""
    if importlib.util.find_spec(tool) is None:
        pytest.skip(f"{tool} is not installed: `python3 dev.py simulators` does")
    text = scripts()[tool].write([CASES[name] for name in names], names)
    if dt is not None:
        text, count = re.subn(r"(?m)^dt = 0\.01 ", f"dt = {dt!r} ", text)
        assert count == 1
    (folder / "script.py").write_text(text, "utf-8")
    # No compiler: it would take seconds for every case.
    (folder / "brian_preferences").write_text("codegen.target = 'numpy'\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    lines, found = done.stdout.splitlines(), {}
    for k, line in enumerate(lines):
        marker = re.fullmatch(r"(.+): (\d+) spikes, times in ms:", line)
        if marker:
            found[marker[1]] = [float(each) for each in lines[k + 1 : k + 1 + int(marker[2])]]
    assert list(found) == names
    return found


@pytest.fixture(scope="module")
def brian2_trains(tmp_path_factory):
    return trains("brian2", tmp_path_factory.mktemp("brian2"), NAMES["brian2"])


@pytest.fixture(scope="module")
def nest_trains(tmp_path_factory):
    return trains("nest", tmp_path_factory.mktemp("nest"), NAMES["nest"])


def due(experiment: lq.Experiment, last: float | None, until: float) -> list[float]:
    """When lapicque spikes next, given the last spike of the simulator."""
    neuron = experiment.neuron
    if last is None:
        v, last, free = experiment.V_0, 0.0, 0.0
        v = neuron.default_V_0() if v is None else v
    else:
        v, free = neuron.V_reset, last + neuron.t_ref
    state = State(time=last, V=v, V_lo=0.0, free=free, free_lo=0.0)
    length = max(0.0, until - last)
    return list(lq.simulate(neuron, experiment.current, length, state=state).spikes)


def check(name: str, times: list[float], dt: float, precise: bool) -> None:
    experiment = CASES[name]
    expected = experiment.run()
    ours, theirs = SHORTENED.get(name, (expected.spike_count, expected.spike_count))
    assert expected.spike_count == ours
    assert len(times) == (ours if precise else theirs)
    slack = ROUNDING if name.startswith(CONSTANT) else HELD
    last = None
    for time in times:
        first = due(experiment, last, time + 2 * dt)[0]
        assert -slack <= time - first <= (0.0 if precise else dt) + slack
        last = time
    assert due(experiment, last, experiment.duration - slack) == []


@pytest.mark.parametrize("name", NAMES["brian2"])
def test_brian2_spikes_at_the_end_of_the_step_in_which_lapicque_does(brian2_trains, name):
    """On Brian2's grid each spike is late by less than dt, for each shape of current, LIF and PIF:
    so refractoriness, V_0 and the clock of the current are the same."""
    check(name, brian2_trains[name], brian2.DT, precise=False)


@pytest.mark.parametrize("name", NAMES["nest"])
def test_nest_spikes_when_lapicque_does(nest_trains, name):
    """With t_ref the precise neuron, within the error of the held current; else on the grid."""
    check(name, nest_trains[name], nest.DT, precise=CASES[name].neuron.t_ref > 0.0)


@pytest.mark.parametrize("tool", NAMES)
def test_a_smaller_dt_comes_closer_as_the_scripts_say(tool, request, tmp_path):
    """Of 232 spikes the grid costs three; a fifth of dt makes the train a fifth as late."""
    name = "intensity-duration, notebook, strong, long"
    expected = CASES[name].run().spikes
    late = [
        max(abs(a - b) for a, b in zip(times, expected, strict=False))
        for times in (
            request.getfixturevalue(f"{tool}_trains")[name],
            trains(tool, tmp_path, [name], dt=0.002)[name],
        )
    ]
    assert 2.0 < late[0] < 2.5
    assert late[1] == pytest.approx(late[0] / 5, rel=0.05)


def test_every_shape_is_compared():
    """But for kicks, which the scripts refuse (tests/test_precise_simulators.py has them)."""
    assert {name.split(", ")[0] for name in SHAPES} >= {*kinds()} - {"kicks"}
