"""A neuron or an experiment -> a curve: f-I, Lapicque's law, how far two trains are apart."""

from __future__ import annotations

import dataclasses
import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

from .current import step
from .errors import LimitError, ParameterError
from .experiment import Experiment
from .features import constant_rate
from .kernels import membrane
from .kernels.moments import term_response
from .method import Exact, FixedStep
from .neuron import Neuron
from .parameter import LARGEST, SMALLEST, Parameter, parameters
from .response import Response
from .simulate import MAX_SPIKES, MAX_STEPS, simulate

if TYPE_CHECKING:
    import numpy as np

    Train = Response | Sequence[float] | np.ndarray

AMPLITUDE = Parameter(unit="nA", meaning="constant current", symbol="I", display="pA")
PULSE = Parameter(
    unit="ms", meaning="length of a pulse", symbol="d", minimum=SMALLEST, open_minimum=True
)
TOLERANCE = Parameter(unit="", meaning="relative error allowed", minimum=0.0, maximum=1.0)

SPIKE = Parameter(unit="ms", meaning="time of a spike", symbol="t")
_DT = parameters(FixedStep)["dt"]

# The root of e^x = 1 + 2 x but 0; see `least_energy_duration`.
_LEAST_ENERGY = 1.2564312086261697


@overload
def f_I(neuron: Neuron, currents: float) -> float: ...
@overload
def f_I(neuron: Neuron, currents: Sequence[float]) -> array[float]: ...
@overload
def f_I(neuron: Neuron, currents: np.ndarray) -> np.ndarray: ...


def f_I(neuron: Neuron, currents: Any) -> Any:
    """Return the steady firing rate under constant currents, in closed form.

    ``1 / (t_ref + rise from V_reset to V_th)`` above the rheobase, else 0.  The excess over the
    rheobase is formed with 32 digits, so that the rate is right to the last digits beside it too.
    It is the rate into which a run from the neuron's own V_0 settles: one whose V_reset is not
    below V_th goes on for ever, once per t_ref, if it fires at all.

    Parameters
    ----------
    neuron : Neuron
    currents : float or array, any shape
        nA.

    Returns
    -------
    float or array
        Hz.  A number gives a number, a list, tuple or ``array('d')`` an ``array('d')`` (without
        NumPy), an ndarray an ndarray of its shape.

    Raises
    ------
    ParameterError
        If a current is not a finite number.

    Source: Lapicque (1907); Gerstner et al. (2014) Neuronal Dynamics, 1.3.
    """
    row = _row(neuron)
    if row[membrane.RESET] < 0.0:
        return _each(lambda current: constant_rate(row, current), currents, AMPLITUDE, "currents")
    fires = neuron.default_V_0() >= row[membrane.THRESHOLD]

    def once_per_refractory_period(current: float) -> float:
        if fires or membrane.excess(row, current, 0.0)[0] > 0.0:
            return 1000.0 / row[membrane.REFRACTORY]
        return 0.0

    return _each(once_per_refractory_period, currents, AMPLITUDE, "currents")


def rheobase(neuron: Neuron) -> float:
    """Return the rheobase: the constant current above which the neuron fires again and again.

    Parameters
    ----------
    neuron : Neuron

    Returns
    -------
    float
        nA; ``(V_th - E_L) / R_m``, for the PIF 0.  Negative if the neuron fires without input.

    Source: Lapicque (1907) J Physiol Pathol Gen 9:620-635; he coined the word in 1909.
    """
    _row(neuron)
    return neuron.rheobase()


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
    row = _excitable(neuron)
    if row[membrane.RATE] == 0.0:
        return _each(_constant_charge(neuron, row), durations, PULSE, "durations")
    least, tau = neuron.rheobase(), row[membrane.TAU]
    return _each(lambda d: least / -math.expm1(-d / tau), durations, PULSE, "durations")


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
    row = _excitable(neuron)
    if row[membrane.RATE] == 0.0:
        return _each(_constant_charge(neuron, row), durations, PULSE, "durations")
    least, twice = neuron.rheobase(), chronaxie(neuron)
    return _each(lambda d: least * (1.0 + twice / d), durations, PULSE, "durations")


