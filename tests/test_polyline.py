"""The drawn lines are right at every pixel.

The truth is `tests/independent.py`, which shares no code with the package: the recipe's current by
formulas, V between spikes by quadrature.
"""

import itertools
import math
from bisect import bisect_left, bisect_right

import independent
import numpy as np
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque.polyline import after_spike_line, current_line, kick_line, voltage_line

WIDTH = 300
TALL = 400  # pixels that the axis of a picture has


def strays(line, times, truth, size=0.0):
    """By how many pixels a drawn line misses values, at most: a value lies on the picture if the
    line, anywhere within a pixel to its left or right, passes at its height."""
    t, v = (np.array(x) for x in line)
    pixel = (t[-1] - t[0]) / WIDTH
    # An axis does not show the last digits of a constant, nor those that quadrature has lost.
    least = 1e-9 * max(np.abs(truth).max(), size)
    tall = max(v.max() - v.min(), truth.max() - truth.min(), least)
    worst = 0.0
    for time, value in zip(times.tolist(), truth.tolist(), strict=True):
        a, b = max(t[0], time - pixel), min(t[-1], time + pixel)
        first, last = bisect_left(t, a), bisect_right(t, b)
        near = [*v[first:last], np.interp(a, t, v), np.interp(b, t, v)]
        outside = max(min(near) - value, value - max(near), 0.0)
        worst = max(worst, outside)
    return worst / (tall or 1.0) * TALL


def between_spikes(experiment, spikes, times):
    """V at ``times`` (right-continuous) by quadrature from each reset on."""
    neuron, parts = experiment.neuron, experiment.current.to_dicts()
    v_0 = neuron.default_V_0() if experiment.V_0 is None else experiment.V_0
    v_0 += independent.kick(neuron, parts, 0.0)
    found = np.full(len(times), math.nan)
    starts = independent.stretches(neuron, parts, v_0, spikes)
    ends = [*spikes, math.inf]
    held = [-math.inf, *spikes]
    for (start, v, memory), end, since in zip(starts, ends, held, strict=True):
        found[(times >= since) & (times < min(start, end))] = v
        here = (times >= start) & (times < end)
        if here.any():
            found[here] = independent.potential(
                neuron, parts, start, v, times[here].tolist(), memory
            )
    return found


def looks(low, high, events):
    """Times to look at: several in each pixel, at no regular distance, and around each event."""
    count = 5 * WIDTH
    grid = low + (high - low) * np.mod(0.6180339887498949 * np.arange(count), 1.0)
    near = [t + d for t in events for d in (0.0, 1e-3, 0.1)]
    inside = [t for t in (*grid.tolist(), low, high, *near) if low <= t <= high]
    return np.array(sorted(inside))


def drawable(experiment):
    """Whether quadrature is quick enough: no more spikes than a test can integrate between."""
    try:
        return experiment.run(max_spikes=150).spikes.tolist()
    except lq.LimitError:
        return None


@given(experiment=strategies.free_experiments(), cut=st.sampled_from([(0, 1), (0.3, 0.4)]))
@settings(max_examples=60)
def test_the_lines_are_right_at_every_pixel(experiment, cut):
    """Both lines pass within half a pixel of the true V and I, everywhere."""
    spikes = drawable(experiment)
    if spikes is None or experiment.duration == 0.0:
        return
    low, high = (c * experiment.duration for c in cut)
    parts = experiment.current.to_dicts()
    times = looks(low, high, independent.breakpoints(parts))
    drawn = current_line(experiment.current, low, high, WIDTH)
    assert strays(drawn, times, independent.current(parts, times)) <= 0.5
    times = looks(low, high, spikes)
    drawn = voltage_line(experiment.run(), low, high, WIDTH)
    neuron = experiment.neuron
    size = max(abs(neuron.V_th), abs(strategies.reset_of(neuron)))
    assert strays(drawn, times, between_spikes(experiment, spikes, times), size) <= 0.5


