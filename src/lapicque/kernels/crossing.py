"""The first time at which V reaches the threshold on a piece of the input: two proven methods.

*Isolation*: ``g = exp(rate x) (V - V_th)`` rises exactly where the drive h is positive, so each
window of positive drive holds at most one crossing, and one look at its end decides.
*March*: steps that cannot overstep, from a bound on the curvature of V.
Both end in the same bracketed Newton iteration.  Proofs are in docs/theory.md.

The functions return ``(x, graze)``: the time of the crossing after the anchor, negative if there
is none, and the time of a peak too close to the threshold to decide in doubles, or a negative.
All start with ``f < 0`` at the anchor and look at ``0 < x <= length``.
"""

from __future__ import annotations

import math

from .membrane import EPSILON, FAR, LOC, REAL, SINE, drive, evaluate, half_angle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats

NOT_FOUND = -1.0
EXHAUSTED = -2.0  # the cap on evaluations was reached

# A time at which an envelope reaches the threshold is right to far more than this.
SHORT_OF = 1.0 - 1e-9
BEYOND = 1.0 + 1e-9


def newton_step(f: float, h: float, rate: float) -> float:
    """Return the step to the threshold if the drive stayed as it is (exact for a constant)."""
    q = -f / h
    if rate == 0.0:
        return q
    if rate * q <= -1.0:
        return -math.inf
    return math.log1p(rate * q) / rate


def refine(
    low: float,
    high: float,
    x: float,
    f: float,
    w0: float,
    w1: float,
    rate: float,
    loc: Floats,
    count: int,
    noise: float,
) -> float:
    """Return the crossing in ``(low, high]``, where V - V_th changes sign once, upwards."""
    before = high - low
    while True:
        y, h = evaluate(x, f, w0, w1, rate, loc, count)
        if y < 0.0:
            low = x
        else:
            high = x
        step = newton_step(y, h, rate) if h > 0.0 else math.inf
        nearer = x + step
        done = abs(y) <= noise or abs(step) <= EPSILON * x
        if not low <= nearer <= high:
            nearer = 0.5 * (low + high)
        if done or nearer == x or not low < high:
            return nearer
        if abs(step) > 0.5 * before:
            # Newton does not converge from here: halve the bracket.
            nearer = 0.5 * (low + high)
        before = abs(nearer - x)
        if before == 0.0:
            return nearer
        x = nearer


def look(
    low: float,
    high: float,
    f: float,
    w0: float,
    w1: float,
    rate: float,
    loc: Floats,
    count: int,
    tolerance: float,
    length: float,
) -> tuple[float, float]:
    """Decide on a window of positive drive by V at its end, and refine the crossing if any."""
    y, h = evaluate(high, f, w0, w1, rate, loc, count)
    graze = high if abs(y) <= tolerance and high < length else NOT_FOUND
    if y < 0.0:
        return NOT_FOUND, graze
    if low > 0.0:
        start, h = evaluate(low, f, w0, w1, rate, loc, count)
    else:
        start, h = f, w0
        for k in range(0, LOC * count, LOC):
            if loc[k + 1] == 0.0:
                h += loc[k + 2]
    guess = low + newton_step(start, h, rate) if h > 0.0 and start < 0.0 else low
    if not low < guess < high:
        guess = 0.5 * (low + high)
    noise = 0.125 * tolerance
    return refine(low, high, guess, f, w0, w1, rate, loc, count, noise), graze


def isolate_ramp(
    length: float, f: float, w0: float, w1: float, rate: float, loc: Floats, tolerance: float
) -> tuple[float, float]:
    """Find the first crossing under a linear drive; none of ``loc`` is read."""
    low, high = 0.0, length
    if w1 > 0.0:
        low = max(0.0, -w0 / w1)
    elif w1 < 0.0:
        high = min(length, -w0 / w1)
    elif w0 <= 0.0:
        # The slope has underflowed.
        return NOT_FOUND, NOT_FOUND
    if low >= high:
        return NOT_FOUND, NOT_FOUND
    return look(low, high, f, w0, w1, rate, loc, 0, tolerance, length)


