"""Regular trains by closed form, and pictures of more spikes than can be drawn.

Under a constant current every spike is at ``first + k period``. The truth is that formula at 40
digits; where V between spikes is compared too, the engine's full run, which is proven elsewhere.
"""

import itertools
import math
from bisect import bisect_left, bisect_right

import mpmath as mp
import pytest
import strategies
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque.lab import traces
from lapicque.lab.traces import DRAWN_SPIKES

WIDTH = 300
BAR = 1e-10  # ms


class Train:
    """The spikes of a neuron under a constant current above its rheobase."""

    def __init__(self, experiment):
        neuron = experiment.neuron
        current = sum(mp.mpf(part.amplitude) for part in experiment.current.parts)
        start = neuron.default_V_0() if experiment.V_0 is None else experiment.V_0
        high = mp.mpf(neuron.V_th)
        if isinstance(neuron, lq.PIF):

            def rise(v):
                return mp.mpf(neuron.C_m) * (high - mp.mpf(v)) / current

        else:
            given = {name: mp.mpf(value) for name, value in neuron.given().items()}
            r = given["R_m"] if "R_m" in given else given["tau_m"] / given["C_m"]
            tau = given["tau_m"] if "tau_m" in given else r * given["C_m"]
            level = given["E_L"] + r * current

            def rise(v):
                return tau * mp.log((level - mp.mpf(v)) / (level - high))

        self.first = rise(start) if start < neuron.V_th else mp.mpf(0)
        self.period = rise(neuron.V_reset) + mp.mpf(neuron.t_ref)

    def at(self, k):
        return self.first + k * self.period

    def count(self, end):
        """How many spikes lie in ``[0, end]``, in real numbers."""
        return max(0, int(mp.floor((mp.mpf(end) - self.first) / self.period)) + 1)

    def between(self, low, high, end):
        """The spikes whose doubles lie in ``[low, high]``, of a run up to ``end``."""
        k = max(0, int((mp.mpf(low) - self.first) / self.period) - 2)
        found = []
        while k < self.count(end) and float(self.at(k)) <= high:
            if float(self.at(k)) >= low:
                found.append(self.at(k))
            k += 1
        return found


@pytest.fixture(autouse=True)
def forty_digits():
    with mp.workdps(40):
        yield


def drawn(experiment, window=None, width=WIDTH):
    """What the lab draws, through its closed form: these runs have more than a thousand spikes."""
    return traces.trace(experiment, window, width)


def shown(result):
    return {r["name"]: r["value"] for r in result["readouts"]}


CORNER = lq.LIF(R_m=1.0, C_m=0.1, E_L=0.0, V_th=1.0, V_reset=0.95)
SLOW = lq.LIF(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-66.0)
CASES = {
    "thousand": lq.Experiment(SLOW, lq.constant(1.7), 3e4),
    "two currents": lq.Experiment(SLOW, lq.constant(0.1) + lq.constant(1.7), 3e4),
    "just above rheobase": lq.Experiment(SLOW, lq.constant(1.5 * (1 + 1e-7)), 2.5e5),
    "refractory": lq.Experiment(SLOW.replace(t_ref=1.7), lq.constant(7.1), 3e4),
    "rest above threshold": lq.Experiment(
        SLOW.replace(E_L=-40.0), lq.constant(0.0), 3e4, V_0=-66.0
    ),
    "by tau_m": lq.Experiment(
        lq.LIF(tau_m=0.3, R_m=7.0, V_th=-50.0, V_reset=-58.0, t_ref=0.1), lq.constant(3.3), 2e4
    ),
    "by tau_m and C_m": lq.Experiment(
        lq.LIF(tau_m=0.3, C_m=0.07, V_th=-50.0, V_reset=-58.0), lq.constant(7.3), 2e4
    ),
    "perfect": lq.Experiment(lq.PIF(C_m=0.3, V_th=1.1, V_reset=0.2), lq.constant(0.7), 1e4),
    "perfect, refractory": lq.Experiment(
        lq.PIF(C_m=0.3, V_th=1.1, V_reset=0.2, t_ref=0.37), lq.constant(0.7), 1e4
    ),
    "starts above": lq.Experiment(SLOW, lq.constant(7.1), 1e4, V_0=-30.0),
    "starts at the threshold": lq.Experiment(SLOW, lq.constant(7.1), 1e4, V_0=-50.0),
    "starts far below": lq.Experiment(SLOW, lq.constant(7.1), 1e4, V_0=-1e30),
    "a hundred thousand": lq.Experiment(CORNER, lq.constant(10.0), 100.0),
    "a million": lq.Experiment(CORNER, lq.constant(10.0, stop=700.0), 600.0, V_0=0.95),
    "a million, late": lq.Experiment(CORNER, lq.constant(10.0), 600.0, V_0=-1e30),
}


