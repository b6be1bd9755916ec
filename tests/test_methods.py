"""The fixed-step methods do what textbooks write, and err as much as theory says they must.

Every truth here is our own: closed forms, textbook loops on V, SciPy's DOP853.  Of lapicque only
what is tested is called.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
from array import array
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import lapicque as lq

METHODS = (lq.Euler, lq.ExponentialEuler, lq.RK2, lq.RK4)
LOCATIONS = ("grid", "linear", "hermite")
SNAP = 1e-9  # of a step: so near to a grid point a jump lies on it

TAU, R, E_L, V_TH = 10.0, 10.0, -65.0, -50.0
T_REF = 1.5
LEAKY = lq.LIF(R_m=R, C_m=1.0, E_L=E_L, V_th=V_TH, V_reset=E_L, t_ref=T_REF)

# ---------------------------------------------------------------------------------------- orders

# What theory says of the error of a spike train, as dt goes to 0.
#
# Two errors add up: that of V at the grid (order p of the method) and that of the spike's place
# within its step.  The grid puts a spike up to dt late: order 1, whatever p.  A line through the
# step is off by V'' dt^2 / (8 V'): order 2.  A cubic through both ends and both slopes is off by
# V'''' dt^4 / (384 V'), and by what the ends are off.  A sum has the lesser order, and restarts
# within the step at the spike's time hand the error on without lowering its order.
#
# p is 1 for Euler, 2 for the midpoint rule, 4 for the classical Runge-Kutta.  Exponential Euler
# integrates the leak exactly and holds the current over the step: without error under a constant
# current (the place alone counts), p = 1 under a varying one.
ORDERS = {
    # method: (constant current, varying current), each (grid, linear, hermite)
    lq.Euler: ((1, 1, 1), (1, 1, 1)),
    lq.ExponentialEuler: ((1, 2, 4), (1, 1, 1)),
    lq.RK2: ((1, 2, 2), (1, 2, 2)),
    lq.RK4: ((1, 2, 4), (1, 2, 4)),
}

STEPS = [0.4 / 2**k for k in range(5)]
SPIKES = 4
NEURONS = 80


def slope(steps, errors):
    """The slope of log error against log step, by least squares."""
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def constant_train(current, t_ref, count):
    """The first spikes under a constant current: the closed form, in 30 digits."""
    with mpmath.workdps(30):
        drive, gap = mpmath.mpf(R) * mpmath.mpf(current), mpmath.mpf(V_TH - E_L)
        rise = mpmath.mpf(TAU) * mpmath.log(drive / (drive - gap))
        return [float(rise + k * (rise + mpmath.mpf(t_ref))) for k in range(count)]


def sine_train(current, amplitude, frequency, phase, t_ref, count):
    """The first spikes under ``current + amplitude sin``: the closed form of V between
    spikes, a scan for the first sign change in steps of 0.02 ms, and Brent's method."""
    omega = 2e-3 * math.pi * frequency
    gain = R * amplitude / (1.0 + (omega * TAU) ** 2)

    def steady(t):
        wave = np.sin(omega * t + phase) - omega * TAU * np.cos(omega * t + phase)
        return R * current + gain * wave

    spikes, free = [], 0.0
    while len(spikes) < count:
        begin = free

        def gap(t, begin=begin):
            return steady(t) - steady(begin) * np.exp(-(t - begin) / TAU) - (V_TH - E_L)

        scan = begin + np.arange(0.0, 60.0, 0.02)
        above = int(np.flatnonzero(gap(scan) >= 0.0)[0])
        spikes.append(brentq(gap, scan[above - 1], scan[above], xtol=1e-13, rtol=1e-15))
        free = spikes[-1] + t_ref
    return spikes


@functools.cache
def trains(varying):
    """Seeded (neuron, current, spikes, duration): the run ends half-way between two spikes.

    t_ref is drawn as well, else its rounding to whole steps would be the same error in all.
    """
    draw = random.Random(1907)
    cases = []
    for _ in range(NEURONS):
        level, t_ref = draw.uniform(2.0, 2.6), draw.uniform(1.0, 2.0)
        if varying:
            wave = (draw.uniform(0.2, 0.6), 20.0, draw.uniform(0.0, 2.0 * math.pi))
            current = lq.constant(level) + lq.sine(
                amplitude=wave[0], frequency=wave[1], phase=wave[2]
            )
            spikes = sine_train(level, *wave, t_ref, SPIKES + 1)
        else:
            current = lq.constant(level)
            spikes = constant_train(level, t_ref, SPIKES + 1)
        neuron = lq.LIF(R_m=R, C_m=1.0, E_L=E_L, V_th=V_TH, V_reset=E_L, t_ref=t_ref)
        cases.append((neuron, current, spikes[:SPIKES], 0.5 * (spikes[-1] + spikes[-2])))
    return cases


