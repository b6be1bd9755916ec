"""The first crossing of a threshold that follows V (GLIF level 5): two proven methods.

``f = y - p - sum_j theta_j`` with ``y = V - V_th`` as `membrane.evaluate` has it, the followed part
``p' = pull (V - E_L) - slow p`` and spike-triggered parts that decay.  *March*: steps that cannot
overstep, from a bound on the curvature of f.  *Subdivision*: halves an interval until a bound on
the curvature excludes a crossing or f rises throughout.  Proofs are in docs/theory.md.

``moving`` holds ``y`` and ``p`` at the anchor, pull and slow (1/ms), ``V_th - E_L`` (mV), how many
parts decay, then the decay rate (1/ms) and the size (mV) of each.
"""

from __future__ import annotations

import math

from .crossing import EXHAUSTED, NOT_FOUND, curvature, majorant_step, newton_step
from .filters import filter_twice
from .membrane import EPSILON
from .moments import leak_integral

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats

Y, P, PULL, SLOW, GAP, PARTS = 0, 1, 2, 3, 4, 5


def follow(
    x: float, w0: float, w1: float, rate: float, loc: Floats, count: int, moving: Floats
) -> tuple[float, float, float, float, float]:
    """Return ``f, f', y', p', p`` at the time ``x`` after the anchor."""
    pull = moving[PULL]
    slow = moving[SLOW]
    gap = moving[GAP]
    y, h, p = filter_twice(x, moving[Y], moving[P], pull, slow, gap, w0, w1, rate, loc, count)
    y_slope = h - rate * y
    p_slope = pull * (y + gap) - slow * p
    f = y - p
    slope = y_slope - p_slope
    for k in range(PARTS + 1, PARTS + 1 + 2 * int(moving[PARTS]), 2):
        part = moving[k + 1] * math.exp(-moving[k] * x)
        f -= part
        slope += moving[k] * part
    return f, slope, y_slope, p_slope, p


def bends(
    x: float,
    horizon: float,
    y_slope: float,
    p_slope: float,
    transient: float,
    rate: float,
    loc: Floats,
    count: int,
    moving: Floats,
) -> tuple[float, float]:
    """Bound f'' from above, and in absolute value, on ``[x, horizon]``.

    There ``p'' = p''(x) exp(-slow (u-x)) + pull integral_x^u exp(-slow (u-v)) y''(v) dv``.
    """
    above, size = curvature(x, horizon, transient, rate, loc, count)
    bend = moving[PULL] * y_slope - moving[SLOW] * p_slope
    followed = abs(moving[PULL]) * size * leak_integral(moving[SLOW], horizon - x)
    above += max(0.0, -bend) + followed
    size += abs(bend) + followed
    for k in range(PARTS + 1, PARTS + 1 + 2 * int(moving[PARTS]), 2):
        part = moving[k + 1] * moving[k] * moving[k] * math.exp(-moving[k] * x)
        above += max(0.0, -part)
        size += abs(part)
    return above, size


def refine(
    low: float,
    high: float,
    x: float,
    w0: float,
    w1: float,
    rate: float,
    loc: Floats,
    count: int,
    moving: Floats,
    noise: float,
    size: float,
) -> tuple[float, float]:
    """Return the crossing in ``(low, high]``, where f changes sign once, upwards, and p there.

    ``size`` bounds |f''| and |p''|: no look is needed after a step that they cannot spoil.
    """
    before = high - low
    while True:
        y, slope, _, p_slope, p = follow(x, w0, w1, rate, loc, count, moving)
        if y < 0.0:
            low = x
        else:
            high = x
        h = slope + rate * y
        step = newton_step(y, h, rate) if h > 0.0 else math.inf
        nearer = x + step
        done = abs(y) <= noise or abs(step) <= EPSILON * x
        if not low <= nearer <= high:
            nearer = 0.5 * (low + high)
        elif abs(y + slope * step) + 0.5 * size * step * step <= 0.015625 * noise:
            done = True
        if done or nearer == x or not low < high:
            return nearer, p + p_slope * (nearer - x)
        if abs(step) > 0.5 * before:
            nearer = 0.5 * (low + high)
        before = abs(nearer - x)
        if before == 0.0:
            return nearer, p
        x = nearer