@pytest.mark.parametrize("name", CASES)
def test_the_numbers_of_a_regular_train(name):
    """Count, rate, first spike and interval. Truth: the formula."""
    experiment = CASES[name]
    train = Train(experiment)
    found = shown(drawn(experiment))
    count = train.count(experiment.duration)
    assert count > 1000
    assert found["spike_count"] == count
    assert found["rate"] == pytest.approx(1000.0 * count / experiment.duration, rel=1e-15)
    assert found["first_spike"] == pytest.approx(float(train.first), rel=4e-16, abs=1e-300)
    assert abs(found["mean_isi"] - train.period) <= 1e-15 * train.period
    assert found["isi_cv"] == pytest.approx(0.0, abs=1e-9)


def windows(train, duration):
    """Windows of a train: at both ends and in the middle, from spike to spike, between spikes, and
    one that holds a single spike and nothing else."""
    count = train.count(duration)
    k = min(count - 20, max(3, int(0.618 * count)))
    t = [float(train.at(k + j)) for j in range(4)]
    some = 12 * float(train.period)
    yield 0.0, some
    yield 0.0, min(duration, float(train.first) + some)
    yield max(0.0, float(train.first) - some), float(train.first)
    yield float(train.first), float(train.first) + some
    yield duration - some, duration
    yield float(train.at(count - 1)), duration
    yield t[0] - 0.5 * some, t[0] + 0.5 * some
    yield t[0], t[3]
    yield math.nextafter(t[0], math.inf), t[3]
    yield t[0], math.nextafter(t[3], 0.0)
    yield t[0], t[0] + 0.3 * float(train.period)
    yield t[0] + 0.2 * float(train.period), t[0] + 0.8 * float(train.period)


@pytest.mark.parametrize("name", CASES)
def test_the_spikes_of_any_window(name):
    """Each window shows the spikes whose doubles lie in it, all of them and no other, within 1e-10
    ms of the formula; numbers and sentence are those of the whole run."""
    experiment = CASES[name]
    train = Train(experiment)
    whole = drawn(experiment)
    for low, high in windows(train, experiment.duration):
        result = drawn(experiment, [low, high])
        assert result["window"] == [low, high]
        truth = train.between(low, high, experiment.duration)
        assert len(result["spikes"]) == len(truth), (low, high)
        errors = [abs(a - b) for a, b in zip(result["spikes"], truth, strict=True)]
        assert max(errors, default=0) <= BAR
        assert result["crowded"] is None
        assert result["readouts"] == whole["readouts"]
        assert result["sentence"] == whole["sentence"]


def potential(experiment, train, t, left):
    """V by formula from the last spike before t, or from the start."""
    neuron = experiment.neuron
    start = neuron.default_V_0() if experiment.V_0 is None else experiment.V_0
    k = int(mp.floor((mp.mpf(t) - train.first) / train.period))
    if left and train.at(k) == t:
        k -= 1
    v, s = (mp.mpf(start), mp.mpf(t)) if k < 0 else (mp.mpf(neuron.V_reset), t - train.at(k))
    if k >= 0:
        s = max(mp.mpf(0), s - mp.mpf(neuron.t_ref))
    current = sum(mp.mpf(part.amplitude) for part in experiment.current.parts)
    if isinstance(neuron, lq.PIF):
        return v + current * s / mp.mpf(neuron.C_m)
    level = mp.mpf(neuron.E_L) + mp.mpf(neuron.R_m) * current
    return level + (v - level) * mp.exp(-s / mp.mpf(neuron.tau_m))


