"""One neuron, one second: how long a run takes, and how far off its spikes are.

``python benchmarks/single.py`` prints four tables (``--quick``: fewer repeats and no slow rows;
``--json``: the same as data):

A. warm runs of 1 s in this process, with the textbook loop and SciPy's solve_ivp beside them;
B. the whole process of the command line beside ``import numpy``;
C. accuracy after 1e6 and 1e7 ms;
D. neurons that remember their spikes beside the LIF, per spike.

Every error is against a reference of its own: closed forms of V in mpmath (30 digits), nothing of
lapicque in them.
"""

from __future__ import annotations

import argparse
import bisect
import cmath
import dataclasses
import datetime
import json
import math
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import scipy
from scipy.integrate import solve_ivp

import lapicque as lq

ROOT = Path(__file__).resolve().parent.parent
DURATION = 1000.0
EXAMPLE = ROOT / "examples" / "1_constant_current.toml"

LIF = lq.LIF(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)
PIF = lq.PIF(C_m=1.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)


# ------------------------------------------------------------------------------- cases, references

# A piece of the input: its start, value, slope, and terms (c, l, t0): Re c exp(l (t - t0)).
Piece = tuple[float, float, float, tuple[tuple[complex, complex, float], ...]]


@dataclasses.dataclass(frozen=True)
class Case:
    """A run, the same input for everybody else, and what the issue asks of it."""

    name: str
    neuron: Any
    current: Any
    plain: Callable[[float], float]
    pieces: list[Piece]
    bar_ms: float | None = None
    bar_us: float | None = None
    bar_trace_ms: float | None = None


def cases() -> list[Case]:
    """The runs of part A."""
    omega = 2e-3 * math.pi * 5.0

    def wave(amplitude: float) -> tuple[complex, complex, float]:
        return (complex(0.0, -amplitude), complex(0.0, omega), 0.0)

    def general(t: float) -> float:
        pulse = 0.8 if 300.0 <= t < 600.0 else 0.0
        return 1.7 + 0.8 * math.sin(omega * t) + 1.5 * math.exp(-t / 120.0) + pulse

    decay = (complex(1.5), complex(-1.0 / 120.0), 0.0)
    draw = random.Random(1907)
    times = [0.1 * k for k in range(10_000)]
    values = [2.0 + 0.8 * math.sin(omega * t) + draw.gauss(0.0, 0.3) for t in times]

    def sampled(t: float) -> float:
        k = min(int(t * 10.0), 9_998)
        k += int(t >= times[k + 1]) - int(t < times[k])
        if k >= 9_999:
            return 0.0
        share = (t - times[k]) / (times[k + 1] - times[k])
        return values[k] + share * (values[k + 1] - values[k])

    lines: list[Piece] = [
        (times[k], values[k], (values[k + 1] - values[k]) / (times[k + 1] - times[k]), ())
        for k in range(9_999)
    ]
    sine = lq.sine(amplitude=0.8, frequency=5.0)
    return [
        Case(
            "constant",
            LIF,
            lq.constant(1.6),
            lambda t: 1.6,
            [(0.0, 1.6, 0.0, ())],
            bar_ms=0.1,
            bar_trace_ms=1.0,
        ),
        Case(
            "constant + sine",
            LIF,
            lq.constant(2.205) + lq.sine(amplitude=0.8, frequency=3.0),
            lambda t: 2.205 + 0.8 * math.sin(0.6 * omega * t),
            [(0.0, 2.205, 0.0, ((-0.8j, 0.6j * omega, 0.0),))],
            bar_us=12.0,
            bar_trace_ms=1.0,
        ),
        Case(
            "constant + sine + decay + pulse",
            LIF,
            lq.constant(1.7) + sine + lq.decay(1.5, 120.0) + lq.step(0.8, 300.0, 600.0),
            general,
            [
                (0.0, 1.7, 0.0, (wave(0.8), decay)),
                (300.0, 2.5, 0.0, (wave(0.8), decay)),
                (600.0, 1.7, 0.0, (wave(0.8), decay)),
            ],
        ),
        Case(
            "10,000 samples, linear",
            LIF,
            lq.sampled(times, values),
            sampled,
            [*lines, (times[-1], 0.0, 0.0, ())],
        ),
        Case(
            "PIF, constant + sine",
            PIF,
            lq.constant(1.2) + 2.0 * sine,
            lambda t: 1.2 + 1.6 * math.sin(omega * t),
            [(0.0, 1.2, 0.0, (wave(1.6),))],
        ),
    ]


