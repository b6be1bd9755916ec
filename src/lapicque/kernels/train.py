"""The spike train of one neuron: the event loop over pieces of the input and spikes.

Event rule: the next spike is the first time, at or after the end of refractoriness, with
V >= V_th; tested first at the end of refractoriness and after every jump of V, then by crossing.
A jump at the instant of a spike is part of what made it; one within refractoriness is lost.
"""

from __future__ import annotations

import math

from . import pairs
from .crossing import (
    EXHAUSTED,
    NOT_FOUND,
    SHORT_OF,
    ceiling_step,
    drive_size,
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
    GENERAL,
    LOC,
    POWER,
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
    drive,
    evaluate,
    excess,
)
from .moments import leak_integral, ramp_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats, Ints

# How crossings are found. AUTO: isolation where the windows are closed form, else the march.
AUTO, ISOLATION, MARCH = 0, 1, 2

# The state: the time from which the neuron is free (pair, ms), V - V_th there (pair, mV), the
# piece, the number of grazes, the last piece whose jump of V was dealt with.
FREE = 0
STATE_F = 2
PIECE = 4
GRAZES = 5
JUMPED = 6

FINISHED, FULL, TOO_MANY_EVALUATIONS = 0, 1, 2

# Crossings this near to the end of a piece, in parts of its length, may be grazes.
NEAR_END = 1e-6

# A linear piece is passed at once only if V stays this far, in parts of V - V_th, from V_th.
MARGIN = 1e-9

# The bounds of a polynomial are looked at in parts of its piece.
SHARE = 0.25

BELOW = -1e-300  # "below the threshold by less than a rounding error"


def crossing_of_constant(
    row: Floats, d: float, d_lo: float, f: float, f_lo: float
) -> tuple[float, float]:
    """Return when a constant excess drive ``d > 0`` lifts V from ``f < 0``, as a pair (ms)."""
    if row[RATE] == 0.0:
        q, q_lo = pairs.mul(-f, -f_lo, row[SCALE], row[SCALE + 1])
        return pairs.div(q, q_lo, d, d_lo)
    q, q_lo = pairs.div(-f, -f_lo, d, d_lo)
    x, x_lo = pairs.log1p(q, q_lo)
    return pairs.mul(x, x_lo, row[TAU], row[TAU + 1])


def constant_rate(row: Floats, value: float, value_lo: float) -> float:
    """Return the rate (Hz) that a constant current (nA, a pair) keeps up after a reset below V_th.

    ``1 / (t_ref + rise from V_reset)``, and 0 at or below the rheobase; infinite where the interval
    is below the least double.
    """
    d, d_lo = excess(row, value, value_lo)
    if d <= 0.0:
        return 0.0
    rise, _ = crossing_of_constant(row, d, d_lo, row[RESET], row[RESET + 1])
    # Pairs end near 1e300 ms.
    if rise != rise:
        return 0.0
    interval = rise + row[REFRACTORY]
    return 1000.0 / interval if interval > 0.0 else math.inf


def find_crossing(
    how: int,
    length: float,
    f: float,
    w0: float,
    w1: float,
    rate: float,
    loc: Floats,
    count: int,
    tolerance: float,
    budget: Floats,
) -> tuple[float, float]:
    """Find the first crossing on a stretch, by the method that fits its terms."""
    if how == ISOLATION:
        return isolate(length, f, w0, w1, rate, loc, count, tolerance, budget)
    if how == AUTO:
        if count == 0:
            return isolate_ramp(length, f, w0, w1, rate, loc, tolerance)
        if count == 1 and w1 == 0.0:
            if loc[0] == SINE:
                return isolate_sine(length, f, w0, rate, loc, tolerance, budget)
            if loc[0] == REAL and loc[4] != 0.0:
                return isolate_decay(length, f, w0, rate, loc, tolerance)
    return march(length, f, w0, w1, rate, loc, count, tolerance, budget)


def stretch(length: float, whole: float, loc: Floats, count: int) -> float:
    """Return how far the terms may be used before they are anchored anew.

    ``length`` is left of a piece whose length is ``whole``.  The bounds of polynomial and damped
    terms are sharp only near the anchor.
    """
    longest = length
    for k in range(0, LOC * count, LOC):
        if loc[k] == GENERAL:
            longest = min(longest, (loc[k + 1] + 4.0) / math.hypot(loc[k + 4], loc[k + 5]))
        elif loc[k] == POWER:
            longest = min(longest, SHARE * whole)
    return longest


