"""Phase locking to a sine: firing map, rotation number, Arnold tongues.

The truth is V in closed form at 40 digits, whose crossings are found by scanning and bisection;
closed forms of the PIF and of the tongues 1:q; a saddle-node solved for in mpmath; and theorems on
maps of the circle.
"""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from array import array

import numpy as np
import pytest
import strategies
from hypothesis import assume, given, settings
from mpmath import mp, mpf

import lapicque as lq
from lapicque import analysis

LEAKY = lq.LIF(R_m=10.0, C_m=1.0)  # rheobase 1.5 nA, tau_m 10 ms
HELD = LEAKY.replace(t_ref=2.0)
PERFECT = lq.PIF(C_m=2.0)  # 30 pC


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(40):
        yield


class Membrane:
    """A LIF with given R_m and C_m under a sine, by its formulas at 40 digits; phases in cycles."""

    def __init__(self, neuron, mean, size, frequency):
        self.R, self.C, self.E = map(mpf, (neuron.R_m, neuron.C_m, neuron.E_L))
        self.V_th, self.V_reset, self.held = map(mpf, (neuron.V_th, neuron.V_reset, neuron.t_ref))
        self.tau, self.period = self.R * self.C, 1000 / mpf(frequency)
        self.mean, self.size = mpf(mean), mpf(size)
        self.omega = 2 * mp.pi / self.period

    def steady(self, t):
        lag = mp.atan(self.omega * self.tau)
        gain = self.R * self.size * mp.cos(lag)
        return self.E + self.R * self.mean + gain * mp.sin(self.omega * t - lag)

    def V(self, t, spike):
        begin = spike + self.held
        return self.steady(t) + (self.V_reset - self.steady(begin)) * mp.exp((begin - t) / self.tau)

    def next(self, phase, step=0.05):
        """F(phase): the first crossing by steps of 0.05 ms, and bisection."""
        spike = mpf(phase) * self.period
        a = spike + self.held
        while self.V(a + step, spike) < self.V_th:
            a += step
        root = mp.findroot(lambda t: self.V(t, spike) - self.V_th, (a, a + step), solver="anderson")
        return root / self.period

    def slope(self, begin, end):
        """dF/dphase from one spike to the next."""
        s, t = begin * self.period, end * self.period
        rise = self.mean + self.size * mp.sin(self.omega * (s + self.held))
        fall = self.mean + self.size * mp.sin(self.omega * t)
        up = self.R * rise - (self.V_reset - self.E)
        down = self.R * fall - (self.V_th - self.E)
        return mp.exp((s + self.held - t) / self.tau) * up / down


DRIVES = [(1.8, 0.4, 61.0), (2.4, 0.2, 200.0), (1.2, 1.0, 20.0), (1.6, -0.3, 7.0)]


@pytest.mark.parametrize("neuron", [LEAKY, HELD], ids=["t_ref 0", "t_ref 2"])
@pytest.mark.parametrize("drive", DRIVES)
def test_the_firing_map_is_the_first_crossing(neuron, drive):
    """Found at 40 digits from the formula of V; 1e-10 ms are at most 2e-11 cycles here."""
    truth = Membrane(neuron, *drive)
    for phase in (-1.3, 0.0, 0.1, 0.37, 0.62, 0.9, 5.25):
        found = analysis.firing_map(neuron, *drive, phase)
        assert abs(mpf(found) - truth.next(phase)) < 2e-11


@given(strategies.lifs(), strategies.numbers(0.0, 3.0), strategies.spread(1.0, 200.0))
def test_the_firing_map_is_a_lift(neuron, ratio, frequency):
    """F(x + 1) = F(x) + 1, to rounding of phases and what a flat crossing makes of it."""
    mean = neuron.rheobase() + 2.0 * 15.0 / neuron.R_m
    drive = (mean, 0.3 * ratio * 15.0 / neuron.R_m, frequency)
    for phase in (0.125, 0.5, 0.875):
        once = analysis.firing_map(neuron, *drive, phase)
        again = analysis.firing_map(neuron, *drive, phase + 3.0)
        assert again - 3.0 == pytest.approx(once, abs=1e-9)


