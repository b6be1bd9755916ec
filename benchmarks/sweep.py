"""Sweeps: time per neuron, spike, step and sample, through Python, and how far off the answers are.

``python benchmarks/sweep.py`` prints a table for each case and, under it, what the same machine
does at the same time with NumPy, SciPy or a loop written for the case (``--quick``: fewer repeats
and rows; ``--only NAME``: one case; ``--json``: the same as data).

``python benchmarks/sweep.py --scaling`` measures small sweeps over numbers of blocks, neurons,
pieces and spikes, fits the cost of each by least squares, and prints what that predicts.

Answers are checked in the same run against `reference.py`: closed forms in extended precision.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import importlib
import inspect
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import reference
import single

import lapicque as lq
from lapicque.batch import Batch, processors

DURATION = 1000.0
LIF = lq.LIF(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)
ADAPTIVE = lq.AdaptiveLIF(
    R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0, b=[0.1], tau_w=[100.0]
)
SINE = ("current.1.amplitude", "current.1.frequency")
GIB = 2.0**30
NEURONS = 100_000


@dataclasses.dataclass(frozen=True)
class Work:
    """A sweep along one dimension: the experiment, a column for each path, what is asked."""

    experiment: Any
    columns: dict[str, Any]
    features: tuple[str, ...]

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())))

    def sweep(self, **more: Any) -> Any:
        """The whole way: axes to dataset."""
        axes = {tuple(self.columns): tuple(self.columns.values())}
        return lq.sweep(self.experiment, axes, list(self.features), **more)

    def first(self, n: int) -> Work:
        """The first rows alone."""
        return dataclasses.replace(self, columns={p: v[:n] for p, v in self.columns.items()})


def regular_work(n: int, features: tuple[str, ...]) -> Work:
    """An f-I curve: a constant current from 1.4 to 3.4 nA."""
    return Work(
        lq.Experiment(LIF, lq.constant(1.6), DURATION),
        {"current.0.amplitude": np.linspace(1.4, 3.4, n)},
        features,
    )


def waves(n: int) -> dict[str, Any]:
    """Amplitudes (nA) and frequencies (Hz) of sines."""
    draw = np.random.default_rng(1907)
    amplitude = draw.uniform(0.2, 1.2, NEURONS)
    frequency = draw.uniform(1.0, 40.0, NEURONS)
    return dict(zip(SINE, (amplitude[:n], frequency[:n]), strict=True))


def sine_work(n: int, features: tuple[str, ...] = ("spike_times",)) -> Work:
    """1.6 nA and a sine, each neuron its own."""
    current = lq.constant(1.6) + lq.sine(1.0, 1.0)
    return Work(lq.Experiment(LIF, current, DURATION), waves(n), features)


def general_work(n: int) -> Work:
    """Three parts and a pulse, each neuron its own sine."""
    pulse = lq.step(0.8, 300.0, 600.0)
    current = lq.constant(1.6) + lq.sine(1.0, 1.0) + lq.decay(1.5, 120.0) + pulse
    return Work(lq.Experiment(LIF, current, DURATION), waves(n), ("spike_times",))


def adaptive_work(n: int) -> Work:
    """The sines into a neuron that adapts."""
    current = lq.constant(1.6) + lq.sine(1.0, 1.0)
    return Work(lq.Experiment(ADAPTIVE, current, DURATION), waves(n), ("spike_times",))


def stepped_work(n: int, dt: float) -> Work:
    """The sines by Runge-Kutta, spikes on the grid."""
    current = lq.constant(1.6) + lq.sine(1.0, 1.0)
    experiment = lq.Experiment(LIF, current, DURATION, method=lq.RK4(dt=dt))
    return Work(experiment, waves(n), ("spike_count",))


def sampled_work(n: int, samples: int) -> Work:
    """Noise, 10 samples a ms, each neuron its own."""
    draw = np.random.default_rng(1907)
    values = 1.6 + 0.5 * draw.standard_normal((n, samples))
    times = 0.1 * np.arange(samples)
    current = lq.sampled(times, values[0])
    experiment = lq.Experiment(LIF, current, float(times[-1]))
    return Work(experiment, {"current.0.values": values}, ("spike_times",))


# ---------------------------------------------------------------------------------------- measuring


def best(run: Callable[[], Any], quick: bool, repeats: int = 15) -> tuple[float, Any]:
    """Best time (ms) of several runs within some seconds, after one that warms; the last answer."""
    run()
    taken, _, answer = single.timed(run, 3 if quick else repeats, 2.0 if quick else 12.0)
    return taken, answer


def split(spikes: Any, counts: Any) -> list[Any]:
    """Spike times as one array for each neuron."""
    return np.split(np.asarray(spikes), np.cumsum(counts)[:-1])


def ours(
    work: Work, label: str, quick: bool, unit: str, number: Callable[[Any], int], **more: Any
) -> tuple[dict[str, Any], Any]:
    """A row of the table, and the dataset."""
    taken, ds = best(lambda: work.sweep(**more), quick)
    return timed_row(label, work.rows, taken, number(ds), unit), ds


def timed_row(label: str, rows: int, taken: float, number: int, unit: str) -> dict[str, Any]:
    """What every measured row says."""
    return {
        "what": label,
        "rows": rows,
        "number": number,
        "unit": unit,
        "best_ms": taken,
        "us_per_neuron": 1e3 * taken / rows,
        "ns_per_unit": 1e6 * taken / number if number else None,
    }


def spikes_of(ds: Any) -> int:
    """How many spikes there are."""
    return int(ds["spike_count"].sum())


def stages(work: Work, quick: bool, threads: int | None = None) -> list[dict[str, Any]]:
    """Where the time goes: checks of columns, and kernels with what is around them."""
    batch = Batch(work.experiment, list(work.columns), list(work.features))
    checked = batch.check(work.columns)
    taken = {
        "  of it: checks of the columns": best(lambda: batch.check(work.columns), quick)[0],
        "  of it: kernels, all rows as one block": best(lambda: batch.run(checked, threads), quick)[
            0
        ],
    }
    return [
        {"what": name, "rows": work.rows, "best_ms": ms, "us_per_neuron": 1e3 * ms / work.rows}
        for name, ms in taken.items()
    ]


def against(row: dict[str, Any], bar: str, met: bool) -> None:
    """Write a bar into a row; a wrong answer misses every bar."""
    row["bar"] = bar
    row["met"] = bool(met and not row.get("wrong_counts"))


def on_sample(row: dict[str, Any], work: Work, ds: Any, truth: reference.Trains, n: int) -> bool:
    """Judge the first ``n`` rows; return whether spikes are within 1e-9 ms (scaled)."""
    counts = ds["spike_count"].values
    mine = split(ds["spike_times"].values[: counts[:n].sum()], counts[:n])
    found = reference.judge(mine, truth)
    row["checked"] = n
    row["wrong_counts"] = found.wrong_counts
    row["worst_error_ms"] = found.worst
    row["scaled_error_ms"] = found.worst_scaled
    return found.worst_scaled <= 1e-9


# --------------------------------------------------------------------------------------- yardsticks


def log_yardstick(quick: bool) -> float:
    """One `numpy.log` over the rows (ms)."""
    x = np.linspace(1.4, 3.4, NEURONS)
    return best(lambda: np.log(x), quick, 50)[0]


def numpy_euler(n: int, dt: float, columns: dict[str, Any], sines: bool) -> Any:
    """The textbook over arrays: forward Euler, all neurons a step at a time; counts."""
    v = np.full(n, LIF.E_L)
    held = np.zeros(n, dtype=np.int64)
    counts = np.zeros(n, dtype=np.int64)
    steps, pause = round(DURATION / dt), math.ceil(LIF.t_ref / dt - 1e-9)
    if sines:
        amplitude, frequency = (column[:n] for column in columns.values())
        omega = 2e-3 * math.pi * frequency
    else:
        current = columns["current.0.amplitude"][:n]
    for k in range(steps):
        if sines:
            current = 1.6 + amplitude * np.sin(omega * (k * dt))
        free = held <= 0
        v = np.where(free, v + dt / LIF.tau_m * (LIF.E_L - v + LIF.R_m * current), v)
        held -= 1
        fired = v >= LIF.V_th
        counts += fired
        v[fired] = LIF.V_reset
        held[fired] = pause
    return counts


def euler_row(work: Work, sines: bool, quick: bool, expected: Any) -> dict[str, Any]:
    """The row of the textbook over arrays, with its wrong counts."""
    n = min(work.rows, 2_000 if quick else 10_000)
    picked = np.linspace(0, work.rows - 1, n).astype(int)
    columns = {path: values[picked] for path, values in work.columns.items()}
    taken, _, counts = single.timed(lambda: numpy_euler(n, 0.1, columns, sines), 1, 0.0)
    row = timed_row("NumPy Euler, dt 0.1", n, taken, int(counts.sum()), "spike")
    row["checked"] = n
    row["wrong_counts"] = int((counts != expected[picked]).sum())
    return row


@functools.cache
def specialised() -> Any:
    """Runge-Kutta for this neuron under this current alone, compiled: what a general one costs."""
    import numba

    @numba.njit(nogil=True, error_model="numpy")
    def run(amplitude: Any, frequency: Any, level: float, dt: float, steps: int, pause: int) -> Any:
        counts = np.zeros(len(amplitude), dtype=np.int64)
        for i in range(len(amplitude)):
            omega = 2e-3 * math.pi * frequency[i]
            high = amplitude[i]
            v, held = -65.0, 0
            for k in range(steps):
                if held > 0:
                    held -= 1
                    continue
                t = k * dt
                a = 10.0 * (level + high * math.sin(omega * t)) - 65.0
                b = 10.0 * (level + high * math.sin(omega * (t + 0.5 * dt))) - 65.0
                c = 10.0 * (level + high * math.sin(omega * (t + dt))) - 65.0
                k1 = (a - v) / 10.0
                k2 = (b - v - 0.5 * dt * k1) / 10.0
                k3 = (b - v - 0.5 * dt * k2) / 10.0
                k4 = (c - v - dt * k3) / 10.0
                v += dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
                if v >= -50.0:
                    counts[i] += 1
                    v = -65.0
                    held = pause
        return counts

    return run


# -------------------------------------------------------------------------------------------- cases


def case_regular(quick: bool) -> list[dict[str, Any]]:
    """f-I: 100,000 LIFs under constant currents."""
    log = log_yardstick(quick)
    work = regular_work(NEURONS, ("spike_count",))
    current = work.columns["current.0.amplitude"]
    counts, first, period = reference.regular_trains(
        current, LIF.R_m, LIF.tau_m, LIF.V_th - LIF.E_L, LIF.t_ref, DURATION
    )
    counted, ds = ours(work, "counts", quick, "spike", spikes_of)
    counted["checked"] = work.rows
    counted["wrong_counts"] = int((ds["spike_count"].values != counts).sum())
    bar = max(10.0, 8.0 * log)
    against(counted, f"<= {bar:.1f} ms, none wrong", counted["best_ms"] <= bar)
    rows = [counted, *stages(work, quick)]
    times = dataclasses.replace(work, features=("spike_times",))
    timed, ds = ours(times, "all spike times", quick, "spike", spikes_of)
    timed["checked"] = work.rows
    timed["wrong_counts"] = int((ds["spike_count"].values != counts).sum())
    if not timed["wrong_counts"]:
        timed["worst_error_ms"] = reference.worst_regular(
            ds["spike_times"].values, counts, first, period
        )
    against(timed, "<= 60 ms", timed["best_ms"] <= 60.0)
    rows += [timed, *stages(times, quick)]
    for threads in (1, 2):
        for each, name in ((work, "counts"), (times, "all spike times")):
            label = f"{name}, threads={threads}"
            rows.append(ours(each, label, quick, "spike", spikes_of, threads=threads)[0])
    rows.append(timed_row("numpy.log over the rows", NEURONS, log, NEURONS, "log"))
    spikes = ds["spike_times"].values
    copied, _ = best(spikes.copy, quick)
    rows.append(
        timed_row("NumPy: a copy of the spike times", NEURONS, copied, len(spikes), "spike")
    )
    closed, _ = best(lambda: closed_form(current), quick)
    rows.append(
        timed_row(
            "NumPy: counts by the closed form, doubles", NEURONS, closed, len(spikes), "spike"
        )
    )
    rows.append(euler_row(work, False, quick, counts))
    return rows


def closed_form(current: Any) -> Any:
    """The f-I curve as one writes it for this case alone; a floor in doubles."""
    drive = LIF.R_m * current
    with np.errstate(invalid="ignore", divide="ignore"):
        first = LIF.tau_m * np.log(drive / (drive - (LIF.V_th - LIF.E_L)))
        most = np.floor((DURATION - first) / (first + LIF.t_ref))
    return np.where(drive > LIF.V_th - LIF.E_L, most + 1, 0).astype(np.int64)


def sine_truth(n: int, **more: Any) -> reference.Trains:
    """The reference for the first ``n`` neurons of the sines."""
    amplitude, frequency = waves(n).values()
    steps = more.pop("steps", ())
    rows = reference.Rows(n, amplitude, frequency, **more)
    return reference.trains(rows, reference.even_cells(DURATION, 0.25, steps, 1.6))


def case_sines(quick: bool) -> list[dict[str, Any]]:
    """Sines: 100,000 LIFs under 1.6 nA and a sine each."""
    work = sine_work(NEURONS)
    row, ds = ours(work, "spike times", quick, "spike", spikes_of)
    n = 100 if quick else 1_000
    near = on_sample(row, work, ds, sine_truth(n), n)
    each = row["ns_per_unit"]
    against(row, "<= 350 ns a spike, within 1e-9 ms", each <= 350.0 and near)
    rows = [row, *stages(work, quick)]
    for threads in (1, 2):
        label = f"spike times, threads={threads}"
        rows.append(ours(work, label, quick, "spike", spikes_of, threads=threads)[0])
    rows.append(euler_row(work, True, quick, ds["spike_count"].values))
    rows.append(scipy_row(quick, ds))
    return rows


def scipy_row(quick: bool, ds: Any) -> dict[str, Any]:
    """SciPy's solve_ivp with an event, neuron by neuron."""
    n = 3 if quick else 20
    amplitude, frequency = waves(n).values()
    counts = ds["spike_count"].values[:n]
    expected = split(ds["spike_times"].values[: counts.sum()], counts)
    taken, wrong, worst, total = 0.0, 0, 0.0, 0
    for k in range(n):
        high, omega = float(amplitude[k]), 2e-3 * math.pi * float(frequency[k])

        def plain(t: float, high: float = high, omega: float = omega) -> float:
            return 1.6 + high * math.sin(omega * t)

        case = single.Case("sine", LIF, None, plain, [])
        begin = time.perf_counter()
        spikes = single.scipy_run(case, method="DOP853", rtol=1e-10, atol=1e-10)
        taken += 1e3 * (time.perf_counter() - begin)
        total += len(spikes)
        error = single.worst_error(spikes, list(expected[k]))
        wrong += error is None
        worst = max(worst, error or 0.0)
    row = timed_row("SciPy solve_ivp DOP853, 1e-10, against ours", n, taken, total, "spike")
    return row | {"checked": n, "wrong_counts": wrong, "worst_error_ms": worst}


