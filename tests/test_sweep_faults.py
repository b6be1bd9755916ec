"""Sweeps under real faults: kill -9, a full disk, damaged files, dead workers.

The truth is always the same sweep undisturbed: every file of the store, byte for byte.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

xr = pytest.importorskip("xarray")
pytest.importorskip("zarr")
pytest.importorskip("numba")

import numpy as np
import sweep_case as case

import lapicque as lq

HERE = Path(__file__).parent
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """The files of the sweep, undisturbed."""
    store = tmp_path_factory.mktemp("truth") / "truth.zarr"
    case.sweep(store)
    return store


@pytest.fixture
def copy(truth, tmp_path):
    """A finished store to damage."""
    return shutil.copytree(truth, tmp_path / "copy.zarr")


def run_case(*arguments):
    done = subprocess.run(
        [sys.executable, HERE / "sweep_case.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@forks
def test_killed_at_any_write_a_sweep_resumes_to_the_same_bytes(truth, tmp_path):
    """kill -9 at writes from the first to the last, in each phase; the truth: every file."""
    numbers = [1, 47, 48, 70, 110, 131, 140]
    expected = case.files(truth)
    for line in run_case("at-writes", tmp_path, *numbers):
        number, died, resumed = line.split()
        assert (died, resumed) == (str(-signal.SIGKILL), "0"), line
        assert case.files(tmp_path / f"{number}.zarr") == expected, line
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(f"{n}.zarr" for n in numbers)


@forks
def test_killed_at_random_moments_it_resumes_to_the_same_bytes(truth, tmp_path):
    """kill -9 from outside, again and again, while blocks take their time; the truth: all files."""
    deaths, resumed = run_case("at-random", tmp_path / "a.zarr", 5)[-1].split()
    assert int(deaths) >= 2
    assert resumed == "0"
    assert case.files(tmp_path / "a.zarr") == case.files(truth)


@forks
@pytest.mark.parametrize(("most", "block", "kept"), [(10, 8, 7), (2600, 1, 15)])
def test_a_full_disk_is_an_error_that_says_how_to_go_on(most, block, kept, truth, tmp_path):
    """Files may not exceed a size (RLIMIT_FSIZE) from the 8th block on, or only the metadata at the
    end cannot be written. The error names the store and the cure; with room, the same bytes."""
    store = tmp_path / "full.zarr"
    message, status, blocks, resumed = run_case("full-disk", store, most, block)
    assert message.startswith(f"{store}: cannot be written: File too large")
    assert "resume=True (--resume)" in message
    assert (status, resumed) == ("0", "0")
    assert int(blocks) == kept
    assert case.files(store) == case.files(truth)


def damages():
    def cut(path):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])

    def flip(path):
        whole = bytearray(path.read_bytes())
        whole[len(whole) // 2] ^= 0x10
        path.write_bytes(whole)

    def empty(path):
        path.write_bytes(b"")

    return {"cut": cut, "flip": flip, "empty": empty, "missing": Path.unlink}


@pytest.mark.parametrize(
    "name", ["rate", "voltage", "spike_count", "spike_start", "spike_times", "neuron.R_m", "time"]
)
@pytest.mark.parametrize("damage", damages())
def test_a_damaged_chunk_is_made_again(name, damage, truth, copy):
    """A chunk of each array cut in half, with a flipped bit, empty or gone: resumed, the bytes are
    those of the sweep undisturbed. Reading it without is an error, or shows what cannot be."""
    chunks = sorted(p for p in (copy / name / "c").rglob("*") if p.is_file())
    for chunk in chunks[len(chunks) // 2 :][:2]:
        damages()[damage](chunk)
    case.sweep(copy, resume=True)
    assert case.files(copy) == case.files(truth)


def test_a_damaged_done_flag_and_a_damaged_block_are_made_again(truth, copy):
    """Flags of finished blocks that are gone or changed only cost the blocks' time."""
    (copy / "progress/done/c/3").unlink()
    damages()["flip"](copy / "progress/done/c/4")
    case.sweep(copy, resume=True)
    assert case.files(copy) == case.files(truth)


@pytest.mark.parametrize("victim", ["progress/zarr.json", "rate/zarr.json", "zarr.json"])
def test_damaged_descriptions_are_an_error(victim, copy):
    """What an array is cannot be computed again: a clear error that names the store."""
    damages()["cut"](copy / victim)
    with pytest.raises(lq.SweepError, match=r"copy\.zarr: .*(start again|damaged)"):
        case.sweep(copy, resume=True)


def test_what_reads_a_damaged_store_sees_it(copy):
    """A flipped bit raises; a chunk that is gone reads as -9.97e36 or -1, which no result is."""
    damages()["flip"](copy / "rate/c/2/1")
    damages()["missing"](copy / "spike_count/c/2/1")
    found = xr.open_zarr(copy, chunks=None)
    with pytest.raises(ValueError, match="checksum"):
        found.rate.load()
    assert (found.spike_count.values == -1).sum() == 5
    assert (found.spike_count.values >= -1).all()


