"""Sweeps: the rows of a grid, the dataset, files of sweeps, and what is wrong with them.

The truth is `lq.simulate` of each row alone.
"""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

xr = pytest.importorskip("xarray")
pytest.importorskip("zarr")
pytest.importorskip("numba")

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import lapicque as lq
from lapicque.cli import main
from lapicque.grid import Grid, axis, block_shape, box_shape, dimensions
from lapicque.store import overlaps, pieces
from lapicque.sweepfile import read_sweep

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples/sweep.toml"
R = [5.0, 10.0, 20.0]
DRIVE = [0.5, 1.6, 3.0, 4.5]


def base(**changes):
    current = lq.constant(1.6, name="drive") + lq.sine(0.5, 20.0)
    experiment = lq.Experiment(lq.LIF(R_m=10.0, C_m=1.0, t_ref=2.0), current, 100.0)
    return experiment.replace(changes)


AXES = {"neuron.R_m": R, "current.drive.amplitude": DRIVE}


def test_a_product_is_every_pair():
    """Dimensions are the axes in order, named by path; the truth: each pair simulated alone."""
    ds = lq.sweep(base(), AXES, ["spike_count", "rate", "latency"])
    assert ds.rate.dims == ("neuron.R_m", "current.drive.amplitude")
    assert (ds.spike_count.dtype, ds.rate.dtype) == (np.int64, np.float64)
    for (j, r), (k, i) in itertools.product(enumerate(R), enumerate(DRIVE)):
        alone = base(**{"neuron.R_m": r, "current.0.amplitude": i}).run()
        assert ds.spike_count[j, k] == alone.spike_count
        assert ds.rate[j, k] == 10.0 * alone.spike_count
        if alone.spike_count:
            assert ds.latency[j, k] == pytest.approx(alone.spikes[0], abs=1e-10)
        else:
            assert np.isnan(ds.latency[j, k])
    one = ds.sel({"neuron.R_m": 10.0, "current.drive.amplitude": 1.6})
    assert one.spike_count == base().run().spike_count


def test_the_dataset_describes_itself():
    """Units, meaning and path on every coordinate and variable; the base experiment, what was given
    and what was held fixed, axes, features, version, seed and warm-up."""
    ds = lq.sweep(base(seed=7), AXES, ["rate", "isi_cv"], discard=10.0)
    r, i = ds["neuron.R_m"].attrs, ds["current.drive.amplitude"].attrs
    assert r == {"units": "MOhm", "long_name": "membrane resistance", "path": "neuron.R_m"}
    assert (i["units"], i["path"]) == ("nA", "current.0.amplitude")
    assert ds.rate.attrs["units"] == "Hz"
    assert ds.isi_cv.attrs["units"] == "1"
    assert all(ds[name].attrs["long_name"] for name in ds.variables)
    attrs = ds.attrs
    assert lq.Experiment.from_dict(json.loads(attrs["experiment"])) == base(seed=7)
    assert (attrs["given"], attrs["held_fixed"]) == ("R_m C_m", "C_m")
    assert json.loads(attrs["axes"])["current.drive.amplitude"] == ["current.0.amplitude"]
    assert attrs["features"] == "rate isi_cv"
    assert attrs["source"] == f"lapicque {lq.__version__}"
    assert (attrs["discard"], attrs["seed"]) == (10.0, "7")


def test_paths_in_a_tuple_vary_together():
    """Along `point`, or along a dimension of one's own name; the truth: each point alone."""
    pair = ("current.0.amplitude", "current.1.frequency")
    values = ([1.6, 2.0, 5.0], [10.0, 50.0, 5.0])
    ds = lq.sweep(base(), {pair: values, "neuron.t_ref": [0.0, 5.0]}, ["spike_count"])
    assert ds.spike_count.dims == ("point", "neuron.t_ref")
    assert ds["current.1.frequency"].dims == ("point",)
    for k, (i, f) in enumerate(zip(*values, strict=True)):
        alone = base(**{pair[0]: i, pair[1]: f, "neuron.t_ref": 5.0}).run()
        assert ds.spike_count[k, 1] == alone.spike_count
    named = lq.sweep(base(), {"drive": lq.axis(pair, np.array(values))}, ["spike_count"])
    assert named.spike_count.dims == ("drive",)
    named = lq.sweep(base(), {"R": lq.axis("neuron.R_m", R)})
    assert named.R.attrs["path"] == "neuron.R_m"
    assert named.rate.dims == ("R",)


