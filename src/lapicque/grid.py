"""The rows of a sweep: axes make a grid, the grid is cut into blocks, a block gives columns.

Rows are numbered in row-major order, the last axis fastest. No row is ever an object: a block's
columns are cut out of the axes when it is their turn.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .current import Sampled
from .errors import ParameterError
from .experiment import Experiment
from .parameter import Parameter
from .units import parse_unit, to_number

if TYPE_CHECKING:
    import numpy as np

Slices = tuple[slice, ...]

TIME = Parameter(unit="ms", meaning="time", symbol="t")
SAMPLES = Parameter(unit="nA", meaning="samples of the current", symbol="I")


@dataclasses.dataclass(frozen=True)
class Axis:
    """What varies along one dimension; made by `axis`.

    Attributes
    ----------
    path : str or tuple of str
        A dotted path, or several that vary together.
    values : sequence
        The numbers, or one sequence of numbers for each path.
    """

    path: str | tuple[str, ...]
    values: Any


def axis(path: str | tuple[str, ...], values: Any) -> Axis:
    """Describe an axis of a sweep whose dimension gets a name of your choice.

    Parameters
    ----------
    path : str or tuple of str
        A dotted path into the experiment, or several that vary together.
    values : sequence
        The numbers, or one sequence of numbers for each path.

    Returns
    -------
    Axis

    Examples
    --------
    >>> axes = {"R": axis("neuron.R_m", [5.0, 10.0, 20.0])}
    """
    return Axis(path, values)


@dataclasses.dataclass(frozen=True, eq=False)
class Coordinate:
    """One path's values along a dimension, in its parameter's unit.

    Attributes
    ----------
    name : str
        Of the coordinate: the path as it was given.
    path : str
        The same with parts of the current by their numbers.
    parameter : Parameter
        Unit, symbol, bounds, meaning.
    values : ndarray of float64, shape (size,) or (size, samples)
    """

    name: str
    path: str
    parameter: Parameter
    values: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Dimension:
    """One dimension of the grid, and all that varies along it."""

    name: str
    coordinates: tuple[Coordinate, ...]

    @property
    def size(self) -> int:
        """The number of points."""
        return len(self.coordinates[0].values)


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """The product of the dimensions, cut into blocks of consecutive rows.

    Attributes
    ----------
    dimensions : tuple of Dimension
    block : tuple of int
        The shape of a block: 1 in leading dimensions, whole in trailing ones, so that a block is
        both a run of rows and a box of the grid.
    """

    dimensions: tuple[Dimension, ...]
    block: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the dimensions."""
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along each dimension."""
        return tuple(dimension.size for dimension in self.dimensions)

    @property
    def rows(self) -> int:
        """The number of neurons."""
        return math.prod(self.shape)

    @property
    def _counts(self) -> tuple[int, ...]:
        return tuple(-(-n // m) for n, m in zip(self.shape, self.block, strict=True))

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return math.prod(self._counts)

    def box(self, number: int) -> Slices:
        """Return where a block lies: one slice for each dimension."""
        found = []
        for n, m, count in zip(self.shape[::-1], self.block[::-1], self._counts[::-1], strict=True):
            number, k = divmod(number, count)
            found.append(slice(k * m, min(n, (k + 1) * m)))
        return tuple(found[::-1])

    def row(self, box: Slices) -> int:
        """Return the number of a block's first row among all."""
        number = 0
        for size, piece in zip(self.shape, box, strict=True):
            number = number * size + piece.start
        return number

    def columns(self, box: Slices) -> dict[str, np.ndarray]:
        """Return what varies in a box of the grid, row by row: arrays by canonical path."""
        import numpy as np

        shape = box_shape(box)
        found = {}
        for k, (dimension, piece) in enumerate(zip(self.dimensions, box, strict=True)):
            for coordinate in dimension.coordinates:
                values = coordinate.values[piece]
                rest = values.shape[1:]
                around = (1,) * k + values.shape[:1] + (1,) * (len(shape) - k - 1) + rest
                wide = np.broadcast_to(values.reshape(around), shape + rest)
                found[coordinate.path] = np.ascontiguousarray(wide).reshape(-1, *rest)
        return found

    def coordinates(self) -> Iterator[tuple[Dimension, Coordinate]]:
        """Yield every coordinate with its dimension."""
        for dimension in self.dimensions:
            for coordinate in dimension.coordinates:
                yield dimension, coordinate


def box_shape(box: Slices) -> tuple[int, ...]:
    """Return the shape of a box."""
    return tuple(piece.stop - piece.start for piece in box)