def isolate_decay(
    length: float,
    f: float,
    w0: float,
    rate: float,
    loc: Floats,
    tolerance: float,
) -> tuple[float, float]:
    """Find the first crossing under a constant and one real exponential."""
    c, exponent = loc[2], loc[4]
    low, high = 0.0, length
    if w0 + c > 0.0:
        if w0 < 0.0:
            high = min(length, math.log(-w0 / c) / exponent)
    elif w0 > 0.0:
        low = max(0.0, math.log(-w0 / c) / exponent)
    else:
        return NOT_FOUND, NOT_FOUND
    if low >= high:
        return NOT_FOUND, NOT_FOUND
    return look(low, high, f, w0, 0.0, rate, loc, 1, tolerance, length)


def isolate_sine(
    length: float,
    f: float,
    w0: float,
    rate: float,
    loc: Floats,
    tolerance: float,
    budget: Floats,
) -> tuple[float, float]:
    """Find the first crossing under a constant and one sine.

    The envelope of V jumps over the cycles in which nothing can happen.
    """
    c_re, c_im, omega, g_re, g_im = loc[2], loc[3], loc[5], loc[6], loc[7]
    omega_lo = loc[9]
    size = math.sqrt(c_re * c_re + c_im * c_im)
    ripple = math.sqrt(g_re * g_re + g_im * g_im)
    if w0 <= -size:
        return NOT_FOUND, NOT_FOUND
    if w0 >= size:
        return look(0.0, length, f, w0, 0.0, rate, loc, 1, tolerance, length)
    if ripple <= 0.0625 * tolerance:
        # Too fast to be felt: V ripples by less than an ulp of its scale.
        if w0 <= 0.0:
            return NOT_FOUND, NOT_FOUND
        return look(0.0, length, f, w0, 0.0, rate, loc, 0, tolerance, length)
    start, stop = envelope(f - g_re, w0, rate, ripple, length)
    if start >= stop:
        return NOT_FOUND, NOT_FOUND
    # Windows of positive drive: |omega x + phase - 2 pi j| < half.
    if omega < 0.0:
        omega, omega_lo, c_im, g_im = -omega, -omega_lo, -c_im, -g_im
    phase = math.atan2(c_im, c_re)
    half = math.acos(max(-1.0, min(1.0, -w0 / size)))
    turn = 2.0 * math.pi
    j = math.floor((omega * start + phase - half) / turn)
    graze = NOT_FOUND
    noise = 0.125 * tolerance
    while True:
        low = (turn * j - half - phase) / omega
        if low >= stop:
            return NOT_FOUND, graze
        high = min((turn * j + half - phase) / omega, length)
        j += 1
        if high <= 0.0 or high < start:
            continue
        budget[0] -= 1.0
        if budget[0] < 0.0:
            return EXHAUSTED, graze
        s, c = half_angle(omega, omega_lo, high)
        m = math.expm1(-rate * high)
        y = f * (1.0 + m) + w0 * (high if rate == 0.0 else -m / rate)
        y += g_re * (-2.0 * s * s - m) - g_im * (2.0 * s * c)
        if abs(y) <= tolerance and high < length:
            graze = high
        if y >= 0.0:
            break
    # The bracketed Newton iteration of `refine`, written out: this is the hottest loop of all.
    if low < 0.0:
        low = 0.0
        x = newton_step(f, w0 + c_re, rate) if w0 + c_re > 0.0 else 0.5 * high
        if not x < high:
            x = 0.5 * high
    else:
        x = 0.5 * (low + high)
    before = high - low
    near = 0.5 * omega * high < FAR
    while True:
        if near:
            s = math.sin(0.5 * omega * x)
            sn = 2.0 * s * math.cos(0.5 * omega * x)
        else:
            s, c = half_angle(omega, omega_lo, x)
            sn = 2.0 * s * c
        cm1 = -2.0 * s * s
        m = math.expm1(-rate * x)
        h = w0 + c_re * (1.0 + cm1) - c_im * sn
        y = f * (1.0 + m) + w0 * (x if rate == 0.0 else -m / rate) + g_re * (cm1 - m) - g_im * sn
        if y < 0.0:
            low = x
        else:
            high = x
        step = -y / h if h > 0.0 else math.inf
        if rate * step <= -1.0:
            step = math.inf
        elif rate > 0.0:
            step = math.log1p(rate * step) / rate
        nearer = x + step
        done = abs(y) <= noise or abs(step) <= EPSILON * x
        if not low <= nearer <= high:
            nearer = 0.5 * (low + high)
        if done or nearer == x or not low < high:
            return nearer, graze
        if abs(step) > 0.5 * before:
            nearer = 0.5 * (low + high)
        before = abs(nearer - x)
        if before == 0.0:
            return nearer, graze
        x = nearer