def test_a_map_of_arrays_is_of_their_kind():
    """A number for a number, array('d') for a list, an ndarray of its shape for an ndarray."""
    drive = (1.8, 0.4, 61.0)
    expected = [analysis.firing_map(LEAKY, *drive, x) for x in (0.0, 0.25, 0.5, 0.75)]
    many = analysis.firing_map(LEAKY, *drive, [0.0, 0.25, 0.5, 0.75])
    assert (type(many), list(many)) == (array, expected)
    square = analysis.firing_map(LEAKY, *drive, np.array([[0.0, 0.25], [0.5, 0.75]]))
    assert (square.shape, square.ravel().tolist()) == ((2, 2), expected)


# ------------------------------------------------------------------------------- rotation number


@settings(max_examples=25)
@given(
    strategies.pifs(),
    strategies.spread(0.05, 3.0),
    strategies.numbers(-6.0, 6.0),
    strategies.spread(2.0, 200.0),
)
def test_the_perfect_integrator_under_any_sine(neuron, mean, size, frequency):
    """I0 T / (C_m (V_th - V_reset)) spikes a cycle at any amplitude: charge is all that counts."""
    neuron = neuron.replace(t_ref=0.0)
    charge = mpf(neuron.C_m) * (mpf(neuron.V_th) - mpf(neuron.V_reset))
    truth = mpf(mean) * (1000 / mpf(frequency)) / charge
    found = analysis.rotation_number(neuron, mean, size, frequency, spikes=200)
    assert found.proven
    assert found.locked is None
    assert found.low <= truth <= found.high
    if found.high < math.inf:
        assert found.error >= abs(found.value - truth)


@pytest.mark.parametrize("neuron", [LEAKY, HELD, PERFECT, PERFECT.replace(t_ref=2.0)])
@pytest.mark.parametrize("frequency", [3.0, 37.0, 180.0])
def test_without_a_sine_it_is_the_rate_over_the_frequency(neuron, frequency):
    """f-I in closed form; n spikes tell it to 1/n."""
    truth = analysis.f_I(neuron, 1.9) / frequency
    found = analysis.rotation_number(neuron, 1.9, 0.0, frequency)
    assert found.value == pytest.approx(truth, rel=1e-10)
    assert found.low <= truth <= found.high
    weak = analysis.rotation_number(neuron, 1.9, 1e-7, frequency)
    assert weak.value == pytest.approx(truth, rel=1e-3)


@settings(max_examples=25)
@given(
    strategies.lifs(),
    strategies.numbers(-1.0, 2.0),
    strategies.numbers(0.0, 3.0),
    strategies.spread(2.0, 200.0),
)
def test_a_longer_run_stays_within_the_enclosure(neuron, mean, size, frequency):
    """What 60 spikes enclose by the theorem, 3000 spikes' own enclosure must meet."""
    gap = 15.0 / neuron.R_m
    drive = (neuron.rheobase() + mean * gap, size * gap, frequency)
    short = analysis.rotation_number(neuron, *drive, spikes=60)
    assume(short.proven and short.value > 0.0)
    long = analysis.rotation_number(neuron, *drive, spikes=3000)
    assert short.low - 1e-12 <= long.high
    assert long.low <= short.high + 1e-12
    assert short.low <= short.value <= short.high


@settings(max_examples=25)
@given(strategies.lifs(), strategies.numbers(0.0, 4.0), strategies.spread(2.0, 200.0))
def test_order_is_kept_where_it_is_said_to_be(neuron, size, frequency):
    """The firing map does not fall from one spike phase of a train to a later one."""
    gap = 15.0 / neuron.R_m
    drive = (neuron.rheobase() + 0.2 * gap, size * gap, frequency)
    found = analysis.rotation_number(neuron, *drive, spikes=80)
    assume(found.proven and found.locked is None and found.value > 0.0)
    phases = sorted(found.phases)
    images = list(analysis.firing_map(neuron, *drive, phases))
    images.append(images[0] + 1.0)
    for a, b in itertools.pairwise(images):
        assert b >= a - 1e-8


