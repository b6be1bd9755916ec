"""Batches: a row is the run of the experiment with the row's numbers, and nothing else.

The truth is `lapicque.simulate` of each row, one by one, whose own truth other files establish.
Interpreted, a batch is the same arithmetic: spike times are the same doubles.
"""

from __future__ import annotations

import itertools
import math
import pickle
import sys

import numpy as np
import pytest
import strategies
from hypothesis import assume, given
from hypothesis import strategies as st

import lapicque as lq
from lapicque import batch as batches
from lapicque import compile as compiler
from lapicque.features import features

NUMBERS = ["spike_count", "rate", "steady_rate", "first_spike", "latency", "mean_isi", "isi_cv"]
LIF = lq.LIF(R_m=10.0, C_m=1.0, t_ref=2.0)
DRIVE = lq.constant(1.6) + lq.sine(0.8, 17.0)


def trains(results):
    """One array of spike times for each row."""
    return np.split(results["spike_times"], np.cumsum(results["spike_count"])[:-1])


def same(found, expected, name):
    """Whether two features agree: NaN where there is none, else to 1e-9 of it."""
    if math.isnan(expected) or math.isnan(found):
        return math.isnan(expected) and math.isnan(found)
    # A regular train's intervals differ by rounding alone: there isi_cv is 0 in closed form.
    return abs(found - expected) <= 1e-9 * max(1.0 if name == "isi_cv" else 0.0, abs(expected))


@st.composite
def columns(draw, experiment):
    """Three rows of numbers for some of an experiment's paths, near its own."""
    derived = f"neuron.{getattr(experiment.neuron, 'derived', '')}"
    paths = [p for p in experiment.paths() if p not in ("seed", derived)]
    chosen = draw(st.lists(st.sampled_from(paths), min_size=1, max_size=3, unique=True))
    table = {}
    for path in chosen:
        base = experiment.V_0 if path == "V_0" else experiment.value(path)
        if base is None:
            base = experiment.neuron.default_V_0() if path == "V_0" else experiment.duration
        potential = path == "V_0" or experiment.parameter(path).unit == "mV"
        moves = st.lists(strategies.numbers(-0.4, 0.4), min_size=3, max_size=3)
        table[path] = np.array([base + x if potential else base * (1.0 + x) for x in draw(moves)])
    return table


def one_by_one(batch, table):
    """The rows as single runs; None for one that a limit or rule refuses."""
    found = []
    for k in range(3):
        try:
            found.append(batch.row(k, table).run())
        except lq.LapicqueError:
            found.append(None)
    return found


def checked(batch, table):
    """Check the columns, then run them."""
    return batch.run(batch.check(table))


def compare(experiment, table, exactly):
    """Hold a batch against single runs; return how many spikes were compared."""
    batch = batches.Batch(experiment, list(table), [*NUMBERS, "spike_times"], compiled=not exactly)
    expected = one_by_one(batch, table)
    if None in expected:
        with pytest.raises(lq.LapicqueError):
            checked(batch, table)
        return 0
    results = checked(batch, table)
    for k, (response, train) in enumerate(zip(expected, trains(results), strict=True)):
        assert len(train) == response.spike_count == results["spike_count"][k]
        if exactly:
            assert train.tolist() == list(response.spikes)
        elif len(train):
            assert np.abs(train - response.spike_times).max() <= 1e-9
        for name in NUMBERS:
            if exactly or name not in ("isi_cv", "steady_rate", "latency"):
                assert same(results[name][k], features()[name].function(response), name), name
    return len(results["spike_times"])


@given(st.data())
def test_interpreted_rows_are_single_runs(data):
    """The same doubles, for any neuron, current and method, thresholds near peaks included."""
    experiment = data.draw(strategies.experiments())
    method = data.draw(st.one_of(st.none(), strategies.methods()))
    experiment = experiment.replace({"method": method}) if method else experiment
    compare(experiment, data.draw(columns(experiment)), exactly=True)


compiled = pytest.mark.skipif(not compiler.available(), reason="numba is not installed")


@compiled
@given(st.data())
def test_compiled_rows_are_single_runs(data):
    """As above to 1e-9 ms: a compiler may round otherwise."""
    experiment = data.draw(strategies.experiments())
    method = data.draw(st.one_of(st.none(), strategies.methods()))
    experiment = experiment.replace({"method": method}) if method else experiment
    table = data.draw(columns(experiment))
    # A peak that doubles cannot tell from the threshold is a spike for one and none for the other.
    runs = one_by_one(batches.Batch(experiment, list(table), ["rate"]), table)
    assume(not any(run is not None and len(run.grazes) for run in runs))
    compare(experiment, table, exactly=False)


