"""Every field of the experiment file wrong in every way: a legal run, or one line that names it.

The fields are found by walking the file's own dict, never listed by hand, so that a new parameter
is fuzzed from its first day.
"""

from __future__ import annotations

import copy
import datetime
import json
import math
import re
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import strategies
import tomli_w
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque.cli import main
from lapicque.lab.answer import answer

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("[0-9]*.toml"))
SIMULATE = sys.modules["lapicque.simulate"]  # the package's `simulate` is the function

MISSING = object()
DATE = datetime.date(2026, 11, 2)

# Everything that a field may hold by mistake.
WRONG = [
    *("", "fast", "5 apples", "1 s", "3 mV", "nan", "1e400", "-", "٣", "1e5 nS^9", "a\nb"),
    *(True, False, None, [], [1.0], [[1.0]], {}, {"value": 1.0}, {"a\nb": 1.0}, DATE, b"1", 1j),
    *(math.nan, math.inf, -math.inf, 1e308, -1e308, 1e31, -1e31, 1e30, -1e30),
    *(1e-320, -1e-320, 5e-324, 1e-30, 1e-31, 0, 0.0, -0.0, -1, -1.0, 1, 2, 3, 10**400, -(10**400)),
    *([0.0] * 100_000, [[0.0]] * 1000, "x" * 100_000, MISSING),
]

# A rule over several fields names one of them.
TOGETHER = [
    {"R_m", "C_m", "tau_m"},
    {"V_th", "V_reset", "t_ref"},
    {"start", "stop"},
    {"times", "values", "start"},
    {"times", "interpolation", "stop"},
]

# What an error that several fields cause together names.
LIMITS = re.compile(r"'(max_spikes|duration|lapicque|method\.dt|current[.\w]*)'")


class TooLong(BaseException):
    """A computation that did not end."""


