"""The input current: a recipe of parts, and the normal form that the solvers read.

The recipe is what a user wrote: parts, added up, never merged, reordered or dropped, so that
``current.0`` stays what it is.  The normal form is a piecewise exponential polynomial: on each
piece ``I(s) = value + slope s + Re sum_k c_k s^n_k exp(l_k s)``, s from the start of the piece.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex, overload

from .errors import ParameterError, unknown_name
from .kernels import pairs
from .kernels.membrane import LOC, TERM, anchor_terms, terms_value
from .kernels.moments import MAX_DEGREE
from .parameter import LARGEST, Described, check_fields, described, parameters, quantity

if TYPE_CHECKING:
    import numpy as np

# One term: degree, coefficient (re, im), exponent (re, im), low parts of the exponent (re, im).
Term = tuple[float, float, float, float, float, float, float]
_Kind = tuple[float, float, float, float, float]


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
    """

    starts: array[float]
    value: array[float]
    slope: array[float]
    value_lo: array[float]
    offset: array[int]
    terms: array[float]

    @classmethod
    def build(cls, pieces: Iterable[tuple[float, float, float, float, Sequence[Term]]]) -> Pieces:
        """Build from ``(start, value, value_lo, slope, terms)``; equal terms are merged."""
        starts, value, slope = array("d"), array("d"), array("d")
        value_lo, offset, terms = array("d"), array("q", [0]), array("d")
        for start, v, v_lo, k, listed in pieces:
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
        return cls(
            starts,
            value,
            slope,
            value_lo if any(value_lo) else array("d"),
            offset if terms else array("q"),
            terms,
        )

    def __len__(self) -> int:
        return len(self.starts)

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
        """Return the part on ``[start, stop]``, with a first piece that begins at ``start``."""
        first = bisect_right(self.starts, start) - 1
        last = bisect_left(self.starts, stop)
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
            (self.starts[p], *self.moved(p, self.starts[p])) for p in range(first, max(first, last))
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
        kept = ((inner.starts[p], *inner.moved(p, inner.starts[p])) for p in range(last))
        return Pieces.build([*kept, (stop, 0.0, 0.0, 0.0, ())])

    def combined(self, other: Pieces, combine: Callable[..., Any]) -> Pieces:
        """Return ``combine`` of two normal forms, piece by piece of their common breakpoints."""

        def walk() -> Iterator[Any]:
            nothing = (0.0, 0.0, 0.0, ())
            for t in sorted({*self.starts, *other.starts}):
                p = bisect_right(self.starts, t) - 1
                q = bisect_right(other.starts, t) - 1
                a = self.moved(p, t) if p >= 0 else nothing
                b = other.moved(q, t) if q >= 0 else nothing
                yield (t, *combine(a, b))

        return Pieces.build(walk())


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


def _sum(a: Any, b: Any) -> Any:
    value, value_lo = pairs.add(a[0], a[1], b[0], b[1])
    return value, value_lo, a[2] + b[2], [*a[3], *b[3]]


def _product(a: Any, b: Any, factor: float) -> Any:
    def flat(side: Any) -> list[Term]:
        polynomial = ((0.0, side[0]), (1.0, side[2]))
        return [*(_term(n, c, *[0.0] * 5) for n, c in polynomial if c), *side[3]]

    terms: list[Term] = []
    for n, re, im, l_re, l_im, e_re, e_im in flat(a):
        for m, re2, im2, l_re2, l_im2, e_re2, e_im2 in flat(b):
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