@st.composite
def sampled_rows(draw):
    """An experiment with a sampled current, even or uneven, and samples for three rows."""
    neuron = draw(strategies.neurons())
    count = draw(st.integers(2, 30))
    gaps = draw(st.lists(strategies.spread(0.01, 20.0), min_size=count - 1, max_size=count - 1))
    step = draw(strategies.spread(0.05, 10.0))
    even = draw(st.booleans())
    times = [step * k for k in range(count)] if even else [0.0, *itertools.accumulate(gaps)]
    begin = draw(st.sampled_from([0.0, 3.0, -2.0]))
    held = draw(st.booleans())
    ends = {"interpolation": "hold", "stop": begin + times[-1] + step} if held else {}
    size = min(abs(neuron.rheobase()) or 1.0, 10.0)
    level = strategies.numbers(-1.0, 4.0).map(lambda x: x * size)
    table = [[draw(level) for _ in range(count)] for _ in range(3)]
    current = lq.sampled(times, table[0], start=begin, **ends)
    if draw(st.integers(0, 3)) == 0:
        current = current + lq.constant(0.1 * size)
    duration = times[-1] * draw(st.sampled_from([0.4, 1.0, 1.3])) + begin + 2.0
    return lq.Experiment(neuron, current, duration), {"current.0.values": np.array(table)}


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=compiled)])
@given(given=sampled_rows())
def test_rows_of_samples_are_single_runs(compiled, given):
    """Every spike to 1e-9 ms: the quick pass over samples leaves out what it proves to be quiet."""
    experiment, table = given
    names = ["spike_count", "first_spike", "latency", "spike_times"]
    batch = batches.Batch(experiment, list(table), names, compiled=compiled)
    runs = one_by_one(batch, table)
    assume(not any(run is None or len(run.grazes) for run in runs))
    results = checked(batch, table)
    for k, (response, train) in enumerate(zip(runs, trains(results), strict=True)):
        assert len(train) == response.spike_count
        if len(train):
            assert np.abs(train - response.spike_times).max() <= 1e-9
        for name in ("first_spike", "latency"):
            expected = features()[name].function(response)
            assert results[name][k] == pytest.approx(expected, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=compiled)])
@pytest.mark.parametrize(
    "neuron", [LIF, lq.PIF(), lq.AdaptiveLIF(), lq.MAT(), *(lq.GLIF(level=k) for k in range(1, 6))]
)
@pytest.mark.parametrize(
    "method", [None, lq.Euler(dt=0.01), lq.RK4(dt=0.25, locate="hermite")], ids=str
)
def test_voltages_are_those_of_single_runs(method, neuron, compiled):
    """V at chosen times, between spikes, at kicks and at both ends, to 1e-11 mV."""
    current = lq.constant(1.4) + lq.sine(0.9, 17.0) + lq.kicks([0.0, 7.0, 20.0], jump=4.0)
    experiment = lq.Experiment(neuron, current, 60.0, method=method)
    times = np.array([0.0, 0.5, 6.999, 7.0, 20.0, 31.25, 60.0])
    table = {"neuron.V_th": neuron.V_th + np.linspace(-3.0, 3.0, 9)}
    batch = batches.Batch(experiment, list(table), ["voltage"], times=times, compiled=compiled)
    found = batch.run(table)["voltage"]
    assert found.shape == (9, 7)
    for k, volts in enumerate(found):
        assert np.abs(volts - batch.row(k, table).run().voltage(times)).max() <= 1e-11


def spiking(rows, current=DRIVE):
    """A batch that spikes some dozens of times a row, and its columns."""
    experiment = lq.Experiment(LIF, current, 1000.0)
    return experiment, {
        "neuron.R_m": np.linspace(12.0, 30.0, rows),
        "neuron.t_ref": np.linspace(0.0, 3.0, rows),
    }


@compiled
@pytest.mark.parametrize("current", [lq.constant(2.0), DRIVE])
def test_threads_and_blocks_change_nothing(current):
    """One thread, three, or the rows cut into blocks: the same doubles, in the same order."""
    experiment, table = spiking(301, current)
    batch = batches.Batch(experiment, list(table), [*NUMBERS, "spike_times"])
    whole = batch.run(table, threads=1)
    assert whole["spike_count"].min() > 0
    assert len(whole["spike_times"]) == whole["spike_count"].sum() > 19_000
    again = pickle.loads(pickle.dumps(batch)).run(table, threads=3)
    cuts = [0, 1, 17, 200, 301]
    parts = [
        batch.run({path: values[a:b] for path, values in table.items()})
        for a, b in itertools.pairwise(cuts)
    ]
    for name, values in whole.items():
        assert np.array_equal(values, again[name], equal_nan=True)
        joined = np.concatenate([part[name] for part in parts])
        assert np.array_equal(values, joined, equal_nan=True)