def constants(neuron: Any) -> tuple[float, float, float]:
    """Return ``(1/tau_m, 1/C_m, E_L)``; without a leak the first is 0."""
    if isinstance(neuron, lq.LIF):
        return 1.0 / neuron.tau_m, 1.0 / neuron.C_m, neuron.E_L
    return 0.0, 1.0 / neuron.C_m, 0.0


def reference(case: Case) -> list[float]:
    """Spike times from the closed form of V: a scan in steps of 0.05 ms in floats, then bisection
    in mpmath with 30 digits; V is carried from piece to piece in mpmath."""
    neuron = case.neuron
    leak, gain, rest = (mpmath.mpf(x) for x in constants(neuron))
    if leak:
        leak = 1 / mpmath.mpf(neuron.tau_m)
    gain = 1 / mpmath.mpf(neuron.C_m)

    def potential(piece: Piece, begin: Any, v: Any, t: Any, m: Any) -> Any:
        """V at ``t`` from ``v`` at ``begin`` within one piece; m: math-like functions."""
        start, value, slope, terms = piece
        exp, expm1, number = m
        k, g = number(leak), number(gain)
        x = t - begin
        value = value + slope * (begin - start)
        if not leak:
            v = v + g * (value * x + slope * x * x / 2)
        else:
            fade = -expm1(-k * x)
            v = v + (number(rest) - v) * fade + g / k * (value * fade + slope * (x - fade / k))
        for c, rate, t0 in terms:
            before = exp(rate * (begin - t0)) * exp(-k * x)
            v = v + (g * c * (exp(rate * (t - t0)) - before) / (rate + k)).real
        return v

    coarse = (cmath.exp, math.expm1, float)
    fine = (mpmath.exp, mpmath.expm1, mpmath.mpf)
    threshold, reset, t_ref = neuron.V_th, neuron.V_reset, mpmath.mpf(neuron.t_ref)
    spikes: list[float] = []
    v = mpmath.mpf(neuron.E_L if leak else neuron.V_reset)
    begin = mpmath.mpf(0)
    starts = [piece[0] for piece in case.pieces]
    p = 0
    while begin < DURATION:
        end = starts[p + 1] if p + 1 < len(starts) else DURATION
        piece = case.pieces[p]
        low = begin
        found = None
        while low < end:
            high = min(low + 0.05, end)
            if potential(piece, float(begin), float(v), float(high), coarse) >= threshold - 1e-9:
                exact = potential(piece, begin, v, mpmath.mpf(high), fine)
                if exact >= threshold:
                    found = (mpmath.mpf(low), mpmath.mpf(high))
                    break
            low = high
        if found is None:
            v = potential(piece, begin, v, mpmath.mpf(end), fine)
            begin = mpmath.mpf(end)
            p += 1
            continue
        low, high = found
        for _ in range(70):
            middle = (low + high) / 2
            if potential(piece, begin, v, middle, fine) < threshold:
                low = middle
            else:
                high = middle
        spikes.append(float(high))
        begin = high + t_ref
        v = mpmath.mpf(reset)
        p = bisect.bisect_right(starts, begin) - 1
    return spikes


# ------------------------------------------------------------------------------------------- peers


def plain_loop(case: Case, dt: float) -> list[float]:
    """The textbook: forward Euler, a float at a time, spikes on the grid."""
    leak, gain, rest = constants(case.neuron)
    threshold, reset = case.neuron.V_th, case.neuron.V_reset
    held_steps = math.ceil(case.neuron.t_ref / dt - 1e-9)
    current = case.plain
    v = rest if leak else reset
    held = 0
    spikes = []
    for k in range(round(DURATION / dt)):
        if held:
            held -= 1
            continue
        v += dt * (-leak * (v - rest) + gain * current(k * dt))
        if v >= threshold:
            spikes.append((k + 1) * dt)
            v = reset
            held = held_steps
    return spikes


