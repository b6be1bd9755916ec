"""What the lab passes on and takes in: links, texts to copy, files to save.

The truth for numbers is `Experiment.run()`, verified elsewhere; files are read by other code than
that which wrote them.
"""

import copy
import csv
import io
import itertools
import json
import re
import time
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque import link
from lapicque.lab import svg, ticks
from lapicque.lab.answer import answer, describe
from lapicque.lab.presets import preset_of_all
from lapicque.lab.still import LEFT, PLOT, WIDTH

DESCRIBED = describe()
PRESETS = {preset["name"]: preset for preset in DESCRIBED["presets"]}
VIEWS = [view["name"] for view in DESCRIBED["views"]]
VARIANTS = [(p["name"], v["name"]) for p in DESCRIBED["presets"] for v in p["variants"]]
EULER = {"name": "Euler", "dt": 0.5, "locate": "grid"}
SVG = "{http://www.w3.org/2000/svg}"


def entries(name, variant):
    (found,) = [v for v in PRESETS[name]["variants"] if v["name"] == variant]
    return [copy.deepcopy(e["experiment"]) for e in found["experiments"]], [
        e["label"] for e in found["experiments"]
    ]


def ask(kind, experiments, names=(), **more):
    reply = answer(
        {"id": 1, "kind": kind, "experiments": experiments, "names": list(names), **more}
    )
    json.dumps(reply, allow_nan=False)
    return reply


def asked(kind, experiments, names=(), **more):
    reply = ask(kind, experiments, names, **more)
    assert reply["ok"], reply
    return reply


# Links --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
@pytest.mark.parametrize("method", [None, EULER])
def test_a_link_comes_back_as_it_was(name, variant, method):
    """Every experiment of the lab, by every kind of method: what is opened is what was linked."""
    experiments, names = entries(name, variant)
    if method:
        experiments = [{**each, "method": method} for each in experiments]
    names = names if len(names) > 1 else []
    state = {"preset": name, "choices": {name: {"variant": variant, "values": {}, "extents": {}}}}
    text = asked("link", experiments, names, view="f-I", state=state)["link"]
    assert len(text) < 800
    opened = answer({"id": 1, "kind": "open", "link": f" https://example.org/#{text}\n"})["opened"]
    preset = opened.pop("preset")
    assert opened == {
        "experiments": experiments,
        "names": names,
        "view": "f-I",
        "state": state,
        "method": method,
    }
    made = preset["variants"][0]["experiments"]
    plain = [{k: v for k, v in each.items() if k != "method"} for each in experiments]
    assert [each["experiment"] for each in made] == plain
    assert [each["label"] for each in made] == (names or [""])


def positions_of(experiments, preset):
    """The experiments with every slider written at its default."""
    data = [copy.deepcopy(e["experiment"]) for e in preset["variants"][0]["experiments"]]
    changes = [{} for _ in data]
    for slider in preset["variants"][0]["sliders"]:
        for target in slider["targets"]:
            for k in range(len(data)):
                if target["experiment"] in (None, k):
                    assert target["path"] not in changes[k]
                    changes[k][target["path"]] = slider["default"]
    return [lq.Experiment.from_dict(d).replace(c) for d, c in zip(data, changes, strict=True)]


