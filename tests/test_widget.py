"""The lab in a notebook, without a browser: its messages, its traits, its presets, its still."""

from __future__ import annotations

import base64
import json
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import lapicque as lq
from lapicque.lab.answer import answer
from lapicque.lab.presets import OWN, preset_of, presets
from lapicque.lab.still import PLOT, in_words, still, still_html
from lapicque.parameter import parameters

pytest.importorskip("anywidget")
import comm
import traitlets
from comm.base_comm import BaseComm

from lapicque.lab import Lab, widget

CONSTANT = lq.Experiment(lq.LIF(R_m=10.0, C_m=1.0, t_ref=2.0), lq.constant(1.6), 100.0)


class Wire(BaseComm):
    """A comm that goes nowhere: it keeps what the kernel sends, and the test plays the browser."""

    def __init__(self, *args, **kwargs):
        self.sent = []
        self.filling = 0
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.sent.append((msg_type, data))
        self.filling = sum(len(part) for part in buffers or ())

    def updates(self):
        """The traits that went to the browser, message by message."""
        return [list(d["state"]) for _, d in self.sent if d.get("method") == "update"]

    def customs(self):
        return [d["content"] for _, d in self.sent if d.get("method") == "custom"]

    def receive(self, **data):
        self.handle_msg({"content": {"data": data}, "buffers": []})

    def ask(self, request):
        """The reply to a request, as the browser gets it."""
        before = len(self.customs())
        self.receive(method="custom", content=request)
        (message,) = self.customs()[before:]
        return json.loads(message["reply"])


@pytest.fixture(autouse=True)
def wire(monkeypatch):
    """Every lab of these tests hangs on a wire."""
    monkeypatch.setattr(comm, "create_comm", Wire)


@pytest.fixture
def displayed(monkeypatch):
    """What was published to the notebook."""
    published = []
    monkeypatch.setattr(widget, "_publish", lambda data, **how: published.append((data, how)))
    return published


def run(*experiments, view="traces", **more):
    data = [e if isinstance(e, dict) else e.to_dict() for e in experiments]
    return {"id": "a:1", "kind": "run", "experiments": data, "view": view, "window": None, **more}


def at_rest(experiments, names=(), **state):
    """What the front end saves when a drag has ended."""
    data = [e.to_dict() for e in experiments]
    return {
        "_saved": {"origin": "a", "state": {"preset": "constant", "choices": {}, **state}},
        "_picture": {"experiments": data, "names": [*names], "results": []},
    }


# Import -------------------------------------------------------------------------------------


def python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    return done.stdout.strip(), done.stderr.strip()


def test_the_widget_is_imported_when_it_is_asked_for():
    """`import lapicque.lab` needs no anywidget; both ways to the Lab lead there."""
    loaded = "print([m for m in ('anywidget', 'ipywidgets', 'traitlets') if m in sys.modules])"
    out, err = python(f"import sys, lapicque, lapicque.lab, lapicque.lab.presets; {loaded}")
    assert (out, err) == ("[]", "")
    out, err = python("import lapicque; print(lapicque.lab.Lab().experiment.duration)")
    assert (out, err) == ("100.0", "")
    out, err = python("import lapicque.lab as a; from lapicque.lab import Lab; print(dir(a))")
    assert "'Lab'" in out
    assert err == ""


def test_without_anywidget_there_is_one_line_that_says_what_to_install():
    """An ImportError, so that a notebook may catch it as such; no chain of other errors."""
    code = (
        "import sys; sys.modules['anywidget'] = None\n"
        "try:\n    from lapicque.lab import Lab\n"
        "except ImportError as error:\n"
        "    print(type(error).__name__, '|', error, '|', error.__suppress_context__)"
    )
    out, err = python(code)
    assert err == ""
    message = "the lab in a notebook needs anywidget: pip install 'lapicque[lab]'"
    assert out == f"MissingPackageError | {message} | True"


