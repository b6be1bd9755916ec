"""The spike train of one neuron: the event loop over pieces of the input and spikes.

Event rule: the next spike is the first time, at or after the end of refractoriness, with
V >= V_th; tested first at the end of refractoriness, then by crossing.
"""

import math

from . import pairs
from .crossing import (
    EXHAUSTED,
    NOT_FOUND,
    isolate,
    isolate_decay,
    isolate_ramp,
    isolate_sine,
    march,
)
from .membrane import (
    EPSILON,
    GAIN,
    GAP,
    LOC,
    RATE,
    REAL,
    REFRACTORY,
    RESET,
    SCALE,
    SINE,
    TAU,
    UNDECIDED,
    anchor_terms,
    constant_drive,
    evaluate,
    excess,
)
from .moments import leak_integral

# How crossings are found. AUTO: isolation where the windows are closed form, else the march.
AUTO, ISOLATION, MARCH = 0, 1, 2

# The state: the time from which the neuron is free (pair, ms), V - V_th there (mV), the piece,
# the number of grazes, and the low part of V - V_th.
FREE = 0
STATE_F = 2
PIECE = 3
GRAZES = 4
STATE_F_LO = 5
STATE = 6

FULL = 1
FINISHED = 0
TOO_MANY_EVALUATIONS = 2

_BELOW = -1e-300  # "below the threshold by less than a rounding error"


def crossing_of_constant(
    row: list[float], d: float, d_lo: float, f: float, f_lo: float
) -> tuple[float, float]:
    """Return when a constant excess drive ``d > 0`` lifts V from ``f < 0``, as a pair (ms)."""
    if row[RATE] == 0.0:
        q, q_lo = pairs.mul(-f, -f_lo, row[SCALE], row[SCALE + 1])
        return pairs.div(q, q_lo, d, d_lo)
    q, q_lo = pairs.div(-f, -f_lo, d, d_lo)
    x, x_lo = pairs.log1p(q, q_lo)
    return pairs.mul(x, x_lo, row[TAU], row[TAU + 1])


def find_crossing(
    how: int,
    length: float,
    f: float,
    w0: float,
    w1: float,
    rate: float,
    loc: list[float],
    count: int,
    tolerance: float,
    budget: list[float],
) -> tuple[float, float]:
    """Find the first crossing on a stretch, by the method that fits its terms."""
    if how == ISOLATION:
        return isolate(length, f, w0, w1, rate, loc, count, tolerance, budget)
    if how == AUTO:
        if count == 0:
            return isolate_ramp(length, f, w0, w1, rate, tolerance)
        if count == 1 and w1 == 0.0:
            if loc[0] == SINE:
                return isolate_sine(length, f, w0, rate, loc, tolerance)
            if loc[0] == REAL and loc[4] != 0.0:
                return isolate_decay(length, f, w0, rate, loc, tolerance)
    return march(length, f, w0, w1, rate, loc, count, tolerance, budget)


def stretch(length: float, loc: list[float], count: int) -> float:
    """Return how far the terms may be used before they are anchored anew.

    Their phases stay below 2^12 rad, and the bounds of polynomial terms stay sharp.
    """
    longest = length
    for k in range(0, LOC * count, LOC):
        if loc[k] == REAL:
            continue
        pace = math.hypot(loc[k + 4], loc[k + 5])
        if loc[k] != SINE and pace > 0.0:
            longest = min(longest, (loc[k + 1] + 4.0) / pace)
        elif pace > 0.0:
            longest = min(longest, 4096.0 / pace)
        else:
            longest = min(longest, 0.03125 * length)
    return longest


