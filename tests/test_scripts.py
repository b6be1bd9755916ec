"""Experiments as scripts: each format says what the experiment says, and nothing else."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import io
import re
import subprocess
import sys
from unittest import mock

import numpy as np
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque.current import Kicks, Product, kinds
from lapicque.interop import brian2, formula, scripts

SCRIPTS = scripts()
PYTHONS = [name for name, script in SCRIPTS.items() if script.suffix == ".py"]
SIMULATORS = ["brian2", "nest"]
LIF = lq.LIF(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)
SIMPLE = lq.Experiment(LIF, lq.constant(1.8, name="drive"), 100.0)

HOSTILE = [
    "a\nimport os",
    "a\r\nimport os\x0bimport os\x0cimport os\x1cimport os\x85import os\u2028import os",
    "'; import os #",
    '"; import os #',
    "'''",
    '"""',
    "\\",
    "\\'",
    "\\N{BULLET}",
    "{name}{0}%s",
    "-*- coding: utf-7 -*- +AAo-import os",
    "\x00\x1b[2J\x7f",
    "\ud800",
    "\u202eevil",
    "# ---- 9 of 9: mine ----",
    "ünïcödé \N{BRAIN}",
    "long " * 1000,
]
# Names of parts are identifiers: those of Python, of the scripts, and of more than ASCII.
WORDS = ["class", "lq", "print", "__import__", "experiment", "I", "np", "t", "µ", "ﬀ", "größe"]


@st.composite
def any_experiments(draw, neurons=None):
    """Experiments of every neuron, current, method, V_0 and seed; nested, delayed, named parts."""
    base = draw(strategies.free_experiments())
    current = base.current
    if draw(st.booleans()):
        current = current + strategies.without_kicks(current) * lq.sine(0.1, 3.0)
    if draw(st.booleans()):
        current = current * draw(st.sampled_from([0.1, -1.0, 1 / 3]))
    if draw(st.booleans()):
        current = current.delayed(draw(st.sampled_from([0.1, -7.3])))
    if draw(st.booleans()):
        current = current.window(1.0, 90.0)
    if draw(st.integers(0, 5)) == 0:
        factor = strategies.without_kicks(current)
        inner = Product(factors=(factor, lq.Current()), stop=60.0, name="inner")
        current = current + lq.Current((inner,)) * lq.constant(2.0)
    parts = list(current.parts)
    for k, name in enumerate(draw(st.lists(st.sampled_from(WORDS), unique=True, max_size=3))):
        if k < len(parts):
            parts[k] = dataclasses.replace(parts[k], name=name)
    return dataclasses.replace(
        base,
        current=lq.Current(tuple(parts)),
        method=draw(st.none() | strategies.methods()),
        seed=draw(st.none() | st.integers(0, 2**64 - 1)),
    )


class Figure:
    """What `plot` returns, without matplotlib."""

    def savefig(self, path, dpi):
        assert re.fullmatch(r"experiment(-\d+)?\.png", path)


def run(text):
    """Run a script for lapicque; return its names and what it printed."""
    names, printed = {}, io.StringIO()
    code = compile(text, "script.py", "exec")
    drawn = mock.patch("lapicque.plot.plot", return_value=Figure())
    with drawn, contextlib.redirect_stdout(printed):
        exec(code, names)
    return names, printed.getvalue()