def test_a_front_end_that_is_not_built_is_said(tmp_path):
    """A fresh clone without the bundle: the error names the command."""
    code = (
        "import pathlib, lapicque.lab.server as server\n"
        f"server.STATIC = pathlib.Path({str(tmp_path)!r})\n"
        "try:\n    from lapicque.lab import Lab\n"
        "except server.LabError as error:\n    print(error)"
    )
    assert python(code) == ("the lab's lab.js is not built: run `python3 dev.py build-web`", "")


# Messages -----------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset["name"])
def test_a_request_has_the_reply_that_answer_gives(preset):
    """One message in, one out, for every built-in preset; word for word `answer`'s."""
    lab = Lab()
    entries = preset["variants"][0]["experiments"]
    request = run(*(entry["experiment"] for entry in entries), packed=True, width=500)
    before = len(lab.comm.sent)
    reply = lab.comm.ask(request)
    assert len(lab.comm.sent) == before + 1
    expected = answer(request)
    assert reply.pop("elapsed_ms") >= 0.0
    del expected["elapsed_ms"]
    assert reply == json.loads(json.dumps(expected))


@pytest.mark.parametrize("fill", [None, 65_536, 10, 10**9, -1, 1.5, "65536", True, [65_536]])
def test_a_reply_is_as_long_as_a_page_of_this_computer_wishes(fill):
    """A whole number up to 2^17 is heard: reply and filling have that length. Else no filling."""
    lab = Lab()
    lab.comm.ask({**run(CONSTANT), "fill": fill})
    content = lab.comm.customs()[-1]["reply"]
    if fill == 65_536:
        assert len(content) + lab.comm.filling == 65_536
    else:
        assert lab.comm.filling == 0


def test_the_description_has_the_experiment_of_the_lab():
    """Asked over the wire and written in the trait alike, after the built-in presets."""
    lab = Lab(CONSTANT)
    reply = lab.comm.ask({"id": "x", "kind": "describe"})
    assert (reply["id"], reply["ok"]) == ("x", True)
    described = reply["describe"]
    assert [p["name"] for p in described["presets"]] == [*(p["name"] for p in presets()), OWN]
    assert described["first"] == OWN
    assert described == lab._described
    assert Lab()._described["first"] == presets()[0]["name"]


@pytest.mark.parametrize(
    "content",
    [None, 3, "run", [], {}, {"id": "b", "kind": "fly"}, {"kind": "run", "experiments": [{}]}],
)
def test_nonsense_is_answered(content):
    """Whatever arrives, there is a reply that says what is wrong; the lab goes on."""
    lab = Lab()
    reply = lab.comm.ask(content)
    assert reply["ok"] is False
    assert reply["error"]["message"]
    assert lab.comm.ask(run(CONSTANT))["ok"]


def test_an_error_of_our_own_is_a_reply(monkeypatch):
    """With a report to copy; nothing reaches the kernel."""
    lab = Lab()

    def broken(request):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(widget, "answer", broken)
    reply = lab.comm.ask(run(CONSTANT))
    assert (reply["id"], reply["ok"]) == ("a:1", False)
    assert "error in lapicque" in reply["error"]["message"]
    assert "ZeroDivisionError: oops" in reply["error"]["report"]


def test_a_drag_sends_replies_and_no_traits():
    """Fifty positions of a slider: fifty custom messages, not one update of a trait."""
    lab = Lab()
    before = len(lab.comm.sent)
    for k in range(50):
        current = lq.constant(0.5 + 0.05 * k)
        lab.comm.ask(run(lq.Experiment(CONSTANT.neuron, current, 100.0), packed=True))
    methods = [data["method"] for _, data in lab.comm.sent[before:]]
    assert methods == ["custom"] * 50


# The experiment -----------------------------------------------------------------------------


