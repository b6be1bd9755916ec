"""Fixed-step methods, as others run them: a grid of steps, spikes on it or located in a step.

A neuron that is linear between spikes makes every step affine: ``f+ = p f + sum_j q_j h(t_j)``,
with weights that follow from the method's tableau once per length of step.
"""

from __future__ import annotations

import math

from . import pairs
from .membrane import (
    FAR,
    GAIN,
    RATE,
    REFRACTORY,
    RESET,
    TERM,
    THRESHOLD,
    TINY,
    terms_value,
)
from .moments import leak_integral

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats, Ints

GRID, LINEAR, HERMITE = 0, 1, 2

# The state of a run: time, V - V_th, end of refractoriness (ms), number of the next grid point,
# number of the next kick.
TIME, STATE_F, RELEASE, NEXT, KICK = 0, 1, 2, 3, 4

FINISHED, FULL, DIVERGED = 0, 1, 2

# A jump of the input, or a kick, within this part of a step of a grid point is taken to lie on it.
SNAP = 1e-9

# More steps than any run has, and a whole number of 64 bits.
FOR_EVER = 1e15

# Nearer to the threshold than this, V - V_th is an asymptote's that has underflowed, no touch.
UNDERFLOW = -1e-300


def affine_weights(
    exponential: bool,
    nodes: Floats,
    matrix: Floats,
    weights: Floats,
    rate: float,
    h: float,
    out: Floats,
) -> float:
    """Write the weights ``q`` of a step of length ``h`` to ``out`` and return ``p``.

    ``matrix`` is the tableau's, row by row, ``len(nodes)`` squared.
    """
    n = len(nodes)
    if exponential:
        out[0] = leak_integral(rate, h)
        return math.exp(-rate * h)
    # Stage i is k_i = own[i] f + sum_j part[i n + j] h_j.
    own = [0.0] * n
    part = [0.0] * (n * n)
    for i in range(n):
        inner = 1.0
        for j in range(i):
            inner += h * matrix[i * n + j] * own[j]
            for m in range(n):
                part[i * n + m] -= rate * h * matrix[i * n + j] * part[j * n + m]
        own[i] = -rate * inner
        part[i * n + i] += 1.0
    p = 1.0
    for j in range(n):
        out[j] = 0.0
    for i in range(n):
        p += h * weights[i] * own[i]
        for j in range(n):
            out[j] += h * weights[i] * part[i * n + j]
    return p


def input_drive(
    row: Floats,
    starts: Floats,
    constants: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    p: int,
    t: float,
) -> float:
    """Return the drive h (mV/ms) at time ``t`` as piece ``p`` has it."""
    s = t - starts[p]
    h = constants[p] + row[GAIN] * slope[p] * s
    if len(offset):
        h += row[GAIN] * terms_value(terms, offset[p], offset[p + 1], s)
    return h


def hermite_root(f0: float, f1: float, d0: float, d1: float) -> float:
    """Return where the cubic with these values and slopes on [0, 1] rises through zero."""
    low, high = 0.0, 1.0
    x = -f0 / (f1 - f0)
    for _ in range(100):
        y = (
            (1.0 + 2.0 * x) * (1.0 - x) * (1.0 - x) * f0
            + x * (1.0 - x) * (1.0 - x) * d0
            + x * x * (3.0 - 2.0 * x) * f1
            + x * x * (x - 1.0) * d1
        )
        slope = (
            6.0 * x * (1.0 - x) * (f1 - f0)
            + (1.0 - x) * (1.0 - 3.0 * x) * d0
            + x * (3.0 * x - 2.0) * d1
        )
        if y < 0.0:
            low = x
        else:
            high = x
        nearer = x - y / slope if slope > 0.0 else -1.0
        if not low <= nearer <= high:
            nearer = 0.5 * (low + high)
        if abs(nearer - x) <= 1e-16:
            return nearer
        x = nearer
    return x