@given(experiments=st.lists(strategies.free_experiments(), min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_a_preset_from_any_experiments_has_a_slider_for_every_number(experiments):
    """Each number of each experiment is written by one slider, which stands at its value, within a
    range that its parameter allows; what all have alike is one slider."""
    preset = preset_of_all(experiments, ["a", "b", "c", "d"][: len(experiments)], "link", "Link")
    json.dumps(preset, allow_nan=False)
    assert positions_of(experiments, preset) == experiments
    (variant,) = preset["variants"]
    names = [slider["name"] for slider in variant["sliders"]]
    assert len(names) == len(set(names))
    for slider in variant["sliders"]:
        experiment = experiments[slider["targets"][0]["experiment"] or 0]
        described = experiment.parameter(slider["targets"][0]["path"])
        assert described.minimum <= slider["minimum"] < slider["maximum"] <= described.maximum
        assert slider["minimum"] <= slider["default"] <= slider["maximum"]
        alike = len({repr(each.value("duration")) for each in experiments}) == 1
        if slider["targets"][0]["path"] == "duration":
            assert (slider["targets"][0]["experiment"] is None) == alike


def test_experiments_of_several_kinds_share_what_they_have_alike():
    """Of a LIF and a PIF under different currents the sliders say whose each number is."""
    one = lq.Experiment(lq.LIF(C_m=2.0, R_m=5.0), lq.constant(1.0), 100.0)
    two = lq.Experiment(lq.PIF(C_m=2.0), lq.sine(1.0, 5.0), 100.0, V_0=-60.0)
    preset = preset_of_all([one, two], ["first", ""], "link", "From a link")
    sliders = {s["name"]: s for s in preset["variants"][0]["sliders"]}
    assert sliders["neuron.C_m"]["targets"][0]["experiment"] is None
    assert sliders["0.neuron.R_m"]["label"].startswith("first: ")
    assert sliders["1.V_0"]["label"].startswith("2: ")
    assert sliders["1.V_0"]["group"] == "Neuron"
    assert {"0.current.0.amplitude", "1.current.0.frequency"} <= set(sliders)


def test_a_link_of_thousands_of_parts_opens_at_once():
    """Its 900 characters make 4,000 parts; the work must not grow with their square."""
    many = lq.Experiment(lq.LIF(), sum([lq.constant(0.001)] * 4000), 10.0)
    text = link.write(many)
    assert len(text) < 1000
    began = time.perf_counter()
    preset = answer({"kind": "open", "link": text})["opened"]["preset"]
    assert time.perf_counter() - began < 5.0
    assert len(preset["variants"][0]["sliders"]) > 4000


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"kind": "open"}, "no link"),
        ({"kind": "open", "link": 3}, "must be text"),
        ({"kind": "open", "link": "#9.abc"}, "newer lapicque"),
        ({"kind": "open", "link": "#1.abc"}, "damaged"),
        ({"kind": "link"}, "'experiments' must be a list"),
        ({"kind": "link", "experiments": [{}]}, "'neuron' is missing"),
        ({"kind": "link", "experiments": ["ok"], "view": "x"}, "'view' is not a view"),
        ({"kind": "link", "experiments": ["ok"], "names": ["a", "b"]}, "'names' must be a list"),
        ({"kind": "link", "experiments": ["ok"], "state": [1]}, "'state' must be null or"),
        ({"kind": "link", "experiments": ["ok"], "state": {"a": "x" * 300_000}}, "Save it as TOML"),
        ({"kind": "copy", "experiments": ["ok"]}, "is not a format to copy in"),
        ({"kind": "copy", "experiments": ["ok"], "format": ["toml"]}, "format to copy in"),
        ({"kind": "copy", "experiments": [], "format": "toml"}, "'experiments' must be a list"),
        ({"kind": "save", "experiments": ["ok"], "format": "png"}, "is not a format to save in"),
        ({"kind": "save", "experiments": ["ok"], "format": "csv", "window": [2, 1]}, "'window'"),
        ({"kind": "save", "experiments": ["ok"], "format": "csv", "width": 0}, "'width'"),
        ({"kind": "save", "experiments": ["ok"], "format": "svg", "subject": 1}, "'subject'"),
        ({"kind": "save", "experiments": ["ok"], "format": "svg", "view": 2}, "'view'"),
        (
            {"kind": "save", "experiments": ["ok"], "format": "csv", "held": [1]},
            "'held' must be null",
        ),
        (
            {"kind": "save", "experiments": ["ok"], "format": "csv", "held": {}},
            "'held.experiments'",
        ),
        ({"kind": ["link"]}, "is not a kind of request"),
    ],
)
def test_bad_requests_are_answered(request_, words):
    """Each with one message; an experiment's own error says whose it is."""
    fine = entries("constant", "equation")[0]
    request_ = copy.deepcopy(request_)
    if request_.get("experiments") == ["ok"]:
        request_["experiments"] = fine
    reply = answer({"id": 5, **request_})
    assert (reply["id"], reply["ok"]) == (5, False)
    assert words in reply["error"]["message"]
    assert "\n" not in reply["error"]["message"]
    bad = copy.deepcopy(fine[0])
    bad["neuron"]["R_m"] = -1.0
    for kind in ("link", "copy", "save"):
        reply = ask(kind, [*fine, bad], format={"copy": "toml", "save": "csv"}.get(kind))
        assert (reply["error"]["path"], reply["error"]["experiment"]) == ("neuron.R_m", 1)