def envelope(
    transient: float, w0: float, rate: float, ripple: float, length: float
) -> tuple[float, float]:
    """Return the part ``(start, stop)`` of ``(0, length)`` where a ripple can reach the threshold.

    ``V - V_th <= transient exp(-rate x) + w0 integral + ripple``, which is monotone in x.
    """
    top = transient + ripple
    slope = w0 - rate * transient
    if slope > 0.0:
        # Rising towards w0/rate + ripple.
        if top >= 0.0:
            return 0.0, length
        if rate == 0.0:
            return min(length, SHORT_OF * -top / w0), length
        ceiling = w0 + rate * ripple
        if ceiling <= 0.0:
            return length, length
        return min(length, SHORT_OF * math.log(slope / ceiling) / rate), length
    if top < 0.0:
        return length, length
    if rate == 0.0:
        return 0.0, length if w0 == 0.0 else min(length, BEYOND * top / -w0)
    ceiling = w0 + rate * ripple
    if ceiling >= 0.0:
        return 0.0, length
    return 0.0, min(length, BEYOND * math.log(slope / ceiling) / rate)


def drive_ceiling(x: float, horizon: float, w0: float, w1: float, loc: Floats, count: int) -> float:
    """Return a bound of the drive h on ``[x, horizon]``."""
    ceiling = w0 + max(w1 * x, w1 * horizon)
    for k in range(0, LOC * count, LOC):
        if loc[k] == REAL:
            ceiling += max(0.0, loc[k + 2]) * math.exp(loc[k + 4] * x)
        else:
            bound = term_supremum(int(loc[k + 1]), max(0.0, -loc[k + 4]), x, horizon)
            ceiling += math.hypot(loc[k + 2], loc[k + 3]) * bound
    return ceiling


def drive_size(length: float, w0: float, w1: float, loc: Floats, count: int) -> float:
    """Return a bound of the sizes of the drive's parts on ``[0, length]``, summed."""
    size = abs(w0) + abs(w1) * length
    for k in range(0, LOC * count, LOC):
        bound = term_supremum(int(loc[k + 1]), max(0.0, -loc[k + 4]), 0.0, length)
        size += math.hypot(loc[k + 2], loc[k + 3]) * bound
    return size


def drive_curvature(x: float, horizon: float, loc: Floats, count: int) -> float:
    """Return a bound of ``|h''|`` on ``[x, horizon]``."""
    total = 0.0
    for k in range(0, LOC * count, LOC):
        n = int(loc[k + 1])
        decay = max(0.0, -loc[k + 4])
        pace = math.hypot(loc[k + 4], loc[k + 5])
        bound = pace * pace * term_supremum(n, decay, x, horizon)
        bound += 2.0 * n * pace * term_supremum(n - 1, decay, x, horizon)
        bound += n * (n - 1.0) * term_supremum(n - 2, decay, x, horizon)
        total += math.hypot(loc[k + 2], loc[k + 3]) * bound
    return total