def record_graze(t: float, state: Floats, graze_out: Floats) -> None:
    """Note a peak that doubles cannot tell from the threshold."""
    count = int(state[GRAZES])
    if count < len(graze_out) and (count == 0 or graze_out[count - 1] != t):
        graze_out[count] = t
        state[GRAZES] += 1.0


def beyond(state: Floats, stop: float) -> bool:
    """Return whether the neuron is free only after ``stop``."""
    return state[FREE] > stop or (state[FREE] == stop and state[FREE + 1] > 0.0)


def _reset(row: Floats, hi: float, lo: float, state: Floats) -> None:
    state[FREE], state[FREE + 1] = pairs.add(hi, lo, row[REFRACTORY], 0.0)
    state[STATE_F] = row[RESET]
    state[STATE_F + 1] = row[RESET + 1]


def _arrive(stop: float, f: float, state: Floats) -> None:
    # What has not spiked is below the threshold, also where rounding says otherwise.
    state[FREE] = stop
    state[FREE + 1] = 0.0
    state[STATE_F] = min(f, BELOW)
    state[STATE_F + 1] = 0.0


def _at_rest(state: Floats, d: float, d_lo: float) -> bool:
    return state[STATE_F] == d and state[STATE_F + 1] == d_lo


def _tolerance(row: Floats, d: float) -> float:
    # 16 ulp of what is added up to V under the constant excess drive d.
    size = abs(row[RESET]) if row[RATE] == 0.0 else abs(d) + abs(row[GAP])
    return UNDECIDED * EPSILON * size


def through_constant(
    row: Floats,
    value: float,
    value_lo: float,
    stop: float,
    final: bool,
    state: Floats,
    hi_out: Floats,
    lo_out: Floats,
    n: int,
    graze_out: Floats,
) -> int:
    """Run to ``stop`` under a constant current; return the number of spikes so far.

    The train is periodic after the first reset: one logarithm, in pairs, for all of it.
    """
    d, d_lo = excess(row, value, value_lo)
    hi = state[FREE]
    lo = state[FREE + 1]
    f = state[STATE_F]
    t, t_lo = hi, lo
    if f < 0.0:
        if d > 0.0:
            x, x_lo = crossing_of_constant(row, d, d_lo, f, state[STATE_F + 1])
            t, t_lo = pairs.add(hi, lo, x, x_lo)
        else:
            t = math.inf
            if d < 0.0 and -f <= _tolerance(row, d):
                record_graze(hi, state, graze_out)
    if t < stop or (t == stop and t_lo <= 0.0):
        period, period_lo = row[REFRACTORY], 0.0
        if row[RESET] < 0.0:
            if d > 0.0:
                period, period_lo = crossing_of_constant(row, d, d_lo, row[RESET], row[RESET + 1])
                period, period_lo = pairs.add(period, period_lo, row[REFRACTORY], 0.0)
            else:
                period = math.inf
        room = len(hi_out)
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
        w = constant_drive(row, value, value_lo)
        if f < 0.0 < d and not final and (stop - hi) * w <= _tolerance(row, d):
            # V is about to turn at the end of the piece, hardly above the threshold.
            record_graze(hi, state, graze_out)
        _reset(row, hi, lo, state)
        if n == room or beyond(state, stop):
            return n
    rate = row[RATE]
    if d < 0.0 < rate and _at_rest(state, d, d_lo):
        # Nothing to round: what a jump adds to is known to the last digit.
        state[FREE], state[FREE + 1] = stop, 0.0
        return n
    x = (stop - state[FREE]) - state[FREE + 1]
    w0 = d * (row[GAIN] if rate == 0.0 else rate)
    _arrive(stop, state[STATE_F] * math.exp(-rate * x) + w0 * leak_integral(rate, x), state)
    return n