def test_a_lab_opens_with_its_experiment():
    """The first preset without one; else the one given, whose step method is the compared one."""
    assert Lab().experiment.to_dict() == presets()[0]["variants"][0]["experiments"][0]["experiment"]
    assert Lab(CONSTANT).experiment == CONSTANT
    assert Lab("nest").experiment == lq.preset("nest")
    with pytest.raises(lq.UnknownNameError, match="Did you mean `nest`"):
        Lab("nst")
    euler = lq.Euler(dt=0.25, locate="linear")
    lab = Lab(lq.Experiment(CONSTANT.neuron, CONSTANT.current, 100.0, method=euler))
    assert lab.experiment.method == euler
    assert lab._saved["state"]["method"] == euler.to_dict()
    shown = lab._described["presets"][-1]["variants"][0]["experiments"][0]["experiment"]
    assert "method" not in shown
    assert lab.response.spike_times == pytest.approx(
        lq.simulate(CONSTANT.neuron, CONSTANT.current, 100.0, method=euler).spike_times, abs=0
    )


def test_the_experiment_is_what_was_answered_last():
    """Within a drag too; what was refused is not taken. The truth: the period in closed form."""
    lab = Lab()
    for amplitude in (1.7, 2.0):
        moved = CONSTANT.replace({"current.0.amplitude": amplitude})
        lab.comm.ask(run(moved))
        assert lab.experiment == moved
    refused = moved.to_dict()
    refused["neuron"]["V_reset"] = 0.0
    refused["neuron"]["t_ref"] = 0.0
    assert not lab.comm.ask(run(refused))["ok"]
    assert lab.experiment == moved
    period = 2.0 + 10.0 * math.log(20.0 / (20.0 - 15.0))
    assert lab.response.spike_count == int((100.0 + 2.0) / period)


def test_the_method_chosen_in_the_lab_is_the_experiments():
    """As soon as it was answered, and back to exact when the front end says so at rest."""
    lab = Lab()
    rk4 = lq.RK4(dt=0.5, locate="hermite")
    lab.comm.ask(run(CONSTANT))
    lab.comm.ask(run({**CONSTANT.to_dict(), "method": rk4.to_dict()}, view="error"))
    assert lab.experiment == lq.Experiment(CONSTANT.neuron, CONSTANT.current, 100.0, method=rk4)
    exact = {"name": "Exact", "dt": 0.5, "locate": "grid"}
    lab.comm.receive(method="update", state=at_rest([CONSTANT], method=exact))
    assert lab.experiment == CONSTANT
    march = lq.Experiment(CONSTANT.neuron, CONSTANT.current, 9.0, method=lq.Exact(crossing="march"))
    assert Lab(march).experiment == march


def test_a_saved_state_that_comes_late_does_not_undo_a_newer_answer():
    """A widget's traits are held up while earlier ones are on their way; its messages are not.
    Of another view, whose requests count in another series, it is news."""
    moved = CONSTANT.replace({"current.0.amplitude": 3.0})
    for noted, asked, expected in ((7, 6, moved), (7, 7, CONSTANT), (2**20 + 7, 6, CONSTANT)):
        lab = Lab()
        lab.comm.ask({**run(moved), "id": noted})
        late = at_rest([CONSTANT])
        late["_saved"]["asked"] = asked
        lab.comm.receive(method="update", state=late)
        assert lab.experiment == expected


def test_the_held_setting_is_not_the_experiment():
    """B is asked for as A is; it is known from the saved state."""
    lab = Lab()
    other = CONSTANT.replace({"duration": 50.0})
    held = {"label": "B", "experiments": [other.to_dict()]}
    lab.comm.receive(method="update", state=at_rest([CONSTANT], held=held))
    lab.comm.ask(run(other))
    assert lab.experiment == CONSTANT


def test_several_experiments_are_all_there():
    """Experiment 4 has four; `experiment` is its first."""
    lab = Lab()
    four = [CONSTANT.replace({"duration": float(d)}) for d in (10, 20, 30, 40)]
    lab.comm.ask(run(*four))
    assert "image/svg+xml" in lab._repr_mimebundle_()[0]  # before it is told their names
    assert lab.experiments == tuple(four)
    assert lab.experiment == four[0]
    with pytest.raises(traitlets.TraitError, match="read-only"):
        lab.experiments = four


