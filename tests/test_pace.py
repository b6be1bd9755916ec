"""The bound on a run's spikes: never above the true number, near it where the drive hardly varies.

The truths are closed forms of this file, and the engine's own count, which is proven elsewhere
(tests/test_exact.py) and shares no line with `kernels.pace`.
"""

import cmath
import math
import random
import time

import mpmath as mp
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque.kernels import pace
from lapicque.kernels.membrane import THRESHOLD

LIF = lq.LIF(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0)
PIF = lq.PIF(C_m=1.0, V_th=1.0, V_reset=0.0)


def bound(experiment, enough=math.inf):
    """The bound for an experiment."""
    neuron = experiment.neuron
    form = experiment.current.normal_form.on(0.0, experiment.duration)
    row = neuron.pack()
    start = neuron.default_V_0() if experiment.V_0 is None else experiment.V_0
    return pace.at_least(
        row,
        form.starts,
        form.value,
        form.value_lo,
        form.slope,
        form.offset,
        form.terms,
        form.jumps(neuron.C_m)[0],
        experiment.duration,
        start - row[THRESHOLD],
        enough,
    )


def of(neuron, current, duration, V_0=None):
    return lq.Experiment(neuron, current, duration, V_0=V_0)


def seconds(function):
    """The process's own time that a call takes, the least of three."""
    took = []
    for _ in range(3):
        began = time.process_time()
        function()
        took.append(time.process_time() - began)
    return min(took)


def constant_count(neuron, current, duration, v_0):
    """The spikes under a constant current above the rheobase, by formula at 40 digits."""
    with mp.workdps(40):
        high, reset, start = (mp.mpf(x) for x in (neuron.V_th, neuron.V_reset, v_0))
        if isinstance(neuron, lq.PIF):

            def rise(v):
                return mp.mpf(neuron.C_m) * (high - v) / mp.mpf(current)

        else:
            level = mp.mpf(neuron.E_L) + mp.mpf(neuron.R_m) * mp.mpf(current)
            tau = mp.mpf(neuron.R_m) * mp.mpf(neuron.C_m)

            def rise(v):
                return tau * mp.log((level - v) / (level - high))

        first = rise(start) if start < high else mp.mpf(0)
        period = rise(reset) + mp.mpf(neuron.t_ref)
        return max(0, int(mp.floor((mp.mpf(duration) - first) / period)) + 1)


@given(experiment=strategies.free_experiments(strategies.renewal_neurons()))
@settings(max_examples=100)
def test_the_bound_is_never_above_the_count(experiment):
    """Any neuron, current and start: at least 0, at most what the run has."""
    assert 0.0 <= bound(experiment) <= experiment.run().spike_count


@given(experiment=strategies.near_experiments(strategies.renewal_neurons()))
@settings(max_examples=20)
def test_the_bound_is_never_above_the_count_beside_the_threshold(experiment):
    """Also where the highest peak of V passes the threshold by a millionth of a mV, or misses it:
    such a peak may be the only spike."""
    assert 0.0 <= bound(experiment) <= experiment.run().spike_count


@given(
    experiment=strategies.free_experiments(strategies.renewal_neurons()),
    pushes=st.lists(st.sampled_from(sorted(strategies.SHAPES)), max_size=2).flatmap(
        lambda names: st.tuples(*(strategies.SHAPES[name] for name in names))
    ),
    scale=strategies.spread(3.0, 100.0),
)
@settings(max_examples=100)
def test_the_bound_holds_for_many_spikes(experiment, pushes, scale):
    """The same with thirty times the drive and more, so that there are spikes to be counted."""
    current = experiment.current * scale
    for push in pushes:
        current = current + push * scale
    try:
        count = of(experiment.neuron, current, experiment.duration).run(20_000).spike_count
    except lq.LimitError:
        return
    assert 0.0 <= bound(of(experiment.neuron, current, experiment.duration)) <= count


