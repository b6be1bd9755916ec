"""The parts of a current, added up: the normal form on a span, from the forms of its parts.

Each piece of a part is moved once, from its own start to where a piece of the sum begins.
"""

from __future__ import annotations

import math

from . import pairs
from .membrane import LOC, TERM, anchor_terms
from .shapes import FULL, add_piece, add_term, build, span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats, Ints

# Of each part, in ``ranges``: its first piece, the one after its last, the one that holds now.
FIRST, LAST, NOW, RANGE = 0, 1, 2, 3


def merge_term(
    m: int,
    n: float,
    re: float,
    im: float,
    l_re: float,
    l_im: float,
    l_re_lo: float,
    l_im_lo: float,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
) -> int:
    """Add a term to piece ``m - 1``, the last one, where equal ones are one; see `add_term`."""
    if n <= 1.0 and l_re == 0.0 == l_im:
        if n == 0.0:
            value[m - 1], value_lo[m - 1] = pairs.add(value[m - 1], value_lo[m - 1], re, 0.0)
        else:
            slope[m - 1] += re
        return m
    for j in range(TERM * offset[m - 1], TERM * offset[m], TERM):
        if terms[j] == n and terms[j + 3] == l_re and terms[j + 4] == l_im:
            if terms[j + 5] == l_re_lo and terms[j + 6] == l_im_lo:
                terms[j + 1] += re
                terms[j + 2] += im
                return m
    return add_term(m, n, re, im, l_re, l_im, l_re_lo, l_im_lo, offset, terms)


def drop_zeros(m: int, offset: Ints, terms: Floats) -> None:
    """Drop the terms of piece ``m - 1``, the last one, that vanished."""
    kept = TERM * offset[m - 1]
    for j in range(TERM * offset[m - 1], TERM * offset[m], TERM):
        if terms[j + 1] != 0.0 or terms[j + 2] != 0.0:
            if kept < j:
                for i in range(TERM):
                    terms[kept + i] = terms[j + i]
            kept += TERM
    offset[m] = kept // TERM


def add_moved(
    p: int,
    t: float,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    kicks: Floats,
    m: int,
    to_value: Floats,
    to_value_lo: Floats,
    to_slope: Floats,
    to_offset: Ints,
    to_terms: Floats,
    to_kicks: Floats,
    loc: Floats,
) -> int:
    """Add piece ``p`` as seen from ``t`` to the last of ``m`` pieces; return ``m``, or FULL."""
    v, v_lo, k = value[p], value_lo[p], slope[p]
    s, s_lo = pairs.two_sum(t, -starts[p])
    if k != 0.0 and s != 0.0:
        rise, rise_lo = pairs.mul(s, s_lo, k, 0.0)
        v, v_lo = pairs.add(v, v_lo, rise, rise_lo)
    q = m - 1
    to_value[q], to_value_lo[q] = pairs.add(to_value[q], to_value_lo[q], v, v_lo)
    to_slope[q] += k
    if s == 0.0 and len(kicks):
        for i in range(0, 4, 2):
            a, b = 4 * q + i, 4 * p + i
            to_kicks[a], to_kicks[a + 1] = pairs.add(
                to_kicks[a], to_kicks[a + 1], kicks[b], kicks[b + 1]
            )
    first, last = offset[p], offset[p + 1]
    if s == 0.0 == s_lo:
        for j in range(TERM * first, TERM * last, TERM):
            m = merge_term(
                m, terms[j], terms[j + 1], terms[j + 2], terms[j + 3], terms[j + 4],
                terms[j + 5], terms[j + 6],
                to_value, to_value_lo, to_slope, to_offset, to_terms,
            )  # fmt: skip
            if m == FULL:
                return FULL
        return m
    need = 0
    for j in range(TERM * first, TERM * last, TERM):
        need += LOC * (int(terms[j]) + 1)
    if need > len(loc):
        return FULL
    count = anchor_terms(terms, first, last, s, s_lo, 1.0, 1.0, loc) if last > first else 0
    for j in range(0, LOC * count, LOC):
        m = merge_term(
            m, loc[j + 1], loc[j + 2], loc[j + 3], loc[j + 4], loc[j + 5], loc[j + 8], loc[j + 9],
            to_value, to_value_lo, to_slope, to_offset, to_terms,
        )  # fmt: skip
        if m == FULL:
            return FULL
    return m