def test_an_assigned_experiment_is_opened_in_every_view():
    """In one message; a view that comes later finds it described and chosen too. The same one
    again is a change, as the sliders may have moved."""
    lab = Lab()
    state = {"method": {"name": "RK2", "dt": 0.1, "locate": "grid"}, "view": "f-I"}
    choices = {"constant": {"variant": "equation"}, OWN: {"variant": OWN, "values": {"a": 1.0}}}
    lab.comm.receive(method="update", state=at_rest([CONSTANT], choices=choices, **state))
    before = len(lab.comm.sent)
    lab.experiment = CONSTANT
    assert lab.experiment == CONSTANT
    ((_, message),) = lab.comm.sent[before:]
    assert {"_described", "_saved"} <= {*message["state"]} <= {"_described", "_saved", "_picture"}
    assert lab._described["presets"][-1] == preset_of(CONSTANT)
    kept = lab._saved["state"]
    assert (kept["preset"], kept["view"]) == (OWN, "f-I")
    assert kept["method"] == {"name": "Exact", "dt": 0.1, "locate": "grid"}
    assert kept["choices"] == {"constant": {"variant": "equation"}}
    before = lab._saved
    lab.experiment = CONSTANT
    assert before["state"] == lab._saved["state"]
    assert before != lab._saved
    again = CONSTANT.replace({"duration": 5.0})
    lab.experiment = again
    names = [p["name"] for p in lab._described["presets"]]
    assert names.count(OWN) == 1
    assert lab._picture["experiments"] == [again.to_dict()]


def test_an_assigned_experiment_leaves_the_view_of_another_preset():
    """Experiment 5 opens with the strength-duration curve, which is its own."""
    lab = Lab()
    own = next(p for p in presets() if p["view"] != "traces")
    state = at_rest([CONSTANT], preset=own["name"], view=own["view"])
    lab.comm.receive(method="update", state=state)
    lab.experiment = CONSTANT
    assert "view" not in lab._saved["state"]


@pytest.mark.parametrize("wrong", [3, None, CONSTANT.to_dict(), CONSTANT.neuron])
def test_what_is_no_experiment_is_refused(wrong):
    """With the error of the house; the lab keeps what it has."""
    lab = Lab(CONSTANT)
    before = len(lab.comm.sent)
    with pytest.raises(lq.ParameterError, match="'experiment' must be an experiment, such as"):
        lab.experiment = wrong
    assert lab.experiment == CONSTANT
    assert len(lab.comm.sent) == before
    if wrong is not None:
        with pytest.raises(lq.ParameterError, match="'experiment' must be an experiment"):
            Lab(wrong)


def test_observers_hear_of_a_drag_once_at_its_end():
    """Not at each tick; and of an assignment. Links between traits work too."""
    lab = Lab(CONSTANT)
    heard = []
    lab.observe(heard.append, "experiment")

    class Other(traitlets.HasTraits):
        seen = traitlets.Any()

    other = Other()
    traitlets.dlink((lab, "experiment"), (other, "seen"))
    moved = CONSTANT
    for amplitude in (1.7, 1.8, 1.9):
        moved = CONSTANT.replace({"current.0.amplitude": amplitude})
        lab.comm.ask(run(moved))
    assert heard == []
    lab.comm.receive(method="update", state=at_rest([moved]))
    assert [(c.name, c.old, c.new, c.owner) for c in heard] == [
        ("experiment", CONSTANT, moved, lab)
    ]
    assert other.seen == moved
    lab.comm.receive(method="update", state=at_rest([moved]))
    assert len(heard) == 1
    lab.experiment = CONSTANT
    assert (len(heard), heard[-1].new, other.seen) == (2, CONSTANT, CONSTANT)