@pytest.mark.parametrize("current", [lq.constant(1.6), DRIVE])
def test_a_discarded_beginning(current):
    """Counts, rates and trains without the spikes before it, as NumPy leaves them out."""
    experiment = lq.Experiment(LIF, current, 500.0)
    table = {"neuron.R_m": np.linspace(8.0, 30.0, 7)}
    names = [*NUMBERS, "spike_times"]
    late = batches.Batch(experiment, list(table), names, discard=123.0, compiled=False).run(table)
    whole = batches.Batch(experiment, list(table), names, compiled=False).run(table)
    for k, (train, full) in enumerate(zip(trains(late), trains(whole), strict=True)):
        kept = full[full >= 123.0]
        assert train.tolist() == kept.tolist()
        assert late["spike_count"][k] == len(kept)
        assert late["rate"][k] == pytest.approx(1000.0 * len(kept) / 377.0, rel=1e-15)
        if len(kept) > 1:
            assert late["mean_isi"][k] == pytest.approx(np.diff(kept).mean(), rel=1e-12)
        if len(kept):
            assert late["first_spike"][k] == kept[0]
            assert late["latency"][k] == pytest.approx(kept[0] - 123.0, abs=1e-12)


def test_functions_of_the_user():
    """Called with each row as a response: its spike times, and V by a run of its own."""

    def second_spike(response):
        """Time of the second spike."""
        return response.spike_times[1] if response.spike_count > 1 else math.nan

    def middle(response):
        return response.voltage(500.0)

    experiment, table = spiking(5)
    batch = batches.Batch(experiment, list(table), [second_spike, middle], compiled=False)
    assert batch.features["second_spike"].meaning == "Time of the second spike"
    found = batch.run(table)
    assert list(found) == ["second_spike", "middle"]
    runs = [batch.row(k, table).run() for k in range(5)]
    assert found["second_spike"].tolist() == [run.spike_times[1] for run in runs]
    assert found["middle"].tolist() == [run.voltage(500.0) for run in runs]


SPIKING = lq.Experiment(lq.LIF(), lq.constant(1.6), 100.0)
ASKED_AGAIN = {
    "a whole list": (
        lq.Experiment(lq.AdaptiveLIF(b=[0.1, 0.2], tau_w=[10.0, 99.0]), lq.constant(3.0), 9.0),
        ["neuron.b"],
        "'neuron.b' must name one of its 2 entries. Write neuron.b.0.",
    ),
    "one number twice": (
        lq.Experiment(lq.AdaptiveLIF(), lq.constant(3.0), 9.0),
        ["neuron.b", "neuron.b.0"],
        "'axes' must vary each number once (got 'neuron.b.0')",
    ),
}


@pytest.mark.parametrize("case", ASKED_AGAIN)
def test_a_path_means_one_number(case):
    """Else a column would be that of another number than the user thinks of."""
    experiment, paths, words = ASKED_AGAIN[case]
    with pytest.raises(lq.ParameterError) as caught:
        batches.Batch(experiment, paths, ["rate"])
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("experiment", "table"),
    [
        # No current, so no onset; a kick that comes after the end.
        (
            lq.Experiment(lq.LIF(E_L=-40.0), lq.constant(0.0), 100.0, V_0=-60.0),
            {"neuron.R_m": 10.0},
        ),
        (
            SPIKING.replace({"current": lq.kicks([10.0], jump=30.0) + lq.constant(1.6)}),
            {"duration": 5.0},
        ),
        # Longer than any run.
        (SPIKING.replace({"method": lq.Euler(dt=0.1)}), {"neuron.t_ref": 1e30}),
        (lq.Experiment(lq.MAT(), lq.constant(0.8), 99.0, lq.Euler(dt=0.1)), {"neuron.t_ref": 1e18}),
    ],
)
@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=compiled)])
def test_rows_that_are_easily_told_wrong(experiment, table, compiled):
    """Found by readers: each feature is that of the single run."""
    columns = {path: np.array([value]) for path, value in table.items()}
    batch = batches.Batch(experiment, list(table), NUMBERS, compiled=compiled)
    results, response = batch.run(columns), batch.row(0, columns).run()
    for name in NUMBERS:
        assert same(results[name][0], features()[name].function(response), name), name


