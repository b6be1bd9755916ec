"""A parameter: one dataclass field with its unit, symbol, bounds and meaning, and its check."""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

from .errors import ParameterError, unknown_name
from .units import to_number

if TYPE_CHECKING:
    import numpy as np

# Beyond these magnitudes products of a few parameters would leave the range of doubles.
LARGEST = 1e30
SMALLEST = 1e-30
# Entries of a parameter of which there may be many.
MOST = 16


@dataclasses.dataclass(frozen=True)
class Parameter:
    """What is known of a parameter: shown in messages, docs, sliders and exports.

    Attributes
    ----------
    unit : str
        The unit of plain numbers, "" for a pure number.
    meaning : str
        The field's words for it.
    symbol : str
        How it is written in equations.
    minimum, maximum : float
        The legal bounds, in ``unit``.
    open_minimum : bool
        The minimum itself is not legal.
    display : str
        The unit the field usually writes, where it differs from ``unit``.
    optional : bool
        None is legal too.
    many : bool
        There are any number of them, such as time constants: a tuple, each entry checked.
    stated : bool
        It says something of the others, such as how exact a fit is, and moves nothing.
    """

    unit: str
    meaning: str
    symbol: str = ""
    minimum: float = -LARGEST
    maximum: float = LARGEST
    open_minimum: bool = False
    display: str = ""
    optional: bool = False
    many: bool = False
    stated: bool = False

    def rule(self) -> str:
        """Return the legal range in words: "must be > 0 ms"."""
        unit = f" {self.unit}" if self.unit else ""
        low = 0.0 if self.open_minimum else self.minimum
        sign = ">" if self.open_minimum else ">="
        if self.maximum < LARGEST:
            return f"must be in {'(' if self.open_minimum else '['}{low:g}, {self.maximum:g}]{unit}"
        if self.minimum > -LARGEST:
            return f"must be {sign} {low:g}{unit}"
        return f"must be a finite number{f' in{unit}' if unit else ''}"

    def check(self, value: Any, name: str) -> float:
        """Return ``value`` as a float in the parameter's unit.

        Raises
        ------
        ParameterError
            If it is not a number, not finite or out of bounds.
        """
        number = to_number(value, self.unit, name)
        if self.minimum <= number <= self.maximum:
            return number
        if abs(number) > LARGEST and math.isfinite(number):
            unit = f" {self.unit}" if self.unit else ""
            raise ParameterError(name, f"must be at most {LARGEST:g}{unit} in size", value)
        if self.open_minimum and 0.0 < number < self.minimum:
            raise ParameterError(name, f"must be at least {self.minimum:g} {self.unit}", value)
        raise ParameterError(name, self.rule(), value)

    def check_column(self, values: Any, name: str, none: float | None = None) -> np.ndarray:
        """Return one value for each row as a new array, in the parameter's unit.

        Parameters
        ----------
        values : array_like, shape (rows,)
            Plain numbers, or what `check` converts.
        name : str
            What they are for, for messages.
        none : float, optional
            What stands for None in the array, if that is legal; NaN and infinity mean it too.

        Raises
        ------
        ParameterError
            As `check` raises it for the first row that breaks the rule, with its number.
        """
        import numpy as np

        many = hasattr(values, "__iter__") and not isinstance(values, (str, bytes, dict))
        if not many or getattr(values, "ndim", 1) != 1:
            unit = f" in {self.unit}" if self.unit else ""
            raise ParameterError(name, f"must be a list of numbers{unit}, one a row", values)
        plain = type(values) is np.ndarray and values.dtype.kind in "fiu"
        given = values if plain else list(values)
        if not plain and not {*map(type, given)} <= {float}:
            # Quantities, texts and None.
            return np.array([self._entry(v, name, k, none) for k, v in enumerate(given)], float)
        found = np.array(given, float)
        wrong = ~((found >= self.minimum) & (found <= self.maximum))
        if none is not None:
            absent = np.isnan(found) | (found == math.inf)
            found[absent] = none
            wrong &= ~absent
        for k in np.flatnonzero(wrong).tolist():
            self._entry(found[k].item(), name, k, none)
        return found

    def _entry(self, value: Any, name: str, row: int, none: float | None) -> float:
        absent = value is None or (isinstance(value, float) and not value < math.inf)
        if none is not None and absent:
            return none
        try:
            return self.check(value, name)
        except ParameterError as error:
            raise error.at_row(row) from None

    def check_many(self, value: Any, name: str) -> tuple[float, ...]:
        """Return a number, or a list of them, as a tuple of floats in the parameter's unit.

        Raises
        ------
        ParameterError
            If there is none, or one of them breaks the rule: it goes by its number.
        """
        if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
            return (self.check(value, name),)
        try:
            listed = list(value)
        except TypeError:  # an array without dimensions
            return (self.check(value, name),)
        if isinstance(value, dict) or not 0 < len(listed) <= MOST:
            rule = f"must be a number in {self.unit} or a list of 1 to {MOST} of them"
            raise ParameterError(name, rule, value)
        return tuple(self.check(entry, f"{name}.{k}") for k, entry in enumerate(listed))