def test_observers_of_all_experiments_hear_of_any():
    """A slider of experiment 4 may move the second current alone."""
    lab = Lab()
    first = [CONSTANT, CONSTANT.replace({"duration": 9.0})]
    lab.comm.receive(method="update", state=at_rest(first, ["a", "b"]))
    heard = []
    lab.observe(heard.append, ["experiment", "experiments"])
    second = [CONSTANT, CONSTANT.replace({"duration": 8.0})]
    lab.comm.receive(method="update", state=at_rest(second, ["a", "b"]))
    assert [change.name for change in heard] == ["experiments"]
    assert heard[0].new == tuple(second)


# What comes back from a file ----------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
GOOD = at_rest([CONSTANT], method={"name": "Euler", "dt": 0.1, "locate": "grid"})


@given(data=st.data())
def test_a_saved_state_that_is_nonsense_changes_nothing_that_matters(data):
    """Anything in the place of any part of it: no error, and `experiment` is still one."""
    lab = Lab(CONSTANT)
    state = json.loads(json.dumps(GOOD))
    place = state
    key = data.draw(st.sampled_from(["_saved", "_picture"]))
    while data.draw(st.booleans()) and isinstance(place[key], (dict, list)) and place[key]:
        place = place[key]
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
    place[key] = data.draw(JSON)
    lab.comm.receive(method="update", state=state)
    assert all(isinstance(experiment, lq.Experiment) for experiment in lab.experiments)
    assert lab.comm.ask(run(CONSTANT))["ok"]
    lab.experiment = CONSTANT
    assert lab.experiment == CONSTANT
    assert "image/svg+xml" in lab._repr_mimebundle_()[0]


def test_the_front_end_cannot_write_code_or_descriptions():
    """Only what it has to save is taken from it."""
    lab = Lab()
    before = {name: getattr(lab, name) for name in ("_esm", "_css", "_described", "_key")}
    lab.comm.receive(method="update", state=dict.fromkeys(before, "alert(1)"))
    assert {name: getattr(lab, name) for name in before} == before


# Presets from experiments -------------------------------------------------------------------


def numbers_of(data, path=""):
    """The dotted path of every number in an experiment's dict: not of samples and windows."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from numbers_of(value, f"{path}{key}.")
        elif key == "current":
            for k, part in enumerate(value):
                yield from numbers_of(part, f"current.{k}.")
        elif isinstance(value, float):
            yield f"{path}{key}"


def written(data, path, value):
    """A copy with one number replaced, as the front end writes it."""
    copy = json.loads(json.dumps(data))
    inner = copy
    *steps, last = path.split(".")
    for step in steps:
        inner = inner[int(step) if step.isdigit() else step]
    inner[int(last) if isinstance(inner, list) else last] = value
    return copy


@given(st.one_of(strategies.free_experiments(), strategies.experiments()))
def test_every_number_of_an_experiment_has_a_slider(experiment):
    """Its range is legal and holds the value; written back, it is the same experiment."""
    preset = preset_of(experiment)
    json.dumps(preset, allow_nan=False)
    (variant,) = preset["variants"]
    (entry,) = variant["experiments"]
    data = entry["experiment"]
    assert lq.Experiment.from_dict(json.loads(json.dumps(data))) == experiment
    sliders = {slider["name"]: slider for slider in variant["sliders"]}
    assert len(sliders) == len(variant["sliders"])
    stated = {path for path in numbers_of(data) if experiment.parameter(path).stated}
    assert {*numbers_of(data)} - stated <= {*sliders}
    assert not stated & {*sliders}
    for name, slider in sliders.items():
        (target,) = slider["targets"]
        assert target == {"path": name, "factor": 1.0, "power": 1.0, "experiment": None}
        value = experiment.value(name)
        assert slider["default"] == value
        assert slider["minimum"] <= value <= slider["maximum"]
        assert slider["minimum"] < slider["maximum"]
        assert 0.0 < slider["step"] <= (slider["maximum"] - slider["minimum"]) / 20.0
        for end in (slider["minimum"], slider["maximum"]):
            assert experiment.parameter(name).check(end, name) == end
        back = lq.Experiment.from_dict(written(data, name, value))
        assert back == experiment
    assert {s["group"] for s in variant["sliders"]} <= {"Neuron", "Current", "Time"}


@given(st.floats(-1e30, 1e30), st.sampled_from(["amplitude", "start"]))
def test_a_number_of_any_size_has_a_slider(value, name):
    """From a picoampere's millionth to the largest legal number, of both signs."""
    current = lq.constant(**{"amplitude": 1.0, name: value})
    preset = preset_of(lq.Experiment(lq.LIF(), current, 100.0))
    slider = next(s for s in preset["variants"][0]["sliders"] if s["name"] == f"current.0.{name}")
    assert -1e30 <= slider["minimum"] <= value <= slider["maximum"] <= 1e30
    assert slider["step"] > 0.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.6, (0.0, 5.0, 0.05)),
        (0.8, (0.0, 2.0, 0.02)),
        (-1.6, (-5.0, 0.0, 0.05)),
        (0.0003, (0.0, 0.001, 1e-5)),
        (0.0, (-1.0, 1.0, 0.01)),
        (10.0, (0.0, 20.0, 0.2)),
    ],
)
def test_ranges_are_round(value, expected):
    """About twice the value, a hundredth of that as a step; of the value's sign."""
    preset = preset_of(lq.Experiment(lq.LIF(), lq.constant(value), 100.0))
    slider = next(s for s in preset["variants"][0]["sliders"] if s["name"].endswith("amplitude"))
    assert (slider["minimum"], slider["maximum"], slider["step"]) == expected


