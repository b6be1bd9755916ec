"""Fixed-step methods for neurons that remember their spikes; `steps` has those that do not.

The state is ``y = V - V_th``, the part of the threshold that follows V, and the traces.  A spike's
rule is applied as the sources have it; what decays while V is held decays exactly.
"""

from __future__ import annotations

import math

from .adapting import (
    CURRENTS,
    DECAY,
    EARLY,
    FRACTION,
    FREE_RUN,
    JUMP,
    KEPT,
    LIFT,
    PULL,
    SLOW,
    TRACE,
    TRACES,
    raised,
)
from .membrane import GAIN, GAP, RATE, REFRACTORY
from .moments import leak_integral
from .steps import (
    DIVERGED,
    FINISHED,
    FOR_EVER,
    FULL,
    GRID,
    LINEAR,
    SNAP,
    hermite_root,
    input_drive,
    kicks_between,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats, Ints

# The state of a run: time, end of refractoriness (ms), numbers of the next grid point and the next
# kick; then y, the followed part (mV), the traces.
TIME, RELEASE, NEXT, KICK, STATE = 0, 1, 2, 3, 4

ENDLESS = 3  # beside FINISHED, FULL, DIVERGED


def slopes(row: Floats, drive: float, z: Floats, at: int, out: Floats) -> None:
    """Write the derivative of the state under the drive (mV/ms) to ``out``, from ``at`` on."""
    total = drive - row[RATE] * z[0]
    for k in range(int(row[CURRENTS])):
        total += row[GAIN] * z[2 + k]
    out[at] = total
    out[at + 1] = row[PULL] * (z[0] + row[GAP]) - row[SLOW] * z[1]
    for k in range(2, len(z)):
        out[at + k] = -row[TRACES + TRACE * (k - 2) + DECAY] * z[k]


def threshold(row: Floats, z: Floats) -> float:
    """Return how far the threshold is above its resting value (mV)."""
    return raised(row, z, 1)


def after_spike(row: Floats, z: Floats) -> float:
    """Return the sum of the after-spike currents (nA)."""
    total = 0.0
    for k in range(int(row[CURRENTS])):
        total += z[2 + k]
    return total


def step(
    row: Floats,
    exponential: bool,
    nodes: Floats,
    matrix: Floats,
    weights: Floats,
    drives: Floats,
    h: float,
    z: Floats,
    stages: Floats,
    inner: Floats,
    out: Floats,
) -> None:
    """Write the state after a step of length ``h`` to ``out``; ``drives`` has one drive a stage.

    ``stages`` and ``inner`` are scratch, for a state of each stage and for one.
    """
    n = len(z)
    if exponential:
        # Each equation with all others as they were: what simulators call exponential Euler.
        push = drives[0]
        for k in range(int(row[CURRENTS])):
            push += row[GAIN] * z[2 + k]
        out[0] = z[0] * math.exp(-row[RATE] * h) + push * leak_integral(row[RATE], h)
        pull = row[PULL] * (z[0] + row[GAP])
        out[1] = z[1] * math.exp(-row[SLOW] * h) + pull * leak_integral(row[SLOW], h)
        for k in range(2, n):
            out[k] = z[k] * math.exp(-row[TRACES + TRACE * (k - 2) + DECAY] * h)
        return
    for k in range(n):
        out[k] = z[k]
    count = len(nodes)
    for i in range(count):
        for k in range(n):
            inner[k] = z[k]
        for j in range(i):
            weight = h * matrix[i * count + j]
            if weight != 0.0:
                for k in range(n):
                    inner[k] += weight * stages[j * n + k]
        slopes(row, drives[i], inner, i * n, stages)
        for k in range(n):
            out[k] += h * weights[i] * stages[i * n + k]


def reset(row: Floats, held: float, f: float, z: Floats) -> None:
    """Apply a spike's rule where V - threshold is ``f``; V is then held for ``held`` ms."""
    before = threshold(row, z)
    free_run = row[FREE_RUN] != 0.0
    for k in range(2, len(z)):
        at = TRACES + TRACE * (k - 2)
        # Packed for t_ref; the grid may hold V a little longer.
        longer = 1.0 if free_run else math.exp(-row[at + DECAY] * (held - row[REFRACTORY]))
        jump = row[at + JUMP] * (longer if row[at + EARLY] != 0.0 else 1.0)
        z[k] = z[k] * row[at + KEPT] * longer + jump
    if not free_run:
        z[0] = row[FRACTION] * (f + before + row[GAP]) + row[LIFT]


def between(
    locate: int,
    x: float,
    h: float,
    z: Floats,
    slope: Floats,
    z1: Floats,
    slope1: Floats,
    out: Floats,
) -> None:
    """Write the state at the part ``x`` of a step to ``out``: on a line, or on a cubic."""
    y = 1.0 - x
    for k in range(len(z)):
        if locate == LINEAR:
            out[k] = z[k] + x * (z1[k] - z[k])
        else:
            out[k] = (1.0 + 2.0 * x) * y * y * z[k] + x * y * y * h * slope[k]
            out[k] += x * x * (3.0 - 2.0 * x) * z1[k] - x * x * y * h * slope1[k]


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
    threshold_before: Floats,
    threshold_after: Floats,
    current_before: Floats,
    current_after: Floats,
    spikes: Floats,
) -> tuple[int, int, int]:
    """Run one neuron to ``end`` or until a buffer is full; return ``(nodes, spikes, status)``.

    As `steps.run`; the nodes are V - V_th, the threshold above its resting value (mV) and the
    after-spike current (nA), before and after a spike there.
    """
    refractory = row[REFRACTORY]
    free_run = row[FREE_RUN] != 0.0
    held_steps = max(1 if refractory > 0.0 else 0, math.ceil(min(refractory / dt, FOR_EVER) - SNAP))
    snap = SNAP * dt
    count = len(nodes)
    size = len(state) - STATE
    z = [state[STATE + k] for k in range(size)]
    z1 = [0.0] * size
    inner = [0.0] * size
    slope0 = [0.0] * size
    slope1 = [0.0] * size
    stages = [0.0] * (size * count)
    drives = [0.0] * count
    t = state[TIME]
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
        above = threshold(row, z)
        # What V is held through is lost.
        open_from = -math.inf if free_run else release - snap
        waiting = kick < len(kicks) and kick_times[kick] <= t + snap
        if waiting and (free_run or t >= release):
            # At the start, or at the end of refractoriness.
            jump, kick = kicks_between(kick_times, kicks, kick, open_from, t + snap)
            t_out[made] = t
            before_out[made] = z[0]
            z[0] += jump
            after_out[made] = z[0]
            threshold_before[made] = threshold_after[made] = above
            current_before[made] = current_after[made] = after_spike(row, z)
            made += 1
        if t >= release and z[0] >= above:
            # At the start, or at the end of refractoriness: V is above the threshold already.
            spikes[fired] = t
            fired += 1
            release = t + refractory
            if locate == GRID:
                release = begin + (round((t - begin) / dt) + held_steps) * dt
            t_out[made] = t
            before_out[made] = z[0]
            threshold_before[made] = above
            current_before[made] = after_spike(row, z)
            reset(row, release - t, z[0] - above, z)
            after_out[made] = z[0]
            threshold_after[made] = threshold(row, z)
            current_after[made] = after_spike(row, z)
            made += 1
            if not free_run and release == t and z[0] >= threshold_after[made - 1]:
                status = ENDLESS
                break
            continue
        if t >= end:
            break
        target = min(begin + k * dt, end)
        if target <= t:
            k += 1
            continue
        if not free_run and t < release:
            # Held, up to the next grid point or the end of refractoriness.
            t = min(release, target)
            t_out[made] = t
            before_out[made] = after_out[made] = z[0]
            threshold_before[made] = threshold_after[made] = above
            current_before[made] = current_after[made] = after_spike(row, z)
            made += 1
            continue
        if t < release < target and locate != GRID:
            target = release
        if locate != GRID and kick < len(kicks) and t + snap < kick_times[kick] < target - snap:
            target = kick_times[kick]
        while p + 1 < pieces and starts[p + 1] <= t + snap:
            p += 1
        h = target - t
        for j in range(count):
            at = p
            # The step's end belongs to the step: there the side before a jump counts.
            edge = t + nodes[j] * h + (snap if nodes[j] < 1.0 else -snap)
            while at + 1 < pieces and starts[at + 1] <= edge:
                at += 1
            drives[j] = input_drive(
                row, starts, constants, slope, offset, terms, at, t + nodes[j] * h
            )
        step(row, exponential, nodes, matrix, weights, drives, h, z, stages, inner, z1)
        if not -1e200 < z1[0] < 1e200:
            status = DIVERGED
            break
        above1 = threshold(row, z1)
        f1 = z1[0] - above1
        y1 = z1[0]
        if locate == GRID or f1 <= 0.0:
            jump, kick = kicks_between(kick_times, kicks, kick, open_from, target + snap)
            z1[0] += jump
        begins_above = z[0] >= above  # a neuron that goes on may still be blind there
        after = z1[0] - above1
        if after < 0.0 or target < release or (begins_above and locate != GRID):
            t = target
            z, z1 = z1, z
            t_out[made] = t
            before_out[made] = y1
            after_out[made] = z[0]
            threshold_before[made] = threshold_after[made] = above1
            current_before[made] = current_after[made] = after_spike(row, z)
            made += 1
            if t == begin + k * dt:
                k += 1
            continue
        if locate == GRID:
            t = target
            release = begin + (k + held_steps) * dt
            k += 1
            z, z1 = z1, z
            top = after
        elif f1 <= 0.0:
            # A kick made it, or V arrived just there.
            t = target
            release = t + refractory
            z, z1 = z1, z
            top = after
        else:
            f = z[0] - above
            if locate == LINEAR:
                x = -f / (f1 - f)
            else:
                at = p
                while at + 1 < pieces and starts[at + 1] <= target - snap:
                    at += 1
                here = input_drive(row, starts, constants, slope, offset, terms, p, t)
                there = input_drive(row, starts, constants, slope, offset, terms, at, target)
                slopes(row, here, z, 0, slope0)
                slopes(row, there, z1, 0, slope1)
                rise = h * (slope0[0] - threshold(row, slope0))
                x = hermite_root(f, f1, rise, h * (slope1[0] - threshold(row, slope1)))
            between(locate, x, h, z, slope0, z1, slope1, inner)
            for j in range(size):
                z[j] = inner[j]
            top = 0.0
            t = min(t + x * h, target)
            release = t + refractory
        spikes[fired] = t
        fired += 1
        above = threshold(row, z)
        t_out[made] = t
        before_out[made] = above + top
        threshold_before[made] = above
        current_before[made] = after_spike(row, z)
        reset(row, release - t, top, z)
        after_out[made] = z[0]
        threshold_after[made] = threshold(row, z)
        current_after[made] = after_spike(row, z)
        made += 1
        if not free_run and release == t and z[0] >= threshold_after[made - 1]:
            status = ENDLESS
            break
    state[TIME] = t
    state[RELEASE] = release
    state[NEXT] = float(k)
    state[KICK] = float(kick)
    for j in range(size):
        state[STATE + j] = z[j]
    return made, fired, status
