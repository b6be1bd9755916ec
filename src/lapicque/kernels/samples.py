"""One sampled current and nothing else: a pass over the samples, of which most need four products.

The same rules as `train.run` on the pieces of the samples, without writing these pieces: a linear
piece is passed at once where its largest drive cannot lift V to the threshold.
"""

from __future__ import annotations

import math

from .membrane import GAIN, GAP, RATE, RESET, constant_drive
from .moments import leak_integral, ramp_response
from .train import (
    FINISHED,
    FREE,
    FULL,
    MARGIN,
    STATE_F,
    TOO_MANY_EVALUATIONS,
    beyond,
    through_constant,
    through_varying,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats

# Steps that differ from their mean by less than this part of it are taken to be all alike; what
# they differ by is made up for in first order.
ALIKE = 1e-9


def spacing(times: Floats) -> float:
    """Return the step (ms) of evenly spaced times; 0 if they are not."""
    n = len(times)
    if n < 2:
        return 0.0
    mean = (times[n - 1] - times[0]) / (n - 1)
    for k in range(n - 1):
        if abs(times[k + 1] - times[k] - mean) > ALIKE * mean:
            return 0.0
    return mean


def stretch_of(
    row: Floats,
    start: float,
    stop: float,
    final: bool,
    value: float,
    slope: float,
    how: int,
    state: Floats,
    hi: Floats,
    lo: Floats,
    n: int,
    grazes: Floats,
    loc: Floats,
    budget: Floats,
) -> int:
    """Run to ``stop`` through one piece, as `train.run` does; return the spikes so far."""
    if beyond(state, stop) or not (final or state[FREE] < stop or state[FREE + 1] < 0.0):
        return n
    if slope == 0.0:
        return through_constant(row, value, 0.0, stop, final, state, hi, lo, n, grazes)
    w = constant_drive(row, value, 0.0)
    return through_varying(
        row, start, stop, final, w, row[GAIN] * slope, loc, 0, 0, how,
        state, hi, lo, n, grazes, loc, budget,
    )  # fmt: skip


def run(
    row: Floats,
    times: Floats,
    step: float,
    values: Floats,
    at: int,
    factor: float,
    held_until: float,
    end: float,
    how: int,
    state: Floats,
    hi: Floats,
    lo: Floats,
    grazes: Floats,
    loc: Floats,
    budget: Floats,
) -> tuple[int, int]:
    """Run one neuron from ``state`` to ``end``; return ``(spikes, status)`` of `train`.

    Its samples are ``values[at]`` and on, times ``factor``, at the ``times`` (ms), ``step`` apart
    (0: unevenly).  They are joined by lines, unless the last one is ``held_until`` a time: then
    each is held until the next.
    """
    samples = len(times)
    line = held_until < times[0]
    rate = row[RATE]
    gain = row[GAIN] * factor
    rest = rate * row[GAP]
    # From here on rounding, which is far smaller, cannot matter; nor where V is far too low.
    certain = -MARGIN * (abs(row[GAP]) + abs(row[RESET]))
    deep = certain / (MARGIN * MARGIN)
    kept = math.exp(-rate * step)
    leak = leak_integral(rate, step)
    ramp = ramp_response(rate, step) / step if step > 0.0 else 0.0
    reach = samples - 1
    while reach > 0 and times[reach] > end:
        reach -= 1
    n = 0
    if times[0] > 0.0:
        stop = min(times[0], end)
        n = stretch_of(
            row, 0.0, stop, stop == end, 0.0, 0.0, how, state, hi, lo, n, grazes, loc, budget
        )
    last = samples - 1 if line else samples
    k = 0
    while k < last and n < len(hi) and budget[0] >= 0.0:
        while k < reach and times[k + 1] < state[FREE]:
            k += 1  # held
        if k >= last:
            break
        start = times[k]
        if start >= end and k > 0:
            break
        stop = times[k + 1] if k + 1 < samples else held_until
        if stop > end or k + 1 == samples or step == 0.0 or state[FREE] != start:
            quick = False
        else:
            quick = state[FREE + 1] == 0.0
        if quick:
            # Many samples in which nothing happens: f becomes `fade` f and a part that needs no f.
            f = state[STATE_F]
            w = gain * values[at + k] - rest
            while k < reach:
                w1 = gain * values[at + k + 1] - rest
                slip = (times[k + 1] - times[k]) - step
                short = 1.0 - rate * slip
                if line:
                    highest = max(w, w1)
                    added = (w * (leak - ramp) + w1 * ramp) * short + w1 * slip
                else:
                    highest = w
                    added = w * leak * short + w * slip
                if not deep < f * kept + highest * leak < certain:
                    break
                f = f * (kept * short) + added
                w = w1
                k += 1
            state[FREE] = times[k]
            state[STATE_F] = f
            state[STATE_F + 1] = 0.0
            if k >= last or times[k] >= end:
                continue
            start = times[k]
            stop = times[k + 1] if k + 1 < samples else held_until
        stop = min(stop, end)
        value = factor * values[at + k]
        slope = 0.0
        if line:
            slope = factor * ((values[at + k + 1] - values[at + k]) / (times[k + 1] - times[k]))
        n = stretch_of(
            row, start, stop, stop == end, value, slope, how,
            state, hi, lo, n, grazes, loc, budget,
        )  # fmt: skip
        k += 1
    stop = times[samples - 1] if line else held_until
    if n < len(hi) and budget[0] >= 0.0 and stop < end:
        n = stretch_of(row, stop, end, True, 0.0, 0.0, how, state, hi, lo, n, grazes, loc, budget)
    if budget[0] < 0.0:
        return n, TOO_MANY_EVALUATIONS
    return n, FULL if n == len(hi) else FINISHED