# Text to copy -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [each["name"] for each in DESCRIBED["copies"]])
def test_every_format_to_copy_gives_text(name):
    """For each experiment of the lab: a text, with the label that the description has; neurons that
    Brian2 or NEST have no script for are refused by name."""
    (label,) = [each["label"] for each in DESCRIBED["copies"] if each["name"] == name]
    for preset, variant in VARIANTS:
        experiments, names = entries(preset, variant)
        neuron = lq.Experiment.from_dict(experiments[0]).neuron
        if name in ("brian2", "nest") and not isinstance(neuron, (lq.LIF, lq.PIF)):
            request = {"kind": "copy", "experiments": experiments, "names": [], "format": name}
            assert answer(request)["error"]["path"].startswith("neuron")
            continue
        reply = asked("copy", experiments, names if len(names) > 1 else [], format=name)
        assert reply["label"] == label
        assert len(reply["text"]) > 50


def test_toml_that_is_copied_is_the_experiment():
    """Read back it is what was shown, its method too."""
    experiments, _ = entries("constant", "equation")
    experiments[0]["method"] = EULER
    text = asked("copy", experiments, format="toml")["text"]
    assert lq.Experiment.from_toml(text) == lq.Experiment.from_dict(experiments[0])


def test_python_that_is_copied_runs(tmp_path, monkeypatch):
    """It makes the same spikes; the picture that it saves too lands beside it."""
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    (experiment,), _ = entries("constant", "equation")
    text = asked("copy", [experiment], format="python")["text"]
    spikes = lq.Experiment.from_dict(experiment).run().spike_times
    made = {}
    exec(text, made)
    responses = [each for each in made.values() if isinstance(each, lq.Response)]
    assert any(np.array_equal(each.spike_times, spikes) for each in responses)


# CSV ----------------------------------------------------------------------------------------


def rows_of(text):
    """The comments and, by setting, experiment, method and quantity, the pairs of a CSV file."""
    lines = text.splitlines()
    comments = [line for line in lines if line.startswith("#")]
    table = csv.DictReader(io.StringIO("\n".join(lines[len(comments) :])))
    columns = ["setting", "experiment", "method", "quantity"]
    assert table.fieldnames == [*columns, "t_ms", "value"]
    found = {}
    for row in table:
        key = (row["setting"], int(row["experiment"]), row["method"], row["quantity"])
        value = float(row["value"]) if row["value"] else None
        found.setdefault(key, []).append((float(row["t_ms"]), value))
    return comments, found


def on_the_line(response, pairs):
    """Whether V at each time is that of the run, from one side or the other."""
    for t, v in pairs:
        sides = [response.voltage(t), response.voltage(t, left=True)]
        assert min(abs(v - each) for each in sides) < 1e-9, t


@pytest.mark.parametrize(
    ("name", "variant", "window"),
    [
        ("constant", "equation", None),
        ("variable-sine", "equation", [10.0, 30.5]),
        ("intensity-duration", "notebook", None),
        ("strength-duration", "equation", [0.0, 20.0]),
    ],
)
def test_csv_has_the_exact_spikes_and_the_lines(name, variant, window):
    """Spike times to the last bit, V and I at their own times, for each experiment by number."""
    experiments, names = entries(name, variant)
    if name == "variable-sine":
        experiments[0]["current"][0]["amplitude"] = 4.0
    reply = asked("save", experiments, names, format="csv", window=window, width=500)
    assert (reply["name"], reply["type"]) == ("lapicque.csv", "text/csv")
    comments, found = rows_of(reply["text"])
    assert DESCRIBED["version"] in comments[0]
    assert all(unit in "".join(comments[:2]) for unit in (" ms", " mV", " nA"))
    low, high = window or (0.0, experiments[0]["duration"])
    for k, data in enumerate(experiments):
        (said,) = [line for line in comments if f"experiment {k + 1}" in line]
        assert json.loads(said[said.index(": {") + 2 :]) == data
        if len(names) > 1:
            assert f'"{names[k]}"' in said
        experiment = lq.Experiment.from_dict(data)
        response = experiment.run()
        spikes = [t for t in response.spikes if low <= t <= high]
        assert [t for t, _ in found.pop(("A", k + 1, "Exact", "spike"), [])] == spikes
        voltage, current = (found.pop(("A", k + 1, "Exact", q)) for q in ("V", "I"))
        assert (voltage[0][0], voltage[-1][0]) == (low, high)
        on_the_line(response, voltage)
        for t, i in current:
            sides = [response.current(t), response.current(t, left=True)]
            assert min(abs(i - each) for each in sides) < 1e-9
    assert found == {}