def assemble(
    parts: int,
    ranges: Ints,
    spans: Floats,
    begin: float,
    end: float,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    kicks: Floats,
    to_starts: Floats,
    to_value: Floats,
    to_value_lo: Floats,
    to_slope: Floats,
    to_offset: Ints,
    to_terms: Floats,
    to_kicks: Floats,
    loc: Floats,
) -> int:
    """Add up the parts' forms on ``[begin, end]``; return the number of pieces, or FULL.

    Part k has the pieces ``ranges[3 k]`` to ``ranges[3 k + 1]`` and is zero outside of
    ``[spans[2 k], spans[2 k + 1])``.  The first piece of the sum begins at ``begin``; a kick at
    ``end`` has a last one, of no length.
    """
    for k in range(parts):
        first, last = ranges[RANGE * k + FIRST], ranges[RANGE * k + LAST]
        ranges[RANGE * k + NOW] = first
        if first == last or starts[first] >= spans[2 * k + 1]:
            spans[2 * k + 1] = -math.inf  # nothing is left of it
        elif spans[2 * k] < starts[first]:
            spans[2 * k] = starts[first]
    to_offset[0] = 0
    m = 0
    t = begin
    while m == 0 or t <= end:
        m = add_piece(
            m, t, 0.0, 0.0,
            to_starts, to_value, to_value_lo, to_slope, to_offset, to_kicks,
        )  # fmt: skip
        if m == FULL:
            return FULL
        following = math.inf
        for k in range(parts):
            low, high = spans[2 * k], spans[2 * k + 1]
            if low >= high or t >= high:
                continue
            if t < low:
                following = min(following, low)
                continue
            p, last = ranges[RANGE * k + NOW], ranges[RANGE * k + LAST]
            while p + 1 < last and starts[p + 1] <= t:
                p += 1
            ranges[RANGE * k + NOW] = p
            following = min(following, high)
            if p + 1 < last:
                following = min(following, starts[p + 1])
            m = add_moved(
                p, t, starts, value, value_lo, slope, offset, terms, kicks,
                m, to_value, to_value_lo, to_slope, to_offset, to_terms, to_kicks, loc,
            )  # fmt: skip
            if m == FULL:
                return FULL
        drop_zeros(m, to_offset, to_terms)
        if t == end:
            break
        t = following
    if m > 1 and to_starts[m - 1] == end and not kicked(m - 1, to_kicks):
        m -= 1
    return m


def kicked(p: int, kicks: Floats) -> bool:
    """Return whether V is kicked at the start of piece ``p``."""
    if len(kicks) == 0:
        return False
    k = 4 * p
    return kicks[k] != 0.0 or kicks[k + 1] != 0.0 or kicks[k + 2] != 0.0 or kicks[k + 3] != 0.0


def current(
    kinds: Ints,
    raw: Floats,
    raw_at: Ints,
    given: Ints,
    fixed: int,
    times: Floats,
    table: Floats,
    begin: float,
    end: float,
    ranges: Ints,
    spans: Floats,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    kicks: Floats,
    to_starts: Floats,
    to_value: Floats,
    to_value_lo: Floats,
    to_slope: Floats,
    to_offset: Ints,
    to_terms: Floats,
    to_kicks: Floats,
    loc: Floats,
) -> int:
    """Return the number of pieces of a whole current on ``[begin, end]``, FULL or TOO_MANY.

    Part k is of the kind ``kinds[k]``; its numbers begin at ``raw[raw_at[k]]``, and ``given[2 k]``
    to ``given[2 k + 1]`` are its ``times``, or those of the ``fixed`` pieces that ``starts`` and
    the others begin with.  The forms of the parts are written behind these, the sum into the
    second seven.
    """
    parts = len(kinds)
    at = fixed
    for k in range(parts):
        ranges[RANGE * k + FIRST] = at
        at = build(
            kinds[k], raw, raw_at[k], times, given[2 * k], given[2 * k + 1], table, at,
            starts, value, value_lo, slope, offset, terms, kicks,
        )  # fmt: skip
        if at < 0:
            return at
        ranges[RANGE * k + LAST] = at
        spans[2 * k], spans[2 * k + 1] = span(kinds[k], raw, raw_at[k])
    return assemble(
        parts, ranges, spans, begin, end,
        starts, value, value_lo, slope, offset, terms, kicks,
        to_starts, to_value, to_value_lo, to_slope, to_offset, to_terms, to_kicks, loc,
    )  # fmt: skip