def test_the_reference_of_the_sine_agrees_with_dop853():
    """The closed form under a sine is right: DOP853 (rtol 1e-13, events, restarted at each spike)
    finds the same spikes within 1e-9 ms."""
    level, amplitude, frequency, phase = 2.3, 0.5, 20.0, 1.0
    omega = 2e-3 * math.pi * frequency

    def slope_of_v(t, v):
        current = level + amplitude * math.sin(omega * t + phase)
        return [(-(v[0] - E_L) + R * current) / TAU]

    def reaches(t, v):
        return v[0] - V_TH

    reaches.terminal, reaches.direction = True, 1.0
    spikes, free = [], 0.0
    for _ in range(SPIKES):
        run = solve_ivp(
            slope_of_v, (free, 200.0), [E_L], "DOP853", events=reaches, rtol=1e-13, atol=1e-13
        )
        spikes.append(run.t_events[0][0])
        free = spikes[-1] + T_REF
    expected = sine_train(level, amplitude, frequency, phase, T_REF, SPIKES)
    assert np.abs(np.subtract(spikes, expected)).max() < 1e-9


@pytest.mark.parametrize("varying", [False, True], ids=["constant", "sine"])
@pytest.mark.parametrize("locate", LOCATIONS)
@pytest.mark.parametrize("method", METHODS)
def test_spike_trains_converge_with_the_order_of_theory(method, locate, varying):
    """The worst spike error of a train, averaged over 80 neurons (a single grid error is erratic),
    falls with the order of the table above, within 0.1; the count is always right. The truth: the
    closed form in mpmath, or of V under a sine."""
    errors = []
    for dt in STEPS:
        worst = []
        for neuron, current, spikes, duration in trains(varying):
            found = lq.simulate(neuron, current, duration, method=method(dt=dt, locate=locate))
            assert found.spike_count == SPIKES
            worst.append(np.abs(found.spike_times - spikes).max())
        errors.append(np.mean(worst))
    expected = ORDERS[method][varying][LOCATIONS.index(locate)]
    assert slope(STEPS, errors) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("method", METHODS)
def test_voltage_converges_with_the_order_of_the_method(method):
    """Without spikes V at the grid points is off by order 1, 1, 2, 4 within 0.1 under a sine, and
    `order` says so. The truth: the closed form of V."""
    amplitude, frequency = 0.9, 40.0
    omega = 2e-3 * math.pi * frequency
    gain = R * amplitude / (1.0 + (omega * TAU) ** 2)
    current = lq.sine(amplitude=amplitude, frequency=frequency)
    errors = []
    for dt in STEPS:
        times = dt * np.arange(1, round(40.0 / dt) + 1)
        wave = np.sin(omega * times) - omega * TAU * np.cos(omega * times)
        exact = E_L + gain * (wave + omega * TAU * np.exp(-times / TAU))
        response = lq.simulate(LEAKY, current, times[-1], method=method(dt=dt))
        assert response.spike_count == 0
        errors.append(np.abs(response.voltage(times) - exact).max())
    expected = {lq.Euler: 1, lq.ExponentialEuler: 1, lq.RK2: 2, lq.RK4: 4}[method]
    assert slope(STEPS, errors) == pytest.approx(expected, abs=0.1)
    assert method(dt=1.0).order == expected


def test_exponential_euler_is_exact_under_a_constant_current():
    """Exponential Euler is exact under a constant current, at any step; the truth: closed form."""
    response = lq.simulate(LEAKY, lq.constant(1.4), 70.0, method=lq.ExponentialEuler(dt=7.0))
    times = 7.0 * np.arange(11)
    exact = E_L - R * 1.4 * np.expm1(-times / TAU)
    assert np.abs(response.voltage(times) - exact).max() < 1e-13 * 65


# -------------------------------------------------------------------------------- textbook loops


