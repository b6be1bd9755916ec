"""A sweep on disk: a Zarr store that a crash cannot make lie.

::

    out.zarr/                  format 3; xarray opens it as it is
      <coordinate>/            the axes
      <feature>/               one chunk for each block
      spike_start/, spike_times/   if spike times are asked; spike_times is made last
      progress/                attributes: the manifest, what the store is the answer to
        done/                  1 for a block whose chunks are all written; one chunk for each block
        spikes/<block>/        each block's spike times, until all counts are known

Each chunk of data has one writer, a checksum (crc32c), and a fill value that no result can have.
A block's ``done`` is written after its data. Spike times of one block seldom end at a border of
chunks of ``spike_times``: blocks leave theirs in ``progress/spikes``, and one process then writes
``spike_times`` chunk by chunk, in row order.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import LapicqueError, ParameterError, SweepError, brief
from .grid import Slices, box_shape

if TYPE_CHECKING:
    import numpy as np
    import zarr

# netCDF's for doubles; counts are never negative.
FILL = {"f": -9.969209968386869e36, "i": -1}
# Spike times in a chunk: 8 MiB.
SPIKES_IN_CHUNK = 2**20


class Variable(NamedTuple):
    """An array of the store: its type, dimensions, shape, chunks and attributes."""

    dtype: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    attrs: dict[str, Any]


def create(
    path: str,
    manifest: Mapping[str, Any],
    attrs: Mapping[str, Any],
    coordinates: Mapping[str, tuple[Variable, np.ndarray]],
    variables: Mapping[str, Variable],
    blocks: int,
) -> None:
    """Make a store without results; it appears at its path whole or not at all.

    Parameters
    ----------
    path : str
    manifest : mapping
        What the store is the answer to, plain data.
    attrs : mapping
        Of the dataset.
    coordinates : mapping
        Arrays of the axes, by name.
    variables : mapping
        Arrays of the results, by name.
    blocks : int
        How many there are.
    """
    import zarr

    final = Path(path)
    new = final.with_name(f".{final.name}.new")
    with _writing(path):
        final.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(new, ignore_errors=True)
        try:
            root = zarr.create_group(str(new), zarr_format=3, attributes=dict(attrs))
            for name, (variable, values) in coordinates.items():
                _array(root, name, variable)[...] = values
            for name, variable in variables.items():
                _array(root, name, variable)
            progress = root.create_group("progress", attributes=dict(manifest))
            _array(progress, "done", Variable("uint8", ("block",), (blocks,), (1,), {}), 0)
            progress.create_group("spikes")
            os.rename(new, final)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise


def manifest_of(path: str) -> dict[str, Any]:
    """Return what a store is the answer to.

    Raises
    ------
    SweepError
        If there is no store of a sweep at this path.
    """
    import zarr

    try:
        found = zarr.open_group(f"{path}/progress", mode="r", zarr_format=3, use_consolidated=False)
        manifest = dict(found.attrs)
        manifest["format"]  # all have one
        return manifest
    except Exception:
        raise SweepError(
            f"{path}: is no store of a sweep, or its description is damaged. Give another path, or "
            "delete it and start again"
        ) from None


class Place(NamedTuple):
    """Where blocks write to: what a worker must know of a store.

    Attributes
    ----------
    path : str
    names : tuple of str
        The variables with a chunk for each block.
    spikes : bool
        Whether blocks have spike times.
    """

    path: str
    names: tuple[str, ...]
    spikes: bool


class Store:
    """A sweep's store, open for writing.

    Parameters
    ----------
    place : Place
    """

    def __init__(self, place: Place) -> None:
        import zarr

        path = place.path
        self.path, self.spikes = path, place.spikes
        try:
            with zarr.config.set({"array.write_empty_chunks": True}):
                self._root = zarr.open_group(path, mode="r+", zarr_format=3, use_consolidated=False)
                self._arrays = {name: _opened(self._root, name) for name in place.names}
                self._done = _opened(self._root, "progress/done")
        except Exception as error:
            raise SweepError(
                f"{path}: cannot be opened: {brief(error)}. Give another path, or delete it and "
                "start again"
            ) from None

    def write(self, number: int, box: Slices, results: Mapping[str, np.ndarray]) -> int:
        """Write a block's results, and then that it is done; return how many spikes it has."""
        with _writing(self.path):
            for name, array in self._arrays.items():
                values = results[name]
                array[box] = values.reshape(box_shape(box) + values.shape[1:])
            times = results["spike_times"] if self.spikes else ()
            if len(times):
                variable = spike_variable(len(times), {})
                _array(self._root, _staged(number), variable)[...] = times
            self._done[number] = 1
        return len(times)

    def read(self, number: int, box: Slices) -> int | None:
        """Return how many spikes a finished block has; None if it is not whole."""
        try:
            if self._done[number] != 1:
                return None
            spikes = 0
            for name, array in self._arrays.items():
                values = _whole(array, box)
                if name == "spike_count":
                    spikes = int(values.sum())
            return spikes if self.spikes else 0
        except Exception:  # a chunk that is cut or changed fails in many ways
            return None

    def has_spikes(self, number: int, count: int) -> bool:
        """Whether a block's own spike times are there, all of them."""
        if count == 0:
            return True
        try:
            array = _opened(self._root, _staged(number))
            return array.shape == (count,) and all(
                len(_whole(array, (piece,))) for piece in pieces(*array.shape, *array.chunks)
            )
        except Exception:
            return False

    def missing(self, total: int) -> list[slice]:
        """Return the parts of ``spike_times`` that are not there yet, or not whole."""
        with _damage(self.path, "spike_times"):
            if "spike_times" not in self._root:
                return pieces(total, SPIKES_IN_CHUNK)
            array = _opened(self._root, "spike_times")
        if array.shape != (total,):
            raise SweepError(
                f"{self.path}: holds {array.shape[0]} spike times, but its counts add up to "
                f"{total}. Delete it and start again"
            )
        lost = []
        for piece in pieces(*array.shape, *array.chunks):
            try:
                _whole(array, (piece,))
            except Exception:
                lost.append(piece)
        return lost

    def collect(
        self,
        boxes: Sequence[Slices],
        offsets: np.ndarray,
        lost: Sequence[slice],
        attrs: Mapping[str, Any],
    ) -> None:
        """Write ``spike_start`` and the parts of ``spike_times`` that are not there.

        Parameters
        ----------
        boxes : sequence
            Of all blocks, in order.
        offsets : ndarray, shape (blocks + 1,)
            Where each block's spikes begin, and the number of all.
        lost : sequence of slice
            What `missing` returned.
        attrs : mapping
            Of ``spike_times``.
        """
        import numpy as np

        with _writing(self.path), _damage(self.path, "spike_start"):
            counts, starts = self._arrays["spike_count"], _opened(self._root, "spike_start")
            for box, offset in zip(boxes, offsets[:-1], strict=True):
                found = np.asarray(counts[box])
                ends = np.cumsum(found.reshape(-1))
                starts[box] = (offset + ends - found.reshape(-1)).reshape(found.shape)
        with _writing(self.path), _damage(self.path, "spike_times"):
            if "spike_times" not in self._root:
                _array(self._root, "spike_times", spike_variable(int(offsets[-1]), attrs))
            times = _opened(self._root, "spike_times")
            for piece in lost:
                times[piece] = np.concatenate(
                    [
                        _opened(self._root, _staged(number))[own]
                        for number, own in overlaps(offsets, piece)
                    ]
                )

    def finish(self) -> None:
        """Drop what only the making needed, and put all metadata where one read finds it."""
        import warnings

        import zarr

        with _writing(self.path), _damage(self.path, "the metadata of an array"):
            staged = Path(self.path, "progress", "spikes")
            for child in staged.iterdir() if staged.is_dir() else ():
                if child.is_dir():
                    shutil.rmtree(child)
            with warnings.catch_warnings():
                # That format 3 has no word on it yet; xarray asks for it all the same.
                warnings.simplefilter("ignore")
                zarr.consolidate_metadata(self.path, zarr_format=3)

    def rewrite(self, coordinates: Mapping[str, tuple[Variable, np.ndarray]]) -> None:
        """Write the axes again: they are known, and so need no check."""
        with _writing(self.path):
            for partial in Path(self.path).rglob("*.partial"):  # of writers that were killed
                partial.unlink(missing_ok=True)
            for name, (_, values) in coordinates.items():
                with _damage(self.path, name):
                    _opened(self._root, name)[...] = values