@pytest.mark.parametrize("duration", [10.0, 97.3, 1e3, 1e6, 1e8])
@pytest.mark.parametrize("t_ref", [0.0, 2.0])
@pytest.mark.parametrize("v_0", [-65.0, -80.0, -57.5, -50.0, -45.0])
@pytest.mark.parametrize("factor", [1.0 + 1e-7, 1.2, 40.0])
def test_a_constant_drive_is_counted_but_for_the_start(duration, t_ref, v_0, factor):
    """One window, so that all that is lost is the start: taken to be refractory and at V_reset or
    below, less than two intervals. Truth: the formula."""
    for neuron in (LIF.replace(t_ref=t_ref), PIF.replace(V_th=-50.0, V_reset=-65.0, t_ref=t_ref)):
        current = 1.5 * factor
        count = constant_count(neuron, current, duration, v_0)
        found = bound(of(neuron, lq.constant(current), duration, V_0=v_0))
        assert count * (1.0 - 1e-8) - 2.0 <= found <= count


@pytest.mark.parametrize("current", [-5.0, 0.0, 1.0, 1.5])
def test_what_never_reaches_the_threshold_has_no_bound(current):
    """At or below the rheobase nothing is promised, whatever the start; for the PIF below 0."""
    for v_0 in (None, -50.0, -30.0):
        assert bound(of(LIF, lq.constant(current), 1e9, V_0=v_0)) == 0.0
    assert bound(of(PIF, lq.constant(min(current, 0.0)), 1e9)) == 0.0


def test_a_rest_above_the_threshold_counts_without_input():
    """With E_L above V_th the leak alone is a drive. Truth: tau ln(25/10) a spike."""
    neuron = LIF.replace(E_L=-40.0)
    found = bound(of(neuron, lq.constant(0.0), 1e4, V_0=-65.0))
    count = math.floor(1e4 / (10.0 * math.log(2.5)))
    assert count - 1 <= found <= count
    assert bound(of(neuron, lq.constant(-1.0), 1e4)) == 0.0


def test_a_reset_above_the_threshold_fires_once_per_refractory_period():
    """With V_reset >= V_th the interval is t_ref. Truth: 1 + T/t_ref."""
    neuron = LIF.replace(V_reset=-45.0, t_ref=2.0)
    experiment = of(neuron, lq.constant(1.6), 1e3, V_0=-45.0)
    assert experiment.run().spike_count == 501
    assert 499 <= bound(experiment) <= 501


def test_no_spike_is_promised_an_ulp_too_early():
    """A run that ends one double before a spike does not have it, and none is promised. Truth: the
    engine, and for the count before it the formula."""
    draw = random.Random(1907)
    wrong = []
    for _ in range(2000):
        neuron = lq.LIF(
            R_m=draw.uniform(1.0, 20.0), C_m=draw.uniform(0.1, 3.0), t_ref=draw.choice([0.0, 2.0])
        )
        current = neuron.rheobase() * draw.uniform(1.01, 4.0)
        spikes = of(neuron, lq.constant(current), 300.0).run().spikes
        if not spikes:
            continue
        k = draw.randrange(min(4, len(spikes)))
        end = math.nextafter(spikes[k], 0.0)
        shorter = of(neuron, lq.constant(current), end)
        assert shorter.run().spike_count == k == constant_count(neuron, current, end, -65.0)
        if bound(shorter) > k:
            wrong.append((neuron, current, end))
    assert wrong == []


@given(
    experiment=strategies.free_experiments(strategies.renewal_neurons()),
    more=strategies.numbers(0.0, 5.0),
    much=st.booleans(),
)
@settings(max_examples=100)
def test_more_drive_never_lowers_the_bound(experiment, more, much):
    """A constant added to the current, or a higher start, leaves the bound or raises it."""
    stronger = experiment.current + lq.constant(more * (30.0 if much else 1.0))
    lifted = of(experiment.neuron, stronger, experiment.duration, experiment.V_0)
    assert bound(lifted) >= bound(experiment)
    v_0 = experiment.neuron.default_V_0() if experiment.V_0 is None else experiment.V_0
    higher = of(experiment.neuron, experiment.current, experiment.duration, v_0 + more)
    assert bound(higher) >= bound(experiment)