class Input:
    """A current written twice: with lapicque, and as a plain list of ``(from, function of t)``."""

    def __init__(self, current, pieces):
        self.current = current
        self.pieces = pieces

    def at(self, t, dt, left=False):
        """I (nA) at ``t``: a jump within 1e-9 of a step counts as on the grid point."""
        edge = t - SNAP * dt if left else t + SNAP * dt
        found = None
        for start, function in self.pieces:
            if start <= edge:
                found = function
        return found(t) if found else 0.0


def line(t0, v0, t1, v1):
    return t0, lambda t: v0 + (v1 - v0) * (t - t0) / (t1 - t0)


def level(t0, value):
    return t0, lambda t: value


OMEGA = 2e-3 * math.pi * 30.0
INPUTS = {
    "constant": Input(lq.constant(2.3), [level(0.0, 2.3)]),
    "quiet": Input(lq.constant(1.2), [level(0.0, 1.2)]),
    "sine": Input(
        lq.constant(1.7) + lq.sine(amplitude=0.9, frequency=30.0, phase=0.4),
        [(0.0, lambda t: 1.7 + 0.9 * math.sin(OMEGA * t + 0.4))],
    ),
    # 0.3 is not 3 * 0.1 in doubles, and lies on the grid nevertheless.
    "step on the grid": Input(
        lq.step(2.6, start=0.3, stop=30.7), [level(0.3, 2.6), level(30.7, 0.0)]
    ),
    "step inside a step": Input(
        lq.step(2.6, start=0.333, stop=30.77), [level(0.333, 2.6), level(30.77, 0.0)]
    ),
    "step at the middle of a step": Input(
        lq.step(2.6, start=0.35, stop=30.75), [level(0.35, 2.6), level(30.75, 0.0)]
    ),
    "samples": Input(
        lq.sampled([0.0, 9.6, 20.04, 33.0], [1.0, 3.5, 1.0, 2.9]),
        [
            line(0.0, 1.0, 9.6, 3.5),
            line(9.6, 3.5, 20.04, 1.0),
            line(20.04, 1.0, 33.0, 2.9),
            level(33.0, 0.0),
        ],
    ),
    "held samples": Input(
        lq.sampled([0.7, 9.6, 20.04], [1.0, 3.5, 2.2], "hold", stop=35.5),
        [level(0.7, 1.0), level(9.6, 3.5), level(20.04, 2.2), level(35.5, 0.0)],
    ),
    "decay and ramp": Input(
        lq.decay(3.0, 12.0) + lq.ramp(0.05, start=4.0),
        [
            (0.0, lambda t: 3.0 * math.exp(-t / 12.0)),
            (4.0, lambda t: 3.0 * math.exp(-t / 12.0) + 0.05 * (t - 4.0)),
        ],
    ),
}


def textbook_step(method, leak, gain, rest, v, given, t, h, dt):
    """One step of ``dV/dt = -leak (V - rest) + gain I``, as textbooks write it."""

    def slope_of_v(time, v, left=False):
        return -leak * (v - rest) + gain * given.at(time, dt, left)

    if method is lq.Euler:
        return v + h * slope_of_v(t, v)
    if method is lq.ExponentialEuler:
        if leak == 0.0:
            return v + h * gain * given.at(t, dt)
        steady = rest + gain / leak * given.at(t, dt)
        return steady + (v - steady) * math.exp(-leak * h)
    k1 = slope_of_v(t, v)
    k2 = slope_of_v(t + 0.5 * h, v + 0.5 * h * k1)
    if method is lq.RK2:
        return v + h * k2
    k3 = slope_of_v(t + 0.5 * h, v + 0.5 * h * k2)
    k4 = slope_of_v(t + h, v + h * k3, left=True)
    return v + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


def textbook_run(method, neuron, given, duration, dt):
    """Spike times and V at the grid points and at the end: a plain loop, spikes on the grid."""
    if isinstance(neuron, lq.LIF):
        leak, gain, rest = 1.0 / neuron.tau_m, 1.0 / neuron.C_m, neuron.E_L
        v = neuron.E_L
    else:
        leak, gain, rest = 0.0, 1.0 / neuron.C_m, 0.0
        v = neuron.V_reset
    held_steps = math.ceil(Fraction(neuron.t_ref) / Fraction(dt) - Fraction(1, 10**9))
    times, voltage, spikes, held = [0.0], [v], [], 0
    k = 0
    while times[-1] < duration:
        t, end = k * dt, min((k + 1) * dt, duration)
        k += 1
        if held:
            held -= 1
        else:
            v = textbook_step(method, leak, gain, rest, v, given, t, end - t, dt)
            if v >= neuron.V_th:
                spikes.append(end)
                v, held = neuron.V_reset, held_steps
        times.append(end)
        voltage.append(v)
    return spikes, times, voltage