def march(
    length: float,
    transient: float,
    w0: float,
    w1: float,
    rate: float,
    loc: Floats,
    count: int,
    moving: Floats,
    tolerance: float,
    budget: Floats,
) -> tuple[float, float, float]:
    """Find the first crossing by steps that cannot overstep it; as `crossing.march` does.

    ``transient`` is `crossing.transient_curvature` of y.  Returns the crossing, a graze, and the
    followed part at the crossing.
    """
    noise = 0.125 * tolerance
    x = 0.0
    graze = NOT_FOUND
    f, slope, y_slope, p_slope, _ = follow(0.0, w0, w1, rate, loc, count, moving)
    bend = -rate * slope  # about f'', for the guess
    while True:
        budget[0] -= 1.0
        if budget[0] < 0.0:
            return EXHAUSTED, graze, 0.0
        above, size = bends(x, length, y_slope, p_slope, transient, rate, loc, count, moving)
        if slope > 0.0 and slope * slope > -2.0 * f * size:
            # From here f rises to the threshold within 2 |f| / f'.
            high = x - 2.0 * f / slope
            if high > length:
                high = length
                if follow(length, w0, w1, rate, loc, count, moving)[0] < 0.0:
                    return NOT_FOUND, graze, 0.0
            if slope * slope <= 2.0 * tolerance * size:
                graze = x
            root = math.sqrt(max(0.0, slope * slope - 2.0 * f * bend))
            guess = min(x - 2.0 * f / (slope + root), high)
            x, p = refine(x, high, guess, w0, w1, rate, loc, count, moving, noise, size)
            return x, graze, p
        step = max(
            majorant_step(f, slope, above),
            # In a shorter one f would rise by less than an ulp of the scale.
            math.sqrt(0.0625 * tolerance / size) if size > 0.0 else 0.0,
        )
        if step >= length - x:
            return NOT_FOUND, graze, 0.0
        step = max(step, EPSILON * x)
        x += step
        bend = -slope / step
        f, slope, y_slope, p_slope, p = follow(x, w0, w1, rate, loc, count, moving)
        bend += slope / step
        if f >= -tolerance and slope <= math.sqrt(2.0 * tolerance * size):
            graze = x
        if f >= 0.0:
            return x, graze, p


def subdivide(
    length: float,
    transient: float,
    w0: float,
    w1: float,
    rate: float,
    loc: Floats,
    count: int,
    moving: Floats,
    tolerance: float,
    budget: Floats,
) -> tuple[float, float, float]:
    """Find the first crossing by halving, from the left; returns what `march` does.

    Between two values below the threshold f exceeds the chord by at most ``size width^2 / 8``.
    """
    noise = 0.125 * tolerance
    graze = NOT_FOUND
    x = 0.0
    width = length
    f, slope, y_slope, p_slope, _ = follow(0.0, w0, w1, rate, loc, count, moving)
    while x < length:
        budget[0] -= 1.0
        if budget[0] < 0.0:
            return EXHAUSTED, graze, 0.0
        width = min(width, length - x)
        end = x + width
        _, size = bends(x, end, y_slope, p_slope, transient, rate, loc, count, moving)
        lift = 0.125 * size * width * width
        beyond = follow(end, w0, w1, rate, loc, count, moving)
        rising = slope - size * width > 0.0
        least = lift <= 0.0625 * tolerance or end <= x * (1.0 + EPSILON)
        if beyond[0] < 0.0 and (rising or least or max(f, beyond[0]) + lift < 0.0):
            if beyond[0] >= -tolerance and end < length:
                graze = end
            x = end
            f, slope, y_slope, p_slope, _ = beyond
            width *= 2.0
        elif beyond[0] >= 0.0 and (rising or least):
            if slope * slope <= 2.0 * tolerance * size:
                graze = x
            guess = 0.5 * (x + end)
            x, p = refine(x, end, guess, w0, w1, rate, loc, count, moving, noise, size)
            return x, graze, p
        else:
            width *= 0.5
    return NOT_FOUND, graze, 0.0