@contextmanager
def at_most(seconds):
    """Raise where the block takes more than ``seconds`` of this process's own time."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_):
        raise TooLong(f"more than {seconds} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)


@pytest.fixture
def small_caps(monkeypatch):
    """The caps that keep a run finite, low enough for thousands of runs."""
    monkeypatch.setattr(SIMULATE, "MAX_EVALUATIONS", 3000)
    monkeypatch.setattr(SIMULATE, "MAX_STEPS", 20_000)


def rich():
    """One experiment that has every kind, parameter and table of the file."""
    parts = (
        lq.constant(1.2, name="base")
        + lq.step(0.5, 5.0, 20.0)
        + lq.ramp(0.01, start=2.0, stop=30.0)
        + lq.sine(0.4, 40.0, 0.3, window=(1.0, 35.0))
        + lq.decay(0.6, 4.0, start=1.0)
        + lq.alpha(0.7, 3.0, start=3.0)
        + lq.sampled([0.0, 5.0, 9.0], [0.1, 0.3, -0.2], start=1.0)
        + lq.sampled([0.0, 5.0], [0.1, 0.3], "hold", stop=9.0)
        + lq.sine(0.3, 20.0) * lq.decay(1.0, 9.0)
    )
    neuron = lq.LIF(R_m=10.0, tau_m=8.0, E_L=-65.0, V_th=-55.0, V_reset=-66.0, t_ref=1.0)
    return lq.Experiment(neuron, parts, 40.0, lq.Euler(dt=0.05, locate="linear"), -64.0, 7)


def bases():
    """The example files and two experiments with everything in them."""
    for path in EXAMPLES:
        yield path.stem, lq.load(path).to_dict()
    whole = rich().to_dict()
    yield "rich", whole
    few = [whole["current"][k] for k in (3, 5, 8)]
    march = {"name": "Exact", "crossing": "march"}
    yield "rich exact", {**whole, "current": few, "method": march}
    pif = lq.PIF(C_m=0.5, V_th=5.0, V_reset=0.0, t_ref=1.0)
    yield "PIF", lq.Experiment(pif, lq.constant(1.0) + lq.sine(0.5, 30.0), 30.0).to_dict()


BASES = {name: json.loads(json.dumps(data)) for name, data in bases()}


def walk(data, path=()):
    """Yield the path of every value in nested tables and lists; of long lists the first two."""
    if path:
        yield path
    if isinstance(data, dict):
        for key, value in data.items():
            yield from walk(value, (*path, key))
    elif isinstance(data, list):
        for k, value in enumerate(data[:2] if data and not isinstance(data[0], dict) else data):
            yield from walk(value, (*path, k))


def changed(data, path, value):
    """Return the data with another value at a path, or without it."""
    data = copy.deepcopy(data)
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    if value is MISSING:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return data


def dotted(path):
    return ".".join(map(str, path))


def names_for(path):
    """The names of which an error at a path must give one: its own, or that of a shared rule."""
    path = tuple(path)
    if not path:
        return set()
    found = {dotted(path)}
    while isinstance(path[-1], int) and len(path) > 2:  # an entry goes by its list
        path = path[:-1]
        found.add(dotted(path))
    for group in TOGETHER:
        if path[-1] in group:
            found |= {dotted((*path[:-1], name)) for name in group}
    return found


def check_message(error, path, kinds=("model", "kind", "name")):
    """Assert that an error is one clear line that names the field."""
    text = str(error)
    assert not {"\n", "\r"} & set(text), text
    assert len(text) < 600, text[:700]
    assert isinstance(error, lq.LapicqueError)
    if isinstance(error, lq.LimitError):
        assert LIMITS.search(text), text
        return
    quoted = re.findall(r"'([^']*)'", text)
    assert any(is_named(q, path, kinds) for q in quoted), (text, dotted(path))


def is_named(name, path, kinds=("model", "kind", "name")):
    """Whether ``name`` was changed at ``path``, lies within it, or shares a rule with it."""
    if path[-1] in kinds:  # another model has other parameters
        path = path[:-1]
    return name in names_for(path) or (bool(path) and name.startswith(dotted(path) + "."))


def check_run(experiment, max_spikes=2000):
    """Assert that a legal experiment gives finite, sorted, plausible results."""
    response = experiment.run(max_spikes=max_spikes)
    spikes = response.spikes.tolist()
    assert all(map(math.isfinite, spikes))
    assert spikes == sorted(spikes)
    assert all(0.0 <= t <= experiment.duration for t in spikes)
    for k in range(8):
        t = min(experiment.duration, experiment.duration * (k / 7))
        for left in (False, True):
            assert math.isfinite(response.voltage(t, left)), (t, left)
            assert math.isfinite(response.current(t, left)), (t, left)
    assert math.isfinite(response.state.V)
    for feature in lq.features().values():
        assert not math.isinf(feature.function(response))
    return response


def judge(data, path):
    """Assert that data is a legal experiment with a finite run, or an error that names ``path``."""
    with at_most(3.0):
        try:
            experiment = lq.Experiment.from_dict(data)
            check_run(experiment)
        except lq.LapicqueError as error:
            check_message(error, path)
            return False
    return True


def outcomes(data, paths, values):
    """Judge every value at every path; return what failed, as text, and how many were legal."""
    failures, legal = [], 0
    for path in paths:
        for value in values:
            if value is MISSING and isinstance(path[-1], int):
                continue
            mutated = changed(data, path, value)
            shown = "missing" if value is MISSING else repr(value)[:40]
            try:
                legal += judge(mutated, path)
            except (Exception, TooLong) as error:
                text = str(error)[:300]
                failures.append(f"{dotted(path)} = {shown}: {type(error).__name__}: {text}")
    return failures, legal


def attempt(call):
    """Return what a call returns, and None; or None, and our own error."""
    try:
        return call(), None
    except lq.LapicqueError as error:
        return None, error


def report(failures):
    assert not failures, f"{len(failures)} failures:\n" + "\n".join(failures[:15])


@pytest.mark.parametrize("base", BASES)
@pytest.mark.usefixtures("small_caps")
def test_every_field_wrong_in_every_way(base):
    """Any wrong value in any field gives a finite run or one line that names the field. The truth:
    the path that was changed."""
    data = BASES[base]
    paths = list(walk(data))
    assert len(paths) > 10
    failures, legal = outcomes(data, paths, WRONG)
    report(failures)
    assert 0 < legal < len(paths) * len(WRONG) / 2


@given(experiment=strategies.free_experiments(), data=st.data())
@settings(max_examples=150, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_a_drawn_experiment_with_one_wrong_field(experiment, data):
    """One wrong field in any experiment gives a finite run or one line that names it. The truth:
    the path that was changed."""
    plain = json.loads(json.dumps(experiment.to_dict()))
    path = data.draw(st.sampled_from(list(walk(plain))))
    values = [v for v in WRONG if not (v is MISSING and isinstance(path[-1], int))]
    value = data.draw(st.sampled_from(values))
    before = SIMULATE.MAX_EVALUATIONS
    SIMULATE.MAX_EVALUATIONS = 3000
    try:
        judge(changed(plain, path, value), path)
    finally:
        SIMULATE.MAX_EVALUATIONS = before


def tables(data, path=()):
    if isinstance(data, dict):
        yield path, data
        for key, value in data.items():
            yield from tables(value, (*path, key))
    elif isinstance(data, list):
        for k, value in enumerate(data):
            yield from tables(value, (*path, k))


def test_a_misspelt_key_is_named_with_the_right_one():
    """A misspelt key beside or instead of the right one is named by its path, and the right one is
    offered. The truth: the key that was spoilt."""
    for base, data in BASES.items():
        for path, table in tables(data):
            for key in table:
                for wrong in (key + "x", key + key[-1], key.swapcase()):
                    for keep in (True, False):
                        if key in ("lapicque",) and not keep:
                            continue
                        mutated = changed(data, (*path, wrong), table[key])
                        if not keep:
                            mutated = changed(mutated, (*path, key), MISSING)
                        with pytest.raises(lq.LapicqueError) as caught:
                            lq.Experiment.from_dict(mutated)
                        text = str(caught.value)
                        if not keep and key in ("model", "kind", "name") and path:
                            if path[0] == "current" and key == "name":
                                assert f"'{dotted((*path, wrong))}'" in text
                            else:  # without it nothing can be said of the other keys
                                assert f"'{dotted((*path, key))}' is missing" in text
                            continue
                        assert f"'{dotted((*path, wrong))}'" in text, (base, text)
                        assert f"Did you mean `{key}`?" in text, (base, text)


@pytest.mark.parametrize(
    "key", ["a\nb", "", " ", "x" * 100_000, "'", "\ud800", "\x1b[31m", "é" * 90]
)
def test_a_strange_key_gives_one_short_printable_line(key):
    """A key of any characters and any length gives one short line without control characters. The
    truth: the message's own characters."""
    data = BASES["1_constant_current"]
    for path in ((), ("neuron",), ("current", 0)):
        with pytest.raises(lq.UnknownNameError) as caught:
            lq.Experiment.from_dict(changed(data, (*path, key), 1.0))
        text = str(caught.value)
        assert len(text) < 600
        assert text.isprintable(), text[:200]
        reply = answer({"id": 1, "kind": "run", "experiments": [changed(data, (*path, key), 1.0)]})
        json.dumps(reply, allow_nan=False).encode("utf-8")
        assert len(reply["error"]["message"]) < 600