def test_csv_has_the_compared_method_too():
    """Euler's own spikes and line beside the exact ones."""
    experiments, names = entries("two-inputs", "equation")
    data = {**experiments[0], "method": EULER}
    comments, found = rows_of(asked("save", [data], names, format="csv")["text"])
    experiment = lq.Experiment.from_dict(data)
    euler, exact = experiment.run(), experiment.replace({"method": None}).run()
    assert [t for t, _ in found["A", 1, "Euler", "spike"]] == list(euler.spikes)
    assert [t for t, _ in found["A", 1, "Exact", "spike"]] == list(exact.spikes)
    on_the_line(euler, found["A", 1, "Euler", "V"])
    on_the_line(exact, found["A", 1, "Exact", "V"])


@pytest.mark.parametrize("window", [None, [20.0, 60.5]])
def test_csv_has_the_setting_b_too(window):
    """Its spikes and its line, those of its own run, in the window of A; its experiment and name in
    a comment. A's rows are those without it."""
    (data,), _ = entries("constant", "equation")
    others, names = entries("intensity-duration", "pulses")
    held = {"experiments": others, "names": names}
    alone = rows_of(asked("save", [data], format="csv", window=window)["text"])
    comments, found = rows_of(asked("save", [data], format="csv", window=window, held=held)["text"])
    low, high = window or (0.0, data["duration"])
    for k, other in enumerate(others):
        said = next(c for c in comments if c.startswith(f"# setting B, experiment {k + 1} "))
        assert f'"{names[k]}"' in said
        assert json.loads(said[said.index(": {") + 2 :]) == other
        run = lq.Experiment.from_dict(other).run()
        spikes = [t for t in run.spikes if low <= t <= high]
        assert [t for t, _ in found.pop(("B", k + 1, "Exact", "spike"), [])] == spikes
        on_the_line(run, found.pop(("B", k + 1, "Exact", "V")))
        assert found.pop(("B", k + 1, "Exact", "I"))[-1][0] == high
    assert found == alone[1]


@pytest.mark.parametrize("form", ["csv", "svg"])
def test_a_setting_b_that_ends_before_the_window_has_no_rows(form):
    """As on the page, which shows the window and nothing of B; it is no error."""
    (data,), _ = entries("constant", "equation")
    held = {"experiments": [{**data, "duration": 5.0}], "names": []}
    text = asked("save", [data], format=form, window=[20.0, 60.0], held=held)["text"]
    if form == "csv":
        assert {key[0] for key in rows_of(text)[1]} == {"A"}
    else:
        assert "B" in names_in_margin(drawn(text))


def test_a_fault_of_b_is_told_from_one_of_a():
    """Its path begins with ``held``, and no experiment of A is blamed."""
    (data,), _ = entries("constant", "equation")
    bad = copy.deepcopy(data)
    bad["neuron"]["R_m"] = -1.0
    held = {"experiments": [data, bad], "names": ["a", "b"]}
    error = ask("save", [data], format="svg", held=held)["error"]
    assert (error["path"], error["experiment"]) == ("held.experiments.1.neuron.R_m", None)
    held = {"experiments": [data] * 5, "names": []}
    error = ask("save", [data], format="csv", held=held)["error"]
    assert error["path"] == "held.experiments"


def remembering():
    """A neuron with after-spike currents, a threshold that moves, and kicks."""
    current = lq.constant(0.5) + lq.kicks([20.0, 50.0], jump=4.0) + lq.kicks([70.0], jump=-2.0)
    return lq.Experiment(lq.GLIF(level=5), current, 100.0)


