"""The normal form of an input: a piecewise exponential polynomial, which the solvers read.

On each piece ``I(s) = value + slope s + Re sum_k c_k s^n_k exp(l_k s)``, s from its start.
"""

from __future__ import annotations

import dataclasses
import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .errors import LimitError, ParameterError
from .kernels import pairs
from .kernels.membrane import LOC, TERM, anchor_terms, terms_value
from .kernels.moments import MAX_DEGREE

if TYPE_CHECKING:
    import numpy as np

    F = array[float]
    # Starts, values, their low parts, slopes, offsets, terms, kicks, as in `kernels.shapes`.
    Form = tuple[F, F, F, F, array[int], F, F]

# One term: degree, coefficient (re, im), exponent (re, im), low parts of the exponent (re, im).
Term = tuple[float, float, float, float, float, float, float]
_Kind = tuple[float, float, float, float, float]
# Jumps of V at the start of a piece: by voltage (pair, mV) and by charge (pair, pC).
Kick = tuple[float, float, float, float]
NO_KICK: Kick = (0.0, 0.0, 0.0, 0.0)

MAX_TERMS = 1_000_000
"""Terms of a whole normal form, beside `_FREE` for each piece, and of one piece of a product."""
# However many pieces a recorded current has, a few terms on each are fine.
_FREE = 8


