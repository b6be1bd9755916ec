"""What one experiment shows over time: its lines, spikes, read-outs and sentence."""

from __future__ import annotations

import dataclasses
import math
from array import array
from bisect import bisect_left, bisect_right
from typing import Any

from ..analysis import Comparison, compare
from ..errors import LimitError, ParameterError
from ..experiment import Experiment
from ..features import features
from ..kernels import membrane, pace, pairs, train
from ..method import Exact, FixedStep
from ..polyline import (
    Line,
    after_spike_line,
    current_line,
    kick_line,
    threshold_line,
    voltage_line,
)
from ..response import Response, State
from ..simulate import simulate
from .sentence import error_sentence, sentence

DRAWN_SPIKES = 20_000
# An answer takes at most a tenth of a second: a spike takes 0.2 us where the current is constant
# between breakpoints, else 7 us (benchmarks/lab.py has the worst settings of all sliders).
COUNTED_SPIKES = 60_000
COUNTED_SPIKES_VARYING = 10_000
MAX_STEPS = 100_000
# A run with fewer spikes is made without asking first how many it will have.
_FEW = 1_000
# Numbers of spikes beyond this one are no whole doubles.
_WHOLE = 2.0**52

_READOUTS = {
    "spike_count": "spikes",
    "rate": "rate",
    "mean_isi": "mean ISI",
    "isi_cv": "CV of ISIs",
    "first_spike": "first spike",
}


@dataclasses.dataclass(frozen=True)
class Run:
    """A run, or as much of it as is worth its time.

    Attributes
    ----------
    experiment : Experiment
    response : Response or None
        The run, or of a regular train the part around the window; None where there are too many
        spikes to count.
    readouts : dict
        Feature values by name; empty where there are too many spikes to count.
    crowded : dict or None
        Why not every spike is drawn.
    line : Line or None
        V where ``response`` does not cover the window.
    """

    experiment: Experiment
    response: Response | None
    readouts: dict[str, float]
    crowded: dict[str, Any] | None = None
    line: Line | None = None


def view_of(experiment: Experiment, window: list[float] | None) -> tuple[float, float]:
    """Return the part of the window (ms) that lies in the run, or the whole run."""
    low, high = window or (0.0, experiment.duration)
    low, high = max(0.0, low), min(experiment.duration, high)
    return (low, high) if low <= high else (0.0, experiment.duration)


def trace(
    experiment: Experiment, window: list[float] | None, width: int, max_steps: int = MAX_STEPS
) -> dict[str, Any]:
    """Return everything that is drawn and said of one experiment."""
    low, high = view_of(experiment, window)
    neuron = experiment.neuron
    lines = neuron.levels()
    shown: dict[str, Any] = {
        "duration": experiment.duration,
        "window": [low, high],
        "lines": [dict(zip(("name", "label", "role", "value"), e, strict=True)) for e in lines],
        "equation": neuron.equation(),
    }
    shown["I_t"], shown["I"] = current_line(experiment.current, low, high, width)
    done = run(experiment, low, high, width, max_steps)
    shown["t"], shown["V"] = done.line or ([], [])
    for name in ("theta", "asc", "kick"):
        shown[f"{name}_t"], shown[name] = [], []
    shown["spikes"] = shown["grazes"] = []
    crowd = done.crowded or {}
    if done.response is not None:
        if done.line is None:
            shown["t"], shown["V"] = voltage_line(done.response, low, high, width)
            drawn = shown["t"], shown["V"]
            if not neuron.fixed_threshold:
                shown["theta_t"], shown["theta"] = threshold_line(done.response, drawn)
            if neuron.leaves_currents:
                shown["asc_t"], shown["asc"] = after_spike_line(done.response, drawn)
            shown["kick_t"], shown["kick"] = kick_line(done.response, low, high, width)
        shown["spikes"] = _within(done.response.spikes, low, high) if not done.crowded else []
        shown["grazes"] = done.response.grazes.tolist()
        whole = (low, high) == (0.0, experiment.duration)
        shown["sentence"] = sentence(
            experiment,
            done.response,
            shown["I"] if whole else None,
            int(done.readouts["spike_count"]),
            None if math.isnan(first := done.readouts["first_spike"]) else first,
        )
    else:
        shown["sentence"] = "{}.".format(crowd["message"].capitalize())
    shown["readouts"] = [readout(name, label, done.readouts) for name, label in _READOUTS.items()]
    if not done.readouts:
        shown["readouts"][0]["text"] = "> {}".format(crowd["more_than"])
    shown["crowded"] = done.crowded
    return shown


def readout(name: str, label: str, values: dict[str, float]) -> dict[str, Any]:
    """Return a number as it is shown; a missing one is a dash."""
    value = values.get(name, math.nan)
    shown = {"name": name, "label": label, "unit": features()[name].unit}
    if math.isnan(value):
        return {**shown, "value": None, "text": "–"}
    text = f"{value:.0f}" if name == "spike_count" else number_text(value)
    if name == "isi_cv" and value < 1e-9:
        text = "0.000"  # what rounding leaves of a regular train
    return {**shown, "value": value, "text": text}


