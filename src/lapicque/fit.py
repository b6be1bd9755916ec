"""Functions as piecewise polynomials, to a tolerance that is met or refused.

On each piece the polynomial through Chebyshev's points is compared with the function between them;
where it is off, the piece is halved.
"""

from __future__ import annotations

import functools
import itertools
from array import array
from collections.abc import Callable, Iterator

from .errors import LimitError, ParameterError
from .kernels import chebyshev

DEGREE = 8
MAX_PIECES = 10_000
# A piece shorter than this, in parts of the whole, holds a jump or a pole.
SHORTEST = 2.0**-40
# Looks between the points of a piece, beside those at its ends.
LOOKS = 3 * (DEGREE + 1)

Fitted = tuple[float, list[float], float]
"""A piece: its start, its coefficients in the time since, the largest error that was seen."""


@functools.cache
def table(n: int) -> array[float]:
    """Return the table of ``n`` of Chebyshev's points; see `lapicque.kernels.chebyshev`."""
    made = array("d", bytes(8 * chebyshev.size(n)))
    chebyshev.prepare(n, made)
    return made


def value(coefficients: list[float], s: float) -> float:
    """Return the polynomial at ``s``."""
    total = 0.0
    for c in reversed(coefficients):
        total = total * s + c
    return total


def fitted(
    function: Callable[[float], float], start: float, stop: float
) -> tuple[list[float], float]:
    """Fit a polynomial on ``[start, stop]``; return it and its largest error between the points."""
    length = stop - start
    n = DEGREE + 1
    values = [function(start + length * x) for x in table(n)[:n]]
    found = [0.0] * n
    chebyshev.polynomial(n, table(n), values, length, found)
    worst = 0.0
    for k in range(LOOKS + 1):
        # The ends themselves may be a jump's: just inside.
        s = length * min(max(k / LOOKS, 1e-12), 1.0 - 1e-12)
        worst = max(worst, abs(function(start + s) - value(found, s)))
    return found, worst


def pieces(
    function: Callable[[float], float], edges: list[float], tolerance: float
) -> Iterator[Fitted]:
    """Fit a function between the increasing ``edges``, to ``tolerance`` at all looks.

    Raises
    ------
    ParameterError
        If no piece is short enough at some time: there the function jumps or has a pole.
    LimitError
        If it takes more than `MAX_PIECES`.
    """
    whole = edges[-1] - edges[0]
    todo = [*itertools.pairwise(edges)][::-1]
    made = 0
    while todo:
        a, b = todo.pop()
        found, worst = fitted(function, a, b)
        if worst <= tolerance:
            made += 1
            yield a, found, worst
            continue
        middle = 0.5 * (a + b)
        if b - a <= SHORTEST * whole or not a < middle < b:
            raise ParameterError(
                "function",
                f"cannot be fitted to {tolerance:g} nA near {middle:.9g} ms: it jumps there, has a "
                "pole, or is rounded",
                cure=f"Give the time of a jump, breakpoints=[{middle:.9g}], or a larger tolerance.",
            )
        if made + len(todo) >= MAX_PIECES:
            raise LimitError(
                f"'function' takes more than {MAX_PIECES} pieces for {tolerance:g} nA, and got as "
                f"far as {a:.9g} ms: raise tolerance, or shorten the span."
            )
        todo += [(middle, b), (a, middle)]
