"""When a neuron fires: f-I, rheobase, Lapicque's law; in closed form, or asked of the engine.

A neuron of which every spike leaves the same state behind (`Neuron.renewal`) has closed forms.
Any other is simulated by the exact engine, and what is sought is found as a root.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from ..current import constant, step
from ..errors import LimitError, ParameterError
from ..kernels import membrane
from ..kernels.train import constant_rate
from ..neuron import Neuron
from ..parameter import LARGEST, SMALLEST
from ..response import Response, State
from ..simulate import simulate
from .asked import (
    AMPLITUDE,
    PULSE,
    QUIET,
    TOLERANCE,
    check_neuron,
    check_word,
    each,
    quiet_time,
    silent_run,
)

if TYPE_CHECKING:
    import numpy as np

Criterion = Literal["first spike", "repetitive"]
Kind = Literal["steady", "onset"]
_CRITERIA, _KINDS = ("first spike", "repetitive"), ("steady", "onset")

# The root of e^x = 1 + 2 x but 0; see `least_energy_duration`.
_LEAST_ENERGY = 1.2564312086261697

# A train settles into a pattern of at most so many intervals, within about so many spikes.
_LONGEST_PATTERN = 64
_SETTLING_SPIKES = 400_000

# Whether a neuron goes on to fire is asked part by part of its quiet time: two parts in a row that
# end in the same pattern, to this share, tell.
_PARTS = 16
_SETTLED = 1e-9

# Relative widths of what the engine is asked: a threshold, and a minimum, which is flat.
_FOUND = 1e-12
_FLAT = 1e-6


@overload
def f_I(
    neuron: Neuron, currents: float, kind: Kind = "steady", *, tolerance: float = 1e-9
) -> float: ...
@overload
def f_I(
    neuron: Neuron, currents: Sequence[float], kind: Kind = "steady", *, tolerance: float = 1e-9
) -> array[float]: ...
@overload
def f_I(
    neuron: Neuron, currents: np.ndarray, kind: Kind = "steady", *, tolerance: float = 1e-9
) -> np.ndarray: ...


def f_I(neuron: Neuron, currents: Any, kind: Kind = "steady", *, tolerance: float = 1e-9) -> Any:
    """Return the firing rate under constant currents: where it settles, or at its onset.

    For LIF and PIF in closed form, ``1 / (t_ref + rise from V_reset to V_th)`` above the
    rheobase, else 0.  The excess over the rheobase is formed with 32 digits, so that the rate is
    right to the last digits beside it too.  It is the rate of a run from the neuron's own V_0:
    one whose V_reset is not below V_th goes on for ever, once per t_ref, if it fires at all.

    A neuron with memory is simulated from rest, in runs that double in length.  Its train has
    settled when the last intervals repeat, one by one or in a pattern of up to 64, and their mean
    rate is that of the run before, both within ``tolerance``: as what is left of the start decays
    like an exponential at least, doubling the run leaves less than the last change.  A neuron
    that is silent for 64 of its slowest time constants has stopped: 0 Hz.

    Parameters
    ----------
    neuron : Neuron
    currents : float or array, any shape
        nA.
    kind : {"steady", "onset"}
        Where the rate settles, of a pattern the mean; or 1 / the first interval, 0 without one.
    tolerance : float
        Relative; of no use to closed forms.

    Returns
    -------
    float or array
        Hz.  A number gives a number, a list, tuple or ``array('d')`` an ``array('d')`` (without
        NumPy), an ndarray an ndarray of its shape.

    Raises
    ------
    ParameterError
        If a current is not a finite number, or ``kind`` is none of the two.
    LimitError
        If the train of a neuron with memory does not settle within some 400,000 spikes.

    Source: Lapicque (1907); Gerstner et al. (2014) Neuronal Dynamics, 1.3.
    """
    check_neuron(neuron)
    onset = check_word(kind, _KINDS, "kind") == "onset"
    share = TOLERANCE.check(tolerance, "tolerance")
    if not neuron.renewal:
        rate = (
            (lambda i: _onset_rate(neuron, i))
            if onset
            else (lambda i: _settled_rate(neuron, i, share))
        )
        return each(rate, currents, AMPLITUDE, "currents")
    row = neuron.pack()
    if row[membrane.RESET] < 0.0:
        return each(
            lambda current: constant_rate(row, current, 0.0), currents, AMPLITUDE, "currents"
        )
    fires = neuron.default_V_0() >= row[membrane.THRESHOLD]

    def once_per_refractory_period(current: float) -> float:
        if fires or membrane.excess(row, current, 0.0)[0] > 0.0:
            return 1000.0 / row[membrane.REFRACTORY]
        return 0.0

    return each(once_per_refractory_period, currents, AMPLITUDE, "currents")


def _onset_rate(neuron: Neuron, current: float) -> float:
    quiet, drive = quiet_time(neuron), constant(current)
    span = quiet / 65536.0
    while True:
        response = simulate(neuron, drive, span)
        if response.spike_count >= 2:
            interval = response.intervals[0]
            return 1000.0 / interval if interval > 0.0 else math.inf
        if span > quiet + (response.spikes[0] if response.spikes else 0.0):
            return 0.0
        span *= 2.0


def _settled_rate(neuron: Neuron, current: float, tolerance: float) -> float:
    quiet, drive = quiet_time(neuron), constant(current)
    state: State | None = None
    # Two runs tell of a decay only if they are as long as its time constant; but that may be far
    # too long for a strong current.
    slowest, span = quiet / QUIET, quiet / 65536.0
    count, last, before = 0, 0.0, math.nan
    kept = 2 * _LONGEST_PATTERN + 1
    hi, lo = array("d"), array("d")
    while count <= _SETTLING_SPIKES:
        response = simulate(neuron, drive, span, state=state)
        state, span = response.state, 2.0 * span
        count += response.spike_count
        hi, lo = (hi + response.spikes[-kept:])[-kept:], (lo + response.spikes_lo[-kept:])[-kept:]
        last = hi[-1] if hi else 0.0
        if state.time - last > quiet:
            return 0.0
        if state.time < slowest:
            continue
        rate = _pattern_rate(
            [(hi[k + 1] - hi[k]) + (lo[k + 1] - lo[k]) for k in range(len(hi) - 1)], tolerance
        )
        if abs(rate - before) <= tolerance * rate:
            return rate
        before = rate
    raise LimitError(
        f"'tolerance' is not met: after {count} spikes the train under {current!r} nA has not "
        f"settled to {tolerance:g}. Raise the tolerance, or take kind='onset'.",
        "tolerance",
        also=("currents",),
    )


def _pattern_rate(intervals: list[float], tolerance: float) -> float:
    """Return the mean rate (Hz) over the shortest pattern that the intervals end with, or NaN."""
    for n in range(1, min(_LONGEST_PATTERN, len(intervals) // 2) + 1):
        now, then = intervals[-n:], intervals[-2 * n : -n]
        if all(abs(a - b) <= tolerance * b for a, b in zip(now, then, strict=True)):
            total = math.fsum(now)
            return 1000.0 * n / total if total > 0.0 else math.inf
    return math.nan


class Rheobase(float):
    """A rheobase (nA), a float that knows what it is the threshold of: made by `rheobase`."""

    __slots__ = ("_criterion", "_tolerance")
    _criterion: Criterion
    _tolerance: float

    def __new__(
        cls, current: float, criterion: Criterion = "repetitive", tolerance: float = 0.0
    ) -> Rheobase:
        """Make one of a plain number (nA)."""
        made = super().__new__(cls, current)
        made._criterion = criterion
        made._tolerance = tolerance
        return made

    @property
    def criterion(self) -> Criterion:
        """What the current just does: evoke a "first spike", or "repetitive" firing."""
        return self._criterion

    @property
    def tolerance(self) -> float:
        """The relative width of the bracket it is the upper end of; 0 for a closed form."""
        return self._tolerance

    def __getnewargs__(self) -> Any:
        return float(self), self._criterion, self._tolerance

    def __repr__(self) -> str:
        return f"Rheobase({float(self)!r}, criterion={self._criterion!r})"

    def __str__(self) -> str:
        return float.__repr__(self)


def rheobase(
    neuron: Neuron, criterion: Criterion = "repetitive", *, tolerance: float = _FOUND
) -> Rheobase:
    """Return the rheobase: the constant current above which the neuron fires.

    By the first criterion it fires at least once from rest, by the second again and again.  For
    LIF and PIF the two are one, and the supremum of the currents that evoke nothing.  Any other
    neuron is asked by simulation: for a first spike within 64 of its slowest time constants; for
    repetitive firing also for one within the next 64, when nothing is left of the start.

    Parameters
    ----------
    neuron : Neuron
    criterion : {"repetitive", "first spike"}
    tolerance : float
        The bracket's relative width at the end; of no use to closed forms.

    Returns
    -------
    Rheobase
        nA, a float with the `criterion` beside it.  ``(V_th - E_L) / R_m``, for the PIF 0;
        negative if the neuron fires without input.  If simulated, the upper end of the bracket:
        it meets the criterion, and one lower by ``tolerance`` does not.

    Raises
    ------
    ParameterError
        If ``criterion`` is none of the two.
    LimitError
        If no current of up to 1e30 nA meets the criterion, or all do.

    Source: Lapicque (1907) J Physiol Pathol Gen 9:620-635; he coined the word in 1909.
    """
    check_neuron(neuron)
    check_word(criterion, _CRITERIA, "criterion")
    share = TOLERANCE.check(tolerance, "tolerance")
    if neuron.renewal:
        return Rheobase(neuron.rheobase(), criterion)
    quiet = quiet_time(neuron)

    def fires(current: float) -> bool:
        return silent_run(neuron, constant(current), quiet) is None

    def keeps_firing(current: float) -> bool:
        return _keeps_firing(neuron, current, quiet)

    low, high = _bisect(fires, *_bracket(fires), share)
    if criterion == "repetitive" and not keeps_firing(high):
        # Seldom: then it is found farther up, where a run has many spikes, by growing steps.
        low, width = high, max(share, membrane.EPSILON) * max(abs(high), SMALLEST)
        while not keeps_firing(high := low + width):
            low, width = high, 2.0 * width
            if high > LARGEST:
                raise _no_rheobase(criterion)
        low, high = _bisect(keeps_firing, low, high, share)
    return Rheobase(high, criterion, share)


def _keeps_firing(neuron: Neuron, current: float, quiet: float) -> bool:
    """Whether there is a spike in the second of two quiet times, as a settled train has."""
    drive = constant(current)
    state: State | None = None
    before, last = math.nan, 0
    for part in range(2 * _PARTS):
        response = simulate(neuron, drive, quiet / _PARTS, state=state)
        state = response.state
        last = part if response.spikes else last
        if part - last >= _PARTS:
            return False
        rate = _pattern_rate(list(response.intervals), _SETTLED)
        if abs(rate - before) <= _SETTLED * rate:
            return True
        before = rate
    return last >= _PARTS


def _no_rheobase(criterion: str) -> LimitError:
    return LimitError(
        f"'criterion' separates no currents: of up to {LARGEST:g} nA in size all or none make "
        f"this neuron meet {criterion!r}. Bring its start, threshold and reset within reach.",
        "criterion",
    )


def _bracket(fires: Callable[[float], bool]) -> tuple[float, float]:
    """Return a current that evokes nothing and a higher one that evokes a spike (nA)."""
    if fires(0.0):
        low, high = -1.0, 0.0
        while fires(low):
            low, high = 2.0 * low, low
            if low < -LARGEST:
                raise _no_rheobase("first spike")
        while high == 0.0 and not fires(0.5 * low):
            low *= 0.5
            if low > -SMALLEST:
                break
        return low, high
    low, high = 0.5, 1.0
    while not fires(high):
        low, high = high, 2.0 * high
        if high > LARGEST:
            raise _no_rheobase("first spike")
    while fires(low):
        low, high = 0.5 * low, low
        if low < SMALLEST:
            low = 0.0
    return low, high


def _bisect(
    fires: Callable[[float], bool],
    low: float,
    high: float,
    share: float,
    looks: Sequence[float] = (),
) -> tuple[float, float]:
    """Narrow a bracket of a threshold down to a relative width; ``looks`` are tried first."""
    looks = list(looks)
    while high - low > share * max(abs(low), abs(high)):
        middle = looks.pop() if looks else low + 0.5 * (high - low)
        if low < middle < high:
            if fires(middle):
                high = middle
            else:
                low = middle
        elif not looks:
            break
    return low, high


@overload
def strength_duration(neuron: Neuron, durations: float) -> float: ...
@overload
def strength_duration(neuron: Neuron, durations: Sequence[float]) -> array[float]: ...
@overload
def strength_duration(neuron: Neuron, durations: np.ndarray) -> np.ndarray: ...


def strength_duration(neuron: Neuron, durations: Any) -> Any:
    """Return the weakest rectangular pulse that evokes a spike from rest: Lapicque's law.

    ``I(d) = I_rh / (1 - exp(-d / tau_m))``.  The PIF needs a charge, from V_reset:
    ``I(d) = C_m (V_th - V_reset) / d``.  At any duration, however short or long, to a few ulp.
    Of a neuron with memory it is what `threshold_amplitude` finds, to 1e-12.

    Parameters
    ----------
    neuron : Neuron
    durations : float or array, any shape
        ms, > 0.

    Returns
    -------
    float or array
        nA; of the kind of ``durations``, as in `f_I`.

    Raises
    ------
    ParameterError
        If a duration is not > 0, or the neuron fires without input.

    Source: Lapicque (1907) J Physiol Pathol Gen 9:620-635; Brunel & van Rossum (2007) Biol Cybern
    97:337-339.
    """
    _excitable(neuron)
    if not neuron.renewal:
        return each(lambda d: _weakest(neuron, d, _FOUND), durations, PULSE, "durations")
    row = neuron.pack()
    if row[membrane.RATE] == 0.0:
        return each(_constant_charge(neuron, row), durations, PULSE, "durations")
    least, tau = neuron.rheobase(), row[membrane.TAU]
    return each(lambda d: least / -math.expm1(-d / tau), durations, PULSE, "durations")


@overload
def weiss(neuron: Neuron, durations: float) -> float: ...
@overload
def weiss(neuron: Neuron, durations: Sequence[float]) -> array[float]: ...
@overload
def weiss(neuron: Neuron, durations: np.ndarray) -> np.ndarray: ...


def weiss(neuron: Neuron, durations: Any) -> Any:
    """Return Weiss's law of the weakest pulse, with the neuron's rheobase and chronaxie.

    The charge is a line in the duration, ``I d = a + b d``, so the current is a hyperbola,
    ``I(d) = I_rh (1 + chronaxie / d)``.  It meets Lapicque's law at the chronaxie and for long
    pulses; of short ones it says that ln 2 = 0.69 of Lapicque's charge will do.  For the PIF both
    laws are ``Q / d``.

    Parameters
    ----------
    neuron : Neuron
    durations : float or array, any shape
        ms, > 0.

    Returns
    -------
    float or array
        nA; of the kind of ``durations``, as in `f_I`.

    Raises
    ------
    ParameterError
        If a duration is not > 0, or the neuron fires without input.

    Source: Weiss (1901) Arch Ital Biol 35:413-446.
    """
    _excitable(neuron)
    if neuron.renewal and neuron.pack()[membrane.RATE] == 0.0:
        return each(_constant_charge(neuron, neuron.pack()), durations, PULSE, "durations")
    least, twice = rheobase(neuron, "first spike"), chronaxie(neuron)
    return each(lambda d: least * (1.0 + twice / d), durations, PULSE, "durations")


def chronaxie(neuron: Neuron) -> float:
    """Return the chronaxie: the duration at which twice the rheobase just evokes a spike.

    ``tau_m ln 2``, by Lapicque's law.  Of a neuron with memory it is the latency of the first
    spike under a constant current of twice the rheobase ("first spike", to 1e-12): a shorter
    pulse ends before it.

    Parameters
    ----------
    neuron : Neuron

    Returns
    -------
    float
        ms; infinite for the PIF, whose rheobase is 0.

    Raises
    ------
    ParameterError
        If the neuron fires without input.

    Source: Lapicque (1907) J Physiol Pathol Gen 9:620-635; Brunel & van Rossum (2007) Biol Cybern
    97:337-339.
    """
    _excitable(neuron)
    if neuron.renewal:
        return neuron.pack()[membrane.TAU] * math.log(2.0)
    return _latency(neuron, 2.0 * rheobase(neuron, "first spike"))


def least_energy_duration(neuron: Neuron) -> float:
    """Return the duration at which the weakest pulse that evokes a spike takes the least energy.

    The energy in a given resistance is proportional to ``I(d)^2 d``.  With Lapicque's law and
    ``x = d / tau_m`` that is ``x / (1 - e^-x)^2``, least where its derivative
    ``(1 - e^-x - 2 x e^-x) / (1 - e^-x)^3`` is zero: ``e^x = 1 + 2 x``, whose root but 0 is
    ``x = -1/2 - W(-1/(2 sqrt(e)))`` = 1.2564..., W the lower branch of Lambert's function.
    Of a neuron with memory the minimum is sought by simulation, and found to 1e-6 of it.

    Parameters
    ----------
    neuron : Neuron

    Returns
    -------
    float
        ms, ``1.2564... tau_m``; infinite for the PIF: ``Q^2 / d`` falls for ever.

    Raises
    ------
    ParameterError
        If the neuron fires without input.
    LimitError
        If a neuron with memory has no such duration between 1e-3 and 1e3 times its rheobase.
    """
    _excitable(neuron)
    if neuron.renewal:
        return neuron.pack()[membrane.TAU] * _LEAST_ENERGY
    least = rheobase(neuron, "first spike")

    def energy(u: float) -> float:
        pulse = least * (1.0 + math.exp(u))
        return pulse * pulse * _latency(neuron, pulse)

    sought = [0.25 * k for k in range(-28, 29)]
    best = min(sought, key=energy)
    if best in (sought[0], sought[-1]):
        raise LimitError(
            "'neuron' has no duration of least energy for pulses of 1.001 to 1000 times its "
            "rheobase.",
            "neuron",
        )
    low, high = best - 0.25, best + 0.25
    golden = 0.5 * (math.sqrt(5.0) - 1.0)
    a, b = high - golden * (high - low), low + golden * (high - low)
    at_a, at_b = energy(a), energy(b)
    while high - low > 0.1 * _FLAT:
        if at_a <= at_b:
            high, b, at_b = b, a, at_a
            a = high - golden * (high - low)
            at_a = energy(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + golden * (high - low)
            at_b = energy(b)
    return _latency(neuron, least * (1.0 + math.exp(0.5 * (low + high))))


def threshold_amplitude(neuron: Neuron, duration: float, tolerance: float = 1e-14) -> float:
    """Find the weakest rectangular pulse that evokes a spike from rest, by simulating pulses.

    What `strength_duration` says in closed form, asked of the exact engine: the amplitude is
    bracketed by doubling, then bisected.  A run ends with its pulse, when V is highest; a touch
    there is a spike.  Where V at the end of a pulse is linear in the amplitude, a line through
    two silent runs says where to look first; what is returned rests on the runs alone.

    Parameters
    ----------
    neuron : Neuron
    duration : float
        ms, > 0.
    tolerance : float
        The bracket's relative width at the end; 0 goes on to neighbouring doubles.

    Returns
    -------
    float
        nA, the upper end of the bracket: it evokes a spike, and one weaker by ``tolerance`` does
        not.

    Raises
    ------
    ParameterError
        If a value breaks its rule, or the neuron fires without input.
    LimitError
        If a pulse so short needs more than 1e30 nA.
    """
    length = PULSE.check(duration, "duration")
    share = TOLERANCE.check(tolerance, "tolerance")
    _excitable(neuron)
    return _weakest(neuron, length, share)


def _weakest(neuron: Neuron, length: float, share: float) -> float:
    def pulse(amplitude: float) -> Response | None:
        if amplitude > LARGEST:
            raise LimitError(
                f"'duration' is too short: no pulse of up to {LARGEST:g} nA evokes a spike "
                f"(got {length!r} ms). Lengthen it.",
                "duration",
            )
        return silent_run(neuron, step(amplitude, 0.0, length), length)

    def fires(amplitude: float) -> bool:
        return pulse(amplitude) is None

    low, high = 0.5, 1.0
    while not fires(high):
        low, high = high, 2.0 * high
    while (silent := pulse(low)) is None:
        low, high = 0.5 * low, low
    looks: list[float] = []
    resting = pulse(0.0)
    if neuron.renewal and resting is not None:
        threshold = neuron.pack()[membrane.THRESHOLD]
        unmoved, lifted = ((run.state.V - threshold) + run.state.V_lo for run in (resting, silent))
        if lifted != unmoved:
            guess = low * (unmoved / (unmoved - lifted))
            apart = max(0.4 * share, 4.0 * membrane.EPSILON)
            looks = [guess * (1.0 + apart), guess * (1.0 - apart)]
    return _bisect(fires, low, high, share, looks)[1]


def _latency(neuron: Neuron, current: float) -> float:
    """Return the time (ms) of the first spike from rest under a constant current, or infinity."""
    quiet, drive = quiet_time(neuron), constant(current)
    span = quiet / 256.0
    while True:
        response = simulate(neuron, drive, span)
        if response.spikes:
            return response.spikes[0]
        if span >= quiet:
            return math.inf
        span *= 2.0


def _excitable(neuron: Any) -> None:
    """Raise if a neuron needs no pulse to fire."""
    if not check_neuron(neuron).renewal:
        if silent_run(neuron, constant(0.0), quiet_time(neuron)) is None:
            raise ParameterError(
                "neuron",
                "must be silent without input for a pulse to have a threshold",
                neuron,
                "Raise its threshold, or lower its rest.",
            )
        return
    threshold = neuron.pack()[membrane.THRESHOLD]
    if neuron.default_V_0() >= threshold:
        name = "V_reset" if neuron.rest() is None else "E_L"
        raise ParameterError(
            name,
            f"must be < V_th = {threshold:g} mV for a pulse to have a threshold",
            neuron.default_V_0(),
            f"This neuron fires without input: lower {name} or raise V_th.",
            also=("V_th",),
        )


def _constant_charge(neuron: Neuron, row: list[float]) -> Callable[[float], float]:
    charge = row[membrane.SCALE] * (row[membrane.THRESHOLD] - neuron.default_V_0())
    return lambda duration: charge / duration
