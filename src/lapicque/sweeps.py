"""Sweeps: axes -> rows -> blocks -> `xarray.Dataset`; the only module that knows Dask.

Blocks are computed by `batch`, cut by `grid`, kept by `store`.
"""

from __future__ import annotations

import contextlib
import json
import operator
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .errors import LapicqueError, MissingPackageError, ParameterError, SweepError, brief
from .experiment import Experiment

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

    from .batch import Batch, Row
    from .grid import Grid, Slices
    from .store import Place, Variable

FORMAT = 1
# Rows in a block: enough to keep threads busy, few enough to see progress and lose little.
ROWS = 65_536
ROWS_WITH_SPIKE_TIMES = 16_384
# What stays in memory as a whole gains nothing from smaller ones.
ROWS_IN_MEMORY = 1_048_576
ROWS_IN_PYTHON = 1_024
# Numbers in a block, where each row has many: 8 MiB.
NUMBERS = 2**20
# A task that fails for a reason of the machine's is tried again.
RETRIES = 2


def sweep(
    experiment: Experiment,
    axes: Mapping[Any, Any],
    features: Sequence[str | Callable[[Row], float]] = ("spike_count", "rate"),
    *,
    times: Any = None,
    discard: float = 0.0,
    store: str | os.PathLike[str] | None = None,
    resume: bool = False,
    client: Any = None,
    block_size: int | None = None,
    threads: int | None = None,
    progress: bool | None = False,
) -> xr.Dataset:
    """Run an experiment at every point of a grid of its parameters.

    Parameters
    ----------
    experiment : Experiment
        The base: what no axis changes.
    axes : dict
        ``{"neuron.R_m": values}``: a dotted path and its numbers (or "30 nS", or quantities).
        Several entries form the product, the last one fastest. Paths in one tuple vary together
        along a dimension ``point``: ``{("current.0.amplitude", "current.0.frequency"): (A, F)}``.
        ``{"R": lapicque.axis("neuron.R_m", values)}`` names the dimension. The values of a sampled
        current, ``current.0.values``, take rows of samples.
    features : sequence of str or callable
        Names of `lapicque.features`, "spike_times", "voltage" (at ``times``), or functions of a
        row, which has ``spike_times``, ``spike_count`` and, run again in Python, ``response``.
    times : sequence, optional
        When to take "voltage" (ms).
    discard : float
        A warm-up (ms) that features do not see.
    store : path, optional
        Write to a Zarr store here, block by block, and return a dataset that reads from it.
    resume : bool
        Go on with the store of a sweep that was stopped, after a check of all that is there.
    client : distributed.Client or str, optional
        Compute on a Dask cluster; or the address of its scheduler.
    block_size : int, optional
        At most so many rows at a time. Results do not depend on it.
    threads : int, optional
        For each block; all cores if not given, on a cluster 1.
    progress : bool, optional
        Show a bar on stderr; None shows it on a terminal only.

    Returns
    -------
    xarray.Dataset
        One variable for each feature, one dimension for each axis; units in ``attrs``. Spike times
        are a CF contiguous ragged array: see `spike_train`.

    Raises
    ------
    ParameterError
        If a path leads nowhere or a value breaks its rule, before anything runs; if the store
        holds another sweep.
    SweepError
        If the store cannot be written or workers die; ``resume=True`` goes on.
    MissingPackageError
        Without xarray, Zarr (``store=``), Dask (``client=``) or tqdm (``progress=``).
    """
    if not isinstance(experiment, Experiment):
        raise ParameterError("experiment", "must be an Experiment", experiment)
    block_size = _at_least_one(block_size, "block_size")
    threads = _at_least_one(threads, "threads")
    if isinstance(features, str) or not isinstance(features, Iterable):
        raise ParameterError("features", 'must be a list of names, such as ["rate"]', features)
    path = _path(store)
    if resume and path is None:
        raise ParameterError("resume", "needs a store to go on with", resume, 'Give store="...".')
    _need("xarray", "sweeps")
    if path is not None:
        _need("zarr", "the store of a sweep")
    plan = _Plan(experiment, axes, list(features), times, discard)
    if resume:
        plan.check_functions()
    stored = _stored(path, resume)
    plan.cut(block_size, stored, whole=path is None and client is None)
    plan.check()
    with _Cluster(client) as cluster, _Bar(progress, plan.grid.rows) as bar:
        if path is None:
            return _in_memory(plan, cluster, threads, bar)
        return _in_store(plan, path, stored, cluster, threads, bar)


