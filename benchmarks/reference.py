"""What the benchmarks of sweeps hold for true: closed forms in extended precision, nothing of ours.

Rows run in lockstep through cells of time.  Within a cell V is a sum of exponentials, a polynomial
and a sine in `numpy.longdouble` (64 bits of mantissa on x86; elsewhere it may be a plain double,
see `bits`); a crossing is looked for at the cell's end and at V's peak within it, and found by
Newton's method inside a bracket.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np

Real = np.longdouble
TWO_PI = 2 * Real("3.14159265358979323846264338327950288419716939937510")


def bits() -> int:
    """Return the bits of mantissa that the reference has."""
    return int(np.finfo(Real).nmant) + 1


def regular_trains(
    current: Any, R_m: float, tau_m: float, rise: float, t_ref: float, duration: float
) -> tuple[Any, Any, Any]:
    """Return ``(counts, t_1, T)`` of LIFs under constant currents, reset to where they start.

    ``t_k = t_1 + k T``, ``T = t_1 + t_ref``, ``t_1 = tau_m log(R_m I / (R_m I - rise))``
    with ``rise = V_th - E_L``.  A count is a floor: where its argument is within 1e-12 of a whole
    number, mpmath takes it again in 50 digits.
    """
    drive = Real(R_m) * np.asarray(current, dtype=Real)
    fires = drive > rise
    first = np.full(drive.shape, np.inf, dtype=Real)
    first[fires] = Real(tau_m) * np.log(drive[fires] / (drive[fires] - Real(rise)))
    period = first + Real(t_ref)
    most = np.full(drive.shape, Real(-1))
    most[fires] = (Real(duration) - first[fires]) / period[fires]
    counts = np.maximum(0, np.floor(most).astype(np.int64) + 1)
    near = fires & (np.abs(most - np.rint(most)) < 1e-12)
    with mpmath.workdps(50):
        for k in np.flatnonzero(near):
            x = -tau_m * mpmath.log1p(-mpmath.mpf(rise) / (R_m * mpmath.mpf(float(current[k]))))
            counts[k] = max(0, int(mpmath.floor((duration - x) / (x + t_ref))) + 1)
    return counts, first, period


def worst_regular(spikes: Any, counts: Any, first: Any, period: Any) -> float:
    """Return the worst error (ms) of trains that stand one after the other; counts must agree."""
    worst, at = 0.0, 0
    for rows in np.array_split(np.arange(len(counts)), max(1, int(counts.sum()) // 10**6)):
        n = counts[rows]
        k = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
        expected = np.repeat(first[rows], n) + k * np.repeat(period[rows], n)
        if len(expected):
            mine = spikes[at : at + len(expected)]
            worst = max(worst, float(np.max(np.abs(mine - expected))))
        at += len(expected)
    return worst


@dataclasses.dataclass
class Rows:
    """LIFs, maybe with one after-spike current, and the input of each.

    In a cell that begins at ``a``: ``I(t) = level + slope (t - a) + A sin(2 pi f t / 1000) +
    c exp(-t / tau_c) - w(t)``, ``w' = -w / tau_w``, and each spike adds ``b`` to w.
    """

    n: int
    amplitude: Any = 0.0
    frequency: Any = 1.0
    decay: float = 0.0
    tau_decay: float = 120.0
    b: float = 0.0
    tau_w: float = 100.0
    R_m: float = 10.0
    tau_m: float = 10.0
    E_L: float = -65.0
    V_th: float = -50.0
    V_reset: float = -65.0
    t_ref: float = 2.0


@dataclasses.dataclass
class Trains:
    """Spike times of each row (ms), and by how much an error of 1 may have grown at each."""

    times: list[Any]
    condition: list[Any]


def trains(rows: Rows, cells: Iterator[tuple[float, float, Any, Any]]) -> Trains:
    """Return the trains of rows whose input is given cell by cell.

    Parameters
    ----------
    rows : Rows
    cells : iterator of (begin, end, level, slope)
        ``level`` and ``slope`` a number or one for each row.  A cell must be shorter than ``t_ref``
        and so short that V has one peak in it at most.
    """
    n, tau, R = rows.n, Real(rows.tau_m), Real(rows.R_m)
    amplitude = np.broadcast_to(np.asarray(rows.amplitude, Real), n)
    omega = np.broadcast_to(TWO_PI * np.asarray(rows.frequency, Real) / 1000, n)
    scale = R * amplitude / (1 + (omega * tau) ** 2)
    tau_c, tau_w = Real(rows.tau_decay), Real(rows.tau_w)
    c = Real(rows.decay)

    def forced(t: Any, k: Any, w: Any, a: Any, level: Any, slope: Any, begin: Any) -> Any:
        """V - E_L of the particular solution; ``w`` is the after-spike current at ``begin``."""
        x = t - a
        wave = omega[k] * t
        found = scale[k] * (np.sin(wave) - omega[k] * tau * np.cos(wave))
        found = found + R * (level + slope * (x - tau))
        if c:
            found = found + R * c * np.exp(-t / tau_c) / (1 - tau / tau_c)
        if rows.b:
            found = found - R * w * np.exp(-(t - begin) / tau_w) / (1 - tau / tau_w)
        return found

    def current(t: Any, k: Any, w: Any, a: Any, level: Any, slope: Any, begin: Any) -> Any:
        found = level + slope * (t - a) + amplitude[k] * np.sin(omega[k] * t)
        if c:
            found = found + c * np.exp(-t / tau_c)
        if rows.b:
            found = found - w * np.exp(-(t - begin) / tau_w)
        return found

    v = np.zeros(n, Real)  # V - E_L at `free`
    free = np.zeros(n, Real)  # from when on V is integrated
    w = np.zeros(n, Real)  # at `free`
    threshold, reset = Real(rows.V_th) - rows.E_L, Real(rows.V_reset) - rows.E_L
    grown = np.zeros(n, Real)
    pace = np.ones(n, Real)  # dV/dt where V was let go, once there was a spike
    let_go = np.zeros(n, Real)
    fresh = np.zeros(n, bool)
    times: list[list[float]] = [[] for _ in range(n)]
    condition: list[list[float]] = [[] for _ in range(n)]
    for a, end, level, slope in cells:
        level = np.broadcast_to(np.asarray(level, Real), n)
        slope = np.broadcast_to(np.asarray(slope, Real), n)
        k = np.flatnonzero(free < end)
        begin = np.maximum(free[k], a)
        now, start, w0 = Real(end), v[k], w[k]
        given = (k, w0, Real(a), level[k], slope[k], begin)
        left = start - forced(begin, *given)

        def at(t: Any, m: Any = slice(None), given: Any = given, left: Any = left) -> Any:
            mine = tuple(x[m] if np.ndim(x) else x for x in given)
            return forced(t, *mine) + left[m] * np.exp(-(t - mine[-1]) / tau)

        def rate(t: Any, value: Any, m: Any = slice(None), given: Any = given) -> Any:
            mine = tuple(x[m] if np.ndim(x) else x for x in given)
            return (-value + R * current(t, *mine)) / tau

        at_begin = rate(begin, start)
        newly = fresh[k] & (begin == free[k])
        pace[k[newly]] = at_begin[newly]
        let_go[k[newly]] = begin[newly]
        fresh[k[newly]] = False
        last = at(now)
        high = np.full(len(k), now)
        crossed = last >= threshold
        # A peak inside of the cell: where V' changes its sign.
        peaked = np.flatnonzero(~crossed & (at_begin > 0) & (rate(now, last) < 0))
        if len(peaked):
            peaked = peaked[last[peaked] > threshold - 1]
        if len(peaked):
            lo, hi = begin[peaked].copy(), high[peaked].copy()
            for _ in range(60):
                middle = (lo + hi) / 2
                rising = rate(middle, at(middle, peaked), peaked) > 0
                lo, hi = np.where(rising, middle, lo), np.where(rising, hi, middle)
            over = at(lo, peaked) >= threshold
            crossed[peaked[over]] = True
            high[peaked[over]] = lo[over]
        m = np.flatnonzero(crossed)
        moved = now - begin
        v[k], w[k] = last, w0 * np.exp(-moved / tau_w)
        free[k] = now
        if not len(m):
            continue
        lo, hi = begin[m].copy(), high[m].copy()
        t = (lo + hi) / 2
        for _ in range(90):
            value = at(t, m)
            below = value < threshold
            lo, hi = np.where(below, t, lo), np.where(below, hi, t)
            better = t - (value - threshold) / rate(t, value, m)
            inside = (better > lo) & (better < hi)
            better = np.where(inside, better, (lo + hi) / 2)
            done = np.abs(better - t) <= 4e-19 * t
            t = better
            if done.all():
                break
        final = rate(t, at(t, m), m)
        who = k[m]
        # An error where V was let go, e, is e exp(-x / tau) V'(let go) / V'(now) at the spike.
        gain = np.exp(-(t - let_go[who]) / tau) * np.abs(pace[who] / final)
        grown[who] = np.maximum(np.maximum(1, 1 / np.abs(final)), gain * grown[who])
        for row, time, sensitive in zip(who, t, grown[who], strict=True):
            times[row].append(time)
            condition[row].append(float(sensitive))
        w_then = w0[m] * np.exp(-(t - begin[m]) / tau_w) + Real(rows.b)
        v[who] = reset
        free[who] = t + Real(rows.t_ref)
        w[who] = w_then * np.exp(-Real(rows.t_ref) / tau_w)
        fresh[who] = True
    return Trains([np.array(x, Real) for x in times], [np.array(x) for x in condition])


def even_cells(
    duration: float, width: float, steps: tuple[tuple[float, float, float], ...], level: float
) -> Iterator[tuple[float, float, float, float]]:
    """Yield cells of one width under a constant level and steps (amplitude, start, stop)."""
    for k in range(round(duration / width)):
        a = k * width
        more = sum(height for height, start, stop in steps if start <= a < stop)
        yield a, min((k + 1) * width, duration), level + more, 0.0


def sample_cells(times: Any, values: Any) -> Iterator[tuple[float, float, Any, Any]]:
    """Yield the cells between samples, ``values`` of shape (rows, samples), joined by lines."""
    values = np.asarray(values, Real)
    for k in range(len(times) - 1):
        a, b = Real(times[k]), Real(times[k + 1])
        yield a, b, values[:, k], (values[:, k + 1] - values[:, k]) / (b - a)


@dataclasses.dataclass
class Judged:
    """How trains compare with the reference."""

    wrong_counts: int
    worst: float
    worst_scaled: float
    condition: float


def judge(mine: list[Any], true: Trains) -> Judged:
    """Compare trains: wrong counts, and of the others the worst error (ms), plain and scaled.

    The scaled error is divided by the spike's condition: by how much an error of a time (or, where
    V crosses the threshold slower than 1 mV/ms, of V) made anywhere before may have grown there.
    """
    wrong, worst, scaled, most = 0, 0.0, 0.0, 1.0
    for train, expected, condition in zip(mine, true.times, true.condition, strict=True):
        if len(train) != len(expected):
            wrong += 1
        elif len(train):
            error = np.abs(train - expected).astype(float)
            worst = max(worst, float(error.max()))
            scaled = max(scaled, float((error / condition).max()))
            most = max(most, float(condition.max()))
    return Judged(wrong, worst, scaled, most)
