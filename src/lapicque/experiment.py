"""One simulation as data: the lab's state, a file, and a sweep's base point."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from typing import Any

from .current import Current, current_from_dicts
from .errors import ExperimentError, ParameterError, brief, unknown_name
from .method import Exact, Method, method_from_dict
from .neuron import Neuron, neuron_from_dict, neuron_to_dict
from .parameter import Parameter, numbered, parameters
from .response import Response
from .simulate import DURATION, INITIAL_V, MAX_SPIKES, MAX_STEPS, simulate

FORMAT = 1
SEED = Parameter(unit="", meaning="seed of the random parts", minimum=0.0, maximum=2.0**64)


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A neuron, a current, and how long: everything that a run needs.

    Attributes
    ----------
    neuron : Neuron
    current : Current
    duration : float
        ms.
    method : Method, optional
        `Exact` by default.
    V_0 : float, optional
        Potential at the start (mV); the neuron's own default if not given.
    seed : int, optional
        For currents with noise; there are none yet.
    initial : dict, optional
        The state beside V at the start, of neurons that have one: ``{"w": 0.2}``.
    """

    neuron: Neuron
    current: Current
    duration: float
    method: Method | None = None
    V_0: float | None = None
    seed: int | None = None
    initial: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        for name, kind, example in (
            ("neuron", Neuron, "a neuron, such as LIF()"),
            ("current", Current, "a current, such as constant(1.6)"),
        ):
            if not isinstance(getattr(self, name), kind):
                raise ParameterError(name, f"must be {example}", getattr(self, name))
        if self.method is not None and not isinstance(self.method, Method):
            raise ParameterError(
                "method", "must be a method, such as Exact() or Euler(dt=0.1)", self.method
            )
        self.current.check_names()
        object.__setattr__(self, "duration", DURATION.check(self.duration, "duration"))
        if self.V_0 is not None:
            object.__setattr__(self, "V_0", INITIAL_V.check(self.V_0, "V_0"))
        if self.seed is not None and (
            isinstance(self.seed, bool)
            or not isinstance(self.seed, int)
            or not 0 <= self.seed < 2**64
        ):
            raise ParameterError("seed", "must be a whole number in [0, 2^64)", self.seed)
        if self.initial is not None:
            if not isinstance(self.initial, dict):
                raise ParameterError("initial", "must be a table of values by name", self.initial)
            self.neuron.initial(self.initial)
            object.__setattr__(self, "initial", self.neuron.plain_initial(self.initial))

    def __hash__(self) -> int:
        return hash((self.neuron, self.current, self.duration, self.method, self.V_0, self.seed))

    def run(self, max_spikes: int = MAX_SPIKES, max_steps: int = MAX_STEPS) -> Response:
        """Simulate it.

        Parameters
        ----------
        max_spikes, max_steps : int
            More raise a `LimitError`.

        Returns
        -------
        Response
        """
        return simulate(
            self.neuron,
            self.current,
            self.duration,
            self.V_0,
            self.method,
            initial=self.initial,
            max_spikes=max_spikes,
            max_steps=max_steps,
        )

    def replace(self, changes: dict[str, Any]) -> Experiment:
        """Return the experiment with other values at some dotted paths.

        Parameters
        ----------
        changes : dict
            ``{"neuron.R_m": 5.0, "current.0.amplitude": 1.2, "duration": 500.0}``; a part of the
            current goes by its number or its name.

        Raises
        ------
        UnknownNameError
            If a path leads nowhere.
        ParameterError
            If a value breaks its rule, or the parameter is derived from the ones given.
        """
        whole: dict[str, Any] = {}
        grouped: dict[tuple[str, ...], dict[str, Any]] = {}
        for path, value in changes.items():
            head, *rest = path.split(".") if isinstance(path, str) else [path]
            if head == "current" and len(rest) == 2:
                rest[0] = str(self._part(rest[0]))
            if not rest and head in _FIELDS:
                whole[head] = value
            elif (head in ("neuron", "method") and len(rest) == 1) or (
                head == "current" and len(rest) == 2
            ):
                grouped.setdefault((head, *rest[:-1]), {})[rest[-1]] = value
            elif head == "neuron" and len(rest) == 2 and self._many(rest[0]):
                group = grouped.setdefault((head,), {})
                entries = list(group.get(rest[0], getattr(self.neuron, rest[0])))
                entries[self._entry(path, rest)] = value
                group[rest[0]] = entries
            else:
                raise unknown_name(str(path), "a path of this experiment", path, self.paths())
        changed = dataclasses.replace(self, **whole)
        for where, values in grouped.items():
            changed = changed._replace_within(where, values)
        return changed

    def _replace_within(self, where: tuple[str, ...], values: dict[str, Any]) -> Experiment:
        prefix = ".".join(where)
        try:
            if where[0] == "neuron":
                return dataclasses.replace(self, neuron=self.neuron.replace(**values))
            if where[0] == "method":
                method = Exact() if self.method is None else self.method
                return dataclasses.replace(self, method=dataclasses.replace(method, **values))
            parts = list(self.current.parts)
            k = int(where[1])
            parts[k] = dataclasses.replace(parts[k], **values)
            return dataclasses.replace(self, current=Current(tuple(parts)))
        except ParameterError as error:
            raise error.within(prefix) from None

    def _many(self, name: str) -> bool:
        """Whether the neuron has a parameter of this name with many entries."""
        known = parameters(type(self.neuron)).get(name)
        return known is not None and known.many and getattr(self.neuron, name) is not None

    def _entry(self, path: str, rest: list[str]) -> int:
        """Return the number of an entry of such a parameter, as in ``neuron.b.0``."""
        count = len(getattr(self.neuron, rest[0]))
        known = [str(k) for k in range(count)]
        if rest[1] not in known:
            raise unknown_name(path, f"an entry of {rest[0]}", rest[1], known)
        return int(rest[1])

    def _part(self, key: str) -> int:
        parts = self.current.parts
        # By number at once: a search for each of thousands of parts would take their square.
        number = int(key) if key.isascii() and key.isdigit() and len(key) <= 9 else -1
        if 0 <= number < len(parts) and str(number) == key:
            return number
        for k, part in enumerate(parts):
            if key == part.name:
                return k
        known = [str(k) for k in range(len(parts))]
        known += [part.name for part in parts if part.name is not None]
        raise unknown_name(f"current.{key}", "a part of the current", key, known)

    def paths(self) -> list[str]:
        """Return the dotted path of every number of this experiment."""
        found = ["duration", "V_0", "seed"]
        for name in parameters(type(self.neuron)):
            if (value := getattr(self.neuron, name)) is not None:
                found += numbered(f"neuron.{name}", value)
        for k, part in enumerate(self.current.parts):
            found += [f"current.{k}.{name}" for name in parameters(type(part))]
        if self.method is not None:
            found += [f"method.{name}" for name in parameters(type(self.method))]
        return found

    def canonical(self, path: str) -> str:
        """Return a dotted path with a part of the current by its number, not its name.

        Parameters
        ----------
        path : str
            Such as ``current.drive.amplitude``.
        """
        head, *rest = path.split(".")
        if head == "current" and rest:
            rest[0] = str(self._part(rest[0]))
        return ".".join([head, *rest])

    def value(self, path: str) -> Any:
        """Return what stands at a dotted path.

        Parameters
        ----------
        path : str
            Such as ``neuron.R_m``.
        """
        self.parameter(path)
        found: Any = self
        for step in self.canonical(path).split("."):
            found = found.parts if isinstance(found, Current) else found
            found = found[int(step)] if isinstance(found, tuple) else getattr(found, step)
        return found

    def parameter(self, path: str) -> Parameter:
        """Return what is known of a parameter: unit, symbol, bounds, meaning.

        Parameters
        ----------
        path : str
            Such as ``neuron.R_m``.
        """
        head, *rest = path.split(".")
        known: Any = {"duration": DURATION, "V_0": INITIAL_V, "seed": SEED}
        name = path
        if head == "neuron" and len(rest) == 2 and self._many(rest[0]):
            self._entry(path, rest)
            whole = parameters(type(self.neuron))[rest[0]]
            known, name = {path: dataclasses.replace(whole, many=False)}, path
        elif head == "neuron" and len(rest) == 1:
            known, name = parameters(type(self.neuron)), rest[0]
        elif head == "method" and len(rest) == 1 and self.method is not None:
            known, name = parameters(type(self.method)), rest[0]
        elif head == "current" and len(rest) == 2:
            known, name = parameters(type(self.current.parts[self._part(rest[0])])), rest[1]
        if name not in known:
            raise unknown_name(path, "a parameter of this experiment", path, self.paths())
        found: Parameter = known[name]
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the experiment as a dict of plain values; the inverse of `from_dict`."""
        data: dict[str, Any] = {"lapicque": FORMAT, "duration": self.duration}
        if self.V_0 is not None:
            data["V_0"] = self.V_0
        if self.seed is not None:
            data["seed"] = self.seed
        if self.initial is not None:
            data["initial"] = dict(self.initial)
        data["neuron"] = neuron_to_dict(self.neuron)
        data["current"] = self.current.to_dicts()
        if self.method is not None:
            data["method"] = self.method.to_dict()
        return data

    @classmethod
    def from_dict(cls, data: Any) -> Experiment:
        """Build an experiment from a dict.

        Parameters
        ----------
        data : dict
            As `to_dict` returns it; see the example files.

        Raises
        ------
        ParameterError
            With the dotted path of the value that is wrong.
        ExperimentError
            If it is no dict, or of a later format.
        """
        if not isinstance(data, dict):
            raise ExperimentError(f"an experiment must be a table (got {brief(data)})")
        version = data.get("lapicque", FORMAT)
        if isinstance(version, bool) or not isinstance(version, int) or version < 1:
            raise ParameterError("lapicque", "must be the number of the file format, 1", version)
        if version > FORMAT:
            raise ExperimentError(
                f"'lapicque' is the file format {brief(version)}; this version reads up to "
                f"{FORMAT}. Upgrade lapicque."
            )
        for key in data:
            if key not in _KEYS:
                raise unknown_name(str(key), "a part of an experiment", key, _KEYS)
        for key in ("neuron", "current", "duration"):
            if key not in data:
                raise ParameterError(key, "is missing: an experiment needs it")
        return cls(
            neuron_from_dict(data["neuron"]),
            current_from_dicts(data["current"]),
            data["duration"],
            method_from_dict(data["method"]) if "method" in data else None,
            data.get("V_0"),
            data.get("seed"),
            data.get("initial"),
        )

    def to_toml(self) -> str:
        """Return the experiment as the text of a TOML file."""
        import tomli_w

        return tomli_w.dumps(self.to_dict())

    @classmethod
    def from_toml(cls, text: str) -> Experiment:
        """Build an experiment from the text of a TOML file.

        Parameters
        ----------
        text : str
        """
        return cls.from_dict(_toml(text))

    @classmethod
    def from_json(cls, text: str) -> Experiment:
        """Build an experiment from JSON.

        Parameters
        ----------
        text : str
        """
        return cls.from_dict(_json(text))


_FIELDS = tuple(f.name for f in dataclasses.fields(Experiment))
_KEYS = ("lapicque", *_FIELDS)


def first_repeated(names: Iterable[str]) -> str | None:
    """Return the first name that stands a second time; None if all differ."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _toml(text: str) -> Any:
    import tomllib

    try:
        return tomllib.loads(text)
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise ExperimentError(f"this is not TOML: {_first_line(error)}") from None