@pytest.mark.parametrize("frequency", [300.0, 1000.0, 2999.0, 12_345.0])
@pytest.mark.parametrize("duration", [300.0, 1000.0])
def test_a_wave_faster_than_the_pixels_is_a_full_band(frequency, duration):
    """From a period of three pixels to forty periods in one: each pixel shows the wave's whole
    height, -2 to 2 nA, and V that of its response. Truth: the formulas."""
    neuron = lq.LIF(tau_m=10.0, R_m=10.0, E_L=-70.0, V_th=0.0, V_reset=-70.0)
    experiment = lq.Experiment(neuron, lq.sine(2.0, frequency), duration)
    periods = frequency / 1000.0 * duration / WIDTH
    t, values = current_line(experiment.current, 0.0, duration, WIDTH)
    columns = itertools.groupby(
        zip(t, values, strict=True), lambda p: min(int(p[0] * WIDTH / duration), WIDTH - 1)
    )
    for _, points in columns:
        part = [v for _, v in points]
        if periods > 2.0:
            assert max(part) > 1.9
            assert min(part) < -1.9
    assert len(t) <= 3 * WIDTH
    t, values = voltage_line(experiment.run(), 0.0, duration, WIDTH)
    omega = 2.0 * math.pi * frequency / 1000.0
    height = 20.0 / math.hypot(1.0, 10.0 * omega)
    late = [v for time, v in zip(t, values, strict=True) if time > 100.0]
    assert max(late) + 70.0 == pytest.approx(height, rel=0.03)
    assert min(late) + 70.0 == pytest.approx(-height, rel=0.03)


def test_a_recorded_current_keeps_its_extremes():
    """100,000 samples on 300 pixels: the one of 7 nA among zeros is seen where it is."""
    times = np.arange(100_000) * 0.01
    values = np.where(np.arange(100_000) == 61_803, 7.0, 0.0)
    recorded = lq.sampled(times, values)
    t, drawn = current_line(recorded, 0.0, 999.0, WIDTH)
    assert len(t) < 20_000
    near = current_line(recorded, 617.9, 618.1, WIDTH)
    assert max(near[1]) == 7.0
    assert near[0][near[1].index(7.0)] == pytest.approx(618.03, abs=1e-9)
    assert max(drawn) == 7.0


def test_a_fixed_step_is_drawn_with_its_corners():
    """Euler's line has a corner at each step: V_k = V_{k-1} + dt/tau (R I - V_{k-1})."""
    neuron = lq.LIF(tau_m=10.0, R_m=10.0, E_L=0.0, V_th=100.0, V_reset=0.0)
    response = lq.simulate(neuron, lq.constant(1.0), 50.0, method=lq.Euler(dt=2.5))
    drawn = dict(zip(*voltage_line(response, 0.0, 50.0, WIDTH), strict=True))
    v = 0.0
    for k in range(1, 21):
        v += 0.25 * (10.0 - v)
        assert drawn[2.5 * k] == pytest.approx(v, rel=1e-12)


def test_what_spikes_leave_behind_is_a_line():
    """The adaptation current's closed form, -b sum exp(-(t - t_k) / tau_w), on both sides of a
    spike; one sample wherever V has one."""
    neuron = lq.AdaptiveLIF(b=0.2, tau_w=50.0, t_ref=1.0)
    response = lq.simulate(neuron, lq.constant(2.5), 200.0)
    line = voltage_line(response, 0.0, 200.0, WIDTH)
    times, values = after_spike_line(response, line)
    assert {*times} == {*line[0]}
    assert response.spike_count > 5
    for k, (t, value) in enumerate(zip(times, values, strict=True)):
        before = times[k + 1 : k + 2] == [t]
        past = [s for s in response.spikes if s < t or (s == t and not before)]
        truth = -0.2 * math.fsum(math.exp(-(t - s) / 50.0) for s in past)
        assert value == pytest.approx(truth, abs=1e-12)


def test_kicks_have_times_and_sizes():
    """A charge over C_m, a jump as it is, their sum where they meet, those lost in refractoriness
    too; of many in a pixel the largest; none outside the window."""
    current = lq.kicks([10.0, 20.0, 20.5], jump=3.0) + lq.kicks([20.0, 60.0], charge=-4.0)
    neuron = lq.LIF(R_m=10.0, C_m=2.0, V_th=-63.0, t_ref=5.0)
    response = lq.simulate(neuron, current, 100.0)
    assert kick_line(response, 0.0, 100.0, 1000) == (
        [10.0, 20.0, 20.5, 60.0],
        [3.0, 1.0, 3.0, -2.0],
    )
    assert kick_line(response, 0.0, 100.0, 10) == ([10.0, 20.5, 60.0], [3.0, 3.0, -2.0])
    assert kick_line(response, 15.0, 20.0, 100) == ([20.0], [1.0])
    assert kick_line(lq.simulate(neuron, lq.constant(1.0), 10.0), 0.0, 10.0, 100) == ([], [])
