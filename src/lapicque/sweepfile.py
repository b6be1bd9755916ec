"""A sweep as a file: an experiment file with a table ``[sweep]``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import ExperimentError, ParameterError, unknown_name
from .experiment import Experiment, read_data
from .grid import TIME, Axis
from .parameter import Parameter
from .units import to_number

if TYPE_CHECKING:
    import numpy as np

_KEYS = ("features", "times", "discard", "axis")
_RANGE = ("start", "stop", "count", "spacing")
_AXIS = ("path", "paths", "name", "values", *_RANGE)
# More points than anybody wants along one axis.
MOST = 100_000_000


class SweepFile(NamedTuple):
    """What a sweep's file says: the arguments of `lapicque.sweep`."""

    experiment: Experiment
    axes: dict[Any, Any]
    features: list[Any]
    times: Any
    discard: Any


def read_sweep(path: str | os.PathLike[str]) -> SweepFile:
    """Read a sweep from a .toml or .json file.

    Parameters
    ----------
    path : str or os.PathLike

    Raises
    ------
    ExperimentError
        If the file cannot be read, or describes no sweep.
    ParameterError
        With the dotted path of the value that is wrong.
    """
    data = read_data(path)
    if not isinstance(data, dict) or "sweep" not in data:
        raise ExperimentError(
            "this is no sweep: a table [sweep] is missing (see examples/sweep.toml)"
        )
    table = _table(data.pop("sweep"), "sweep", _KEYS)
    experiment = Experiment.from_dict(data)
    listed = table.get("axis")
    if not isinstance(listed, list) or not listed:
        raise ParameterError("sweep.axis", "must be at least one table [[sweep.axis]]", listed)
    axes: dict[Any, Any] = {}
    for k, entry in enumerate(listed):
        where = f"sweep.axis.{k}"
        key, values = _axis(experiment, _table(entry, where, _AXIS), where)
        if key in axes:
            raise ParameterError(where, "must not repeat an axis", key)
        axes[key] = values
    features = table.get("features", ["spike_count", "rate"])
    if not isinstance(features, list) or not all(isinstance(name, str) for name in features):
        raise ParameterError("sweep.features", 'must be a list of names: ["rate"]', features)
    times = table.get("times")
    if isinstance(times, dict):
        times = _range(_table(times, "sweep.times", _RANGE), TIME, "sweep.times")
    return SweepFile(experiment, axes, features, times, table.get("discard", 0.0))


def _table(data: Any, where: str, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ParameterError(where, "must be a table", data)
    for key in data:
        if key not in known:
            raise unknown_name(f"{where}.{key}", "a part of it", key, known)
    return data


def _axis(experiment: Experiment, entry: dict[str, Any], where: str) -> tuple[Any, Any]:
    """Return an axis as a key and a value of the dict that `lapicque.sweep` takes."""
    if ("path" in entry) == ("paths" in entry):
        raise ParameterError(where, "must have either path or paths")
    ranged = [key for key in _RANGE if key in entry]
    if ("values" in entry) == bool(ranged):
        raise ParameterError(where, "must have either values, or start, stop and count")
    path: str | tuple[str, ...]
    if "paths" in entry:
        listed = entry["paths"]
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise ParameterError(f"{where}.paths", "must be a list of dotted paths", listed)
        if ranged:
            cure = "Write values = [[...], [...]]."
            raise ParameterError(
                where, "must list the values of paths that vary together", ..., cure
            )
        path, values = tuple(listed), entry["values"]
    elif isinstance(entry["path"], str):
        path = entry["path"]
        values = entry.get("values")
        if values is None:
            values = _range(entry, experiment.parameter(path), where)
    else:
        raise ParameterError(f"{where}.path", "must be a dotted path", entry["path"])
    if "name" not in entry:
        return path, values
    if not isinstance(entry["name"], str):
        raise ParameterError(f"{where}.name", "must be a name", entry["name"])
    return entry["name"], Axis(path, values)


def _range(entry: dict[str, Any], parameter: Parameter, where: str) -> np.ndarray:
    """Return evenly spaced numbers, or those with even ratios; both ends are exact."""
    import numpy as np

    for name in ("start", "stop", "count"):
        if name not in entry:
            raise ParameterError(f"{where}.{name}", "is missing: a range needs it")
    start, stop = (
        to_number(entry[name], parameter.unit, f"{where}.{name}") for name in ("start", "stop")
    )
    count = entry["count"]
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= MOST:
        raise ParameterError(f"{where}.count", f"must be a whole number in [2, {MOST}]", count)
    spacing = entry.get("spacing", "linear")
    if spacing not in ("linear", "log"):
        raise unknown_name(f"{where}.spacing", "a spacing", spacing, ("linear", "log"))
    for name, number in (("start", start), ("stop", stop)):
        if not np.isfinite(number) or (spacing == "log" and number <= 0.0):
            rule = "must be > 0: its spacing is log" if spacing == "log" else "must be finite"
            raise ParameterError(f"{where}.{name}", rule, entry[name])
    return (np.geomspace if spacing == "log" else np.linspace)(start, stop, count)