@pytest.mark.parametrize("name", [n for n in CASES if "far" not in n and "late" not in n])
def test_the_line_of_any_window(name):
    """V is the formula's at every point of the line but the spikes, where it stands at V_th and
    then at V_reset; between points more than half a pixel apart it is right to a pixel of 500, or
    to a quarter of a pixel sideways."""
    experiment = CASES[name]
    neuron, train = experiment.neuron, Train(experiment)
    tall = neuron.V_th - neuron.V_reset
    for low, high in windows(train, experiment.duration):
        result = drawn(experiment, [low, high])
        times, values = result["t"], result["V"]
        assert (times[0], times[-1]) == (low, high)
        spikes = set(result["spikes"])
        steepest = tall / float(train.period - mp.mpf(neuron.t_ref)) * 1e3
        for k, (t, v) in enumerate(zip(times, values, strict=True)):
            if t not in spikes:
                truth = potential(experiment, train, t, False)
                assert abs(v - truth) <= 1e-9 * tall + steepest * 1e-11, (low, high, t)
            elif t > 0.0:
                before = k + 1 < len(times) and times[k + 1] == t
                expected = neuron.V_th if before else neuron.V_reset
                assert v == pytest.approx(expected, abs=1e-9 * tall)
        for (a, va), (b, vb) in itertools.pairwise(zip(times, values, strict=True)):
            if b - a > 0.51 * (high - low) / WIDTH:
                middle = 0.5 * (a + b)
                truth = potential(experiment, train, middle, False)
                aside = 0.25 * (high - low) / WIDTH / (b - a) * abs(va - vb)
                assert abs(0.5 * (va + vb) - truth) <= 2e-3 * max(tall, abs(va - vb)) + aside


@given(
    neuron=strategies.renewal_neurons(),
    above=strategies.spread(1e-3, 1e3),
    many=strategies.spread(1100.0, 2e4),
    v_0=st.none() | strategies.numbers(-50.0, 10.0),
    cut=st.tuples(strategies.numbers(0.0, 1.0), strategies.spread(1e-4, 1.0)),
)
@settings(max_examples=40)
def test_a_window_of_a_regular_train_is_that_of_the_full_run(neuron, above, many, v_0, cut):
    """Any neuron, current, start and window: spikes and V as in a full run of the engine."""
    current = neuron.rheobase() + above * (neuron.V_th - neuron.V_reset) / neuron.C_m
    start = None if v_0 is None else neuron.V_th + v_0
    experiment = lq.Experiment(neuron, lq.constant(current), 1.0, V_0=start)
    train = Train(experiment)
    duration = float(train.first + many * train.period)
    assume(duration < 5e5)
    experiment = experiment.replace({"duration": duration})
    full = experiment.run()
    assert full.spike_count > 1000
    low = cut[0] * duration
    high = min(duration, low + cut[1] * duration)
    result = drawn(experiment, [low, high])
    assert shown(result)["spike_count"] == full.spike_count
    spikes = full.spikes[bisect_left(full.spikes, low) : bisect_right(full.spikes, high)].tolist()
    assert len(result["spikes"]) == len(spikes)
    for a, b in zip(result["spikes"], spikes, strict=True):
        assert abs(a - b) <= BAR
    if len(spikes) > WIDTH:
        return
    near = {*spikes, *result["spikes"]}
    steepest = abs(current) / neuron.C_m + 100.0
    for t, v in zip(result["t"], result["V"], strict=True):
        if t not in near:
            assert abs(v - full.voltage(t)) <= steepest * BAR + 1e-9