@described
class Part(Described):
    """One part of a current. Abstract; subclasses are final and hold a shape's parameters.

    Attributes
    ----------
    start : float
        The part's own time zero (ms): a sine's phase, a decay's peak. Zero before it.
    stop : float, optional
        The part is zero from here on (ms).
    window : (float, float), optional
        Zero outside, while the part's clock goes on (ms).
    name : str, optional
        A name for paths: ``current.drive.amplitude``.
    """

    start: float = quantity("ms", "time at which the part begins", default=0.0)
    stop: float | None = quantity(
        "ms", "time from which the part is zero", default=None, optional=True
    )
    window: tuple[float, float] | None = None
    name: str | None = None

    @property
    def kind(self) -> str:
        """The shape's name, as in files."""
        return type(self).__name__.lower()

    @property
    def linear(self) -> str:
        """The parameter to which the current is proportional."""
        return "amplitude"

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        raise NotImplementedError

    def pieces(self) -> Pieces:
        """Return the part's normal form."""
        low, high = self.window or (-math.inf, math.inf)
        stop = math.inf if self.stop is None else self.stop
        return self.shape().clipped(max(low, self.start), min(stop, high))

    def scaled(self, factor: float) -> Part:
        """Return the part scaled by a number."""
        return dataclasses.replace(self, **{self.linear: factor * getattr(self, self.linear)})

    def delayed(self, by: float) -> Part:
        """Return the part shifted in time by ``by`` ms."""
        return dataclasses.replace(
            self,
            start=self.start + by,
            stop=None if self.stop is None else self.stop + by,
            window=None if self.window is None else (self.window[0] + by, self.window[1] + by),
        )

    def cut(self, start: float, stop: float) -> Part:
        """Return the part with its window intersected with ``[start, stop)``."""
        low, high = self.window or (start, stop)
        low, high = max(low, start), min(high, stop)
        return dataclasses.replace(self, window=(low, max(low, high)))

    def to_dict(self) -> dict[str, Any]:
        """Return the part as a dict of plain values; what is at its default is left out."""
        data: dict[str, Any] = {"kind": self.kind}
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            if f.name in _COMMON and value == f.default:
                continue
            if isinstance(value, (array, tuple)):
                value = [v.to_dicts() if isinstance(v, Current) else v for v in value]
            data[f.name] = value
        return dict(sorted(data.items(), key=lambda item: item[0] in _COMMON))

    def __post_init__(self) -> None:
        check_fields(self)
        if self.stop is not None and self.stop < self.start:
            raise ParameterError("stop", f"must be >= start = {self.start:g} ms", self.stop)
        if self.window is not None:
            window = self.window
            if not isinstance(window, (list, tuple)) or len(window) != 2:
                raise ParameterError("window", "must be a pair of times in ms", window)
            clock = parameters(Part)["start"]
            low, high = (clock.check(w, "window") for w in window)
            if high < low:
                raise ParameterError("window", "must end no earlier than it begins, ms", window)
            object.__setattr__(self, "window", (low, high))
        if self.name is not None and not (
            isinstance(self.name, str) and self.name.isidentifier() and len(self.name) <= 100
        ):
            raise ParameterError(
                "name", "must be a word of letters, digits and _, at most 100", self.name
            )


_COMMON = ("start", "stop", "window", "name")


def _amplitude() -> Any:
    return quantity("nA", "amplitude", symbol="I", display="pA")


@described
class Constant(Part):
    """``amplitude``"""

    amplitude: float = _amplitude()

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        return Pieces.build([(self.start, self.amplitude, 0.0, 0.0, ())])


@described
class Step(Part):
    """``amplitude``, from ``start`` until ``stop``"""

    amplitude: float = _amplitude()

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        return Pieces.build([(self.start, self.amplitude, 0.0, 0.0, ())])


@described
class Ramp(Part):
    """``slope (t - start)``"""

    slope: float = quantity("nA/ms", "slope", symbol="k")

    @property
    def linear(self) -> str:
        """The parameter to which the current is proportional."""
        return "slope"

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        return Pieces.build([(self.start, 0.0, 0.0, self.slope, ())])


# 2 pi / 1000 (rad/ms per Hz) as a pair.
_OMEGA = (0.006283185307179587, -1.3670980488542693e-19)


@described
class Sine(Part):
    """``amplitude sin(2 pi frequency (t - start) + phase)``, frequency in Hz, phase in rad"""

    amplitude: float = _amplitude()
    frequency: float = quantity("Hz", "frequency", symbol="f", minimum=0.0, maximum=1e9)
    phase: float = quantity("rad", "phase at the start", symbol="phi", default=0.0)

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        # Slower than this, and pairs would underflow, it stands still.
        frequency = self.frequency if self.frequency > 1e-200 else 0.0
        omega, omega_lo = pairs.mul(*_OMEGA, frequency, 0.0)
        re = self.amplitude * math.sin(self.phase)
        im = -self.amplitude * math.cos(self.phase)
        term = (0.0, re, im, 0.0, omega, 0.0, omega_lo)
        return Pieces.build([(self.start, 0.0, 0.0, 0.0, [term])])


