"""Many runs of one experiment whose numbers differ row by row: what a sweep hands to the kernels.

Rows are columns of numbers, never objects: they are checked as columns, packed by the kernels, and
run by the same scalar kernels as a single run, compiled where Numba is installed.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from . import compile as compiler
from . import rows
from .current import Constant, Sampled, Step
from .errors import LimitError, ParameterError, unknown_name
from .experiment import Experiment
from .features import features as known_features
from .kernels import adapting, adapting_steps, following, membrane, steps, train
from .kernels import batch as interpreted
from .kernels.membrane import LOC
from .kernels.samples import spacing
from .method import Exact, FixedStep
from .parameter import LARGEST, parameters
from .response import Response
from .simulate import DURATION, MAX_EVALUATIONS, MAX_SPIKES, MAX_STEPS

if TYPE_CHECKING:
    import numpy as np

    Columns = Mapping[str, np.ndarray]

# The kernel's features by their names in `lapicque.features`, in its order.
_NUMBERED = (
    "spike_count",
    "rate",
    "steady_rate",
    "first_spike",
    "latency",
    "mean_isi",
    "isi_cv",
)
# Names of the arrays beside them.
_TAKEN = ("progress", "spike", "spike_start", "time")
_NODES = 4096
_ROOM = 1024
_CHUNK = 1 << 16


@dataclasses.dataclass(frozen=True)
class Info:
    """What is known of a result: unit, meaning, type, and the dimensions beside the rows'."""

    unit: str
    meaning: str
    dtype: str = "float64"
    dims: tuple[str, ...] = ()


