"""The lab's one function: what it describes, what it draws, and the sentence beside it."""

from __future__ import annotations

import copy
import itertools
import json
import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter

import independent
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque import polyline
from lapicque.kernels.membrane import TERM
from lapicque.lab.answer import MAX_EXPERIMENTS, answer, describe
from lapicque.lab.presets import presets
from lapicque.lab.sentence import sentence
from lapicque.lab.traces import DRAWN_SPIKES, MAX_STEPS

# The design's table: slider -> (minimum, maximum, step or None, default), in the notebook's units.
TABLE = {
    "constant": {
        "I": (0, 10, 0.1, 0.8),
        "R": (1, 10, 0.1, 6.4),
        "C": (0.1, 1, 0.05, 0.9),
        "theta": (1, 10, 0.5, 5.0),
        "u_rest": (0, 1, 0.05, 0.4),
    },
    "variable-tau": {
        "u_rest": (-100, 100, None, 48.4),
        "u_reset": (-100, 100, None, -70.0),
        "theta": (-100, 100, None, 48.2),
        "R": (0, 100, None, 100.0),
        "tau_m": (0, 100, None, 6.3),
        "t_max": (0, 1000, None, 100.0),
    },
    "variable-sine": {
        "I_max": (0, 10, 0.1, 1.0),
        "f": (10, 1000, 10, 100.0),  # 0.01..1 per ms, step 0.01, default 0.1
        "R": (1, 10, None, 5.0),
        "C": (0.1, 1, None, 0.5),
        "theta": (1, 10, None, 5.0),
    },
    "two-inputs": {
        "I1": (0, 10, None, 1.0),
        "I2": (0, 10, None, 1.3),
        "R": (1, 10, None, 3.3),
        "C": (0.1, 1, None, 1.0),
        "theta": (1, 10, None, 7.5),
        "u_rest": (0, 1, None, 0.2),
    },
}
UNITS = {"I": "nA", "R": "MOhm", "C": "nF", "theta": "mV", "u_rest": "mV", "u_reset": "mV"}
UNITS |= {"tau_m": "ms", "t_max": "ms", "I_max": "nA", "f": "Hz", "I1": "nA", "I2": "nA"}

VARIANTS = [
    (preset["name"], variant["name"], variant)
    for preset in presets()
    for variant in preset["variants"]
]
IDS = [f"{p}-{v}" for p, v, _ in VARIANTS]


def ask(*experiments, **more):
    data = [e if isinstance(e, dict) else e.to_dict() for e in experiments]
    return answer({"id": 7, "kind": "run", "experiments": data, "view": "traces", **more})


def drawn(*experiments, **more):
    reply = ask(*experiments, **more)
    assert reply["ok"], reply
    json.dumps(reply, allow_nan=False)
    return reply["results"]


def moved(variant, positions):
    """The experiments of a variant with sliders at some positions, as the front end moves them."""
    data = copy.deepcopy([e["experiment"] for e in variant["experiments"]])
    factors = {}
    for slider in variant["sliders"]:
        value = positions.get(slider["name"], slider["default"])
        for target in slider["targets"]:
            which = range(len(data)) if target["experiment"] is None else [target["experiment"]]
            put = (
                math.inf
                if value == 0.0 and target["power"] < 0
                else target["factor"] * value ** target["power"]
            )
            for k in which:
                factors[k, target["path"]] = put
    for (k, path), value in factors.items():
        inner = data[k]
        *steps, last = path.split(".")
        for step in steps:
            inner = inner[int(step) if step.isdigit() else step]
        inner[int(last) if last.isdigit() else last] = value
    return data


def preset(name, variant):
    return next(v for p, n, v in VARIANTS if (p, n) == (name, variant))


def test_answer_is_pure():
    """The same request gives the same reply but for elapsed_ms, and is not changed by it."""
    for request in (
        {"id": 1, "kind": "describe"},
        {"id": "a", "kind": "run", "experiments": moved(preset("constant", "equation"), {})},
        {"id": 3, "kind": "run", "experiments": moved(preset("intensity-duration", "pulses"), {})},
        {"id": 4, "kind": "run", "experiments": [{"neuron": 3}], "window": [1, 2]},
        {"id": 5, "kind": "walk"},
    ):
        before = copy.deepcopy(request)
        replies = [answer(request) for _ in range(3)]
        for reply in replies:
            reply.pop("elapsed_ms", None)
        assert replies[0] == replies[1] == replies[2]
        assert request == before
        assert replies[0]["id"] == request["id"]


def test_a_caller_cannot_spoil_the_next_description():
    """Changing a description that was received does not change the next one."""
    first = answer({"id": 1, "kind": "describe"})["describe"]
    kept = copy.deepcopy(first)
    first["presets"].clear()
    first["parameters"].clear()
    assert answer({"id": 1, "kind": "describe"})["describe"] == kept