def test_a_run_that_ends_on_a_spike():
    """The double nearest to a spike lies before or after it: that decides whether the run has it,
    in the count as in the picture. Truth: 40 digits."""
    for base in ("thousand", "refractory", "perfect", "a hundred thousand"):
        train = Train(CASES[base])
        sides = set()
        for k in range(1500, 1530):
            end = float(train.at(k))
            experiment = CASES[base].replace({"duration": end})
            count = train.count(end)
            assert count == k + (1 if train.at(k) <= end else 0)
            sides.add(count - k)
            result = drawn(experiment)
            assert shown(result)["spike_count"] == count
            assert result["crowded"] is None
            assert len(result["spikes"]) == count
            low = end - 3 * float(train.period)
            result = drawn(experiment, [low, end])
            assert shown(result)["spike_count"] == count
            assert len(result["spikes"]) == len(train.between(low, end, end))
        if base != "perfect":
            assert sides == {0, 1}


def test_a_current_that_ends_with_the_run():
    """A pulse as long as the run is a constant current: the same picture and sentence."""
    for stop in (100.0, 100.0001, 1e3):
        constant = lq.Experiment(CORNER, lq.constant(10.0), 100.0)
        pulse = lq.Experiment(CORNER, lq.step(10.0, 0.0, stop), 100.0)
        for window in (None, [0.0, 1.0], [99.9, 100.0]):
            a, b = drawn(constant, window), drawn(pulse, window)
            for name in ("t", "V", "spikes", "readouts", "sentence", "crowded"):
                assert a[name] == b[name], (name, window)


def test_the_sentence_counts_the_whole_run():
    """Whatever part is drawn, the sentence speaks of all: count and first spike of a perfect
    integrator, the interval of a leaky one. Truth: the formula."""
    experiment = CASES["perfect"]
    train = Train(experiment)
    count = train.count(experiment.duration)
    for window in (None, [0.0, 1e-3], [5000.0, 5001.0], [9999.0, 1e4]):
        text = drawn(experiment, window)["sentence"]
        assert text.startswith(f"{count} spikes, the first at {float(train.first):.5g} ms"), text
    crowd = experiment.replace({"duration": 1e6})
    text = drawn(crowd)["sentence"]
    assert text.startswith(f"{train.count(1e6)} spikes, the first at {float(train.first):.5g} ms")
    for name in ("starts far below", "a million, late"):
        train = Train(CASES[name])
        for window in (None, [0.0, 1.0]):
            text = drawn(CASES[name], window)["sentence"]
            assert text.endswith(f"fires every {float(train.period):.5g} ms."), text


# Crowded pictures ---------------------------------------------------------------------------


def columns(result, width):
    """The points of each pixel column, with those of the next column's first time."""
    low, high = result["window"]
    step = (high - low) / width
    points = list(zip(result["t"], result["V"], strict=True))
    times = result["t"]
    for k in range(width):
        begin, end = low + k * step, low + (k + 1) * step
        first = bisect_left(times, begin - 1e-9 * step)
        last = bisect_right(times, end + 1e-9 * step)
        yield begin, end, [v for _, v in points[first:last]]


@pytest.mark.parametrize("width", [1, 7, 333, 800])
@pytest.mark.parametrize("name", ["a hundred thousand", "a million", "a million, late"])
@pytest.mark.parametrize("cut", [(0.0, 1.0), (0.25, 0.75), (0.5, 1.0)])
def test_a_crowded_picture_is_a_full_band(name, width, cut):
    """More spikes than are drawn: from the first one on, every column goes from V_reset to V_th and
    no further; before it the line is V's own. Truth: the formula."""
    experiment = CASES[name]
    neuron, train = experiment.neuron, Train(experiment)
    low, high = (c * experiment.duration for c in cut)
    result = drawn(experiment, [low, high], width)
    assert result["spikes"] == []
    count = train.count(high) - train.count(low)
    assert count > DRAWN_SPIKES
    assert result["crowded"]["spike_count"] == count
    assert result["crowded"]["message"].startswith(f"{count} spikes: more than the 20000")
    assert len(result["t"]) <= 4 * width + 60
    assert (result["t"][0], result["t"][-1]) == (low, high)
    assert result["t"] == sorted(result["t"])
    for begin, end, values in columns(result, width):
        if end >= train.first:
            assert max(values) == neuron.V_th
        if begin >= train.first:
            assert min(values) == neuron.V_reset
    for t, v in zip(result["t"], result["V"], strict=True):
        if t < float(train.first):
            truth = potential(experiment, train, t, False)
            assert abs(v - truth) <= 1e-9 * abs(truth) + 1e-9


