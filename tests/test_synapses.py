"""Synaptic input: the merged form is the sum over spikes; trains are what they say.

Truth: each spike's current by its formula, added up in `tests/independent.py` without recursion;
for spike times, mpmath at 40 digits on V's closed form.
"""

import itertools
import math

import independent
import mpmath as mp
import numpy as np
import pytest
from scipy import stats

import lapicque as lq
from lapicque import trains
from lapicque.kernels.membrane import TERM

KERNELS = ["exponential", "alpha"]


@pytest.mark.parametrize("kernel", KERNELS)
def test_ten_thousand_spikes_are_as_many_terms(kernel):
    """One term (alpha: two) a spike, and the current is the sum over all earlier spikes."""
    times = trains.poisson(2000.0, 5000.0, seed=1907)
    assert 9_500 < len(times) < 10_500
    current = lq.synapses(times, 0.3, 4.0, kernel)
    form = current.normal_form
    assert len(form) == len(times)
    per_spike = 1 if kernel == "exponential" else 2
    assert len(times) <= len(form.terms) // TERM <= per_spike * len(times)
    at = np.sort(np.random.default_rng(1).uniform(0.0, 5000.0, 300))
    truth = independent.current(current.to_dicts(), at)
    assert np.abs(current(at) - truth).max() <= 1e-12 * np.abs(truth).max()


def closed_form(neuron, times, amplitude, tau, kernel, t):
    """V - E_L at t from rest, without a threshold: the response to each spike, in mpmath."""
    mp.mp.dps = 40
    m, s, total = mp.mpf(neuron.tau_m), mp.mpf(tau), mp.mpf(0)
    for time in times:
        x = mp.mpf(t) - mp.mpf(time)
        if x <= 0:
            continue
        k = 1 / s - 1 / m
        if kernel == "exponential":
            total += (mp.exp(-x / m) - mp.exp(-x / s)) / k
        else:
            # integral of (u/s) e^(1 - u/s) e^(-(x - u)/m)
            inner = (1 - mp.exp(-k * x) * (1 + k * x)) / k**2
            total += mp.e / s * mp.exp(-x / m) * inner
    return amplitude / mp.mpf(neuron.C_m) * total


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_first_spike_is_the_crossing_of_the_closed_form(kernel):
    """Excitation that adds up to a spike, at many thresholds: the root of mpmath's V, to 1e-11."""
    times = [1.0, 2.5, 2.5, 4.0, 7.0, 8.0, 8.5, 9.0]
    found = 0
    for height in (1.0, 2.5, 4.0, 5.5, 7.0):
        neuron = lq.LIF(tau_m=10.0, C_m=0.5, E_L=-70.0, V_th=-70.0 + height, V_reset=-75.0)
        response = lq.simulate(neuron, lq.synapses(times, 0.6, 3.0, kernel), 40.0)
        if not response.spike_count:
            peak = max(
                closed_form(neuron, times, 0.6, 3.0, kernel, t) for t in np.arange(0, 40, 0.1)
            )
            assert peak < height
            continue
        found += 1

        def gap(t, height=height, neuron=neuron):
            return closed_form(neuron, times, 0.6, 3.0, kernel, t) - height

        first = response.spikes[0]
        truth = mp.findroot(gap, (first - 1e-3, first + 1e-3), solver="anderson", tol=1e-30)
        assert abs(first - truth) <= 1e-11
        assert max(gap(t) for t in np.linspace(0.0, first - 1e-6, 200)) < 0
    assert found >= 3


def test_inhibition_delay_window_and_products():
    """The algebra of currents holds for synapses as for every shape."""
    excite = lq.synapses([0.0, 5.0, 9.0], 1.0, 3.0)
    inhibit = lq.synapses([2.0, 6.0], -0.7, 5.0, "alpha", start=1.0, stop=30.0)
    total = (excite + inhibit * 2.0).delayed(4.0).window(3.0, 25.0) * lq.sine(1.0, 20.0)
    at = np.linspace(-2.0, 40.0, 500)
    truth = independent.current(total.to_dicts(), at)
    assert np.abs(total(at) - truth).max() <= 1e-13
    again = lq.Experiment.from_toml(lq.Experiment(lq.LIF(), total, 50.0).to_toml())
    assert again.current == total


def test_spikes_before_the_start_still_decay():
    """Times count from ``start``, before which there is no current, but what came in earlier is
    not forgotten."""
    current = lq.synapses([-2.0, 1.0], 1.0, 4.0, start=10.0)
    assert current(9.999) == 0.0
    assert current(10.0) == pytest.approx(math.exp(-0.5), rel=1e-15)
    assert current(11.0) == pytest.approx(math.exp(-0.75) + 1.0, rel=1e-15)