def case_general(quick: bool) -> list[dict[str, Any]]:
    """General workloads beside the ones that have a way of their own."""
    n = 5_000 if quick else 20_000
    checked = 50 if quick else 200
    base, _ = ours(sine_work(n), "LIF, constant + sine", quick, "spike", spikes_of)
    rows = [base]
    pulse = ((0.8, 300.0, 600.0),)
    truths = {
        "LIF, constant + sine + decay + pulse": (
            general_work(n),
            lambda: sine_truth(checked, decay=1.5, tau_decay=120.0, steps=pulse),
        ),
        "AdaptiveLIF, constant + sine": (
            adaptive_work(n),
            lambda: sine_truth(checked, b=0.1, tau_w=100.0),
        ),
    }
    for label, (work, truth) in truths.items():
        row, ds = ours(work, label, quick, "spike", spikes_of)
        near = on_sample(row, work, ds, truth(), checked)
        row["ratio"] = row["ns_per_unit"] / base["ns_per_unit"]
        bar = "<= 5 of constant + sine, within 1e-9 ms"
        against(row, bar, row["ratio"] <= 5.0 and near)
        rows.append(row)
    dt = 0.1
    n = 1_000 if quick else 4_000
    work = stepped_work(n, dt)
    amplitude, frequency = work.columns.values()
    steps, pause = round(DURATION / dt), math.ceil(LIF.t_ref / dt - 1e-9)
    taken, counts = best(lambda: specialised()(amplitude, frequency, 1.6, dt, steps, pause), quick)
    loop = timed_row("Numba loop for this case alone, 1 thread", n, taken, n * steps, "step")
    row, ds = ours(
        work, "LIF, RK4, dt 0.1, threads=1", quick, "step", lambda ds: n * steps, threads=1
    )
    row["checked"] = n
    row["wrong_counts"] = int((ds["spike_count"].values != counts).sum())
    row["ratio"] = row["ns_per_unit"] / loop["ns_per_unit"]
    against(row, "<= 5 of the Numba loop, the same counts", row["ratio"] <= 5.0)
    return [*rows, row, loop]