def block_shape(shape: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Return the shape of the blocks: at most ``most`` rows, one box, consecutive rows.

    Trailing dimensions are whole while they fit; the first that does not is cut into pieces of
    nearly equal length; those before it have length 1.
    """
    block = [1] * len(shape)
    inside = 1
    for k in reversed(range(len(shape))):
        longest = max(1, most // inside)
        pieces = -(-shape[k] // longest)
        block[k] = -(-shape[k] // pieces)
        if pieces > 1:
            break
        inside *= shape[k]
    return tuple(block)


def dimensions(experiment: Experiment, axes: Any) -> tuple[Dimension, ...]:
    """Read the axes of a sweep.

    Parameters
    ----------
    experiment : Experiment
    axes : mapping
        From paths to values; see `lapicque.sweep`.

    Raises
    ------
    ParameterError
        If a path leads nowhere or stands twice, values break their rule, or lengths differ.
    """
    if not isinstance(axes, Mapping) or not axes:
        example = '{"neuron.R_m": [5.0, 10.0]}'
        raise ParameterError("axes", f"must be a dict from paths to values: {example}", axes)
    found = tuple(_dimension(experiment, key, values) for key, values in axes.items())
    paths: set[str] = set()
    names: set[str] = set()
    for dimension in found:
        for coordinate in dimension.coordinates:
            if coordinate.path in paths:
                raise ParameterError(coordinate.path, "must stand in the axes only once")
            paths.add(coordinate.path)
        own = {dimension.name, *(c.name for c in dimension.coordinates)}
        if twice := own & names:
            cure = 'Name a dimension: {"drive": lq.axis(("path", "path"), (values, values))}.'
            rule = "must have dimensions of different names"
            raise ParameterError("axes", rule, min(twice), cure)
        names |= own
    return found


def _dimension(experiment: Experiment, key: Any, values: Any) -> Dimension:
    named = isinstance(values, Axis)
    path, given = (values.path, values.values) if isinstance(values, Axis) else (key, values)
    paths = path if isinstance(path, tuple) else (path,)
    if not paths or not all(isinstance(p, str) for p in paths):
        rule = "must have dotted paths as keys, tuples of them, or names for lq.axis(...)"
        raise ParameterError("axes", rule, path)
    if named and not _is_plain(key):
        rule = "must name a dimension with letters, digits and . _ - only"
        raise ParameterError("axes", rule, key)
    columns = _several(paths, given) if isinstance(path, tuple) else [given]
    coordinates = tuple(
        _coordinate(experiment, p, column) for p, column in zip(paths, columns, strict=True)
    )
    if len({len(c.values) for c in coordinates}) > 1:
        lengths = ", ".join(f"{c.name} {len(c.values)}" for c in coordinates)
        rule = f"must have as many values as the paths that vary with it: {lengths}"
        raise ParameterError(coordinates[0].name, rule)
    if isinstance(path, tuple):
        return Dimension(key if named else "point", coordinates)
    only = coordinates[0]
    if only.values.ndim > 1:
        # An index has one dimension, rows of samples have two: they need names of their own.
        return Dimension(key if named else only.name.rpartition(".")[0], coordinates)
    if named:
        only = dataclasses.replace(only, name=key)
    return Dimension(only.name, (only,))


def _several(paths: tuple[str, ...], given: Any) -> list[Any]:
    """Return one sequence of values for each of the paths that vary together."""
    try:
        columns = None if isinstance(given, (str, bytes, Mapping)) else list(given)
    except TypeError:
        columns = None
    if columns is None or len(columns) != len(paths):
        got = given if columns is None else len(columns)
        rule = f"must have {len(paths)} sequences of values, one for each path that varies with it"
        raise ParameterError(paths[0], rule, got)
    return columns


def _is_plain(name: Any) -> bool:
    """Whether a name can be that of an array in a store, and a word of CF's lists of names."""
    plain = isinstance(name, str) and all(c.isalnum() or c in "._-" for c in name)
    return plain and name.strip("._-") != "" and not name.startswith("__")


def _coordinate(experiment: Experiment, path: str, values: Any) -> Coordinate:
    canonical = experiment.canonical(path)
    name = path if _is_plain(path) else canonical
    head, *rest = canonical.split(".")
    if head == "current" and len(rest) == 2 and rest[1] == "values":
        part = experiment.current.parts[int(rest[0])]
        if isinstance(part, Sampled):
            samples = _sample_rows(values, len(part.times), path)
            return Coordinate(name, canonical, SAMPLES, samples)
    parameter = experiment.parameter(path)
    return Coordinate(name, canonical, parameter, numbers(values, parameter, path))


def _sample_rows(values: Any, samples: int, path: str) -> np.ndarray:
    import numpy as np

    values = _bare(values, SAMPLES, path)
    rule = f"must have the shape (rows, {samples}), in nA"
    if _is_no_sequence(values):
        raise ParameterError(path, "must be rows of numbers in nA", values)
    if getattr(values, "ndim", 2) != 2:
        raise ParameterError(path, rule, getattr(values, "shape", values))
    if _is_plain_array(values):
        rows = np.asarray(values, dtype=float)  # may be large: nobody changes it while it is used
    else:
        listed = [_sample_row(row, k, path) for k, row in enumerate(values)]
        if len({len(row) for row in listed}) > 1:
            k = next(k for k, row in enumerate(listed) if len(row) != samples)
            raise ParameterError(path, rule, f"{len(listed[k])} samples in row {k}")
        rows = np.array(listed)
    if rows.ndim != 2 or rows.shape[1] != samples or len(rows) == 0:
        raise ParameterError(path, rule, rows.shape)
    if not (rows.min() >= SAMPLES.minimum and rows.max() <= SAMPLES.maximum):
        legal = ((rows >= SAMPLES.minimum) & (rows <= SAMPLES.maximum)).all(axis=1)
        _sample_row(rows[np.argmin(legal)], int(np.argmin(legal)), path)
    return rows


def _sample_row(row: Any, k: int, path: str) -> np.ndarray:
    """Return one row of samples: plain numbers or quantities, no texts."""
    try:
        if not hasattr(row, "dtype") and hasattr(row, "__iter__") and not isinstance(row, str):
            row = row if _has_unit(row) else list(row)
        if isinstance(row, list) and any(isinstance(value, (str, bytes)) for value in row):
            raise ParameterError(path, "must be rows of numbers in nA", row)
        if getattr(getattr(row, "dtype", None), "kind", "") in ("U", "S", "T"):
            raise ParameterError(path, "must be rows of numbers in nA", row)
        return numbers(row, SAMPLES, path)
    except ParameterError as error:
        raise error.at_row(k) from None


def numbers(values: Any, parameter: Parameter, path: str) -> np.ndarray:
    """Return a sequence of numbers, quantities or texts as float64 in the parameter's unit.

    Raises
    ------
    ParameterError
        If it is none, is empty, or one of them breaks the parameter's rule.
    """
    import numpy as np

    in_unit = f" in {parameter.unit}" if parameter.unit else ""
    rule = f"must be a sequence of numbers{in_unit}"
    values = _bare(values, parameter, path)
    if _is_no_sequence(values):
        raise ParameterError(path, rule, values)
    if getattr(values, "ndim", 1) != 1:
        raise ParameterError(path, f"{rule} of one dimension", getattr(values, "shape", values))
    if _is_plain_array(values):
        found = np.array(values, dtype=float)
    else:
        listed = list(values)
        found = np.empty(len(listed))
        for k, value in enumerate(listed):
            try:
                found[k] = to_number(value, parameter.unit, path)
            except ParameterError as error:
                raise _at(error, k) from None
    if len(found) == 0:
        raise ParameterError(path, "must have at least one value")
    legal = (parameter.minimum <= found) & (found <= parameter.maximum)
    if not legal.all():
        k = int(np.argmin(legal))
        try:
            parameter.check(float(found[k]), path)
        except ParameterError as error:
            raise _at(error, k) from None
    return found


def _is_no_sequence(values: Any) -> bool:
    no_numbers = (str, bytes, bytearray, Mapping, set, frozenset)
    return isinstance(values, no_numbers) or not hasattr(values, "__iter__")


def _is_plain_array(values: Any) -> bool:
    kind = getattr(getattr(values, "dtype", None), "kind", "")
    return kind in ("f", "i", "u") and not _has_unit(values)


def _bare(values: Any, parameter: Parameter, path: str) -> Any:
    """Return an array without what NumPy would drop without a word: a mask, a unit in attributes.

    Raises
    ------
    ParameterError
        If anything is masked, or the attributes name another unit.
    """
    import numpy as np

    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        cure = "Leave masked entries out (values.compressed()), or fill them."
        raise ParameterError(path, "must have no masked entries", ..., cure)
    attrs = getattr(values, "attrs", None)
    if not isinstance(attrs, Mapping):
        return values
    inside = getattr(values, "data", None)  # xarray can hold an array of quantities
    if _has_unit(inside):
        return inside
    if "units" in attrs and not _is_unit(attrs["units"], parameter.unit):
        unit = f"in {parameter.unit}" if parameter.unit else "a pure number"
        cure = "Convert it and pass plain numbers (values.to_numpy())."
        raise ParameterError(path, f"must be {unit}; its attrs say units", attrs["units"], cure)
    return values


def _is_unit(found: Any, unit: str) -> bool:
    try:
        return isinstance(found, str) and parse_unit(found) == parse_unit(unit)
    except KeyError:
        return False


def _has_unit(values: Any) -> bool:
    """Whether an array carries a unit, which NumPy would drop without a word."""
    return any(hasattr(values, name) for name in ("to_value", "rescale", "magnitude", "dim"))


def _at(error: ParameterError, k: int) -> ParameterError:
    cure = f"It is entry {k} of its values. {error.cure}".rstrip()
    return type(error)(error.path, error.rule, error.value, cure)