class Batch:
    """Rows of one experiment: what varies, and what is asked of each.

    Parameters
    ----------
    experiment : Experiment
        What all rows have in common.
    paths : sequence of str
        Dotted paths of what varies.
    features : sequence of str or callable
        Names of `lapicque.features`; "spike_times"; "voltage", V at ``times``; or a function of
        a `Row`.
    times : array, optional
        Increasing times (ms) for "voltage".
    discard : float
        Spikes before this time (ms) are left out, and so is the time before it from rates.
    compiled : bool, optional
        Whether Numba compiles the kernels; by default it does where it is installed, and a warning
        says where it is not.

    Raises
    ------
    ParameterError
        If a path or feature is unknown, or cannot be swept.
    """

    def __init__(
        self,
        experiment: Experiment,
        paths: Sequence[str],
        features: Sequence[str | Callable[[Any], float]],
        *,
        times: Any = None,
        discard: float = 0.0,
        compiled: bool | None = None,
    ) -> None:
        self.experiment = experiment
        self.compiled = compiled
        self.paths = [experiment.canonical(path) for path in paths]
        self.discard = DURATION.check(discard, "discard")
        self.features = self._asked(features)
        self.functions = {f.__name__: f for f in features if not isinstance(f, str)}
        self.times = self._checked_times(times)
        method = Exact() if experiment.method is None else experiment.method
        if not isinstance(method, (Exact, FixedStep)):
            raise ParameterError("method", "must be Exact or a fixed-step method", method)
        self.method: Exact | FixedStep = method
        sampled = [path for path in self.paths if self._has_samples(path)]
        if len(sampled) > 1:
            raise ParameterError("axes", "may vary the samples of one part only", sampled[1])
        self._sampled = sampled[0] if sampled else None
        self.targets = [self._target(path) for path in self.paths]
        for k, target in enumerate(self.targets):
            if target in self.targets[:k]:
                raise ParameterError("axes", "must vary each number once", self.paths[k])
        if self.discard > 0.0 and "duration" not in self.paths:
            self._check_discard(experiment.duration)

    @functools.cached_property
    def layout(self) -> rows.Layout:
        """The current as flat numbers."""
        return rows.layout(self.experiment.current)

    @property
    def _own(self) -> int:
        # Where the current's numbers begin.
        return interpreted.NEURON + len(self.experiment.neuron.raw())

    def _has_samples(self, path: str) -> bool:
        head, *rest = path.split(".")
        parts = self.experiment.current.parts
        return (
            head == "current"
            and rest[1:] == ["values"]
            and isinstance(parts[int(rest[0])], Sampled)
        )

    def samples(self, columns: Columns) -> tuple[Any, ...]:
        """Return what the kernel is given of samples that differ from row to row.

        Parameters
        ----------
        columns : mapping of str to ndarray
        """
        import numpy as np

        if self._sampled is None:
            return np.zeros(1), 0.0, np.zeros(0), 0.0, 0
        k = int(self._sampled.split(".")[1])
        part: Any = self.experiment.current.parts[k]
        times = np.array(part.times) + part.start
        held = part.stop if part.interpolation == "hold" else None
        values = np.ascontiguousarray(columns[self._sampled], dtype=float).ravel()
        step = spacing(times.tolist())
        return times, step, values, -math.inf if held is None else held, k

    def _checked_samples(self, values: Any) -> np.ndarray:
        import numpy as np

        path = str(self._sampled)
        part: Any = self.experiment.current.parts[int(path.split(".")[1])]
        given = np.asarray(values)
        if given.dtype.kind not in "fiu":
            raise ParameterError(path, "must be rows of numbers in nA", values)
        found = given.astype(float)
        if found.ndim != 2 or found.shape[1] != len(part.times):
            rule = f"must have the shape (rows, {len(part.times)}), in nA"
            raise ParameterError(path, rule, found.shape)
        inside = np.abs(found) <= LARGEST
        if not inside.all():
            raise ParameterError(path, "must be finite numbers in nA", found[~inside][0].item())
        return found

    def _samples_alone(self) -> bool:
        """Whether rows have one sampled part from 0 on, its own samples, and nothing else."""
        parts = self.experiment.current.parts
        if self._sampled is None or len(parts) != 1:
            return False
        part: Any = parts[0]
        whole = part.window is None and (part.stop is None or part.interpolation == "hold")
        moved = {"current.0.start", "current.0.stop"} & set(self.paths)
        return whole and not moved and bool(part.start + part.times[0] >= 0.0)

    @property
    def _varies(self) -> bool:
        # Whether the current, or how much of it there is, differs from row to row.
        return any(path == "duration" or path.startswith("current.") for path in self.paths)

    def _current(self) -> int:
        """Return what rows have for a current."""
        ends = {"start", "stop"} & {path.rpartition(".")[2] for path in self.paths}
        steady = not ends and all(
            isinstance(part, (Constant, Step))
            and (part.start <= 0.0 and part.stop is None and part.window is None)
            for part in self.experiment.current.parts
        )
        if steady:
            return interpreted.CONSTANT
        if self._samples_alone():
            return interpreted.SAMPLED
        return interpreted.OWN if self._varies else interpreted.SHARED

    # What is asked ------------------------------------------------------------------------------

    def _asked(self, features: Sequence[Any]) -> dict[str, Info]:
        known = known_features()
        found: dict[str, Info] = {}
        names = [*_NUMBERED, "spike_times", "voltage"]
        taken = [*names, *_TAKEN]
        for each in features:
            if callable(each):
                name = getattr(each, "__name__", "")
                if not name.isidentifier() or name in taken:
                    rule = "must be functions with names of their own"
                    cure = "Write def my_feature(response): ..., not a lambda."
                    raise ParameterError("features", rule, name or each, cure)
                words = ((each.__doc__ or "").strip() or name).splitlines()[0].rstrip(".")
                info = Info(getattr(each, "unit", ""), words)
            elif each == "spike_times":
                name, info = each, Info("ms", "spike times, neuron by neuron")
            elif each == "voltage":
                name, info = each, Info("mV", "membrane potential", dims=("time",))
            elif isinstance(each, str) and each in _NUMBERED:
                whole = "int64" if each == "spike_count" else "float64"
                name, info = each, Info(known[each].unit, known[each].meaning, whole)
            else:
                raise unknown_name("features", "a feature", each, names)
            if name in found:
                raise ParameterError("features", "must be different", name)
            found[name] = info
        if not found:
            raise ParameterError("features", "must name at least one feature", list(features))
        if "spike_times" in found and "spike_count" not in found:
            found["spike_count"] = Info("", known["spike_count"].meaning, "int64")
        return found

    def _checked_times(self, times: Any) -> np.ndarray:
        import numpy as np

        asked = "voltage" in self.features
        if (times is not None) != asked:
            rule = "is missing: 'voltage' needs times, ms" if asked else "needs the feature voltage"
            raise ParameterError("times", rule)
        try:
            found = np.asarray([] if times is None else times, dtype=float)
        except (TypeError, ValueError):
            raise ParameterError("times", "must be numbers in ms", times) from None
        if found.ndim != 1 or (asked and not len(found)):
            raise ParameterError("times", "must be a list of at least one time in ms", times)
        last = math.inf if "duration" in self.paths else self.experiment.duration
        inside = np.isfinite(found) & (found >= 0.0) & (found <= last)
        if not inside.all():
            rule = f"must lie in [0, {last:g}] ms" if last < math.inf else "must be >= 0 ms"
            raise ParameterError("times", rule, found[~inside][0].item())
        if (np.diff(found) <= 0.0).any():
            raise ParameterError("times", "must increase, ms", times)
        return found

    def _check_discard(self, duration: float) -> None:
        if self.discard >= duration:
            rule = f"must be less than the duration, {duration:g} ms"
            raise ParameterError("discard", rule, self.discard)

    def _target(self, path: str) -> int:
        """Return where the numbers of a path stand among those of a row."""
        head, *rest = path.split(".")
        if path == "duration":
            return interpreted.DURATION
        if path == "V_0":
            return interpreted.V_0
        if path == "method.dt" and isinstance(self.method, FixedStep):
            return interpreted.DT
        if path != self._sampled:
            self.experiment.parameter(path)
        if head == "neuron":
            # A derived parameter is refused as everywhere.
            self.experiment.replace({path: self.experiment.value(path)})
            entry = int(rest[1]) if len(rest) > 1 else 0
            value = self.experiment.value(path)
            if isinstance(value, tuple) and len(value) > 1:
                rule = f"must name one of its {len(value)} entries"
                raise ParameterError(path, rule, cure=f"Write {path}.0.")
            return interpreted.NEURON + self.experiment.neuron.raw_index(rest[0], entry)
        if head == "current" and rest[1] == "values" and self._sampled is not None:
            return -1
        if head == "current" and rest[1] in self.layout.names[int(rest[0])]:
            return self._own + self.layout.index(int(rest[0]), rest[1])
        raise ParameterError(path, "cannot be swept", cure="Nothing in this experiment reads it.")

    # Rules --------------------------------------------------------------------------------------

    def check(self, columns: Columns, first: int = 0) -> dict[str, np.ndarray]:
        """Return columns of plain numbers, or raise for the first one that breaks a rule.

        Parameters
        ----------
        columns : mapping of str to array_like, each of shape (rows,)
            One value for each row, by path; what constructors take.
        first : int
            The number of the first row, for messages.

        Raises
        ------
        ParameterError, LimitError
            As the experiment with this number would, with its row.
        """
        try:
            return self._checked(columns)
        except ParameterError as error:
            if error.row is None:
                raise
            raise error.at_row(error.row + first) from None

    def _checked(self, columns: Columns) -> dict[str, np.ndarray]:
        import numpy as np

        given = {
            (int(path.split(".")[1]), path.split(".")[2]): values
            for path, values in columns.items()
            if path.startswith("current.") and path != self._sampled
        }
        checked = {
            f"current.{k}.{name}": column
            for (k, name), column in rows.columns(self.experiment.current, given).items()
        }
        if self._sampled is not None:
            checked[self._sampled] = self._checked_samples(columns[self._sampled])
        for path, values in columns.items():
            if path not in checked:
                checked[path] = self.experiment.parameter(path).check_column(values, path)
        columns = {path: checked[path] for path in columns}
        neuron = self.experiment.neuron
        of = {name: getattr(neuron, name) for name in parameters(type(neuron))}
        of |= {p.split(".")[1]: v for p, v in columns.items() if p.startswith("neuron.")}
        doubtful = np.broadcast_to(neuron.doubtful(of), self._rows(columns))
        for number in np.flatnonzero(doubtful).tolist():
            try:
                self.row(number, columns)
            except ParameterError as error:
                raise error.at_row(number) from None
        if self.discard > 0.0 and "duration" in columns:
            self._check_discard(float(columns["duration"].min()))
        if len(self.times) and "duration" in columns:
            least = float(columns["duration"].min())
            if self.times[-1] > least:
                rule = f"must lie in [0, {least:g}] ms, the shortest duration"
                raise ParameterError("times", rule, float(self.times[-1]))
        return columns

    def _rows(self, columns: Columns) -> int:
        return len(next(iter(columns.values())))

    def row(self, number: int, columns: Columns) -> Experiment:
        """Return one row as an experiment.

        Parameters
        ----------
        number : int
        columns : mapping of str to ndarray
        """
        return self.experiment.replace(
            {path: values[number].tolist() for path, values in columns.items()}
        )

    # Running ------------------------------------------------------------------------------------

    @property
    def _numbered(self) -> list[str]:
        """The features that the kernel is to write, in its order."""
        counted = bool(self.functions)  # they are called train by train
        return [n for n in _NUMBERED if n in self.features or (counted and n == "spike_count")]

    @functools.cached_property
    def base(self) -> np.ndarray:
        """The numbers of a row, before its own are written over them."""
        import numpy as np

        experiment = self.experiment
        dt = self.method.dt if isinstance(self.method, FixedStep) else math.nan
        v = math.nan if experiment.V_0 is None else experiment.V_0
        own = [experiment.duration, v, dt, *experiment.neuron.raw()]
        return np.array([*own, *self.layout.raw])

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("base", "fixed", "layout")}

    @functools.cached_property
    def fixed(self) -> dict[str, Any]:
        """What the kernel is given that is the same for all rows."""
        import numpy as np

        experiment, method = self.experiment, self.method
        form = experiment.current.normal_form.on(0.0, experiment.duration)
        slots = {name: k for k, name in enumerate(self._numbered)}
        tableau = method.tableau if isinstance(method, FixedStep) else None
        memory = experiment.neuron.initial(experiment.initial)
        return {
            "targets": np.array([k for k in self.targets if k >= 0], dtype=np.int64),
            "model": experiment.neuron.code,
            "current": self._current(),
            "form": (
                np.array(form.starts),
                np.array(form.value),
                np.array(form.value_lo),
                np.array(form.slope),
                np.array(form.offset, dtype=np.int64),
                np.array(form.terms),
                np.array(form.kicks),
            ),
            "exact": isinstance(method, Exact),
            "how": method.code() if isinstance(method, Exact) else 0,
            "exponential": isinstance(method, FixedStep) and method.exponential,
            "locate": method.locate_code() if isinstance(method, FixedStep) else 0,
            "tableau": tuple(
                np.array(v, dtype=float)
                for v in ((tableau.c, tableau.a, tableau.b) if tableau else ((), (), ()))
            ),
            "memory": np.array(memory) if memory else None,
            "discard": self.discard,
            "limits": np.array([MAX_SPIKES, 0.0, MAX_EVALUATIONS, MAX_STEPS], dtype=float),
            "slots": np.array([slots.get(name, -1) for name in _NUMBERED], dtype=np.int64),
            "times": self.times,
            "wants_spikes": "spike_times" in self.features or bool(self.functions),
        }

    def run(self, columns: Columns, threads: int | None = None, first: int = 0) -> dict[str, Any]:
        """Run some rows.

        Parameters
        ----------
        columns : mapping of str to ndarray, each of shape (rows,)
            Checked numbers by path; see `check`.
        threads : int, optional
            As many as there are processors by default; one without Numba.
        first : int
            The number of the first row, for messages.

        Returns
        -------
        dict
            Each feature, shape (rows,); "voltage" (rows, times); "spike_times" one train after the
            other, of "spike_count" spikes each.

        Raises
        ------
        LimitError
            If a row has too many spikes, evaluations or steps, or leaves the range of doubles.
        """
        import numpy as np

        count = self._rows(columns)
        plain = [path for path in self.paths if path != self._sampled]
        stacked = np.empty((len(plain), count))
        for k, path in enumerate(plain):
            stacked[k] = columns[path]
            if path.endswith(".stop"):
                stacked[k][np.isnan(stacked[k])] = math.inf  # none
        wanted = self._numbered
        found = np.empty((len(wanted), count))
        volts = np.empty((count, len(self.times)))
        runner = _Runner(self, stacked, self.samples(columns), found, volts)
        try:
            pieces = runner.run(threads, self.fixed["wants_spikes"])
        except (OverflowError, ZeroDivisionError):  # interpreted; compiled, it is a status
            raise self._fault(None, interpreted.OUT_OF_RANGE, columns) from None
        for stop in (r for r in pieces if r.status != interpreted.DONE):
            raise self._fault(stop.row, stop.status, columns, first)
        results: dict[str, Any] = dict(zip(wanted, found, strict=True))
        if "spike_count" in results:
            results["spike_count"] = results["spike_count"].astype(np.int64)
        if "voltage" in self.features:
            results["voltage"] = volts
        if self.fixed["wants_spikes"]:
            trains = [train for piece in pieces for train in piece.trains]
            spikes = trains[0] if len(trains) == 1 else np.concatenate(trains)
            if "spike_times" in self.features:
                results["spike_times"] = spikes
            self._apply(results, columns, spikes)
        return {name: results[name] for name in self.features}

    def _apply(self, results: dict[str, Any], columns: Columns, spikes: np.ndarray) -> None:
        """Call the user's functions, neuron by neuron."""
        import numpy as np

        if not self.functions:
            return
        seen = spikes.view()
        seen.flags.writeable = False
        trains = np.split(seen, np.cumsum(results["spike_count"])[:-1])
        asked = [Row(self, columns, k, train) for k, train in enumerate(trains)]
        for name in self.functions:
            results[name] = np.array([self._applied(name, k, row) for k, row in enumerate(asked)])

    def _applied(self, name: str, number: int, row: Row) -> float:
        try:
            value = self.functions[name](row)
        except Exception as error:
            error.add_note(f"in the feature {name!r} of row {number}")
            raise
        try:
            return float(value)
        except (TypeError, ValueError):
            rule = f"must return a number (row {number})"
            raise ParameterError(f"features.{name}", rule, value) from None

    def _fault(self, row: int | None, status: int, columns: Columns, first: int = 0) -> LimitError:
        where = "a row"
        if row is not None:
            plain = [path for path in self.paths if path != self._sampled]
            listed = ", ".join(f"{path} = {columns[path][row]:g}" for path in plain)
            where = f"row {first + row}" + (f" ({listed})" if listed else "")
        return LimitError(
            {
                interpreted.TOO_MANY_SPIKES: f"{where}: there are more than {MAX_SPIKES} spikes. "
                "Shorten the run, or weaken the current.",
                interpreted.TOO_MANY_EVALUATIONS: f"{where}: 'duration' is too long for this "
                f"current: more than {MAX_EVALUATIONS} evaluations were needed to find a spike.",
                interpreted.TOO_MANY_PIECES: f"{where}: the current has too many periods or "
                "cycles: shorten the run, or make them longer.",
                interpreted.TOO_MANY_STEPS: f"{where}: 'method.dt' must make at most {MAX_STEPS} "
                "steps of the run. Raise dt, or shorten the run.",
                interpreted.ENDLESS: f"{where}: 'neuron.t_ref' must be > 0 ms here: a reset leaves "
                "V at or above the threshold, and spikes would follow without end.",
                interpreted.OUT_OF_RANGE: f"{where}: V or the current leaves the range of doubles: "
                "bring the parameters' sizes together, or lower dt.",
            }[status]
        )