def majorant_step(y: float, slope: float, bend: float) -> float:
    """Return the first root of ``y + slope s + bend s^2/2`` with ``y < 0 <= bend``."""
    if bend == 0.0:
        return -y / slope if slope > 0.0 else math.inf
    # hypot, because squares of tiny slopes would underflow and the step with them.
    root = math.hypot(slope, math.sqrt(-2.0 * y) * math.sqrt(bend))
    return -2.0 * y / (slope + root) if slope > 0.0 else (root - slope) / bend


def turn_of_drive(
    x: float,
    sign: float,
    length: float,
    w0: float,
    w1: float,
    loc: Floats,
    count: int,
    budget: Floats,
) -> float:
    """Return the first time after ``x`` at which ``sign h >= 0``, or ``length``.

    On the way ``sign h`` may exceed zero by an ulp of the drive's parts: too little to lift V by
    an ulp.
    """
    noise = EPSILON * drive_size(length, w0, w1, loc, count)
    while x < length:
        budget[0] -= 1.0
        if budget[0] < 0.0:
            return length
        h, slope = drive(x, w0, w1, loc, count)
        h *= sign
        slope *= sign
        if h >= 0.0:
            return x
        bend = drive_curvature(x, length, loc, count)
        x += max(majorant_step(h - noise, slope, bend), EPSILON * x)
    return length


