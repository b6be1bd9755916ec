"""The input current: a recipe of parts, their algebra, and the functions that make them.

The recipe is what a user wrote: parts, added up, never merged, reordered or dropped, so that
``current.0`` stays what it is.  The normal form (`lapicque.pieces`) is derived from it.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from array import array
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex, overload

from . import fit
from .errors import LimitError, ParameterError, unknown_name
from .kernels import shapes
from .kernels.membrane import TERM
from .kernels.moments import MAX_DEGREE
from .kernels.shapes import MAX_CYCLES, MAX_PERIODS
from .parameter import (
    LARGEST,
    SMALLEST,
    Described,
    Parameter,
    check_fields,
    described,
    parameters,
    quantity,
)
from .pieces import NO_KICK, Pieces, Term, add, multiply, number, room

if TYPE_CHECKING:
    import numpy as np


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

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        raise NotImplementedError

    def raw(self) -> array[float]:
        """Return the numbers that `lapicque.kernels.shapes` reads."""
        own = [getattr(self, name) or 0.0 for name in [*parameters(type(self))][2:]]
        stop = math.inf if self.stop is None else self.stop
        return array("d", [self.start, stop, *(self.window or (-math.inf, math.inf)), *own])

    def span(self) -> tuple[float, float]:
        """Return where the part may be other than zero."""
        return shapes.span(self.code, self.raw(), 0)

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        raw, times = self.raw(), getattr(self, "times", _NOTHING)
        count, terms = shapes.room(self.code, raw, 0, len(times))
        if count == shapes.TOO_MANY:
            begin, end = self.span()
            name = "frequency" if self.code == shapes.SQUARE else "period"
            raise LimitError(
                f"'{name}' makes more than {MAX_PERIODS} periods from {begin:g} to {end:g} ms: "
                "shorten them with stop= or window=, or make the period longer.",
                name,
                also=("stop",),
            )
        form = room(count, terms, self.code == shapes.KICKS)
        table = fit.table(shapes.POINTS) if self.code == shapes.CHIRP else _NOTHING
        count = shapes.build(self.code, raw, 0, times, 0, len(times), table, 0, *form)
        return Pieces.taken(form, 0, count)

    def given(self) -> Pieces:
        """Return the normal form for start 0 and factor 1, where it is no formula's."""
        return Pieces.build([])

    def pieces(self) -> Pieces:
        """Return the part's normal form."""
        return self.shape().clipped(*self.span())

    def doubtful(self, of: Mapping[str, Any]) -> Any:
        """Return whether values together may break a rule; the constructor and `shape` decide.

        Parameters
        ----------
        of : dict
            A number or an array, row by row, for each parameter; infinity for no ``stop``.
        """
        return of["stop"] < of["start"]

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
            if value is None or (f.name in _COMMON and value == f.default):
                continue
            if isinstance(value, (array, tuple)):
                value = [_plain(v) for v in value]
            data[f.name] = value
        return dict(sorted(data.items(), key=lambda item: item[0] in _COMMON))

    def __post_init__(self) -> None:
        check_fields(self)
        if self.stop is not None and self.stop < self.start:
            rule = f"must be >= start = {self.start:g} ms"
            raise ParameterError("stop", rule, self.stop, also=("start",))
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


_NOTHING = array("d")


def _plain(value: Any) -> Any:
    if isinstance(value, Current):
        return value.to_dicts()
    return list(value) if isinstance(value, tuple) else value


_COMMON = ("start", "stop", "window", "name")


def _amplitude() -> Any:
    return quantity("nA", "amplitude", symbol="I", display="pA")


@described
class Constant(Part):
    """``amplitude``"""

    amplitude: float = _amplitude()

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.CONSTANT


@described
class Step(Part):
    """``amplitude``, from ``start`` until ``stop``"""

    amplitude: float = _amplitude()

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.CONSTANT


@described
class Ramp(Part):
    """``slope (t - start)``"""

    slope: float = quantity("nA/ms", "slope", symbol="k")

    @property
    def linear(self) -> str:
        """The parameter to which the current is proportional."""
        return "slope"

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.RAMP


@described
class Sine(Part):
    """``amplitude sin(2 pi frequency (t - start) + phase)``, frequency in Hz, phase in rad"""

    amplitude: float = _amplitude()
    frequency: float = quantity("Hz", "frequency", symbol="f", minimum=0.0, maximum=1e9)
    phase: float = quantity("rad", "phase at the start", symbol="phi", default=0.0)

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.SINE