LEAKY_TOO = lq.LIF(tau_m=7.3, C_m=0.45, E_L=-62.0, V_th=-51.0, V_reset=-66.0, t_ref=1.23)
# Odd numbers, so that V lands on the threshold nowhere: there rounding would decide.
PERFECT = lq.PIF(C_m=0.8317, V_th=-51.0293, V_reset=-66.0, t_ref=0.7)


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("neuron", [LEAKY, LEAKY_TOO, PERFECT], ids=["LIF", "LIF too", "PIF"])
@pytest.mark.parametrize("method", METHODS)
def test_a_run_equals_the_textbook_loop(method, neuron, name):
    """Spikes are those of the textbook loop to the last bit, and V at every grid point is its V
    to 1e-12 mV, with jumps of the input on grid points, at the middle of steps and elsewhere: a
    step's end sees the side before a jump there. The truth: a plain loop over V."""
    given = INPUTS[name]
    for dt in (0.1, 0.04, 0.37):
        # The last step is a partial one.
        duration = 40.0 + 0.013
        spikes, times, voltage = textbook_run(method, neuron, given, duration, dt)
        response = lq.simulate(neuron, given.current, duration, method=method(dt=dt))
        assert list(response.spikes) == spikes
        assert np.abs(response.voltage(np.array(times)) - voltage).max() < 1e-12