@pytest.mark.parametrize("key", [1, None, 2.5, (1, 2), b"R_m"])
def test_a_key_that_is_no_text_is_an_unknown_name(key):
    """A dict whose keys are no texts is refused with our own error."""
    data = BASES["1_constant_current"]
    for path in ((), ("neuron",), ("current", 0)):
        with pytest.raises(lq.LapicqueError):
            lq.Experiment.from_dict(changed(data, (*path, key), 1.0))


@pytest.mark.parametrize("whole", [None, [], "text", 1, 1.5, True, b"", [["neuron"]], DATE])
def test_what_is_no_table_is_no_experiment(whole):
    """Anything but a dict is refused as no experiment."""
    with pytest.raises(lq.ExperimentError, match="must be a table"):
        lq.Experiment.from_dict(whole)


def nested(depth):
    """A product in a product in a product ..."""
    part = [{"kind": "constant", "amplitude": 1.0}]
    for _ in range(depth):
        part = [{"kind": "product", "factors": [part, [{"kind": "constant", "amplitude": 1.0}]]}]
    return part


@pytest.mark.parametrize("depth", [3, 12, 24, 60, 200, 400, 5000])
def test_products_in_products_end(depth):
    """Products nested to any depth run or are refused, in a second. The truth: 1 * 1 * ... = 1."""
    data = {**BASES["1_constant_current"], "current": nested(depth)}
    with at_most(2.0):
        response, error = attempt(lambda: check_run(lq.Experiment.from_dict(data)))
    if error:
        assert depth > 12, error
        check_message(error, ("current",))
    else:
        assert response.current(1.0) == 1.0