def test_csv_has_what_spikes_leave_behind_and_kicks():
    """Rows of their own: nA and mV at the times of V; each kick with the jump of V."""
    experiment = remembering()
    _, found = rows_of(asked("save", [experiment.to_dict()], format="csv")["text"])
    rows = {word: pairs for (*_, word), pairs in found.items()}
    assert rows["kick"] == [(20.0, 4.0), (50.0, 4.0), (70.0, -2.0)]
    for word in ("after_spike_current", "threshold"):
        assert {t for t, _ in rows[word]} == {t for t, _ in rows["V"]}
    response = experiment.run()
    for t, value in rows["after_spike_current"]:
        sides = [response.after_spike_current(t, left) for left in (False, True)]
        assert min(abs(value - side) for side in sides) < 1e-12
    (plain,), _ = entries("constant", "equation")
    _, found = rows_of(asked("save", [plain], format="csv")["text"])
    assert {word for *_, word in found} == {"spike", "V", "I"}


def test_svg_names_what_spikes_leave_behind_and_kicks():
    """In the margin of the current's panel; an arrow for each kick, up or down."""
    root = drawn(asked("save", [remembering().to_dict()], format="svg")["text"])
    margin = names_in_margin(root)
    assert margin[:2] == ["after spikes", "kicks, to 4 mV"]
    (arrows,) = [p.get("d") for p in root.iter(f"{SVG}path") if "m-2.5" in p.get("d", "")]
    assert arrows.count("v-") == 2
    assert arrows.count("M") == 3


def test_csv_says_where_spikes_are_too_many():
    """180,499 spikes are not listed; a comment says so."""
    (data,), _ = entries("constant", "notebook")
    data["neuron"] |= {"R_m": 1.0, "C_m": 0.1, "V_th": 1.0, "V_reset": 0.95}
    data["current"][0]["amplitude"], data["V_0"] = 10.0, 0.95
    comments, found = rows_of(asked("save", [data], format="csv")["text"])
    assert any("180499 spikes" in line for line in comments)
    assert ("A", 1, "Exact", "spike") not in found


def test_csv_says_what_time_it_has():
    """Of runs of different lengths, from the first begin to the last end."""
    (data,), _ = entries("constant", "equation")
    two = [data, {**data, "duration": 250.0}]
    comments, found = rows_of(asked("save", two, ["a", "b"], format="csv")["text"])
    assert "from 0.0 to 250.0 ms" in comments[0]
    assert found["A", 2, "Exact", "V"][-1][0] == 250.0


def test_names_cannot_break_the_file():
    """A name with line ends stays in one comment; none begins a cell of a spreadsheet, which
    would take ``=`` for a formula, whatever separates its cells."""
    experiments, _ = entries("constant", "equation")
    names = ['=1+1\n1,Exact,spike,7,\r"', '\u2028b,=1+1,@a;+1;\t-1,"=1']
    comments, found = rows_of(asked("save", experiments * 2, names, format="csv")["text"])
    assert len(comments) == 4
    assert {key[:2] for key in found} == {("A", 1), ("A", 2)}
    for comment, name in zip(comments[2:], names, strict=True):
        assert json.JSONDecoder().raw_decode(comment, comment.index('"'))[0] == name
        for separator in ",;\t":
            for cell in next(csv.reader([comment], delimiter=separator)):
                assert not cell.lstrip().startswith(tuple("=+-@"))


# SVG ----------------------------------------------------------------------------------------


def drawn(text):
    """The root of an SVG file that refers to nothing outside and runs nothing."""
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    kinds = {each.tag.removeprefix(SVG) for each in root.iter()}
    assert kinds <= {"svg", "title", "rect", "text", "tspan", "path", "circle"}
    assert not [a for each in root.iter() for a in each.attrib if "href" in a or a.startswith("on")]
    return root


def written(root):
    """Each text of a picture, its symbols and subscripts joined."""
    return ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]


def plain_of(sentence):
    """A sentence without what the picture sets as symbols and signs."""
    return re.sub(r"[\s_]", "", sentence).replace("−", "-").replace("τ", "tau")


def names_in_margin(root):
    """What stands right of the panels, from top to bottom: levels, then rows."""
    right = LEFT + PLOT
    at = [each for each in root.iter(f"{SVG}text") if right < float(each.get("x", 0)) < WIDTH - 20]
    at = sorted(at, key=lambda each: float(each.get("y")))
    return ["".join(each.itertext()) for each in at]