def test_the_description_is_plain():
    """The description is JSON, with version, protocol, limits and the six experiments in order;
    after them the neurons, in a group of their own."""
    described = describe()
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    assert described["version"] == lq.__version__
    assert described["protocol"] == 3
    limits = {"drawn_spikes": DRAWN_SPIKES, "experiments": MAX_EXPERIMENTS, "steps": MAX_STEPS}
    assert described["limits"] == limits
    experiments = [p for p in described["presets"] if "group" not in p]
    assert [p["title"].split()[0] for p in experiments] == ["1", "2a", "2b", "3", "4", "5"]
    assert described["presets"][:6] == experiments
    assert {p["group"] for p in described["presets"][6:]} == {"Neurons"}
    assert {p["name"] for p in described["presets"]} >= set(TABLE)
    assert described["first"] == "constant" == described["presets"][0]["name"]
    views = {v["name"] for v in described["views"]}
    assert {p["view"] for p in described["presets"]} == {"traces", "strength-duration"} <= views


def test_the_methods_and_their_step_are_described():
    """Every method that the library has, with its ways to find a spike; the step's slider, whose
    positions are a sorted list over four decades."""
    described = describe()
    methods = {m["name"]: m for m in described["methods"]}
    assert list(methods) == ["Exact", "Euler", "ExponentialEuler", "RK2", "RK4"]
    assert methods.pop("Exact")["locates"] == []
    assert all(m["locates"] == ["grid", "linear", "hermite"] for m in methods.values())
    assert [each["name"] for each in described["locates"]] == ["grid", "linear", "hermite"]
    assert all(each["label"] for each in described["locates"] + described["methods"])
    dt = described["dt"]
    assert (dt["name"], dt["unit"], dt["group"]) == ("dt", "ms", "Method")
    assert [t["path"] for t in dt["targets"]] == ["method.dt"]
    grid = dt["grid"]
    assert grid == sorted(set(grid))
    assert (grid[0], grid[-1]) == (dt["minimum"], dt["maximum"]) == (0.001, 10.0)
    assert grid[:2] == [0.001, 0.0015]
    assert dt["default"] in grid
    (preset,) = [p for p in described["presets"] if p["name"] == "constant"]
    for value in grid:
        data = dict(preset["variants"][0]["experiments"][0]["experiment"], duration=10.0)
        data["method"] = {"name": "Euler", "dt": value}
        assert answer({"id": 1, "kind": "run", "experiments": [data], "view": "error"})["ok"]


@pytest.mark.parametrize(("name", "label", "variant"), VARIANTS, ids=IDS)
def test_the_sliders_are_those_of_the_design(name, label, variant):
    """Every slider of the design's table is there with its range, step, default and unit; every
    target is a path of the experiment; unit and symbol are the parameter's."""
    sliders = {s["name"]: s for s in variant["sliders"]}
    assert len(sliders) == len(variant["sliders"])
    table = TABLE.get(name, {})
    assert set(table) <= set(sliders)
    for slider_name, (low, high, step, default) in table.items():
        slider = sliders[slider_name]
        assert (slider["minimum"], slider["maximum"]) == (low, high)
        assert slider["default"] == pytest.approx(default, rel=1e-15)
        assert slider["unit"] == UNITS[slider_name]
        if step is not None:
            assert slider["step"] == step
    parameters = describe()["parameters"]
    for slider in sliders.values():
        assert slider["label"]
        assert slider["symbol"] or slider["targets"][0]["path"].endswith((".start", ".stop"))
        assert slider["step"] > 0
        assert slider["minimum"] <= slider["default"] <= slider["maximum"]
        assert slider["targets"]
        for target in slider["targets"]:
            number = target["experiment"] or 0
            experiment = lq.Experiment.from_dict(variant["experiments"][number]["experiment"])
            assert target["path"] in experiment.paths()
            assert experiment.parameter(target["path"]).unit == parameters[target["path"]]["unit"]
        path = slider["targets"][0]["path"]
        assert slider["unit"] == parameters[path]["unit"]
        assert slider["group"] in ("Neuron", "Current", "Method", "Time")


@pytest.mark.parametrize(("name", "label", "variant"), VARIANTS, ids=IDS)
def test_the_base_is_where_the_sliders_stand(name, label, variant):
    """Sliders at their defaults give the variant's own experiments, float for float."""
    base = [lq.Experiment.from_dict(e["experiment"]) for e in variant["experiments"]]
    assert [lq.Experiment.from_dict(each) for each in moved(variant, {})] == base


