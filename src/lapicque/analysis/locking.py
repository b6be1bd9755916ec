"""How a neuron follows a sine: firing map, rotation number, Arnold tongues.

Phases are in cycles of the drive ``I(t) = I0 + amplitude sin(2 pi frequency t)``: 0 where the sine
rises through 0.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

from ..current import Current, constant, sine
from ..errors import ParameterError
from ..kernels import membrane, pairs
from ..neuron import Neuron
from ..parameter import Parameter
from ..response import Response, State
from ..simulate import simulate
from .asked import AMPLITUDE, check_count, check_neuron, each, numbers, quiet_time
from .excitability import f_I

if TYPE_CHECKING:
    import numpy as np

SWING = Parameter(unit="nA", meaning="amplitude of the sine", symbol="A", display="pA")
FREQUENCY = Parameter(
    unit="Hz",
    meaning="frequency of the sine",
    symbol="f",
    minimum=1e-6,
    open_minimum=True,
    maximum=1e6,
)
PHASE = Parameter(unit="", meaning="phase of a spike in cycles of the drive")

# Patterns of up to so many spikes are looked for.
_LONGEST = 64
# Two phases (cycles) are the same within this: time is good to 1e-10 ms a spike, and to its digits.
_SAME = 1e-9
# What rounding may do to a span of time (cycles).
_ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True, slots=True)
class Rotation:
    """How many spikes there are in a cycle of the drive: made by `rotation_number`.

    Attributes
    ----------
    value : float
        The rotation number: the mean number of spikes in a cycle, in the long run.  Its
        reciprocal, cycles per spike, is the rotation number of the firing map.
    low, high : float
        What encloses it; both are ``value`` where locking is proven, and for a silent neuron.
    proven : bool
        Whether the enclosure is a theorem: the firing map is one of the circle and preserves
        order, so that n spikes tell its rotation number to 1/n (docs/theory.md).  Else low and
        high are the same formula, a guess.
    locked : tuple of int, or None
        ``(p, q)``: p spikes in q cycles, again and again.  Where ``proven``, there is a stable
        periodic orbit of p spikes; else p spikes were seen to repeat within 1e-9 cycles.
    phases : array
        The phases of the spikes (cycles, in [0, 1)), in the order of firing: those of the pattern
        where it is locked, else the last ones, up to 64.
    """

    value: float
    low: float
    high: float
    proven: bool
    locked: tuple[int, int] | None
    phases: array[float]

    @property
    def error(self) -> float:
        """The largest distance (spikes per cycle) of ``value`` from an end of its enclosure."""
        return max(self.value - self.low, self.high - self.value)


@dataclasses.dataclass(frozen=True)
class _Driven:
    """A neuron under a sine: its firing map, if every spike leaves the same state behind."""

    neuron: Neuron
    I0: float
    amplitude: float
    frequency: float

    @property
    def period(self) -> float:
        return 1000.0 / self.frequency

    @functools.cached_property
    def current(self) -> Current:
        return constant(self.I0) + sine(self.amplitude, self.frequency)

    @functools.cached_property
    def row(self) -> list[float]:
        return self.neuron.pack()

    @functools.cached_property
    def quiet(self) -> float:
        """Return the silence (ms) after which there is no spike any more."""
        wait = quiet_time(self.neuron) + 2.0 * self.period
        if not self.neuron.renewal:
            return wait
        row = self.row
        if row[membrane.RATE] > 0.0 or self.I0 <= 0.0:
            return wait
        # A perfect integrator: the charge, and what the sine may hold back.
        charge = -row[membrane.SCALE] * row[membrane.RESET] + abs(self.swing())
        return wait + charge / self.I0

    @functools.cached_property
    def glance(self) -> float:
        """Return a span (ms) that has few spikes in it, and is at most a period."""
        if not self.neuron.renewal:
            return min(1e-3 * self.quiet, self.period)
        fastest = f_I(self.neuron, self.I0 + abs(self.amplitude))
        return min(2000.0 / fastest if fastest > 0.0 else math.inf, self.period)

    def swing(self) -> float:
        """Return by how much (pC) the integral of the sine goes up and down."""
        return abs(self.amplitude) * self.period / math.pi

    def arc(self) -> tuple[float, float] | None:
        """Return the phases at which V can rise through the threshold; None without any.

        Of a full circle ``(0, 1)``, else the ends of the arc where the drive is not negative.
        """
        row = self.row
        least = row[membrane.GAP] / row[membrane.SCALE] if row[membrane.RATE] > 0.0 else 0.0
        return self._arc_above(least)

    def _arc_above(self, least: float) -> tuple[float, float] | None:
        size = abs(self.amplitude)
        if self.I0 - size >= least:
            return 0.0, 1.0
        if self.I0 + size < least:
            return None
        half = 0.25 - math.asin(max(-1.0, min(1.0, (least - self.I0) / size))) / (2.0 * math.pi)
        middle = 0.25 if self.amplitude > 0.0 else 0.75
        return middle - half, middle + half

    def keeps_order(self) -> bool:
        """Return whether the firing map preserves order among the phases of spikes.

        Of two trajectories the one that was reset later must be the lower one.  So it is unless
        the other fell below V_reset by then.
        """
        if not self.neuron.renewal:
            return False
        row = self.row
        if row[membrane.RESET] >= 0.0:
            return True  # once per t_ref, if at all
        least = 0.0
        if row[membrane.RATE] > 0.0:
            least = (row[membrane.GAP] + row[membrane.RESET]) / row[membrane.SCALE]
        rising, firing = self._arc_above(least), self.arc()
        if rising == (0.0, 1.0) or firing is None:
            return True
        if rising is None:
            return False
        held = row[membrane.REFRACTORY] / self.period
        middle, half = 0.5 * (firing[0] + firing[1]), 0.5 * (firing[1] - firing[0])
        away = abs(math.remainder(held, 1.0))
        if away + half > 0.5 * (rising[1] - rising[0]):
            return False
        # Nor may it fall below V_reset from the last release of one cycle to the first of the next.
        begin = ((middle + half + held) % 1.0) * self.period
        rest = self._run_from(begin, begin, (1.0 - 2.0 * half) * self.period)
        arrived = rest.state.V
        return bool(rest.spikes) or arrived >= row[membrane.V_RESET]

    def _run_from(self, spike: float, free: float, span: float, free_lo: float = 0.0) -> Response:
        V = self.row[membrane.V_RESET]
        state = State(time=spike, V=V, V_lo=0.0, free=free, free_lo=free_lo)
        return simulate(self.neuron, self.current, span, state=state)

    def advance(self, phase: float, count: int, cycles: float = 0.0) -> float:
        """Return the phase of the ``count``-th spike after one at ``phase``, infinite if none.

        The lift of the firing map, iterated: whole cycles are not taken off.  ``cycles`` is how
        long that should take, if known.
        """
        period, quiet = self.period, self.quiet
        begin = (phase % 1.0) * period
        free, free_lo = pairs.two_sum(begin, self.row[membrane.REFRACTORY])
        span = 1.05 * cycles * period if cycles > 0.0 else self.glance
        response = self._run_from(begin, free, span, free_lo)
        last = begin
        while len(response.spikes) < count:
            count -= len(response.spikes)
            last = response.spikes[-1] if response.spikes else last
            if response.state.time - last > quiet:
                return math.inf
            span *= 2.0
            response = simulate(self.neuron, self.current, span, state=response.state)
        hi, lo = response.spikes[count - 1], response.spikes_lo[count - 1]
        return phase + ((hi - begin) + lo) / period


@overload
def firing_map(
    neuron: Neuron, I0: float, amplitude: float, frequency: float, phases: float
) -> float: ...
@overload
def firing_map(
    neuron: Neuron, I0: float, amplitude: float, frequency: float, phases: Sequence[float]
) -> array[float]: ...
@overload
def firing_map(
    neuron: Neuron, I0: float, amplitude: float, frequency: float, phases: np.ndarray
) -> np.ndarray: ...


def firing_map(neuron: Neuron, I0: float, amplitude: float, frequency: float, phases: Any) -> Any:
    """Return the phase of the next spike under a sine, given that of the last one.

    ``I(t) = I0 + amplitude sin(2 pi frequency t)``.  It is the lift of a map of the circle,
    ``F(x + 1) = F(x) + 1``: whole cycles are not taken off, so that ``F(x) - x`` is the interval
    in cycles.  Any phase may be asked, also one at which this current evokes no spike.

    Parameters
    ----------
    neuron : Neuron
        One of which every spike leaves the same state behind (LIF, PIF).
    I0, amplitude : float
        nA; the mean current, and the size of the sine.
    frequency : float
        Hz, > 0.
    phases : float or array, any shape
        Cycles: 0 where the sine rises through 0.

    Returns
    -------
    float or array
        Cycles, of the kind of ``phases``, as in `f_I`; infinite where no spike follows.

    Raises
    ------
    ParameterError
        If a value breaks its rule, or the neuron has a memory of earlier spikes.

    Source: Keener, Hoppensteadt & Rinzel (1981) SIAM J Appl Math 41:503-517.
    """
    driven = _driven(_one_dimensional(neuron), I0, amplitude, frequency)
    return each(lambda phase: driven.advance(phase, 1), phases, PHASE, "phases")


def rotation_number(
    neuron: Neuron, I0: float, amplitude: float, frequency: float, *, spikes: int = 1000
) -> Rotation:
    """Find how many spikes per cycle a sine evokes in the long run, and whether they lock to it.

    ``I(t) = I0 + amplitude sin(2 pi frequency t)``, by the exact engine.  Where the firing map
    preserves order, n spikes in D cycles put the rotation number between ``n / (D + 1)`` and
    ``n / (D - 1)``; of the PIF without a refractory period, whose map need not, the sine's own
    charge takes the place of the 1.  If the last spikes repeat, p of them in q cycles, the p-th
    iterate of the map is tried on both sides of one: a phase that advances by more than q cycles
    and one that advances by less prove that the rotation number is p/q exactly.

    Parameters
    ----------
    neuron : Neuron
    I0, amplitude : float
        nA; the mean current, and the size of the sine.
    frequency : float
        Hz, > 0.
    spikes : int
        So many are simulated, unless a lock is found earlier.  They must take many cycles: the
        error is about ``value / cycles``, ``value**2 / spikes``.

    Returns
    -------
    Rotation

    Raises
    ------
    ParameterError
        If a value breaks its rule.

    Notes
    -----
    Rounding is not part of the proof, beyond 1e-9 cycles that the enclosure allows for: a lock so
    weak that no phase moves by more than 1e-9 cycles from p spikes to p spikes is not reported,
    nor one that is not stable (a rational rotation number of a PIF, or at amplitude 0).

    Source: Keener, Hoppensteadt & Rinzel (1981) SIAM J Appl Math 41:503-517; Rhodes & Thompson
    (1986) J Lond Math Soc 34:360-368, for maps that jump.
    """
    driven = _driven(neuron, I0, amplitude, frequency)
    return _rotation(driven, check_count(spikes, 10, 10_000_000, "spikes"))


def rotation_numbers(
    neuron: Neuron,
    I0: float,
    amplitudes: Any,
    frequencies: Any,
    *,
    spikes: int = 1000,
) -> tuple[array[float], ...]:
    """Return rotation numbers on a grid of amplitudes and frequencies: Arnold's tongues.

    Parameters
    ----------
    neuron : Neuron
    I0 : float
        nA.
    amplitudes : float or array, shape (amplitudes,)
        nA.
    frequencies : float or array, shape (frequencies,)
        Hz.
    spikes : int
        As in `rotation_number`.

    Returns
    -------
    tuple of array, shape (amplitudes, frequencies)
        Spikes per cycle; `rotation_number` says how sure one of them is.

    Raises
    ------
    ParameterError
        If a value breaks its rule.
    """
    count = check_count(spikes, 10, 10_000_000, "spikes")
    check_neuron(neuron)
    mean = AMPLITUDE.check(I0, "I0")
    sizes = numbers(amplitudes, SWING, "amplitudes")
    pitches = numbers(frequencies, FREQUENCY, "frequencies")
    return tuple(
        array("d", [_rotation(_Driven(neuron, mean, a, f), count).value for f in pitches])
        for a in sizes
    )


def _driven(neuron: Any, I0: Any, amplitude: Any, frequency: Any) -> _Driven:
    return _Driven(
        check_neuron(neuron),
        AMPLITUDE.check(I0, "I0"),
        SWING.check(amplitude, "amplitude"),
        FREQUENCY.check(frequency, "frequency"),
    )


def _one_dimensional(neuron: Any) -> Neuron:
    if not check_neuron(neuron).renewal:
        raise ParameterError(
            "neuron",
            "must be left in the same state by every spike, else its firing map is not one of "
            "phases alone",
            neuron,
            "Take rotation_number, which simulates any neuron.",
        )
    return check_neuron(neuron)


def _rotation(driven: _Driven, spikes: int) -> Rotation:
    proven, slack, neutral = driven.keeps_order(), 1.0, False
    if driven.neuron.renewal and driven.row[membrane.RATE] == driven.row[membrane.REFRACTORY] == 0:
        # The charge between any two spikes is known, and no orbit attracts another.
        neutral = True
        if driven.I0 > 0.0:
            proven, slack = True, driven.swing() / (driven.I0 * driven.period)
    phases = _Phases(driven)
    for stage in sorted({min(spikes, 64), min(spikes, 256), spikes}):
        if not phases.collect(stage):
            return Rotation(0.0, 0.0, 0.0, driven.neuron.renewal, None, array("d"))
        found = None if neutral else phases.locked(proven)
        if found is not None:
            (p, q), orbit = found
            low, high = (p / q, p / q) if proven else phases.enclosure(1.0)
            return Rotation(p / q, low, high, proven, (p, q), orbit)
    low, high = phases.enclosure(slack + _ROUNDING)
    turns = phases.turns[-1] - phases.turns[0]
    last = array("d", [x % 1.0 for x in phases.turns[-_LONGEST:]])
    return Rotation((len(phases.turns) - 1) / turns, low, high, proven, None, last)


class _Phases:
    """The phases of a train's spikes, simulated as far as they are asked for."""

    def __init__(self, driven: _Driven) -> None:
        self.driven = driven
        self.turns: list[float] = []
        self._current, self._quiet = driven.current, driven.quiet
        self._state: State | None = None
        self._span = driven.glance
        self._last = 0.0

    def collect(self, count: int) -> bool:
        """Simulate until there are so many spikes; return False if the neuron falls silent."""
        period = self.driven.period
        while len(self.turns) <= count:
            run = simulate(self.driven.neuron, self._current, self._span, state=self._state)
            self._state = run.state
            for hi, lo in zip(run.spikes, run.spikes_lo, strict=True):
                self.turns.append(hi / period + lo / period)
                self._last = hi
            if run.state.time - self._last > self._quiet:
                return False
            missing = count + 1 - len(self.turns)
            pace = run.state.time / len(self.turns) if self.turns else math.inf
            self._span = min(2.0 * self._span, 1.02 * max(missing, 1) * pace)
        return True

    def enclosure(self, slack: float) -> tuple[float, float]:
        """Return the bounds of the rotation number if n spikes take D +- slack cycles."""
        n, turns = len(self.turns) - 1, self.turns[-1] - self.turns[0]
        return n / (turns + slack), n / (turns - slack) if turns > slack else math.inf

    def locked(self, proven: bool) -> tuple[tuple[int, int], array[float]] | None:
        """Return ``(p, q)`` and the phases of the pattern, if the last spikes repeat."""
        turns = self.turns
        for p in range(1, min(_LONGEST, (len(turns) - 1) // 2) + 1):
            advance = turns[-1] - turns[-1 - p]
            q = round(advance)
            before = turns[-1 - p] - turns[-1 - 2 * p]
            # A weak lock is approached slowly: it is enough to be on the way, ever nearer.
            near = min(1e-3 / p, max(abs(before - q), _SAME)) if proven else _SAME
            if q == 0 or abs(advance - q) > near:
                continue
            if proven:
                if math.gcd(p, q) > 1:
                    continue
                orbit = _stable_orbit(self.driven, p, q, turns[-1] % 1.0)
                if orbit is not None:
                    return (p, q), orbit
            elif all(abs(turns[-k] - turns[-k - p] - q) <= _SAME for k in range(1, p + 1)):
                return (p, q), array("d", [x % 1.0 for x in turns[-p:]])
        return None


def _stable_orbit(driven: _Driven, p: int, q: int, phase: float) -> array[float] | None:
    """Return the phases of an orbit of p spikes in q cycles near ``phase``, if one is proven."""
    arc = driven.arc()

    def gain(x: float) -> float:
        return driven.advance(x, p, q) - x - q

    def fires(x: float) -> bool:
        # Order is preserved among the phases of spikes only, where the drive lets V rise.
        return arc == (0.0, 1.0) or (
            arc is not None and 0.0 <= (x - arc[0]) % 1.0 <= arc[1] - arc[0]
        )

    here = gain(phase)
    bracket: list[float] = []
    # The side that an orbit comes from is plain: look beyond it first, which may fail.
    for side in (1.0, -1.0) if here >= 0.0 else (-1.0, 1.0):
        # On the side of a stable orbit that is ahead, phases fall back.
        if side * here < -_SAME:
            bracket.append(phase)
            continue
        step = max(1e-7, 2.0 * abs(here))
        while step < 0.5 / p and fires(phase + side * step):
            there = gain(phase + side * step)
            if side * there < -_SAME:
                bracket.append(phase + side * step)
                break
            step *= 4.0
        else:
            return None
    x = _root(gain, min(bracket), max(bracket), 1e-15, 1e-15 * q)
    orbit = array("d")
    for _ in range(p):
        orbit.append(x % 1.0)
        x = driven.advance(x, 1)
    return orbit


@dataclasses.dataclass(frozen=True, slots=True)
class Tongue:
    """The edges of an Arnold tongue: made by `arnold_tongue`.

    Attributes
    ----------
    p, q : int
        p spikes in q cycles of the drive.
    axis : str
        What ``low`` and ``high`` are: "I0" (nA) or "frequency" (Hz).
    amplitudes : array, shape (amplitudes,)
        nA.
    low, high : array, shape (amplitudes,)
        Between them, both included, p spikes take q cycles; NaN where there is no such lock.
    proven : tuple of bool
        Whether the firing map preserves order at both edges, so that a periodic orbit ends there.
    """

    p: int
    q: int
    axis: str
    amplitudes: array[float]
    low: array[float]
    high: array[float]
    proven: tuple[bool, ...]


def arnold_tongue(
    neuron: Neuron,
    p: int,
    q: int,
    amplitudes: Any,
    *,
    I0: float | None = None,
    frequency: float | None = None,
) -> Tongue:
    """Find the edges of an Arnold tongue: where p spikes in q cycles of a sine begin and end.

    There are such orbits if ``F^p(x) - x - q``, F the firing map, is zero for some phase x.  It
    falls as I0 rises, so that in I0 they fill an interval, whose upper end is where the greatest
    value over all phases is 0 and whose lower end is where the least one is.  Constant currents
    ``I0 +- amplitude`` bracket both.  Against the frequency the same is done; should a tongue
    have several pieces there, the ends that bisection comes to.

    Parameters
    ----------
    neuron : Neuron
        One of which every spike leaves the same state behind (LIF, PIF).
    p, q : int
        Without a common divisor, in [1, 100].
    amplitudes : float or array, shape (amplitudes,)
        nA.
    I0 : float, optional
        nA; edges are frequencies then.
    frequency : float, optional
        Hz; edges are values of I0 then.  Give one of the two.

    Returns
    -------
    Tongue
        Edges to 1e-11 of the bracket's larger end, and to 1e-9 where the extreme phase is one at
        which the map jumps.

    Raises
    ------
    ParameterError
        If a value breaks its rule, or the neuron has a memory of earlier spikes.

    Source: Keener, Hoppensteadt & Rinzel (1981) SIAM J Appl Math 41:503-517; Coombes & Bressloff
    (1999) Phys Rev E 60:2086-2096.
    """
    _one_dimensional(neuron)
    check_count(p, 1, 100, "p")
    check_count(q, 1, 100, "q")
    if math.gcd(p, q) > 1:
        raise ParameterError("q", f"must have no divisor in common with p = {p}", q)
    sizes = numbers(amplitudes, SWING, "amplitudes")
    if (I0 is None) == (frequency is None):
        raise ParameterError(
            "frequency" if I0 is None else "I0",
            "must be given where I0 (nA) is not, and only there"
            if I0 is None
            else "must be given where frequency (Hz) is not, and only there",
            frequency if I0 is None else I0,
            "What is left out is the axis of the tongue.",
        )
    ends: list[tuple[float, float, bool]] = []
    for size in sizes:
        if I0 is None:
            pitch = FREQUENCY.check(frequency, "frequency")
            ends.append(_edges_in_I0(neuron, p, q, size, pitch))
        else:
            ends.append(_edges_in_frequency(neuron, p, q, size, AMPLITUDE.check(I0, "I0")))
    return Tongue(
        p=p,
        q=q,
        axis="I0" if I0 is None else "frequency",
        amplitudes=sizes,
        low=array("d", [each[0] for each in ends]),
        high=array("d", [each[1] for each in ends]),
        proven=tuple(each[2] for each in ends),
    )


_NOWHERE = (math.nan, math.nan, False)


def _edges_in_I0(
    neuron: Neuron, p: int, q: int, size: float, frequency: float
) -> tuple[float, float, bool]:
    row = neuron.pack()
    rise = 1000.0 * q / (p * frequency) - row[membrane.REFRACTORY]
    if rise <= 0.0 or row[membrane.RESET] >= 0.0:
        return _NOWHERE
    if row[membrane.RATE] == 0.0:
        tip = -row[membrane.RESET] * row[membrane.SCALE] / rise
    else:
        x = min(rise * row[membrane.RATE], 700.0)
        tip = (row[membrane.GAP] - row[membrane.RESET] / math.expm1(x)) / row[membrane.SCALE]

    def at(mean: float) -> _Driven:
        return _Driven(neuron, mean, size, frequency)

    reach = abs(size)
    if reach == 0.0 or row[membrane.RATE] == row[membrane.REFRACTORY] == 0.0:
        return tip, tip, True  # as charge alone counts, if there is neither leak nor pause
    low = _edge(at, p, q, -1.0, tip - reach, tip + reach)
    high = _edge(at, p, q, 1.0, tip - reach, tip + reach)
    return low, high, at(low).keeps_order() and at(high).keeps_order()


def _edges_in_frequency(
    neuron: Neuron, p: int, q: int, size: float, mean: float
) -> tuple[float, float, bool]:
    row = neuron.pack()
    if row[membrane.RESET] >= 0.0:
        return _NOWHERE
    reach = 0.0 if row[membrane.RATE] == row[membrane.REFRACTORY] == 0.0 else abs(size)
    slow, fast = (f_I(neuron, mean + sign * reach) * q / p for sign in (-1.0, 1.0))
    if not FREQUENCY.minimum < fast <= FREQUENCY.maximum:
        return _NOWHERE
    if slow == fast:
        return slow, slow, True

    def at(frequency: float) -> _Driven:
        return _Driven(neuron, mean, size, frequency)

    if slow <= FREQUENCY.minimum:
        # The slower the drive, the more spikes in its upper half cycle.
        slow = fast
        while _extreme(at(slow), p, q, 1.0) > 0.0:
            slow *= 0.5
            if slow < 1e-3 * fast:
                return _NOWHERE
    low = _edge(at, p, q, 1.0, slow, fast)
    high = _edge(at, p, q, -1.0, slow, fast)
    return low, high, at(low).keeps_order() and at(high).keeps_order()


def _edge(
    at: Callable[[float], _Driven], p: int, q: int, sign: float, low: float, high: float
) -> float:
    """Return where the greatest (sign 1) or least (-1) advance of a phase is q cycles."""

    def signed(value: float) -> float:
        return sign * _extreme(at(value), p, q, sign)

    return _root(signed, low, high, 1e-14 * max(abs(low), abs(high)), 2e-15 * q)


def _extreme(driven: _Driven, p: int, q: int, sign: float) -> float:
    """Return the greatest value over the phases of ``sign (F^p(x) - x - q)``.

    Phases are those at which there can be a spike.  Minus infinity, for the least advance, where
    no phase is followed by p spikes; and infinity, for the greatest, if only one is not.
    """
    arc = driven.arc()
    if arc is None:
        return sign * math.inf
    n = 12 * p + 12
    width = (arc[1] - arc[0]) / n

    def height(x: float) -> float:
        if arc != (0.0, 1.0):
            x = min(max(x, arc[0]), arc[1])
        return sign * (driven.advance(x, p, q) - x - q)

    heights = [height(arc[0] + k * width) for k in range(n + 1)]
    k = max(range(n + 1), key=heights.__getitem__)
    if math.isinf(heights[k]):
        return heights[k]
    x = arc[0] + k * width
    return max(heights[k], _peak(height, x - width, x, x + width, heights[k]))


def _peak(
    height: Callable[[float], float], low: float, middle: float, high: float, top: float
) -> float:
    """Return the height of a peak in a bracket (Brent's method: parabolas and golden sections)."""
    golden = 0.5 * (3.0 - math.sqrt(5.0))
    x = w = v = middle
    f_x = f_w = f_v = top
    d = e = high - low
    least = 1e-9
    for _ in range(100):
        half = 0.5 * (low + high)
        if abs(x - half) <= 2.0 * least - 0.5 * (high - low):
            break
        r = (x - w) * (f_x - f_v)
        s = (x - v) * (f_x - f_w)
        up = (x - v) * s - (x - w) * r
        down = 2.0 * (s - r)
        if down > 0.0:
            up = -up
        down = abs(down)
        before, e = e, d
        if (
            abs(before) > least
            and abs(up) < abs(0.5 * down * before)
            and down * (low - x) < up < down * (high - x)
        ):
            d = up / down
        else:
            e = (low if x >= half else high) - x
            d = golden * e
        u = x + (d if abs(d) >= least else math.copysign(least, d))
        f_u = height(u)
        if f_u >= f_x:
            low, high = (x, high) if u >= x else (low, x)
            v, w, x = w, x, u
            f_v, f_w, f_x = f_w, f_x, f_u
        else:
            low, high = (u, high) if u < x else (low, u)
            if f_u >= f_w or w == x:
                v, w = w, u
                f_v, f_w = f_w, f_u
            elif f_u >= f_v or v in (x, w):
                v, f_v = u, f_u
    return f_x


def _root(
    function: Callable[[float], float], low: float, high: float, apart: float, floor: float
) -> float:
    """Return where a function changes its sign (Illinois; halving where it is not finite).

    Down to a bracket of a width, or to a value that rounding may have made.
    """
    f_low, f_high = function(low), function(high)
    if f_low == 0.0:
        return low
    if f_high == 0.0 or (f_low > 0.0) == (f_high > 0.0):
        return high
    side = 0
    for step in range(200):
        if abs(high - low) <= apart:
            break
        middle = low + 0.5 * (high - low)
        if math.isfinite(f_low) and math.isfinite(f_high) and step % 4 != 3:
            middle = high - f_high * ((high - low) / (f_high - f_low))
        if not min(low, high) < middle < max(low, high):
            middle = low + 0.5 * (high - low)
            if middle in (low, high):
                break
        f_middle = function(middle)
        if abs(f_middle) <= floor:
            return middle
        if (f_middle > 0.0) == (f_low > 0.0):
            low, f_low = middle, f_middle
            f_high *= 0.5 if side == 1 else 1.0
            side = 1
        else:
            high, f_high = middle, f_middle
            f_low *= 0.5 if side == -1 else 1.0
            side = -1
    return low if abs(f_low) < abs(f_high) else high