def test_values_have_units():
    """Texts, quantities and whole numbers arrive in the parameter's unit; arrays that carry a unit
    do not lose it."""
    pint = pytest.importorskip("pint")
    units = pint.UnitRegistry()
    for values in (
        ["500 pA", "3 nA"],
        [500.0 * units.pA, 3.0 * units.nA],
        np.array([0.0005, 0.003]) * units.uA,
        (v for v in (0.5, 3)),
        np.array([0.5, 3.0], np.float32),
        xr.DataArray([0.5, 3.0], dims="i"),
    ):
        ds = lq.sweep(base(), {"current.drive.amplitude": values}, ["spike_count"])
        np.testing.assert_allclose(ds["current.drive.amplitude"], [0.5, 3.0], rtol=1e-15)


def test_samples_of_a_current_can_vary():
    """`current.0.values` takes rows of samples; the truth: each row as a current of its own."""
    times = [0.0, 20.0, 50.0, 100.0]
    rows = np.array([[0.0, 3.0, 0.0, 1.0], [2.0, 2.0, 2.0, 2.0]])
    neuron = lq.LIF(R_m=10.0, C_m=1.0)
    experiment = lq.Experiment(neuron, lq.sampled(times, rows[0]), 100.0)
    ds = lq.sweep(experiment, {"current.0.values": rows, "neuron.R_m": [5.0, 10.0]})
    assert ds.spike_count.dims == ("current.0", "neuron.R_m")
    assert ds["current.0.values"].shape == (2, 4)
    for k, row in enumerate(rows):
        alone = lq.simulate(neuron, lq.sampled(times, row), 100.0)
        assert ds.spike_count[k, 1] == alone.spike_count
    with pytest.raises(lq.ParameterError, match=r"must have the shape \(rows, 4\), in nA"):
        lq.sweep(experiment, {"current.0.values": rows[:, :3]})


def test_rows_of_samples_have_units_too():
    """Quantities become nA, all else that NumPy would turn into numbers is refused; the truth: the
    same rows as plain numbers."""
    units = pytest.importorskip("pint").UnitRegistry()
    path, rows = "current.0.values", [[0.0, 3.0], [2.0, 2.0]]
    experiment = lq.Experiment(lq.LIF(R_m=10.0, C_m=1.0), lq.sampled([0.0, 50.0], rows[0]), 100.0)
    quantities = np.array(rows) * 1000.0 * units.pA
    for values in (quantities, list(quantities), xr.DataArray(rows, attrs={"units": "nA"}), rows):
        np.testing.assert_allclose(
            dimensions(experiment, {path: values})[0].coordinates[0].values, rows
        )
    masked = np.ma.masked_equal(rows, 3.0)
    other = xr.DataArray(rows, attrs={"units": "pA"})
    for values, words in (
        (np.array(rows) > 1.0, "must be a number in nA .* This is row 0"),
        (np.array(rows) + 1j, "must be a number in nA"),
        (np.array(rows).astype(str), "must be rows of numbers in nA"),
        ([[1.0, 2.0], [1.0, "2 nA"]], "must be rows of numbers in nA .* This is row 1"),
        ([[1.0, 2.0], [1.0, True]], "must be a number in nA .* entry 1 .* This is row 1"),
        ([[1.0, 2.0], [1.0, np.nan]], "entry 1 of its values. This is row 1"),
        (np.array([[1.0, 2.0], [1.0, np.inf]]), "entry 1 of its values. This is row 1"),
        ([[1.0, 2.0], [1.0]], "'1 samples in row 1'"),
        (masked, "no masked entries"),
        (other, "must be in nA"),
        (np.array(rows) * units.mV, "must be convertible to nA"),
        (b"ab", "must be rows of numbers"),
    ):
        with pytest.raises(lq.ParameterError, match=words):
            dimensions(experiment, {path: values})