@pytest.mark.parametrize("shape", ["list", "dict", "json", "toml"])
@pytest.mark.parametrize("field", ["duration", "neuron", "current"])
def test_deep_nesting_anywhere_is_one_error(shape, field, tmp_path):
    """Lists or tables nested 100,000 deep, in data or text, give one error of one line."""
    deep = []
    for _ in range(20_000):
        deep = [deep] if shape != "dict" else {"a": deep}
    opened, closed = "[" * 100_000, "]" * 100_000
    text = f'{{"{field}": {opened}{closed}}}' if shape == "json" else f"{field} = {opened}{closed}"
    path = tmp_path / f"deep.{shape}"
    path.write_text(text, "utf-8")
    with at_most(3.0):
        if shape in ("list", "dict"):
            wrong = {**BASES["1_constant_current"], field: deep}
            _, error = attempt(lambda: lq.Experiment.from_dict(wrong))
        else:
            _, error = attempt(lambda: lq.load(path))
    text = str(error)
    assert error
    assert "\n" not in text
    assert len(text) < 600
    if shape in ("list", "dict"):
        assert f"'{field}" in text


HUGE = {
    "constants": [{"kind": "constant", "amplitude": 1e-5}] * 100_000,
    "named": [{"kind": "constant", "amplitude": 1e-5, "name": f"n{k}"} for k in range(20_000)],
    "steps": [
        {"kind": "step", "amplitude": 1e-5, "start": k * 1e-3, "stop": 50 + k * 1e-3}
        for k in range(20_000)
    ],
    "decays": [
        {"kind": "decay", "amplitude": 1e-3, "tau": 5.0, "start": k * 1e-2} for k in range(5000)
    ],
    "samples": [
        {
            "kind": "sampled",
            "times": [k * 1e-3 for k in range(100_000)],
            "values": [0.9] * 100_000,
        }
    ],
    "wrong": ["x"] * 100_000,
    "lists": [[[]] * 1000] * 100,
}


@pytest.mark.parametrize("kind", HUGE)
def test_huge_lists_end(kind):
    """A current of up to 100,000 parts or samples runs, or is refused by name, in seconds."""
    data = {**BASES["1_constant_current"], "current": HUGE[kind]}
    with at_most(15.0):
        _, error = attempt(lambda: check_run(lq.Experiment.from_dict(data)))
    assert bool(error) == (kind in ("wrong", "lists")), error
    if error:
        assert "'current.0' must be a table" in str(error)


def sine(frequency, amplitude=0.8):
    return [{"kind": "sine", "amplitude": amplitude, "frequency": frequency}]


NEVER_ENDING = {
    "constant, 1e30 ms": {"duration": 1e30},
    "tau 1e-30": {"neuron": {"model": "LIF", "R_m": 6.4, "tau_m": 1e-30, "E_L": 0.0, "V_th": 5.0}},
    "C 1e-30": {"neuron": {"model": "LIF", "R_m": 6.4, "C_m": 1e-30, "E_L": 0.0, "V_th": 5.0}},
    "reset just below threshold": {
        "neuron": {
            "model": "LIF",
            "R_m": 6.4,
            "C_m": 0.9,
            "E_L": 0.0,
            "V_th": 5.0,
            "V_reset": math.nextafter(5.0, 0.0),
        }
    },
    "1e30 nA": {"current": [{"kind": "constant", "amplitude": 1e30}]},
    "dt 1e-30": {"method": {"name": "Euler", "dt": 1e-30}},
    "dt 1e-5, 1e3 ms": {"method": {"name": "Euler", "dt": 1.1e-5}, "duration": 1000.0},
    "rk4, dt 1e-6": {"method": {"name": "RK4", "dt": 1.1e-6}, "current": sine(5.0)},
    "sine 1e30 Hz": {"current": sine(1e30)},
    "sine 1e30 Hz, 1e30 nA": {"current": sine(1e30, 1e30)},
    "sine 1e5 Hz, 1e30 nA": {"current": sine(1e5, 1e30)},
    "strong sine by march": {
        "current": sine(1e3, 1e30),
        "method": {"name": "Exact", "crossing": "march"},
    },
    "rk4, dt 6e-6": {"method": {"name": "RK4", "dt": 6e-6}, "current": sine(5.0)},
    "silent sine, 1e30 ms": {"current": sine(5.0, 0.1), "duration": 1e30},
    "firing sine, 1e30 ms": {"current": sine(5.0, 1.8), "duration": 1e30},
    "two silent sines, 1e30 ms": {"current": sine(5.0, 0.1) + sine(7.0, 0.1), "duration": 1e30},
    "two strong sines": {"current": sine(5e5, 900.0) + sine(7e5, 900.0), "duration": 1e6},
}