def test_an_existing_store_is_not_touched(copy, tmp_path):
    """Without resume a path that exists is refused, whatever stands there."""
    before = case.files(copy)
    with pytest.raises(lq.ParameterError, match=r"'store' must not exist yet .*resume=True"):
        case.sweep(copy)
    assert case.files(copy) == before
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/notes.txt").write_text("mine")
    for resume, words in ((False, "'store' must not exist"), (True, "folder: is no store")):
        with pytest.raises(lq.LapicqueError, match=words):
            case.sweep(tmp_path / "folder", resume=resume)
    assert case.files(tmp_path / "folder") == {"notes.txt": b"mine"}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"features": ["rate", "voltage"]}, "features"),
        ({"times": [0.0, 10.0, 151.0]}, "times"),
        ({"discard": 5.0}, r"discard \(stored 0.0, now 5.0\)"),
        ({"block_size": 13}, "block"),
    ],
)
def test_another_sweep_does_not_go_on(changes, named, copy):
    """A store made for other features, times, warm-up or blocks is refused; what differs is named,
    and the store is not touched."""
    before = case.files(copy)
    with pytest.raises(lq.ParameterError, match=f"holds another sweep; these differ: {named}"):
        case.sweep(copy, resume=True, **changes)
    assert case.files(copy) == before


def test_another_experiment_or_axis_does_not_go_on(copy):
    """Nor one for another neuron, another axis, or another version of lapicque."""
    before = case.files(copy)
    more = {"features": case.FEATURES, "times": case.TIMES, "store": copy, "resume": True}
    other = case.experiment().replace({"neuron.C_m": 2.0})
    named = r"these differ: experiment.neuron.C_m \(stored 1.0, now 2.0\)"
    with pytest.raises(lq.ParameterError, match=named):
        lq.sweep(other, case.axes(), **more)
    axes = {**case.axes(), "neuron.R_m": np.linspace(2.0, 20.5, 5)}
    with pytest.raises(lq.ParameterError, match=r"axes.0.values.neuron.R_m.sha256"):
        lq.sweep(case.experiment(), axes, **more)
    description = copy / "progress/zarr.json"
    description.write_text(description.read_text().replace(f'"{lq.__version__}"', '"0.0.1"'))
    with pytest.raises(lq.ParameterError, match=r"version \(stored '0.0.1', now "):
        lq.sweep(case.experiment(), case.axes(), **more)
    description.write_text(description.read_text().replace('"0.0.1"', f'"{lq.__version__}"'))
    assert case.files(copy) == before


def test_a_resumed_store_keeps_its_blocks(copy, truth):
    """Without block_size a store goes on with its own; where there is none, resume begins one."""
    case.sweep(copy, resume=True, block_size=None)
    assert case.files(copy) == case.files(truth)
    case.sweep(copy.with_name("new.zarr"), resume=True)
    assert case.files(copy.with_name("new.zarr")) == case.files(truth)


# Workers ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes on this machine."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as made,
        distributed.Client(made) as client,
    ):
        yield client


# Of sockets of workers that are gone.
quiet = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@quiet
@pytest.mark.parametrize("block_size", [3, 6, 40])
def test_workers_compute_what_one_process_does(block_size, cluster, truth, tmp_path):
    """Two worker processes, into memory and into a store, by client and by address; the truth: this
    process without Dask, value for value, and for equal blocks byte for byte."""
    expected = case.sweep(block_size=65)
    back = case.sweep(client=cluster, block_size=block_size)
    xr.testing.assert_identical(back, expected)
    store = tmp_path / "a.zarr"
    kept = case.sweep(store, client=cluster.scheduler.address, block_size=block_size)
    xr.testing.assert_identical(kept.load(), expected)
    if block_size == case.BLOCK:
        assert case.files(store) == case.files(truth)


@quiet
def test_an_error_of_a_worker_is_ours(cluster, tmp_path):
    """A store that cannot be opened is a `SweepError`, and what is no client is refused."""
    with pytest.raises(lq.ParameterError, match=r"'client' must be a distributed.Client"):
        case.sweep(client=3)
    store = tmp_path / "a.zarr"
    case.sweep(store)
    shutil.rmtree(store / "rate")
    with pytest.raises(lq.SweepError, match=r"a\.zarr: cannot be opened"):
        case.sweep(store, client=cluster, resume=True)


@quiet
def test_a_killed_worker_costs_only_time(cluster, truth, tmp_path):
    """kill -9 of one of two worker processes in the middle of a sweep; the truth: every file of
    the sweep undisturbed."""
    store = tmp_path / "killed.zarr"
    cluster.run(case.slow_down, 0.2)
    workers = list(cluster.run(os.getpid).values())
    failed = []

    def run():
        try:
            case.sweep(store, client=cluster)
        except BaseException as error:
            failed.append(error)

    running = threading.Thread(target=run)
    running.start()
    done = store / "progress/done/c"
    until = time.monotonic() + 60
    while not (done.is_dir() and any(done.iterdir())) and time.monotonic() < until:
        time.sleep(0.01)
    finished = len(list(done.iterdir()))
    os.kill(workers[0], signal.SIGKILL)
    running.join(120)
    assert not running.is_alive()
    assert failed == []
    assert 0 < finished < 15
    assert workers[0] not in cluster.run(os.getpid).values()
    assert case.files(store) == case.files(truth)