def test_spike_times_are_a_contiguous_ragged_array():
    """CF: row after row, counts with `sample_dimension`; `spike_train` of any selection; the truth:
    each train alone, within 1e-10 ms."""
    ds = lq.sweep(base(), AXES, ["spike_times"])
    assert ds.spike_times.dims == ("spike",)
    assert ds.spike_times.attrs["units"] == "ms"
    assert ds.spike_count.attrs["sample_dimension"] == "spike"
    assert ds.sizes["spike"] == int(ds.spike_count.sum())
    split = np.split(ds.spike_times.values, np.cumsum(ds.spike_count.values.reshape(-1))[:-1])
    for row, (r, i) in enumerate(itertools.product(R, DRIVE)):
        alone = base(**{"neuron.R_m": r, "current.0.amplitude": i}).run().spike_times
        np.testing.assert_allclose(split[row], alone, rtol=0, atol=1e-10)
        one = ds.sel({"neuron.R_m": r}).isel({"current.drive.amplitude": [DRIVE.index(i)]})
        np.testing.assert_array_equal(lq.spike_train(one), split[row])
    turned = ds.transpose(..., "neuron.R_m").isel({"neuron.R_m": slice(None, None, -1)})
    one = turned.isel({"neuron.R_m": 0, "current.drive.amplitude": 3})
    np.testing.assert_array_equal(lq.spike_train(one), split[-1])
    left = r"must be down to one neuron \(left: neuron.R_m 3, current.drive.amplitude 4\)"
    with pytest.raises(lq.ParameterError, match=left):
        lq.spike_train(ds)
    with pytest.raises(lq.ParameterError, match="spike_times"):
        lq.spike_train(lq.sweep(base(), AXES))


def test_voltage_at_times():
    """V at given times along `time`; the truth: `Response.voltage`, within 1e-9 mV."""
    times = np.array([0.0, 1.0, 33.0, 100.0])
    ds = lq.sweep(base(), AXES, ["voltage"], times=times)
    assert ds.voltage.dims == ("neuron.R_m", "current.drive.amplitude", "time")
    np.testing.assert_array_equal(ds.time, times)
    alone = base(**{"neuron.R_m": 20.0, "current.0.amplitude": 3.0}).run()
    np.testing.assert_allclose(ds.voltage[2, 2], alone.voltage(times), rtol=0, atol=1e-9)


def test_functions_of_a_response_are_features():
    """A function gets each row with its spike times, and its name names the variable."""

    def last_spike(row):
        return row.spike_times[-1] if row.spike_count else np.nan

    ds = lq.sweep(base(), AXES, [last_spike])
    alone = base(**{"neuron.R_m": 20.0, "current.0.amplitude": 3.0}).run()
    assert ds.last_spike[2, 2] == pytest.approx(alone.spikes[-1], abs=1e-10)


@pytest.mark.parametrize("block_size", [1, 3, 4, 5, 11, 12, 10**9])
def test_blocks_do_not_show(block_size, tmp_path):
    """Any block size, in memory and in a store, gives the same dataset, attributes and all."""
    asked = ["spike_count", "rate", "latency", "spike_times", "voltage"]
    whole = lq.sweep(base(), AXES, asked, times=[1.0, 50.0])
    ds = lq.sweep(base(), AXES, asked, times=[1.0, 50.0], block_size=block_size, threads=1)
    xr.testing.assert_identical(ds, whole)
    more = {"store": tmp_path / "a.zarr", "block_size": block_size}
    ds = lq.sweep(base(), AXES, asked, times=[1.0, 50.0], **more)
    assert ds.rate.chunks is not None, "it must be read when it is needed"
    xr.testing.assert_identical(ds.load(), whole)
    xr.testing.assert_identical(xr.open_zarr(tmp_path / "a.zarr").load(), whole)
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"]
    assert [p.name for p in (tmp_path / "a.zarr/progress/spikes").iterdir()] == ["zarr.json"]