@pytest.mark.parametrize("case", NEVER_ENDING)
def test_the_lab_answers_what_would_never_end(case):
    """A legal request that would run for minutes is answered within seconds: crowded, or an error
    with a message (the lab has one worker; nothing else is answered meanwhile)."""
    request = {
        "id": 1,
        "kind": "run",
        "experiments": [{**BASES["1_constant_current"], **NEVER_ENDING[case]}],
    }
    request["experiments"][0].pop("V_0", None)
    with at_most(3.0):
        reply = answer(request)
    json.dumps(reply, allow_nan=False)
    if not reply["ok"]:
        assert LIMITS.search(reply["error"]["message"]), reply["error"]["message"]


TEXTS = {path.stem: path.read_bytes() for path in EXAMPLES}
TEXTS["rich"] = rich().to_toml().encode()
JSONS = {name: json.dumps(data).encode() for name, data in BASES.items()}


def judge_bytes(raw, path):
    """Assert that a file of these bytes is a legal experiment, or one error of one short line."""
    path.write_bytes(raw)
    with at_most(3.0):
        try:
            check_run(lq.load(path))
        except lq.LapicqueError as error:
            text = str(error)
            assert not {"\n", "\r"} & set(text), text
            assert 0 < len(text) < 600, text[:700]
            return False
    return True


@given(data=st.data())
@settings(max_examples=250)
def test_random_bytes_in_a_file(data):
    """Bytes changed, cut out, doubled or inserted anywhere in a file give a run or one line."""
    suffix, texts = data.draw(st.sampled_from([("toml", TEXTS), ("json", JSONS)]))
    raw = bytearray(texts[data.draw(st.sampled_from(sorted(texts)))])
    for _ in range(data.draw(st.integers(1, 4))):
        k = data.draw(st.integers(0, len(raw) - 1))
        j = min(len(raw), k + data.draw(st.integers(1, 20)))
        how = data.draw(st.sampled_from(["put", "cut", "double", "swap", "insert"]))
        if how == "put":
            raw[k] = data.draw(st.integers(0, 255))
        elif how == "cut" and j - k < len(raw):
            del raw[k:j]
        elif how == "double":
            raw[k:k] = raw[k:j]
        elif how == "swap":
            raw[k:j] = bytes(reversed(raw[k:j]))
        else:
            raw[k:k] = data.draw(
                st.sampled_from([b"\n", b"-", b"1e308", b"[", b"=", b'"', b"\xff", b"9" * 5000])
            )
    import tempfile

    before = SIMULATE.MAX_EVALUATIONS, SIMULATE.MAX_STEPS
    SIMULATE.MAX_EVALUATIONS, SIMULATE.MAX_STEPS = 3000, 20_000
    try:
        with tempfile.TemporaryDirectory() as folder:
            judge_bytes(bytes(raw), Path(folder) / f"x.{suffix}")
    finally:
        SIMULATE.MAX_EVALUATIONS, SIMULATE.MAX_STEPS = before


@pytest.mark.parametrize("suffix", ["toml", "json"])
@pytest.mark.usefixtures("small_caps")
def test_a_file_cut_off_anywhere(suffix, tmp_path):
    """A file cut off after any number of bytes gives a run or one line; an empty one is refused."""
    raw = (TEXTS if suffix == "toml" else JSONS)["3_two_inputs"]
    legal = [n for n in range(len(raw) + 1) if judge_bytes(raw[:n], tmp_path / f"x.{suffix}")]
    assert legal[-1] == len(raw)
    assert 0 not in legal
    if suffix == "json":
        assert legal == [len(raw)]