def case_sampled(quick: bool) -> list[dict[str, Any]]:
    """Sampled currents: 2,048 neurons, each with 10,000 samples of its own."""
    import scipy.signal

    n, samples = (512 if quick else 2_048), 10_000
    work = sampled_work(n, samples)
    values = work.columns["current.0.values"]
    label = "spike times"
    try:
        row, ds = ours(work, label, quick, "sample", lambda ds: n * samples)
        checked = 16 if quick else 64
        times = 0.1 * np.arange(samples)
        cells = reference.sample_cells(times, values[:checked])
        near = on_sample(row, work, ds, reference.trains(reference.Rows(checked), cells), checked)
        rate = 1e3 * n * samples / row["best_ms"]
        against(row, f">= 6e8 samples/s ({rate:.1e})", rate >= 6e8 and near)
    except lq.LapicqueError as error:
        row = {"what": label, "rows": n, "number": n * samples, "unit": "sample"}
        against(row, f">= 6e8 samples/s (refused: {type(error).__name__})", False)
    fade = math.exp(-0.1 / LIF.tau_m)
    filtered, _ = best(lambda: scipy.signal.lfilter([1.0 - fade], [1.0, -fade], values), quick)
    copied, _ = best(values.copy, quick)
    return [
        row,
        timed_row("SciPy lfilter: V without spikes, held", n, filtered, n * samples, "sample"),
        timed_row("NumPy: a copy of the samples", n, copied, n * samples, "sample"),
    ]


