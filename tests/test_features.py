"""Features: each against its formula on spike trains that are given."""

import dataclasses
import math
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lapicque as lq
from lapicque.features import Feature
from lapicque.units import parse_unit

DURATION = 100.0
NEURON = lq.LIF(R_m=10.0, C_m=1.0, t_ref=2.0)


def train(*spikes, duration=DURATION, current=None, method=None):
    """A response with these spikes; a fixed-step one, so that no closed form knows better."""
    method = method or lq.Euler(dt=50.0)
    quiet = lq.simulate(NEURON, current or lq.constant(0.0), duration, method=method)
    times = array("d", spikes)
    return dataclasses.replace(quiet, spikes=times, spikes_lo=array("d", bytes(8 * len(times))))


def value(name, response):
    return lq.features()[name].function(response)


increasing = st.lists(st.floats(0.001, 5.0), max_size=20).map(lambda gaps: np.cumsum(gaps).tolist())


@given(increasing)
def test_features_are_their_formulas(spikes):
    """The truth: NumPy on the same spike times; NaN where a formula has nothing to work on."""
    response = train(*spikes)
    gaps = np.diff(spikes)
    n = len(spikes)
    assert value("spike_count", response) == n
    assert value("rate", response) == pytest.approx(1000.0 * n / DURATION, rel=1e-15)
    nan = math.nan
    for name, truth in {
        "first_spike": spikes[0] if n else nan,
        "mean_isi": gaps.mean() if n > 1 else nan,
        "steady_rate": 1000.0 / gaps[-1] if n > 1 else nan,
    }.items():
        assert value(name, response) == pytest.approx(truth, rel=1e-12, nan_ok=True), name
    cv = gaps.std() / gaps.mean() if n > 2 else nan
    assert value("isi_cv", response) == pytest.approx(cv, rel=1e-9, abs=1e-13, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("rate", train(duration=0.0, method=lq.Euler(dt=1.0))),
        ("first_spike", train()),
        ("latency", train(current=lq.constant(1.0))),
        ("latency", train(5.0)),
        ("latency", train(5.0, current=lq.step(1.0, 6.0, 9.0))),
        ("mean_isi", train(5.0)),
        ("isi_cv", train(5.0, 7.0)),
        ("isi_cv", train(5.0, 5.0, 5.0)),
        ("steady_rate", train(5.0)),
        ("steady_rate", train(5.0, 5.0)),
    ],
)
def test_what_does_not_exist_is_nan(name, response):
    """No spike, no interval, no onset, no duration: NaN, neither 0 nor an error."""
    assert math.isnan(value(name, response))


@pytest.mark.parametrize(
    ("current", "spikes", "latency"),
    [
        (lq.constant(1.0), [0.0, 8.0], 0.0),
        (lq.constant(1.0), [3.0, 8.0], 3.0),
        (lq.constant(1.0, start=-5.0), [3.0], 3.0),
        (lq.step(1.0, 5.0, 9.0), [3.0, 5.0, 8.0], 0.0),
        (lq.step(1.0, 5.0, 9.0), [3.0, 8.0], 3.0),
        (lq.step(0.0, 5.0, 9.0) + lq.ramp(0.1, start=6.0), [7.5], 1.5),
    ],
)
def test_latency_counts_from_the_onset(current, spikes, latency):
    """From the first time >= 0 at which the current is not zero to the first spike from then on."""
    assert value("latency", train(*spikes, current=current)) == latency


def test_a_train_that_goes_on_counts_from_its_own_start():
    """rate divides by the length of the span, latency begins where the span does."""
    first = lq.simulate(NEURON, lq.constant(1.6), 50.0)
    second = lq.simulate(NEURON, lq.constant(1.6), 100.0, state=first.state)
    assert value("rate", second) == pytest.approx(10.0 * second.spike_count)
    assert value("latency", second) == pytest.approx(second.spikes[0] - 50.0)


@pytest.mark.parametrize("current", [1.5000001, 1.51, 1.6, 3.0, 50.0])
@pytest.mark.parametrize("t_ref", [0.0, 2.0])
def test_steady_rate_is_that_of_a_long_run(current, t_ref):
    """The closed form after one spike is 1 / ISI after many, to 1e-14, also for the PIF."""
    for neuron in (NEURON.replace(t_ref=t_ref), lq.PIF(t_ref=t_ref)):
        long = lq.simulate(neuron, lq.constant(current), 2000.0)
        formula = value("steady_rate", long)
        assert formula == pytest.approx(1000.0 / long.intervals[-1], rel=1e-14)
        short = lq.simulate(neuron, lq.constant(current), 1.001 * long.spikes[0])
        assert short.spike_count in (1, 2)
        assert value("steady_rate", short) == formula


def test_steady_rate_is_that_of_the_end():
    """The last piece of the input counts: after a step up it is the higher rate, after it 0."""
    up = lq.constant(1.6) + lq.constant(0.4, start=500.0)
    run = lq.simulate(NEURON, up, 1000.0)
    assert value("steady_rate", run) == pytest.approx(1000.0 / (2.0 + 10.0 * math.log(20.0 / 5.0)))
    down = lq.constant(1.6, stop=500.0)
    assert value("steady_rate", lq.simulate(NEURON, down, 1000.0)) == 0.0
    assert value("steady_rate", lq.simulate(NEURON, lq.constant(1.6), 500.0)) == value(
        "steady_rate", lq.simulate(NEURON, down, 500.0)
    )


@pytest.mark.parametrize("amplitude", [0.0, 1.0, 1.5])
def test_a_silent_neuron_has_the_steady_rate_zero(amplitude):
    """Without a spike too: at or below the rheobase the closed form says 0, as after a spike."""
    for v_0 in (-65.0, -40.0):
        response = lq.simulate(NEURON, lq.constant(amplitude), 1000.0, V_0=v_0)
        assert value("steady_rate", response) == 0.0


def test_a_regular_train_has_no_variation():
    """A constant current: isi_cv is 0 within rounding and mean_isi the period."""
    response = lq.simulate(NEURON, lq.constant(1.6), 1e5)
    assert value("isi_cv", response) < 1e-12
    period = 2.0 + 10.0 * math.log(16.0)
    assert value("mean_isi", response) == pytest.approx(period, rel=1e-14)


def test_every_feature_has_a_known_unit_and_a_meaning():
    """Units are data: the package's own parser reads each of them."""
    assert set(lq.features()) == {
        "spike_count",
        "rate",
        "steady_rate",
        "first_spike",
        "latency",
        "mean_isi",
        "isi_cv",
    }
    for name, feature in lq.features().items():
        assert isinstance(feature, Feature)
        parse_unit(feature.unit)
        assert feature.meaning
        assert not feature.meaning.endswith("."), name
        assert feature.function.__name__ == name


def test_the_table_of_features_is_a_copy():
    """Changing what `features()` returns changes nothing for others."""
    lq.features().clear()
    assert lq.features()