@pytest.mark.parametrize("enough", [0.0, 10.0, 1000.0, 20_000.0])
def test_counting_ends_beyond_enough(enough):
    """The answer exceeds what was asked for as soon as it is certain, and is still a bound: two
    spikes a ms, and windows of 8 ms, in which the drive is at least a half."""
    current = lq.constant(2.0) + lq.sine(0.5, 5.0)
    experiment = of(PIF, current, 1e5)
    assert enough < bound(experiment, enough) <= enough + 25.0
    silent = of(LIF, lq.constant(1.4), 1e5)
    assert bound(silent, enough) == 0.0


@pytest.mark.parametrize(("amplitude", "frequency"), [(0.5, 5.0), (2.5, 5.0), (0.5, 50.0)])
def test_a_slow_sine_is_counted_up_to_its_change_within_a_window(amplitude, frequency):
    """A perfect integrator under 30 nA and a sine makes floor(Q/(C (V_th - V_reset))) spikes. In a
    quarter of a radian the drive falls by at most a quarter of the amplitude, and each window gives
    up less than two spikes."""
    experiment = of(PIF, lq.constant(30.0) + lq.sine(amplitude, frequency), 500.0)
    omega = 2.0 * math.pi * frequency / 1000.0
    charge = 30.0 * 500.0 + amplitude / omega * (1.0 - math.cos(omega * 500.0))
    found = bound(experiment)
    windows = math.ceil(omega * 500.0 / pace.WINDOW)
    assert charge * (1.0 - 0.25 * amplitude / 30.0) - 2.0 * windows <= found <= math.floor(charge)


@pytest.mark.parametrize("slope", [0.02, -0.02])
def test_a_ramp_is_counted_up_to_its_change_within_a_window(slope):
    """A perfect integrator under a ramp, 30 nA to 40 or back: floor of the charge; a window is a
    hundredth of it, so that the drive falls by 0.1 nA within, and gives up less than two spikes."""
    first = 30.0 if slope > 0.0 else 40.0
    experiment = of(PIF, lq.constant(first) + lq.ramp(slope), 500.0)
    found = bound(experiment)
    assert 35.0 * 500.0 - 0.1 * 500.0 - 200.0 <= found <= 35.0 * 500.0


PUSHES = {
    "decay": lq.decay(200.0, 50.0),
    "alpha": lq.alpha(200.0, 30.0),
    "two alphas": lq.alpha(20.0, 30.0) * lq.alpha(10.0, 20.0),
    "alpha of a ramp": lq.alpha(100.0, 30.0) * lq.ramp(0.1),
    "four alphas": lq.alpha(20.0, 30.0) * lq.alpha(2.0, 30.0) * lq.alpha(2.0, 30.0),
    "damped sine": lq.constant(60.0) + lq.sine(50.0, 20.0) * lq.decay(1.0, 40.0),
    "sines": lq.constant(60.0) + lq.sine(20.0, 7.0) + lq.sine(20.0, 31.0),
    "pulses": lq.step(90.0, 10.0, 30.0) + lq.step(50.0, 50.0, 90.0),
    "late": lq.decay(200.0, 20.0, start=37.0) + lq.constant(2.0),
}


@pytest.mark.parametrize("name", PUSHES)
def test_pushes_of_any_form_are_seen(name):
    """Strong pushes, also of terms with powers of time: half of their spikes at least. Truth: the
    engine's count; that it is half is what the lab needs to refuse a hopeless run."""
    experiment = of(LIF, PUSHES[name], 120.0)
    count = experiment.run().spike_count
    assert count > 100
    assert count / 2 <= bound(experiment) <= count