def test_no_spikes_no_current():
    """An empty train is allowed: a random one may be empty."""
    current = lq.synapses([], 1.0, 4.0)
    assert current(np.linspace(0.0, 10.0, 5)).tolist() == [0.0] * 5
    assert lq.simulate(lq.LIF(), current, 10.0).spike_count == 0


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"times": [2.0, 1.0]}, "times", "Sort the spike times"),
        ({"times": [0.0, math.nan]}, "times", "finite"),
        ({"times": 3.0}, "times", "list of numbers"),
        ({"times": "1 2"}, "times", "list of numbers"),
        ({"tau": 0.0}, "tau", "> 0 ms"),
        ({"tau": -1.0}, "tau", "> 0 ms"),
        ({"amplitude": math.inf}, "amplitude", "nA"),
        ({"kernel": "exp"}, "kernel", "exponential"),
        ({"kernel": None}, "kernel", "alpha"),
    ],
)
def test_what_is_refused(changes, path, words):
    """Each bad value by its name, with the rule and the cure."""
    given = {"times": [1.0, 2.0], "amplitude": 1.0, "tau": 5.0, **changes}
    with pytest.raises(lq.ParameterError) as caught:
        lq.synapses(**given)
    assert caught.value.path == path
    assert words in str(caught.value)


# Trains --------------------------------------------------------------------------------------


def test_a_regular_train():
    """start + k 1000/rate, before stop."""
    assert list(trains.regular(100.0, 50.0)) == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert list(trains.regular(100.0, 50.1, start=5.0)) == [5.0, 15.0, 25.0, 35.0, 45.0]
    assert list(trains.regular(0.0, 1e6)) == []
    assert list(trains.regular(7.0, 0.0)) == []
    thousand = trains.regular(1000.0 / 3.0, 3000.0)
    assert len(thousand) == 1000
    assert thousand[-1] == pytest.approx(2997.0, rel=1e-15)


def test_a_poisson_train_is_one():
    """Intervals are exponential (Kolmogorov-Smirnov, 40,000 of them: p above 0.001 for these
    seeds), counts in windows have a variance equal to their mean."""
    for seed in (1, 2, 3):
        times = np.array(trains.poisson(40.0, 1e6, seed))
        assert abs(len(times) - 40_000) < 4 * 200
        intervals = np.diff(np.concatenate([[0.0], times]))
        assert intervals.min() > 0.0
        assert stats.kstest(intervals, "expon", args=(0.0, 25.0)).pvalue > 1e-3
        counts = np.bincount((times // 250.0).astype(int), minlength=4000)
        assert counts.var() / counts.mean() == pytest.approx(1.0, abs=0.1)


def test_the_seed_is_the_train():
    """Same seed, same train; another seed, another; a longer one begins the same."""
    first = trains.poisson(100.0, 500.0, 7)
    assert trains.poisson(100.0, 500.0, 7) == first
    assert trains.poisson(100.0, 500.0, 8) != first
    assert trains.poisson(100.0, 2000.0, 7)[: len(first)] == first
    shifted = trains.poisson(100.0, 510.0, 7, start=10.0)
    assert all(b - a == pytest.approx(10.0) for a, b in zip(first, shifted, strict=True))


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda: trains.regular(-1.0, 10.0), "rate"),
        (lambda: trains.poisson(math.nan, 10.0, 1), "rate"),
        (lambda: trains.regular(10.0, 1.0, start=2.0), "stop"),
        (lambda: trains.poisson(10.0, 1.0, -1), "seed"),
        (lambda: trains.poisson(10.0, 1.0, 1.5), "seed"),
        (lambda: trains.poisson(10.0, 1.0, True), "seed"),
    ],
)
def test_bad_trains_are_refused(call, path):
    """By name."""
    with pytest.raises(lq.ParameterError) as caught:
        call()
    assert caught.value.path == path


def test_too_many_spikes_are_a_limit():
    """Nothing hangs on 1e9 Hz for a year."""
    for train in (trains.regular, lambda r, s: trains.poisson(r, s, 1)):
        with pytest.raises(lq.LimitError, match="more than"):
            train(1e9, 3e10)


def test_a_neuron_under_a_thousand_spikes():
    """Spikes in, spikes out: the two ways to find crossings agree, spike by spike."""
    current = lq.synapses(trains.poisson(800.0, 1000.0, 3), 0.25, 5.0)
    current += lq.synapses(trains.poisson(200.0, 1000.0, 4), -0.1, 5.0, "alpha")
    neuron = lq.LIF(tau_m=20.0, R_m=40.0, E_L=-70.0, V_th=-50.0, V_reset=-60.0, t_ref=2.0)
    one, other = (
        lq.simulate(neuron, current, 1000.0, method=lq.Exact(crossing=how)).spikes
        for how in ("isolation", "march")
    )
    assert len(one) == len(other) > 20
    assert all(abs(a - b) <= 1e-10 for a, b in zip(one, other, strict=True))
    assert all(b - a > 2.0 for a, b in itertools.pairwise(one))