def skeleton(text):
    """A script's syntax with every string left out; comments are none of it."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def write(name, experiment, label=""):
    return SCRIPTS[name].write([experiment], [label])


def test_every_format_has_its_label_and_suffix():
    shown = {name: (each.name, each.label, each.suffix) for name, each in SCRIPTS.items()}
    assert shown == {
        "python": ("python", "Python", ".py"),
        "toml": ("toml", "TOML", ".toml"),
        "brian2": ("brian2", "Brian2", ".py"),
        "nest": ("nest", "NEST", ".py"),
    }


def test_a_format_is_loaded_when_it_is_asked_for():
    code = (
        "import sys; from lapicque.interop import scripts; scripts(); "
        "print([name for name in sys.modules if name.startswith('lapicque.interop.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stderr, done.stdout) == ("", "[]\n")


# lapicque's own script ----------------------------------------------------------------------


def test_the_script_is_what_a_person_would_write():
    current = lq.constant(1.6) + lq.sine(amplitude=0.8, frequency=5.0)
    text = write("python", lq.Experiment(LIF, current, 100.0, V_0=-60.0))
    assert text.splitlines()[1:] == [
        "import lapicque as lq",
        "from lapicque.plot import plot",
        "",
        "neuron = lq.LIF(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)",
        "current = lq.constant(1.6) + lq.sine(amplitude=0.8, frequency=5.0)",
        "experiment = lq.Experiment(neuron, current, duration=100.0, V_0=-60.0)",
        "response = experiment.run()",
        'print(f"{response.spike_count} spikes (ms):", response.spike_times.tolist())',
        'plot(response).savefig("experiment.png", dpi=150)',
    ]


@given(experiment=any_experiments())
@settings(max_examples=150)
def test_the_script_builds_the_same_experiment(experiment):
    """Neuron, recipe, duration, method, V_0 and seed, bit for bit. The truth: the experiment."""
    short = experiment.replace({"duration": 0.0})
    names, _ = run(write("python", short))
    assert names["experiment"] == short
    assert repr(names["experiment"].to_dict()) == repr(short.to_dict())  # repr tells 0.0 from -0.0


@given(experiment=strategies.free_experiments(), method=st.none() | strategies.methods())
@settings(max_examples=40)
def test_the_script_makes_the_same_spikes(experiment, method):
    """The truth: the experiment's own run, to the last bit, and what the script prints of it."""
    experiment = dataclasses.replace(experiment, method=method)
    expected = list(experiment.run().spikes)
    names, printed = run(write("python", experiment))
    assert list(names["response"].spikes) == expected
    assert printed == f"{len(expected)} spikes (ms): {expected}\n"


@given(experiments=st.lists(any_experiments(), min_size=2, max_size=4))
@settings(max_examples=20)
def test_a_script_of_several_experiments_has_them_all(experiments):
    experiments = [each.replace({"duration": 0.0}) for each in experiments]
    labels = ["same", "same", "", "it's"][: len(experiments)]
    names, printed = run(SCRIPTS["python"].write(experiments, labels))
    called = [label or f"experiment {k + 1}" for k, label in enumerate(labels)]
    assert names["experiments"] == list(zip(called, experiments, strict=True))
    assert len(printed.splitlines()) == len(experiments)


def test_long_sums_and_long_samples_are_written_too():
    many = sum([lq.constant(0.001 * k) for k in range(3000)])
    times = [0.1 * k for k in range(20_000)]
    current = many + lq.sampled(times, times) * 2.0 + many * lq.constant(0.1)
    experiment = lq.Experiment(LIF, current, 0.0)
    names, _ = run(write("python", experiment))
    assert names["experiment"] == experiment
    for name in SIMULATORS:
        compile(write(name, experiment), "script.py", "exec")