def test_the_opening_of_a_crowded_run_is_drawn():
    """A run that starts far below climbs for 39 ms before 260,000 spikes follow: half a pixel off
    at most, or a quarter sideways. Truth: V = 10 + (V_0 - 10) exp(-t/tau)."""
    experiment = lq.Experiment(CORNER.replace(C_m=20.0, V_reset=0.9999), lq.constant(10.0), 100.0)
    experiment = experiment.replace({"V_0": -50.0})
    train = Train(experiment)
    assert 35.0 < train.first < 40.0
    result = drawn(experiment, None, 500)
    assert result["crowded"]["spike_count"] == train.count(100.0) > DRAWN_SPIKES
    opening = [(t, v) for t, v in zip(result["t"], result["V"], strict=True) if t <= train.first]
    assert opening[0] == (0.0, -50.0)
    for (a, va), (b, vb) in itertools.pairwise(opening):
        aside = 0.25 * 100.0 / 500 / (b - a) * abs(va - vb) if b > a else 0.0
        for share in (0.25, 0.5, 0.75):
            truth = potential(experiment, train, a + share * (b - a), False)
            assert abs(va + share * (vb - va) - truth) <= 51.0 / 500 / 2 + aside


@given(
    duration=strategies.spread(1e-2, 1e30),
    current=strategies.spread(1.2, 1e3),
    start=strategies.spread(1e-3, 1e6),
)
@settings(max_examples=200)
def test_any_number_of_spikes_is_answered_at_once(duration, current, start):
    """Up to more spikes than doubles can count: a count that is right to the last digit it has, or
    "more than" what is truly exceeded."""
    experiment = lq.Experiment(CORNER, lq.constant(current), duration, V_0=1.0 - start)
    train = Train(experiment)
    count = train.count(duration)
    result = drawn(experiment)
    found = shown(result)["spike_count"]
    if found is None:
        assert count > result["crowded"]["more_than"]
        assert count > 1e12
    else:
        assert found == count if count < 1e9 else abs(found - count) <= 1e-14 * count
    if result["crowded"]:
        assert count > DRAWN_SPIKES
    else:
        assert len(result["spikes"]) == count


# Counted, or too many to count --------------------------------------------------------------


@given(
    experiment=strategies.free_experiments(),
    scale=strategies.spread(1.0, 300.0),
    longer=strategies.spread(1.0, 1e3),
)
@settings(max_examples=40)
def test_more_than_is_never_said_in_vain(experiment, scale, longer):
    """Where the lab says "more than N spikes" the run has more than N, and where it counts it
    counts right. Truth: the engine, with a cap far above the lab's."""
    experiment = lq.Experiment(
        experiment.neuron, experiment.current * scale, min(longer * experiment.duration, 3000.0)
    )
    result = drawn(experiment, width=50)
    count = shown(result)["spike_count"]
    if count is not None:
        assert experiment.run(int(count)).spike_count == count
        return
    more_than = result["crowded"]["more_than"]
    assert result["sentence"] == f"More than {more_than} spikes: too many to count here."
    assert result["readouts"][0]["text"] == f"> {more_than}"
    assert (result["t"], result["V"], result["spikes"]) == ([], [], [])
    with pytest.raises(lq.LimitError):
        experiment.run(more_than)


def test_a_hopeless_run_is_refused_at_once():
    """Under a sine a million spikes are never made: the bound suffices. Truth: 10 nA into 0.1 nF
    lift a perfect integrator by 0.05 mV two hundred thousand times in 100 ms."""
    neuron = lq.PIF(C_m=0.1, V_th=1.0, V_reset=0.95)
    experiment = lq.Experiment(neuron, lq.constant(10.0) + lq.sine(1.0, 50.0), 100.0)
    result = drawn(experiment)
    assert result["crowded"]["spike_count"] is None
    assert result["crowded"]["more_than"] >= DRAWN_SPIKES
    assert result["crowded"]["more_than"] < 10.0 * 100.0 / (0.1 * 0.05)