@pytest.mark.parametrize(("name", "label", "variant"), VARIANTS, ids=IDS)
def test_every_slider_at_its_ends(name, label, variant):
    """At the defaults, and with each slider at its least and greatest position, alone and with each
    other slider at an end, the lab draws, or names, among the paths of the rule that is broken, one
    of a slider that was moved."""
    results = drawn(*moved(variant, {}), width=200)
    assert len(results) == len(variant["experiments"])
    ends = [(s, s[end]) for s in variant["sliders"] for end in ("minimum", "maximum")]
    cases = [[e] for e in ends]
    cases += [
        list(pair) for pair in itertools.combinations(ends, 2) if pair[0][0] is not pair[1][0]
    ]
    for case in cases:
        reply = ask(*moved(variant, {s["name"]: v for s, v in case}), width=100)
        json.dumps(reply, allow_nan=False)
        if reply["ok"]:
            for result in reply["results"]:
                check_picture(result)
            continue
        paths = {t["path"] for s, _ in case for t in s["targets"]}
        assert paths & {*reply["error"]["paths"]}, (case, reply)
        assert reply["error"]["path"] == reply["error"]["paths"][0]
        assert reply["error"]["path"] in reply["error"]["message"]


def test_a_reset_above_the_threshold_in_a_run_of_no_length():
    """It is no error with t_ref > 0; what it does is said for a run of any length."""
    neuron = lq.LIF(V_reset=-40.0, t_ref=2.0)
    (result,) = drawn(lq.Experiment(neuron, lq.constant(2.0), 0.0))
    assert result["sentence"].endswith("but this run is too short for a spike.")
    (result,) = drawn(lq.Experiment(neuron, lq.constant(2.0), 0.0, V_0=-50.0))
    assert result["sentence"].endswith("end of each refractory period, every 2 ms.")


def test_a_threshold_without_a_rheobase():
    """One that follows V as fast as it falls back (level 5) is said so, not called infinite."""
    neuron = lq.GLIF(level=5, th_voltage_decay=0.005)
    words = "the threshold follows V so closely that there is no rheobase."
    (result,) = drawn(lq.Experiment(neuron, lq.constant(0.5), 100.0))
    count, first = len(result["spikes"]), result["spikes"][0]
    assert result["sentence"] == f"{count} spikes, the first at {first:.5g} ms; {words}"
    (result,) = drawn(lq.Experiment(neuron, lq.constant(0.2), 100.0))
    assert re.fullmatch(
        f"V comes within .* mV of the threshold, silent; {words}", result["sentence"]
    )


def test_the_extremes_that_the_design_names():
    """u_rest 1 with theta 1 is `V_reset >= V_th`; R or tau_m 0 is out of bounds: said by path."""
    for label in ("equation", "notebook"):
        reply = ask(*moved(preset("constant", label), {"u_rest": 1.0, "theta": 1.0}))
        assert reply["error"]["path"] == "neuron.V_reset"
        assert set(reply["error"]["paths"]) >= {"neuron.V_reset", "neuron.V_th"}
        assert "V_th" in reply["error"]["message"]
    for name, path in (("R", "neuron.R_m"), ("tau_m", "neuron.tau_m")):
        reply = ask(*moved(preset("variable-tau", "equation"), {name: 0.0}))
        assert reply["error"]["path"] == path
        assert "must be > 0" in reply["error"]["message"]
        assert reply["error"]["value"] == 0.0


@pytest.mark.parametrize(
    ("name", "label", "positions", "counts", "first"),
    [
        ("constant", "notebook", {}, [4], 21.15113665419389),
        ("constant", "equation", {}, [7], 13.17),
        ("two-inputs", "notebook", {}, [6], 14.54664203391955),
        ("variable-sine", "equation", {"I_max": 4.0}, [31], 1.6427038715802413),
        ("variable-sine", "equation", {}, [0], None),
        ("intensity-duration", "notebook", {}, [30, 0, 232, 0], None),
    ],
)
def test_check_values(name, label, positions, counts, first):
    """The four experiments have the design's counts and first spikes."""
    results = drawn(*moved(preset(name, label), positions))
    shown = [{r["name"]: r for r in result["readouts"]} for result in results]
    assert [r["spike_count"]["value"] for r in shown] == counts
    assert [len(result["spikes"]) for result in results] == counts
    assert [r["spike_count"]["text"] for r in shown] == [str(c) for c in counts]
    if first is not None:
        tolerance = 0.006 if first == 13.17 else 1e-10
        assert shown[0]["first_spike"]["value"] == pytest.approx(first, abs=tolerance)
        assert results[0]["spikes"][0] == shown[0]["first_spike"]["value"]
    for readouts in shown:
        if readouts["spike_count"]["value"] == 0:
            assert readouts["first_spike"]["value"] is None
            assert readouts["mean_isi"]["value"] is None


