"""Two spike trains -> how far they are apart; a method -> its convergence; a mean current."""

from __future__ import annotations

import dataclasses
import math
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import LimitError, ParameterError
from ..experiment import Experiment
from ..kernels import membrane
from ..kernels.moments import term_response
from ..method import Exact, FixedStep
from ..parameter import Parameter, parameters
from ..response import Response
from ..simulate import MAX_SPIKES, MAX_STEPS
from .asked import check_experiment

if TYPE_CHECKING:
    import numpy as np

    Train = Response | Sequence[float] | np.ndarray

SPIKE = Parameter(unit="ms", meaning="time of a spike", symbol="t")
_DT = parameters(FixedStep)["dt"]


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
    check_experiment(experiment)
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
    check_experiment(experiment)
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