def scipy_run(case: Case, **options: Any) -> list[float]:
    """solve_ivp with a terminal event, started anew after each spike."""
    leak, gain, rest = constants(case.neuron)
    threshold, reset, t_ref = case.neuron.V_th, case.neuron.V_reset, case.neuron.t_ref
    current = case.plain

    def slope(t: float, v: Any) -> list[float]:
        return [-leak * (v[0] - rest) + gain * current(t)]

    def reaches(t: float, v: Any) -> float:
        return v[0] - threshold

    reaches.terminal = True  # type: ignore[attr-defined]
    reaches.direction = 1.0  # type: ignore[attr-defined]
    spikes: list[float] = []
    t, v = 0.0, rest if leak else reset
    while t < DURATION:
        run = solve_ivp(slope, (t, DURATION), [v], events=reaches, **options)
        if not len(run.t_events[0]):
            break
        spikes.append(float(run.t_events[0][0]))
        t, v = spikes[-1] + t_ref, reset
    return spikes


# --------------------------------------------------------------------------------------- measuring


def timed(run: Callable[[], Any], repeats: int, seconds: float) -> tuple[float, float, Any]:
    """Best and median (ms) of up to ``repeats`` runs within about ``seconds``; the last answer."""
    taken: list[float] = []
    answer = None
    stop = time.perf_counter() + seconds
    while not taken or (len(taken) < repeats and time.perf_counter() < stop):
        begin = time.perf_counter()
        answer = run()
        taken.append(1e3 * (time.perf_counter() - begin))
    return min(taken), statistics.median(taken), answer


def worst_error(spikes: list[float], expected: list[float]) -> float | None:
    """The worst error (ms), spike by spike; None where the counts differ."""
    if len(spikes) != len(expected):
        return None
    return max((abs(a - b) for a, b in zip(spikes, expected, strict=True)), default=0.0)


def part_a(quick: bool) -> list[dict[str, Any]]:
    """Warm runs of one second."""
    repeats, seconds = (20, 0.3) if quick else (200, 1.5)
    grid = np.linspace(0.0, DURATION, 10_001)
    rows = []
    with mpmath.workdps(30):
        for case in cases():
            expected = reference(case)

            def ours(case: Case = case, **options: Any) -> Any:
                return lq.simulate(case.neuron, case.current, DURATION, **options)

            def traced(ours: Any = ours) -> Any:
                response = ours()
                begin = time.perf_counter()
                response.voltage(grid)
                return 1e3 * (time.perf_counter() - begin)

            runs: list[tuple[str, Callable[[], Any]]] = [
                ("lapicque Exact", lambda run=ours: run().spikes),
                ("lapicque Euler, dt 0.1", lambda run=ours: run(method=lq.Euler(dt=0.1)).spikes),
                ("lapicque Euler, dt 0.01", lambda run=ours: run(method=lq.Euler(dt=0.01)).spikes),
                ("textbook Euler loop, dt 0.1", lambda case=case: plain_loop(case, 0.1)),
                ("textbook Euler loop, dt 0.01", lambda case=case: plain_loop(case, 0.01)),
                ("solve_ivp RK45, defaults", lambda case=case: scipy_run(case)),
                (
                    "solve_ivp DOP853, 1e-10",
                    lambda case=case: scipy_run(case, method="DOP853", rtol=1e-10, atol=1e-10),
                ),
            ]
            for label, run in runs:
                slow = "samples" in case.name and "solve_ivp" in label
                if quick and (slow or "0.01" in label):
                    continue
                if not slow:
                    run()  # warm
                best, median, spikes = timed(run, repeats, seconds)
                row: dict[str, Any] = {
                    "case": case.name,
                    "method": label,
                    "spikes": len(spikes),
                    "expected_spikes": len(expected),
                    "best_ms": best,
                    "median_ms": median,
                    "us_per_spike": 1e3 * best / len(spikes) if len(spikes) else None,
                    "worst_error_ms": worst_error(list(spikes), expected),
                }
                if label == "lapicque Exact":
                    if case.bar_ms is not None:
                        row["bar"] = f"<= {case.bar_ms:g} ms"
                        row["met"] = best <= case.bar_ms
                    if case.bar_us is not None:
                        row["bar"] = f"<= {case.bar_us:g} us a spike"
                        row["met"] = 1e3 * best <= case.bar_us * len(spikes)
                rows.append(row)
                if label == "lapicque Exact":
                    traced()
                    taken = [traced() for _ in range(repeats)]
                    row = {
                        "case": case.name,
                        "method": "  + V at 10,001 times adds",
                        "best_ms": min(taken),
                        "median_ms": statistics.median(taken),
                    }
                    if case.bar_trace_ms is not None:
                        row["bar"] = f"<= {case.bar_trace_ms:g} ms"
                        row["met"] = row["best_ms"] <= case.bar_trace_ms
                    rows.append(row)
    return rows