def overlaps(offsets: np.ndarray, piece: slice) -> Iterator[tuple[int, slice]]:
    """Yield the blocks that have spikes in a piece of all spikes, and which of their own."""
    import numpy as np

    first = int(np.searchsorted(offsets, piece.start, side="right")) - 1
    for number in range(first, len(offsets) - 1):
        begin, end = int(offsets[number]), int(offsets[number + 1])
        if begin >= piece.stop:
            return
        low, high = max(begin, piece.start), min(end, piece.stop)
        if low < high:
            yield number, slice(low - begin, high - begin)


def spike_variable(count: int, attrs: Mapping[str, Any]) -> Variable:
    """Return the description of an array of spike times."""
    chunk = max(1, min(count, SPIKES_IN_CHUNK))
    return Variable("float64", ("spike",), (count,), (chunk,), dict(attrs))


def differences(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return in words what two manifests do not have in common."""
    before, now = _flat(stored), _flat(wanted)
    found = []
    for key in {**before, **now}:
        was, has = (brief(flat[key]) if key in flat else "nothing" for flat in (before, now))
        if key not in before or key not in now or before[key] != now[key]:
            found.append(f"{key} (stored {was}, now {has})")
    return found


def check_same(path: str, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise a `ParameterError` that names what a store was made for, if it is not this sweep."""
    if found := differences(stored, wanted):
        more = f", and {len(found) - 3} more" if len(found) > 3 else ""
        raise ParameterError(
            "store",
            f"holds another sweep; these differ: {', '.join(found[:3])}{more}",
            path,
            "Give another path, or repeat the sweep as it was.",
        )


def _flat(data: Any, prefix: str = "") -> dict[str, Any]:
    """Return nested dicts and lists as one dict by dotted paths."""
    if isinstance(data, Mapping):
        items = list(data.items())
    elif isinstance(data, list):
        items = list(enumerate(data))
    else:
        return {prefix: data}
    found: dict[str, Any] = {}
    for key, value in items:
        found.update(_flat(value, f"{prefix}.{key}" if prefix else str(key)))
    return found


def _array(group: zarr.Group, name: str, variable: Variable, fill: float | None = None) -> Any:
    from zarr.codecs import Crc32cCodec, ZstdCodec

    return group.create_array(
        name,
        shape=variable.shape,
        chunks=variable.chunks,
        dtype=variable.dtype,
        fill_value=FILL[variable.dtype[0]] if fill is None else fill,
        compressors=[ZstdCodec(level=1), Crc32cCodec()],
        dimension_names=list(variable.dims),
        attributes=variable.attrs,
        config={"write_empty_chunks": True},
        overwrite=True,
    )


def _opened(group: zarr.Group, name: str) -> Any:
    return group[name]


def _staged(number: int) -> str:
    return f"progress/spikes/{number}"


def _whole(array: Any, box: Slices) -> np.ndarray:
    """Return what stands in a box of chunks; raise if a chunk is missing, cut or changed."""
    import numpy as np

    values = np.asarray(array[box])
    if (values == FILL[values.dtype.kind]).any():
        raise ValueError("a chunk is missing")
    return values


def pieces(total: int, longest: int) -> list[slice]:
    """Return the slices of a given length that cover so many entries; the last may be shorter."""
    return [slice(k, min(k + longest, total)) for k in range(0, total, longest)]


@contextlib.contextmanager
def _writing(path: str) -> Iterator[None]:
    """Turn a full disk and its like into an error that says how to go on."""
    try:
        yield
    except OSError as error:
        raise SweepError(
            f"{path}: cannot be written: {error.strerror or error}. What is finished is kept: make "
            "room and go on with resume=True (--resume)"
        ) from None


@contextlib.contextmanager
def _damage(path: str, name: str) -> Iterator[None]:
    """Turn what Zarr raises for damaged metadata, and that is anything, into an error of ours."""
    try:
        yield
    except (LapicqueError, OSError):
        raise
    except Exception as error:
        raise SweepError(
            f"{path}: {name} is damaged: {brief(error)}. Give another path, or delete it and "
            "start again"
        ) from None
