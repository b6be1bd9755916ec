"""The experiment as data: dict, TOML and JSON and back, paths into it, and files."""

from __future__ import annotations

import copy
import dataclasses
import json
import math

import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lapicque as lq

NEURON = lq.LIF(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)


def sample():
    current = lq.constant(1.6, name="base") + lq.sine(0.8, 5.0) + lq.step(0.5, 10.0, 20.0, name="s")
    return lq.Experiment(NEURON, current, 1000.0)


def doubles(low=-1e30, high=1e30):
    """Any doubles in range, subnormal and signed zero too."""
    return st.floats(low, high)


@st.composite
def any_experiments(draw):
    """Experiments of every neuron, current, method, V_0, seed, with names, nested products."""
    base = draw(strategies.free_experiments())
    current = base.current
    if draw(st.booleans()):
        current = current + strategies.without_kicks(current) * lq.sine(0.1, 3.0)
    if draw(st.booleans()):
        current = current * draw(st.sampled_from([0.1, -1.0, 1 / 3]))
    if draw(st.booleans()):
        current = current.delayed(draw(st.sampled_from([0.1, -7.3]))).window(1.0, 90.0)
    parts = tuple(
        dataclasses.replace(part, name=f"part_{k}" if draw(st.booleans()) else None)
        for k, part in enumerate(current.parts)
    )
    return dataclasses.replace(
        base,
        current=lq.Current(parts),
        method=draw(st.none() | strategies.methods()),
        seed=draw(st.none() | st.integers(0, 2**64 - 1)),
    )


def plain(value):
    """Whether a value is made of dicts, lists, texts, numbers and booleans only."""
    if isinstance(value, dict):
        return all(type(k) is str and plain(v) for k, v in value.items())
    if type(value) is list:
        return all(map(plain, value))
    return type(value) in (str, int, float, bool)


@given(experiment=any_experiments())
@settings(max_examples=120)
def test_round_trips_keep_every_kind_and_parameter(experiment):
    """dict, TOML and JSON give back an equal experiment, and the same text again. The truth: the
    experiment itself."""
    data = experiment.to_dict()
    assert plain(data)
    before = copy.deepcopy(data)
    for back in (
        lq.Experiment.from_dict(data),
        lq.Experiment.from_toml(experiment.to_toml()),
        lq.Experiment.from_json(json.dumps(data, allow_nan=False)),
    ):
        assert back == experiment
        assert repr(back.to_dict()) == repr(before)  # repr tells 0.0 from -0.0
        assert type(back.neuron) is type(experiment.neuron)
        assert type(back.method) is type(experiment.method)
        assert [type(p) for p in back.current.parts] == [type(p) for p in experiment.current.parts]
        assert back.to_toml() == experiment.to_toml()
    assert data == before


@given(experiment=st.builds(lambda c: lq.Experiment(NEURON, c, 60.0), strategies.currents()))
@settings(max_examples=25)
def test_what_comes_back_runs_the_same(experiment):
    """A run of the read-back experiment has the same spikes, float for float."""
    back = lq.Experiment.from_toml(experiment.to_toml())
    assert back.run().spikes == experiment.run().spikes


@given(value=doubles(), small=doubles(0.0, 1e30))
def test_every_double_survives(value, small):
    """Numbers of any size come back as the same double."""
    experiment = lq.Experiment(NEURON, lq.constant(value), small, V_0=value)
    for back in (
        lq.Experiment.from_toml(experiment.to_toml()),
        lq.Experiment.from_json(json.dumps(experiment.to_dict())),
    ):
        assert repr(back.V_0) == repr(float(value))
        assert repr(back.duration) == repr(float(small))
        assert repr(back.current.parts[0].amplitude) == repr(float(value))