def spike_train(dataset: xr.Dataset) -> np.ndarray:
    """Return the spike times of one neuron of a sweep.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a sweep with the feature "spike_times", brought down to one neuron by ``isel`` or
        ``sel``.

    Returns
    -------
    ndarray of float64, shape (spikes,)
        ms, increasing.

    Examples
    --------
    ``spike_train(ds.isel(point=3))``, or by value:
    ``spike_train(ds.sel({"neuron.R_m": 10.0}, method="nearest"))``.
    """
    names = ("spike_times", "spike_count", "spike_start")
    if not all(name in getattr(dataset, "variables", ()) for name in names):
        raise ParameterError("dataset", 'must be of a sweep with the feature "spike_times"')
    count, start = dataset["spike_count"], dataset["spike_start"]
    if count.size != 1 or start.size != 1:
        left = ", ".join(f"{name} {size}" for name, size in count.sizes.items())
        cure = "Pick one neuron first: ds.isel(...) by place, ds.sel(...) by value."
        raise ParameterError("dataset", f"must be down to one neuron (left: {left})", ..., cure)
    first, spikes = float(start.values.item()), float(count.values.item())
    times = dataset["spike_times"]
    if not (first >= 0.0 and spikes >= 0.0):  # NaN of a `where`, or a store that is not finished
        cure = "Pick another one: this one's were masked, or are not computed yet."
        raise ParameterError("dataset", "must have the spikes of this neuron", ..., cure)
    if times.dims != ("spike",) or first + spikes > times.size:
        cure = "Pick neurons along the other dimensions; spike_start counts along a whole `spike`."
        raise ParameterError("dataset", "must have its dimension `spike` uncut", ..., cure)
    found: np.ndarray = times.isel(spike=slice(int(first), int(first + spikes))).values
    return found


def _at_least_one(number: Any, name: str) -> int | None:
    if number is None:
        return None
    try:
        whole = 0 if isinstance(number, bool) else operator.index(number)
    except TypeError:
        whole = 0
    if whole < 1:
        raise ParameterError(name, "must be a whole number >= 1", number)
    return whole


def _need(package: str, what: str) -> None:
    from importlib.util import find_spec

    try:
        there = find_spec(package) is not None
    except ValueError:  # what sys.modules says is not there
        there = False
    if not there:
        raise MissingPackageError(f"{what} need {package}: pip install 'lapicque[sweep]'")


def _path(store: Any) -> str | None:
    if store is None:
        return None
    try:
        path = os.fspath(store)
    except TypeError:
        raise ParameterError("store", "must be a path", store) from None
    if not isinstance(path, str) or not path or "\0" in path or "://" in path:
        raise ParameterError("store", "must be the path of a folder to make", store)
    return os.path.abspath(path)  # workers may live in another folder


def _stored(path: str | None, resume: bool) -> dict[str, Any] | None:
    """Return the manifest of the store to go on with; None if there is none yet."""
    if path is None or not os.path.lexists(path):
        return None
    if not resume:
        cure = "Give another path, or go on with it: resume=True (--resume)."
        raise ParameterError("store", "must not exist yet", path, cure)
    from .store import manifest_of

    return manifest_of(path)