@described
class Decay(Part):
    """``amplitude exp(-(t - start) / tau)``"""

    amplitude: float = _amplitude()
    tau: float = quantity("ms", "time constant", symbol="tau", positive=True, least=1e-9)

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.DECAY


@described
class Alpha(Part):
    """``amplitude (s/tau) exp(1 - s/tau)`` with s = t - start; its peak is at ``start + tau``"""

    amplitude: float = _amplitude()
    tau: float = quantity("ms", "time to the peak", symbol="tau", positive=True, least=1e-9)

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.ALPHA


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

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.FIXED

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        return self._form(self.start, self.factor)

    def given(self) -> Pieces:
        """Return the normal form for start 0 and factor 1."""
        return self._form(0.0, 1.0)

    def _form(self, start: float, factor: float) -> Pieces:
        n = len(self.times)
        starts = array("d", [start + t for t in self.times]) if start else self.times
        value = array("d", [factor * v for v in self.values])
        slope = array("d", bytes(8 * n))
        if self.interpolation == "linear":
            for k in range(n - 1):
                rise = self.values[k + 1] - self.values[k]
                slope[k] = factor * (rise / (self.times[k + 1] - self.times[k]))
            value[n - 1] = 0.0
        return Pieces(starts, value, slope, array("d"), array("q"), array("d"))

    def doubtful(self, of: Mapping[str, Any]) -> Any:
        """Return whether values together may break a rule; see `Part.doubtful`."""
        endless = (self.interpolation == "hold") & (of["stop"] == math.inf)
        return super().doubtful(of) | _too_close(self.times, of) | endless


def _too_close(times: array[float], of: Mapping[str, Any]) -> Any:
    # Whether a start may be so large that times fall together.
    gap = min((b - a for a, b in itertools.pairwise(times)), default=math.inf)
    return (abs(of["start"]) + max(-times[0], times[-1])) * 2.0**-51 > gap


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


def _arrivals(given: Any) -> array[float]:
    times = _samples(given, "times", "ms")
    for k in range(1, len(times)):
        if not times[k] >= times[k - 1]:
            raise ParameterError(
                "times",
                f"must not decrease, ms: entry {k} comes before the one before it, "
                f"{times[k - 1]:g}",
                times[k],
                "Sort the spike times.",
            )
    return times


@described
class Synapses(Part):
    """``amplitude k(t - start - times[j])``, added up over the presynaptic spikes ``times``

    A spike's current is ``k(s) = exp(-s/tau)`` ("exponential") or ``(s/tau) exp(1 - s/tau)``
    ("alpha") from the spike on; its peak is ``amplitude``.
    """

    times: array[float] = dataclasses.field()
    amplitude: float = quantity("nA", "peak of one spike's current", symbol="I", display="pA")
    tau: float = quantity(
        "ms", "synaptic time constant", symbol="tau_syn", positive=True, least=1e-9
    )
    kernel: str = "exponential"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "times", _arrivals(self.times))
        if self.kernel not in ("exponential", "alpha"):
            raise unknown_name("kernel", "a kernel", self.kernel, ("exponential", "alpha"))

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.ALPHA_SYNAPSES if self.kernel == "alpha" else shapes.SYNAPSES


@described
class Kicks(Part):
    """V jumps by ``jump``, or by ``charge / C_m``, at ``start + times[j]``: delta synapses

    Their current is ``charge`` times a delta function at each of the times, and 0 between them.
    """

    times: array[float] = dataclasses.field()
    jump: float | None = quantity(
        "mV", "jump of V at one spike", default=None, symbol="J", optional=True
    )
    charge: float | None = quantity(
        "pC", "charge of one spike", default=None, symbol="Q", optional=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "times", _arrivals(self.times))
        if (self.jump is None) == (self.charge is None):
            rule = "is missing: kicks need a jump (mV) or a charge (pC)"
            if self.charge is not None:
                rule = f"must be left out where charge = {self.charge:g} pC is given, mV"
            cure = "Give one of the two: V jumps by jump, or by charge/C_m."
            given = ... if self.jump is None else self.jump
            raise ParameterError("jump", rule, given, cure, also=("charge",))

    @property
    def linear(self) -> str:
        """The parameter to which the current is proportional."""
        return "charge" if self.jump is None else "jump"

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.KICKS

    def doubtful(self, of: Mapping[str, Any]) -> Any:
        """Return whether values together may break a rule; see `Part.doubtful`."""
        given = (of["jump"] == of["jump"]) & (of["charge"] == of["charge"])
        return super().doubtful(of) | given