def check_picture(result):
    """What holds of every picture: times in order, in the window; finite numbers, as many."""
    low, high = result["window"]
    for times, values in (("t", "V"), ("I_t", "I")):
        assert len(result[times]) == len(result[values])
        assert result[times] == sorted(result[times])
        assert all(low <= t <= high for t in result[times])
        assert all(map(math.isfinite, result[values]))
        if result[times]:
            assert (result[times][0], result[times][-1]) == (low, high)
    assert all(low <= t <= high for t in result["spikes"])
    assert result["spikes"] == sorted(result["spikes"])
    assert result["sentence"]
    assert result["sentence"][-1] == "."
    assert "nan" not in result["sentence"].lower()
    assert "inf" not in result["sentence"].lower()
    assert result["equation"]
    roles = [line["role"] for line in result["lines"]]
    assert roles[0] == "threshold"
    assert set(roles) <= {"threshold", "rest", "reset"}


@given(
    experiment=strategies.free_experiments(),
    width=st.integers(1, 900),
    cut=st.tuples(st.floats(-0.2, 1.2), st.floats(-0.2, 1.2)).filter(lambda c: c[0] < c[1]),
    zoom=st.booleans(),
)
@settings(max_examples=80)
def test_the_line_is_the_run(experiment, width, cut, zoom):
    """V in the reply is the response's voltage at those times; at each spike the line stands at
    V_th and then at V_reset, but where pixels are coarser than an oscillation: a band of their
    lowest and highest has no more. The current is the response's. The truth: the run itself."""
    window = [c * max(experiment.duration, 1.0) for c in cut] if zoom else None
    reply = ask(experiment, width=width, window=window)
    if zoom and not window[0] < window[1]:
        assert reply["error"]["path"] == "window"
        return
    assert reply["ok"], reply
    (result,) = reply["results"]
    check_picture(result)
    response = experiment.run()
    low, high = result["window"]
    inside = response.spikes[
        bisect_left(response.spikes, low) : bisect_right(response.spikes, high)
    ].tolist()
    assert result["spikes"] == inside
    currents = Counter()
    for t, value in zip(result["I_t"], result["I"], strict=True):
        currents[t] += 1
        left, right = response.current(t, left=True), response.current(t)
        assert value in (left, right)
        assert currents[t] <= 2
    if len(inside) > width:
        return
    neuron, spikes = experiment.neuron, set(inside)
    seen = Counter(result["t"])
    frequencies = (abs(v) for v in experiment.current.normal_form.terms[4::TERM])
    if max(frequencies, default=0.0) * (high - low) / width > polyline._SPAN:
        for t, value in zip(result["t"], result["V"], strict=True):
            assert value in (response.voltage(t, left=True), response.voltage(t))
        return
    kicks = independent.kicks(neuron, experiment.current.to_dicts())
    for k, (t, value) in enumerate(zip(result["t"], result["V"], strict=True)):
        theta = response.threshold(t, left=True)
        if t in kicks:
            # V before and after, and the threshold between where the jump made a spike.
            sides = response.voltage(t, left=True), response.voltage(t)
            made = t in spikes and sides[0] < theta
            assert seen[t] == (3 if made else 1 + (sides[0] != sides[1]))
            assert value in sides or (made and value == theta)
        elif t in spikes:
            assert seen[t] == 1 + (response.voltage(t, left=True) != response.voltage(t))
            first = k == 0 or result["t"][k - 1] != t
            expected = response.voltage(t, left=first)
            assert value == expected
            if first and not (t == 0.0 or starts_above(experiment, response, t)):
                assert value >= theta
            if not first and neuron.renewal:
                assert value == pytest.approx(neuron.V_reset, abs=1e-12)
        else:
            assert seen[t] == 1
            assert value == response.voltage(t)
    assert spikes <= set(result["t"])


def starts_above(experiment, response, t):
    """Whether V may lie above the threshold when it spikes at t: at the start."""
    return response.spikes[0] == t and (experiment.V_0 or -math.inf) >= experiment.neuron.V_th


def test_peaks_touch_the_threshold_exactly():
    """Each spike of every experiment stands in the line as (t, V_th) and then (t, V_reset)."""
    for name, label, variant in VARIANTS:
        if "V_reset" not in variant["experiments"][0]["experiment"]["neuron"]:
            continue  # thresholds that move, or V that is not reset
        # With a memory V at a spike is computed.
        exact = lq.Experiment.from_dict(variant["experiments"][0]["experiment"]).neuron.renewal
        data = moved(variant, {"I_max": 4.0})
        for entry, result in zip(data, drawn(*data, width=1000), strict=True):
            corners = list(zip(result["t"], result["V"], strict=True))
            for t in result["spikes"]:
                k = bisect_left(result["t"], t)
                at = corners[k] if exact else (corners[k][0], round(corners[k][1], 12))
                assert at == (t, entry["neuron"]["V_th"]), (name, label)
                t_after, v_after = corners[k + 1]
                assert t_after == t
                assert v_after == pytest.approx(entry["neuron"]["V_reset"], abs=1e-12)
                assert result["t"][k + 2 : k + 3] != [t]


