"""Other simulators on the same cases, each at its best, each in an environment of its own.

``python benchmarks/peers/run.py`` makes the environments under the cache folder (``--folder``),
installs pinned versions from PyPI, runs every peer in a process of its own, and prints one table
(``--quick``: fewer neurons; ``--only NAME``; ``--json``). What cannot be installed or run stands in
the table with the reason. Counts and times are compared with the closed form (f-I) and with our
own spikes (sines), of which `benchmarks/sweep.py` checks a sample in extended precision.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import venv
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))

import numpy as np  # noqa: E402
import reference  # noqa: E402
import single  # noqa: E402
import sweep  # noqa: E402

from lapicque.compile import cache_folder  # noqa: E402

LOCK = ROOT / "requirements-simulators.lock"
TIMEOUT = 1800.0


@dataclasses.dataclass(frozen=True)
class Run:
    """A case for a peer: how many neurons (all, and with ``--quick``), time step (ms), setting."""

    case: str
    n: int
    quick: int
    dt: float
    setting: str
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Peer:
    """What to install (pinned here or by the lock), which script to run, on what."""

    script: str
    packages: tuple[str, ...]
    runs: tuple[Run, ...]
    locked: bool = False


N, FEW = 100_000, 10_000
PEERS = {
    "Brian2": Peer(
        "brian2_peer.py",
        ("brian2", "setuptools"),
        (
            Run("f-I", N, 1_000, 0.1, "runtime, Cython"),
            Run("f-I", N, 1_000, 0.1, "C++ standalone"),
            Run("f-I", N, 1_000, 0.1, "C++ standalone, OpenMP"),
            Run("f-I", FEW, 1_000, 0.01, "C++ standalone, OpenMP"),
            Run("sines", FEW, 1_000, 0.1, "runtime, Cython"),
            Run("sines", FEW, 1_000, 0.1, "C++ standalone"),
            Run("sines", N, 1_000, 0.1, "C++ standalone, OpenMP"),
            Run("sines", FEW, 1_000, 0.01, "C++ standalone, OpenMP"),
        ),
        locked=True,
    ),
    "NEST": Peer(
        "nest_peer.py",
        ("nest-simulator",),
        (
            Run("f-I", N, 1_000, 0.1, "iaf_psc_exp", "on the grid"),
            Run("f-I", N, 1_000, 0.1, "iaf_psc_exp_ps", "precise"),
            Run("f-I", N, 1_000, 1.0, "iaf_psc_exp_ps", "precise, long steps"),
            Run("f-I", N, 1_000, 1.0, "iaf_psc_exp_ps, 1 thread", "precise, long steps"),
            Run("sines", FEW, 1_000, 0.1, "iaf_psc_exp", "on the grid, I held"),
            Run("sines", FEW, 1_000, 0.1, "iaf_psc_exp_ps", "precise, I held"),
            Run("sines", FEW, 1_000, 0.1, "iaf_psc_exp_ps, 1 thread", "precise, I held"),
            Run("sines", FEW, 1_000, 0.01, "iaf_psc_exp_ps", "precise, I held"),
        ),
        locked=True,
    ),
    "BrainPy": Peer(
        "brainpy_peer.py",
        ("brainpy==2.8.2", "jax==0.10.2", "jaxlib==0.10.2"),
        (
            Run("f-I", N, 1_000, 0.1, "float32", "its default"),
            Run("f-I", N, 1_000, 0.1, "float32, counts", "no spike times"),
            Run("f-I", N, 1_000, 0.1, "float64"),
            Run("sines", N, 1_000, 0.1, "float32", "its default"),
            Run("sines", N, 1_000, 0.1, "float64"),
            Run("sines", FEW, 1_000, 0.01, "float64"),
        ),
    ),
    "NEURON": Peer(
        "neuron_peer.py",
        ("neuron==9.0.2",),
        (Run("f-I, t_ref 0", FEW, 1_000, 0.1, "IntFire2", "events, no t_ref"),),
    ),
}
# Why a case is not in the table.
LEFT_OUT = {
    ("NEURON", "f-I"): "no refractory time in its leaky artificial neurons",
    ("NEURON", "sines"): "its artificial neurons take no current that depends on time",
}


class UnavailableError(Exception):
    """A peer that cannot be installed or run, and why."""


def environment(name: str, peer: Peer, folder: Path) -> Path:
    """Return the Python of a peer's environment; make it if it is not there."""
    pins = LOCK.read_text("utf-8") if peer.locked else ""
    about = repr((peer.packages, pins, sys.version))
    place = folder / f"{name.lower()}-{hashlib.sha256(about.encode()).hexdigest()[:12]}"
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = place / "ready"
    if not ready.exists():
        print(f"installing {name} into {folder.name}/{place.name}", file=sys.stderr)
        venv.create(place, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", *peer.packages]
        if peer.locked:
            command += ["--constraint", str(LOCK)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise UnavailableError(f"not installed: {last_line(done.stderr)}")
        ready.touch()
    return python


def last_line(text: str) -> str:
    """Return the last line of what a process said, cut to a cell's width."""
    lines = [line for line in text.splitlines() if line.strip()]
    return (lines or ["no message"])[-1].strip()[:80]


def ran(python: Path, peer: Peer, run: Run, n: int) -> dict[str, Any]:
    """Run a peer on a case in a process of its own; return what it said, counts and times."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    inside = {k: v for k, v in os.environ.items() if k not in hidden}
    inside["PATH"] = os.pathsep.join((str(python.parent), inside.get("PATH", "")))
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "spikes.npz"
        command = [str(python), str(HERE / peer.script), run.case, str(n), str(run.dt)]
        try:
            done = subprocess.run(
                [*command, run.setting, str(out)],
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                cwd=place,
                env=inside,
            )
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"stopped after {TIMEOUT:.0f} s") from None
        if done.returncode or not out.exists():
            raise UnavailableError(f"failed: {last_line(done.stderr)}")
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        with np.load(out) as found:
            return said | {"counts": found["counts"], "times": found["times"]}


# -------------------------------------------------------------------------------------------- truth


def expected(case: str, n: int) -> tuple[Any, Any]:
    """Return the counts and spike times (ms) of a case."""
    if case == "sines":
        ds = sweep.sine_work(n).sweep()
        return ds["spike_count"].values, ds["spike_times"].values
    t_ref = 0.0 if "t_ref 0" in case else 2.0
    current = np.linspace(1.4, 3.4, n)
    counts, first, period = reference.regular_trains(current, 10.0, 10.0, 15.0, t_ref, 1000.0)
    k = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    fires = np.where(counts > 0, first, 0), np.where(counts > 0, period, 0)
    times = np.repeat(fires[0], counts) + k * np.repeat(fires[1], counts)
    return counts, times.astype(float)


def compared(row: dict[str, Any], counts: Any, times: Any, truth: tuple[Any, Any]) -> None:
    """Write how many counts are wrong, and the worst time (ms) where they are right."""
    right = counts == truth[0]
    row["spikes"] = int(counts.sum())
    row["wrong"] = int((~right).sum())
    if times is not None:
        mine = times[np.repeat(right, counts)]
        error = np.abs(mine - truth[1][np.repeat(right, truth[0])])
        row["worst_error_ms"] = float(error.max()) if len(error) else 0.0


def ours(quick: bool, truths: Any) -> list[dict[str, Any]]:
    """Return the rows of lapicque: the same cases, through `lq.sweep`."""
    rows = []
    n = 1_000 if quick else N
    regular = sweep.regular_work(n, ("spike_times",))
    works = {
        "f-I": (regular, "exact"),
        "f-I counts": (sweep.regular_work(n, ("spike_count",)), "exact, counts"),
        "sines": (sweep.sine_work(n), "exact"),
    }
    few = 1_000 if quick else FEW
    bare = sweep.regular_work(few, ("spike_times",))
    experiment = bare.experiment.replace({"neuron.t_ref": 0.0})
    bare = dataclasses.replace(bare, experiment=experiment)
    works["f-I, t_ref 0"] = (bare, "exact")
    for case, (work, setting) in works.items():
        taken, ds = sweep.best(work.sweep, quick)
        case = case.removesuffix(" counts")
        row = {
            "peer": "lapicque",
            "version": version("lapicque"),
            "setting": setting,
            "case": case,
            "n": work.rows,
            "seconds": 1e-3 * taken,
            "us_per_neuron": 1e3 * taken / work.rows,
        }
        times = ds["spike_times"].values if "spike_times" in ds else None
        compared(row, ds["spike_count"].values, times, truths(case, work.rows))
        if case == "sines":  # the truth of the others: not judged by itself
            sample = min(work.rows, 200)
            amplitude, frequency = sweep.waves(sample).values()
            found = reference.trains(
                reference.Rows(sample, amplitude, frequency),
                reference.even_cells(1000.0, 0.25, (), 1.6),
            )
            counts = ds["spike_count"].values[:sample]
            judged = reference.judge(sweep.split(times[: counts.sum()], counts), found)
            row |= {"wrong": judged.wrong_counts, "worst_error_ms": judged.worst}
            row["note"] = f"checked: {sample} neurons"
        rows.append(row)
    return rows


def measured(name: str, peer: Peer, quick: bool, folder: Path, truths: Any) -> list[dict[str, Any]]:
    """Return the rows of a peer."""
    rows: list[dict[str, Any]] = []
    try:
        python = environment(name, peer, folder)
    except (UnavailableError, OSError, subprocess.CalledProcessError) as error:
        return [{"peer": name, "note": str(error)[:100]}]
    for run in peer.runs:
        n = run.quick if quick else run.n
        setting = f"{run.setting}, dt {run.dt:g}" if name != "NEURON" else run.setting
        row = {"peer": name, "setting": setting, "case": run.case, "n": n, "note": run.note}
        print(f"running {name}: {run.case}, {setting}, {n} neurons", file=sys.stderr)
        try:
            found = ran(python, peer, run, n)
            row |= {key: found[key] for key in ("version", "seconds", "setup_seconds")}
            row["us_per_neuron"] = 1e6 * found["seconds"] / n
            times = None if "counts" in run.setting else found["times"]
            compared(row, found["counts"], times, truths(run.case, n))
        except UnavailableError as error:
            row["note"] = str(error)
        rows.append(row)
    left = [(case, why) for (who, case), why in LEFT_OUT.items() if who == name]
    return rows + [{"peer": name, "case": case, "note": f"left out: {why}"} for case, why in left]


def printed(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as it stands in the table."""
    shown = dict(row)
    for key, form in (("seconds", ".3g"), ("setup_seconds", ".2g"), ("us_per_neuron", ".3g")):
        if key in row:
            shown[key] = format(row[key], form)
    shown["error"] = f"{row['worst_error_ms']:.1e}" if "worst_error_ms" in row else ""
    return shown


def main() -> None:
    """Run the peers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer neurons")
    parser.add_argument("--json", action="store_true", help="print data instead of a table")
    parser.add_argument("--only", choices=list(PEERS), help="one peer")
    parser.add_argument("--folder", type=Path, help="where the environments are kept")
    arguments = parser.parse_args()
    folder = (arguments.folder or cache_folder() / "peers").resolve()
    if folder.is_relative_to(ROOT):
        parser.error("--folder must not lie in the repository")
    known: dict[tuple[str, int], tuple[Any, Any]] = {}

    def truths(case: str, n: int) -> tuple[Any, Any]:
        if (case, n) not in known:
            known[case, n] = expected(case, n)
        return known[case, n]

    about = sweep.machine()
    rows = ours(arguments.quick, truths)
    for name, peer in PEERS.items():
        if arguments.only in (None, name):
            rows += measured(name, peer, arguments.quick, folder, truths)
    if arguments.json:
        print(json.dumps({"machine": about, "peers": rows}, indent=1))
        return
    print(", ".join(f"{key} {value}" for key, value in about.items()), end="\n\n")
    print(
        "Time: the run alone, all spike times kept if not stated; set-up and compiling beside it."
    )
    print("Worst error: among the neurons whose count is right.\n")
    for case in dict.fromkeys(row["case"] for row in rows if "case" in row):
        print(f"{case}\n")
        single.print_table(
            [printed(row) for row in rows if row.get("case") == case],
            {
                "peer": "peer",
                "version": "version",
                "setting": "setting",
                "n": "neurons",
                "setup_seconds": "set-up, s",
                "seconds": "run, s",
                "us_per_neuron": "us a neuron",
                "spikes": "spikes",
                "wrong": "counts wrong",
                "error": "worst error, ms",
                "note": "",
            },
        )
    missing = [row for row in rows if "case" not in row]
    if missing:
        single.print_table(missing, {"peer": "peer", "note": ""})


if __name__ == "__main__":
    main()
