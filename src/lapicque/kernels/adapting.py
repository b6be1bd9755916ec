"""Neurons that remember their spikes: after-spike currents and a threshold that moves, exact.

V obeys the membrane's equation with after-spike currents ``I_k``, each of which decays; the
threshold is ``V_th + sum_j theta_j + p``: parts that decay, and one that follows V,
``p' = pull (V - E_L) - slow p``.  A spike changes all of them by a linear rule.  In the state
``f = V - threshold`` an after-spike current and a decaying part are one real exponential of the
drive each, with the coefficients ``gain I_k`` and ``(lambda_j - rate) theta_j``: the same crossing
search as without memory, except for a threshold that follows V.  Derived in docs/theory.md.
"""

from __future__ import annotations

import math

from . import following, pairs
from .crossing import (
    EXHAUSTED,
    NOT_FOUND,
    SHORT_OF,
    ceiling_step,
    transient_curvature,
)
from .filters import filter_twice
from .membrane import (
    EPSILON,
    GAIN,
    GAP,
    LOC,
    RATE,
    REAL,
    REFRACTORY,
    ROW,
    SCALE,
    THRESHOLD,
    UNDECIDED,
    anchor_terms,
    constant_drive,
    drive,
    evaluate,
)
from .train import (
    BELOW,
    FINISHED,
    FREE,
    FULL,
    ISOLATION,
    JUMPED,
    NEAR_END,
    PIECE,
    STATE_F,
    TOO_MANY_EVALUATIONS,
    beyond,
    find_crossing,
    record_graze,
    scale_of,
    stretch,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats, Ints

# A packed neuron goes on behind `membrane.ROW`.
FRACTION = ROW  # what a spike leaves of V - E_L
LIFT = ROW + 1  # what it adds, from E_L, less the resting threshold (mV)
FREE_RUN = ROW + 2  # 1 where V goes on through a spike, 0 where it is reset and held
PULL = ROW + 3  # how V pulls the threshold (1/ms)
SLOW = ROW + 4  # how fast it lets go (1/ms)
CURRENTS = ROW + 5  # number of after-spike currents (nA)
THRESHOLDS = ROW + 6  # number of decaying parts of the threshold (mV)
TRACES = ROW + 7
# Each trace: decay rate (1/ms), what a spike and the refractory period leave of it, what they add,
# and what is added at the spike itself rather than after the refractory period.
DECAY, KEPT, JUMP, EARLY = 0, 1, 2, 3
TRACE = 4

# The state goes on behind that of `train`: the end of refractoriness (a pair), the number of
# anchors, p, the traces.
BLIND = 7
ANCHORS = 9
FOLLOWED = 10
VALUES = 11

# An anchor: its time (a pair), V - V_th, p, the traces.
ANCHOR_V, ANCHOR_P, ANCHOR_VALUES = 2, 3, 4

ENDLESS = 3  # beside FINISHED, FULL, TOO_MANY_EVALUATIONS


def traces(row: Floats) -> int:
    """Return how many traces a neuron has."""
    return int(row[CURRENTS] + row[THRESHOLDS])


def fastest(row: Floats) -> float:
    """Return the largest decay rate (1/ms) of what a spike leaves behind."""
    found = row[SLOW]
    for k in range(traces(row)):
        found = max(found, row[TRACES + TRACE * k + DECAY])
    return found


def stride(row: Floats) -> int:
    """Return the length of an anchor."""
    return ANCHOR_VALUES + traces(row)


def raised(row: Floats, state: Floats, followed: int) -> float:
    """Return how far the threshold is above its resting value (mV).

    The part that follows V stands at ``state[followed]``, the traces behind it.
    """
    total = state[followed]
    first = followed + 1 + int(row[CURRENTS])
    for k in range(first, first + int(row[THRESHOLDS])):
        total += state[k]
    return total


def anchor(row: Floats, state: Floats, out: Floats) -> None:
    """Write the state as the next anchor."""
    k = int(state[ANCHORS]) * stride(row)
    state[ANCHORS] += 1.0
    out[k] = state[FREE]
    out[k + 1] = state[FREE + 1]
    out[k + ANCHOR_V] = state[STATE_F] + raised(row, state, FOLLOWED)
    out[k + ANCHOR_P] = state[FOLLOWED]
    for j in range(traces(row)):
        out[k + ANCHOR_VALUES + j] = state[VALUES + j]


def spike(row: Floats, hi: float, lo: float, f: float, state: Floats) -> float:
    """Apply what a spike at ``(hi, lo)`` does, where V - threshold is ``f``; return it afterwards.

    The traces are those at the spike.  Where V is held, the state becomes that at the end of
    refractoriness.
    """
    before = raised(row, state, FOLLOWED)
    for k in range(traces(row)):
        at = TRACES + TRACE * k
        state[VALUES + k] = state[VALUES + k] * row[at + KEPT] + row[at + JUMP]
    state[BLIND], state[BLIND + 1] = pairs.add(hi, lo, row[REFRACTORY], 0.0)
    after = raised(row, state, FOLLOWED)
    if row[FREE_RUN] != 0.0:
        state[FREE] = hi
        state[FREE + 1] = lo
        f += before - after
    else:
        state[FREE] = state[BLIND]
        state[FREE + 1] = state[BLIND + 1]
        f = row[FRACTION] * (f + before + row[GAP]) + row[LIFT] - after
    state[STATE_F] = f
    return f


def jump_of_v(row: Floats, jump: float, state: Floats, graze_out: Floats) -> None:
    """Let V jump; where rounding decides whether it reaches the threshold, that is a graze."""
    size = abs(state[STATE_F]) + abs(row[GAP]) + abs(raised(row, state, FOLLOWED))
    state[STATE_F] += jump
    if abs(state[STATE_F]) <= UNDECIDED * EPSILON * size:
        record_graze(state[FREE], state, graze_out)


def append_decay(coefficient: float, decay: float, count: int, loc: Floats) -> int:
    """Append ``coefficient exp(-decay x)`` to the terms at the anchor; return their number."""
    k = LOC * count
    loc[k] = REAL
    loc[k + 2] = coefficient
    loc[k + 4] = -decay
    for i in (1, 3, 5, 6, 7, 8, 9):
        loc[k + i] = 0.0
    return count + 1


def append_traces(row: Floats, state: Floats, count: int, all_of_them: bool, loc: Floats) -> int:
    """Append the traces to the terms at the anchor; return the number of terms."""
    currents = int(row[CURRENTS])
    for j in range(traces(row) if all_of_them else currents):
        decay = row[TRACES + TRACE * j + DECAY]
        weight = row[GAIN] if j < currents else decay - row[RATE]
        if state[VALUES + j] * weight != 0.0:
            count = append_decay(weight * state[VALUES + j], decay, count, loc)
    return count


def set_moving(row: Floats, state: Floats, moving: Floats) -> None:
    """Write what `following` needs to know of the state."""
    moving[following.Y] = state[STATE_F] + raised(row, state, FOLLOWED)
    moving[following.P] = state[FOLLOWED]
    moving[following.PULL] = row[PULL]
    moving[following.SLOW] = row[SLOW]
    moving[following.GAP] = row[GAP]
    moving[following.PARTS] = row[THRESHOLDS]
    k = following.PARTS + 1
    first = int(row[CURRENTS])
    for j in range(first, first + int(row[THRESHOLDS])):
        moving[k] = row[TRACES + TRACE * j + DECAY]
        moving[k + 1] = state[VALUES + j]
        k += 2


def fade(row: Floats, x: float, state: Floats) -> None:
    """Let the traces decay for ``x``."""
    for j in range(traces(row)):
        state[VALUES + j] *= math.exp(-row[TRACES + TRACE * j + DECAY] * x)


def advance(
    row: Floats,
    x: float,
    w0: float,
    w1: float,
    loc: Floats,
    count: int,
    state: Floats,
    moving: Floats,
) -> float:
    """Move all but the time on by ``x``; return V - threshold there."""
    fade(row, x, state)
    rate = row[RATE]
    if row[PULL] != 0.0:
        f, _, _, _, followed = following.follow(x, w0, w1, rate, loc, count, moving)
        state[FOLLOWED] = followed
    else:
        f, _ = evaluate(x, state[STATE_F], w0, w1, rate, loc, count)
    state[STATE_F] = f
    return f


def through(
    row: Floats,
    start: float,
    stop: float,
    final: bool,
    w_start: float,
    w1: float,
    terms: Floats,
    first: int,
    last: int,
    jump: float,
    how: int,
    state: Floats,
    hi_out: Floats,
    lo_out: Floats,
    n: int,
    graze_out: Floats,
    anchor_out: Floats,
    loc: Floats,
    moving: Floats,
    budget: Floats,
) -> tuple[int, int]:
    """Run to ``stop`` through a piece of any form; return ``(spikes so far, status)``.

    At ``stop`` V will jump by ``jump``: a spike at that very instant is decided after it.
    """
    rate = row[RATE]
    room = len(hi_out)
    anchors = len(anchor_out) // stride(row)
    follows = row[PULL] != 0.0
    scale = -1.0
    while True:
        if beyond(state, stop):
            return n, FINISHED
        if n == room or int(state[ANCHORS]) == anchors:
            return n, FULL
        hi = state[FREE]
        lo = state[FREE + 1]
        f = state[STATE_F]
        length = (stop - hi) - lo
        s, s_lo = pairs.add(hi, lo, -start, 0.0)
        w0 = w_start + w1 * s
        count = 0
        if last > first:
            count = anchor_terms(terms, first, last, s, s_lo, row[GAIN], rate, loc)
        if scale < 0.0:
            # On entry; what is bounded here only shrinks towards the end of the piece.
            scale = scale_of(row, w0, w1, f, length, loc, count)
        local = stretch(length, stop - start, loc, count)
        count = append_traces(row, state, count, not follows, loc)
        if follows:
            set_moving(row, state, moving)
        blind = (state[BLIND] - hi) + (state[BLIND + 1] - lo)
        x = 0.0
        if blind > 0.0:
            # V goes on, but cannot spike yet.
            reach = min(blind, local)
            f = advance(row, reach, w0, w1, loc, count, state, moving)
            if reach == blind:
                state[FREE] = state[BLIND]
                state[FREE + 1] = state[BLIND + 1]
            elif reach == length:
                state[FREE] = stop
                state[FREE + 1] = 0.0
                return n, FINISHED
            else:
                state[FREE], state[FREE + 1] = pairs.add(hi, lo, reach, 0.0)
            continue
        if f < 0.0:
            size = scale
            for j in range(traces(row)):
                weight = row[SCALE] if j < row[CURRENTS] else 1.0
                size += weight * abs(state[VALUES + j])
            tolerance = UNDECIDED * EPSILON * (size + abs(state[FOLLOWED]))
            reach = local
            graze = NOT_FOUND
            x = NOT_FOUND
            p = 0.0
            if follows:
                transient = transient_curvature(moving[following.Y], w0, w1, rate, loc, count)
                if reach > 0.0 and how == ISOLATION:
                    x, graze, p = following.subdivide(
                        reach, transient, w0, w1, rate, loc, count, moving, tolerance, budget
                    )
                elif reach > 0.0:
                    x, graze, p = following.march(
                        reach, transient, w0, w1, rate, loc, count, moving, tolerance, budget
                    )
            else:
                if local < length:
                    budget[0] -= 1.0
                    far = ceiling_step(0.0, f, length, w0, w1, rate, loc, count)
                    reach = max(reach, min(SHORT_OF * far, length))
                if reach > 0.0:
                    x, graze = find_crossing(
                        how, reach, f, w0, w1, rate, loc, count, tolerance, budget
                    )
            if graze >= 0.0:
                record_graze(hi + (lo + graze), state, graze_out)
            if x == EXHAUSTED:
                return n, TOO_MANY_EVALUATIONS
            if x < 0.0:
                f = advance(row, reach, w0, w1, loc, count, state, moving)
                # What has not spiked is below the threshold, also where rounding says otherwise.
                state[STATE_F] = min(f, BELOW)
                if reach == length:
                    state[FREE] = stop
                    state[FREE + 1] = 0.0
                    return n, FINISHED
                state[FREE], state[FREE + 1] = pairs.add(hi, lo, reach, 0.0)
                continue
            rest = length - x
            if not final and not follows and rest * rate < NEAR_END and rest < NEAR_END * length:
                if rest * drive(x, w0, w1, loc, count)[0] <= tolerance:
                    record_graze(hi + (lo + x), state, graze_out)
            fade(row, x, state)
            state[FOLLOWED] = p
            f = 0.0
            hi, lo = pairs.add(hi, lo, x, 0.0)
            if jump != 0.0 and hi == stop and lo == 0.0:
                state[FREE] = stop
                state[FREE + 1] = 0.0
                state[STATE_F] = 0.0
                return n, FINISHED
        hi_out[n] = hi
        lo_out[n] = lo
        n += 1
        f = spike(row, hi, lo, f, state)
        anchor(row, state, anchor_out)
        if f >= 0.0 and row[REFRACTORY] == 0.0:
            return n, ENDLESS


def run(
    row: Floats,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    jumps: Floats,
    end: float,
    how: int,
    state: Floats,
    hi_out: Floats,
    lo_out: Floats,
    anchor_out: Floats,
    graze_out: Floats,
    loc: Floats,
    moving: Floats,
    budget: Floats,
) -> tuple[int, int]:
    """Run one neuron to ``end`` or until a buffer is full; return ``(spikes, status)``.

    As `train.run`, with ``anchor_out`` for the state after each spike and, after a jump there, at
    the start of each piece in which V moves.
    """
    pieces = len(starts)
    n = 0
    p = int(state[PIECE])
    while p < pieces:
        final = p + 1 == pieces
        stop = end if final else starts[p + 1]
        # A spike exactly at the end of the run counts; one at the end of a piece is the next's.
        if final or state[FREE] < stop or (state[FREE] == stop and state[FREE + 1] < 0.0):
            n, status = through(
                row,
                starts[p],
                stop,
                final,
                constant_drive(row, value[p], value_lo[p] if len(value_lo) else 0.0),
                row[GAIN] * slope[p],
                terms,
                offset[p] if len(offset) else 0,
                offset[p + 1] if len(offset) else 0,
                jumps[p + 1] if len(jumps) and not final else 0.0,
                how,
                state,
                hi_out,
                lo_out,
                n,
                graze_out,
                anchor_out,
                loc,
                moving,
                budget,
            )
            if status != FINISHED:
                state[PIECE] = float(p)
                return n, status
        if not final and state[FREE] == stop and state[FREE + 1] == 0.0:
            if (int(state[ANCHORS]) + 1) * stride(row) > len(anchor_out):
                state[PIECE] = float(p)
                return n, FULL
            if len(jumps) and jumps[p + 1] != 0.0 and state[JUMPED] != p + 1:
                state[JUMPED] = float(p + 1)
                jump_of_v(row, jumps[p + 1], state, graze_out)
            anchor(row, state, anchor_out)
        p += 1
    state[PIECE] = float(p)
    return n, FINISHED


def sample(
    row: Floats,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    spikes: Floats,
    spikes_lo: Floats,
    anchors: Floats,
    free: float,
    free_lo: float,
    times: Floats,
    left: bool,
    loc: Floats,
    v_out: Floats,
    threshold_out: Floats,
    current_out: Floats,
) -> None:
    """Write V, the threshold (mV) and the after-spike current (nA) at the nondecreasing ``times``.

    V stays below the threshold where it may spike, also where rounding would lift it: from
    ``(free, free_lo)`` on, and a refractory period after each spike.  ``left`` gives the side
    before a jump.
    """
    rate = row[RATE]
    width = stride(row)
    count_of = len(anchors) // width
    currents = int(row[CURRENTS])
    resting = row[THRESHOLD]
    refractory = row[REFRACTORY]
    n = len(spikes)
    pieces = len(starts)
    a = -1
    k = 0
    p = 0
    known = -2
    count = 0
    w0 = w1 = hi = lo = 0.0
    at = 0
    for i in range(len(times)):
        t = times[i]
        while k < n and (spikes[k] < t or (spikes[k] == t and not left)):
            k += 1
        while a + 1 < count_of:
            # By the rounded time, as spikes are asked for by theirs.
            start = anchors[width * (a + 1)]
            if t < start or (t == start and left and a >= 0):
                break
            a += 1
        if a != known:
            known = a
            at = width * max(a, 0)
            hi = anchors[at]
            lo = anchors[at + 1]
            while p + 1 < pieces and starts[p + 1] <= hi:
                p += 1
            s, s_lo = pairs.add(hi, lo, -starts[p], 0.0)
            count = 0
            if len(offset) and s >= 0.0:
                first, last = offset[p], offset[p + 1]
                count = anchor_terms(terms, first, last, s, s_lo, row[GAIN], rate, loc)
            for j in range(currents):
                size = row[GAIN] * anchors[at + ANCHOR_VALUES + j]
                count = append_decay(size, row[TRACES + TRACE * j + DECAY], count, loc)
            w1 = row[GAIN] * slope[p]
            w0 = constant_drive(row, value[p], value_lo[p] if len(value_lo) else 0.0) + w1 * s
        x = max((t - hi) - lo, 0.0) if a >= 0 else 0.0
        held = False
        since = math.inf if (t - free) - free_lo >= 0.0 else -1.0
        if k > 0:
            since = (t - spikes[k - 1]) - spikes_lo[k - 1]
            if row[FREE_RUN] == 0.0 and refractory > 0.0:
                # Between a spike and the anchor behind it.
                held = (spikes[k - 1] - hi) + (spikes_lo[k - 1] - lo) >= 0.0
        y = anchors[at + ANCHOR_V]
        followed = anchors[at + ANCHOR_P]
        if held:
            # V stands where the refractory period ends, and so does what follows it.
            y = anchors[at + width + ANCHOR_V]
            followed = anchors[at + width + ANCHOR_P]
        elif x > 0.0:
            if row[PULL] != 0.0:
                y, _, followed = filter_twice(
                    x, y, followed, row[PULL], row[SLOW], row[GAP], w0, w1, rate, loc, count
                )
            else:
                y, _ = evaluate(x, y, w0, w1, rate, loc, count)
        raised_by = followed
        current = 0.0
        for j in range(int(row[CURRENTS] + row[THRESHOLDS])):
            trace = TRACES + TRACE * j
            part = anchors[at + ANCHOR_VALUES + j] * math.exp(-row[trace + DECAY] * x)
            if held:
                part += row[trace + EARLY] * math.exp(-row[trace + DECAY] * since)
            if j < currents:
                current += part
            else:
                raised_by += part
        v = resting + y
        threshold = resting + raised_by
        if left and k < n and spikes[k] == t:
            v = max(v, threshold)
        elif not held and since >= refractory and v >= threshold:
            v = threshold - max(1.2e-16 * abs(threshold), 5e-324)
        v_out[i] = v
        threshold_out[i] = threshold
        current_out[i] = current