def child(*arguments: str, **environment: str) -> dict[str, Any]:
    """Run a part of this script in a process of its own."""
    command = [sys.executable, __file__, "--child", *arguments]
    begin = time.perf_counter()
    inside = {**os.environ, **environment}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=inside)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "process_ms": 1e3 * (time.perf_counter() - begin)}


def peak() -> float:
    """The most memory this process has had (GiB)."""
    import resource

    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts what the process was forked from
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024.0 / GIB
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / GIB if sys.platform == "darwin" else most * 1024.0 / GIB


def child_size(rows: str, place: str) -> dict[str, Any]:
    """Counts and rates of some neurons, in memory or to Zarr: the best time, the peak memory."""
    n = int(rows)
    regular_work(1_000, ("spike_count", "rate")).sweep()
    before = peak()
    work = regular_work(n, ("spike_count", "rate"))
    taken = []
    for _ in range(max(1, min(5, 2_000_000 // n))):
        with tempfile.TemporaryDirectory() as folder:
            store = {"store": Path(folder) / "out.zarr"} if place == "zarr" else {}
            begin = time.perf_counter()
            ds = work.sweep(**store)
            taken.append(1e3 * (time.perf_counter() - begin))
            most = peak()  # before what the check takes
            counts = ds["spike_count"].values
    known, _, _ = reference.regular_trains(
        work.columns["current.0.amplitude"], 10.0, 10.0, 15.0, 2.0, DURATION
    )
    wrong = int((counts != known).sum())
    return {"best_ms": min(taken), "before_gib": before, "peak_gib": most, "wrong": wrong}


def case_size(quick: bool) -> list[dict[str, Any]]:
    """Size: counts and rates of 10,000 to 10 million neurons, each size a process of its own."""
    sizes = [10**4, 10**5, 10**6, *([] if quick else [10**7])]
    rows = []
    for place, name in (("memory", "in memory"), ("zarr", "to Zarr")):
        mine = []
        for n in sizes:
            found = child("size", str(n), place)
            row = timed_row(f"counts and rates {name}", n, found["best_ms"], n, "neuron")
            row |= {"checked": n, "wrong_counts": found["wrong"], "peak_gib": found["peak_gib"]}
            mine.append(row)
        costs = [row["us_per_neuron"] for row in mine]
        most = max(costs) / min(costs)
        last = mine[-1]
        met = most <= 2.0
        bar = f"costliest size <= 2 of the cheapest ({most:.1f})"
        if place == "zarr":
            bar += f"; peak < 1.5 GiB ({last['peak_gib']:.2f})"
            met = met and last["peak_gib"] < 1.5
        against(last, bar, met)
        rows += mine
    return rows


def child_first() -> dict[str, Any]:
    """The first sweep of a process, and what of it is loading packages."""
    work = regular_work(NEURONS, ("spike_count",))
    loads = {}
    if os.environ.get("LAPICQUE_BENCHMARK_LOADS"):
        for name in ("numba", "xarray", "dask.array"):
            begin = time.perf_counter()
            importlib.import_module(name)
            loads[name] = 1e3 * (time.perf_counter() - begin)
    begin = time.perf_counter()
    work.sweep()
    return {"call_ms": 1e3 * (time.perf_counter() - begin), "loads": loads}


def case_first(quick: bool) -> list[dict[str, Any]]:
    """The first call of a process, the kernels compiled before and kept in the cache.

    Python's byte code is kept too, as an installation does, even where PYTHONDONTWRITEBYTECODE is
    set.
    """
    regular_work(1_000, ("spike_count",)).sweep()  # the cache is warm now
    times = 3 if quick else 7
    with tempfile.TemporaryDirectory() as folder:
        kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        child("first", **kept)
        found = [child("first", **kept) for _ in range(times)]
        apart = [child("first", LAPICQUE_BENCHMARK_LOADS="1", **kept) for _ in range(times)]
    call = min(each["call_ms"] for each in found)
    rows = [timed_row("first call: f-I counts", NEURONS, call, NEURONS, "neuron")]
    against(rows[0], "<= 1000 ms", call <= 1000.0)
    for name in apart[0]["loads"]:
        taken = min(each["loads"][name] for each in apart)
        rows.append({"what": f"  of it: import {name}", "rows": NEURONS, "best_ms": taken})
    rest = min(each["call_ms"] for each in apart)
    rows.append({"what": "  of it: the rest", "rows": NEURONS, "best_ms": rest})
    whole = min(each["process_ms"] for each in found)
    label = "the whole process, with what this script imports"
    rows.append(timed_row(label, NEURONS, whole, NEURONS, "neuron"))
    return rows


def case_cluster(quick: bool) -> list[dict[str, Any]]:
    """Processes: the sines on two workers of a Dask LocalCluster, and in this process."""
    n = 16_384 if quick else NEURONS
    work = sine_work(n)
    here, ds = ours(work, "this process, threads=2", quick, "spike", spikes_of, threads=2)
    rows = [here]
    with cluster(2) as client:
        for name, more in (
            ("spike times", {}),
            ("spike times, blocks of 4,096", {"block_size": 4_096}),
        ):
            row, other = ours(
                work, f"LocalCluster, 2 processes, {name}", quick, "spike", spikes_of,
                client=client, **more,
            )  # fmt: skip
            same = np.array_equal(other["spike_times"].values, ds["spike_times"].values)
            row["checked"] = n
            row["wrong_counts"] = int(
                (other["spike_count"].values != ds["spike_count"].values).sum()
            )
            row["ratio"] = row["best_ms"] / here["best_ms"]
            row["bar"], row["met"] = "the same bits as here", same
            rows.append(row)
        counted = dataclasses.replace(work, features=("spike_count", "rate"))
        label = "LocalCluster, 2 processes, counts and rates"
        rows.append(ours(counted, label, quick, "spike", spikes_of, client=client)[0])
    return rows


class cluster:  # noqa: N801  (used as a function)
    """Two worker processes on this machine, with a thread each."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def __enter__(self) -> Any:
        import logging

        import distributed

        logging.getLogger("distributed").setLevel(logging.ERROR)
        self._cluster = distributed.LocalCluster(
            n_workers=self.workers, threads_per_worker=1, processes=True, dashboard_address=None
        )
        self._client = distributed.Client(self._cluster)
        return self._client

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._cluster.close()


CASES: dict[str, Callable[[bool], list[dict[str, Any]]]] = {
    "f-I": case_regular,
    "sines": case_sines,
    "general": case_general,
    "sampled": case_sampled,
    "size": case_size,
    "first": case_first,
    "cluster": case_cluster,
}


# ------------------------------------------------------------------------------------------ scaling


def stepped_sines(n: int, pieces: int, level: float) -> Work:
    """A constant, a sine, and small steps that cut the run into pieces."""
    current = lq.constant(level) + lq.sine(1.0, 1.0)
    width = DURATION / pieces
    for k in range(1, pieces, 2):
        current = current + lq.step(1e-3, k * width, (k + 1) * width)
    draw = np.random.default_rng(pieces)
    columns = dict(zip(SINE, (draw.uniform(0.2, 1.2, n), draw.uniform(1.0, 40.0, n)), strict=True))
    return Work(lq.Experiment(LIF, current, DURATION), columns, ("spike_times",))


def measured(quick: bool) -> list[dict[str, Any]]:
    """Times (ms) of small sweeps in one thread, with what they consist of."""
    points = []
    for pieces in (1, 5, 17):
        for level in (0.2, 1.6, 3.0):
            for n, block in ((2_048, 256), (2_048, 2_048), (8_192, 8_192)):
                work = stepped_sines(n, pieces, level)

                def run(work: Work = work, block: int = block) -> Any:
                    return work.sweep(threads=1, block_size=block)

                run()
                taken, _, ds = single.timed(run, 2 if quick else 7, 0.5 if quick else 4.0)
                points.append(
                    {
                        "blocks": -(-n // block),
                        "neurons": n,
                        "pieces": n * pieces,
                        "spikes": spikes_of(ds),
                        "ms": taken,
                    }
                )
    return points


def regular_points(quick: bool) -> list[dict[str, Any]]:
    """The same for constant currents: no pieces, spikes in closed form."""
    points = []
    for low, high in ((0.2, 1.4), (1.6, 2.0), (2.0, 3.4), (4.0, 6.0)):
        for n, block in ((8_192, 512), (8_192, 8_192), (65_536, 16_384)):
            columns = {"current.0.amplitude": np.linspace(low, high, n)}
            work = Work(regular_work(1, ()).experiment, columns, ("spike_times",))

            def run(work: Work = work, block: int = block) -> Any:
                return work.sweep(threads=1, block_size=block)

            run()
            taken, _, ds = single.timed(run, 3 if quick else 15, 0.5 if quick else 4.0)
            points.append(
                {"blocks": -(-n // block), "neurons": n, "spikes": spikes_of(ds), "ms": taken}
            )
    return points


def fit(points: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, Any]:
    """Least squares of the relative residuals, no cost below 0, for 1 call and ``names``."""
    from scipy.optimize import nnls

    table = np.array([[1.0, *(point[name] for name in names)] for point in points])
    taken = np.array([point["ms"] for point in points])
    weighted = table / taken[:, None]
    scale = weighted.max(axis=0)
    found, _ = nnls(weighted / scale, np.ones(len(taken)))
    costs = found / scale
    residual = table @ costs / taken - 1.0
    return {
        "costs_us": dict(zip(("call", *names), (1e3 * costs).tolist(), strict=True)),
        "points": len(points),
        "median_residual": float(np.median(np.abs(residual))),
        "worst_residual": float(np.abs(residual).max()),
        "residuals": residual.tolist(),
    }


def scaling(quick: bool) -> dict[str, Any]:
    """Measure, fit, predict, and look whether it comes true."""
    general, regular = measured(quick), regular_points(quick)
    sums = {
        "constant + sine + steps": fit(general, ("blocks", "neurons", "pieces", "spikes")),
        "constant": fit(regular, ("blocks", "neurons", "spikes")),
    }
    costs = sums["constant + sine + steps"]["costs_us"]

    def predicted(blocks: int, neurons: int, pieces: int, spikes: int) -> float:
        parts = zip((1, blocks, neurons, pieces, spikes), costs.values(), strict=True)
        return 1e-3 * sum(number * cost for number, cost in parts)

    n = 20_000 if quick else NEURONS
    work = sine_work(n)
    tests = []
    one, ds = best(lambda: work.sweep(threads=1), quick, 3)
    spikes = spikes_of(ds)
    blocks = -(-n // 16_384)
    guess = predicted(blocks, n, n, spikes)
    tests.append({"what": f"{n} sines, 1 thread", "predicted_ms": guess, "measured_ms": one})
    two, _ = best(lambda: work.sweep(threads=2), quick, 3)
    tests.append({"what": f"{n} sines, 2 threads", "predicted_ms": guess / 2, "measured_ms": two})
    with cluster(2) as client:
        spread, _ = best(lambda: work.sweep(client=client), quick, 3)
        turns = -(-blocks // 2) / blocks
        tests.append(
            {
                "what": f"{n} sines, 2 processes, {blocks} blocks",
                "predicted_ms": guess * turns,
                "measured_ms": spread,
            }
        )
        empty = regular_work(2_048, ("spike_count",))
        many, _ = best(lambda: empty.sweep(client=client, block_size=8), quick, 3)
        few, _ = best(lambda: empty.sweep(client=client, block_size=1_024), quick, 3)
    task_ms = (many - few) / (2_048 / 8 - 2)
    per_block = predicted(1, 16_384, 16_384, 16_384 * spikes // n) - 1e-3 * costs["call"]
    future = []
    for workers in (1, 2, 16, 128, 1024):
        blocks = -(-(10**9) // 16_384)
        work_s = 1e-3 * per_block * -(-blocks // workers)
        hand_s = 1e-3 * task_ms * blocks
        future.append(
            {
                "workers": workers,
                "blocks": blocks,
                "kernels_s": work_s,
                "scheduler_s": hand_s,
                "total_s": max(work_s, hand_s),
            }
        )
    for test in tests:
        test["ratio"] = test["measured_ms"] / test["predicted_ms"]
    return {
        "points": {"constant + sine + steps": general, "constant": regular},
        "fits": sums,
        "tests": tests,
        "task_ms": task_ms,
        "block_ms": per_block,
        "workers_kept_busy": per_block / task_ms,
        "billion_sines": future,
    }


def print_scaling(found: dict[str, Any]) -> None:
    """The fits and what they predict, as tables."""
    print("Costs by least squares of relative residuals, one thread, spike times in memory\n")
    rows: list[dict[str, Any]] = []
    for name, each in found["fits"].items():
        rows.append(
            {"current": name}
            | {f"us_{key}": f"{cost:.3g}" for key, cost in each["costs_us"].items()}
            | {
                "points": each["points"],
                "median": f"{100 * each['median_residual']:.0f} %",
                "worst": f"{100 * each['worst_residual']:.0f} %",
            }
        )
    names = {f"us_{key}": f"us a {key.rstrip('s')}" for key in ("call", "blocks", "neurons")}
    names |= {"us_pieces": "us a piece", "us_spikes": "us a spike"}
    tail = {"points": "sweeps", "median": "residual, median", "worst": "worst"}
    single.print_table(rows, {"current": "current", **names, **tail})
    for name, points in found["points"].items():
        print(f"Measured: {name}\n")
        for point, residual in zip(points, found["fits"][name]["residuals"], strict=True):
            point["predicted_ms"] = point["ms"] * (1.0 + residual)
        heads = {key: key.replace("_ms", ", ms") for key in points[0]}
        single.print_table(points, heads)
    print("Predictions beside measurements that were not part of the fit\n")
    single.print_table(
        found["tests"],
        {
            "what": "sweep",
            "predicted_ms": "predicted, ms",
            "measured_ms": "measured, ms",
            "ratio": "ratio",
        },
    )
    print(f"A block of 16,384 sines: {found['block_ms']:.0f} ms in one thread.")
    print(f"Handing a block to a worker and back: {found['task_ms']:.2f} ms of the scheduler,")
    print(f"which keeps {found['workers_kept_busy']:.0f} workers busy with such blocks.\n")
    print("Predicted: 1e9 sines, spike times, one thread a worker (never measured)\n")
    single.print_table(
        found["billion_sines"],
        {
            "workers": "workers",
            "blocks": "blocks",
            "kernels_s": "kernels, s",
            "scheduler_s": "scheduler, s",
            "total_s": "the longer, s",
        },
    )


# ----------------------------------------------------------------------------------------- printing


def machine() -> dict[str, Any]:
    """What ran, and on what; the load of the machine before the first table."""
    about = single.machine()
    about |= {name: version(name) for name in ("numba", "xarray", "zarr", "distributed")}
    about["threads"] = processors()
    about["reference"] = f"{reference.bits()} bits"
    if hasattr(os, "getloadavg"):
        about["load"] = f"{os.getloadavg()[0]:.1f}"
    return about


def cells(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows as they are printed."""
    for row in rows:
        shown = dict(row)
        if "number" in row:
            each = row.get("ns_per_unit")
            shown["ns_per_unit"] = f"{each:.4g} / {row['unit']}" if each else f"- / {row['unit']}"
        if "us_per_neuron" in row:
            shown["us_per_neuron"] = f"{row['us_per_neuron']:.4g}"
        if "peak_gib" in row:
            shown["peak_gib"] = f"{row['peak_gib']:.2f}"
        if "checked" in row:
            shown["wrong"] = f"{row['wrong_counts']} of {row['checked']}"
        shown["error"] = f"{row['worst_error_ms']:.1e}" if "worst_error_ms" in row else ""
        shown["scaled"] = f"{row['scaled_error_ms']:.1e}" if "scaled_error_ms" in row else ""
        yield shown


COLUMNS = {
    "what": "what",
    "rows": "neurons",
    "number": "units",
    "best_ms": "best, ms",
    "us_per_neuron": "us a neuron",
    "ns_per_unit": "ns a unit",
    "ratio": "ratio",
    "peak_gib": "peak, GiB",
    "wrong": "counts wrong",
    "error": "worst error, ms",
    "scaled": "scaled, ms",
    "bar": "bar",
}


def print_case(run: Callable[..., Any], rows: list[dict[str, Any]]) -> None:
    """A table with the columns that have something in them."""
    print(f"{inspect.cleandoc(run.__doc__ or '')}\n")
    table = list(cells(rows))
    used = {key: name for key, name in COLUMNS.items() if any(row.get(key) for row in table)}
    single.print_table(table, used)
    sys.stdout.flush()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats and rows")
    parser.add_argument("--json", action="store_true", help="print data instead of tables")
    parser.add_argument("--only", choices=list(CASES), help="one case")
    parser.add_argument("--scaling", action="store_true", help="the cost model instead of cases")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        name, *rest = arguments.child
        print(json.dumps({"size": child_size, "first": child_first}[name](*rest)))
        return
    about = machine()
    if not arguments.json:
        print(", ".join(f"{key} {value}" for key, value in about.items()), end="\n\n")
    if arguments.scaling:
        found = scaling(arguments.quick)
        if arguments.json:
            print(json.dumps({"machine": about, **found}, indent=1))
        else:
            print_scaling(found)
        return
    data = {}
    for name, run in CASES.items():
        if arguments.only in (None, name):
            data[name] = run(arguments.quick)
            if not arguments.json:
                print_case(run, data[name])
    if arguments.json:
        print(json.dumps({"machine": about, **data}, indent=1))


if __name__ == "__main__":
    main()