def isolate(
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
    """Find the first crossing under any drive, window by window."""
    x = 0.0
    graze = NOT_FOUND
    noise = EPSILON * drive_size(length, w0, w1, loc, count)
    while x < length and drive_ceiling(x, length, w0, w1, loc, count) > 0.0:
        low = turn_of_drive(x, 1.0, length, w0, w1, loc, count, budget)
        if low >= length:
            break
        # Step into the window, so that its start is not taken for its end.
        h, slope = drive(low, w0, w1, loc, count)
        bend = drive_curvature(low, length, loc, count)
        high = low + max(majorant_step(-h - noise, -slope, bend), EPSILON * low)
        high = turn_of_drive(min(high, length), -1.0, length, w0, w1, loc, count, budget)
        if budget[0] < 0.0:
            return EXHAUSTED, graze
        found, near = look(low, high, f, w0, w1, rate, loc, count, tolerance, length)
        if near >= 0.0:
            graze = near
        if found >= 0.0:
            return found, graze
        x = high
    return (EXHAUSTED if budget[0] < 0.0 else NOT_FOUND), graze


def term_supremum(n: int, decay: float, x: float, horizon: float) -> float:
    """Return the largest ``u^n exp(-decay u)`` for ``x <= u <= horizon``, with ``decay >= 0``."""
    if n <= 0:
        return math.exp(-decay * x) if n == 0 else 0.0
    peak = horizon
    if decay > 0.0:
        peak = min(max(x, n / decay), horizon)
    return peak**n * math.exp(-decay * peak)


def curvature(
    x: float, horizon: float, transient: float, rate: float, loc: Floats, count: int
) -> tuple[float, float]:
    """Bound V'' from above, and in absolute value, on ``[x, horizon]``.

    ``transient`` is the coefficient of ``exp(-rate x)`` in V'' (see `transient_curvature`).
    """
    e = math.exp(-rate * x)
    above = max(transient, 0.0) * e
    size = abs(transient) * e
    for k in range(0, LOC * count, LOC):
        kind = loc[k]
        l_re = loc[k + 4]
        l_im = loc[k + 5]
        if kind == SINE:
            bound = math.hypot(loc[k + 6], loc[k + 7]) * l_im * l_im
            above += bound
            size += bound
        elif kind == REAL:
            bound = 0.0
            if l_re != 0.0:
                # |c| l^2 times the response to exp(l u), which is below u exp(-least u) too.
                least = min(rate, -l_re)
                bound = 1.0 / max(rate, -l_re)
                if least * x > 1.0:
                    bound = min(bound, x * math.exp(-least * x))
                bound *= abs(loc[k + 2]) * l_re * l_re
            size += bound
            if loc[k + 2] > 0.0:
                above += bound
        else:
            n = int(loc[k + 1])
            decay = max(0.0, -l_re)
            drive = n * term_supremum(n - 1, decay, 0.0, horizon)
            drive += math.hypot(l_re, l_im) * term_supremum(n, decay, 0.0, horizon)
            bound = 2.0 * math.hypot(loc[k + 2], loc[k + 3]) * drive
            above += bound
            size += bound
    return above, size


def transient_curvature(
    f: float, w0: float, w1: float, rate: float, loc: Floats, count: int
) -> float:
    """Return the coefficient of ``exp(-rate x)`` in V''."""
    total = rate * (rate * f - w0) + w1
    for k in range(0, LOC * count, LOC):
        kind = loc[k]
        if kind == SINE:
            total -= rate * rate * loc[k + 6]
        elif kind == REAL:
            total += loc[k + 2] * (loc[k + 4] - rate)
        elif loc[k + 1] == 0.0:
            # h(0) of a damped oscillation; its own bound starts from V' = h(0).
            total -= rate * loc[k + 2]
    return total


def ceiling_step(
    x: float,
    f: float,
    horizon: float,
    w0: float,
    w1: float,
    rate: float,
    loc: Floats,
    count: int,
) -> float:
    """Return how far from ``x``, where V - V_th is ``f < 0``, the threshold is out of reach.

    Oscillations are bounded by the size of their response, everything else by its largest drive.
    """
    most = drive_ceiling(x, horizon, w0, w1, loc, count)
    ripple = 0.0
    for k in range(0, LOC * count, LOC):
        if loc[k] == SINE:
            g_re = loc[k + 6]
            g_im = loc[k + 7]
            angle = loc[k + 5] * x
            f -= g_re * math.cos(angle) - g_im * math.sin(angle)
            ripple += math.hypot(g_re, g_im)
            most -= math.hypot(loc[k + 2], loc[k + 3])
    top = f + ripple
    if top >= 0.0:
        return 0.0
    slope = most - rate * f
    if slope <= 0.0:
        return math.inf
    if rate == 0.0:
        return -top / most
    ceiling = most + rate * ripple
    return math.inf if ceiling <= 0.0 else math.log(slope / ceiling) / rate


def march(
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
    """Find the first crossing by steps that cannot overstep it.

    From ``f(x + s) <= f + f' s + M s^2/2`` follows a step after which V is still below the
    threshold; where ``f'^2 > 2 |f| |f''|`` a crossing is certain and bracketed.
    """
    transient = transient_curvature(f, w0, w1, rate, loc, count)
    noise = 0.125 * tolerance
    x = 0.0
    y, h = evaluate(0.0, f, w0, w1, rate, loc, count)
    graze = NOT_FOUND
    while True:
        budget[0] -= 1.0
        if budget[0] < 0.0:
            return EXHAUSTED, graze
        slope = h - rate * y
        above, size = curvature(x, length, transient, rate, loc, count)
        if slope > 0.0 and slope * slope > -2.0 * y * size:
            # From here f rises to the threshold within 2 |f| / f'.
            high = x - 2.0 * y / slope
            if high > length:
                high = length
                if evaluate(length, f, w0, w1, rate, loc, count)[0] < 0.0:
                    return NOT_FOUND, graze
            if slope * slope <= 2.0 * tolerance * size:
                graze = x
            guess = min(x + newton_step(y, h, rate), high) if h > 0.0 else 0.5 * (x + high)
            return refine(x, high, guess, f, w0, w1, rate, loc, count, noise), graze
        step = max(
            majorant_step(y, slope, above),
            ceiling_step(x, y, length, w0, w1, rate, loc, count),
            # In a shorter one V would rise by less than an ulp of the scale.
            math.sqrt(0.0625 * tolerance / size) if size > 0.0 else 0.0,
        )
        if step >= length - x:
            return NOT_FOUND, graze
        x += max(step, EPSILON * x)
        y, h = evaluate(x, f, w0, w1, rate, loc, count)
        if y >= -tolerance and h - rate * y <= math.sqrt(2.0 * tolerance * size):
            graze = x
        if y >= 0.0:
            return x, graze
