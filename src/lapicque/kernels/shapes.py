"""Every shape of current as pieces of the normal form: here, and only here, are the formulas.

A part's row of numbers, ``raw``, begins at ``r``: start, stop (infinity: none), window (-infinity,
infinity: none), then its own parameters (OWN), in the order in which its class declares them.

A form is seven flat sequences, filled from piece ``at`` on: ``starts``, ``value``, ``value_lo`` and
``slope``, one for each piece; ``offset``, one more (piece p has the terms ``offset[p]`` to
``offset[p + 1]``); ``terms``, TERM for each term; ``kicks``, 4 for each piece, or empty where no
part kicks.  Several forms may follow one another there.
"""

from __future__ import annotations

import math

from . import pairs
from .chebyshev import polynomial
from .membrane import TERM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats, Ints

START, STOP, WINDOW, OWN = 0, 1, 2, 4

# The kinds, and what follows in their rows. A step is a constant.
CONSTANT = 0  # amplitude
RAMP = 1  # slope
SINE = 2  # amplitude, frequency, phase
DECAY = 3  # amplitude, tau
ALPHA = 4  # amplitude, tau
SYNAPSES = 5  # amplitude, tau; times
ALPHA_SYNAPSES = 6  # amplitude, tau; times
KICKS = 7  # jump, charge (0: none); times
SQUARE = 8  # amplitude, frequency, duty
PULSES = 9  # amplitude, width, period, count (infinity: none)
CHIRP = 10  # amplitude, f_start, f_stop, duration, phase
# Pieces that are given, for start 0 and factor 1.
FIXED = 11  # factor
PRODUCT = 12  # factor; start does not cut it

# Instead of the number of pieces: the sequences are too short, a limit is passed.
FULL, TOO_MANY = -1, -2

MAX_PERIODS = 500_000
"""Of a square wave or a train of pulses, each of two pieces of the normal form."""
MAX_CYCLES = 50_000
"""Of a chirp, each of some five pieces."""

# 2 pi / 1000 (rad/ms per Hz) as a pair.
OMEGA, OMEGA_LO = 0.006283185307179587, -1.3670980488542693e-19

# Of a chirp, in one piece: a polynomial is then good to 1e-13 (Chebyshev). Its degree leaves room
# for a product with a ramp or an alpha function.
PHASE = 1.1
POINTS = 11


def span(kind: int, raw: Floats, r: int) -> tuple[float, float]:
    """Return where the part may be other than zero: from the first time until the second."""
    low, high = raw[r + WINDOW], raw[r + WINDOW + 1]
    if kind != PRODUCT:
        low = max(low, raw[r + START])
    if raw[r + STOP] < high:
        high = raw[r + STOP]
    return low, high