def check_fidelity(result, response, width):
    """Within a pixel to either side of any time both lines pass at the height of the run's own V
    and I, but for half a pixel of 400: five looks a pixel, at no regular distance."""
    low, high = result["window"]
    pixel = (high - low) / width
    looks = [
        low + (high - low) * math.fmod(0.6180339887498949 * k, 1.0)
        for k in range(min(5 * width, 5000))
    ]
    for times, values, truth in (
        (result["t"], result["V"], response.voltage),
        (result["I_t"], result["I"], response.current),
    ):
        room = (max(values) - min(values)) / 800
        for t in looks:
            a, b = max(low, t - pixel), min(high, t + pixel)
            near = values[bisect_left(times, a) : bisect_right(times, b)]
            near += [on_the_line(times, values, end) for end in (a, b)]
            assert min(near) - room <= truth(t) <= max(near) + room, t


def on_the_line(times, values, t):
    """The height of a line at a time."""
    k = min(max(1, bisect_left(times, t)), len(times) - 1)
    return values[k - 1] + (values[k] - values[k - 1]) * (t - times[k - 1]) / (
        times[k] - times[k - 1]
    )


@pytest.mark.parametrize("width", [1, 2, 17, 100, 800, 20_000])
def test_widths(width):
    """A line has at most a few points a pixel, whatever the width, and is right at every pixel."""
    data = moved(preset("variable-sine", "equation"), {"I_max": 4.0})
    (result,) = drawn(*data, width=width)
    check_picture(result)
    assert len(result["t"]) <= 3 * width + 200
    if width >= 100:  # below, spikes outnumber pixels: test_more_spikes_than_pixels
        check_fidelity(result, lq.Experiment.from_dict(data[0]).run(), width)


@pytest.mark.parametrize(
    "width", [0, -1, 0.5, 20_001, 1e308, math.nan, math.inf, "800", True, None, [], 10**400]
)
def test_wrong_widths(width):
    """A width that is no number in range is refused by name."""
    reply = ask(*moved(preset("constant", "equation"), {}), width=width)
    assert (reply["ok"], reply["error"]["path"]) == (False, "width")
    json.dumps(reply, allow_nan=False)


WRONG_WINDOWS = [
    [],
    [1],
    [1, 2, 3],
    "12",
    5,
    {"0": 1},
    [2, 1],
    [1, 1],
    [None, 1],
    ["1", 2],
    [True, 2],
]
WRONG_WINDOWS += [[math.nan, 1], [0, math.inf], [0, 1e308], [-(10**400), 1], (0, 1, 2)]


@pytest.mark.parametrize("window", WRONG_WINDOWS, ids=repr)
def test_wrong_windows(window):
    """A window that is no pair of increasing times is refused by name."""
    reply = ask(*moved(preset("constant", "equation"), {}), window=window)
    assert (reply["ok"], reply["error"]["path"]) == (False, "window")
    json.dumps(reply, allow_nan=False)


def test_zooming_samples_again():
    """A window is drawn as sharp as the whole, at the same curve; readouts and sentence stay those
    of the whole run."""
    data = moved(preset("variable-sine", "equation"), {"I_max": 4.0})
    response = lq.Experiment.from_dict(data[0]).run()
    (whole,) = drawn(*data, width=500)
    for window in ([10.0, 20.0], [1.6, 1.7], [0.0, 1e-6], [99.9, 100.0]):
        (part,) = drawn(*data, width=500, window=window)
        check_picture(part)
        assert part["window"] == window
        check_fidelity(part, response, 500)
        assert part["readouts"] == whole["readouts"]
        assert part["sentence"] == whole["sentence"]
        middle = len(part["t"]) // 3
        assert part["V"][middle] in (
            response.voltage(part["t"][middle]),
            response.voltage(part["t"][middle], left=True),
        )
    for window in ([-50.0, 50.0], [50.0, 5000.0], [-1e30, 1e30]):
        (part,) = drawn(*data, window=window)
        assert part["window"] == [max(0.0, window[0]), min(100.0, window[1])]
        check_picture(part)
    for window in ([200.0, 300.0], [-2.0, -1.0]):
        (part,) = drawn(*data, window=window)
        check_picture(part)


def crowded(duration=100.0, **changes):
    neuron = {"R_m": 1.0, "C_m": 0.1, "E_L": 0.0, "V_th": 1.0, "V_reset": 0.95}
    return lq.Experiment(lq.LIF(**{**neuron, **changes}), lq.constant(10.0), duration, V_0=0.95)