@given(
    terms=st.lists(
        st.tuples(
            st.integers(0, 4),
            strategies.numbers(-3.0, 3.0),
            strategies.numbers(-3.0, 3.0),
            strategies.spread(1e-4, 1.0).map(lambda x: -x) | st.just(0.0),
            strategies.spread(1e-3, 10.0) | st.just(0.0),
        ),
        min_size=1,
        max_size=3,
    ),
    s=strategies.numbers(0.0, 50.0),
    length=strategies.spread(1e-3, 10.0),
)
@settings(max_examples=300)
def test_the_least_of_terms_is_never_above_them(terms, s, length):
    """On a dense grid of the window the terms are nowhere below their bound. Truth: the formula
    Re c x^n e^(l x) in complex numbers."""
    flat = [x for n, re, im, decay, omega in terms for x in (float(n), re, im, decay, omega, 0, 0)]
    least, speed = pace.least_of_terms(flat, 0, len(terms), s, length)
    assert speed == max(abs(complex(decay, omega)) for *_, decay, omega in terms)

    def value(x):
        parts = (
            (complex(re, im) * x**n * cmath.exp(complex(decay, omega) * x)).real
            for n, re, im, decay, omega in terms
        )
        return math.fsum(parts)

    size = math.fsum(abs(complex(re, im)) * (s + length) ** n for n, re, im, *_ in terms)
    grid = [value(s + length * k / 200) for k in range(201)]
    assert least <= min(grid) + 1e-13 * size


@pytest.mark.parametrize("amplitude", [0.0, 0.1, 5.0, 1000.0])
@pytest.mark.parametrize("frequency", [1e3, 1e5, 1e7])
def test_a_fast_oscillation_promises_nothing_false(frequency, amplitude):
    """Faster than the membrane, up to windows that run out: still a bound, and quick."""
    experiment = of(LIF, lq.constant(20.0) + lq.sine(amplitude, frequency), 3.0)
    count = experiment.run().spike_count
    assert 0.0 <= bound(experiment) <= count


HOPELESS = {
    "a sine for ever": (lq.constant(5.0) + lq.sine(1.0, 5.0), 1e30),
    "a fast one": (lq.constant(5.0) + lq.sine(1.0, 1e6), 1e9),
    "a slow decay": (lq.constant(5.0) + lq.decay(1.0, 1e20), 1e30),
    "a fast decay": (lq.constant(5.0) + lq.decay(1.0, 1e-9), 1e30),
    "a long ramp": (lq.ramp(1e-20), 1e30),
    "fifty sines": (
        sum((lq.sine(0.01, 5.0 + 0.7 * k) for k in range(50)), start=lq.constant(5.0)),
        1e7,
    ),
    "a recording": (lq.sampled([0.1 * k for k in range(50_000)], [3.0, 2.0] * 25_000), 5000.0),
    "a train of decays": (
        sum((lq.decay(5.0, 10.0, start=20.0 * k) for k in range(200)), start=lq.constant(0.0)),
        4000.0,
    ),
}


@pytest.mark.parametrize("name", HOPELESS)
def test_it_never_takes_long(name):
    """The bound is for runs that must be refused at once: a quarter of a second is more than any
    may take."""
    current, duration = HOPELESS[name]
    experiment = of(LIF, current, duration)
    assert bound(experiment, 20_000.0) >= 0.0
    assert seconds(lambda: bound(experiment, 20_000.0)) < 0.25


def test_the_rise_is_the_formula():
    """Truth: tau ln((w - rate f)/w) and -f/w, in 40 digits."""
    for f in (-1e-9, -15.0, -1e6):
        for w in (1e-12, 0.3, 1e5):
            with mp.workdps(40):
                leaky = mp.log(1 - mp.mpf(f) * mp.mpf(0.1) / mp.mpf(w)) / mp.mpf(0.1)
            assert pace.rise(f, w, 0.1) == pytest.approx(float(leaky), rel=1e-14)
            assert pace.rise(f, w, 0.0) == pytest.approx(-f / w, rel=1e-15)
    assert pace.rise(0.0, 1.0, 0.1) == pace.rise(3.0, 1.0, 0.0) == 0.0