def _too_long(part: Part, of: Mapping[str, Any], period: Any, count: float) -> Any:
    # Within a few periods of the limit, or without an end.
    import numpy as np

    low, high = part.window or (-math.inf, math.inf)
    length = np.minimum(of["stop"], high) - np.maximum(of["start"], low)
    return np.minimum(length / period, count) > MAX_PERIODS - 8


@described
class Square(Part):
    """``amplitude`` for the share ``duty`` of each period, then ``-amplitude``: a square wave"""

    amplitude: float = _amplitude()
    frequency: float = quantity(
        "Hz", "frequency", symbol="f", positive=True, least=1e-9, maximum=1e9
    )
    duty: float = quantity("", "share of the period", default=0.5, minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.span()[1] == math.inf:
            raise ParameterError(
                "stop", "is missing: a square wave needs an end, ms", cure="Give stop= or window=."
            )

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.SQUARE

    def doubtful(self, of: Mapping[str, Any]) -> Any:
        """Return whether values together may break a rule; see `Part.doubtful`."""
        period = 1000.0 / of["frequency"]
        return super().doubtful(of) | _too_long(self, of, period, math.inf)


@described
class Pulses(Part):
    """``amplitude`` for ``width`` from ``start + k period`` on, k = 0 ... count - 1; else 0"""

    amplitude: float = _amplitude()
    width: float = quantity("ms", "duration of a pulse", minimum=0.0)
    period: float = quantity(
        "ms", "time from pulse to pulse", symbol="T", positive=True, least=1e-6
    )
    count: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width > self.period:
            rule = f"must be at most period = {self.period:g} ms"
            cure = "Pulses do not overlap."
            raise ParameterError("width", rule, self.width, cure, also=("period",))
        count = self.count
        if count is None:
            if self.span()[1] == math.inf:
                cure = "Give count=, stop= or window=."
                raise ParameterError("count", "is missing: pulses need an end", cure=cure)
        elif isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ParameterError("count", "must be a whole number >= 0", count)

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.PULSES

    def raw(self) -> array[float]:
        """Return the numbers that `lapicque.kernels.shapes` reads."""
        return super().raw() + array("d", [math.inf if self.count is None else self.count])

    def doubtful(self, of: Mapping[str, Any]) -> Any:
        """Return whether values together may break a rule; see `Part.doubtful`."""
        count = self.raw()[-1]
        wrong = super().doubtful(of) | (of["width"] > of["period"])
        return wrong | _too_long(self, of, of["period"], count)


@described
class Chirp(Part):
    """``amplitude sin(2 pi (f_start s + (f_stop - f_start) s^2 / (2 duration)) + phase)``

    with s = t - start, for ``duration`` from ``start`` on; then 0.  Frequencies are in Hz, phases
    in rad.  The normal form is off by at most 2e-13 of the amplitude.
    """

    amplitude: float = _amplitude()
    f_start: float = quantity(
        "Hz", "frequency at the start", symbol="f_0", minimum=0.0, maximum=1e9
    )
    f_stop: float = quantity("Hz", "frequency at the end", symbol="f_1", minimum=0.0, maximum=1e9)
    duration: float = quantity("ms", "duration", symbol="T", positive=True, least=1e-9)
    phase: float = quantity("rad", "phase at the start", symbol="phi", default=0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if shapes.cycles(self.f_start, self.f_stop, self.duration) > MAX_CYCLES:
            raise LimitError(
                f"'duration' makes more than {MAX_CYCLES} cycles of this chirp: shorten it, or "
                "lower its frequencies.",
                "duration",
                also=("f_start", "f_stop"),
            )

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.CHIRP

    def doubtful(self, of: Mapping[str, Any]) -> Any:
        """Return whether values together may break a rule; see `Part.doubtful`."""
        cycles = shapes.cycles(of["f_start"], of["f_stop"], of["duration"])
        return super().doubtful(of) | (cycles > MAX_CYCLES)


def _powers(coefficients: Sequence[float]) -> list[Term]:
    return [(float(n), c, 0.0, 0.0, 0.0, 0.0, 0.0) for n, c in enumerate(coefficients) if c]


@described
class Polynomial(Part):
    """``factor sum_k coefficients[j][k] (s - edges[j])^k`` on ``[edges[j], edges[j + 1])``

    with s = t - start; zero outside.  Degrees up to 12.  ``error`` (nA) says how far it is from the
    function that it was made of, before ``factor``: the largest difference that was seen.
    """

    edges: array[float] = dataclasses.field()
    coefficients: tuple[tuple[float, ...], ...] = dataclasses.field()
    factor: float = quantity("", "multiplies the values", default=1.0)
    error: float = quantity("nA", "largest error of the fit", default=0.0, minimum=0.0, stated=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "edges", _samples(self.edges, "edges", "ms"))
        given = self.coefficients
        if not isinstance(given, (list, tuple)):
            raise ParameterError("coefficients", "must be a list of lists, in nA/ms^k", given)
        rows = tuple(
            tuple(_samples(row, f"coefficients.{j}", "nA/ms^k")) for j, row in enumerate(given)
        )
        object.__setattr__(self, "coefficients", rows)
        for j, row in enumerate(rows):
            if not 1 <= len(row) <= MAX_DEGREE + 1:
                rule = (
                    f"must have 1 to {MAX_DEGREE + 1} entries, of a degree of at most {MAX_DEGREE}"
                )
                raise ParameterError(f"coefficients.{j}", rule, len(row))
        if len(self.edges) != len(rows) + 1 or not rows:
            rule = f"must have one entry more than coefficients ({len(rows)}), and at least 2"
            raise ParameterError("edges", rule, len(self.edges), also=("coefficients",))
        shifted = [self.start + t for t in self.edges]
        for k in range(1, len(shifted)):
            if not shifted[k] > shifted[k - 1]:
                rule = f"must increase, ms: entry {k} does not exceed the one before it"
                raise ParameterError("edges", rule, self.edges[k])

    @property
    def linear(self) -> str:
        """The parameter to which the current is proportional."""
        return "factor"

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.FIXED

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        return self._form(self.start, self.factor)

    def given(self) -> Pieces:
        """Return the normal form for start 0 and factor 1."""
        return self._form(0.0, 1.0)

    def _form(self, start: float, factor: float) -> Pieces:
        pieces: list[tuple[Any, ...]] = [
            (start + edge, 0.0, 0.0, 0.0, _powers([factor * c for c in row]))
            for edge, row in zip(self.edges, self.coefficients, strict=False)
        ]
        return Pieces.build([*pieces, (start + self.edges[-1], 0.0, 0.0, 0.0, ())])

    def doubtful(self, of: Mapping[str, Any]) -> Any:
        """Return whether values together may break a rule; see `Part.doubtful`."""
        return super().doubtful(of) | _too_close(self.edges, of)


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

    @property
    def code(self) -> int:
        """The shape's number in `lapicque.kernels.shapes`, which has its formula."""
        return shapes.PRODUCT

    def shape(self) -> Pieces:
        """Return the normal form from ``start`` on, before stop and window."""
        form = self.given()
        if self.start == 0.0 and self.factor == 1.0:
            return form
        both = room(2 * len(form), 2 * len(form.terms) // TERM)
        n = form.lay(both, 0)
        return Pieces.taken(both, n, shapes.place(self.raw(), 0, 0, n, n, *both))

    def given(self) -> Pieces:
        """Return the normal form for start 0 and factor 1."""
        a, b = (factor.normal_form for factor in self.factors)
        if a.kicks or b.kicks:
            raise ParameterError(
                "factors",
                "must be currents without kicks: a delta function has no product",
                cure="Multiply the other parts, and add the kicks.",
            )
        return a.combined(b, functools.partial(multiply, factor=1.0))


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

    Made by `constant`, `step`, `ramp`, `sine`, `decay`, `alpha`, `sampled`, `synapses` and `kicks`,
    and from these by ``+``, ``-``, ``*``, `delayed` and `window`.

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
            pairwise = [a.combined(b, add) for a, b in zip(forms[::2], forms[1::2], strict=False)]
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
        """Return the current at ``t``; kicks, which are delta functions, add nothing to it.

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
            return form.at_each(t, left)
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
        sum_of_both = self.normal_form.combined(other.normal_form, add)
        for p in range(len(difference)):
            v, _, k, terms = difference.moved(p, difference.starts[p])
            left = max([abs(v), abs(k), *(abs(complex(t[1], t[2])) for t in terms)])
            q = bisect_right(sum_of_both.starts, difference.starts[p]) - 1
            v, _, k, terms = sum_of_both.moved(q, sum_of_both.starts[q])
            size = max([abs(v), abs(k), *(abs(complex(t[1], t[2])) for t in terms)])
            if left > tolerance * max(size, 1e-300) and left > 0.0:
                return False
            same_start = sum_of_both.starts[q] == difference.starts[p]
            sums = sum_of_both.kick(q) if same_start else NO_KICK
            for k in (0, 2):
                size, left = abs(sums[k]), abs(difference.kick(p)[k])
                if left > tolerance * max(size, 1e-300) and left > 0.0:
                    return False
        return True

    def onset(self) -> float:
        """Return when the current is first not zero (ms, at least 0); infinity if never.

        A kick counts.
        """
        form = self.normal_form
        for p in range(len(form)):
            ends = form.starts[p + 1] if p + 1 < len(form) else math.inf
            if form.starts[p] >= 0.0 and any(form.kick(p)):
                return form.starts[p]
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


def synapses(
    times: Sequence[float],
    amplitude: float,
    tau: float,
    kernel: str = "exponential",
    **common: Any,
) -> Current:
    """Return the current of synapses that presynaptic spikes arrive at, exactly.

    Parameters
    ----------
    times : array_like, shape (n,)
        Arrival of the spikes (ms), in order, relative to ``start``; a time may stand twice.
    amplitude : float
        Peak of the current of one spike (nA); negative for inhibition.
    tau : float
        Time constant of the synapse (ms).
    kernel : {"exponential", "alpha"}
        ``exp(-s/tau)``, or ``(s/tau) exp(1 - s/tau)``, with s the time since the spike.
    **common
        ``start=``, ``stop=``, ``window=`` and ``name=`` (see `Part`).

    See Also
    --------
    lapicque.trains.regular, lapicque.trains.poisson : spike trains to begin with.
    """
    given: Any = {"times": times}
    return Current((Synapses(**given, amplitude=amplitude, tau=tau, kernel=kernel, **common),))


def kicks(
    times: Sequence[float],
    jump: float | None = None,
    charge: float | None = None,
    **common: Any,
) -> Current:
    """Return delta synapses: V jumps at each presynaptic spike.

    Jumps at one instant are added up before V is compared with the threshold, once; a jump within
    the refractory period is lost, one at its very end, at t = 0 or at the end of the run counts.
    The current is 0 between the spikes, and `Current.__call__` says so at the spikes as well.

    Parameters
    ----------
    times : array_like, shape (n,)
        Arrival of the spikes (ms), in order, relative to ``start``; a time may stand twice.
    jump : float
        By how much V jumps at each (mV); negative for inhibition.
    charge : float
        Instead of ``jump``: the charge of each (pC), which makes V jump by ``charge/C_m``.
    **common
        ``start=``, ``stop=``, ``window=`` and ``name=`` (see `Part`).

    Raises
    ------
    ParameterError
        If both ``jump`` and ``charge`` are given, or none, or the times are not in order.

    See Also
    --------
    synapses : spikes whose current lasts.
    """
    given: Any = {"times": times}
    return Current((Kicks(**given, jump=jump, charge=charge, **common),))


def square(amplitude: float, frequency: float, duty: float = 0.5, **common: Any) -> Current:
    """Return a square wave: ``amplitude``, then ``-amplitude``, in each period.

    Parameters
    ----------
    amplitude : float
        nA.
    frequency : float
        Hz; a period begins at ``start``.
    duty : float
        The share of the period, from its begin, with ``amplitude``: 0 to 1.
    **common
        ``stop=`` or ``window=``, which give it an end, ``start=`` and ``name=`` (see `Part`).

    Raises
    ------
    ParameterError
        If it has no end.
    LimitError
        If it has more than `MAX_PERIODS` periods.
    """
    return Current((Square(amplitude=amplitude, frequency=frequency, duty=duty, **common),))


def pulses(
    amplitude: float, width: float, period: float, count: int | None = None, **common: Any
) -> Current:
    """Return a train of pulses: ``amplitude`` for ``width`` ms in each period, from its begin on.

    Parameters
    ----------
    amplitude : float
        nA.
    width, period : float
        ms; the first pulse begins at ``start``.
    count : int, optional
        How many; without it ``stop=`` or ``window=`` must give an end.
    **common
        ``start=``, ``stop=``, ``window=`` and ``name=`` (see `Part`).

    Raises
    ------
    ParameterError
        If the train has no end, or pulses are longer than the period.
    LimitError
        If it has more than `MAX_PERIODS` periods.
    """
    part = Pulses(amplitude=amplitude, width=width, period=period, count=count, **common)
    return Current((part,))


def chirp(
    amplitude: float,
    f_start: float,
    f_stop: float,
    duration: float,
    phase: float = 0.0,
    **common: Any,
) -> Current:
    """Return a sine whose frequency moves from ``f_start`` to ``f_stop``, linearly in time.

    Made of polynomials of degree 10 whose error is at most 2e-13 of the amplitude.

    Parameters
    ----------
    amplitude : float
        nA.
    f_start, f_stop : float
        Hz.
    duration : float
        ms; it is 0 afterwards.
    phase : float
        rad.
    **common
        ``start=``, ``stop=``, ``window=`` and ``name=`` (see `Part`).

    Raises
    ------
    LimitError
        If it has more than `MAX_CYCLES` cycles.
    """
    part = Chirp(
        amplitude=amplitude,
        f_start=f_start,
        f_stop=f_stop,
        duration=duration,
        phase=phase,
        **common,
    )
    return Current((part,))


def polynomial(
    edges: Sequence[float],
    coefficients: Sequence[Sequence[float]],
    error: float = 0.0,
    **common: Any,
) -> Current:
    """Return a piecewise polynomial, exactly.

    Parameters
    ----------
    edges : array_like, shape (n + 1,)
        Increasing times relative to ``start`` (ms); 0 outside them.
    coefficients : sequence of n sequences
        Of 1, s, s^2, ..., with s the time since the piece's edge (nA/ms^k); degrees up to 12.
    error : float
        How far it is from what it stands for (nA); kept, not used.
    **common
        ``start=``, ``stop=``, ``window=`` and ``name=`` (see `Part`).

    See Also
    --------
    from_function : makes one of any function of time.
    """
    given: Any = {"edges": edges, "coefficients": coefficients}
    return Current((Polynomial(**given, error=error, **common),))


def from_function(
    function: Callable[[float], float],
    start: float,
    stop: float,
    tolerance: float = 1e-9,
    breakpoints: Sequence[float] = (),
    name: str | None = None,
) -> Current:
    """Return any function of time as polynomials, halved until they are as close as asked for.

    Each is compared with the function at 28 times between the points that it goes through.  That is
    a look, no proof: what is narrower than their distance may hide.  ``current.parts[0].error`` is
    the largest difference that was seen; V is then off by at most R_m times as much.  A file keeps
    the polynomials and that number; the function itself is not stored and never run again.

    Parameters
    ----------
    function : callable
        nA of ms.
    start, stop : float
        ms; 0 outside ``[start, stop)``.
    tolerance : float
        nA.
    breakpoints : array_like
        Times between ``start`` and ``stop`` at which the function jumps or bends (ms).
    name : str, optional
        A name for paths.

    Raises
    ------
    ParameterError
        If the function returns no finite number, or cannot be fitted: with the time of the jump.
    LimitError
        If it takes too many pieces.
    """
    clock = parameters(Part)["start"]
    low, high = clock.check(start, "start"), clock.check(stop, "stop")
    if not high > low:
        raise ParameterError("stop", f"must be > start = {low:g} ms", stop, also=("start",))
    close = Parameter("nA", "tolerance", minimum=SMALLEST, open_minimum=True)
    edges = [low, *sorted({*_samples(breakpoints, "breakpoints", "ms")} - {low, high}), high]
    if not (low == min(edges) and max(edges) == high):
        rule = f"must lie between start = {low:g} and stop = {high:g} ms"
        raise ParameterError("breakpoints", rule, breakpoints)

    def checked(t: float) -> float:
        try:
            value = float(function(t))
        except (TypeError, ValueError):
            value = math.nan
        if not -LARGEST <= value <= LARGEST:
            raise ParameterError("function", f"must return a finite number in nA at {t:.9g} ms")
        return value

    found = [*fit.pieces(checked, edges, close.check(tolerance, "tolerance"))]
    given: Any = {
        "edges": [*(begin - low for begin, _, _ in found), high - low],
        "coefficients": [coefficients for _, coefficients, _ in found],
    }
    error = max(seen for _, _, seen in found)
    return Current((Polynomial(**given, error=error, start=low, name=name),))