@pytest.mark.parametrize("width", [1, 50, 333, 800])
def test_more_spikes_than_pixels(width):
    """Where spikes outnumber pixels, the lowest and highest V of each column are drawn right, and a
    column without spikes is not painted full. The truth: the run, sampled much more densely."""
    neuron = lq.LIF(R_m=1.0, C_m=0.1, E_L=0.0, V_th=1.0, V_reset=0.5)
    current = lq.constant(10.0, stop=60.0) + lq.constant(0.3, start=60.0)
    experiment = lq.Experiment(neuron, current, 100.0)
    response = experiment.run()
    assert response.spike_count > width
    (result,) = drawn(experiment, width=width)
    check_picture(result)
    assert len(result["t"]) <= 4 * width + 8
    step = 100.0 / width
    for column in range(width):
        begin, end = column * step, min(100.0, (column + 1) * step)
        values = [
            v
            for t, v in zip(result["t"], result["V"], strict=True)
            if begin <= t < end or t == end == 100.0
        ]
        fired = response.spikes[
            bisect_left(response.spikes, begin) : bisect_left(response.spikes, end)
        ]
        dense = [response.voltage(begin + (end - begin) * k / 400) for k in range(401)]
        dense += [neuron.V_th] * bool(fired) + [neuron.V_reset] * bool(fired)
        # A column's line goes on to the next column's first value.
        following = [v for t, v in zip(result["t"], result["V"], strict=True) if t >= end][:1]
        assert max([*values, *following]) >= max(dense) - 0.02, column
        assert min([*values, *following]) <= min(dense) + 0.02, column
        if fired:
            assert max(values) == neuron.V_th
        else:
            assert max(values) <= max(dense) + 1e-9, column


def test_crowded_runs_are_said():
    """Beyond the limit the lab says how many spikes there are and draws V by columns, without a
    raster: also at the notebook's most crowded corner. The truth: the run's own count."""
    corner = {"I": 10.0, "R": 1.0, "C": 0.1, "theta": 1.0, "u_rest": 0.95}
    for label in ("notebook", "equation"):
        (data,) = moved(preset("constant", label), corner)
        count = lq.Experiment.from_dict(data).run().spike_count
        assert count > DRAWN_SPIKES
        (result,) = drawn(data)
        check_picture(result)
        assert result["spikes"] == []
        assert str(count) in result["crowded"]["message"]
        assert str(DRAWN_SPIKES) in result["crowded"]["message"]
        assert result["crowded"]["spike_count"] == result["readouts"][0]["value"] == count
        assert (max(result["V"]), result["I"][0]) == (1.0, 10.0)
        (result,) = drawn(data, window=[1.0, 2.0])  # a closer look is drawn again
        assert result["crowded"] is None
        assert len(result["spikes"]) > 100


def test_a_regular_train_is_counted_however_long():
    """Under a constant current the count is a formula: the design's 180,499 spikes in 100 ms, and
    1.8e12 in 1e9; V fills the picture from V_reset to V_th."""
    period = 0.1 * math.log((10.0 - 0.95) / (10.0 - 1.0))
    for duration in (100.0, 1e9):
        (result,) = drawn(crowded(duration))
        check_picture(result)
        count = result["readouts"][0]["value"]
        assert count == pytest.approx(duration / period, rel=1e-14, abs=1.0)
        assert count == 180_499 or duration > 100.0
        assert result["crowded"]["spike_count"] == count
        assert result["crowded"]["message"].startswith(f"{count:.0f} spikes: more than the 20000")
        assert result["spikes"] == []
        assert (min(result["V"]), max(result["V"])) == (0.95, 1.0)
        assert f"fires every {period:.5g} ms" in result["sentence"]


def test_runs_with_too_many_spikes_to_count():
    """Runs with too many spikes to wait for answer in words, with current, lines and equation."""
    sine = lq.constant(10.0) + lq.sine(0.1, 5.0)
    steps = lq.constant(10.0) + lq.step(1.0, 10.0, 20.0)
    for experiment in (
        lq.Experiment(crowded().neuron, sine, 1e9),
        lq.Experiment(crowded().neuron, steps, 1e9),
    ):
        (result,) = drawn(experiment)
        found = re.search(r"more than (\d+) spikes", result["crowded"]["message"])
        assert found
        with pytest.raises(lq.LimitError):  # it has more indeed
            experiment.run(max_spikes=int(found[1]))
        assert result["crowded"]["spike_count"] is None
        assert (result["t"], result["V"], result["spikes"]) == ([], [], [])
        assert result["I"]
        assert len(result["lines"]) == 3
        assert result["readouts"][0]["text"] == f"> {found[1]}"
        assert all(r["value"] is None for r in result["readouts"])
        assert "more than" in result["sentence"].lower()


def test_just_at_the_limit_is_drawn():
    """20,000 spikes are drawn as a raster; one more is said."""
    neuron = lq.PIF(C_m=1.0, V_th=1.0, V_reset=0.0)
    (result,) = drawn(lq.Experiment(neuron, lq.constant(1.0), float(DRAWN_SPIKES)))
    assert result["crowded"] is None
    assert len(result["spikes"]) == result["readouts"][0]["value"] == DRAWN_SPIKES == 20_000
    (result,) = drawn(lq.Experiment(neuron, lq.constant(1.0), DRAWN_SPIKES + 1.0))
    assert result["crowded"]
    assert result["spikes"] == []