def number_text(value: float) -> str:
    """Return a number with three decimals, or four digits where it is small."""
    return f"{value:.3f}" if abs(value) >= 0.1 or value == 0.0 else f"{value:.4g}"


def _within(spikes: array[float], low: float, high: float) -> list[float]:
    return spikes[bisect_left(spikes, low) : bisect_right(spikes, high)].tolist()


def run(
    experiment: Experiment, low: float, high: float, width: int, max_steps: int = MAX_STEPS
) -> Run:
    """Run an experiment for a picture of ``[low, high]`` that is ``width`` pixels wide."""
    try:
        return _counted(experiment, experiment.run(_FEW, max_steps), low, high)
    except LimitError as error:
        if error.path != "max_spikes":
            raise
    regular = _regular(experiment, low, high, width)
    if regular is not None:
        return regular
    terms = len(experiment.current.normal_form.terms) // membrane.TERM
    # A spike takes as much longer as there are terms to sum up.
    cap = COUNTED_SPIKES_VARYING * 2 // (1 + terms) if terms else COUNTED_SPIKES
    if not experiment.neuron.renewal:
        cap = COUNTED_SPIKES_VARYING // 4
    elif not isinstance(experiment.method, FixedStep):
        enough = max(DRAWN_SPIKES, cap)
        if _at_least(experiment, enough) > enough:
            return _uncounted(experiment, enough)
    try:
        return _counted(experiment, experiment.run(cap, max_steps), low, high)
    except LimitError as error:
        if error.path != "max_spikes":
            raise
        return _uncounted(experiment, cap)


def _counted(experiment: Experiment, response: Response, low: float, high: float) -> Run:
    values = {name: features()[name].function(response) for name in _READOUTS}
    seen = bisect_right(response.spikes, high) - bisect_left(response.spikes, low)
    return Run(experiment, response, values, _crowd(seen))


def _crowd(seen: int) -> dict[str, Any] | None:
    if seen <= DRAWN_SPIKES:
        return None
    message = f"{seen} spikes: more than the {DRAWN_SPIKES} that are drawn"
    return {"spike_count": seen, "more_than": DRAWN_SPIKES, "message": message}


def _uncounted(experiment: Experiment, cap: int) -> Run:
    message = f"more than {cap} spikes: too many to count here"
    return Run(experiment, None, {}, {"spike_count": None, "more_than": cap, "message": message})


def _at_least(experiment: Experiment, enough: int) -> float:
    """Return a number of spikes that the run certainly has."""
    form = experiment.current.normal_form.on(0.0, experiment.duration)
    row = experiment.neuron.pack()
    return pace.at_least(
        row,
        form.starts,
        form.value,
        form.value_lo,
        form.slope,
        form.offset,
        form.terms,
        form.jumps(*membrane.capacitance(row))[0],
        experiment.duration,
        _start_of(experiment) - row[membrane.THRESHOLD],
        float(enough),
    )


def _start_of(experiment: Experiment) -> float:
    return experiment.neuron.default_V_0() if experiment.V_0 is None else experiment.V_0


def _regular(experiment: Experiment, low: float, high: float, width: int) -> Run | None:
    """Return the run of a constant current from its first spike and its period alone.

    Every spike time is ``first + k period``, so that only the window's spikes are made, however
    many there are in all.
    """
    duration = experiment.duration
    form = experiment.current.normal_form.on(0.0, duration)
    row = experiment.neuron.pack()
    if isinstance(experiment.method, FixedStep) or not form.is_constant:
        return None
    d, d_lo = membrane.excess(row, form.value[0], form.value_lo[0] if form.value_lo else 0.0)
    reset = (row[membrane.RESET], row[membrane.RESET + 1])
    if d <= 0.0 or reset[0] >= 0.0:
        return None
    f, f_lo = pairs.add(_start_of(experiment), 0.0, -row[membrane.THRESHOLD], 0.0)
    first = (0.0, 0.0) if f >= 0.0 else train.crossing_of_constant(row, d, d_lo, f, f_lo)
    rise = train.crossing_of_constant(row, d, d_lo, *reset)
    period = pairs.add(*rise, row[membrane.REFRACTORY], 0.0)
    if not duration / period[0] < _WHOLE:
        return None

    def spike(k: int) -> tuple[float, float]:
        return pairs.add(*first, *pairs.mul(*period, float(k), 0.0))

    def count_to(time: float) -> int:
        k = max(0, math.floor((time - first[0]) / period[0]) - 1)
        while spike(k) <= (time, 0.0):
            k += 1
        return k

    count = count_to(duration)
    values = {
        "spike_count": float(count),
        "rate": 1000.0 * count / duration,
        "mean_isi": period[0],
        "isi_cv": 0.0,
        "first_spike": first[0],
    }
    before = max(0, count_to(low) - 2)
    crowd = _crowd(count_to(high) - before)
    if crowd is not None:
        crowd = _crowd(count_to(high) - count_to(math.nextafter(low, -math.inf)))
    if crowd is None:
        # A little further than the window, where a spike may lie. At the run's own end the sum of
        # start and length must be that end.
        end = min(duration, high + 2.0 * period[0])
        while before > 0 and (begin := spike(before)[0]) + (end - begin) != end:
            before -= 1
        start = State(0.0, _start_of(experiment), 0.0, 0.0, 0.0)
        if before > 0:
            time, time_lo = spike(before)
            free = pairs.add(time, time_lo, row[membrane.REFRACTORY], 0.0)
            start = State(time, experiment.value("neuron.V_reset"), 0.0, *free)
        part = simulate(experiment.neuron, experiment.current, end - start.time, state=start)
        return Run(experiment, part, values)
    opening = simulate(
        experiment.neuron, experiment.current, first[0] + 2.0 * period[0], V_0=experiment.V_0
    )
    return Run(experiment, opening, values, crowd, _filled(opening, first[0], low, high, width))