def test_a_store_without_any_spike(tmp_path):
    """No spike at all is a ragged array of length 0."""
    silent = {"current.drive.amplitude": [0.0, 0.1]}
    ds = lq.sweep(base(), silent, ["spike_times"], store=tmp_path / "a.zarr", block_size=1)
    assert ds.sizes["spike"] == 0
    assert lq.spike_train(ds.isel({"current.drive.amplitude": 1})).shape == (0,)


shapes = st.lists(st.integers(1, 9), min_size=1, max_size=4)


@given(shapes, st.integers(1, 200))
def test_blocks_are_runs_of_rows_and_boxes(shape, most):
    """Blocks in order hold every row once, in row-major order, none above its size; the truth:
    NumPy's meshgrid."""
    block = block_shape(tuple(shape), most)
    assert 1 <= np.prod(block) <= most
    names = [f"neuron.{n}" for n in ("R_m", "V_th", "E_L", "t_ref")][: len(shape)]
    axes = {n: np.arange(1.0, m + 1.0) for n, m in zip(names, shape, strict=True)}
    grid = Grid(dimensions(base(), axes), block)
    assert grid.rows == np.prod(shape)
    truth = [m.reshape(-1) for m in np.meshgrid(*axes.values(), indexing="ij")]
    boxes = [grid.box(k) for k in range(grid.blocks)]
    assert sum(int(np.prod(box_shape(box))) for box in boxes) == grid.rows
    columns = [grid.columns(box) for box in boxes]
    for name, expected in zip(names, truth, strict=True):
        np.testing.assert_array_equal(np.concatenate([c[name] for c in columns]), expected)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=20), st.integers(1, 40))
def test_pieces_of_all_spikes_are_cut_out_of_blocks(counts, longest):
    """Pieces of all spikes, put together from the blocks; the truth: one array."""
    every = np.arange(float(sum(counts)))
    offsets = np.cumsum([0, *counts])
    own = np.split(every, offsets[1:-1])
    for piece in pieces(len(every), longest):
        found = np.concatenate([own[k][part] for k, part in overlaps(offsets, piece)])
        np.testing.assert_array_equal(found, every[piece])


NEURON = "neuron.R_m"