@pytest.mark.parametrize("duration", [0.0, 5e-324, 1e-30, 1e30])
@pytest.mark.parametrize("amplitude", [0.0, 0.5, 1.6])
def test_durations_of_any_size(duration, amplitude):
    """A run of no length, of hardly any, and of 1e30 ms is answered, with V_0 at its start."""
    experiment = lq.Experiment(lq.LIF(R_m=10.0, C_m=1.0), lq.constant(amplitude), duration)
    (result,) = drawn(experiment)
    if not result["crowded"]:
        check_picture(result)
        assert result["V"][0] == -65.0


@pytest.mark.parametrize("count", [0, 5, 100])
def test_how_many_experiments(count):
    """One to four experiments are answered in order; more, or none, are refused by name."""
    data = moved(preset("constant", "equation"), {}) * count
    reply = ask(*data)
    assert (reply["ok"], reply["error"]["path"]) == (False, "experiments")
    amplitudes = [0.8, 1.6, 0.1, 3.2][:MAX_EXPERIMENTS]
    results = drawn(*(moved(preset("constant", "equation"), {"I": a})[0] for a in amplitudes))
    assert [r["I"][0] for r in results] == amplitudes


def test_an_error_says_which_experiment():
    """Of several experiments, the error tells which one is wrong; nothing is drawn then."""
    good = moved(preset("constant", "equation"), {})[0]
    bad = moved(preset("constant", "equation"), {"C": -1.0})[0]
    reply = ask(good, good, bad)
    assert "results" not in reply
    assert reply["error"]["experiment"] == 2
    assert reply["error"]["path"] == "neuron.C_m"
    assert reply["error"]["value"] == -1.0
    assert reply["error"]["rule"] == "must be > 0 nF"


def numbers(text):
    """The numbers in a sentence; `two` is none, "V_0" and "R I" have none."""
    return [float(x) for x in re.findall(r"(?<![A-Za-z_\d.])-?\d+\.?\d*(?:e[+-]?\d+)?", text)]


def said(neuron, current, duration=200.0, V_0=None):
    experiment = lq.Experiment(neuron, current, duration, V_0=V_0)
    response = experiment.run()
    text = sentence(experiment, response)
    assert "nan" not in text
    assert drawn(experiment)[0]["sentence"] == text
    return text, response


LIF = lq.LIF(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0)


def test_the_sentence_above_rheobase():
    """Above rheobase it says R I, how far that is above what is needed, and the period. The truth:
    tau ln(RI/(RI - 15))."""
    text, response = said(LIF, lq.constant(1.6))
    period = 10.0 * math.log(16.0 / 1.0)
    assert numbers(text) == pytest.approx([16.0, 1.0, 15.0, period], rel=1e-4)
    assert "fires every" in text
    assert response.intervals[0] == pytest.approx(period, abs=1e-10)


def test_the_sentence_at_rheobase():
    """Exactly at rheobase it says so, and that the neuron is silent for ever."""
    text, response = said(LIF, lq.constant(1.5), 1e6)
    assert response.spike_count == 0
    assert "at rheobase" in text
    assert "silent" in text
    assert numbers(text) == [15.0]
    text, response = said(LIF, lq.constant(1.5), V_0=-40.0)
    assert response.spike_count == 1
    assert "1 spike, then silent" in text


def test_the_sentence_below_rheobase():
    """Below rheobase it says R I, what is needed, and silence; a start above threshold is said."""
    text, _ = said(LIF, lq.constant(1.2))
    assert numbers(text) == [12.0, 15.0]
    assert "never reaches" in text
    assert "silent" in text
    text, response = said(LIF, lq.constant(1.2), V_0=-40.0)
    assert response.spike_count == 1
    assert "V_0 is above the threshold" in text


def test_the_sentence_of_a_start_at_threshold():
    """A start exactly at threshold is not called above it."""
    text, response = said(LIF, lq.constant(1.2), V_0=-50.0)
    assert response.spike_count == 1
    assert "V_0 is above" not in text


def test_the_sentence_of_a_run_too_short():
    """Above rheobase, in a run too short for a spike, it says so and promises nothing."""
    text, response = said(LIF, lq.constant(1.6), 10.0)
    assert response.spike_count == 0
    assert "too short" in text
    assert "fires every" not in text


def test_the_sentence_of_a_rest_above_threshold():
    """With rest above threshold it says that the leak alone makes it fire, and the period. The
    truth: tau ln((E_L - V_reset)/(E_L - V_th))."""
    text, response = said(LIF.replace(E_L=-40.0), lq.constant(0.0))
    period = 10.0 * math.log(25.0 / 10.0)
    assert "leak alone" in text
    assert numbers(text)[-1] == pytest.approx(period, rel=1e-4)
    assert response.intervals[0] == pytest.approx(period, abs=1e-10)