def _filled(opening: Response, first: float, low: float, high: float, width: int) -> Line:
    """Return the line of a train with spikes in every pixel: up to the first one, then a band."""
    row = opening.solution.row
    step = (high - low) / width
    times: list[float] = []
    values: list[float] = []
    if low < first:
        times, values = voltage_line(opening, low, first, width)
        times, values = times[:-1], values[:-1]
    begin = max(low, first)
    columns = max(1, math.ceil((high - begin) / step))
    for k in range(columns + 1):
        at = min(high, begin + k * step)
        times += [at, at]
        values += [row[membrane.THRESHOLD], row[membrane.V_RESET]]
    return times, values


def error_trace(
    experiment: Experiment, window: list[float] | None, width: int, max_steps: int = MAX_STEPS
) -> dict[str, Any]:
    """Return a fixed-step run of an experiment and how far its spikes are from the exact ones."""
    method = experiment.method
    if not isinstance(method, FixedStep):
        raise ParameterError("method", "must be a method with a time step", method)
    low, high = view_of(experiment, window)
    label = method_label(method)
    shown: dict[str, Any] = {
        "duration": experiment.duration,
        "window": [low, high],
        "label": label,
        **{key: [] for key in ("t", "V", "spikes", "missed", "extra", "error_t", "error")},
        "crowded": None,
    }
    exact = run(experiment.replace({"method": Exact()}), 0.0, experiment.duration, width)
    other = run(experiment, low, high, width, max_steps)
    if other.response is not None:
        shown["t"], shown["V"] = voltage_line(other.response, low, high, width)
    if exact.response is None or exact.crowded or other.response is None or other.crowded:
        shown["crowded"] = exact.crowded or other.crowded
        shown["readouts"] = _error_readouts(None, other.readouts.get("spike_count", math.nan))
        shown["sentence"] = f"{label}: too many spikes to compare one by one."
        return shown
    found = compare(exact.response, other.response)
    shown["spikes"] = _within(other.response.spikes, low, high)
    shown["missed"] = _within(array("d", found.missed), low, high)
    shown["extra"] = _within(array("d", found.extra), low, high)
    first, last = bisect_left(found.exact_times, low), bisect_right(found.exact_times, high)
    shown["error_t"] = list(found.exact_times[first:last])
    shown["error"] = list(found.errors[first:last])
    shown["readouts"] = _error_readouts(found, float(other.response.spike_count))
    shown["sentence"] = error_sentence(label, found, exact.response, other.response)
    return shown


def method_label(method: FixedStep) -> str:
    """Return a method as it is called in the lab: "Euler, dt 0.5 ms"."""
    return f"{method.title()}, dt {method.dt:g} ms{LOCATED[method.locate]}"


LOCATED = {"grid": "", "linear": ", spikes by a line", "hermite": ", spikes by a cubic"}


def _error_readouts(found: Comparison | None, count: float) -> list[dict[str, Any]]:
    numbers: list[tuple[str, str, str, float]] = [("method_spikes", "spikes", "", count)]
    if found is not None:
        numbers += [
            ("missed", "missed", "", float(len(found.missed))),
            ("extra", "extra", "", float(len(found.extra))),
            ("worst_error", "worst error", "ms", found.worst),
            ("mean_error", "mean error", "ms", found.mean_error),
        ]
    shown = []
    for name, label, unit, value in numbers:
        missing = math.isnan(value)
        text = "–" if missing else number_text(value) if unit else f"{value:.0f}"
        value_or_none = None if missing else value
        shown.append(
            {"name": name, "label": label, "unit": unit, "value": value_or_none, "text": text}
        )
    return shown