def test_the_file_of_the_design():
    """The design's file gives the experiment that it describes."""
    text = """
lapicque = 1
duration = 1000.0
[neuron]
model = "LIF"
R_m = 10.0
C_m = 1.0
[[current]]
kind = "constant"
amplitude = 1.6
[[current]]
kind = "sine"
amplitude = 0.8
frequency = 5.0
[method]
name = "Exact"
"""
    expected = lq.Experiment(
        lq.LIF(R_m=10.0, C_m=1.0), lq.constant(1.6) + lq.sine(0.8, 5.0), 1000.0, lq.Exact()
    )
    assert lq.Experiment.from_toml(text) == expected
    short = text.replace("lapicque = 1\n", "").replace('[method]\nname = "Exact"\n', "")
    assert lq.Experiment.from_toml(short) == dataclasses.replace(expected, method=None)
    assert lq.Experiment.from_toml(short).run().method == lq.Exact()
    assert lq.Experiment.from_toml(short).run().spikes == expected.run().spikes


def test_what_is_written_says_the_format():
    """A written file begins with the format's number; what is not given is not written."""
    assert sample().to_toml().startswith("lapicque = 1\n")
    assert set(sample().to_dict()) == {"lapicque", "duration", "neuron", "current"}
    pair = lq.LIF(R_m=10.0, tau_m=5.0)
    written = lq.Experiment(pair, lq.constant(1.0), 1.0).to_dict()["neuron"]
    assert {"R_m", "tau_m"} <= set(written)
    assert "C_m" not in written


@pytest.mark.parametrize("given", [("R_m", "C_m"), ("R_m", "tau_m"), ("C_m", "tau_m")])
def test_the_given_pair_survives(given):
    """Which two of R_m, C_m and tau_m were given survives the round trip, and so does what a change
    of one of them keeps."""
    neuron = lq.LIF(**dict.fromkeys(given, 7.0))
    back = lq.Experiment.from_toml(lq.Experiment(neuron, lq.constant(1.0), 1.0).to_toml()).neuron
    assert back.derived == neuron.derived
    changed = back.replace(**{given[0]: 3.0})
    assert getattr(changed, given[1]) == 7.0


@pytest.mark.parametrize("version", [2, 3, 10**6])
def test_later_formats_are_refused(version):
    """A file of a later format is refused with the number, the newest known one and the cure."""
    data = {**sample().to_dict(), "lapicque": version, "neuron": {"something": "new"}}
    with pytest.raises(lq.ExperimentError, match=f"{version}.*up to 1.*Upgrade lapicque"):
        lq.Experiment.from_dict(data)


@pytest.mark.parametrize("version", [0, -1, 1.0, "1", True, None, [1], math.nan])
def test_what_is_no_format_number(version):
    """A format that is no whole number from 1 on is refused by name."""
    with pytest.raises(lq.ParameterError, match="'lapicque' must be"):
        lq.Experiment.from_dict({**sample().to_dict(), "lapicque": version})


@pytest.mark.parametrize("key", ["neuron", "current", "duration"])
def test_missing_tables(key):
    """An experiment without a neuron, current or duration is refused by the name of what lacks."""
    data = sample().to_dict()
    del data[key]
    with pytest.raises(lq.ParameterError, match=f"'{key}' is missing"):
        lq.Experiment.from_dict(data)


def test_replace_on_paths():
    """`replace` changes what stands at the paths, all at once; nothing else, nor the original."""
    experiment = sample()
    before = experiment.to_dict()
    changed = experiment.replace(
        {
            "neuron.R_m": 5.0,
            "neuron.V_th": -40.0,
            "current.0.amplitude": 1.2,
            "current.base.start": 3.0,
            "current.s.stop": 60.0,
            "current.2.start": 50.0,
            "duration": 500.0,
            "V_0": -60.0,
            "seed": 3,
        }
    )
    expected = copy.deepcopy(before)
    expected["neuron"].update(R_m=5.0, V_th=-40.0)
    expected["current"][0].update(amplitude=1.2, start=3.0)
    expected["current"][2].update(start=50.0, stop=60.0)
    expected.update(duration=500.0, V_0=-60.0, seed=3)
    assert changed.to_dict() == expected
    assert experiment.to_dict() == before
    assert experiment.replace({}) == experiment


