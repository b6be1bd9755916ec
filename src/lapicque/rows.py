"""A current for many rows of numbers: what `kernels.assembly` reads, and the columns of a sweep."""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import fit
from .current import Current, Part
from .errors import LimitError, ParameterError
from .kernels import shapes
from .kernels.membrane import LOC, TERM
from .kernels.moments import MAX_DEGREE
from .parameter import parameters
from .pieces import Pieces, room

if TYPE_CHECKING:
    import numpy as np

    from .pieces import Form


@dataclasses.dataclass(frozen=True)
class Layout:
    """A current as flat numbers; see `lapicque.kernels.assembly.current`.

    Attributes
    ----------
    kinds : array of int, shape (parts,)
    raw : array
        The parts' numbers, one after another: the row, of which a sweep changes some entries.
    raw_at : array of int, shape (parts,)
        Where the numbers of each part begin.
    given : array of int, shape (2 parts,)
        Each part's share of ``times``, or of the pieces that are given.
    times : array
    table : array
        Chebyshev's, for chirps; else empty.
    fixed : int
        How many pieces are given.
    form : tuple of seven arrays
        These pieces: what the sequences of the parts' forms must begin with.
    kicks : bool
        Whether there are any: else the sequences for them may be empty.
    loc : int
        Numbers of scratch that suffice for any piece of the parts and of their sum.
    """

    kinds: array[int]
    raw: array[float]
    raw_at: array[int]
    given: array[int]
    times: array[float]
    table: array[float]
    fixed: int
    form: Form
    kicks: bool
    loc: int
    names: tuple[tuple[str, ...], ...]

    def index(self, k: int, name: str) -> int:
        """Return where in ``raw`` a parameter of part ``k`` stands."""
        n = self.names[k].index(name)
        return self.raw_at[k] + (n if n < 2 else n - 2 + shapes.OWN)


def layout(current: Current) -> Layout:
    """Return a current as flat numbers.

    Parameters
    ----------
    current : Current
    """
    kinds, raw_at, given = array("q"), array("q"), array("q")
    raw, times = array("d"), array("d")
    forms = [part.given() for part in current.parts]
    form = room(sum(map(len, forms)), sum(len(pieces.terms) // TERM for pieces in forms))
    fixed = 0
    size = 0
    for part, pieces in zip(current.parts, forms, strict=True):
        kinds.append(part.code)
        raw_at.append(len(raw))
        raw += part.raw()
        if part.code >= shapes.FIXED:
            first, fixed = fixed, pieces.lay(form, fixed)
            given.extend((first, fixed))
        else:
            given.append(len(times))
            times += getattr(part, "times", array("d"))
            given.append(len(times))
        size += _moved_size(part.code, pieces)
    return Layout(
        kinds=kinds,
        raw=raw,
        raw_at=raw_at,
        given=given,
        times=times,
        table=fit.table(shapes.POINTS) if shapes.CHIRP in kinds else array("d"),
        fixed=fixed,
        form=form,
        kicks=shapes.KICKS in kinds,
        loc=LOC * size,
        names=tuple(tuple(parameters(type(part))) for part in current.parts),
    )


def _moved_size(code: int, pieces: Pieces) -> int:
    """Return how many rows of ``loc`` the terms of a piece take where they are moved to."""
    # A term of degree n is one of each degree up to n then, and each of these is moved again.
    rows = [(n + 1) * (n + 2) // 2 for n in range(MAX_DEGREE + 1)]
    if code < shapes.FIXED:
        degree = {shapes.ALPHA: 1, shapes.ALPHA_SYNAPSES: 1, shapes.CHIRP: shapes.POINTS - 1}
        return rows[degree.get(code, 0)]
    most = 0
    for p in range(len(pieces)):
        degrees: dict[tuple[float, ...], int] = {}
        for n, _, _, *exponent in pieces.terms_at(p, 0.0):
            key = tuple(exponent)
            degrees[key] = max(int(n), degrees.get(key, 0))
        most = max(most, sum(rows[n] for n in degrees.values()))
    return most


def columns(current: Current, given: Mapping[tuple[int, str], Any]) -> dict[tuple[int, str], Any]:
    """Check columns of values, one for each row, against the rules of their parts.

    Parameters
    ----------
    current : Current
        What holds where nothing is given.
    given : dict
        ``{(number of the part, parameter): values}``, all of shape (rows,).  NaN, infinity or None
        for ``stop`` is no stop.

    Returns
    -------
    dict
        The same, as float64 arrays that `kernels.assembly` reads.

    Raises
    ------
    ParameterError, LimitError
        As the part's constructor raises it for the first row that breaks a rule, with its number.
    """
    found: dict[tuple[int, str], Any] = {}
    for (k, name), values in given.items():
        parameter = parameters(type(current.parts[k]))[name]
        path = f"current.{k}.{name}"
        column = parameter.check_column(values, path, none=math.inf if name == "stop" else None)
        found[k, name] = column
    for k in sorted({k for k, _ in found}):
        mine = {name: column for (j, name), column in found.items() if j == k}
        _check_together(current.parts[k], f"current.{k}", mine)
    return found


def _check_together(part: Part, path: str, mine: Mapping[str, np.ndarray]) -> None:
    import numpy as np

    of: dict[str, Any] = {}
    for name in parameters(type(part)):
        value = getattr(part, name)
        of[name] = mine.get(name, math.nan if value is None else value)
    if part.stop is None and "stop" not in mine:
        of["stop"] = math.inf
    (n,) = {len(column) for column in mine.values()}
    for row in np.flatnonzero(np.broadcast_to(part.doubtful(of), n)).tolist():
        values = {name: column[row].item() for name, column in mine.items()}
        if values.get("stop") == math.inf:
            values["stop"] = None
        try:
            dataclasses.replace(part, **values).shape()
        except ParameterError as error:
            raise error.within(path).at_row(row) from None
        except LimitError as error:
            within = tuple(f"{path}.{name}" for name in error.also)
            message = f"{error} This is row {row}."
            raise LimitError(message, f"{path}.{error.path}", within) from None