@pytest.mark.parametrize(
    ("text", "suffix", "named"),
    [
        ("duration = 1.0\nduration = 2.0\n", "toml", "duration|overwrite"),
        ("[neuron]\nR_m = 1.0\nR_m = 2.0\n", "toml", "overwrite"),
        ("[neuron]\n[neuron]\n", "toml", "neuron"),
        ('{"duration": 1.0, "duration": 2.0}', "json", "'duration' stands twice"),
        ('{"neuron": {"R_m": 1.0, "R_m": 2.0}}', "json", "'R_m' stands twice"),
        (
            '{"neuron": {"model": "LIF", "R_m": NaN, "C_m": 1}, "current": [], "duration": 1}',
            *("json", "'neuron.R_m'"),
        ),
        ('{"neuron": {"model": "LIF"}, "current": [], "duration": Infinity}', "json", "'duration'"),
        ('{"neuron": {"model": "LIF"}, "current": [], "duration": 1e999}', "json", "'duration'"),
        ("neuron = {model = 'LIF'}\ncurrent = []\nduration = nan\n", "toml", "'duration'"),
        ("neuron = {model = 'LIF'}\ncurrent = []\nduration = 1979-05-27\n", "toml", "'duration'"),
        ("neuron = {model = 'LIF'}\ncurrent = []\nduration = 07:32:00\n", "toml", "'duration'"),
        (
            "neuron = {model = 'LIF', V_th = 1979-05-27}\ncurrent = []\nduration = 1\n",
            *("toml", "'neuron.V_th'"),
        ),
    ],
)
def test_double_and_odd_values_in_files(text, suffix, named, tmp_path):
    """A key that stands twice, NaN, infinity and dates in a file are refused by name."""
    path = tmp_path / f"x.{suffix}"
    path.write_text(text, "utf-8")
    with pytest.raises(lq.LapicqueError, match=named) as caught:
        lq.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe" + "duration = 1.0".encode("utf-16-le"),
        b"duration = 1 # \xe9",
        b"\x00",
        b"\x80abc",
    ],
    ids=["utf-16", "latin-1", "nul", "byte 80"],
)
@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_other_encodings_are_refused(raw, suffix, tmp_path):
    """A file that is not UTF-8 text, or not text at all, is refused in one line."""
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(raw)
    with pytest.raises(lq.ExperimentError) as caught:
        lq.load(path)
    assert "\n" not in str(caught.value)


# What the command line says: file, field, rule, value.
SPOILT = [
    (("neuron", "R_m"), -3.0, "must be > 0 MOhm", "-3.0"),
    (("neuron", "R_m"), "5 mV", "must be convertible to MOhm", "5 mV"),
    (("neuron", "C_m"), 0.0, "must be > 0 nF", "0.0"),
    (("neuron", "C_m"), True, "must be a number in nF", "True"),
    (("neuron", "V_th"), math.nan, "must be a finite number in mV", "nan"),
    (("neuron", "E_L"), math.inf, "must be a finite number in mV", "inf"),
    (("neuron", "V_reset"), 50.0, "must be < V_th = 5 mV", "50.0"),
    (("neuron", "V_reset"), 1e308, "must be at most 1e+30 mV", "1e+308"),
    (("neuron", "model"), "LIFF", "is not a model", "LIFF"),
    (("current", 0, "amplitude"), [1.0], "must be a number in nA", "[1.0]"),
    (("current", 0, "amplitude"), "1 s", "must be convertible to nA", "1 s"),
    (("current", 0, "kind"), "sinus", "is not a kind of current", "sinus"),
    (("current", 0, "stop"), -1.0, "must be >= start = 0 ms", "-1.0"),
    (("current", 0, "name"), "my input", "must be a word", "my input"),
    (("current",), 3.0, "must be a list", "3.0"),
    (("duration",), -5.0, "must be >= 0 ms", "-5.0"),
    (("duration",), DATE, "must be a number in ms", "2026"),
    (("V_0",), "high", "must be a number in mV", "high"),
    (("seed",), 1.5, "must be a whole number", "1.5"),
    (("lapicque",), "one", "must be the number of the file format", "one"),
    (("method",), {"name": "Euler", "dt": -0.1}, "must be > 0 ms", "-0.1"),
    (("method",), {"name": "Euler"}, "is missing", ""),
    (("method",), {"name": "Rk4", "dt": 0.1}, "is not a method", "Rk4"),
    (("method",), {"name": "Euler", "dt": 1e-30}, "must make at most", "1e-30"),
    (("method",), {"name": "RK2", "dt": 0.1, "locate": "cubic"}, "is not a way", "cubic"),
]