def test_values_that_are_only_together_legal():
    """Values that are legal only together may be given together, in any order and by any name."""
    experiment = sample()
    for changes in (
        {"neuron.V_th": -70.0, "neuron.V_reset": -80.0},
        {"neuron.V_reset": -80.0, "neuron.V_th": -70.0},
        {"current.s.start": 50.0, "current.s.stop": 60.0},
        {"current.s.start": 50.0, "current.2.stop": 60.0},
        {"current.2.start": 50.0, "current.s.stop": 60.0},
    ):
        changed = experiment.replace(changes)
        for path, value in changes.items():
            assert changed.value(path) == value
    with pytest.raises(lq.ParameterError, match=r"'neuron\.V_reset' must be < V_th"):
        dataclasses.replace(experiment, neuron=experiment.neuron.replace(t_ref=0.0)).replace(
            {"neuron.V_th": -70.0}
        )


def test_whole_things_and_texts_in_replace():
    """`replace` takes a whole neuron, current or method too, and values with units."""
    experiment = sample()
    assert experiment.replace({"neuron": lq.PIF()}).neuron == lq.PIF()
    assert experiment.replace({"current": lq.constant(2.0)}).current == lq.constant(2.0)
    assert experiment.replace({"method": lq.Euler(dt=0.1)}).method == lq.Euler(dt=0.1)
    assert experiment.replace({"neuron.C_m": "250 pF"}).neuron.C_m == 0.25
    assert experiment.replace({"current.base.window": (1.0, 2.0)}).current.parts[0].window == (1, 2)
    euler = experiment.replace({"method": lq.Euler(dt=0.1)})
    assert euler.replace({"method.dt": 0.2, "method.locate": "linear"}).method == lq.Euler(
        dt=0.2, locate="linear"
    )


def test_the_derived_parameter_names_the_two_given():
    """Changing the derived one of R_m, C_m and tau_m is an error that names the two given."""
    cases = {"tau_m": ("R_m", "C_m"), "C_m": ("R_m", "tau_m"), "R_m": ("C_m", "tau_m")}
    for derived, pair in cases.items():
        experiment = lq.Experiment(lq.LIF(**dict.fromkeys(pair, 5.0)), lq.constant(1.0), 10.0)
        with pytest.raises(lq.ParameterError) as caught:
            experiment.replace({f"neuron.{derived}": 3.0})
        message = str(caught.value)
        assert caught.value.path == f"neuron.{derived}"
        assert all(name in message for name in pair)
        assert "given" in message
        kept = experiment.replace({f"neuron.{pair[0]}": 4.0}).neuron
        assert getattr(kept, pair[1]) == 5.0


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("neuron.V_thh", "V_th"),
        ("neuron.Vth", "V_th"),
        ("neuron.v_reset", "V_reset"),
        ("nueron.V_th", "neuron.V_th"),
        ("current.0.amplitud", "amplitude"),
        ("current.bas.amplitude", "base"),
        ("duratoin", "duration"),
        ("V0", "V_0"),
    ],
)
def test_unknown_paths_are_named_with_the_likeliest(path, hint):
    """A path that leads nowhere is refused, and the likeliest right one is offered."""
    with pytest.raises(lq.UnknownNameError) as caught:
        sample().replace({path: 1.0})
    assert f"Did you mean `{hint}`?" in str(caught.value)
    assert str(caught.value).startswith(f"'{path.rpartition('.')[0]}")
    with pytest.raises(lq.UnknownNameError):
        sample().value(path)
    with pytest.raises(lq.UnknownNameError):
        sample().parameter(path)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            ".",
            "..",
            "neuron.",
            ".neuron",
            "neuron..V_th",
            "neuron.V_th.x",
            "current.",
            "current.0",
        ),
        *("current.0.", "current.-1.amplitude", "current.3.amplitude", "current.00.amplitude"),
        *("current.0.amplitude.x", "current.0.kind", "current.0.shape", "neuron.model"),
        *("neuron.derived", "neuron.given", "neuron.__class__", "method.dt", "method.name"),
        *("run", "lapicque", "current.parts", "current.parts.0", "current.None.amplitude"),
        *("current.1e0.amplitude", "current.+0.amplitude", "\n", "neuron.V_th\n", "x" * 10_000),
        *(None, 1, ("neuron", "V_th")),
    ],
    ids=lambda p: repr(p)[:30],
)
def test_paths_that_lead_nowhere(path):
    """A path that leads nowhere is our error of one line, from `replace` and, for texts, from
    `value`, `parameter` and `canonical`."""
    with pytest.raises(lq.LapicqueError) as caught:
        sample().replace({path: 1.0})
    assert "\n" not in str(caught.value)
    if isinstance(path, str):
        for ask in (sample().value, sample().parameter):
            with pytest.raises(lq.LapicqueError):
                ask(path)