@pytest.mark.parametrize(
    ("axes", "more", "words"),
    [
        ({}, {}, "'axes' must be a dict from paths to values"),
        ([NEURON], {}, "'axes' must be a dict"),
        ({"neuron.R": R}, {}, r"'neuron.R' is not a parameter .* Did you mean `neuron.R_m`\?"),
        ({"current.dirve.amplitude": R}, {}, "Did you mean `drive`"),
        ({NEURON: []}, {}, "'neuron.R_m' must have at least one value"),
        ({NEURON: 5.0}, {}, r"'neuron.R_m' must be a sequence of numbers in MOhm \(got 5.0\)"),
        ({NEURON: "5 MOhm"}, {}, "must be a sequence of numbers"),
        ({NEURON: np.ones((2, 2))}, {}, r"of one dimension \(got \(2, 2\)\)"),
        ({NEURON: [1.0, -3.0]}, {}, r"must be > 0 MOhm \(got -3.0\). It is entry 1"),
        ({NEURON: [1.0, np.nan]}, {}, r"must be > 0 MOhm \(got nan\). It is entry 1"),
        ({NEURON: [np.inf]}, {}, r"got inf"),
        ({NEURON: ["5 mV"]}, {}, "must be convertible to MOhm"),
        ({NEURON: [True]}, {}, "must be a number in MOhm"),
        ({NEURON: np.array([1j])}, {}, "must be a number in MOhm"),
        ({NEURON: bytearray(b"ab")}, {}, "must be a sequence of numbers"),
        ({NEURON: np.ma.masked_greater(R, 7.0)}, {}, "no masked entries. Leave .*compressed"),
        ({NEURON: xr.DataArray(R, attrs={"units": "kOhm"})}, {}, "be in MOhm; .*got 'kOhm'.*plain"),
        ({"neuron.tau_m": [5.0]}, {}, "derived here: R_m and C_m are given"),
        ({"neuron.model": ["LIF"]}, {}, "is not a parameter"),
        (
            {"current.0.amplitude": DRIVE, "current.drive.amplitude": DRIVE},
            {},
            "'current.0.amplitude' must stand in the axes only once",
        ),
        ({(NEURON, NEURON): (R, R)}, {}, "'neuron.R_m' must stand in the axes only once"),
        (
            {(NEURON, "current.0.amplitude"): (R, DRIVE)},
            {},
            "must have as many values .*: neuron.R_m 3, current.0.amplitude 4",
        ),
        ({(NEURON, "neuron.t_ref"): (R,)}, {}, r"must have 2 sequences of values.*\(got 1\)"),
        ({(NEURON,): (R,), ("neuron.t_ref",): (R,)}, {}, "different names .got 'point'.*lq.axis"),
        ({"a/b": lq.axis(NEURON, R)}, {}, "must name a dimension"),
        ({"": lq.axis(NEURON, R)}, {}, "must name a dimension"),
        ({"rate": lq.axis(NEURON, R)}, {}, "must not have the name of a result .got 'rate'"),
        ({NEURON: R}, {"features": []}, "'features' must have at least one"),
        ({NEURON: R}, {"features": "rate"}, "'features' must be a list of names"),
        ({NEURON: R}, {"features": ["rat"]}, "Did you mean `rate`"),
        ({NEURON: R}, {"features": ["rate", "rate"]}, "'features' must differ"),
        ({NEURON: R}, {"features": ["voltage"]}, "'times'"),
        ({NEURON: R}, {"discard": -1.0}, "'discard' must be"),
        ({NEURON: R}, {"block_size": 0}, "'block_size' must be a whole number >= 1"),
        ({NEURON: R}, {"threads": 1.5}, "'threads' must be a whole number >= 1"),
        ({NEURON: R}, {"resume": True}, "'resume' needs a store"),
        ({NEURON: R}, {"store": 5}, "'store' must be a path"),
        ({NEURON: R}, {"store": "s3://bucket/x"}, "'store' must be the path of a folder"),
        ({"neuron.V_reset": [-60.0, -50.0], "neuron.t_ref": [0.0]}, {}, "V_reset"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(axes, more, words, monkeypatch):
    """Name, rule with unit, value and cure, with no block computed."""
    from lapicque.batch import Batch

    monkeypatch.setattr(Batch, "run", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises(lq.ParameterError, match=words):
        lq.sweep(base(), axes, **more)


@pytest.mark.parametrize(
    ("package", "more"),
    [
        ("xarray", {}),
        ("zarr", {"store": "a.zarr"}),
        ("distributed", {"client": "tcp://127.0.0.1:9"}),
        ("tqdm", {"progress": True}),
    ],
)
def test_without_a_package_it_says_what_to_install(package, more, monkeypatch):
    """`MissingPackageError` with the command, in time."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        lq.MissingPackageError, match=rf"{package}: pip install 'lapicque\[sweep\]'"
    ):
        lq.sweep(base(), AXES, **more)


def test_the_name_sweep_stays_a_function():
    """Also after modules and the command line were imported, and without NumPy at first."""
    code = (
        "import sys, lapicque as lq, lapicque.sweeps, lapicque.cli\n"
        "from lapicque.sweeps import spike_train\n"
        "heavy = {'numpy', 'xarray', 'zarr', 'distributed', 'tqdm', 'pandas', 'numba'}\n"
        "print(callable(lq.sweep), callable(lq.axis), sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("True True []\n", "")


def test_numbers_of_blocks_and_threads_may_be_numpys():
    """Whole numbers of any type are; a bool or a float is not."""
    ds = lq.sweep(base(), AXES, block_size=np.int64(4), threads=np.uint8(1))
    assert ds.identical(lq.sweep(base(), AXES))
    for wrong in (True, np.True_, 2.0, np.float64(2.0), np.int64(0), "2"):
        with pytest.raises(lq.ParameterError, match="'threads' must be a whole number >= 1"):
            lq.sweep(base(), AXES, threads=wrong)


def test_errors_count_rows_in_the_whole_sweep(monkeypatch):
    """Of values that break a rule together, and of a row beyond a limit; in blocks of any size."""
    monkeypatch.setattr("lapicque.batch.MAX_SPIKES", 10)
    endless = {"neuron.t_ref": [1.0, 0.0], "neuron.V_reset": [-60.0, -65.0, -50.0]}
    for size in (None, 1, 2, 3):
        with pytest.raises(lq.ParameterError, match=r"V_reset.* This is row 5"):
            lq.sweep(base(), endless, block_size=size)
    pair = {("neuron.C_m", "current.drive.amplitude"): ([1.0] * 5, [0.1, 0.2, 0.1, 0.2, 9.0])}
    for size in (None, 1, 2, 3):
        with pytest.raises(lq.LimitError, match=r"^row 4 \("):
            lq.sweep(base(), pair, block_size=size)


def test_spikes_that_are_not_there_are_not_given_out():
    """Neither of a neuron that was masked, nor where the dimension `spike` was cut."""
    ds = lq.sweep(base(), {NEURON: R}, ["spike_times"])
    last = ds.isel({NEURON: -1})
    assert len(lq.spike_train(last)) == int(last.spike_count) > 0
    for wrong, words in (
        (last.isel(spike=slice(0, -1)), "`spike` uncut"),
        (ds.where(ds[NEURON] < 7.0).isel({NEURON: -1}), "spikes of this neuron"),
        (last.assign(spike_count=-1), "spikes of this neuron"),
    ):
        with pytest.raises(lq.ParameterError, match=words):
            lq.spike_train(wrong)


def test_tasks_are_cancelled_as_soon_as_one_fails(monkeypatch):
    """What runs blocks is closed before the error is out, not when memory is collected."""
    from lapicque import sweeps

    closed = []

    def run(*_):
        try:
            yield 0, lq.LimitError("too many")
        finally:
            closed.append(True)

    monkeypatch.setattr(sweeps._Cluster, "__init__", lambda self, _: vars(self).update(client=1))
    monkeypatch.setattr(sweeps._Cluster, "__exit__", lambda *_: None)
    monkeypatch.setattr(sweeps._Cluster, "run", run)
    with pytest.raises(lq.LimitError) as failure:
        lq.sweep(base(), AXES)
    assert closed == [True], failure  # whose frames are alive


def made(text, **more):
    """A function without a source file."""
    exec(text, more)
    return more["count"]


def adding(added):
    def count(row, least={1.0, 2.0}):  # noqa: B006
        return row.spike_count + (added if row.spike_count in least else 0)

    return count


def test_a_function_is_compared_by_what_it_does(tmp_path):
    """Code, defaults and closure, with a source or without; what it calls is not looked at."""
    one = "def count(row, more=1.0): return row.spike_count + more"
    store = tmp_path / "a.zarr"
    lq.sweep(base(), AXES, [made(one)], store=store)
    lq.sweep(base(), AXES, [made(one)], store=store, resume=True)
    for other in (made(one.replace("1.0", "2.0")), made(one.replace("+", "-")), adding(1.0)):
        with pytest.raises(lq.ParameterError, match=r"holds another sweep.*features.count"):
            lq.sweep(base(), AXES, [other], store=store, resume=True)
    lq.sweep(base(), AXES, [adding(np.ones(2000))], store=tmp_path / "b.zarr")
    lq.sweep(base(), AXES, [adding(np.ones(2000))], store=tmp_path / "b.zarr", resume=True)
    for other in (adding(np.r_[np.ones(1999), 2.0]), adding(np.ones(2000, np.float32)), adding(1)):
        with pytest.raises(lq.ParameterError, match="holds another sweep"):
            lq.sweep(base(), AXES, [other], store=tmp_path / "b.zarr", resume=True)
    with pytest.raises(lq.ParameterError, match=r"that can be compared .*got 'count'"):
        lq.sweep(base(), AXES, [adding(object())], store=store, resume=True)


def test_a_function_is_the_same_in_another_process():
    """No address and no order of a set is in what is compared."""
    code = (
        "import lapicque.sweeps as s\n"
        "def count(row, least={'a', 'b', 'c', 'd'}):\n"
        "    inner = lambda x: x in {'e', 'f', 'g'}\n"
        "    return inner(row) + count(row)\n"
        "print(s._source(count))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in "123"
    }
    assert len(found) == 1
    assert len(found.pop()) == 65


@pytest.mark.parametrize("text", ["", "{", "{}", "[]"])
@pytest.mark.parametrize("name", [NEURON, "spike_start", "spike_times", "spike_count", "progress"])
def test_damaged_metadata_is_said_in_words(name, text, tmp_path):
    """A `SweepError` with the store and the cure, whatever Zarr raises."""
    store = tmp_path / "a.zarr"
    lq.sweep(base(), {NEURON: R}, ["spike_times"], store=store)
    (store / name / "zarr.json").write_text(text)
    with pytest.raises(lq.SweepError, match=r"a\.zarr: .* another path, or delete it"):
        lq.sweep(base(), {NEURON: R}, ["spike_times"], store=store, resume=True)


def test_progress_is_quiet_unless_it_is_wanted(capsys):
    """False is silent; None too where stderr is no terminal; True shows rows and time left."""
    lq.sweep(base(), AXES)
    lq.sweep(base(), AXES, progress=None)
    assert capsys.readouterr().err == ""
    lq.sweep(base(), AXES, progress=True, block_size=4)
    assert "12.0/12.0" in capsys.readouterr().err


def test_done_blocks_count_in_the_progress(tmp_path, capsys):
    """A resumed sweep begins with what is there."""
    lq.sweep(base(), AXES, store=tmp_path / "a.zarr", block_size=4)
    capsys.readouterr()
    lq.sweep(base(), AXES, store=tmp_path / "a.zarr", resume=True, progress=True)
    assert "100%" in capsys.readouterr().err


# Files and the command line -----------------------------------------------------------------


def written(folder, text):
    path = folder / "sweep.toml"
    path.write_text(base().to_toml() + text, "utf-8")
    return path


def test_a_file_is_the_same_sweep(tmp_path):
    """Ranges, lists, names, paths that vary together; the truth: NumPy's spaces."""
    text = """
[sweep]
features = ["rate"]
times = {start = 0.0, stop = 10.0, count = 3}
discard = 5.0
[[sweep.axis]]
path = "neuron.R_m"
start = 1.0
stop = 100.0
count = 3
spacing = "log"
[[sweep.axis]]
path = "current.drive.amplitude"
name = "I"
start = "500 pA"
stop = 1.5
count = 5
[[sweep.axis]]
paths = ["neuron.t_ref", "neuron.C_m"]
values = [[1.0, 2.0], ["1 nF", "200 pF"]]
"""
    asked = read_sweep(written(tmp_path, text))
    assert asked.experiment == base()
    assert (asked.features, asked.discard) == (["rate"], 5.0)
    np.testing.assert_allclose(asked.axes["neuron.R_m"], [1.0, 10.0, 100.0])
    np.testing.assert_array_equal(asked.axes["I"].values, np.linspace(0.5, 1.5, 5))
    assert asked.axes["I"].path == "current.drive.amplitude"
    assert list(asked.axes)[2] == ("neuron.t_ref", "neuron.C_m")
    np.testing.assert_array_equal(asked.times, [0.0, 5.0, 10.0])


LIST = '[[sweep.axis]]\npath = "neuron.R_m"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a table [sweep] is missing"),
        ("[sweep]\n", "'sweep.axis' must be at least one table"),
        (f"[sweep]\nfeature = 1\n{LIST}values = [1.0]\n", "Did you mean `features`?"),
        (f"[sweep]\nfeatures = ['rat']\n{LIST}values = [1.0]\n", "Did you mean `rate`?"),
        (f"{LIST}value = [1.0]\n", "Did you mean `values`?"),
        (LIST, "must have either values, or start, stop and count"),
        (f"{LIST}values = [1.0]\nstart = 1.0\n", "must have either values"),
        (f"{LIST}start = 1.0\nstop = 2.0\n", "'sweep.axis.0.count' is missing"),
        (f"{LIST}start = 1.0\nstop = 2.0\ncount = 1\n", "'sweep.axis.0.count' must be a whole"),
        (f"{LIST}start = 0.0\nstop = 2.0\ncount = 3\nspacing = 'log'\n", "its spacing is log"),
        (f"{LIST}start = 1.0\nstop = 2.0\ncount = 3\nspacing = 'lin'\n", "`linear`"),
        (f"{LIST}values = [-1.0]\n", "'neuron.R_m' must be > 0 MOhm (got -1.0)"),
        (f"{LIST}values = [1.0]\n{LIST}values = [1.0]\n", "must not repeat an axis"),
        ("[[sweep.axis]]\nvalues = [1.0]\n", "must have either path or paths"),
        ("[[sweep.axis]]\npaths = ['neuron.R_m']\nstart = 1.0\n", "must list the values"),
    ],
)
def test_wrong_files_are_one_line(text, words, tmp_path, capsys):
    """Exit 2, one line on stderr with file, field, rule and value; nothing is written."""
    path = written(tmp_path, text)
    assert main(["sweep", str(path), "--out", str(tmp_path / "a.zarr")]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"lapicque: {path}: ")
    assert words in err
    assert not (tmp_path / "a.zarr").exists()


def test_the_example_runs(tmp_path, capsys):
    """Into a store and into a table with the same numbers; again only with --resume."""
    store, table = tmp_path / "a.zarr", tmp_path / "a.csv"
    assert main(["sweep", str(EXAMPLE), "--out", str(store)]) == 0
    out, err = capsys.readouterr()
    assert err == f"wrote {store}\n"
    assert all(word in out for word in ("1271 neurons", "rate", "Hz", "31 values", "LIF"))
    ds = xr.open_zarr(store)
    assert ds.rate.dims == ("neuron.R_m", "I")
    assert main(["sweep", str(EXAMPLE), "--out", str(store)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main(["sweep", str(EXAMPLE), "--out", str(store), "--resume", "--quiet"]) == 0
    assert main(["sweep", str(EXAMPLE), "--out", str(table), "--block-size", "100"]) == 0
    capsys.readouterr()
    header, *lines = table.read_text().splitlines()
    assert header == "neuron.R_m,I,spike_count,rate,latency"
    assert len(lines) == 1271
    assert [float(line.split(",")[3]) for line in lines] == ds.rate.values.reshape(-1).tolist()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "a.nc"], "must end in .zarr or .csv (got 'a.nc'). For netCDF"),
        (["--out", "a"], "must end in .zarr or .csv"),
        (["--out", "a.csv", "--resume"], "goes on with a .zarr"),
        (["--out", "sweep.toml/a.csv"], "cannot be written"),
        (["--out", "folder.csv"], "cannot be written"),
        (["--out", "a.zarr", "--dask", "nonsense://x"], "'client' must be the address"),
    ],
)
def test_wrong_outputs_are_one_line(arguments, words, tmp_path, monkeypatch, capsys):
    """A name that cannot be written, or an address of nothing: exit 2 and one line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lapicque.batch.Batch.run", lambda *_, **__: pytest.fail("it ran"))
    Path("folder.csv").mkdir()
    text = "[sweep]\n[[sweep.axis]]\npath = 'neuron.R_m'\nvalues = [1.0]\n"
    assert main(["sweep", str(written(tmp_path, text)), *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err


def test_a_table_gets_its_folders(tmp_path, capsys):
    """As a store does; a table that was there stays until the new one is whole."""
    table = tmp_path / "new/folder/a.csv"
    text = "[sweep]\n[[sweep.axis]]\npath = 'neuron.R_m'\nvalues = [1.0]\n"
    path = written(tmp_path, text)
    assert main(["sweep", str(path), "--out", str(table), "--quiet"]) == 0
    before = table.read_text()
    written(tmp_path, text + "[sweep.times]\n")
    assert main(["sweep", str(path), "--out", str(table), "--quiet"]) == 2
    assert table.read_text() == before


def test_axis_is_public():
    """`lapicque.axis` is the one of the module."""
    assert lq.axis is axis