def chronaxie(neuron: Neuron) -> float:
    """Return the chronaxie: the duration at which twice the rheobase just evokes a spike.

    ``tau_m ln 2``, by Lapicque's law.

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
    return _excitable(neuron)[membrane.TAU] * math.log(2.0)


def least_energy_duration(neuron: Neuron) -> float:
    """Return the duration at which the weakest pulse that evokes a spike takes the least energy.

    The energy in a given resistance is proportional to ``I(d)^2 d``.  With Lapicque's law and
    ``x = d / tau_m`` that is ``x / (1 - e^-x)^2``, least where its derivative
    ``(1 - e^-x - 2 x e^-x) / (1 - e^-x)^3`` is zero: ``e^x = 1 + 2 x``, whose root but 0 is
    ``x = -1/2 - W(-1/(2 sqrt(e)))`` = 1.2564..., W the lower branch of Lambert's function.

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
    """
    return _excitable(neuron)[membrane.TAU] * _LEAST_ENERGY


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
    threshold = _excitable(neuron)[membrane.THRESHOLD]
    # One spike tells all: let the neuron be refractory for the rest of the pulse.
    once = neuron.replace(t_ref=length)

    def pulse(amplitude: float) -> Response:
        if amplitude > LARGEST:
            raise LimitError(
                f"'duration' is too short: no pulse of up to {LARGEST:g} nA evokes a spike "
                f"(got {length!r} ms). Lengthen it.",
                "duration",
            )
        return simulate(once, step(amplitude, 0.0, length), length)

    def end(response: Response) -> float:
        return (response.state.V - threshold) + response.state.V_lo

    low, high = 0.5, 1.0
    while not pulse(high).spikes:
        low, high = high, 2.0 * high
    while (silent := pulse(low)).spikes:
        low, high = 0.5 * low, low
    unmoved, lifted = end(pulse(0.0)), end(silent)
    looks: list[float] = []
    if lifted != unmoved:
        guess = low * (unmoved / (unmoved - lifted))
        apart = max(0.4 * share, 4.0 * membrane.EPSILON)
        looks = [guess * (1.0 + apart), guess * (1.0 - apart)]
    while high - low > share * high:
        middle = looks.pop() if looks else low + 0.5 * (high - low)
        if low < middle < high:
            if pulse(middle).spikes:
                high = middle
            else:
                low = middle
        elif not looks:
            break
    return high


def mean_current(experiment: Experiment) -> float:
    """Return the time average of the (deterministic) current over the run.

    The integral of each piece of the input in closed form: what a membrane without a leak keeps.
    A kick counts with its charge, jump times C_m.

    Parameters
    ----------
    experiment : Experiment

    Returns
    -------
    float
        nA; for a run of 0 ms the current at its start.

    Raises
    ------
    ParameterError
        If it is no experiment.
    LimitError
        If the integral leaves the range of doubles.
    """
    _check_experiment(experiment)
    duration, current = experiment.duration, experiment.current
    neuron: Any = experiment.neuron
    if duration == 0.0:
        return current(0.0)
    form = current.deterministic.on(0.0, duration)
    charges = []
    try:
        for p, begin in enumerate(form.starts):
            x = (form.starts[p + 1] if p + 1 < len(form) else duration) - begin
            charges += [form.value[p] * x, 0.5 * form.slope[p] * x * x]
            voltage, _, charge, _ = form.kick(p)
            charges += [voltage * neuron.C_m, charge]
            for n, re, im, l_re, l_im, _, _ in form.terms_at(p, 0.0):
                response = term_response(int(n), complex(l_re, l_im), 0.0, x)
                charges.append((complex(re, im) * response).real)
        return math.fsum(charges) / duration
    except OverflowError:
        raise LimitError(
            "'duration' is too long: the charge leaves the range of doubles. Shorten the run.",
            "duration",
        ) from None


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """Two spike trains, spike by spike: made by `compare`.

    Attributes
    ----------
    exact_times, other_times : array, shape (pairs,)
        The spikes that belong together (ms), in order.
    errors : array, shape (pairs,)
        ``other - exact`` (ms): positive where the other train is late.
    missed : array
        Spikes of the exact train without a partner (ms).
    extra : array
        Spikes of the other train without a partner (ms).
    """

    exact_times: array[float]
    other_times: array[float]
    errors: array[float]
    missed: array[float]
    extra: array[float]

    @property
    def worst(self) -> float:
        """The error of largest size, with its sign (ms); NaN without a pair."""
        return max(self.errors, key=abs, default=math.nan)

    @property
    def worst_index(self) -> int:
        """The number, in the exact train, of the spike with the worst error; -1 without a pair."""
        if not self.errors:
            return -1
        k = self.errors.index(self.worst)
        return k + bisect_left(self.missed, self.exact_times[k])

    @property
    def mean_error(self) -> float:
        """The mean size of the errors (ms); NaN without a pair."""
        if not self.errors:
            return math.nan
        return math.fsum(map(abs, self.errors)) / len(self.errors)


def compare(exact: Train, other: Train) -> Comparison:
    """Match the spikes of a train with those of the exact one.

    Trains of equal count are compared by order: each spike with its like number.  If the counts
    differ, by order as well while one train merely runs late or early, however far: that is a
    drift, not a missing spike.  It ends at the first error that differs from the one before it,
    and from 0, by more than half the local interval: there one train has a spike that the other
    lacks.  From there on an exact spike's partner is the nearest one within half the local
    interval of the exact train.  What is left over is missed or extra.  The local interval is the
    smaller one of those beside a spike; for the end of the drift, in either train.

    Parameters
    ----------
    exact, other : Response or sequence of float, shape (spikes,)
        Two runs, or spike times in order (ms).  Times of a Response are pairs: the errors are
        differences of these.

    Returns
    -------
    Comparison

    Raises
    ------
    ParameterError
        If times are not finite numbers in order.
    """
    a, a_lo = _train(exact, "exact")
    b, b_lo = _train(other, "other")
    n, m = len(a), len(b)
    a_local, b_local = _local_intervals(a), _local_intervals(b)

    def error(i: int, j: int) -> float:
        return (b[j] - a[i]) + (b_lo[j] - a_lo[i])

    pairs = min(n, m)
    if n != m:
        before = 0.0
        for k in range(pairs):
            now = error(k, k)
            if min(abs(now - before), abs(now)) > 0.5 * min(a_local[k], b_local[k]):
                pairs = k
                break
            before = now
    partner = list(range(pairs))
    matched = list(range(pairs))
    missed, extra = array("d"), array("d")
    j = pairs
    for i in range(pairs, n):
        while j + 1 < m and abs(error(i, j + 1)) < abs(error(i, j)):
            extra.append(b[j])
            j += 1
        if j < m and abs(error(i, j)) <= 0.5 * a_local[i]:
            matched.append(i)
            partner.append(j)
            j += 1
        else:
            missed.append(a[i])
    extra.extend(b[j:])
    return Comparison(
        exact_times=array("d", [a[i] for i in matched]),
        other_times=array("d", [b[j] for j in partner]),
        errors=array("d", map(error, matched, partner)),
        missed=missed,
        extra=extra,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Convergence:
    """Spike-time errors of a fixed-step method against its step: made by `convergence`.

    Attributes
    ----------
    method : FixedStep
        The method; its own dt plays no part.
    dts : array, shape (steps,)
        ms.
    worst, mean : array, shape (steps,)
        The largest and the mean size of the spike-time error (ms); NaN where no spike has a
        partner, or where the method diverges at this dt, so that there is no train.
    missed, extra : array of int, shape (steps,)
        Spikes that the method's train lacks, and those that it has too many.  Where it diverges
        all are missed.
    floor : array, shape (steps,)
        What rounding may do to a train at this dt (ms): errors below say nothing of the method.
        Each of the N steps of a run rounds V by half an ulp of its way to V_th, and so moves the
        next spike by half an ulp of an interval, T / n; each of the n spike times is rounded by
        half an ulp of T.  If all of them add up, that is ``T (N / n + n)`` half ulps.
    """

    method: FixedStep
    dts: array[float]
    worst: array[float]
    mean: array[float]
    missed: array[int]
    extra: array[int]
    floor: array[float]

    @property
    def slope(self) -> float:
        """The slope of log worst against log dt: the order found.

        By least squares, over the steps at which nothing is missed or extra and the worst error
        exceeds ``floor``; NaN for fewer than 3 of them, or if they are all alike.
        """
        columns = (self.dts, self.worst, self.floor, self.missed, self.extra)
        points = [
            (math.log(dt), math.log(worst))
            for dt, worst, floor, missed, extra in zip(*columns, strict=True)
            if worst > floor and missed == extra == 0
        ]
        if len(points) < 3:
            return math.nan
        x, y = (math.fsum(side) / len(points) for side in zip(*points, strict=True))
        across = math.fsum((a - x) * (b - y) for a, b in points)
        along = math.fsum((a - x) ** 2 for a, _ in points)
        return across / along if along > 0.0 else math.nan


def convergence(
    experiment: Experiment,
    method: FixedStep,
    dts: Sequence[float] | np.ndarray,
    *,
    max_spikes: int = MAX_SPIKES,
    max_steps: int = MAX_STEPS,
) -> Convergence:
    """Measure how the spike times of a fixed-step method converge to the exact ones.

    Parameters
    ----------
    experiment : Experiment
        Its own method is left aside, unless it is `Exact`.
    method : FixedStep
        Such as ``RK4(dt=0.1, locate="hermite")``; its dt is replaced by each of ``dts``.
    dts : sequence of float, shape (steps,)
        ms, > 0, in any order.
    max_spikes, max_steps : int
        Bounds of each run.

    Returns
    -------
    Convergence

    Raises
    ------
    ParameterError
        If ``method`` has no step, a dt breaks its rule, or ``experiment`` is none.
    LimitError
        If a run has more than ``max_spikes`` spikes, or a dt makes more than ``max_steps`` steps.
    """
    _check_experiment(experiment)
    if not isinstance(method, FixedStep):
        raise ParameterError("method", "must be a fixed-step method, such as RK4(dt=0.1)", method)
    try:
        steps = array("d", [_DT.check(dt, "dts") for dt in dts])
    except TypeError:
        raise ParameterError("dts", "must be a list of time steps in ms", dts) from None
    length = experiment.duration
    finest = min(steps, default=math.inf)
    if length / finest > max_steps:
        raise LimitError(
            f"'dts' must make at most {max_steps} steps of the run (got {finest!r} ms). "
            "Raise the smallest, shorten the run, or raise max_steps.",
            "dts",
        )
    own = experiment.method if isinstance(experiment.method, Exact) else None
    exact = dataclasses.replace(experiment, method=own).run(max_spikes)
    count = len(exact.spikes)
    found = []
    for dt in steps:
        run = dataclasses.replace(experiment, method=dataclasses.replace(method, dt=dt))
        try:
            found.append(compare(exact, run.run(max_spikes, max_steps)))
        except LimitError as error:
            if error.path != "method.dt":
                raise
            found.append(compare(exact, ()))
    roundings = [length / dt / max(count, 1) + count for dt in steps]
    return Convergence(
        method=method,
        dts=steps,
        worst=array("d", [abs(each.worst) for each in found]),
        mean=array("d", [each.mean_error for each in found]),
        missed=array("q", [len(each.missed) for each in found]),
        extra=array("q", [len(each.extra) for each in found]),
        floor=array("d", [0.5 * membrane.EPSILON * length * each for each in roundings]),
    )


def _row(neuron: Any) -> list[float]:
    if not isinstance(neuron, Neuron):
        raise ParameterError("neuron", "must be a neuron, such as LIF()", neuron)
    return neuron.pack()


def _check_experiment(experiment: Any) -> None:
    if not isinstance(experiment, Experiment):
        rule = "must be an experiment, such as Experiment(LIF(), constant(1.6), 100.0)"
        raise ParameterError("experiment", rule, experiment)


def _excitable(neuron: Any) -> list[float]:
    """Return the packed neuron, or raise if it needs no pulse to fire."""
    row = _row(neuron)
    if neuron.default_V_0() >= row[membrane.THRESHOLD]:
        name = "V_reset" if neuron.rest() is None else "E_L"
        raise ParameterError(
            name,
            f"must be < V_th = {row[membrane.THRESHOLD]:g} mV for a pulse to have a threshold",
            neuron.default_V_0(),
            f"This neuron fires without input: lower {name} or raise V_th.",
            also=("V_th",),
        )
    return row


def _constant_charge(neuron: Neuron, row: list[float]) -> Callable[[float], float]:
    charge = row[membrane.SCALE] * (row[membrane.THRESHOLD] - neuron.default_V_0())
    return lambda duration: charge / duration


def _each(function: Callable[[float], float], given: Any, parameter: Parameter, name: str) -> Any:
    """Return ``function`` of a number, or of each number of an array, as the same kind."""
    if isinstance(given, (list, tuple, array)):
        return array("d", [function(parameter.check(x, name)) for x in given])
    if getattr(given, "ndim", 0):
        import numpy as np

        # One by one, so that a quantity object's items keep their unit.
        values = [function(parameter.check(x, name)) for x in given.ravel()]
        return np.array(values, dtype=float).reshape(given.shape)
    return function(parameter.check(given, name))


def _train(given: Any, name: str) -> tuple[array[float], array[float]]:
    """Return spike times as pairs."""
    if isinstance(given, Response):
        return given.spikes, given.spikes_lo
    try:
        if isinstance(given, (str, bytes)):
            raise TypeError
        times = array("d", [SPIKE.check(t, name) for t in given])
    except TypeError:
        raise ParameterError(name, "must be a response or a list of times in ms", given) from None
    for k in range(1, len(times)):
        if times[k] < times[k - 1]:
            rule = (
                f"must be in order, ms: entry {k} comes before {times[k - 1]:g}, the one before it"
            )
            raise ParameterError(name, rule, times[k], "Sort the spike times.")
    return times, array("d", bytes(8 * len(times)))


def _local_intervals(times: array[float]) -> array[float]:
    """Return the smaller of the intervals beside each spike; infinite beside a single one."""
    gaps = [math.inf, *(times[k] - times[k - 1] for k in range(1, len(times))), math.inf]
    return array("d", map(min, gaps, gaps[1:]))