def test_a_map_that_overlaps_is_not_called_proven():
    """The last phase of one cycle's spikes is followed later than the first of the next cycle's."""
    drive = (1.5, 12.0, 60.0)
    assert not analysis.rotation_number(LEAKY, *drive).proven
    # Where R_m I exceeds the threshold: sin > 0, half of each cycle.
    first, last = analysis.firing_map(LEAKY, *drive, [1e-9, 0.5 - 1e-9])
    assert last > first + 1.0
    found = analysis.rotation_number(LEAKY, *drive)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("frequency", [5.0, 40.0])
@pytest.mark.parametrize("above", [-1e-6, 1e-6])
def test_it_fires_if_the_steady_response_reaches_the_threshold(frequency, above):
    """Its peak is R_m I0 + R_m A / sqrt(1 + (omega tau_m)^2) above E_L; just below it is silent."""
    share = 1.0 / math.hypot(1.0, 2.0 * math.pi * frequency * 10.0 / 1000.0)
    found = analysis.rotation_number(LEAKY, 1.5 - 0.3 * share + above, 0.3, frequency, spikes=20)
    assert (found.value > 0.0) == (above > 0.0)
    assert found.proven
    if above < 0.0:
        assert (found.low, found.high, list(found.phases)) == (0.0, 0.0, [])


def test_the_map_jumps_where_the_drive_falls_below_the_rheobase():
    """Keener et al.: V turns at the threshold, and the next spike is in a later cycle."""
    low, high = 0.0, 1.0
    drive = (1.55, 0.6, 40.0)
    phases = np.linspace(low, high, 201)
    jumps = np.diff(analysis.firing_map(LEAKY, *drive, phases))
    k = int(jumps.argmax())
    low, high = phases[k], phases[k + 1]
    while high - low > 1e-12:
        middle = 0.5 * (low + high)
        values = analysis.firing_map(LEAKY, *drive, [low, middle, high])
        low, high = (
            (middle, high) if values[2] - values[1] > values[1] - values[0] else (low, middle)
        )
    before, after = analysis.firing_map(LEAKY, *drive, [low, high])
    assert after - before > 0.2
    # V turns there: the drive is at the rheobase or falling through it.
    assert 1.55 + 0.6 * math.sin(2.0 * math.pi * before) == pytest.approx(1.5, abs=1e-4)
    # Without such a fall there is no jump: neighbours stay neighbours.
    smooth = analysis.firing_map(LEAKY, 1.8, 0.2, 40.0, phases)
    assert np.diff(smooth).max() < 0.1


def test_the_staircase_rises_with_the_current():
    """Monotone in I0, as the firing map falls; with a flat step 1:1 as wide as its tongue."""
    tongue = analysis.arnold_tongue(LEAKY, 1, 1, 0.3, frequency=60.0)
    currents = np.linspace(1.4, 2.8, 43)
    stairs = [analysis.rotation_number(LEAKY, float(i), 0.3, 60.0) for i in currents]
    for left, right in itertools.pairwise(stairs):
        assert left.low <= right.high
    assert {stair.locked for stair in stairs} >= {(1, 1), (1, 2)}
    for current, stair in zip(currents, stairs, strict=True):
        assert (stair.locked == (1, 1)) == (tongue.low[0] <= current <= tongue.high[0])


@pytest.mark.parametrize(
    ("drive", "lock"),
    [((1.8, 0.4, 50.0), (1, 1)), ((1.75, 0.5, 100.0), (1, 2)), ((1.0, 2.0, 20.0), (2, 1))],
)
def test_a_lock_is_a_stable_periodic_orbit(drive, lock):
    """At 40 digits: its phases follow each other, and the map's slope along it is below 1."""
    found = analysis.rotation_number(LEAKY, *drive)
    assert (found.locked, found.proven) == (lock, True)
    assert found.low == found.value == found.high == lock[0] / lock[1]
    assert found.error == 0.0
    truth = Membrane(LEAKY, *drive)
    x, slope = mpf(found.phases[0]), mpf(1)
    for k in range(lock[0]):
        after = truth.next(x)
        slope *= truth.slope(x, after)
        x = after
        assert abs((x - found.phases[(k + 1) % lock[0]] + 0.5) % 1 - 0.5) < 1e-9
    assert round(x - found.phases[0]) == lock[1]
    assert 0 <= slope < 1