def run(
    row: list[float],
    starts: list[float],
    value: list[float],
    value_lo: list[float],
    slope: list[float],
    offset: list[int],
    terms: list[float],
    end: float,
    how: int,
    state: list[float],
    hi_out: list[float],
    lo_out: list[float],
    piece_f: list[float],
    graze_out: list[float],
    loc: list[float],
    budget: list[float],
) -> tuple[int, int]:
    """Run one neuron to ``end`` or until the buffers are full; return ``(spikes, status)``.

    The arrays of the input are those of `lapicque.current.Pieces`; ``value_lo`` and ``offset`` are
    empty where nothing needs them.  ``hi_out`` and ``lo_out`` receive spike times as pairs,
    ``piece_f`` V - V_th at the start of each piece (NaN while refractory), ``graze_out`` the
    times of peaks that doubles cannot tell from the threshold.
    """
    rate = row[RATE]
    gain = row[GAIN]
    refractory = row[REFRACTORY]
    reset = row[RESET]
    reset_lo = row[RESET + 1]
    pieces = len(starts)
    room = len(hi_out)
    n = 0
    hi = state[FREE]
    lo = state[FREE + 1]
    f = state[STATE_F]
    f_lo = state[STATE_F_LO]
    grazes = int(state[GRAZES])
    status = FINISHED
    p = int(state[PIECE])
    while p < pieces:
        final = p + 1 == pieces
        stop = end if final else starts[p + 1]
        if hi > stop or (hi == stop and lo >= 0.0 and not final):
            p += 1
            if not final:
                piece_f[p] = f if hi == stop and lo == 0.0 else math.nan
            continue
        first = offset[p] if len(offset) else 0
        last = offset[p + 1] if len(offset) else 0
        v_lo = value_lo[p] if len(value_lo) else 0.0
        w1 = gain * slope[p]
        if first == last and w1 == 0.0:
            # A constant current: periodic after the first reset, in closed form.
            d, d_lo = excess(row, value[p], v_lo)
            if f >= 0.0:
                x, x_lo = 0.0, 0.0
            elif d > 0.0:
                x, x_lo = crossing_of_constant(row, d, d_lo, f, f_lo)
            else:
                x, x_lo = math.inf, 0.0
            t, t_lo = pairs.add(hi, lo, x, x_lo) if x < math.inf else (math.inf, 0.0)
            if t < stop or (t == stop and t_lo <= 0.0):
                period, period_lo = refractory, 0.0
                if reset < 0.0:
                    if d > 0.0:
                        period, period_lo = crossing_of_constant(row, d, d_lo, reset, reset_lo)
                        period, period_lo = pairs.add(period, period_lo, refractory, 0.0)
                    else:
                        period = math.inf
                while t < stop or (t == stop and t_lo <= 0.0):
                    hi_out[n] = t
                    lo_out[n] = t_lo
                    n += 1
                    hi, lo = t, t_lo
                    if n == room or period == math.inf:
                        break
                    # pairs.add, written out: the hottest loop of a regular train.
                    s = hi + period
                    b = s - hi
                    e = (hi - (s - b)) + (period - b) + (lo + period_lo)
                    t = s + e
                    t_lo = e - (t - s)
                hi, lo = pairs.add(hi, lo, refractory, 0.0)
                f = reset
                f_lo = reset_lo
                if n == room:
                    status = FULL
                    break
                if hi > stop or (hi == stop and lo > 0.0):
                    continue
            w0 = constant_drive(row, value[p], v_lo)
            x = (stop - hi) - lo
            f = f * math.exp(-rate * x) + w0 * leak_integral(rate, x)
            f = min(f, _BELOW)
            f_lo = 0.0
        else:
            w_piece = constant_drive(row, value[p], v_lo)
            left = False
            while True:
                length = (stop - hi) - lo
                s, s_lo = pairs.add(hi, lo, -starts[p], 0.0)
                count = anchor_terms(terms, first, last, s, s_lo, gain, rate, loc)
                w0 = w_piece + w1 * s
                x = 0.0
                if f < 0.0:
                    scale = (abs(w_piece) + abs(w1) * (s + length)) / rate if rate > 0.0 else -reset
                    for k in range(0, LOC * count, LOC):
                        if loc[k + 1] == 0.0 and rate > 0.0:
                            scale += math.hypot(loc[k + 2], loc[k + 3]) / rate
                    scale = max(scale, abs(row[GAP]), abs(f))
                    tolerance = UNDECIDED * EPSILON * scale
                    reach = stretch(length, loc, count) if count else length
                    x = NOT_FOUND
                    if length > 0.0:
                        x, graze = find_crossing(
                            how, reach, f, w0, w1, rate, loc, count, tolerance, budget
                        )
                        if graze >= 0.0 and grazes < len(graze_out):
                            graze_out[grazes] = hi + (lo + graze)
                            grazes += 1
                    if x == EXHAUSTED:
                        status = TOO_MANY_EVALUATIONS
                        break
                    if x < 0.0:
                        f, h = evaluate(reach, f, w0, w1, rate, loc, count)
                        f = min(f, _BELOW)
                        f_lo = 0.0
                        if reach < length:
                            hi, lo = pairs.add(hi, lo, reach, 0.0)
                            continue
                        break
                hi, lo = pairs.add(hi, lo, x, 0.0)
                hi_out[n] = hi
                lo_out[n] = lo
                n += 1
                hi, lo = pairs.add(hi, lo, refractory, 0.0)
                f = reset
                f_lo = reset_lo
                left = hi > stop or (hi == stop and lo > 0.0)
                if n == room:
                    status = FULL
                    break
                if left:
                    break
            if status != FINISHED:
                break
            if left:
                continue
        hi = stop
        lo = 0.0
        p += 1
        if not final:
            piece_f[p] = f
    state[FREE] = hi
    state[FREE + 1] = lo
    state[STATE_F] = f
    state[STATE_F_LO] = f_lo
    state[PIECE] = p
    state[GRAZES] = grazes
    return n, status