def test_the_script_runs_and_draws(tmp_path):
    """As a program of its own, with matplotlib."""
    pytest.importorskip("matplotlib")
    (tmp_path / "script.py").write_text(write("python", SIMPLE), "utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    expected = list(SIMPLE.run().spikes)
    assert (done.stderr, done.stdout) == ("", f"{len(expected)} spikes (ms): {expected}\n")
    assert (tmp_path / "experiment.png").read_bytes().startswith(b"\x89PNG")


# The file -----------------------------------------------------------------------------------


@given(experiment=any_experiments())
@settings(max_examples=100)
def test_the_file_reads_back_as_the_same_experiment(experiment):
    """Bit for bit; the truth: the experiment."""
    back = lq.Experiment.from_toml(write("toml", experiment))
    assert back == experiment
    assert repr(back.to_dict()) == repr(experiment.to_dict())


@given(experiments=st.lists(any_experiments(), min_size=2, max_size=3))
@settings(max_examples=20)
def test_a_file_of_several_runs_as_the_first_and_keeps_the_others(experiments):
    labels = ["strong, short", "", "# ---- 9 of 9: mine ----\n[neuron]"][: len(experiments)]
    text = SCRIPTS["toml"].write(experiments, labels)
    assert lq.Experiment.from_toml(text) == experiments[0]
    count = len(experiments)
    parts = re.split(rf"\n# ---- \d of {count}: .* ----\n\n", text)[1:]
    assert len(parts) == count
    for part, experiment in zip(parts[1:], experiments[1:], strict=True):
        uncommented = "".join(line[2:] + "\n" for line in part.splitlines())
        assert lq.Experiment.from_toml(uncommented) == experiment


# The simulators' scripts (tests/test_simulators.py runs them) --------------------------------


@given(experiment=any_experiments())
@settings(max_examples=100)
@pytest.mark.parametrize("name", SIMULATORS)
def test_the_scripts_are_python_in_ascii_and_say_what_they_leave_out(name, experiment):
    if not isinstance(experiment.neuron, {"brian2": (lq.LIF, lq.PIF), "nest": lq.LIF}[name]):
        with pytest.raises(lq.ParameterError, match=r"^'neuron\.model' must be"):
            write(name, experiment)
        return
    if any(part.kind == "kicks" for part in experiment.current.parts):
        with pytest.raises(lq.ParameterError, match=r"^'current\.\d+\.kind' cannot be written for"):
            write(name, experiment)
        return
    text = write(name, experiment)
    compile(text, "script.py", "exec")
    assert text.isascii()
    assert (experiment.method is None) or f"# {experiment.method!r} is lapicque's own" in text
    assert (experiment.seed is None) or f"the seed {experiment.seed} is left out" in text


@given(experiment=any_experiments())
@settings(max_examples=150)
def test_the_scripts_current_is_the_experiment_s(experiment):
    """At irregular times; the truth: the normal form that the solvers read. Their sines differ by
    the rounding of their phases, up to 400 rad here."""
    names = {"np": np}
    parts = list(enumerate(strategies.without_kicks(experiment.current).parts))
    exec(formula.function(parts, "current", "Brian2"), names)
    t = (np.arange(400) + 0.5) * 0.37123456789
    np.testing.assert_allclose(names["current"](t), experiment.current(t), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", SIMULATORS)
def test_an_exponential_before_its_start_does_not_overflow(name):
    late = lq.decay(1.0, 0.01, start=1e6) + lq.alpha(1.0, 0.01, start=1e6)
    names = {"np": np}
    exec(formula.function(list(enumerate((late * late).parts)), "current", name), names)
    with np.errstate(all="raise", under="ignore"):
        assert not names["current"](np.linspace(0.0, 100.0, 7)).any()


@pytest.mark.parametrize("name", SIMULATORS)
def test_several_experiments_are_one_script(name):
    other = lq.Experiment(LIF.replace(R_m=5.0), lq.sine(2.0, 10.0), 50.0)
    text = SCRIPTS[name].write([SIMPLE, other], ["one", "two"])
    compile(text, "script.py", "exec")
    assert text.count("times = spike_times(") == 2
    assert text.count("def spike_times(") == 1
    assert text.index('show("one", times)') < text.index('show("two", times)')


# Names are text of strangers ----------------------------------------------------------------


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", PYTHONS)
def test_a_label_stays_a_string(name, label):
    """The same syntax as with a harmless label: nothing of it has become code."""
    for labels in ([label], [label, label]):
        experiments = [SIMPLE] * len(labels)
        text = SCRIPTS[name].write(experiments, labels)
        harmless = SCRIPTS[name].write(experiments, ["x"] * len(labels))
        assert text.isascii()
        assert text.replace("\n", "").isprintable()
        assert skeleton(text) == skeleton(harmless)
        assert len(text.splitlines()) == len(harmless.splitlines())
        # Python reads the file's encoding from a comment in the first two lines.
        assert not re.search(r"coding[:=]", "\n".join(text.splitlines()[:2]))
        assert skeleton(text.encode()) == skeleton(text)


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_a_label_stays_a_comment_of_the_file(label):
    text = SCRIPTS["toml"].write([SIMPLE, SIMPLE], [label, label])
    assert lq.Experiment.from_toml(text) == SIMPLE
    assert text.count("\n# ---- ") == 2


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_part_s_name_stays_a_name(name, word):
    def named(name):
        current = lq.constant(1.8, name=name) + lq.sine(0.1, 5.0, name=f"{name}_2")
        return SIMPLE.replace({"current": current})

    experiment = named(word)
    text = write(name, experiment)
    if name == "toml":
        assert lq.Experiment.from_toml(text) == experiment
        return
    assert skeleton(text) == skeleton(write(name, named("x")))
    if name == "python":
        assert run(text)[0]["experiment"] == experiment


# What a format cannot hold ------------------------------------------------------------------


PIF = lq.PIF(C_m=1.0, V_th=-50.0, V_reset=-65.0)
HIGH_RESET = LIF.replace(V_reset=-50.0)


@pytest.mark.parametrize(
    ("name", "experiment", "message"),
    [
        ("nest", dataclasses.replace(SIMPLE, neuron=PIF), "'neuron.model' must be LIF for NEST"),
        (
            "nest",
            SIMPLE.replace({"neuron.t_ref": 0.005}),
            "'neuron.t_ref' must be 0 or >= the script's step of 0.01 ms for NEST (got 0.005)",
        ),
        ("nest", dataclasses.replace(SIMPLE, neuron=HIGH_RESET), "'neuron.V_reset' must be < V_th"),
        (
            "brian2",
            dataclasses.replace(SIMPLE, neuron=HIGH_RESET),
            "'neuron.V_reset' must be < V_th",
        ),
        (
            "brian2",
            SIMPLE.replace({"duration": 1e6}),
            "'duration' must be at most 200000 ms for a script with steps of 0.01 ms",
        ),
        ("nest", SIMPLE.replace({"duration": 1e6}), "'duration' must be at most 200000 ms"),
    ],
)
def test_what_a_simulator_cannot_do_is_refused_by_name(name, experiment, message):
    with pytest.raises(lq.ParameterError) as caught:
        write(name, experiment)
    assert str(caught.value).startswith(message)
    with pytest.raises(lq.ParameterError):  # also as one of several
        SCRIPTS[name].write([SIMPLE, experiment], ["a", "b"])


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_shape_without_a_formula_is_refused_by_name(name, monkeypatch):
    """As a shape of tomorrow would be, also within a product."""
    monkeypatch.setattr(formula, "_SHAPES", {})
    for current in (lq.constant(1.0) + lq.sine(1.0, 5.0), lq.constant(1.0) + lq.sine(1.0, 5.0) * 1):
        with pytest.raises(lq.ParameterError, match=r"^'current\.[01]\.kind' cannot be written"):
            write(name, SIMPLE.replace({"current": current}))


def test_a_neuron_without_an_equation_is_refused_by_name(monkeypatch):
    monkeypatch.delitem(brian2._EQUATIONS, lq.LIF)
    with pytest.raises(lq.ParameterError, match=r"^'neuron\.model' must be PIF for Brian2"):
        write("brian2", SIMPLE)


def test_every_shape_has_its_formula():
    """But for kicks, which are no function of time: their scripts are refused by name."""
    assert {*formula._SHAPES} == {*kinds().values()} - {Kicks}
    kicked = SIMPLE.replace({"current": lq.constant(1.0) + lq.kicks([5.0], 3.0)})
    for name in SIMULATORS:
        with pytest.raises(lq.ParameterError, match="Copy it as Python or TOML") as caught:
            write(name, kicked)
        assert caught.value.path == "current.1.kind"


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_input_is_checked(name):
    with pytest.raises(lq.ParameterError, match="'experiments' must have at least one entry"):
        SCRIPTS[name].write([], [])
    with pytest.raises(lq.ParameterError, match="'names' must have as many entries as experiments"):
        SCRIPTS[name].write([SIMPLE], ["a", "b"])
    deep = lq.constant(1.0)
    for _ in range(30):
        deep = deep * lq.constant(1.0)
    with pytest.raises(lq.ParameterError, match=r"'current\.0' must not nest products more than"):
        write(name, SIMPLE.replace({"current": deep}))