def periods(kind: int, raw: Floats, r: int) -> tuple[float, float, float]:
    """Return the period (ms) of a square wave or pulses, and the first and last that matter."""
    period, count = raw[r + OWN + 2], math.inf
    if kind == SQUARE:
        period = 1000.0 / raw[r + OWN + 1]
    else:
        count = raw[r + OWN + 3]
    begin, end = span(kind, raw, r)
    if end <= begin:
        return period, 0.0, 0.0
    first = max(0.0, (begin - raw[r + START]) / period // 1.0 - 1.0)
    if end < math.inf:
        count = min(count, (end - raw[r + START]) // period + 2.0)
    return period, first, count


def cycles(f_start: float, f_stop: float, duration: float) -> float:
    """Return how many cycles a chirp has."""
    return 0.5e-3 * (f_start + f_stop) * duration


def _bend(raw: Floats, r: int) -> float:
    # Half of what a chirp's frequency (Hz) gains in a ms.
    return 0.5 * (raw[r + OWN + 2] - raw[r + OWN + 1]) / raw[r + OWN + 3]


def _chirp_until(raw: Floats, r: int, begin: float) -> float:
    # The end of a chirp's piece that begins at this time after its start.
    duration = raw[r + OWN + 3]
    rise = _bend(raw, r)
    speed = OMEGA * (raw[r + OWN + 1] + 2.0 * rise * begin)
    # speed h + bend h^2 = PHASE: the phase gained, and six times what its bend adds.
    bend = 6.0 * OMEGA * abs(rise)
    length = duration
    if speed > 0.0 or bend > 0.0:
        length = 2.0 * PHASE / (speed + math.sqrt(speed * speed + 4.0 * bend * PHASE))
    end = min(duration, begin + length)
    return duration if end + 0.01 * length > duration else end


def room(kind: int, raw: Floats, r: int, given: int) -> tuple[int, int]:
    """Return how many pieces and terms a part takes at most; TOO_MANY pieces break a limit.

    ``given`` is the number of its times.
    """
    if kind == SINE or kind == DECAY or kind == ALPHA:
        return 1, 1
    if kind == SYNAPSES or kind == ALPHA_SYNAPSES or kind == KICKS:
        return max(1, given), 2 * given
    if kind == SQUARE or kind == PULSES:
        _, first, last = periods(kind, raw, r)
        if last - first > MAX_PERIODS:
            return TOO_MANY, 0
        return 2 * max(0, int(last - first)) + 1, 0
    if kind == CHIRP:
        if cycles(raw[r + OWN + 1], raw[r + OWN + 2], raw[r + OWN + 3]) > MAX_CYCLES:
            return TOO_MANY, 0
        count = 1
        begin = 0.0
        while begin < raw[r + OWN + 3]:
            begin = _chirp_until(raw, r, begin)
            count += 1
        return count, (POINTS - 2) * count
    return 1, 0


def add_piece(
    at: int,
    start: float,
    v: float,
    k: float,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    kicks: Floats,
) -> int:
    """Add piece ``at``, without terms; return the number of pieces then, or FULL."""
    if at == len(starts):
        return FULL
    starts[at], value[at], value_lo[at], slope[at] = start, v, 0.0, k
    offset[at + 1] = offset[at]
    if len(kicks):
        for i in range(4 * at, 4 * at + 4):
            kicks[i] = 0.0
    return at + 1


def add_term(
    at: int,
    n: float,
    re: float,
    im: float,
    l_re: float,
    l_im: float,
    l_re_lo: float,
    l_im_lo: float,
    offset: Ints,
    terms: Floats,
) -> int:
    """Add a term to the last of ``at`` pieces; return ``at``, or FULL."""
    if at == FULL or (re == 0.0 == im):
        return at
    j = TERM * offset[at]
    if j + TERM > len(terms):
        return FULL
    terms[j], terms[j + 1], terms[j + 2] = n, re, im
    terms[j + 3], terms[j + 4], terms[j + 5], terms[j + 6] = l_re, l_im, l_re_lo, l_im_lo
    offset[at] += 1
    return at


def wave(
    kind: int,
    raw: Floats,
    r: int,
    at: int,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    kicks: Floats,
) -> int:
    """Write a shape of one piece."""
    a, n, re, im = raw[r + OWN], 0.0, 0.0, 0.0
    l_re, l_im, l_re_lo, l_im_lo = 0.0, 0.0, 0.0, 0.0
    v, k = 0.0, 0.0
    if kind == CONSTANT:
        v = a
    elif kind == RAMP:
        k = a
    elif kind == SINE:
        re = a * math.sin(raw[r + OWN + 2])
        im = -a * math.cos(raw[r + OWN + 2])
        # Slower than this, and pairs would underflow, it stands still.
        if raw[r + OWN + 1] > 1e-200:
            l_im, l_im_lo = pairs.mul(OMEGA, OMEGA_LO, raw[r + OWN + 1], 0.0)
        else:
            v, re, im = re, 0.0, 0.0
    else:
        re = a
        if kind == ALPHA:
            n, re = 1.0, a * (math.e / raw[r + OWN + 1])
        l_re, l_re_lo = pairs.div(-1.0, 0.0, raw[r + OWN + 1], 0.0)
    at = add_piece(at, raw[r], v, k, starts, value, value_lo, slope, offset, kicks)
    return add_term(at, n, re, im, l_re, l_im, l_re_lo, l_im_lo, offset, terms)


def synapses(
    kind: int,
    raw: Floats,
    r: int,
    times: Floats,
    first: int,
    last: int,
    at: int,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    kicks: Floats,
) -> int:
    """Write one piece, of one kernel's terms, for each spike ``times[first]`` to ``times[last]``.

    The currents of all earlier spikes have the same exponent: they are one term, moved along.
    """
    a, tau = raw[r + OWN], raw[r + OWN + 1]
    rate, rate_lo = pairs.div(-1.0, 0.0, tau, 0.0)
    rises = kind == ALPHA_SYNAPSES
    level, rising = 0.0, 0.0
    before = -math.inf
    for j in range(first, last):
        start = raw[r] + times[j]
        if start > before:
            passed = start - before
            kept = math.exp(-passed / tau)
            level = (level + rising * passed) * kept if kept > 0.0 else 0.0
            rising *= kept
        else:
            at -= 1  # spikes at one instant are one event
        if rises:
            rising += a * (math.e / tau)
        else:
            level += a
        at = add_piece(at, start, 0.0, 0.0, starts, value, value_lo, slope, offset, kicks)
        at = add_term(at, 0.0, level, 0.0, rate, 0.0, rate_lo, 0.0, offset, terms)
        at = add_term(at, 1.0, rising, 0.0, rate, 0.0, rate_lo, 0.0, offset, terms)
        if at == FULL:
            return FULL
        before = start
    if first == last:
        return add_piece(at, raw[r], 0.0, 0.0, starts, value, value_lo, slope, offset, kicks)
    return at


def jumps(
    raw: Floats,
    r: int,
    times: Floats,
    first: int,
    last: int,
    at: int,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    kicks: Floats,
) -> int:
    """Write a piece without current, and a kick, for each spike."""
    before = -math.inf
    for j in range(first, last):
        start = raw[r] + times[j]
        if start > before:
            at = add_piece(at, start, 0.0, 0.0, starts, value, value_lo, slope, offset, kicks)
        if at == FULL or 4 * at > len(kicks):
            return FULL
        for i in range(2):
            k = 4 * at - 4 + 2 * i
            kicks[k], kicks[k + 1] = pairs.add(kicks[k], kicks[k + 1], raw[r + OWN + i], 0.0)
        before = start
    if first == last:
        return add_piece(at, raw[r], 0.0, 0.0, starts, value, value_lo, slope, offset, kicks)
    return at


def alternating(
    kind: int,
    raw: Floats,
    r: int,
    at: int,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    kicks: Floats,
) -> int:
    """Write a square wave or pulses: two pieces for each of the periods that matter."""
    period, first, last = periods(kind, raw, r)
    if last - first > MAX_PERIODS:
        return TOO_MANY
    width, low = raw[r + OWN + 1], 0.0
    if kind == SQUARE:
        width, low = raw[r + OWN + 2] * period, -raw[r + OWN]
    begin = at
    count = max(0, int(last - first))
    for i in range(2 * count + 1):
        start = raw[r] + (first + i // 2) * period
        v = raw[r + OWN]
        if i % 2 == 1:
            start += width
            v = low
        if i == 2 * count:
            start = raw[r] + last * period
            v = 0.0
        if at > begin and starts[at - 1] >= start:
            at -= 1  # an empty part, or too short for a double
        if at == begin or value[at - 1] != v:
            at = add_piece(at, start, v, 0.0, starts, value, value_lo, slope, offset, kicks)
            if at == FULL:
                return FULL
    return at


def chirp(
    raw: Floats,
    r: int,
    table: Floats,
    at: int,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    kicks: Floats,
) -> int:
    """Write a chirp: polynomials of degree 10, from the table of Chebyshev's POINTS."""
    if cycles(raw[r + OWN + 1], raw[r + OWN + 2], raw[r + OWN + 3]) > MAX_CYCLES:
        return TOO_MANY
    duration = raw[r + OWN + 3]
    rise = _bend(raw, r)
    values = [0.0] * POINTS
    found = [0.0] * POINTS
    begin = 0.0
    while begin < duration:
        end = _chirp_until(raw, r, begin)
        length = end - begin
        # The phase where it begins, in pairs; what it gains from there is small.
        angle, rest = pairs.mul(begin, 0.0, rise, 0.0)
        angle, rest = pairs.add(angle, rest, raw[r + OWN + 1], 0.0)
        angle, rest = pairs.mul(angle, rest, begin, 0.0)
        angle, rest = pairs.mul(OMEGA, OMEGA_LO, angle, rest)
        angle, rest = pairs.add(angle, rest, raw[r + OWN + 4], 0.0)
        c = math.cos(angle) * math.cos(rest) - math.sin(angle) * math.sin(rest)
        s = math.cos(angle) * math.sin(rest) + math.sin(angle) * math.cos(rest)
        for k in range(POINTS):
            x = length * table[k]
            gain = OMEGA * x * (raw[r + OWN + 1] + rise * (2.0 * begin + x))
            values[k] = raw[r + OWN] * (c * math.sin(gain) + s * math.cos(gain))
        polynomial(POINTS, table, values, length, found)
        start = raw[r] + begin
        at = add_piece(at, start, found[0], found[1], starts, value, value_lo, slope, offset, kicks)
        for k in range(2, POINTS):
            at = add_term(at, float(k), found[k], 0.0, 0.0, 0.0, 0.0, 0.0, offset, terms)
        if at == FULL:
            return FULL
        begin = end
    start = raw[r] + duration
    return add_piece(at, start, 0.0, 0.0, starts, value, value_lo, slope, offset, kicks)


def place(
    raw: Floats,
    r: int,
    first: int,
    last: int,
    at: int,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    kicks: Floats,
) -> int:
    """Write a copy of the pieces ``first`` to ``last`` of the same form, moved and scaled.

    Of pieces that fall together when they are moved, the last one holds.
    """
    factor = raw[r + OWN]
    begin = at
    for p in range(first, last):
        start = raw[r] + starts[p]
        if at > begin and starts[at - 1] == start:
            at -= 1
        at = add_piece(
            at, start, factor * value[p], factor * slope[p],
            starts, value, value_lo, slope, offset, kicks,
        )  # fmt: skip
        if at != FULL and value_lo[p] != 0.0:
            value[at - 1], value_lo[at - 1] = pairs.mul(value[p], value_lo[p], factor, 0.0)
        for j in range(TERM * offset[p], TERM * offset[p + 1], TERM):
            at = add_term(
                at, terms[j], factor * terms[j + 1], factor * terms[j + 2], terms[j + 3],
                terms[j + 4], terms[j + 5], terms[j + 6], offset, terms,
            )  # fmt: skip
        if at == FULL:
            return FULL
    return at


def build(
    kind: int,
    raw: Floats,
    r: int,
    times: Floats,
    first: int,
    last: int,
    table: Floats,
    at: int,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    kicks: Floats,
) -> int:
    """Write a part's form from piece ``at`` on, before stop and window cut it.

    ``first`` and ``last`` bound its share of ``times``, or the pieces that are given.  Returns the
    number of pieces then, FULL or TOO_MANY.
    """
    if kind <= ALPHA:
        return wave(kind, raw, r, at, starts, value, value_lo, slope, offset, terms, kicks)
    if kind <= ALPHA_SYNAPSES:
        return synapses(
            kind, raw, r, times, first, last, at,
            starts, value, value_lo, slope, offset, terms, kicks,
        )  # fmt: skip
    if kind == KICKS:
        return jumps(raw, r, times, first, last, at, starts, value, value_lo, slope, offset, kicks)
    if kind <= PULSES:
        return alternating(kind, raw, r, at, starts, value, value_lo, slope, offset, kicks)
    if kind == CHIRP:
        return chirp(raw, r, table, at, starts, value, value_lo, slope, offset, terms, kicks)
    return place(raw, r, first, last, at, starts, value, value_lo, slope, offset, terms, kicks)