def numbered(path: str, value: Any) -> list[str]:
    """Return the path of a number, or the path of each of many: ``b.0``, ``b.1``."""
    many = isinstance(value, tuple)
    return [f"{path}.{k}" for k in range(len(value))] if many else [path]


def quantity(
    unit: str,
    meaning: str,
    *,
    default: Any = dataclasses.MISSING,
    symbol: str = "",
    positive: bool = False,
    least: float = SMALLEST,
    minimum: float = -LARGEST,
    maximum: float = LARGEST,
    display: str = "",
    optional: bool = False,
    many: bool = False,
    stated: bool = False,
) -> Any:
    """Declare a parameter as a dataclass field; ``positive`` excludes all below ``least``."""
    described = Parameter(
        unit=unit,
        meaning=meaning,
        symbol=symbol,
        minimum=least if positive else minimum,
        maximum=maximum,
        open_minimum=positive,
        display=display,
        optional=optional,
        many=many,
        stated=stated,
    )
    return dataclasses.field(default=default, metadata={"parameter": described})


_parameters: dict[type, Mapping[str, Parameter]] = {}


def parameters(cls: type) -> Mapping[str, Parameter]:
    """Return the parameters of a class, by name, in order of declaration."""
    if cls not in _parameters:
        _parameters[cls] = {
            f.name: f.metadata["parameter"]
            for f in dataclasses.fields(cls)
            if "parameter" in f.metadata
        }
    return _parameters[cls]


def check_fields(thing: Any) -> None:
    """Check every parameter of a frozen dataclass instance and store the plain numbers."""
    for name, parameter in parameters(type(thing)).items():
        value = getattr(thing, name)
        if value is None and parameter.optional:
            continue
        check = parameter.check_many if parameter.many else parameter.check
        object.__setattr__(thing, name, check(value, name))


T = TypeVar("T")


class _Signature:
    """The constructor's signature, made when somebody asks for it: help, Shift+Tab."""

    def __get__(self, thing: object, cls: type) -> Any:
        import inspect

        kind, empty = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.empty
        return inspect.Signature(
            [
                inspect.Parameter(
                    f.name,
                    kind,
                    default=empty if f.default is dataclasses.MISSING else f.default,
                )
                for f in _fields(cls).values()
                if f.init
            ]
        )


class Described:
    """A frozen record whose fields are parameters: given by name, checked, compared by value.

    What a frozen dataclass does, with our own messages for unknown and missing names, and without
    generated code: with a dozen of these classes that is a tenth of the time to start.
    """

    __signature__ = _Signature()

    def __init__(self, *args: Any, **given: Any) -> None:
        cls = type(self)
        fields = _fields(cls)
        for name in given:
            if name not in fields or not fields[name].init:
                known = [f.name for f in fields.values() if f.init]
                raise unknown_name(name, f"a parameter of {cls.__name__}", name, known)
        if args:
            cure = f"Write {next(iter(fields))}=..."
            raise ParameterError(cls.__name__, "takes its parameters by name", args[0], cure)
        for name, field in fields.items():
            value = given.get(name, field.default)
            if value is dataclasses.MISSING:
                raise ParameterError(name, f"is missing: {cls.__name__} needs it")
            object.__setattr__(self, name, value)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the values."""

    def __setattr__(self, name: str, value: object) -> None:
        raise dataclasses.FrozenInstanceError(f"{name} cannot be assigned: use replace()")

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"{name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _fields(type(self)))

    def __hash__(self) -> int:
        values = (getattr(self, name) for name in _fields(type(self)))
        return hash((type(self), *(v.tobytes() if isinstance(v, array) else v for v in values)))

    def __repr__(self) -> str:
        shown = (
            f"{name}={getattr(self, name)!r}"
            for name, field in _fields(type(self)).items()
            if field.repr and not (field.default is None and getattr(self, name) is None)
        )
        return f"{type(self).__name__}({', '.join(shown)})"


_field_tables: dict[type, dict[str, Any]] = {}


def _fields(cls: Any) -> dict[str, Any]:
    if cls not in _field_tables:
        _field_tables[cls] = {f.name: f for f in dataclasses.fields(cls)}
    return _field_tables[cls]


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(quantity, dataclasses.field)
)
def described(cls: type[T]) -> type[T]:
    """Collect the fields of a subclass of `Described`, as ``dataclass`` does."""
    return dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)