class Row:
    """What a function of the user gets: a `Response` whose spike times are known already.

    Whatever else it is asked for runs the row again, alone and in Python.

    Attributes
    ----------
    spike_times : ndarray
        ms, without those before ``discard``.
    """

    def __init__(self, batch: Batch, columns: Columns, number: int, train: np.ndarray) -> None:
        self._asked = (batch, columns, number)
        self.spike_times = train

    @property
    def spike_count(self) -> int:
        """Number of spikes."""
        return len(self.spike_times)

    @functools.cached_property
    def response(self) -> Response:
        """The run of this row alone, from its beginning."""
        batch, columns, number = self._asked
        return batch.row(number, columns).run()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.response, name)


@dataclasses.dataclass
class _Piece:
    """What became of some rows: the row and status that ended them, and their trains."""

    row: int
    status: int
    trains: list[Any]


class _Runner:
    """The threads of one batch, each with room of its own to work in."""

    def __init__(
        self,
        batch: Batch,
        columns: np.ndarray,
        samples: tuple[Any, ...],
        found: np.ndarray,
        volts: np.ndarray,
    ) -> None:
        self.batch = batch
        self.columns, self.samples, self.found, self.volts = columns, samples, found, volts
        self.compiled = compiler.available() if batch.compiled is None else batch.compiled
        self.kernel: Any = compiler.kernels().run_rows if self.compiled else interpreted.run_rows
        if batch.compiled is None and not self.compiled:
            warnings.warn(
                "Numba is not installed: the rows run interpreted, some hundred times slower. "
                "pip install 'lapicque[sweep]'",
                RuntimeWarning,
                stacklevel=4,
            )

    def run(self, threads: int | None, wants_spikes: bool) -> list[_Piece]:
        import numpy as np

        count = self.volts.shape[0]
        workers = (threads or processors()) if self.compiled else 1
        size = max(1, min(_CHUNK, -(-count // (4 * workers)) if workers > 1 else count))
        chunks = [(k, min(k + size, count)) for k in range(0, count, size)]
        fixed = self.batch.fixed
        counted = fixed["current"] == interpreted.CONSTANT and fixed["memory"] is None
        counted = counted and fixed["exact"] and not len(self.batch.times)
        with ThreadPoolExecutor(workers) as pool:

            def each(*arguments: Any) -> list[_Piece]:
                spread = pool.map if workers > 1 and len(chunks) > 1 else map
                return list(spread(self._rows, *arguments))

            if not (wants_spikes and counted):
                return each(chunks, [wants_spikes] * len(chunks))
            # Regular trains are quickly counted, so that all of them have one array.
            pieces = each(chunks, [False] * len(chunks))
            if any(piece.status != interpreted.DONE for piece in pieces):
                return pieces
            counts = self.found[0]  # the first of the features
            ends = np.cumsum([counts[first:last].sum() for first, last in chunks]).astype(int)
            spikes = np.empty(ends[-1])
            pieces = each(chunks, [True] * len(chunks), np.split(spikes, ends[:-1]))
            return [_Piece(piece.row, piece.status, []) for piece in pieces[1:]] + [
                _Piece(pieces[0].row, pieces[0].status, [spikes])
            ]

    def _rows(
        self, chunk: tuple[int, int], wants_spikes: bool, given: np.ndarray | None = None
    ) -> _Piece:
        """Run some rows; their spikes go to the array that is given, if there is one."""
        import numpy as np

        fixed = self.batch.fixed
        first, last = chunk
        room, pieces = _ROOM, self._pieces()
        spike_room = 64 * (last - first) if wants_spikes else 0
        trains: list[Any] = []
        scratch = self._scratch(room, pieces)
        recipe = self._recipe(pieces)
        times, step, values, held_until, part = self.samples
        row = first
        while True:
            spikes = np.empty(spike_room) if given is None else given
            row, status, used = self.kernel(
                row,
                last,
                self.volts.shape[0],
                *self._seen(self.batch.base, fixed["targets"], self.columns.ravel()),
                fixed["model"],
                fixed["current"],
                self._seen(*fixed["form"]),
                recipe,
                (
                    *self._seen(times),
                    step,
                    *self._seen(values),
                    held_until,
                    part,
                ),
                fixed["how"],
                fixed["exponential"],
                fixed["locate"],
                self._seen(*fixed["tableau"]),
                fixed["memory"] if fixed["memory"] is None else self._seen(fixed["memory"])[0],
                fixed["discard"],
                *self._seen(fixed["limits"].copy(), fixed["slots"], fixed["times"]),
                wants_spikes,
                *self._seen(self.found.ravel(), spikes, self.volts.ravel()),
                *scratch,
            )
            if used:
                trains.append(spikes[:used])
            if given is not None:
                given = given[used:]
            if status == interpreted.SPIKES_FULL and given is None:
                spike_room = max(spike_room, 2 * room) if used else 4 * spike_room
            elif status == interpreted.ROOM_FULL and room <= MAX_SPIKES:
                room *= 4
                scratch = self._scratch(room, pieces)
            elif status == interpreted.PIECES_FULL:
                pieces *= 4
                scratch, recipe = self._scratch(room, pieces), self._recipe(pieces)
            elif status == interpreted.ROOM_FULL:
                return _Piece(row, interpreted.TOO_MANY_SPIKES, trains)
            else:
                return _Piece(row, status, trains or [np.empty(0)])

    def _pieces(self) -> int:
        """Return how many pieces there is room for at first."""
        own = len(self.batch.fixed["form"][0])
        fixed = self.batch.layout.fixed
        return max(own, 64 + 2 * fixed) if self.batch._varies else max(own, fixed + 1)

    def _recipe(self, pieces: int) -> Any:
        """Return what the kernel makes a row's own current of."""
        import numpy as np

        layout = self.batch.layout
        whole = [np.empty(pieces) for _ in range(4)]
        terms = max(4 * membrane.TERM * pieces, len(layout.form[5]))
        whole += [np.zeros(pieces + 1, dtype=np.int64), np.empty(terms)]
        whole += [np.zeros(4 * pieces if layout.kicks else 0)]
        parts = [each.copy() for each in whole]
        known: tuple[Any, ...] = layout.form
        for room, given in zip(parts, known, strict=True):
            room[: len(given)] = given
        many = len(layout.kinds)
        return (
            *self._seen(
                np.array(layout.kinds, dtype=np.int64),
                np.array(layout.raw_at, dtype=np.int64) + self.batch._own,
                np.array(layout.given, dtype=np.int64),
            ),
            layout.fixed,
            *self._seen(
                np.array(layout.times, dtype=float),
                np.array(layout.table, dtype=float),
                np.zeros(3 * many, dtype=np.int64),
                np.zeros(2 * many),
            ),
            self._seen(*parts),
            self._seen(*whole),
            *self._seen(np.empty(layout.loc)),
        )

    def _scratch(self, room: int, pieces: int) -> list[Any]:
        import numpy as np

        batch = self.batch
        fixed = batch.fixed
        packed = batch.experiment.neuron.pack()
        remembers = len(packed) > membrane.ROW
        traces = adapting.traces(packed) if remembers else 0
        *_, offset, terms, _ = fixed["form"]
        loc = batch.layout.loc if batch._varies else membrane.anchored_size(terms, offset)
        loc += LOC * (traces + 1)
        if fixed["exact"]:
            state = adapting.VALUES + traces if remembers else train.JUMPED + 1
        else:
            state = adapting_steps.STATE + 2 + traces if remembers else steps.KICK + 1
        anchors = (adapting.ANCHOR_VALUES + traces) * (room + pieces + 2) if remembers else 1
        # V at times is taken of all nodes of a run.
        nodes = 8 * room if len(batch.times) else _NODES
        moving = following.PARTS + 1 + 2 * traces
        shared = [np.empty(n) for n in (len(batch.base), len(packed), state)]
        return [
            *self._seen(*shared),
            self._seen(np.empty(room), np.zeros(room)),
            self._seen(*(np.empty(pieces) for _ in range(6))),
            *self._seen(np.empty(anchors), np.empty(64), np.empty(loc), np.empty(moving)),
            None if fixed["exact"] else self._seen(*(np.empty(nodes) for _ in range(7))),
            self._seen(*(np.empty(len(batch.times)) for _ in range(2))),
            *self._seen(np.zeros(interpreted.SUMMARY)),
        ]

    def _seen(self, *arrays: Any) -> tuple[Any, ...]:
        # Interpreted, memory views hand out plain floats; NumPy's own scalars are slow.
        return arrays if self.compiled else tuple(memoryview(each) for each in arrays)


def processors() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