def test_all_potentials_share_one_range():
    """So that the thumbs show which lies above which: -100 to -20 mV around -65 and -50."""
    neuron = lq.LIF(tau_m=10.0, R_m=5.0)
    preset = preset_of(lq.Experiment(neuron, lq.constant(1.0), 10.0, V_0=-60.0))
    sliders = preset["variants"][0]["sliders"]
    ranges = {(s["minimum"], s["maximum"], s["step"]) for s in sliders if s["unit"] == "mV"}
    assert ranges == {(-100.0, -20.0, 0.5)}
    assert [s["name"] for s in sliders if s["group"] == "Neuron"][:2] == [
        "neuron.R_m",
        "neuron.tau_m",
    ]
    assert "neuron.C_m" not in {s["name"] for s in sliders}


def test_parts_of_a_current_are_told_apart():
    """By their names where they have some, else by kind and number."""
    current = lq.constant(1.0, name="drive") + lq.sine(1.0, 5.0)
    preset = preset_of(lq.Experiment(lq.LIF(), current, 10.0))
    shown = {s["name"]: (s["symbol"], s["label"]) for s in preset["variants"][0]["sliders"]}
    assert shown["current.0.amplitude"] == ("I_1", "drive: amplitude")
    assert shown["current.1.amplitude"] == ("I_2", "sine 2: amplitude")
    assert {n for n in shown if n.startswith("current.1.")} == {
        f"current.1.{n}" for n in parameters(type(current.parts[1])) if n != "stop"
    }


# The still picture --------------------------------------------------------------------------


def svg_of(*experiments, names=None, **more):
    results = answer(run(*experiments, width=PLOT))["results"]
    return still(results, names or [""] * len(results), **more), results


@given(strategies.free_experiments())
def test_a_still_is_well_formed_and_says_what_it_shows(experiment):
    """An XML parser reads it; every coordinate is a number inside the picture."""
    svg, results = svg_of(experiment, title="A <title> & more")
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    title = root.findtext("{http://www.w3.org/2000/svg}title")
    assert title == in_words(results, [""], "A <title> & more")
    assert results[0]["sentence"] in title
    width, height = float(root.get("width")), float(root.get("height"))
    for path in root.iter("{http://www.w3.org/2000/svg}path"):
        assert "nan" not in path.get("d")
        if path.get("d").count("L") > 2:
            points = [tuple(map(float, p.split())) for p in path.get("d")[1:].split("L")]
            assert all(0.0 <= x <= width and 0.0 <= y <= height for x, y in points)
    assert len(svg) < 300_000