@given(experiment=any_experiments())
@settings(max_examples=40)
def test_every_path_has_a_value_and_a_parameter(experiment):
    """Each path of `paths` has a value and is canonical, and putting its own value back changes
    nothing (but for the derived parameter, which cannot be put)."""
    data = experiment.to_dict()
    for path in experiment.paths():
        value = experiment.value(path)
        assert experiment.canonical(path) == path
        if path != "seed":
            assert experiment.parameter(path).meaning
        if path.split(".")[-1] == getattr(experiment.neuron, "derived", None):
            with pytest.raises(lq.ParameterError, match="is derived"):
                experiment.replace({path: value})
        else:
            assert experiment.replace({path: value}).to_dict() == data
    for k, part in enumerate(experiment.current.parts):
        if part.name is not None:
            for name in ("start", "stop"):
                assert experiment.canonical(f"current.{part.name}.{name}") == f"current.{k}.{name}"
                assert experiment.value(f"current.{part.name}.{name}") == getattr(part, name)


def test_paths_value_and_parameter():
    """`value` and `parameter` read what stands at a path, by number or name."""
    experiment = sample().replace({"method": lq.Euler(dt=0.1)})
    assert experiment.value("neuron.tau_m") == 10.0
    assert experiment.value("current.s.amplitude") == experiment.value("current.2.amplitude") == 0.5
    assert experiment.value("method.dt") == 0.1
    assert experiment.value("V_0") is None
    assert experiment.value("seed") is None
    assert experiment.parameter("current.1.frequency").unit == "Hz"
    assert experiment.parameter("neuron.C_m").display == "pF"
    assert experiment.parameter("duration").minimum == 0.0
    assert experiment.canonical("current.s.stop") == "current.2.stop"
    assert experiment.canonical("neuron.V_th") == "neuron.V_th"


def test_two_parts_of_one_name_cannot_be():
    """What can be built can be written and read: two parts of one name are refused when they are
    put together, or come back equal."""
    for build in (
        lambda: lq.constant(1.0, name="a") + lq.constant(2.0, name="a"),
        lambda: sample().replace({"current.s.name": "base"}).current,
    ):
        try:
            experiment = lq.Experiment(NEURON, build(), 1.0)
        except lq.ParameterError as error:
            message = str(error)
        else:
            message = "name"
            assert lq.Experiment.from_dict(experiment.to_dict()) == experiment
        assert "name" in message