def test_the_sentence_of_inhibition_against_a_rest_above_threshold():
    """With rest above threshold and a current that holds V down, it does not say that it fires."""
    text, response = said(LIF.replace(E_L=-40.0), lq.constant(-5.0), V_0=-65.0)
    assert response.spike_count == 0
    assert "silent" in text
    text, response = said(LIF.replace(E_L=-40.0), lq.constant(-0.5))
    assert response.spike_count > 0
    assert numbers(text)[-1] == pytest.approx(10 * math.log(20 / 5), rel=1e-4)


def test_the_sentence_of_a_varying_current():
    """Under a sine it says count, first spike, rheobase and peak; where silent, why."""
    text, response = said(LIF, lq.constant(1.4) + lq.sine(0.8, 5.0))
    count = response.spike_count
    assert count > 1
    assert text.startswith(f"{count} spikes, the first at")
    first, rheobase, peak = numbers(text)[-3:]
    assert first == pytest.approx(response.spikes[0], rel=1e-4)
    assert (rheobase, peak) == pytest.approx((1.5, 2.2), rel=1e-3)
    text, response = said(LIF, lq.sine(0.8, 5.0))
    assert "never exceeds the rheobase" in text
    assert numbers(text) == [1.5]
    text, response = said(LIF, lq.sine(1.8, 500.0))
    assert "too briefly" in text
    gap = -50.0 - max(response.voltage(0.01 * k) for k in range(20_001))
    assert numbers(text)[-1] == pytest.approx(gap, rel=0.05)


def test_the_peak_in_the_sentence_is_the_peak():
    """The current's peak in the sentence is its highest value, also of a fast sine or a short pulse
    that falls between any samples."""
    text, _ = said(LIF, lq.constant(2.0) + lq.sine(1.0, 2560.0), 200.0)
    assert numbers(text)[-1] == pytest.approx(3.0, rel=0.02), text
    text, response = said(LIF, lq.step(200.0, 10.03, 10.13), 200.0)
    assert response.spike_count == 1
    assert numbers(text)[-1] == pytest.approx(200.0), text


def test_a_short_strong_pulse_is_not_called_weak():
    """A pulse above rheobase that is too short is said to be too brief, however short it is."""
    text, response = said(LIF, lq.step(20.0, 10.03, 10.13), 200.0)
    assert response.spike_count == 0
    assert "too briefly" in text
    assert numbers(text)[-1] == pytest.approx(15.0 - 200.0 * -math.expm1(-0.01), abs=0.05)


def test_the_sentence_of_a_pif():
    """The perfect integrator has no rheobase to miss: its sentence has its count, and no NaN."""
    neuron = lq.PIF(C_m=1.0, V_th=-50.0, V_reset=-65.0)
    text, response = said(neuron, lq.constant(1.5), 100.0)
    assert response.spike_count == 10
    assert "10 spikes" in text
    text, response = said(neuron, lq.constant(0.01), 100.0)
    assert response.spike_count == 0
    assert "silent" in text
    assert numbers(text)[-1] == pytest.approx(14.0, rel=1e-3)
    said(neuron, lq.constant(-1.0), 100.0)
    said(neuron, lq.constant(0.0), 0.0)


@given(experiment=strategies.free_experiments())
@settings(max_examples=40)
def test_a_sentence_for_every_run(experiment):
    """Every run has one sentence whose count is the engine's, without NaN or infinity."""
    response = experiment.run()
    text = sentence(experiment, response)
    assert "\n" not in text
    assert text.endswith(".")
    assert "nan" not in text
    assert " inf" not in text
    if response.spike_count == 0:
        assert "silent" in text or "too short" in text
    counted = re.search(r"(\d+) spikes?\b", text)
    if counted:
        assert int(counted[1]) == response.spike_count


def test_a_spike_where_the_current_jumps_is_answered():
    """A spike exactly at a jump of the current gives a picture without NaN that reaches V_th."""
    neuron = {"model": "PIF", "C_m": 1.0, "V_th": 10.0, "V_reset": 0.0, "t_ref": 2.0}
    current = [
        {"kind": "step", "amplitude": 1.0, "stop": 10.0},
        {"kind": "step", "amplitude": 0.5, "start": 10.0, "stop": 100.0},
    ]
    experiment = {"duration": 50.0, "neuron": neuron, "current": current}
    reply = answer({"id": 1, "kind": "run", "experiments": [experiment], "width": 300})
    assert reply["ok"]
    json.dumps(reply, allow_nan=False)
    assert max(reply["results"][0]["V"]) == 10.0


def test_the_sentence_of_a_reset_above_threshold():
    """With V_reset >= V_th it says what happens: a spike at the end of each refractory period."""
    text, response = said(LIF.replace(V_reset=-45.0, t_ref=2.0), lq.constant(0.5), 50.0, V_0=-45.0)
    assert response.spike_count == 26
    assert "silent" not in text
    assert numbers(text)[-1] == 2.0