@pytest.mark.parametrize("method", METHODS)
def test_a_step_sees_the_side_of_a_jump_that_it_lies_on(method):
    """A current from a grid point on does nothing in the step before it and all in the one after,
    also when the grid point's double is another; the truth: V of the PIF, by hand."""
    for k in range(1, 60):
        start = k / 10  # against k * 0.1, which differs in the last bit for many k
        response = lq.simulate(
            lq.PIF(V_reset=0.0, V_th=100.0),
            lq.step(2.0, start, start + 0.1),
            8.0,
            method=method(dt=0.1),
        )
        assert response.voltage(k * 0.1) == 0.0
        assert response.voltage((k + 1) * 0.1) == pytest.approx(0.2, abs=1e-12)
        assert response.voltage(8.0) == pytest.approx(0.2, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_the_last_step_may_be_partial(method):
    """A run that ends within a step ends with a shorter step; the truth: the textbook step."""
    given = INPUTS["sine"]
    v = E_L
    for t, h in ((0.0, 0.5), (0.5, 0.5), (1.0, 0.2)):
        v = textbook_step(method, 1.0 / TAU, 1.0, E_L, v, given, t, h, 0.5)
    response = lq.simulate(LEAKY, given.current, 1.2, method=method(dt=0.5))
    assert response.state.time == 1.2
    assert abs(response.state.V - v) < 1e-12
    assert response.voltage(1.2) == pytest.approx(v, abs=1e-12)
    assert lq.simulate(LEAKY, given.current, 0.0, method=method(dt=0.5)).voltage(0.0) == E_L


# ---------------------------------------------------------------------------------------- spikes


@pytest.mark.parametrize("method", METHODS)
def test_a_grid_spike_has_the_time_of_its_steps_end(method):
    """A grid spike's time is the double k * dt, not a sum of k steps; the truth: that product."""
    dt = 0.1
    spikes = lq.simulate(LEAKY, lq.constant(2.2), 2000.0, method=method(dt=dt)).spikes
    assert len(spikes) > 100
    assert all(t == round(t / dt) * dt for t in spikes)
    added = list(itertools.accumulate([dt] * 20_000))
    assert any(t not in added for t in spikes)


@pytest.mark.parametrize(
    ("t_ref", "dt", "steps"),
    [
        (0.3, 0.1, 3),  # 2.9999999999999996
        (0.1 + 0.2, 0.1, 3),  # 3.0000000000000004
        (0.7, 0.1, 7),
        (0.6, 0.2, 3),
        (2.0, 0.01, 200),
        (2.05, 0.1, 21),
        (0.3 + 2e-9, 0.1, 4),
        (0.01, 0.1, 1),
        (0.0, 0.1, 0),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_refractoriness_lasts_whole_steps_on_the_grid(method, t_ref, dt, steps):
    """On the grid V is held for ceil(t_ref/dt - 1e-9) steps; the truth: V of the PIF moves in the
    step after them, and the count of steps by hand."""
    neuron = lq.PIF(V_th=-50.0, V_reset=-65.0, t_ref=t_ref)
    response = lq.simulate(neuron, lq.constant(7.0), 30.0, method=method(dt=dt))
    rise = math.ceil(Fraction(15) / (7 * Fraction(dt)))
    indices = [round(t / dt) for t in response.spikes]
    assert indices[0] == rise
    assert {b - a for a, b in itertools.pairwise(indices)} == {steps + rise}
    first = indices[0]
    assert response.voltage((first + steps) * dt) == -65.0
    assert response.voltage((first + steps + 1) * dt) == pytest.approx(-65.0 + 7.0 * dt)


@pytest.mark.parametrize("locate", ["linear", "hermite"])
@pytest.mark.parametrize("dt", [0.7, 1.0, 5.0, 0.0625])
@pytest.mark.parametrize("method", METHODS)
def test_located_spikes_restart_inside_the_step(method, dt, locate):
    """V of a PIF under a constant current is a line, so located spikes have no error at any step,
    also several within one step; the truth: k (rise + t_ref)."""
    neuron = lq.PIF(C_m=1.0, V_th=-50.0, V_reset=-65.0, t_ref=0.31)
    response = lq.simulate(neuron, lq.constant(13.0), 60.0, method=method(dt=dt, locate=locate))
    rise, period = 15.0 / 13.0, 15.0 / 13.0 + 0.31
    expected = [rise + k * period for k in range(int((60.0 - rise) // period) + 1)]
    assert response.spike_count == len(expected)
    assert np.abs(response.spike_times - expected).max() < 1e-11


def test_the_rest_of_a_step_is_integrated_from_the_reset():
    """After a located spike Euler goes on from the spike's time, through a shorter step, to the
    grid; the truth: a plain loop with a line through each step."""
    dt, current = 0.5, 2.7
    neuron = lq.LIF(R_m=R, C_m=1.0)
    response = lq.simulate(
        neuron, lq.constant(current), 100.0, method=lq.Euler(dt=dt, locate="linear")
    )
    t, v, spikes = 0.0, E_L, []
    for k in range(1, 201):
        while t < k * dt:
            h = k * dt - t
            after = v + h * (-(v - E_L) + R * current) / TAU
            if after >= V_TH:
                t += h * (V_TH - v) / (after - v)
                spikes.append(t)
                v = E_L
            else:
                t, v = k * dt, after
        assert response.voltage(t) == pytest.approx(v, abs=1e-11)
    assert len(spikes) == response.spike_count > 10
    assert np.abs(response.spike_times - spikes).max() < 1e-11


@pytest.mark.parametrize("method", METHODS)
def test_a_reset_above_the_threshold_fires_at_each_end_of_refractoriness(method):
    """With V_reset >= V_th the spikes after the first come one refractory period apart: whole
    steps of it on the grid, t_ref itself where spikes are located. The truth: by hand."""
    neuron = lq.LIF(R_m=R, C_m=1.0, V_reset=-45.0, t_ref=2.0)
    for dt, locate in itertools.product((0.1, 0.3), LOCATIONS):
        chosen = method(dt=dt, locate=locate)
        spikes = lq.simulate(neuron, lq.constant(2.0), 60.0, method=chosen).spikes
        period = math.ceil(2.0 / dt - SNAP) * dt if locate == "grid" else 2.0
        expected = [spikes[0] + k * period for k in range(len(spikes))]
        assert len(spikes) == int((60.0 - spikes[0]) / period + 1e-9) + 1 > 20
        assert list(spikes) == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("locate", LOCATIONS)
@pytest.mark.parametrize("method", METHODS)
def test_a_refractory_period_shorter_than_rounding_never_turns_time_back(method, locate):
    """Where t_ref is too short for the clock and V_reset lies above the threshold, spikes come in
    order or a LimitError comes; never an earlier time."""
    neuron = lq.LIF(R_m=R, C_m=1.0, V_reset=-45.0, t_ref=1e-25)
    try:
        response = lq.simulate(
            neuron,
            lq.constant(2.0),
            20.0,
            method=method(dt=1.0, locate=locate),
            max_spikes=1000,
        )
    except lq.LimitError:
        return
    spikes = list(response.spikes)
    assert all(a < b for a, b in itertools.pairwise(spikes))


@pytest.mark.parametrize("locate", LOCATIONS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("V_0", [-50.0, -20.0])
def test_a_start_at_or_above_the_threshold_is_a_spike_at_0(method, locate, V_0):
    """V_0 >= V_th spikes at t = 0, as everywhere; the truth: the event rule."""
    response = lq.simulate(LEAKY, lq.constant(0.0), 10.0, V_0, method=method(dt=0.1, locate=locate))
    assert list(response.spikes) == [0.0]
    assert response.voltage(0.0, left=True) == V_0
    assert response.voltage(0.0) == E_L
    assert response.voltage(10.0) == E_L


@pytest.mark.parametrize("dt", [0.1, 3.0, 7.0, 9.0, 9.9])
@pytest.mark.parametrize("method", METHODS)
def test_a_drive_at_the_threshold_stays_silent(method, dt):
    """An asymptote is not a spike: at rheobase V - V_th keeps its sign for ever, also where a step
    at least halves it, until it underflows. The truth: the step multiplies it by a number > 0."""
    neuron = lq.LIF(R_m=R, C_m=1.0)
    response = lq.simulate(neuron, lq.constant(1.5), 5000.0 * dt, method=method(dt=dt))
    assert response.spike_count == 0


# --------------------------------------------------------------------------- V of a run, and more


@pytest.mark.parametrize("locate", LOCATIONS)
@pytest.mark.parametrize("method", METHODS)
def test_voltage_joins_the_nodes(method, locate):
    """V is a line between nodes, or with "hermite" the cubic of values and slopes at both ends,
    and it is held at V_reset while refractory; the truth: both formulas, from V at the nodes and
    the equation's right-hand side."""
    dt = 0.5
    current = lq.constant(2.1) + lq.sine(amplitude=0.5, frequency=30.0)
    response = lq.simulate(LEAKY, current, 60.0, method=method(dt=dt, locate=locate))
    spikes = list(response.spikes)

    def slope_of_v(t, v):
        wave = 0.5 * math.sin(2e-3 * math.pi * 30.0 * t)
        return (-(v - E_L) + R * (2.1 + wave)) / TAU

    checked = 0
    for k in range(120):
        begin, end = k * dt, (k + 1) * dt
        if any(begin < s + T_REF and end > s for s in spikes):
            continue
        checked += 1
        a, b = response.voltage(begin), response.voltage(end, left=True)
        for x in (0.0, 0.1, 0.5, 0.77):
            expected = a + (b - a) * x
            if locate == "hermite":
                da, db = dt * slope_of_v(begin, a), dt * slope_of_v(end, b)
                expected = (
                    a * (1 + 2 * x) * (1 - x) ** 2
                    + b * x**2 * (3 - 2 * x)
                    + da * x * (1 - x) ** 2
                    - db * x**2 * (1 - x)
                )
            assert response.voltage(begin + x * dt) == pytest.approx(expected, abs=1e-11)
    assert checked > 20
    assert len(spikes) > 2
    for s in spikes:
        assert response.voltage(s) == E_L
        assert response.voltage(min(s + 0.9 * T_REF, 60.0)) == E_L
        top = response.voltage(s, left=True)
        # On the grid the step's end lies above the threshold: that is what one sees there.
        assert top >= V_TH if locate == "grid" else top == pytest.approx(V_TH, abs=1e-12)
    assert response.voltage(1.0, left=True) == pytest.approx(response.voltage(1.0), abs=1e-13)


@pytest.mark.parametrize("locate", LOCATIONS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("left", [False, True])
def test_voltage_is_one_function_of_floats_arrays_and_ndarrays(method, locate, left):
    """A float, an array('d') and an ndarray, in any order, see the same V within 4 ulp, and as
    many values above the threshold."""
    current = lq.constant(2.1) + lq.sine(amplitude=0.5, frequency=30.0)
    response = lq.simulate(LEAKY, current, 60.03, method=method(dt=0.3, locate=locate))
    draw = random.Random(3)
    times = [draw.uniform(0.0, 60.03) for _ in range(500)]
    times += [k * 0.3 for k in range(201)] + list(response.spikes) + [0.0, 60.03]
    draw.shuffle(times)
    one = np.array([response.voltage(t, left) for t in times])
    flat = response.voltage(array("d", times), left)
    many = response.voltage(np.array(times), left)
    assert isinstance(flat, array)
    assert np.abs(one - np.array(flat)).max() == 0.0
    assert np.abs(one - many).max() <= 4 * np.spacing(66.0)
    assert sum(v > V_TH for v in flat) == int((many > V_TH).sum())


@pytest.mark.parametrize("locate", LOCATIONS)
@pytest.mark.parametrize("method", METHODS)
def test_a_run_goes_on_from_its_state(method, locate):
    """Where the duration is a whole number of steps, two runs in a row are the long run: to the
    last bit for a step of 1/8 ms and spikes on the grid, within 1e-10 ms otherwise. The cut lies
    in a refractory period, too."""
    current = lq.constant(2.1) + lq.sine(amplitude=0.5, frequency=30.0) + lq.step(0.4, 31.0, 70.0)
    for dt in (0.125, 0.1):
        chosen = method(dt=dt, locate=locate)
        whole = lq.simulate(LEAKY, current, 100.0, method=chosen)
        inside = math.ceil(whole.spikes[3] / dt + 0.5 * T_REF / dt)
        cuts = (round(37.0 / dt), inside)
        assert whole.spikes[3] < inside * dt < whole.spikes[3] + T_REF
        for cut in cuts:
            first = lq.simulate(LEAKY, current, cut * dt, method=chosen)
            second = lq.simulate(LEAKY, current, 100.0 - cut * dt, method=chosen, state=first.state)
            spikes = [*first.spikes, *second.spikes]
            assert len(spikes) == whole.spike_count
            assert second.stop == pytest.approx(100.0)
            assert abs(second.state.V - whole.state.V) < 1e-9
            if dt == 0.125 and locate == "grid":
                assert spikes == list(whole.spikes)
            else:
                assert spikes == pytest.approx(list(whole.spikes), abs=1e-10)


# ---------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize("method", [lq.RK2, lq.RK4])
@pytest.mark.parametrize("dt", [50.0, 1e4, 1e20])
def test_a_diverging_method_says_so(method, dt):
    """A step much longer than tau_m makes Runge-Kutta grow without bound: a LimitError that names
    dt, not a NaN. The truth: |1 - z + z^2/2 ...| > 1 for z = dt/tau_m of 5 and more."""
    with pytest.raises(lq.LimitError, match=r"diverged.*method\.dt.*Lower dt"):
        lq.simulate(LEAKY, lq.constant(0.5), 1e4 * dt, method=method(dt=dt))


@pytest.mark.parametrize("method", [lq.Euler, lq.ExponentialEuler])
@pytest.mark.parametrize("dt", [25.0, 1e4, 1e20])
def test_a_long_step_gives_finite_numbers(method, dt):
    """Euler with a step beyond 2 tau_m swings through the threshold, and exponential Euler stays
    at its asymptote: wrong or coarse, but finite."""
    current = lq.constant(0.5) + lq.sine(amplitude=0.4, frequency=3.0)
    response = lq.simulate(LEAKY, current, 1000 * dt, method=method(dt=dt))
    times = np.linspace(0.0, 1000 * dt, 777)
    assert math.isfinite(response.state.V)
    assert np.isfinite(response.voltage(times)).all()
    assert np.isfinite(response.spike_times).all()
    if method is lq.ExponentialEuler:
        assert response.spike_count == 0


@pytest.mark.parametrize("method", METHODS)
def test_too_many_steps_are_refused_at_once(method):
    """Too many steps raise a LimitError that names dt, before any is made."""
    for duration, dt in ((1e9, 1.0), (1e30, 1e-30), (1.0, 1e-30)):
        with pytest.raises(lq.LimitError, match=r"method\.dt.*at most.*Raise dt, shorten"):
            lq.simulate(LEAKY, lq.constant(2.0), duration, method=method(dt=dt))


def test_too_many_spikes_are_refused():
    """max_spikes holds for fixed steps as well; that many spikes are still a result."""
    few = lq.simulate(LEAKY, lq.constant(2.2), 100.0, method=lq.Euler(dt=0.1))
    same = lq.simulate(
        LEAKY, lq.constant(2.2), 100.0, method=lq.Euler(dt=0.1), max_spikes=few.spike_count
    )
    assert list(same.spikes) == list(few.spikes)
    with pytest.raises(lq.LimitError, match="max_spikes"):
        lq.simulate(
            LEAKY,
            lq.constant(2.2),
            100.0,
            method=lq.Euler(dt=0.1),
            max_spikes=few.spike_count - 1,
        )