def test_a_still_has_a_tick_for_every_spike():
    """Three spikes of the README's neuron, at the places of the closed form."""
    svg, _ = svg_of(CONSTANT)
    ticks = re.findall(r'<path d="((?:M[\d.]+ \d+v12)+)"', svg)
    assert len(ticks) == 1
    first = 10.0 * math.log(16.0 / (16.0 - 15.0))
    times = [first + k * (first + 2.0) for k in range(3)]
    expected = [76 + PLOT * t / 100.0 for t in times]
    found = [float(x) for x in re.findall(r"M([\d.]+)", ticks[0])]
    assert found == pytest.approx(expected, abs=0.051)


def test_a_still_shows_several_experiments_and_a_compared_method():
    """Each has its sentence; names with any characters do no harm."""
    euler = {**CONSTANT.to_dict(), "method": {"name": "Euler", "dt": 1.0, "locate": "grid"}}
    compared = answer(run(euler, view="error", width=PLOT))["results"]
    svg, _ = svg_of(CONSTANT, compared=compared)
    text = " ".join("".join(e.itertext()) for e in ElementTree.fromstring(svg))
    assert compared[0]["sentence"] in text
    names = ["</text><script>alert(1)</script>", '\x00\ud800\uffff & "quotes"']
    svg, results = svg_of(CONSTANT, CONSTANT.replace({"duration": 0.0}), names=names)
    root = ElementTree.fromstring(svg)
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    image, same = image_of(still_html(svg, in_words(results, names), "key"))
    assert same == svg
    assert image["alt"].startswith("</text><script>")


def test_the_still_of_a_lab_shows_the_setting_b():
    """As the page's does: B's row and its sentence, no later than A's end; nonsense shows none."""
    lab = Lab()
    other = CONSTANT.replace({"neuron.V_th": -52.0, "duration": 300.0}).to_dict()
    state = at_rest([CONSTANT], held={"experiments": [other], "names": []})
    lab.comm.receive(method="update", state=state)
    svg, words = lab._still()
    other["duration"] = 100.0
    result = answer(run(other, width=PLOT))["results"][0]
    assert words.count("B: ") == 1
    rows = [p.get("d").count("v12") for p in ElementTree.fromstring(svg).iter() if p.get("d")]
    assert [count for count in rows if count] == [3, len(result["spikes"])]
    for held in (None, 3, {}, {"experiments": [3], "names": []}, {"experiments": []}):
        lab.comm.receive(method="update", state=at_rest([CONSTANT], held=held))
        assert "B: " not in lab._still()[1]


def test_crowds_are_said_in_the_still_too():
    """More than 20,000 spikes are no ticks but a band with a message."""
    neuron = lq.LIF(R_m=1.0, C_m=0.1, E_L=0.0, V_th=1.0, V_reset=0.95)
    svg, results = svg_of(lq.Experiment(neuron, lq.constant(10.0), 100.0))
    assert results[0]["crowded"]["message"] in svg
    ElementTree.fromstring(svg)