def pass_below(
    row: Floats, w0: float, w1: float, length: float, stop: float, state: Floats
) -> bool:
    """Run to ``stop`` under a linear drive if its largest value cannot lift V to the threshold."""
    rate = row[RATE]
    f = state[STATE_F]
    if f >= -MARGIN * (abs(row[GAP]) + abs(row[RESET])):
        return False
    kept = math.exp(-rate * length)
    leak = leak_integral(rate, length)
    if f * kept + max(w0, w0 + w1 * length) * leak >= -MARGIN * abs(f):
        return False
    _arrive(stop, f * kept + w0 * leak + w1 * ramp_response(rate, length), state)
    return True


def through_varying(
    row: Floats,
    start: float,
    stop: float,
    final: bool,
    w_start: float,
    w1: float,
    terms: Floats,
    first: int,
    last: int,
    how: int,
    state: Floats,
    hi_out: Floats,
    lo_out: Floats,
    n: int,
    graze_out: Floats,
    loc: Floats,
    budget: Floats,
) -> int:
    """Run to ``stop`` through a piece of any form; return the number of spikes so far.

    Stops early where the buffers are full or the budget of evaluations is spent.
    """
    rate = row[RATE]
    room = len(hi_out)
    count = 0
    local = False
    tolerance = -1.0
    while True:
        hi = state[FREE]
        lo = state[FREE + 1]
        f = state[STATE_F]
        length = (stop - hi) - lo
        x = 0.0
        if f < 0.0:
            s, s_lo = pairs.add(hi, lo, -start, 0.0)
            w0 = w_start + w1 * s
            if last > first:
                count = anchor_terms(terms, first, last, s, s_lo, row[GAIN], rate, loc)
            if tolerance < 0.0:
                # On entry; what is bounded here only shrinks towards the end of the piece.
                tolerance = UNDECIDED * EPSILON * scale_of(row, w0, w1, f, length, loc, count)
                local = stretch(length, stop - start, loc, count) < length
                if f >= -tolerance and drive(0.0, w0, w1, loc, count)[0] < rate * f:
                    # V turned at the threshold where the piece began.
                    record_graze(hi, state, graze_out)
            reach = length
            if local:
                budget[0] -= 1.0
                far = ceiling_step(0.0, f, length, w0, w1, rate, loc, count)
                reach = stretch(length, stop - start, loc, count)
                reach = max(reach, min(SHORT_OF * far, length))
            x = NOT_FOUND
            if reach > 0.0:
                x, graze = find_crossing(how, reach, f, w0, w1, rate, loc, count, tolerance, budget)
                if graze >= 0.0:
                    record_graze(hi + (lo + graze), state, graze_out)
            if x == EXHAUSTED:
                return n
            if x < 0.0:
                f, _ = evaluate(reach, f, w0, w1, rate, loc, count)
                if reach == length:
                    _arrive(stop, f, state)
                    return n
                hi, lo = pairs.add(hi, lo, reach, 0.0)
                _arrive(hi, f, state)
                state[FREE + 1] = lo
                continue
            rest = length - x
            if not final and rest * rate < NEAR_END and rest < NEAR_END * length:
                w, _ = drive(x, w0, w1, loc, count)
                if rest * w <= tolerance:
                    record_graze(hi + (lo + x), state, graze_out)
            hi, lo = pairs.add(hi, lo, x, 0.0)
        hi_out[n] = hi
        lo_out[n] = lo
        n += 1
        _reset(row, hi, lo, state)
        if n == room or beyond(state, stop):
            return n


def scale_of(
    row: Floats, w0: float, w1: float, f: float, length: float, loc: Floats, count: int
) -> float:
    """Return the size (mV) of what is added up to V, whose ulp is the rounding error's unit."""
    scale = max(abs(f), abs(row[RESET]), abs(row[GAP]))
    if row[RATE] > 0.0:
        scale = max(scale, drive_size(length, w0, w1, loc, count) / row[RATE])
    return scale


def spike_at_jump(
    row: Floats, p: int, stop: float, jump: float, jump_lo: float, state: Floats, n: int
) -> int:
    """Decide on a spike, the ``n``-th, at the very instant of a jump; return the spikes left.

    V is tested once, after the jump: one that leads below the threshold undoes the spike.
    """
    f, f_lo = 0.0, 0.0
    if row[RESET] >= 0.0:
        f, f_lo = row[RESET], row[RESET + 1]
    f, f_lo = pairs.add(f, f_lo, jump, jump_lo)
    state[JUMPED] = float(p)
    if f >= 0.0:
        return n
    state[FREE], state[FREE + 1] = stop, 0.0
    state[STATE_F], state[STATE_F + 1] = f, f_lo
    return n - 1