def _rate(tau: float) -> tuple[float, float]:
    return pairs.div(-1.0, 0.0, tau, 0.0)


@described
class Decay(Part):
    """``amplitude exp(-(t - start) / tau)``"""

    amplitude: float = _amplitude()
    tau: float = quantity("ms", "time constant", symbol="tau", positive=True, least=1e-9)

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        rate, rate_lo = _rate(self.tau)
        term = (0.0, self.amplitude, 0.0, rate, 0.0, rate_lo, 0.0)
        return Pieces.build([(self.start, 0.0, 0.0, 0.0, [term])])


@described
class Alpha(Part):
    """``amplitude (s/tau) exp(1 - s/tau)`` with s = t - start; its peak is at ``start + tau``"""

    amplitude: float = _amplitude()
    tau: float = quantity("ms", "time to the peak", symbol="tau", positive=True, least=1e-9)

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        rate, rate_lo = _rate(self.tau)
        term = (1.0, self.amplitude * (math.e / self.tau), 0.0, rate, 0.0, rate_lo, 0.0)
        return Pieces.build([(self.start, 0.0, 0.0, 0.0, [term])])


@described
class Sampled(Part):
    """``values`` at ``start + times``: joined by lines ("linear"), or each held until the next

    ("hold": a DAC's meaning, Brian2's and NEST's; needs ``stop``). Zero outside.
    """

    times: array[float] = dataclasses.field()
    values: array[float] = dataclasses.field()
    interpolation: str = "linear"
    factor: float = quantity("", "multiplies the values", default=1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, unit in (("times", "ms"), ("values", "nA")):
            object.__setattr__(self, name, _samples(getattr(self, name), name, unit))
        if len(self.times) != len(self.values):
            raise ParameterError(
                "values",
                f"must have as many entries as times ({len(self.times)})",
                len(self.values),
            )
        for k in range(1, len(self.times)):
            if not self.times[k] > self.times[k - 1]:
                raise ParameterError(
                    "times",
                    f"must increase, ms: entry {k} does not exceed the one before it, "
                    f"{self.times[k - 1]:g}",
                    self.times[k],
                    "Sort the samples and drop repeated times.",
                )
        shifted = [self.start + t for t in self.times] if self.start else self.times
        if any(b <= a for a, b in itertools.pairwise(shifted)):
            raise ParameterError(
                "start",
                "must leave the samples apart: it is too large for their spacing, ms",
                self.start,
            )
        least = {"linear": 2, "hold": 1}.get(str(self.interpolation))
        if least is None:
            raise unknown_name(
                "interpolation", "an interpolation", self.interpolation, ("linear", "hold")
            )
        if len(self.times) < least:
            raise ParameterError("times", f"must have at least {least} entries", len(self.times))
        if least == 1 and self.stop is None:
            raise ParameterError(
                "stop", 'is missing: interpolation "hold" needs the end of the last sample, ms'
            )

    @property
    def linear(self) -> str:
        """The parameter to which the current is proportional."""
        return "factor"

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        n = len(self.times)
        starts = array("d", [self.start + t for t in self.times]) if self.start else self.times
        value = array("d", [self.factor * v for v in self.values])
        slope = array("d", bytes(8 * n))
        if self.interpolation == "linear":
            for k in range(n - 1):
                slope[k] = (value[k + 1] - value[k]) / (self.times[k + 1] - self.times[k])
            value[n - 1] = 0.0
        return Pieces(starts, value, slope, array("d"), array("q"), array("d"))


def _samples(given: Any, name: str, unit: str) -> array[float]:
    # A copy: a frozen part must not change with the caller's array.
    if getattr(given, "ndim", 1) != 1:
        raise ParameterError(name, f"must be one-dimensional, in {unit}", given)
    try:
        if isinstance(given, (str, bytes)):
            raise TypeError
        if not isinstance(given, array) and any(isinstance(v, (bool, str)) for v in given):
            raise TypeError
        samples = array("d", given)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(name, f"must be a list of numbers in {unit}", given) from None
    for k, v in enumerate(samples):
        if not -LARGEST <= v <= LARGEST:
            raise ParameterError(name, f"must be finite numbers in {unit}; entry {k} is not", v)
    return samples


@described
class Product(Part):
    """``factor`` times the product of two currents, ``factors``.

    Their clocks begin at ``start``, which does not cut them: a factor may begin before it.
    """

    factors: tuple[Current, Current] = dataclasses.field()
    factor: float = quantity("1/nA", "multiplies the product", default=1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        factors = self.factors
        if not isinstance(factors, (list, tuple)) or len(factors) != 2:
            raise ParameterError("factors", "must be two currents (lists of parts)", factors)
        built = [
            f if isinstance(f, Current) else _numbered(f"factors.{k}", f)
            for k, f in enumerate(factors)
        ]
        object.__setattr__(self, "factors", tuple(built))
        self.shape()

    @property
    def linear(self) -> str:
        """The parameter to which the current is proportional."""
        return "factor"

    def pieces(self) -> Pieces:
        """Return the part's normal form."""
        low, high = self.window or (-math.inf, math.inf)
        stop = math.inf if self.stop is None else self.stop
        return self.shape().clipped(low, min(stop, high))

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        a, b = (factor.normal_form for factor in self.factors)
        form = a.combined(b, functools.partial(_product, factor=self.factor))
        if self.start == 0.0:
            return form
        starts = [t + self.start for t in form.starts]
        # Of steps that fall together when they are moved, the last one holds.
        kept = (p for p in range(len(form)) if starts[p : p + 2] != [starts[p]] * 2)
        return Pieces.build((starts[p], *form.moved(p, form.starts[p])) for p in kept)


def _numbered(path: str, data: Any) -> Current:
    try:
        return current_from_dicts(data)
    except ParameterError as error:
        # The inner path begins with "current", which is this factor.
        inner = error.path.partition(".")[2]
        raise type(error)(
            f"{path}.{inner}" if inner else path, error.rule, error.value, error.cure
        ) from None


@dataclasses.dataclass(frozen=True)
class Current:
    """An input current: parts, added up. Compared by its recipe; see also `equivalent`.

    Made by `constant`, `step`, `ramp`, `sine`, `decay`, `alpha` and `sampled`, and from these by
    ``+``, ``-``, ``*``, `delayed` and `window`.

    Attributes
    ----------
    parts : tuple of Part
        The recipe.
    """

    parts: tuple[Part, ...] = ()

    # So that `array * current` is refused, instead of an array of currents.
    __array_ufunc__ = None

    @functools.cached_property
    def normal_form(self) -> Pieces:
        """The piecewise exponential polynomial that the solvers read."""
        forms = [part.pieces() for part in self.parts]
        if not forms:
            return Pieces.build([(0.0, 0.0, 0.0, 0.0, ())])
        while len(forms) > 1:
            # Pairwise, so that many parts cost n log n.
            pairwise = [a.combined(b, _sum) for a, b in zip(forms[::2], forms[1::2], strict=False)]
            forms = pairwise + ([forms[-1]] if len(forms) % 2 else [])
        return forms[0]

    @property
    def deterministic(self) -> Pieces:
        """The normal form of all parts that are not random."""
        return self.normal_form

    @overload
    def __call__(self, t: float, left: bool = False) -> float: ...
    @overload
    def __call__(self, t: array[float], left: bool = False) -> array[float]: ...
    @overload
    def __call__(self, t: np.ndarray, left: bool = False) -> np.ndarray: ...

    def __call__(self, t: Any, left: bool = False) -> Any:
        """Return the current at ``t``.

        Parameters
        ----------
        t : float or array
            Times (ms).
        left : bool
            At a jump, take the side before it.

        Returns
        -------
        float or ndarray
            nA, of the shape of ``t``; an ``array('d')`` comes back as one, without NumPy.
        """
        form = self.normal_form
        if isinstance(t, (int, float)):
            return form.at(number(t), left)
        if isinstance(t, array):
            return array("d", [self(s, left) for s in t])
        return form.at_many(t, left)

    def __add__(self, other: Current) -> Current:
        if not isinstance(other, Current):
            return NotImplemented
        return Current((*self.parts, *other.parts))

    def __radd__(self, other: Any) -> Current:
        # So that sum([...]) works.
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def __sub__(self, other: Current) -> Current:
        return self + -other if isinstance(other, Current) else NotImplemented

    def __neg__(self) -> Current:
        return self * -1.0

    def __mul__(self, factor: float | Current) -> Current:
        if isinstance(factor, Current):
            return Current((Product(factors=(self, factor)),))
        if isinstance(factor, bool) or not isinstance(factor, (SupportsFloat, SupportsIndex)):
            return NotImplemented
        return Current(tuple(part.scaled(float(factor)) for part in self.parts))

    def __rmul__(self, factor: float) -> Current:
        return self * factor

    def delayed(self, by: float) -> Current:
        """Return the current shifted in time.

        Parameters
        ----------
        by : float
            ms.
        """
        shift = parameters(Part)["start"].check(by, "by")
        return Current(tuple(part.delayed(shift) for part in self.parts))

    def window(self, start: float, stop: float) -> Current:
        """Return the current with zero outside ``[start, stop)``; its clocks go on.

        Parameters
        ----------
        start, stop : float
            ms.
        """
        clock = parameters(Part)["start"]
        low, high = clock.check(start, "start"), clock.check(stop, "stop")
        if high < low:
            raise ParameterError("stop", f"must be >= start = {low:g} ms", stop)
        return Current(tuple(part.cut(low, high) for part in self.parts))

    def equivalent(self, other: Current, tolerance: float = 1e-12) -> bool:
        """Return whether two recipes make the same current.

        Parameters
        ----------
        other : Current
        tolerance : float
            Of coefficients, relative to the largest one of the piece.
        """
        difference = (self - other).normal_form
        sum_of_both = self.normal_form.combined(other.normal_form, _sum)
        for p in range(len(difference)):
            v, _, k, terms = difference.moved(p, difference.starts[p])
            left = max([abs(v), abs(k), *(abs(complex(t[1], t[2])) for t in terms)])
            q = bisect_right(sum_of_both.starts, difference.starts[p]) - 1
            v, _, k, terms = sum_of_both.moved(q, sum_of_both.starts[q])
            size = max([abs(v), abs(k), *(abs(complex(t[1], t[2])) for t in terms)])
            if left > tolerance * max(size, 1e-300) and left > 0.0:
                return False
        return True

    def onset(self) -> float:
        """Return when the current is first not zero (ms, at least 0); infinity if never."""
        form = self.normal_form
        for p in range(len(form)):
            ends = form.starts[p + 1] if p + 1 < len(form) else math.inf
            if ends > 0.0 and (form.value[p] or form.slope[p] or form.terms_at(p, 0.0)):
                return max(0.0, form.starts[p])
        return math.inf

    def check_names(self) -> None:
        """Raise a `ParameterError` if two parts have one name: a path could mean either."""
        seen: set[str] = set()
        for part in self.parts:
            if part.name in seen:
                raise ParameterError("current", "must have parts of different names", part.name)
            if part.name is not None:
                seen.add(part.name)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the recipe as a list of dicts of plain values."""
        return [part.to_dict() for part in self.parts]


def kinds() -> dict[str, type[Part]]:
    """Return every shape of current by its name in files."""
    return {cls.__name__.lower(): cls for cls in Part.__subclasses__()}


def current_from_dicts(data: Any) -> Current:
    """Build a current from a list of ``{"kind": ..., parameters}``.

    Raises
    ------
    ParameterError
        With the path of the offending value, such as ``current.1.tau``.
    """
    if not isinstance(data, (list, tuple)):
        raise ParameterError("current", "must be a list of parts with `kind`", data)
    parts = []
    for k, entry in enumerate(data):
        path = f"current.{k}"
        if not isinstance(entry, dict):
            raise ParameterError(path, "must be a table with `kind` and parameters", entry)
        kind = entry.get("kind", ...)
        if kind is ...:
            raise ParameterError(f"{path}.kind", f"is missing. Known: {', '.join(kinds())}")
        cls = kinds().get(kind) if isinstance(kind, str) else None
        if cls is None:
            raise unknown_name(f"{path}.kind", "a kind of current", kind, kinds())
        try:
            parts.append(cls(**{str(n): v for n, v in entry.items() if n != "kind"}))
        except ParameterError as error:
            raise error.knowing("kind").within(path) from None
        except RecursionError:
            raise ParameterError(path, "must not nest products so deeply") from None
    current = Current(tuple(parts))
    current.check_names()
    return current


def constant(amplitude: float, **common: Any) -> Current:
    """Return a constant current.

    Parameters
    ----------
    amplitude : float
        nA.
    **common
        ``start=``, ``stop=``, ``window=`` (ms) and ``name=``, as for every shape (see `Part`).
    """
    return Current((Constant(amplitude=amplitude, **common),))


def step(amplitude: float, start: float, stop: float, **common: Any) -> Current:
    """Return a current that is ``amplitude`` on ``[start, stop)`` and 0 outside.

    Parameters
    ----------
    amplitude : float
        nA.
    start, stop : float
        ms.
    **common
        ``window=`` and ``name=`` (see `Part`).
    """
    return Current((Step(amplitude=amplitude, start=start, stop=stop, **common),))


def ramp(slope: float, start: float = 0.0, stop: float | None = None, **common: Any) -> Current:
    """Return the current ``slope (t - start)`` from ``start`` until ``stop``.

    Parameters
    ----------
    slope : float
        nA/ms.
    start, stop : float
        ms; without ``stop`` it has no end.
    **common
        ``window=`` and ``name=`` (see `Part`).
    """
    return Current((Ramp(slope=slope, start=start, stop=stop, **common),))


def sine(amplitude: float, frequency: float, phase: float = 0.0, **common: Any) -> Current:
    """Return the current ``amplitude sin(2 pi frequency (t - start) + phase)``.

    Parameters
    ----------
    amplitude : float
        nA.
    frequency : float
        Hz.
    phase : float
        rad.
    **common
        ``start=``, ``stop=``, ``window=`` and ``name=`` (see `Part`).
    """
    return Current((Sine(amplitude=amplitude, frequency=frequency, phase=phase, **common),))


def decay(amplitude: float, tau: float, start: float = 0.0, **common: Any) -> Current:
    """Return the current ``amplitude exp(-(t - start)/tau)`` from ``start`` on.

    Parameters
    ----------
    amplitude : float
        nA.
    tau, start : float
        ms.
    **common
        ``stop=``, ``window=`` and ``name=`` (see `Part`).
    """
    return Current((Decay(amplitude=amplitude, tau=tau, start=start, **common),))


def alpha(amplitude: float, tau: float, start: float = 0.0, **common: Any) -> Current:
    """Return an alpha function: ``amplitude (s/tau) exp(1 - s/tau)`` with s = t - start.

    Parameters
    ----------
    amplitude : float
        Its peak, at ``start + tau`` (nA).
    tau, start : float
        ms.
    **common
        ``stop=``, ``window=`` and ``name=`` (see `Part`).
    """
    return Current((Alpha(amplitude=amplitude, tau=tau, start=start, **common),))


def sampled(
    times: Sequence[float],
    values: Sequence[float],
    interpolation: str = "linear",
    **common: Any,
) -> Current:
    """Return a current given by samples.

    Parameters
    ----------
    times : array_like, shape (n,)
        ms, increasing, relative to ``start``.
    values : array_like, shape (n,)
        nA.
    interpolation : {"linear", "hold"}
        Lines between the samples, or each value held until the next ("hold" needs ``stop=``).
    **common
        ``start=``, ``stop=``, ``window=`` and ``name=`` (see `Part`).
    """
    # Sampled copies what it is given into arrays.
    given: Any = {"times": times, "values": values}
    return Current((Sampled(**given, interpolation=interpolation, **common),))