def test_functions_cannot_change_what_others_see():
    """Spike times are read-only; an error says where it happened; a name is one's own."""

    def clip(response):
        response.spike_times[:] = 0.0
        return 0.0

    def time(response):
        return 0.0

    def words(response):
        return "many"

    table = {"neuron.R_m": np.array([20.0, 30.0])}
    with pytest.raises(ValueError, match="read-only") as caught:
        batches.Batch(SPIKING, list(table), [clip], compiled=False).run(table)
    assert caught.value.__notes__ == ["in the feature 'clip' of row 0"]
    with pytest.raises(lq.ParameterError, match=r"'features.words' must return a number"):
        batches.Batch(SPIKING, list(table), [words], compiled=False).run(table)
    for nameless in (time, lambda response: 0.0):
        with pytest.raises(lq.ParameterError, match="functions with names of their own"):
            batches.Batch(SPIKING, list(table), [nameless])


@pytest.mark.parametrize(
    ("path", "values", "words"),
    [
        ("neuron.C_m", [1.0, -3.0], "'neuron.C_m' must be > 0 nF (got -3.0)"),
        ("neuron.R_m", [math.nan, 1.0], "'neuron.R_m' must be > 0 MOhm (got nan)"),
        ("neuron.V_reset", [-60.0, -50.0], "'neuron.V_reset' must be < V_th = -50 mV when t_ref"),
        ("duration", [10.0, -1.0], "'duration' must be >= 0 ms (got -1.0)"),
    ],
)
def test_a_bad_number_in_a_column(path, values, words):
    """The message is that of the experiment with this number."""
    experiment = lq.Experiment(lq.LIF(R_m=10.0, C_m=1.0), lq.constant(1.6), 100.0)
    table = {path: np.array(values)}
    batch = batches.Batch(experiment, [path], ["rate"])
    with pytest.raises(lq.ParameterError) as caught:
        batch.check(table)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((["neuron.R_n"], ["rate"]), "Did you mean `neuron.R_m`"),
        ((["neuron.tau_m"], ["rate"]), "'neuron.tau_m' is derived here: R_m and C_m are given"),
        ((["neuron.R_m"], ["rates"]), "Did you mean `rate`"),
        ((["neuron.R_m"], ["rate", "rate"]), "'features' must be different"),
        ((["neuron.R_m"], []), "'features' must name at least one feature"),
        ((["neuron.R_m"], ["voltage"]), "'times' is missing"),
    ],
)
def test_what_cannot_be_asked(arguments, words):
    """Refused before anything runs."""
    experiment = lq.Experiment(LIF, lq.constant(1.6), 100.0)
    with pytest.raises(lq.ParameterError) as caught:
        batches.Batch(experiment, *arguments)
    assert words in str(caught.value)


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=compiled)])
def test_a_row_that_cannot_be_run(compiled):
    """Named with its numbers: a reset above the threshold, without a refractory period."""
    neuron = lq.GLIF(level=2, t_ref=0.0)
    table = {"neuron.voltage_reset_add": np.array([10.0, 60.0])}
    batch = batches.Batch(
        lq.Experiment(neuron, lq.constant(1.0), 100.0), list(table), ["rate"], compiled=compiled
    )
    with pytest.raises(lq.LimitError, match=r"row 1 \(neuron.voltage_reset_add = 60\)"):
        batch.run(table)


@compiled
def test_compiled_kernels_lie_in_a_folder_of_their_hash(tmp_path, monkeypatch):
    """An edit makes another folder; one that cannot be written is done without."""
    monkeypatch.setenv("LAPICQUE_CACHE", str(tmp_path))

    def make():
        for name in [n for n in sys.modules if n.startswith("lapicque_kernels_")]:
            monkeypatch.delitem(sys.modules, name)
        return compiler.kernels.__wrapped__()

    first = make().__file__
    assert first.startswith(str(tmp_path))
    assert make().__file__ == first
    real = compiler.decorated
    monkeypatch.setattr(
        compiler, "decorated", lambda name, text: real(name, text + "\nEDITED = 1\n")
    )
    assert make().__file__ != first
    monkeypatch.setenv("LAPICQUE_CACHE", str(tmp_path / "file" / "below"))
    (tmp_path / "file").write_text("")
    assert not make().__file__.startswith(str(tmp_path))