def pass_quietly(
    begin: float,
    k: int,
    dt: float,
    limit: float,
    p: float,
    q: Floats,
    nodes: Floats,
    start: float,
    constant: float,
    slope: float,
    gain: float,
    terms: Floats,
    first: int,
    last: int,
    f: float,
    made: int,
    t_out: Floats,
    before_out: Floats,
    after_out: Floats,
) -> tuple[int, float]:
    """Take the whole steps from grid point ``k - 1`` on while V stays below the threshold.

    All lie in one piece of the input, which begins at ``start``, and end by ``limit``.  Returns
    ``(nodes, V - V_th)``.  Under a varying current every digit is that of single steps.
    """
    room = len(t_out) - 1
    grid_point = begin + k * dt
    if slope == 0.0 and first == last:
        # Under a constant current all steps are alike.
        gained = 0.0
        for j in range(len(nodes)):
            gained += q[j] * constant
        while grid_point <= limit and made < room:
            f1 = p * f + gained
            if not -1e200 < f1 < 0.0:
                break
            f = f1
            t_out[made] = grid_point
            before_out[made] = f
            after_out[made] = f
            made += 1
            k += 1
            grid_point = begin + k * dt
        return made, f
    stages = len(nodes)
    w1 = gain * slope
    j = TERM * first
    sine = last == first + 1 and terms[j] == terms[j + 3] == 0.0 != terms[j + 4]
    re = im = omega = omega_lo = 0.0
    if sine:
        # `terms_value` for this commonest of terms, written out.
        re, im, omega, omega_lo = terms[j + 1], terms[j + 2], terms[j + 4], terms[j + 6]
    t = begin + (k - 1) * dt
    h = 0.0
    seen = math.inf
    while t < grid_point <= limit and made < room:
        f1 = p * f
        for j in range(stages):
            s = t + nodes[j] * dt - start
            # Stages, and the end of a step and the next one's start, often share their time.
            if s != seen:
                seen = s
                h = constant + w1 * s
                if sine:
                    angle = omega * s
                    c = math.cos(angle)
                    d = math.sin(angle)
                    if not -FAR < angle < FAR:
                        angle, e = pairs.two_prod(omega, s)
                        e += omega_lo * s
                        if -TINY < e < TINY:
                            c, d = c - d * e, d + c * e
                        else:
                            x, y = math.cos(e), math.sin(e)
                            c, d = c * x - d * y, d * x + c * y
                    h += gain * (re * c - im * d)
                elif first < last:
                    h += gain * terms_value(terms, first, last, s)
            f1 += q[j] * h
        if not -1e200 < f1 < 0.0:
            break
        t = grid_point
        f = f1
        t_out[made] = t
        before_out[made] = f
        after_out[made] = f
        made += 1
        k += 1
        grid_point = begin + k * dt
    return made, f


def kicks_between(
    kick_times: Floats, kicks: Floats, kick: int, start: float, stop: float
) -> tuple[float, int]:
    """Return the sum (mV) of the kicks on ``[start, stop]``, and the first one after them.

    Those from number ``kick`` on that come before ``start``, within refractoriness, are lost.
    """
    total = 0.0
    while kick < len(kicks) and kick_times[kick] <= stop:
        if kick_times[kick] >= start:
            total += kicks[kick]
        kick += 1
    return total, kick


def run(
    row: Floats,
    starts: Floats,
    constants: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    kick_times: Floats,
    kicks: Floats,
    begin: float,
    end: float,
    dt: float,
    exponential: bool,
    nodes: Floats,
    matrix: Floats,
    weights: Floats,
    locate: int,
    state: Floats,
    t_out: Floats,
    before_out: Floats,
    after_out: Floats,
    spikes: Floats,
) -> tuple[int, int, int]:
    """Run one neuron to ``end`` or until a buffer is full.

    Returns ``(nodes, spikes, status)``.  ``t_out``, ``before_out`` and ``after_out`` receive the
    nodes of the solution: their times and V - V_th before and after a reset or a kick there.
    ``constants`` is the drive of each piece's constant part.

    ``kicks`` are jumps of V (mV) at the increasing ``kick_times``.  With spikes on the grid they
    are as well: they wait for the end of their step and are added before V is compared with the
    threshold.  Located spikes ask for more: there a step is split at a kick.
    """
    rate = row[RATE]
    reset = row[RESET]
    refractory = row[REFRACTORY]
    held_steps = math.ceil(min(refractory / dt, FOR_EVER) - SNAP)
    if refractory > 0.0 and reset >= 0.0:
        # However short, it is what keeps one spike from following another at once.
        held_steps = max(1, held_steps)
    snap = SNAP * dt
    stages = len(nodes)
    full_q = [0.0] * stages
    part_q = [0.0] * stages
    full_p = affine_weights(exponential, nodes, matrix, weights, rate, dt, full_q)
    t = state[TIME]
    f = state[STATE_F]
    release = state[RELEASE]
    k = int(state[NEXT])
    kick = int(state[KICK])
    pieces = len(starts)
    p = 0
    made = 0
    fired = 0
    status = FINISHED
    while True:
        if made + 3 > len(t_out) or fired == len(spikes):
            status = FULL
            break
        if t >= release and kick < len(kicks) and kick_times[kick] <= t + snap:
            # At the start, or at the end of refractoriness.
            jump, kick = kicks_between(kick_times, kicks, kick, release - snap, t + snap)
            t_out[made] = t
            before_out[made] = f
            f += jump
            after_out[made] = f
            made += 1
        if t >= release and f >= 0.0:
            # At the start, or at the end of refractoriness: V is above the threshold already.
            spikes[fired] = t
            fired += 1
            t_out[made] = t
            before_out[made] = f
            after_out[made] = reset
            made += 1
            f = reset
            if locate == GRID:
                release = begin + (round((t - begin) / dt) + held_steps) * dt
            else:
                release = t + refractory
            continue
        if t >= end:
            break
        grid_point = begin + k * dt
        target = min(grid_point, end)
        if target <= t:
            k += 1
            continue
        if locate != GRID and kick < len(kicks) and t + snap < kick_times[kick] < target - snap:
            target = kick_times[kick]
        if t < release:
            # Held at the reset, up to the next grid point or the end of refractoriness.
            t = min(release, target)
            t_out[made] = t
            before_out[made] = f
            after_out[made] = f
            made += 1
            continue
        while p + 1 < pieces and starts[p + 1] <= t + snap:
            p += 1
        h = target - t
        on_grid = t == begin + (k - 1) * dt
        limit = end if p + 1 == pieces else min(end, starts[p + 1] - snap)
        if on_grid and grid_point <= limit:
            # Most steps are whole, lie in one piece, and nothing happens in them.
            quiet, f = pass_quietly(
                begin,
                k,
                dt,
                limit,
                full_p,
                full_q,
                nodes,
                starts[p],
                constants[p],
                slope[p],
                row[GAIN],
                terms,
                offset[p] if len(offset) else 0,
                offset[p + 1] if len(offset) else 0,
                f,
                made,
                t_out,
                before_out,
                after_out,
            )
            if quiet > made:
                t = t_out[quiet - 1]
                k += quiet - made
                made = quiet
                continue
        if on_grid and target == grid_point:
            f1 = full_p * f
            q = full_q
            h = dt
        else:
            f1 = affine_weights(exponential, nodes, matrix, weights, rate, h, part_q) * f
            q = part_q
        for j in range(stages):
            at = p
            c = nodes[j]
            # The step's end belongs to the step: there the side before a jump counts.
            edge = t + c * h + (snap if c < 1.0 else -snap)
            while at + 1 < pieces and starts[at + 1] <= edge:
                at += 1
            f1 += q[j] * input_drive(row, starts, constants, slope, offset, terms, at, t + c * h)
        if f1 == 0.0 and f > UNDERFLOW:
            f1 = f
        if not -1e200 < f1 < 1e200:
            status = DIVERGED
            break
        after = f1
        if locate == GRID or f1 <= 0.0:
            jump, kick = kicks_between(kick_times, kicks, kick, release - snap, target + snap)
            after += jump
        if after < 0.0:
            t = target
            f = after
            t_out[made] = t
            before_out[made] = f1
            after_out[made] = f
            made += 1
            if target == grid_point:
                k += 1
            continue
        top = f1
        if locate == GRID:
            t = target
            release = begin + (k + held_steps) * dt
        elif f1 <= 0.0:
            # A kick made it, or V arrived just there.
            t = target
            release = t + refractory
        else:
            if locate == LINEAR:
                x = -f / (f1 - f)
            else:
                at = p
                while at + 1 < pieces and starts[at + 1] <= target - snap:
                    at += 1
                d0 = input_drive(row, starts, constants, slope, offset, terms, p, t) - rate * f
                d1 = input_drive(row, starts, constants, slope, offset, terms, at, target)
                x = hermite_root(f, f1, h * d0, h * (d1 - rate * f1))
            top = 0.0
            t = min(t + x * h, target)
            release = t + refractory
        spikes[fired] = t
        fired += 1
        f = reset
        t_out[made] = t
        before_out[made] = top
        after_out[made] = f
        made += 1
    state[TIME] = t
    state[STATE_F] = f
    state[RELEASE] = release
    state[NEXT] = float(k)
    state[KICK] = float(kick)
    return made, fired, status