def test_a_neuron_with_memory_is_told_without_proof(monkeypatch):
    """The same numbers as with the map of phases, which such a neuron does not have."""
    drives = [(1.8, 0.4, 50.0), (2.0, 0.1, 45.0), (1.0, 0.2, 20.0)]
    known = [analysis.rotation_number(LEAKY, *drive) for drive in drives]
    monkeypatch.setattr(lq.LIF, "renewal", False)
    for drive, truth in zip(drives, known, strict=True):
        found = analysis.rotation_number(LEAKY, *drive)
        assert not found.proven
        assert (found.locked, found.value) == (truth.locked, truth.value)
        assert found.low <= found.value <= found.high
        assert list(found.phases) == pytest.approx(list(truth.phases), abs=1e-8)
    for ask in (
        lambda: analysis.firing_map(LEAKY, 1.8, 0.4, 50.0, 0.0),
        lambda: analysis.arnold_tongue(LEAKY, 1, 1, 0.4, frequency=50.0),
    ):
        with pytest.raises(lq.ParameterError, match="'neuron' must be left in the same state"):
            ask()


def test_a_run_of_less_than_a_cycle_encloses_little():
    """1000 spikes in a 50th of a cycle: no upper end, and the mean over the cycle is inside."""
    found = analysis.rotation_number(LEAKY, 1.8, 0.2, 1e-3)
    assert found.proven
    mean = 1000.0 * sum(analysis.f_I(LEAKY, 1.8 + 0.2 * np.cos(np.pi * np.arange(1, 200, 2) / 200)))
    assert found.low <= mean / 100 < found.high == math.inf
    assert analysis.rotation_number(LEAKY, 1.8, 0.2, 1e3).error < 1e-3


def test_a_grid_holds_the_numbers_one_by_one():
    """Rows of amplitudes, columns of frequencies."""
    sizes, pitches = [0.1, 0.4], np.array([40.0, 50.0, 60.0])
    grid = analysis.rotation_numbers(LEAKY, 1.8, sizes, pitches, spikes=100)
    assert np.array(grid).shape == (2, 3)
    for row, size in zip(grid, sizes, strict=True):
        for value, pitch in zip(row, pitches, strict=True):
            one = analysis.rotation_number(LEAKY, 1.8, size, float(pitch), spikes=100)
            assert value == one.value


# -------------------------------------------------------------------------------- Arnold tongues


def linear_edges(neuron, q, size, frequency):
    """One spike in q cycles: V_th is met where the steady response is by so much above V_reset's.

    After q cycles the steady response is what it was at the spike, ``P``; with a = exp(-q T/tau_m)
    ``V_th = P(x) - (P(x + t_ref) - V_reset) a'``, a' the decay since the release: a sine in x,
    plus what is linear in I0.
    """
    m = Membrane(neuron, 0, size, frequency)
    decay = mp.exp((m.held - q * m.period) / m.tau)
    share = abs(1 - decay * mp.expj(m.omega * m.held))
    amplitude = m.R * abs(m.size) / mp.sqrt(1 + (m.omega * m.tau) ** 2) * share
    middle = m.V_th - m.E - (m.V_reset - m.E) * decay
    return ((middle + side * amplitude) / (m.R * (1 - decay)) for side in (-1, 1))


@pytest.mark.parametrize("neuron", [LEAKY, HELD, LEAKY.replace(V_reset=-70.0)])
@pytest.mark.parametrize(("q", "frequency"), [(1, 60.0), (1, 150.0), (2, 120.0), (3, 200.0)])
@pytest.mark.parametrize("size", [1e-3, 0.1, -0.2])
def test_a_tongue_of_one_spike_has_straight_edges(neuron, q, frequency, size):
    """Closed form while the drive stays above the rheobase, to 1e-11."""
    low, high = linear_edges(neuron, q, size, frequency)
    assert low - abs(size) > neuron.rheobase()
    tongue = analysis.arnold_tongue(neuron, 1, q, size, frequency=frequency)
    assert (tongue.p, tongue.q, tongue.axis, tongue.proven) == (1, q, "I0", (True,))
    assert abs(tongue.low[0] - low) < 1e-11 * low
    assert abs(tongue.high[0] - high) < 1e-11 * high