@pytest.mark.parametrize(("path", "value", "rule", "got"), SPOILT)
@pytest.mark.parametrize("json_flag", [True, False])
def test_the_command_line_says_file_field_rule_and_value(
    path, value, rule, got, json_flag, tmp_path, capsys
):
    """A wrong field makes `lapicque run` exit 2 with exactly one line that says file, field, rule
    and value, and print nothing else. The truth: what was put into the file."""
    file = tmp_path / "spoilt.toml"
    file.write_text(tomli_w.dumps(changed(BASES["1_constant_current"], path, value)), "utf-8")
    assert main(["run", str(file), *(["--json"] if json_flag else [])]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert str(file) in err
    assert f"'{dotted(path)}" in err
    assert rule in err
    assert got in err


@pytest.mark.usefixtures("small_caps")
def test_the_command_line_on_many_wrong_fields(tmp_path, capsys):
    """Every field of a file, wrong in each way that TOML can write, gives exit 0 with a summary or
    exit 2 with one line that names the file and the field."""
    data = BASES["3_two_inputs"]
    failures = []
    writable = [v for v in WRONG if not isinstance(v, (bytes, complex)) and v is not None]
    writable = [v for v in writable if not isinstance(v, (str, list)) or len(v) < 1000]
    writable = [v for v in writable if not isinstance(v, int) or abs(v) < 2**63]
    file = tmp_path / "x.toml"
    for path in walk(data):
        for value in writable:
            if value is MISSING and isinstance(path[-1], int):
                continue
            if value in (1e30, 1e31) and path[-1] in ("duration", "amplitude", "E_L"):
                continue  # ten million spikes take seconds; see the lab's test
            if value in (1e-30,) and path[-1] in ("R_m", "C_m"):
                continue
            file.write_text(tomli_w.dumps(changed(data, path, value)), "utf-8")
            try:
                with at_most(3.0):
                    status = main(["run", str(file), "--json"])
                out, err = capsys.readouterr()
                if status == 0:
                    assert err == ""
                    json.loads(out)
                else:
                    assert (status, out, err.count("\n")) == (2, "", 1)
                    assert str(file) in err
                    quoted = re.findall(r"'([^']*)'", err)
                    assert any(is_named(q, path) for q in quoted) or LIMITS.search(err), err
            except (Exception, TooLong, SystemExit) as error:
                capsys.readouterr()
                failures.append(f"{dotted(path)} = {value!r:.40}: {type(error).__name__} {error}")
    report(failures)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.usefixtures("small_caps")
def test_the_lab_answers_every_wrong_field(base):
    """Every wrong value in every field gets a reply that is JSON without NaN: a picture, or an
    error with the path and a message of one line. The truth: the path that was changed."""
    data = BASES[base]
    failures = []
    values = [v for v in WRONG if not (isinstance(v, list) and len(v) > 1000)]
    for path in walk(data):
        for value in values:
            if value is MISSING and isinstance(path[-1], int):
                continue
            request = {"id": "x", "kind": "run", "width": 20}
            request["experiments"] = [changed(data, path, value)]
            try:
                with at_most(3.0):
                    reply = answer(request)
                json.dumps(reply, allow_nan=False)
                assert reply["id"] == "x"
                if not reply["ok"]:
                    error = reply["error"]
                    assert error["experiment"] == 0
                    assert error["message"].isprintable()
                    assert len(error["message"]) < 600
                    if error["path"] is None:
                        assert LIMITS.search(error["message"]), error["message"]
                    else:
                        assert any(is_named(p, path) for p in error["paths"]), error["paths"]
            except (Exception, TooLong) as error:
                failures.append(
                    f"{dotted(path)} = {value!r:.40}: {type(error).__name__} {str(error)[:200]}"
                )
    report(failures)


def test_a_long_value_is_not_sent_back_whole():
    """An error reply shows a long value shortened: it stays smaller than 2 kB."""
    for path in (("neuron", "R_m"), ("neuron", "model"), ("current", 0), ("duration",)):
        wrong = changed(BASES["1_constant_current"], path, "x" * 100_000)
        reply = answer({"id": 1, "kind": "run", "experiments": [wrong]})
        assert reply["error"]["path"] == dotted(path)
        assert len(json.dumps(reply)) < 2000


KEYS = ["id", "kind", "experiments", "view", "window", "width", "neuron", "current", "duration"]
KEYS += ["method", "V_0", "seed", "lapicque", "model", "R_m", "C_m", "tau_m", "amplitude", "name"]
KEYS += ["frequency", "factors", "times", "values", "dt"]
JSON_LIKE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["run", "describe", "traces", 10**400, -(10**4000)]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS) | st.text(max_size=4),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(
    request=JSON_LIKE
    | st.fixed_dictionaries(
        {"kind": st.just("run")},
        optional={
            "id": JSON_LIKE,
            "experiments": st.lists(JSON_LIKE | st.sampled_from(list(BASES.values())), max_size=5),
            "view": JSON_LIKE | st.just("traces"),
            "window": JSON_LIKE | st.lists(st.floats(), min_size=2, max_size=2),
            "width": JSON_LIKE | st.floats(),
        },
    )
)
@settings(max_examples=400)
def test_any_object_is_answered(request):
    """Any JSON-like object is answered, never raised: with id and ok, as JSON without NaN."""
    with at_most(5.0):
        reply = answer(request)
    assert set(reply) >= {"id", "ok"}
    assert isinstance(reply["ok"], bool)
    json.dumps(reply, allow_nan=False)
    if not reply["ok"]:
        assert set(reply["error"]) == {"path", "paths", "rule", "value", "message", "experiment"}
        assert reply["error"]["message"]
        assert "\n" not in reply["error"]["message"]