def rank(events: Floats, count: int, t: float, left: bool) -> int:
    """Return how many of the first ``count`` increasing events come before ``t``, or at it."""
    low = 0
    high = count
    while low < high:
        middle = (low + high) // 2
        if events[middle] < t or (events[middle] == t and not left):
            low = middle + 1
        else:
            high = middle
    return low


def sample(
    row: Floats,
    starts: Floats,
    constants: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    nodes: Floats,
    before: Floats,
    after: Floats,
    count: int,
    spikes: Floats,
    fired: int,
    release: float,
    cubic: bool,
    times: Floats,
    left: bool,
    out: Floats,
) -> None:
    """Write V (mV) at the times: the first ``count`` nodes joined by lines, or by cubics.

    V is held until ``release`` and after each of the ``fired`` spikes: there a line is right.
    """
    threshold = row[THRESHOLD]
    rate = row[RATE]
    for j in range(len(times)):
        t = times[j]
        i = rank(nodes, count, t, left) - 1
        if i < 0:
            out[j] = threshold + before[0]
            continue
        if i + 1 == count:
            out[j] = threshold + after[i]
            continue
        begin = nodes[i]
        end = nodes[i + 1]
        width = end - begin
        a = after[i]
        b = before[i + 1]
        x = (t - begin) / width if width > 0.0 else 1.0
        held = True
        if cubic:
            k = rank(spikes, fired, begin, False) - 1
            held = begin < (release if k < 0 else spikes[k] + row[REFRACTORY])
        if held:
            out[j] = threshold + a + (b - a) * x
            continue
        p = max(0, rank(starts, len(starts), begin, False) - 1)
        da = input_drive(row, starts, constants, slope, offset, terms, p, begin) - rate * a
        p = max(0, rank(starts, len(starts), end, True) - 1)
        db = input_drive(row, starts, constants, slope, offset, terms, p, end) - rate * b
        y = 1.0 - x
        value = (1.0 + 2.0 * x) * y * y * a + x * y * y * width * da
        value += x * x * (3.0 - 2.0 * x) * b - x * x * y * width * db
        out[j] = threshold + value