@pytest.mark.parametrize(("p", "q", "frequency"), [(2, 1, 40.0), (3, 2, 60.0), (2, 3, 150.0)])
@pytest.mark.parametrize("upper", [False, True])
def test_an_edge_is_a_saddle_node(p, q, frequency, upper):
    """Solved for at 40 digits: p phases and I0, such that V meets V_th and the slope is 1."""
    size = 0.25
    tongue = analysis.arnold_tongue(LEAKY, p, q, size, frequency=frequency)
    edge = (tongue.high if upper else tongue.low)[0]
    phases = np.linspace(0.0, 1.0, 400)
    images = phases
    for _ in range(p):
        images = analysis.firing_map(LEAKY, edge, size, frequency, images)
    gain = images - phases
    x = [float(phases[gain.argmax() if upper else gain.argmin()])]
    for _ in range(p - 1):
        x.append(analysis.firing_map(LEAKY, edge, size, frequency, x[-1]))

    def conditions(*unknown):
        *at, mean = unknown
        m = Membrane(LEAKY, mean, size, frequency)
        ends = [*at[1:], at[0] + q]
        met = [m.V(b * m.period, a * m.period) - m.V_th for a, b in zip(at, ends, strict=True)]
        slope = mp.fprod(m.slope(a, b) for a, b in zip(at, ends, strict=True))
        return [*met, slope - 1]

    solution = mp.findroot(conditions, [*x, edge])
    assert abs(solution[p] - edge) < 1e-11
    assert max(abs(solution[k] - x[k]) for k in range(p)) < 0.02


@pytest.mark.parametrize(("p", "q"), [(1, 1), (3, 2)])
@pytest.mark.parametrize("size", [0.2, 0.8, 1.5])
def test_rotation_locks_inside_a_tongue_and_not_outside(p, q, size):
    """Also where the drive falls below the rheobase and edges are jumps: 1e-4 on either side."""
    tongue = analysis.arnold_tongue(LEAKY, p, q, size, frequency=60.0)
    low, high = tongue.low[0], tongue.high[0]
    inside = 1e-3 * (high - low)

    def rotation(mean):
        return analysis.rotation_number(LEAKY, mean, size, 60.0, spikes=3000)

    assert tongue.proven == (True,)
    for mean in (low + inside, 0.5 * (low + high), high - inside):
        assert rotation(mean).low <= p / q <= rotation(mean).high
    assert rotation(0.5 * (low + high)).locked == (p, q)
    assert rotation(low - 1e-4).value < p / q < rotation(high + 1e-4).value


def test_edges_in_frequency_are_edges_in_current():
    """Seen from the other axis: at the frequency found, I0 is on the edge of the closed form."""
    size = 0.1
    tongue = analysis.arnold_tongue(LEAKY, 1, 1, [size, 0.0], I0=1.8)
    assert (tongue.axis, tongue.proven) == ("frequency", (True, True))
    # More current or a slower drive: the upper edge in I0 is the lower one in frequency.
    _, high = linear_edges(LEAKY, 1, size, tongue.low[0])
    low, _ = linear_edges(LEAKY, 1, size, tongue.high[0])
    assert abs(high - mpf(1.8)) < 1e-11
    assert abs(low - mpf(1.8)) < 1e-11
    assert tongue.low[1] == tongue.high[1] == pytest.approx(analysis.f_I(LEAKY, 1.8), rel=1e-15)