def labels_along(root, axis):
    """The numbers that stand along one axis of the picture's plane."""
    inner = root.findall(f"{SVG}svg")[-1]
    top, below = float(inner.get("y")), float(inner.get("y")) + float(inner.get("height"))
    found = []
    for each in root.iter(f"{SVG}text"):
        x, y = float(each.get("x", -1)), float(each.get("y", -1))
        here = y > below if axis == "x" else x == LEFT - 6 and top - 5 < y < below + 9
        label = "".join(each.itertext()).replace("−", "-")
        if here and re.fullmatch(r"-?[\d.]+|(\d·)?10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", label):
            found.append(label)
    return found


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", PRESETS)
def test_svg_of_every_view(name, view):
    """A well-formed picture with the title, every sentence and, of the view, its curves."""
    experiments, names = entries(name, PRESETS[name]["variants"][0]["name"])
    more = {"view": view, "subject": len(experiments) - 1, "method": {"locate": "hermite"}}
    reply = asked("save", experiments, names, format="svg", title="A <title> & more", **more)
    assert (reply["name"], reply["type"]) == ("lapicque.svg", "image/svg+xml")
    root = drawn(reply["text"])
    texts = " ".join(written(root))
    assert "A <title> & more" in texts
    assert "_" not in re.sub(r"'[^']*'", "", texts)  # quoted names are those of files
    assert "time (ms)" in texts
    runs = answer({"kind": "run", "experiments": experiments, "view": "traces"})["results"]
    squeezed = plain_of(texts)
    assert all(plain_of(run["sentence"]) in squeezed for run in runs)
    inner = root.findall(f"{SVG}svg")
    assert len(inner) == 2 + (view != "traces")
    if view != "traces":
        assert min(len(labels_along(root, axis)) for axis in "xy") >= 2
    if view == "convergence" and name == "two-inputs":
        assert texts.count("slope 4.") >= 1
        assert len(inner[2].findall(f"{SVG}path")) == 4
    if view == "f-I":
        assert "rheobase" in texts


def test_svg_shows_the_window_and_the_method():
    """The ticks of the spikes in the window, in a row each for exact and Euler."""
    (data,), _ = entries("constant", "equation")
    data["method"] = EULER
    root = drawn(asked("save", [data], format="svg", window=[20.0, 60.0])["text"])
    rows = [p.get("d", "").count("v12") for p in root.iter(f"{SVG}path")]
    rows = [count for count in rows if count]
    experiment = lq.Experiment.from_dict(data)
    runs = [experiment.replace({"method": None}).run(), experiment.run()]
    assert rows == [sum(20.0 <= t <= 60.0 for t in run.spikes) for run in runs]
    assert any(text.startswith("Euler, dt 0.5 ms") for text in written(root))
    assert names_in_margin(root)[-4:] == ["exact", "Euler", "late", "early"]


def dashes_of_keys(root):
    """Colour and dash of the samples of lines left of the sentences."""
    keys = [each for each in root.iter(f"{SVG}path") if each.get("d").startswith("M12 ")]
    return [(each.get("stroke"), each.get("stroke-dasharray")) for each in keys]


def test_svg_shows_the_setting_b():
    """B's spikes in a row of its own that is named, its sentence, and its levels where they differ
    from A's; its key is like no other."""
    (data,), _ = entries("constant", "equation")
    other = copy.deepcopy(data)
    other["neuron"]["V_th"] = 4.0
    held = {"experiments": [other], "names": [""]}
    root = drawn(asked("save", [data], format="svg", held=held)["text"])
    rows = [p.get("d", "").count("v12") for p in root.iter(f"{SVG}path")]
    runs = [lq.Experiment.from_dict(each).run() for each in (data, other)]
    assert [count for count in rows if count] == [run.spike_count for run in runs]
    margin = names_in_margin(root)
    assert margin == ["threshold Vth", "Vth of B", "rest EL", "reset Vreset", "exact", "B"]
    result = answer({"kind": "run", "experiments": [other], "view": "traces"})["results"][0]
    assert f"B: {result['sentence']}" in root.findtext(f"{SVG}title")
    assert plain_of(f"B: {result['sentence']}") in plain_of(" ".join(written(root)))
    keys = dashes_of_keys(root)
    assert len(set(keys)) == len(keys) == 2