class _Plan:
    """What a sweep is: the batch, the grid, and the arrays that will hold the answer."""

    grid: Grid

    def __init__(
        self,
        experiment: Experiment,
        axes: Mapping[Any, Any],
        features: list[Any],
        times: Any,
        discard: float,
    ) -> None:
        from .batch import Batch
        from .grid import TIME, dimensions, numbers
        from .simulate import DURATION

        if not features:
            raise ParameterError("features", "must have at least one entry")
        for k, feature in enumerate(features):
            if feature in features[:k]:
                raise ParameterError("features", "must differ", feature)
        self.experiment, self.features = experiment, features
        self.dimensions = dimensions(experiment, axes)
        self.times = None if times is None else numbers(times, TIME, "times")
        self.discard = DURATION.check(discard, "discard")
        self.paths = [c.path for d in self.dimensions for c in d.coordinates]
        self.batch: Batch = Batch(
            experiment, self.paths, features, times=self.times, discard=self.discard
        )
        self.spikes = "spike_times" in self.batch.features
        self._check_names()

    def _check_names(self) -> None:
        taken = {*self.batch.features, "progress", "time", "spike", "spike_count", "spike_start"}
        for dimension in self.dimensions:
            for name in {dimension.name, *(c.name for c in dimension.coordinates)} & taken:
                cure = 'Another name: {"name": lq.axis(path, values)}.'
                raise ParameterError("axes", "must not have the name of a result", name, cure)

    def check_functions(self) -> None:
        """Raise if nobody can tell whether a function is the one that a store was made with."""
        for feature in self.features:
            if _source(feature) == _UNKNOWN:
                rule = "must be functions that can be compared with those of the store"
                cure = "Write a plain function; what it closes over must be plain values."
                raise ParameterError("features", rule, _name(feature), cure)

    def cut(self, block_size: int | None, stored: Mapping[str, Any] | None, whole: bool) -> None:
        """Cut the grid into blocks: as it was, if there is a store already."""
        from .grid import Grid, block_shape

        shape = tuple(dimension.size for dimension in self.dimensions)
        if block_size is None and stored is not None:
            before = stored.get("block")
            if isinstance(before, list) and len(before) == len(shape):
                self.grid = Grid(self.dimensions, tuple(before))
                return
        self.grid = Grid(self.dimensions, block_shape(shape, block_size or self._usual_rows(whole)))

    def _usual_rows(self, whole: bool) -> int:
        wide = [
            c.values.shape[1] for d in self.dimensions for c in d.coordinates if c.values.ndim > 1
        ]
        if "voltage" in self.batch.features and self.times is not None:
            wide.append(len(self.times))
        rows = ROWS_WITH_SPIKE_TIMES if self.spikes else ROWS
        rows = ROWS_IN_MEMORY if whole else rows
        if any(callable(feature) for feature in self.features):
            rows = ROWS_IN_PYTHON
        return int(max(1, min(rows, NUMBERS // max(1, sum(wide)))))

    def check(self) -> None:
        """Raise a `ParameterError` for the first row that breaks a rule."""
        for number in range(self.grid.blocks):
            box = self.grid.box(number)
            self.batch.check(self.grid.columns(box), first=self.grid.row(box))

    def manifest(self) -> dict[str, Any]:
        """Return, as plain data, all that the results depend on."""
        from hashlib import sha256
        from importlib.metadata import version

        def digest(values: np.ndarray) -> dict[str, Any]:
            return {"shape": list(values.shape), "sha256": sha256(values.tobytes()).hexdigest()}

        data = {
            "format": FORMAT,
            "version": version("lapicque"),
            "experiment": self.experiment.to_dict(),
            "axes": [
                {"dimension": d.name, "values": {c.path: digest(c.values) for c in d.coordinates}}
                for d in self.dimensions
            ],
            "features": {_name(feature): _source(feature) for feature in self.features},
            "times": None if self.times is None else digest(self.times),
            "discard": self.discard,
            "block": list(self.grid.block),
        }
        plain: dict[str, Any] = json.loads(json.dumps(data))
        return plain

    def attrs(self) -> dict[str, Any]:
        """Return what the dataset says of itself."""
        from importlib.metadata import version

        neuron = self.experiment.neuron
        given = [name for name in ("R_m", "C_m", "tau_m") if name in neuron.given()]
        held = [name for name in given if f"neuron.{name}" not in self.paths]
        seed = self.experiment.seed
        return {
            "Conventions": "CF-1.11",
            "source": f"lapicque {version('lapicque')}",
            "experiment": json.dumps(self.experiment.to_dict()),
            "axes": json.dumps({d.name: [c.path for c in d.coordinates] for d in self.dimensions}),
            "features": " ".join(_name(feature) for feature in self.features),
            "given": " ".join(given),
            "held_fixed": " ".join(held),
            "discard": self.discard,
            "discard_units": "ms",
            "seed": "none" if seed is None else str(seed),
        }

    def coordinates(self) -> dict[str, tuple[Variable, np.ndarray]]:
        """Return the arrays of the axes."""
        from .store import Variable

        found = {}
        for dimension, coordinate in self.grid.coordinates():
            dims: tuple[str, ...] = (dimension.name,)
            values = coordinate.values
            if values.ndim > 1:
                dims += (f"{coordinate.path.rpartition('.')[0]}.sample",)
            attrs = {
                "units": coordinate.parameter.unit or "1",
                "long_name": coordinate.parameter.meaning,
                "path": coordinate.path,
            }
            variable = Variable("float64", dims, values.shape, values.shape, attrs)
            found[coordinate.name] = (variable, values)
        if self.times is not None:
            shape = self.times.shape
            attrs = {"units": "ms", "long_name": "time"}
            found["time"] = (Variable("float64", ("time",), shape, shape, attrs), self.times)
        return found

    def variables(self) -> dict[str, Variable]:
        """Return the arrays of the results, all but ``spike_times``: one chunk for each block."""
        from .store import Variable

        grid = self.grid
        described = {
            name: (info.dtype, tuple(info.dims), info.unit, info.meaning)
            for name, info in self.batch.features.items()
            if name != "spike_times"
        }
        if self.spikes:
            described.setdefault("spike_count", ("int64", (), "", "Number of spikes"))
            start = "Place of the first spike along the dimension spike"
            described["spike_start"] = ("int64", (), "", start)
        found = {}
        for name, (dtype, dims, unit, meaning) in described.items():
            attrs = {"units": unit or "1", "long_name": meaning}
            if self.spikes and name == "spike_count":
                attrs["sample_dimension"] = "spike"
            more = tuple(0 if self.times is None else len(self.times) for _ in dims)
            found[name] = Variable(
                str(_dtype(dtype)), grid.names + dims, grid.shape + more, grid.block + more, attrs
            )
        return found

    def spike_attrs(self) -> dict[str, Any]:
        """Return the attributes of ``spike_times``."""
        info = self.batch.features["spike_times"]
        return {"units": info.unit, "long_name": info.meaning}


def _dtype(dtype: Any) -> Any:
    import numpy as np

    return np.dtype(dtype)


def _name(feature: Any) -> str:
    return feature if isinstance(feature, str) else str(getattr(feature, "__name__", feature))


_UNKNOWN = "unknown"


def _source(feature: Any) -> str:
    """Return a digest of what a function does: with another one it would be another sweep.

    Its code, defaults, and the values it closes over; not what it calls. "unknown" where one of
    these cannot be compared from one process to the next.
    """
    from hashlib import sha256

    if isinstance(feature, str):
        return "built in"
    try:
        return sha256(_words(feature, ()).encode()).hexdigest()
    except (TypeError, ValueError, RecursionError):
        return _UNKNOWN


def _words(value: Any, above: tuple[int, ...]) -> str:
    """Return all that a function or a value is made of; raise TypeError if that cannot be said."""
    import types

    if id(value) in above:  # a function that closes over itself
        return f"above {above[::-1].index(id(value))}"
    above = (*above, id(value))
    kind = type(value)

    def each(values: Iterable[Any]) -> list[str]:
        return [_words(entry, above) for entry in values]

    if value is None or value is ... or kind in (bool, int, float, complex, str, bytes):
        return repr(value)
    if kind in (tuple, list):
        return f"{kind.__name__}({','.join(each(value))})"
    if kind in (set, frozenset):
        return f"{kind.__name__}({','.join(sorted(each(value)))})"
    if kind is dict:
        return f"dict({','.join(each(pair for pair in value.items()))})"
    if isinstance(value, types.CodeType):
        numbers = (value.co_argcount, value.co_kwonlyargcount, value.co_flags)
        table = getattr(value, "co_exceptiontable", b"")
        return f"code({','.join(each((value.co_code, table, numbers, value.co_names)))}," + (
            f"{','.join(each(value.co_consts))})"
        )
    if isinstance(value, types.FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        parts = each((value.__code__, value.__defaults__, value.__kwdefaults__, *cells))
        return f"function({','.join(parts)})"
    if isinstance(value, types.MethodType):
        return f"method({','.join(each((value.__func__, value.__self__)))})"
    if isinstance(value, types.ModuleType):
        return f"module {value.__name__}"
    if isinstance(value, (type, types.BuiltinFunctionType)):
        return f"{value.__module__}.{value.__qualname__}"
    for name in ("py_func", "__wrapped__"):  # compiled by Numba, or decorated
        if hasattr(value, name):
            return f"{kind.__name__}({_words(getattr(value, name), above)})"
    dtype = getattr(value, "dtype", None)
    if kind.__module__ == "numpy" and dtype is not None and not dtype.hasobject:
        return f"array({dtype!r},{value.shape},{value.tobytes().hex()})"
    words = repr(value)
    if " at 0x" in words or "..." in words:  # an address, or only a part
        raise TypeError
    return f"{kind.__module__}.{kind.__qualname__} {words}"


def _in_memory(plan: _Plan, cluster: _Cluster, threads: int | None, bar: _Bar) -> xr.Dataset:
    import numpy as np
    import xarray as xr

    grid = plan.grid
    variables = plan.variables()
    arrays = {name: np.empty(v.shape, v.dtype) for name, v in variables.items()}
    trains: list[Any] = [None] * grid.blocks
    with contextlib.closing(_results(plan, None, range(grid.blocks), cluster, threads)) as blocks:
        for number, results in blocks:
            box = grid.box(number)
            for name, array in arrays.items():
                if name != "spike_start":
                    array[box] = results[name].reshape(array[box].shape)
            if plan.spikes:
                trains[number] = results["spike_times"]
            bar.update(_rows(box))
    found: dict[str, Any] = {name: (v.dims, arrays[name], v.attrs) for name, v in variables.items()}
    if plan.spikes:
        counts = arrays["spike_count"].reshape(-1)
        arrays["spike_start"].reshape(-1)[:] = np.cumsum(counts) - counts
        whole = trains[0] if len(trains) == 1 else np.concatenate(trains)
        found["spike_times"] = (("spike",), whole, plan.spike_attrs())
    coordinates = {
        name: (v.dims, values, v.attrs) for name, (v, values) in plan.coordinates().items()
    }
    return xr.Dataset(found, coordinates, plan.attrs())


def _in_store(
    plan: _Plan,
    path: str,
    stored: Mapping[str, Any] | None,
    cluster: _Cluster,
    threads: int | None,
    bar: _Bar,
) -> xr.Dataset:
    import numpy as np
    import xarray as xr

    from .store import Place, Store, check_same, create, overlaps

    grid = plan.grid
    boxes = [grid.box(number) for number in range(grid.blocks)]
    variables, coordinates = plan.variables(), plan.coordinates()
    manifest = plan.manifest()
    if stored is None:
        attrs = {**plan.attrs(), "coordinates": " ".join(coordinates)}
        create(path, manifest, attrs, coordinates, variables, grid.blocks)
    else:
        check_same(path, stored, manifest)
    place = Place(path, tuple(n for n in variables if n != "spike_start"), plan.spikes)
    opened = Store(place)
    counts: dict[int, int] = {}
    if stored is not None:
        opened.rewrite(coordinates)
        for number, box in enumerate(boxes):
            count = opened.read(number, box)
            if count is not None:
                counts[number] = count
                bar.found(_rows(box))
    fresh = set()

    def compute(numbers: Iterable[int]) -> None:
        with contextlib.closing(_results(plan, place, numbers, cluster, threads)) as blocks:
            for number, count in blocks:
                counts[number] = count
                fresh.add(number)
                bar.update(_rows(boxes[number]))

    compute(number for number in range(grid.blocks) if number not in counts)
    if plan.spikes:
        offsets = np.cumsum([0, *(counts[number] for number in range(grid.blocks))])
        lost = opened.missing(int(offsets[-1]))
        needed = sorted({number for piece in lost for number, _ in overlaps(offsets, piece)})
        again = [
            number
            for number in needed
            if number not in fresh and not opened.has_spikes(number, counts[number])
        ]
        bar.more(sum(_rows(boxes[number]) for number in again))
        compute(again)
        opened.collect(boxes, offsets, lost, plan.spike_attrs())
    opened.finish()
    found: xr.Dataset = xr.open_zarr(path, consolidated=True, zarr_format=3, chunks={})
    return found


def _rows(box: Slices) -> int:
    from math import prod

    from .grid import box_shape

    return int(prod(box_shape(box)))


def _results(
    plan: _Plan,
    place: Place | None,
    numbers: Iterable[int],
    cluster: _Cluster,
    threads: int | None,
) -> Generator[tuple[int, Any], None, None]:
    """Yield the number of each block, as it is finished, with its results or its spike count."""
    grid = plan.grid

    def arguments_of(
        number: int,
    ) -> tuple[Place | None, int, Slices, Mapping[str, np.ndarray], int]:
        box = grid.box(number)
        return place, number, box, grid.columns(box), grid.row(box)

    tasks = ((number, arguments_of(number)) for number in numbers)
    if cluster.client is not None:
        finished = cluster.run(plan.batch, tasks, threads or 1)
    else:
        finished = ((n, _block(plan.batch, *arguments, threads)) for n, arguments in tasks)
    # Closed here, not when it is collected: its tasks are cancelled while there is a cluster.
    with contextlib.closing(finished):
        for number, value in finished:
            if isinstance(value, LapicqueError):
                raise value
            yield number, value


def _block(
    batch: Batch,
    place: Place | None,
    number: int,
    box: Slices,
    columns: Mapping[str, np.ndarray],
    first: int,
    threads: int | None,
) -> Any:
    """Compute a block; write it and return its spike count, or return its results.

    An error of ours is returned: raised, a cluster would try again what must fail again.
    """
    try:
        results = batch.run(columns, threads, first=first)
        if place is None:
            return results
        from .store import Store

        return Store(place).write(number, box, results)
    except LapicqueError as error:
        return error


class _Cluster:
    """A Dask cluster, or none: then blocks are computed here."""

    def __init__(self, given: Any) -> None:
        self.client: Any = None
        self._own = isinstance(given, str)
        if given is None:
            return
        _need("distributed", "sweeps on a cluster")
        import distributed

        kind: Any = distributed.Client
        if isinstance(given, str):
            try:
                self.client = kind(given, set_as_default=False)
            except (OSError, ValueError) as error:
                rule = f"must be the address of a Dask scheduler that answers ({brief(error)})"
                raise ParameterError("client", rule, given) from None
        elif not isinstance(given, kind) or given.asynchronous:
            rule = "must be a distributed.Client (not an asynchronous one) or an address"
            raise ParameterError("client", rule, given)
        else:
            self.client = given

    def __enter__(self) -> _Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own:
            self.client.close()

    def _check_workers(self) -> None:
        """Raise if a worker has another version of this package, or none: results may differ."""
        from importlib.metadata import version

        ours = version("lapicque")
        for worker, known in self.client.get_versions(packages=["lapicque"])["workers"].items():
            theirs = known["packages"]["lapicque"]
            if theirs != ours:
                got = theirs or "none"
                rule = f"must have workers with lapicque {ours} (the one at {worker} has {got})"
                raise ParameterError("client", rule)

    def run(
        self, batch: Batch, tasks: Iterator[tuple[int, tuple[Any, ...]]], threads: int
    ) -> Generator[tuple[int, Any], None, None]:
        """Yield each task's number and value as it is finished; few are under way at a time."""
        import pickle
        from concurrent.futures import CancelledError
        from itertools import islice
        from uuid import uuid4

        import cloudpickle
        import distributed

        client, run = self.client, uuid4().hex
        self._check_workers()
        # A task of its own: it is sent once, and made again if the worker that has it dies. Packed
        # here: what a worker cannot unpack is an error of the task, else it would end the worker.
        packed = cloudpickle.dumps(batch)
        shared = client.submit(pickle.loads, packed, key=f"lapicque-batch-{run}", pure=False)
        flying: dict[Any, int] = {}

        def start(count: int) -> list[Any]:
            started = []
            for number, arguments in islice(tasks, count):
                future = client.submit(
                    _block,
                    shared,
                    *arguments,
                    threads,
                    key=f"lapicque-block-{number}-{run}",
                    pure=False,
                    retries=RETRIES,
                )
                flying[future] = number
                started.append(future)
            return started

        def room() -> int:
            return max(0, 2 * max(1, int(sum(client.nthreads().values()))) - len(flying))

        try:
            finished: Any = distributed.as_completed(start(room()))  # type: ignore[no-untyped-call]
            for future in finished:
                number = flying.pop(future)
                try:
                    value = future.result()
                except distributed.KilledWorker as error:
                    raise SweepError(
                        f"workers died again and again over block {number}: {brief(error)}. With a "
                        "store, resume=True (--resume) goes on; smaller blocks need less memory"
                    ) from None
                except CancelledError:
                    raise SweepError(
                        f"the cluster went away while block {number} was computed. With a store, "
                        "resume=True (--resume) goes on"
                    ) from None
                future.release()
                for another in start(room()):
                    finished.add(another)
                yield number, value
        finally:
            client.cancel(list(flying))


class _Bar:
    """Progress in rows, with the time left, on stderr; or nothing."""

    def __init__(self, progress: bool | None, total: int) -> None:
        self._bar: Any = None
        stderr = sys.stderr
        if progress or (progress is None and stderr is not None and stderr.isatty()):
            _need("tqdm", "progress bars")
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, unit=" neurons", unit_scale=True, desc="sweep")

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self, rows: int) -> None:
        """So many more are done."""
        if self._bar is not None:
            self._bar.update(rows)

    def found(self, rows: int) -> None:
        """So many were done before: they count, but not for the pace."""
        if self._bar is not None:
            self._bar.initial += rows
            self._bar.n += rows
            self._bar.refresh()

    def more(self, rows: int) -> None:
        """So many have to be done again."""
        if self._bar is not None:
            self._bar.total += rows
            self._bar.refresh()