def test_a_tongue_of_a_perfect_integrator_has_no_width():
    """p Q = I0 q T, whatever the amplitude."""
    tongue = analysis.arnold_tongue(PERFECT, 2, 3, [0.0, 0.5, 1.5], frequency=50.0)
    for edges in (tongue.low, tongue.high):
        assert list(edges) == pytest.approx([1.0] * 3, rel=1e-15)
    seen = analysis.arnold_tongue(PERFECT, 2, 3, 1.5, I0=1.0)
    assert (seen.low[0], seen.high[0], seen.proven) == (pytest.approx(50.0), seen.low[0], (True,))
    held = analysis.arnold_tongue(PERFECT.replace(t_ref=2.0), 2, 3, 0.5, frequency=50.0)
    assert held.high[0] - held.low[0] > 1e-3  # a pause makes it depend on the phase


def test_there_is_no_tongue_beyond_the_refractory_period():
    """Two spikes a cycle need two refractory periods; a current too weak evokes none."""
    held = LEAKY.replace(t_ref=10.0)
    assert math.isnan(analysis.arnold_tongue(held, 2, 1, 0.1, frequency=60.0).low[0])
    assert math.isnan(analysis.arnold_tongue(LEAKY, 1, 1, 0.1, I0=1.0).high[0])


def test_a_slow_drive_below_the_rheobase_has_edges_too():
    """I0 + A above the rheobase, I0 below: 1:1 between two frequencies, as rotation numbers say."""
    tongue = analysis.arnold_tongue(LEAKY, 1, 1, 0.5, I0=1.45)
    low, high = tongue.low[0], tongue.high[0]
    assert 0.0 < low < high
    for frequency, sign in ((low * 0.999, 1), (0.5 * (low + high), 0), (high * 1.001, -1)):
        value = analysis.rotation_number(LEAKY, 1.45, 0.5, frequency).value
        assert (value > 1.0) - (value < 1.0) == sign


# ------------------------------------------------------------------------------------------ input


def test_locking_is_loaded_when_it_is_asked_for():
    """The lab, which draws other views, goes without; the names are there all the same."""
    code = "import sys, lapicque.lab.answer; print('lapicque.analysis.locking' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stderr, done.stdout) == ("", "False\n")
    assert {"Rotation", "Tongue", "arnold_tongue", "f_I", "firing_map"} <= {*dir(analysis)}
    with pytest.raises(AttributeError, match=r"lapicque\.analysis' has no attribute 'lock'"):
        analysis.lock  # noqa: B018


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: analysis.rotation_number("LIF", 1.0, 1.0, 1.0), "'neuron' must be a neuron"),
        (lambda: analysis.rotation_number(LEAKY, math.nan, 1.0, 1.0), "'I0' must be"),
        (lambda: analysis.rotation_number(LEAKY, 1.0, None, 1.0), "'amplitude' must be"),
        (lambda: analysis.rotation_number(LEAKY, 1.0, 1.0, 0.0), "'frequency' must be"),
        (lambda: analysis.rotation_number(LEAKY, 1.0, 1.0, 1.0, spikes=3), "'spikes' must be a wh"),
        (lambda: analysis.rotation_numbers(LEAKY, 1.0, 1.0, [-1.0]), "'frequencies' must be"),
        (lambda: analysis.firing_map(LEAKY, 1.0, 1.0, 1.0, [math.inf]), "'phases' must be"),
        (lambda: analysis.arnold_tongue(LEAKY, 0, 1, 1.0, I0=1.0), "'p' must be a whole"),
        (lambda: analysis.arnold_tongue(LEAKY, 1, 1.0, 1.0, I0=1.0), "'q' must be a whole"),
        (lambda: analysis.arnold_tongue(LEAKY, 2, 4, 1.0, I0=1.0), "'q' must have no divisor in"),
        (lambda: analysis.arnold_tongue(LEAKY, 1, 1, 1.0), "'frequency' must be given where I0"),
        (
            lambda: analysis.arnold_tongue(LEAKY, 1, 1, 1.0, I0=1.0, frequency=2.0),
            "'I0' must be given where frequency",
        ),
    ],
)
def test_what_breaks_a_rule_is_an_error(ask, message):
    with pytest.raises(lq.ParameterError) as caught:
        ask()
    assert str(caught.value).startswith(message)