@dataclasses.dataclass(frozen=True)
class Pieces:
    """The normal form, in flat arrays; zero before the first start, the last piece has no end.

    Attributes
    ----------
    starts : array, shape (pieces,)
        Strictly increasing times (ms).
    value, slope : array, shape (pieces,)
        nA and nA/ms at the start of each piece.
    value_lo : array, shape (pieces,) or (0,)
        Low parts of ``value``; empty where all are zero.
    offset : array, shape (pieces + 1,) or (0,)
        Piece p has the terms ``offset[p]`` to ``offset[p + 1]``; empty where no piece has any.
    terms : array, shape (7 terms,)
        See `lapicque.kernels.membrane`.  Every exponent has a real part <= 0.
    kicks : array, shape (4 pieces,) or (0,)
        What makes V jump at the start of each piece: a voltage (pair, mV) and a charge (pair, pC),
        the current's delta functions.  Empty where there are none.
    """

    starts: array[float]
    value: array[float]
    slope: array[float]
    value_lo: array[float]
    offset: array[int]
    terms: array[float]
    kicks: array[float] = dataclasses.field(default_factory=lambda: array("d"))

    @classmethod
    def build(cls, pieces: Iterable[tuple[Any, ...]]) -> Pieces:
        """Build from ``(start, value, value_lo, slope, terms)``; equal terms are merged.

        A piece may have a sixth entry, the `Kick` at its start.

        Raises
        ------
        LimitError
            If there are more than `MAX_TERMS`, before they are merged.
        """
        count = 0
        starts, value, slope = array("d"), array("d"), array("d")
        value_lo, offset, terms = array("d"), array("q", [0]), array("d")
        kicks = array("d")
        for start, v, v_lo, k, listed, *kick in pieces:
            count += len(listed) - _FREE
            if count > MAX_TERMS:
                raise _too_many_terms()
            merged: dict[_Kind, list[float]] = {}
            for term in listed:
                key = (term[0], *term[3:7])
                if term[0] <= 1.0 and term[3] == 0.0 == term[4]:
                    if term[0] == 0.0:
                        v, v_lo = pairs.add(v, v_lo, term[1], 0.0)
                    else:
                        k += term[1]
                elif key in merged:
                    merged[key][0] += term[1]
                    merged[key][1] += term[2]
                else:
                    merged[key] = [term[1], term[2]]
            starts.append(start)
            value.append(v)
            value_lo.append(v_lo)
            slope.append(k)
            for key, (re, im) in merged.items():
                if re != 0.0 or im != 0.0:
                    terms.extend((key[0], re, im, *key[1:]))
            offset.append(len(terms) // TERM)
            kicks.extend(kick[0] if kick else NO_KICK)
        return cls(
            starts,
            value,
            slope,
            value_lo if any(value_lo) else array("d"),
            offset if terms else array("q"),
            terms,
            kicks if any(kicks) else array("d"),
        )

    @classmethod
    def taken(cls, form: Form, first: int, last: int) -> Pieces:
        """Return the pieces ``first`` to ``last`` of what the kernels of `shapes` wrote."""
        starts, value, value_lo, slope, offset, terms, kicks = form
        low, high = offset[first], offset[last]
        value_lo, kicks = value_lo[first:last], kicks[4 * first : 4 * last]
        return cls(
            starts[first:last],
            value[first:last],
            slope[first:last],
            value_lo if any(value_lo) else array("d"),
            array("q", [j - low for j in offset[first : last + 1]] if low < high else ()),
            terms[TERM * low : TERM * high],
            kicks if any(kicks) else array("d"),
        )

    def lay(self, form: Form, at: int) -> int:
        """Write the pieces, but no kicks, where the kernels of `shapes` read; return their end."""
        n, (starts, value, value_lo, slope, offset, terms, _) = len(self), form
        for whole, mine in ((starts, self.starts), (value, self.value), (slope, self.slope)):
            whole[at : at + n] = mine
        value_lo[at : at + n] = self.value_lo or array("d", bytes(8 * n))
        low = offset[at]
        offset[at : at + n + 1] = array("q", [low + j for j in self.offset or [0] * (n + 1)])
        terms[TERM * low : TERM * low + len(self.terms)] = self.terms
        return at + n

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def is_constant(self) -> bool:
        """Whether this is one constant and nothing else."""
        return len(self) == 1 and self.slope[0] == 0.0 and not self.terms and not self.kicks

    def kick(self, p: int) -> Kick:
        """Return what makes V jump at the start of piece ``p``."""
        if not self.kicks:
            return NO_KICK
        voltage, voltage_lo, charge, charge_lo = self.kicks[4 * p : 4 * p + 4]
        return voltage, voltage_lo, charge, charge_lo

    def jumps(self, C_m: float, C_m_lo: float = 0.0) -> tuple[array[float], array[float]]:
        """Return by how much V jumps at the start of each piece.

        Parameters
        ----------
        C_m, C_m_lo : float
            The capacitance (nF, a pair): a charge Q makes V jump by Q/C_m.

        Returns
        -------
        (array, array), each of shape (pieces,) or (0,)
            mV, as pairs; empty where there are no kicks.
        """
        high, low = array("d"), array("d")
        for p in range(len(self) if self.kicks else 0):
            voltage, voltage_lo, charge, charge_lo = self.kick(p)
            if charge != 0.0:
                by_charge = pairs.div(charge, charge_lo, C_m, C_m_lo)
                voltage, voltage_lo = pairs.add(voltage, voltage_lo, *by_charge)
            high.append(voltage)
            low.append(voltage_lo)
        return high, low

    def terms_at(self, p: int, s: float, s_lo: float = 0.0) -> list[Term]:
        """Return the terms of piece ``p``, moved to the time ``(s, s_lo)`` after its start."""
        if not self.offset or self.offset[p] == self.offset[p + 1]:
            return []
        first, last = self.offset[p], self.offset[p + 1]
        if s == 0.0 == s_lo:
            rows = range(TERM * first, TERM * last, TERM)
            return [_term(*self.terms[k : k + TERM]) for k in rows]
        size = sum(int(self.terms[TERM * j]) + 1 for j in range(first, last))
        loc = [0.0] * (LOC * size)
        count = anchor_terms(self.terms, first, last, s, s_lo, 1.0, 1.0, loc)
        return [
            _term(*loc[k + 1 : k + 6], *loc[k + 8 : k + 10]) for k in range(0, LOC * count, LOC)
        ]

    def moved(self, p: int, t: float) -> tuple[float, float, float, list[Term]]:
        """Return value, its low part, slope and terms of piece ``p`` as seen from time ``t``."""
        v, v_lo, k = self.value[p], self.value_lo[p] if self.value_lo else 0.0, self.slope[p]
        s, s_lo = pairs.two_sum(t, -self.starts[p])
        if k != 0.0 and s != 0.0:
            rise, rise_lo = pairs.mul(s, s_lo, k, 0.0)
            v, v_lo = pairs.add(v, v_lo, rise, rise_lo)
        return v, v_lo, k, self.terms_at(p, s, s_lo)

    def at(self, t: float, left: bool = False) -> float:
        """Return the current (nA) at ``t``; ``left`` takes the side before a jump."""
        p = (bisect_left if left else bisect_right)(self.starts, t) - 1
        if p < 0:
            return 0.0
        s = t - self.starts[p]
        total = self.value[p]
        if self.slope[p] != 0.0:
            total += self.slope[p] * s
        if self.offset:
            total += terms_value(self.terms, self.offset[p], self.offset[p + 1], s)
        return total

    def at_each(self, times: array[float], left: bool = False) -> array[float]:
        """Return the current (nA) at each of the times, without NumPy."""
        for t in times:
            if not math.isfinite(t):
                raise ParameterError("t", "must be finite, in ms", t)
        return array("d", [self.at(t, left) for t in times])

    def at_many(self, t: Any, left: bool = False) -> np.ndarray:
        """Return the current (nA) at an array of times, of any shape."""
        import numpy as np

        times = number_array(t)
        flat = times.ravel()
        if not np.isfinite(flat).all():
            raise ParameterError("t", "must be finite, in ms", flat[~np.isfinite(flat)][0].item())
        starts = np.frombuffer(self.starts)
        p = np.searchsorted(starts, flat, side="left" if left else "right") - 1
        inside = p >= 0
        s = np.where(inside, flat - starts[p], 0.0) if len(self) else flat
        total = np.zeros_like(flat)
        if len(self):
            total = np.frombuffer(self.value)[p] + np.frombuffer(self.slope)[p] * s
        for q in np.unique(p[inside]).tolist() if self.offset else ():
            here = p == q
            x = s[here]
            for n, re, im, l_re, l_im, _, l_im_lo in self.terms_at(q, 0.0):
                wave: Any = re
                if l_im:
                    # As in `terms_value`, phases are products of pairs.
                    product: Any = pairs.two_prod(l_im, x)
                    turned = np.exp(1j * product[0]) * np.exp(1j * (product[1] + l_im_lo * x))
                    wave = (complex(re, im) * turned).real
                total[here] += wave * np.exp(l_re * x) * x**n
        return np.where(inside, total, 0.0).reshape(times.shape)

    def on(self, start: float, stop: float) -> Pieces:
        """Return the part on ``[start, stop]``, with a first piece that begins at ``start``.

        Kicks at either end belong to it; one at ``stop`` has a last piece of no length.
        """
        first = bisect_right(self.starts, start) - 1
        last = bisect_left(self.starts, stop)
        if last < len(self) and self.starts[last] == stop and any(self.kick(last)):
            last += 1
        if stop == start:
            last = first + 1
        if first >= 0 and self.starts[first] == start:
            if first == 0 and last == len(self):
                return self
            head: list[Any] = []
        else:
            head = [(start, *(self.moved(first, start) if first >= 0 else (0.0, 0.0, 0.0, ())))]
            first += 1
        rest = (
            (self.starts[p], *self.moved(p, self.starts[p]), self.kick(p))
            for p in range(first, max(first, last))
        )
        return Pieces.build([*head, *rest])

    def clipped(self, start: float, stop: float) -> Pieces:
        """Return the same with zero outside ``[start, stop)``."""
        if start >= stop:
            return Pieces.build([])
        inner = self
        if start > -math.inf and self.starts and self.starts[0] < start:
            inner = self.on(start, math.inf)
        if stop == math.inf or not inner.starts or inner.starts[0] >= stop:
            return inner if stop == math.inf else Pieces.build([])
        last = bisect_left(inner.starts, stop)
        kept = (
            (inner.starts[p], *inner.moved(p, inner.starts[p]), inner.kick(p)) for p in range(last)
        )
        return Pieces.build([*kept, (stop, 0.0, 0.0, 0.0, ())])

    def combined(self, other: Pieces, combine: Callable[..., Any]) -> Pieces:
        """Return ``combine`` of two normal forms, piece by piece of their common breakpoints.

        Their kicks are added up.
        """

        def walk() -> Iterator[Any]:
            nothing = (0.0, 0.0, 0.0, ())
            for t in sorted({*self.starts, *other.starts}):
                p = bisect_right(self.starts, t) - 1
                q = bisect_right(other.starts, t) - 1
                a = self.moved(p, t) if p >= 0 else nothing
                b = other.moved(q, t) if q >= 0 else nothing
                kick = NO_KICK
                if p >= 0 and self.starts[p] == t:
                    kick = self.kick(p)
                if q >= 0 and other.starts[q] == t:
                    kick = add_kicks(kick, other.kick(q))
                yield (t, *combine(a, b), kick)

        return Pieces.build(walk())


def room(pieces: int, terms: int, kicks: bool = False) -> Form:
    """Return room for so many pieces and terms, and for kicks."""
    starts, value, value_lo, slope = (array("d", bytes(8 * pieces)) for _ in range(4))
    offset = array("q", bytes(8 * (pieces + 1)))
    listed, kicked = array("d", bytes(8 * TERM * terms)), array("d", bytes(32 * pieces * kicks))
    return starts, value, value_lo, slope, offset, listed, kicked


def _term(*numbers: float) -> Term:
    n, re, im, l_re, l_im, l_re_lo, l_im_lo = numbers
    return n, re, im, l_re, l_im, l_re_lo, l_im_lo


def number(t: Any) -> float:
    """Return a time as a float, or raise a `ParameterError`."""
    try:
        if not isinstance(t, bool) and math.isfinite(t):
            return float(t)
    except OverflowError:
        pass
    raise ParameterError("t", "must be finite, in ms", t)


def number_array(t: Any) -> np.ndarray:
    """Return times as a float64 array, or raise a `ParameterError`."""
    import numpy as np

    try:
        given = np.asarray(t)
        if given.dtype.kind in "fiuO":
            return np.asarray(given, dtype=float)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ParameterError("t", "must be a number or an array of numbers in ms", t)


def add(a: Any, b: Any) -> Any:
    """Return the sum of two pieces of one start: ``(value, its low part, slope, terms)``."""
    value, value_lo = pairs.add(a[0], a[1], b[0], b[1])
    return value, value_lo, a[2] + b[2], [*a[3], *b[3]]


def add_kicks(a: Kick, b: Kick) -> Kick:
    """Return the sum of two kicks at one instant."""
    return (*pairs.add(a[0], a[1], b[0], b[1]), *pairs.add(a[2], a[3], b[2], b[3]))


def _too_many_terms() -> LimitError:
    return LimitError(
        f"the current has more than {MAX_TERMS} exponential terms: multiply or add fewer shapes"
    )


def multiply(a: Any, b: Any, factor: float) -> Any:
    """Return ``factor`` times the product of two pieces of one start; see `add`.

    Raises
    ------
    ParameterError
        If its degree is too high.
    LimitError
        If it has more than `MAX_TERMS`.
    """

    def flat(side: Any) -> list[Term]:
        polynomial = ((0.0, side[0]), (1.0, side[2]))
        return [*(_term(n, c, *[0.0] * 5) for n, c in polynomial if c), *side[3]]

    terms: list[Term] = []
    left, right = flat(a), flat(b)
    if len(left) * len(right) > MAX_TERMS:
        raise _too_many_terms()
    for n, re, im, l_re, l_im, e_re, e_im in left:
        for m, re2, im2, l_re2, l_im2, e_re2, e_im2 in right:
            if n + m > MAX_DEGREE:
                raise ParameterError(
                    "factors", f"must multiply to a degree of at most {MAX_DEGREE}", n + m
                )
            decay, decay_lo = pairs.add(l_re, e_re, l_re2, e_re2)
            # Re a Re b = (Re a b + Re a conj(b)) / 2
            for sign in (1.0, -1.0):
                if (im2 == 0.0 == l_im2) and sign < 0.0:
                    continue
                weight = 1.0 if im2 == 0.0 == l_im2 else 0.5
                c = factor * weight * complex(re, im) * complex(re2, sign * im2)
                omega, omega_lo = pairs.add(l_im, e_im, sign * l_im2, sign * e_im2)
                terms.append((n + m, c.real, c.imag, decay, omega, decay_lo, omega_lo))
    return 0.0, 0.0, 0.0, terms