def _json(text: str) -> Any:
    import json

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if (twice := first_repeated(name for name, _ in pairs)) is not None:
            raise ExperimentError(f"'{twice}' stands twice in one JSON object")
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=unique)
    except (ValueError, TypeError, RecursionError) as error:
        if isinstance(error, ExperimentError):
            raise
        raise ExperimentError(f"this is not JSON: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return (str(error).splitlines() or [type(error).__name__])[0]


def load(path: str | os.PathLike[str]) -> Experiment:
    """Read an experiment from a .toml or .json file.

    Parameters
    ----------
    path : str or os.PathLike
        A file that does not end in .json is read as TOML.

    Raises
    ------
    ExperimentError
        If the file cannot be read or is no experiment.
    ParameterError
        With the dotted path of the value that is wrong.
    """
    return Experiment.from_dict(read_data(path))


def read_data(path: str | os.PathLike[str]) -> Any:
    """Return what a .toml or .json file holds, as plain data.

    Parameters
    ----------
    path : str or os.PathLike
        A file that does not end in .json is read as TOML.
    """
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8-sig")
    except OSError as error:
        raise ExperimentError(f"the file cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ExperimentError(f"the file is not UTF-8 text: {_first_line(error)}") from None
    except ValueError as error:
        raise ExperimentError(f"the file cannot be read: {_first_line(error)}") from None
    if os.fspath(path).lower().endswith(".json"):
        return _json(text)
    return _toml(text)
