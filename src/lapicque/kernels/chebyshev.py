"""Polynomials through Chebyshev's points, on a piece of any length."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats


def size(n: int) -> int:
    """Return the length of the table for ``n`` points."""
    return n + 2 * n * n


def prepare(n: int, table: Floats) -> None:
    """Fill the table for ``n`` points: what `polynomial` reads.

    The points, where the polynomial meets the function, on [0, 1]; the weights of the values there
    for the coefficients of T_0, T_1, ...; and ``T_k(2 y - 1)`` in powers of y, whole numbers.
    """
    for k in range(n):
        table[k] = 0.5 + 0.5 * math.cos(math.pi * (k + 0.5) / n)
        for j in range(n):
            weight = 1.0 if j == 0 else 2.0
            table[n + n * j + k] = weight / n * math.cos(math.pi * j * (k + 0.5) / n)
    row = n + n * n
    for k in range(n * n):
        table[row + k] = 0.0
    table[row] = 1.0
    for j in range(1, n):
        # T_(j+1) = 2 (2 y - 1) T_j - T_(j-1), but T_1 = (2 y - 1) T_0.
        twice = 1.0 if j == 1 else 2.0
        row += n
        for k in range(n):
            found = -twice * table[row - n + k]
            if k > 0:
                found += 2.0 * twice * table[row - n + k - 1]
            if j > 1:
                found -= table[row - 2 * n + k]
            table[row + k] = found


def polynomial(n: int, table: Floats, values: Floats, length: float, found: Floats) -> None:
    """Find the coefficients of 1, s, s^2, ... on [0, length] from the values at the points."""
    for k in range(n):
        found[k] = 0.0
    row = n
    for j in range(n):
        c = 0.0
        for k in range(n):
            c += table[row + k] * values[k]
        powers = row + n * n
        for k in range(j + 1):
            found[k] += c * table[powers + k]
        row += n
    scale = 1.0
    for k in range(1, n):
        scale *= length
        found[k] /= scale