def jump_of_v(row: Floats, jump: float, jump_lo: float, state: Floats, graze_out: Floats) -> None:
    """Let V jump; where rounding decides whether it reaches the threshold, that is a graze."""
    f = state[STATE_F]
    f_lo = state[STATE_F + 1]
    state[STATE_F], state[STATE_F + 1] = pairs.add(f, f_lo, jump, jump_lo)
    exact = f == row[RESET] and f_lo == row[RESET + 1]
    exact = exact or (f == -row[GAP] and f_lo == -row[GAP + 1])
    size = max(abs(f), abs(row[RESET]), abs(row[GAP]))
    if not exact and abs(state[STATE_F]) <= UNDECIDED * EPSILON * size:
        record_graze(state[FREE], state, graze_out)


def run(
    row: Floats,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    jumps: Floats,
    jumps_lo: Floats,
    end: float,
    how: int,
    state: Floats,
    hi_out: Floats,
    lo_out: Floats,
    piece_f: Floats,
    graze_out: Floats,
    loc: Floats,
    budget: Floats,
) -> tuple[int, int]:
    """Run one neuron to ``end`` or until the buffers are full; return ``(spikes, status)``.

    The arrays of the input are those of `lapicque.pieces.Pieces`; ``value_lo`` and ``offset`` are
    empty where nothing needs them, and so are ``jumps`` and ``jumps_lo``: by how much V jumps at
    the start of each piece (pairs, mV; the first piece's is in the state already).  ``hi_out``
    and ``lo_out`` receive spike times as pairs, ``piece_f`` V - V_th at the start of each piece
    (after its jump; NaN while refractory), ``graze_out`` the times of peaks that doubles cannot
    tell from the threshold.
    """
    pieces = len(starts)
    room = len(hi_out)
    n = 0
    p = int(state[PIECE])
    while p < pieces:
        final = p + 1 == pieces
        stop = end if final else starts[p + 1]
        # A spike exactly at the end of the run counts; one at the end of a piece is the next's.
        if not beyond(state, stop) and (final or state[FREE] < stop or state[FREE + 1] < 0.0):
            first = offset[p] if len(offset) else 0
            last = offset[p + 1] if len(offset) else 0
            v_lo = value_lo[p] if len(value_lo) else 0.0
            ramped = first == last and slope[p] != 0.0 and state[FREE] == starts[p]
            w0 = row[GAIN] * value[p] - row[RATE] * row[GAP]
            w1 = row[GAIN] * slope[p]
            made = n
            if ramped and pass_below(row, w0, w1, stop - starts[p], stop, state):
                pass
            elif first == last and slope[p] == 0.0:
                n = through_constant(
                    row, value[p], v_lo, stop, final, state, hi_out, lo_out, n, graze_out
                )
            else:
                n = through_varying(
                    row,
                    starts[p],
                    stop,
                    final,
                    constant_drive(row, value[p], v_lo),
                    w1,
                    terms,
                    first,
                    last,
                    how,
                    state,
                    hi_out,
                    lo_out,
                    n,
                    graze_out,
                    loc,
                    budget,
                )
            if len(jumps) and made < n and not final and hi_out[n - 1] == stop:
                if lo_out[n - 1] == 0.0:
                    n = spike_at_jump(row, p + 1, stop, jumps[p + 1], jumps_lo[p + 1], state, n)
            if n == room or budget[0] < 0.0:
                state[PIECE] = float(p)
                return n, FULL if n == room else TOO_MANY_EVALUATIONS
        p += 1
        if not final:
            free = state[FREE] == stop and state[FREE + 1] == 0.0
            if len(jumps):
                if free and jumps[p] != 0.0 and state[JUMPED] != p:
                    jump_of_v(row, jumps[p], jumps_lo[p], state, graze_out)
                state[JUMPED] = float(p)
            piece_f[p] = state[STATE_F] if free else math.nan
    state[PIECE] = float(p)
    return n, FINISHED