def part_b(quick: bool) -> list[dict[str, Any]]:
    """The whole process, from the shell's point of view; the two take turns."""
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in paths if p)}
    script = Path(sys.executable).with_name("lapicque")
    command = [str(script)] if script.exists() else [sys.executable, "-m", "lapicque"]
    commands = {
        f"lapicque run {EXAMPLE.name} --json": [*command, "run", str(EXAMPLE), "--json"],
        'python -c "import numpy"': [sys.executable, "-c", "import numpy"],
        'python -c ""': [sys.executable, "-c", ""],
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(1 + (5 if quick else 31)):
        for name, arguments in commands.items():
            begin = time.perf_counter()
            subprocess.run(
                arguments,
                check=True,
                env=environment,
                stdout=subprocess.DEVNULL,
            )
            if turn:  # the first one warms the caches
                taken[name].append(1e3 * (time.perf_counter() - begin))
    rows: list[dict[str, Any]] = [
        {"process": name, "best_ms": min(ms), "median_ms": statistics.median(ms)}
        for name, ms in taken.items()
    ]
    ratio = rows[0]["median_ms"] / rows[1]["median_ms"]
    rows[0].update(ratio_to_numpy=ratio, bar="<= 0.8 of import numpy", met=ratio <= 0.8)
    return rows


def part_c(quick: bool) -> list[dict[str, Any]]:
    """A constant current over a long time, every spike against t_1 + k T in 40 digits."""
    neuron = lq.LIF(tau_m=10.0, R_m=40.0, E_L=-70.0, V_th=-55.0, V_reset=-70.0, t_ref=2.0)
    with mpmath.workdps(40):
        rise = 10 * mpmath.log(4)  # R_m I = 20 mV, V_th - E_L = 15 mV
        scale = mpmath.mpf(2) ** 120
        first, period = int(rise * scale), int((rise + 2) * scale)
    rows = []
    for duration, bar in ((1e6, 2e-10), (1e7, 4e-9)):
        begin = time.perf_counter()
        spikes = lq.simulate(neuron, lq.constant(0.5), duration).spikes
        taken = 1e3 * (time.perf_counter() - begin)
        # A spike is a multiple of 2^-52 ms, so all of this is exact.
        worst = max(
            abs((int(math.ldexp(t, 52)) << 68) - (first + k * period)) for k, t in enumerate(spikes)
        )
        error = math.ldexp(worst, -120)
        count = (int(duration) * 2**120 - first) // period + 1
        rows.append(
            {
                "duration_ms": duration,
                "run_ms": taken,
                "spikes": len(spikes),
                "expected_spikes": count,
                "worst_error_ms": error,
                "half_ulp_ms": 0.5 * math.ulp(duration),
                "bar": f"<= {bar:g} ms",
                "met": error <= bar and len(spikes) == count,
            }
        )
        if quick:
            break
    return rows


def part_d(quick: bool) -> list[dict[str, Any]]:
    """Neurons with a memory, each with a drive in proportion to its rheobase, taking turns."""
    memory: dict[str, tuple[Any, float | None]] = {
        "LIF": (LIF, None),
        "AdaptiveLIF, one time constant": (lq.AdaptiveLIF(R_m=10.0, C_m=1.0, t_ref=2.0), 5.0),
        "AdaptiveLIF, two": (
            lq.AdaptiveLIF(R_m=10.0, C_m=1.0, t_ref=2.0, b=[0.1, 0.02], tau_w=[20.0, 200.0]),
            5.0,
        ),
        "MAT": (lq.MAT(), None),
        **{f"GLIF, level {k}": (lq.GLIF(level=k), 5.0 if k == 5 else None) for k in range(1, 6)},
    }
    drives = {
        "constant + sine": lq.constant(1.47) + lq.sine(amplitude=0.53, frequency=3.0),
        "constant": lq.constant(1.47),
    }
    rows = []
    for drive, current in drives.items():
        runs = {
            name: (neuron, current * ((neuron.V_th - neuron.E_L) / neuron.R_m))
            for name, (neuron, _) in memory.items()
        }
        taken: dict[str, list[float]] = {name: [] for name in runs}
        spikes = {}
        for _ in range(10 if quick else 100):
            for name, (neuron, input_) in runs.items():
                begin = time.perf_counter()
                spikes[name] = lq.simulate(neuron, input_, DURATION).spike_count
                taken[name].append(1e6 * (time.perf_counter() - begin) / spikes[name])
        for name, (_, bar) in memory.items():
            pairs = zip(taken[name], taken["LIF"], strict=True)
            row = {
                "drive": drive,
                "neuron": name,
                "spikes": spikes[name],
                "expected_spikes": spikes[name],
                "best_us": min(taken[name]),
                "ratio": statistics.median(mine / lif for mine, lif in pairs),
            }
            if bar is not None and drive != "constant":
                row |= {"bar": f"<= {bar:g} LIFs", "met": row["ratio"] <= bar}
            rows.append(row)
    return rows


# ---------------------------------------------------------------------------------------- printing


def machine() -> dict[str, Any]:
    """What ran, and on what."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "mpmath": mpmath.__version__,
    }


def cell(row: dict[str, Any], key: str) -> str:
    """One entry of a table."""
    value = row.get(key)
    if key == "spikes" and value is not None and value != row.get("expected_spikes", value):
        return f"{value} (not {row['expected_spikes']})"
    if key == "bar" and value is not None:
        return f"{value}: {'met' if row['met'] else 'MISSED'}"
    if value is None:
        return "another count" if key == "worst_error_ms" and "spikes" in row else ""
    if isinstance(value, float):
        if "error" in key or "ulp" in key:
            return f"{value:.1e}" if value else "0"
        if key == "duration_ms":
            return f"{value:.0e}"
        return f"{value:.3f}" if value < 10 else f"{value:.1f}"
    return str(value)


def print_table(rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    """Print rows under headings, as Markdown."""
    table = [list(columns.values())]
    table += [[cell(row, key) for key in columns] for row in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(columns))]
    for k, line in enumerate(table):
        print("| " + " | ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)) + " |")
        if k == 0:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")
    print()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats, no slow rows")
    parser.add_argument("--json", action="store_true", help="print data instead of tables")
    arguments = parser.parse_args()
    about = machine()
    if not arguments.json:
        print(", ".join(f"{key} {value}" for key, value in about.items()), end="\n\n")
    a, b, c = part_a(arguments.quick), part_b(arguments.quick), part_c(arguments.quick)
    d = part_d(arguments.quick)
    if arguments.json:
        print(
            json.dumps(
                {"machine": about, "warm": a, "process": b, "long": c, "memory": d}, indent=1
            )
        )
        return
    print("A. A warm run of 1 s; the error is the worst of the train, against closed forms of V in")
    print("   mpmath (30 digits), lapicque's own included. Bars and us a spike take the best time:")
    print("   it is the code's, the median also the other load's.\n")
    for name in dict.fromkeys(row["case"] for row in a):
        print(f"{name}\n")
        print_table(
            [row for row in a if row["case"] == name],
            {
                "method": "method",
                "spikes": "spikes",
                "best_ms": "best, ms",
                "median_ms": "median, ms",
                "us_per_spike": "us a spike",
                "worst_error_ms": "worst error, ms",
                "bar": "bar",
            },
        )
    print("B. Whole process, taking turns\n")
    print_table(
        b,
        {
            "process": "process",
            "best_ms": "best, ms",
            "median_ms": "median, ms",
            "ratio_to_numpy": "of numpy's",
            "bar": "bar",
        },
    )
    print("C. Constant current, a long time; half an ulp is what rounding the time costs\n")
    print_table(
        c,
        {
            "duration_ms": "duration, ms",
            "run_ms": "run, ms",
            "spikes": "spikes",
            "worst_error_ms": "worst error, ms",
            "half_ulp_ms": "half an ulp, ms",
            "bar": "bar",
        },
    )
    print(
        "D. Neurons that remember their spikes, 1 s, taking turns. The drive is the rheobase times"
    )
    print(
        "   1.47, with a sine of 0.53 at 3 Hz. Under a constant current the LIF's train is closed"
    )
    print("   form and the others' is not, so that there is no bar.\n")
    for name in dict.fromkeys(row["drive"] for row in d):
        print(f"{name}\n")
        print_table(
            [row for row in d if row["drive"] == name],
            {
                "neuron": "neuron",
                "spikes": "spikes",
                "best_us": "best, us a spike",
                "ratio": "of the LIF's, median",
                "bar": "bar",
            },
        )


if __name__ == "__main__":
    main()