@pytest.mark.parametrize("tau", [1e-3, 1e-6, 1e-9, 1e-12, 1e-15, 1e-20, 1e-30])
@pytest.mark.parametrize("crossing", ["isolation", "march"])
def test_a_very_fast_decay_is_right_or_refused(tau, crossing):
    """A decay of 1 pC, however fast, makes the same two spikes and leaves the same V, or is refused
    as out of bounds. The truth: V jumps by charge/C_m, and exp(-t/tau_m) after it."""
    neuron = lq.LIF(R_m=6.4, C_m=0.08, E_L=0.0, V_th=5.0, V_reset=0.0)
    current, error = attempt(lambda: lq.decay(1.0 / tau, tau))
    if error:
        assert "'tau'" in str(error)
        assert tau < 1e-9
        return
    r = lq.simulate(neuron, current, 100.0, method=lq.Exact(crossing=crossing))
    assert r.spike_count == 2
    # The leak takes a share tau/tau_m of the charge, with a logarithm.
    assert math.isclose(r.voltage(1.0), 2.5 * math.exp(-1.0 / 0.512), rel_tol=1e-6 + 5 * tau)


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e6, 1e9, 1e12, 1e18, 1e24])
@pytest.mark.parametrize("crossing", ["isolation", "march"])
def test_a_very_fast_sine_is_right_or_refused(scale, crossing):
    """A sine far faster than the membrane has as many spikes a cycle as any other such sine of the
    same charge, or is refused as out of bounds. The truth: V = A/(omega C) (1 - cos omega t)."""
    neuron = lq.LIF(R_m=6.4, C_m=0.9, E_L=0.0, V_th=5.0, V_reset=0.0)
    current, error = attempt(lambda: lq.sine(0.8e6 * scale, 1e6 * scale))
    if error:
        assert "'frequency'" in str(error)
        assert scale > 1e3
        return
    with at_most(2.0):
        r = lq.simulate(neuron, current, 3e-3 / scale, method=lq.Exact(crossing=crossing))
    # 2 A/(omega C) = 282.94 mV in each rise; the rest of a rise is carried on.
    rise = 2 * 0.8e6 / (2 * math.pi * 1e3 * 0.9)
    assert r.spike_count == int(rise // 5.0) == 56  # then V falls far and never comes back


@pytest.mark.parametrize("frequency", [0.0, 5e-324, 1e-320, 1e-309, 1e-300, 1e-30])
def test_a_very_slow_sine_is_nothing_or_refused(frequency):
    """A sine so slow that it never leaves zero adds nothing to V. The truth: sin 0 = 0."""
    neuron = lq.PIF(C_m=0.5, V_th=50.0, V_reset=0.0)
    current, error = attempt(lambda: lq.constant(0.5) + lq.sine(0.5, frequency))
    if error:
        assert "'frequency'" in str(error)
        assert 0.0 < frequency < 1e-30
        return
    with at_most(2.0):
        end = lq.simulate(neuron, current, 30.0).state
    assert math.isclose(end.V, 30.0, abs_tol=1e-9)  # 0.5 nA, 0.5 nF, 30 ms