def test_rows_are_named_and_keys_differ_for_many_experiments():
    """Four experiments, their answers by Euler and four of B: each row has its name, each key of a
    line a colour and a dash that no other has."""
    experiments, names = entries("intensity-duration", "notebook")
    stepped = [{**each, "method": EULER} for each in experiments]
    # All fire, or Euler's sentence would be left out.
    for each in (*stepped, *experiments):
        each["current"][0]["amplitude"] = 10.0
    held = {"experiments": experiments, "names": names}
    root = drawn(asked("save", stepped, names, format="svg", held=held)["text"])
    expected = [word for name in names for word in (name, "Euler")] + [f"B, {n}" for n in names]
    margin = names_in_margin(root)
    assert [name for name in margin if name in expected] == expected
    keys = dashes_of_keys(root)
    assert len(set(keys)) == len(keys) == 12


def test_levels_stand_apart_however_near_they_are():
    """Names of levels never overlap, and none lies over a panel."""
    (data,), _ = entries("constant", "equation")
    data["neuron"] |= {"E_L": 0.4, "V_reset": 0.41}
    root = drawn(asked("save", [data], format="svg")["text"])
    found = [e for e in root.iter(f"{SVG}text") if "".join(e.itertext())[-2:] in ("th", "EL", "et")]
    assert len(found) == 3
    heights = sorted(float(each.get("y")) for each in found)
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 13.0
    assert all(float(each.get("x")) > LEFT + PLOT for each in found)


@given(
    low=st.floats(-1e6, 1e6),
    width=st.floats(1e-9, 1e6),
    about=st.integers(2, 10),
    ends=st.tuples(st.floats(-9.0, 9.0), st.floats(0.01, 12.0)),
)
def test_an_axis_has_two_labels_at_least(low, width, about, ends):
    """Within its range, in order, and told apart; linear and logarithmic."""
    begin, decades = ends
    spans = [(low, low + width), (10.0**begin, 10.0 ** (begin + decades))]
    axes = [ticks.linear(*spans[0], about), ticks.logarithmic(*spans[1], about)[0]]
    for (first, last), axis in zip(spans, axes, strict=True):
        values, labels = zip(*axis, strict=True)
        room = 1e-6 * (last - first)
        assert len(set(labels)) == len(labels) >= 2
        assert first - room <= values[0] < values[-1] <= last + room
        assert list(values) == sorted(values)


def test_text_is_set_as_on_the_page():
    """Symbols, Greek letters, units and the minus: the examples of web/test/format.test.js."""
    assert svg.parts("threshold V_th") == [
        ("plain", "threshold "),
        ("symbol", "V"),
        ("sub", "th"),
    ]
    assert svg.parts("tau_m = -3 ms") == [("symbol", "τ"), ("sub", "m"), ("plain", " = −3 ms")]
    assert svg.parts("my_name, u_rest's 5 MOhm") == [
        ("plain", "my_name, "),
        ("symbol", "u"),
        ("sub", "rest"),
        ("plain", "'s 5 MΩ"),
    ]


def test_svg_of_a_run_that_has_hardly_a_length():
    """As short as a double can be: a picture all the same."""
    (data,), _ = entries("constant", "equation")
    drawn(asked("save", [{**data, "duration": 5e-324}], format="svg")["text"])


def test_the_times_of_a_narrow_window_far_out_are_told_apart():
    """The labels of the ticks, read as numbers, lie in the window and differ."""
    (data,), _ = entries("constant", "equation")
    window = [543210.125, 543210.25]
    text = asked("save", [{**data, "duration": 1e6}], format="svg", window=window)["text"]
    labels = written(drawn(text))
    times = [float(label) for label in labels if re.fullmatch(r"5432\d\d[.\d]*", label)]
    assert len(times) == len(set(times)) > 3
    assert all(window[0] <= t <= window[1] for t in times)


def test_the_description_says_what_can_be_passed_on():
    """Formats with labels, the address of the page where it is known."""
    assert [each["name"] for each in DESCRIBED["copies"]] == ["python", "toml", "brian2", "nest"]
    assert DESCRIBED["saves"] == [{"name": "csv", "label": "CSV"}, {"name": "svg", "label": "SVG"}]
    assert DESCRIBED["address"] == link.address()