def test_frozen_and_equal():
    """An experiment and its parts cannot be changed, and are equal where their recipes are."""
    experiment = sample()
    assert experiment == sample()
    assert experiment != sample().replace({"duration": 999.0})
    assert experiment != sample().replace({"current.1.phase": 1e-16})
    assert experiment != experiment.to_dict()
    one_more = experiment.replace({"current": experiment.current + lq.constant(0.0)})
    assert one_more != experiment
    assert one_more.current.equivalent(experiment.current)
    for thing, name in (
        (experiment, "duration"),
        (experiment.neuron, "V_th"),
        (experiment.current, "parts"),
        (experiment.current.parts[0], "amplitude"),
        (lq.Euler(dt=0.1), "dt"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, name, 1.0)


def test_the_caller_s_data_stays_apart():
    """Neither the dict that was read nor the one that was written is tied to the experiment."""
    times, values = [0.0, 1.0, 2.0], [1.0, 2.0, 3.0]
    experiment = lq.Experiment(NEURON, lq.sampled(times, values), 5.0)
    data = experiment.to_dict()
    back = lq.Experiment.from_dict(data)
    times[1] = 1.5
    values.append(4.0)
    data["current"][0]["values"][0] = 99.0
    data["neuron"]["V_th"] = 99.0
    assert back == experiment
    assert experiment.current.parts[0].values.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("neuron", {"model": "LIF"}),
        ("current", 1.6),
        ("current", [lq.constant(1.0)]),
        ("duration", None),
        ("duration", -1.0),
        ("method", "Euler"),
        ("method", lq.Euler),
        ("V_0", "high"),
        ("V_0", math.inf),
        ("seed", -1),
        ("seed", 2**64),
        ("seed", 1.0),
        ("seed", True),
    ],
)
def test_the_constructor_checks(name, value):
    """The constructor refuses what is wrong, by name."""
    with pytest.raises(lq.ParameterError, match=f"^'{name}' "):
        dataclasses.replace(sample(), **{name: value})
    with pytest.raises(lq.ParameterError, match=f"^'{name}' "):
        sample().replace({name: value})


def write(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_load(tmp_path, encoding, newline):
    """`load` reads .toml and .json, with or without a byte order mark, with either line end, from a
    text or a Path."""
    experiment = sample()
    toml = experiment.to_toml().replace("\n", newline)
    path = write(tmp_path, "a.toml", toml, encoding)
    assert lq.load(path) == lq.load(str(path)) == experiment
    data = json.dumps(experiment.to_dict(), indent=1).replace("\n", newline)
    for name in ("a.json", "A.JSON"):
        assert lq.load(write(tmp_path, name, data, encoding)) == experiment
    assert lq.load(write(tmp_path, "any.name", toml, encoding)) == experiment


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_load_refuses_what_is_no_file(tmp_path, suffix):
    """What cannot be read is refused with the reason, in one line."""
    (tmp_path / f"folder.{suffix}").mkdir()
    whole = sample().to_toml() if suffix == "toml" else json.dumps(sample().to_dict())
    for name, raw, reason in (
        ("missing", None, "cannot be read: No such file"),
        ("folder", None, "cannot be read"),
        ("latin", whole.replace("base", "é").encode("latin-1"), "not UTF-8"),
        ("wide", whole.encode("utf-16"), "not UTF-8"),
        ("binary", bytes(range(256)), "not UTF-8|not TOML|not JSON"),
        ("empty", b"", "'neuron' is missing" if suffix == "toml" else "not JSON"),
        ("mark", b"\xef\xbb\xbf", "'neuron' is missing" if suffix == "toml" else "not JSON"),
        ("other", b"<xml/>", "not TOML" if suffix == "toml" else "not JSON"),
    ):
        path = tmp_path / f"{name}.{suffix}"
        if raw is not None:
            path.write_bytes(raw)
        with pytest.raises(lq.LapicqueError, match=reason) as caught:
            lq.load(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(lq.ExperimentError, match="cannot be read"):
        lq.load(str(tmp_path / f"a\0b.{suffix}"))


def test_no_text_is_no_experiment():
    """`from_toml` and `from_json` refuse what is no text."""
    for read in (lq.Experiment.from_toml, lq.Experiment.from_json):
        for wrong in (None, 1, [], "{"):
            with pytest.raises(lq.ExperimentError, match="this is not"):
                read(wrong)