class Images(HTMLParser):
    """The attributes of every still in some HTML."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag == "img" and "lapicque-still" in dict(attrs).get("class", "").split():
            self.found.append(dict(attrs))


def image_of(html):
    """The attributes of the one still in some HTML, and its decoded source."""
    images = Images()
    images.feed(html)
    (image,) = images.found
    prefix = "data:image/svg+xml;base64,"
    assert image["src"].startswith(prefix)
    return image, base64.b64decode(image["src"].removeprefix(prefix)).decode()


def test_a_displayed_lab_is_a_widget_and_a_picture(displayed):
    """Two outputs; the picture carries the widget's key, and is renewed when a drag has ended."""
    lab = Lab(CONSTANT)
    lab._ipython_display_()
    (first, _), (second, how) = displayed
    assert first["application/vnd.jupyter.widget-view+json"]["model_id"] == lab.model_id
    assert "text/html" not in first
    image, svg = image_of(second["text/html"])
    assert image["data-model"] == lab._key
    assert image["alt"] == second["text/plain"]
    assert "16 mV is 1 mV above" in image["alt"]
    ElementTree.fromstring(svg)
    lab.comm.ask(run(CONSTANT.replace({"current.0.amplitude": 1.0})))
    assert len(displayed) == 2
    moved = CONSTANT.replace({"current.0.amplitude": 1.0})
    lab.comm.receive(method="update", state=at_rest([moved], preset=OWN))
    (_, renewed) = displayed[2]
    assert renewed == {"transient": how["transient"], "update": True}
    assert "never reaches" in displayed[2][0]["text/plain"]
    assert "Your experiment" in displayed[2][0]["text/plain"]
    lab.experiment = CONSTANT
    assert "16 mV is 1 mV above" in displayed[-1][0]["text/plain"]


def test_the_picture_of_what_a_link_brought_has_its_title(displayed):
    """The view made that preset; it stays known when Python opens another experiment."""
    linked = {"name": "link 1", "title": "From a link", "summary": "", "variants": []}
    lab = Lab()
    lab._ipython_display_()
    saved = at_rest([CONSTANT], preset="link 1")
    saved["_saved"]["linked"] = [linked, {"name": 1}, "link"]
    lab.comm.receive(method="update", state=saved)
    assert "From a link" in displayed[-1][0]["text/plain"]
    lab.experiment = CONSTANT.replace({"duration": 5.0})
    assert lab._saved["linked"] == [linked]


def test_a_lab_that_is_not_displayed_publishes_nothing(displayed):
    """In a VBox, say, or before its cell has ended."""
    lab = Lab()
    lab.comm.receive(method="update", state=at_rest([CONSTANT]))
    lab.experiment = CONSTANT
    assert displayed == []


def test_a_closed_lab_is_shown_as_text(displayed):
    """And says which neuron it had."""
    lab = Lab(CONSTANT)
    lab.close()
    lab._ipython_display_()
    ((data, _),) = displayed
    assert data["text/plain"] == repr(lab)
    assert "R_m=10.0" in repr(lab)


def test_a_front_end_without_widgets_is_offered_the_picture():
    """`_repr_mimebundle_` has the SVG beside the widget."""
    data, _ = Lab(CONSTANT)._repr_mimebundle_(include=None, exclude=None)
    assert {*data} == {
        "text/plain",
        "image/svg+xml",
        "application/vnd.jupyter.widget-view+json",
    }
    ElementTree.fromstring(data["image/svg+xml"])


# A notebook ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def executed():
    """A notebook with a lab, run as `jupyter nbconvert --execute` runs it."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    new = nbformat.v4
    cells = ["from lapicque.lab import Lab\nlab = Lab()\nlab", "lab.experiment.current"]
    notebook = new.new_notebook(cells=[new.new_code_cell(text) for text in cells])
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    return notebook


# Jupyter's packages warn of their own plans.
@pytest.mark.filterwarnings("default")
def test_an_executed_notebook_has_the_still(executed):
    """Beside the widget, for readers that show no widgets."""
    lab, current = executed.cells
    assert [output.output_type for output in lab.outputs] == ["display_data"] * 2
    image, _ = image_of(lab.outputs[1].data["text/html"])
    assert "13.174 ms" in image["alt"]
    assert "amplitude=0.8" in current.outputs[0].data["text/plain"]


@pytest.mark.filterwarnings("default")
def test_an_exported_page_has_the_still(executed):
    """With the state of its widgets too, for which nbconvert would else draw nothing offline."""
    nbconvert = pytest.importorskip("nbconvert")
    assert "application/vnd.jupyter.widget-state+json" in executed.metadata.widgets
    page, _ = nbconvert.HTMLExporter().from_notebook_node(executed)
    image, svg = image_of(page)
    assert "13.174 ms" in image["alt"]
    ElementTree.fromstring(svg)
