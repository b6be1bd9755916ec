"""The lab's other views: curves in a plane beside the traces, with where the experiment stands."""

from __future__ import annotations

import functools
import math
from array import array
from collections.abc import Sequence
from typing import Any

from .. import analysis
from ..current import Constant, Current, Step
from ..errors import LapicqueError, LimitError, ParameterError, unknown_name
from ..experiment import Experiment
from ..features import rate
from ..kernels.membrane import RATE, TAU
from ..method import Exact, FixedStep, locates, methods
from ..neuron import Neuron
from ..parameter import SMALLEST
from .traces import COUNTED_SPIKES, COUNTED_SPIKES_VARYING, LOCATED, MAX_STEPS, number_text

Plane = dict[str, Any]

# A curve of error against dt: so many time steps, each shorter by this ratio, as long as a run does
# not need more than so many of them. On a grid the error is erratic: many points, and no ratio
# that would put one grid on the other.
_POINTS = 16
_RATIO = 1.53
_CURVE_STEPS = 8_000
# Points of a curve each of which takes simulations, and how sharp their rates must be.
_SIMULATED = 24
_SEEN = 1e-4


def views() -> dict[str, dict[str, str]]:
    """Return the views by name, with what each of them is for."""
    return {
        "traces": {"label": "Traces", "summary": "I(t), V(t) and the spikes."},
        "convergence": {
            "label": "Error against dt",
            "summary": "The worst spike-time error of each method against its time step.",
        },
        "f-I": {
            "label": "f–I curve",
            "summary": "The rate under a constant current, and where this experiment stands.",
        },
        "strength-duration": {
            "label": "Strength–duration",
            "summary": "How strong a pulse must be to evoke a spike: Lapicque's law.",
        },
    }


def _axis(
    label: str, symbol: str, unit: str, span: tuple[float, float], log: bool = False
) -> Plane:
    scale = "log" if log else "linear"
    return {"label": label, "symbol": symbol, "unit": unit, "scale": scale, "range": [*span]}


def _curve(name: str, label: str, kind: str, x: Any, y: Any, **more: Any) -> Plane:
    return {
        "name": name,
        "label": label,
        "style": name,
        "kind": kind,
        "x": [*x],
        "y": [*y],
        "note": "",
        **more,
    }


def _readout(name: str, label: str, unit: str, value: float) -> dict[str, Any]:
    if not math.isfinite(value):
        return {"name": name, "label": label, "unit": unit, "value": None, "text": "–"}
    text = number_text(value)
    return {"name": name, "label": label, "unit": unit, "value": value, "text": text}


def _plane(view: str, sentence: str, **parts: Any) -> Plane:
    title = views()[view]["label"]
    return {
        "view": view,
        "title": title,
        "sentence": sentence,
        "text": f"{title}. {sentence}",
        "marks": [],
        "points": [],
        "readouts": [],
        **parts,
    }


def round_up(value: float) -> float:
    """Return the smallest round number, a power of ten times one of these, that is not below."""
    if not value > 0.0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    steps = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
    digit = next((d for d in steps if d * power >= value * (1.0 - 1e-12)), 10.0)
    return float(f"{digit * power:.12g}")


# Error against dt -------------------------------------------------------------------------------


def convergence(experiment: Experiment, asked: object) -> Plane:
    """Return one method's worst spike-time error against its time step.

    Parameters
    ----------
    experiment : Experiment
    asked : dict
        ``{"name": ..., "locate": ...}``, the method.
    """
    name, cls, locate = _method_of(asked)
    dts = _time_steps(experiment)
    axes = {
        "x": _axis("time step dt", "dt", "ms", (min(dts) / 1.5, max(dts) * 1.5), log=True),
        "y": _axis("worst spike-time error", "error", "ms", (1e-3, 1.0), log=True),
    }
    title = f"{cls.title()}{LOCATED[locate]}"
    cap = COUNTED_SPIKES_VARYING
    try:
        if not experiment.replace({"method": Exact()}).run(cap).spikes:
            return _plane("convergence", f"{title}: no spike to compare.", **axes, curves=[])
        method = cls(dt=dts[0], locate=locate)
        found = analysis.convergence(experiment, method, dts, max_spikes=cap, max_steps=MAX_STEPS)
    except LimitError as error:
        if error.path != "max_spikes":
            raise
        words = f"more than {cap} spikes: too many to compare"
        return _plane("convergence", f"{title}: {words}.", **axes, curves=[])
    kept = [k for k, worst in enumerate(found.worst) if worst > 0.0]
    slope = found.slope
    note = "" if math.isnan(slope) else f"slope {slope:.2f}"
    curve = _curve(
        name,
        cls.title(),
        "both",
        [found.dts[k] for k in kept],
        [found.worst[k] for k in kept],
        hollow=[found.missed[k] + found.extra[k] > 0 for k in kept],
        note=note,
    )
    if not kept:
        words = "no error at all" if 0.0 in found.worst else "no spike of its own to compare"
        return _plane("convergence", f"{title}: {words}.", **axes, curves=[curve])
    x, y = curve["x"], curve["y"]
    axes["y"]["range"] = [min(y) / 2.0, max(y) * 2.0]
    order = f"{note}, " if note else ""
    sentence = f"{title}: {order}worst {y[-1]:.2g} ms at dt {x[-1]:.2g} ms."
    return _plane("convergence", sentence, **axes, curves=[curve])


def _method_of(method: object) -> tuple[str, type[FixedStep], str]:
    if not isinstance(method, dict):
        raise ParameterError("method", "must be an object with `name` and `locate`", method)
    stepped = {name: cls for name, cls in methods().items() if issubclass(cls, FixedStep)}
    name, locate = method.get("name"), method.get("locate", "grid")
    if not isinstance(name, str) or name not in stepped:
        raise unknown_name("method.name", "a method with a time step", name, stepped)
    if locate not in locates():
        raise unknown_name("method.locate", "a way to locate spikes", locate, locates())
    return name, stepped[name], locate


def _time_steps(experiment: Experiment) -> list[float]:
    """Return time steps (ms), from half the membrane's time constant down."""
    row = experiment.neuron.pack()
    longest = 0.05 * experiment.duration
    if row[RATE] > 0.0:
        longest = min(longest, 0.5 * row[TAU])
    if longest < _CURVE_STEPS * SMALLEST:
        rule = "is too short to compare time steps, ms"
        raise ParameterError("duration", rule, experiment.duration)
    steps = [longest / _RATIO**k for k in range(_POINTS)]
    least = experiment.duration / _CURVE_STEPS
    return [dt for dt in steps if dt >= least] or [max(longest, least)]


# The f-I curve ----------------------------------------------------------------------------------


def f_I(experiments: list[Experiment]) -> Plane:
    """Return the steady rate against a constant current, and where each experiment stands."""
    neuron = experiments[0].neuron
    rheobase = _rheobase(neuron)
    points = [_operating_point(k, experiment) for k, experiment in enumerate(experiments)]
    widest = max([2.0 * rheobase, *(1.2 * p["x"] for p in points), -rheobase, 0.0])
    high = round_up(widest)
    low = (
        -round_up(-1.2 * least)
        if (least := min([rheobase, *(p["x"] for p in points)])) < 0
        else 0.0
    )
    begin = max(low, rheobase)
    # The curve rises steeply above the rheobase: its samples gather there. It goes on beyond the
    # axis, which a drag may widen.
    reach = 2.0 * high - begin
    # Where each rate takes a simulation there are fewer of them.
    count = 200 if neuron.renewal else _SIMULATED
    currents = array("d", [low, *(begin + reach * (k / count) ** 3 for k in range(count + 1))])
    rates = _rates(neuron, currents)
    finite = [(i, r) for i, r in zip(currents, rates, strict=True) if math.isfinite(r)]
    shown = [p for p in points if p["y"] is not None]
    highest = max([r for i, r in finite if i <= high] + [p["y"] for p in shown], default=0.0)
    top = round_up(1.05 * highest)
    marks = [{"axis": "x", "value": rheobase, "label": "rheobase", "role": "threshold"}]
    first = points[0]
    sentence = f"The rheobase is {rheobase:.4g} nA."
    if first["y"] is not None:
        on = "on the curve" if first["steady"] else "the mean of a current that varies"
        sentence = (
            f"At {first['x']:.4g} nA ({on}) the rate is {first['y']:.4g} Hz; "
            f"the rheobase is {rheobase:.4g} nA."
        )
    return _plane(
        "f-I",
        sentence,
        x=_axis("constant current I", "I", "nA", (low, high)),
        y=_axis("steady rate f", "f", "Hz", (0.0, top)),
        curves=[_curve("fI", "f–I curve", "line", *zip(*finite, strict=True))],
        marks=marks,
        points=shown,
        readouts=[_readout("rheobase", "rheobase", "nA", rheobase)],
    )


def _operating_point(index: int, experiment: Experiment) -> Plane:
    current = experiment.current
    # Twelve decimals: what is left of a sine over whole periods is not a current.
    mean = round(analysis.mean_current(experiment), 12) + 0.0
    steady = _is_constant(current, experiment.duration)
    value: float | None
    if steady:
        (value,) = _rates(experiment.neuron, [mean])
    else:
        try:
            cap = COUNTED_SPIKES_VARYING if current.normal_form.terms else COUNTED_SPIKES
            value = rate(experiment.run(cap, MAX_STEPS))
        except LimitError:
            value = None
    if value is not None and not math.isfinite(value):
        value = None
    constants = {
        k: part.amplitude
        for k, part in enumerate(current.parts)
        if isinstance(part, Constant) and _lasts(part, experiment.duration)
    }
    first = next(iter(constants), None)
    path = None if first is None else f"current.{first}.amplitude"
    others = 0.0 if first is None else mean - constants[first]
    return {
        "x": mean,
        "y": value,
        "label": f"{mean:.4g} nA",
        "experiment": index,
        "fires": value is not None and value > 0.0,
        "steady": steady,
        "targets": {"x": path if steady else None, "y": None},
        "origin": {"x": 0.0 - others, "y": 0.0},
    }


def _lasts(part: Constant, duration: float) -> bool:
    stop = math.inf if part.stop is None else part.stop
    return part.window is None and part.start <= 0.0 and stop >= duration


def _is_constant(current: Current, duration: float) -> bool:
    return current.normal_form.on(0.0, duration).is_constant


def _rates(neuron: Neuron, currents: Sequence[float]) -> array[float]:
    if neuron.renewal:
        return analysis.f_I(neuron, currents)
    return array("d", [_simulated_rate(neuron, current) for current in currents])


@functools.lru_cache(maxsize=8)
def _rheobase(neuron: Neuron) -> float:
    try:
        return float(analysis.rheobase(neuron))
    except LimitError as error:
        # One that fires from rest under any current: what keeps it firing is known without runs.
        least = neuron.rheobase()
        if math.isfinite(least):
            return least
        raise LimitError(str(error)) from None


@functools.lru_cache(maxsize=256)
def _simulated_rate(neuron: Neuron, current: float) -> float:
    try:
        return analysis.f_I(neuron, current, tolerance=_SEEN)
    except LimitError:
        return math.nan  # a train that does not settle


# Strength and duration --------------------------------------------------------------------------


def strength_duration(experiment: Experiment) -> Plane:
    """Return Lapicque's law for the neuron, in closed form and simulated, and the pulse on it."""
    neuron = experiment.neuron
    try:
        curves = _laws(neuron)
    except LapicqueError as error:
        # Such a neuron has no law: that is an answer, not a fault of a slider.
        return _plane(
            "strength-duration",
            "There is no strength-duration curve: {}.".format(str(error).rstrip(".")),
            x=_axis("pulse duration d", "d", "ms", (0.0, 1.0)),
            y=_axis("pulse amplitude I", "I", "nA", (0.0, 1.0)),
            curves=[],
        )
    rheobase, chronaxie = _rheobase(neuron), analysis.chronaxie(neuron)
    scale, unit_charge = _scales(neuron)
    pulse = _pulse_of(experiment)
    right, top, bottom = 6.0 * scale, 5.0 * unit_charge / scale, 0.0
    marks: list[Plane] = []
    if math.isfinite(chronaxie):
        marks = [
            {"axis": "y", "value": rheobase, "label": "rheobase", "role": "threshold"},
            {"axis": "y", "value": 2.0 * rheobase, "label": "2 × rheobase", "role": "reference"},
            {"axis": "x", "value": chronaxie, "label": "chronaxie", "role": "reference"},
        ]
    readouts = [
        _readout("rheobase", "rheobase", "nA", rheobase),
        _readout("chronaxie", "chronaxie", "ms", chronaxie),
    ]
    points = []
    if pulse is None:
        times = f", the chronaxie {chronaxie:.4g} ms" if math.isfinite(chronaxie) else ""
        sentence = (
            f"The rheobase is {rheobase:.4g} nA{times}. This current is not one pulse: "
            "experiment 5 has one to drag."
        )
    elif pulse["x"] < SMALLEST:
        sentence = "The pulse has no duration: no strength would be enough."
    else:
        need = analysis.strength_duration(neuron, pulse["x"])
        fires = _fires(experiment, pulse["origin"]["x"] + pulse["x"])
        points = [{**pulse, "fires": fires}]
        readouts.append(_readout("needed", "needed for this duration", "nA", need))
        readouts.append(_readout("charge", "charge of the pulse", "pC", pulse["x"] * pulse["y"]))
        verdict = "a spike" if fires else "no spike"
        sentence = (
            f"A pulse of {pulse['x']:.4g} ms needs {need:.4g} nA; this one has "
            f"{pulse['y']:.4g} nA: {verdict}."
        )
        right, top = max(right, 1.1 * pulse["x"]), max(top, 1.1 * pulse["y"])
        bottom = -round_up(-1.1 * pulse["y"]) if pulse["y"] < 0.0 else 0.0
    return _plane(
        "strength-duration",
        sentence,
        x=_axis("pulse duration d", "d", "ms", (0.0, round_up(right))),
        y=_axis("pulse amplitude I", "I", "nA", (bottom, round_up(top))),
        curves=list(curves),
        marks=marks,
        points=points,
        readouts=readouts,
    )


def _scales(neuron: Neuron) -> tuple[float, float]:
    """Return a duration (ms) and a charge (pC) of the size that the law is about."""
    row = neuron.pack()
    if row[RATE] > 0.0:
        return row[TAU], _rheobase(neuron) * row[TAU]
    charge = analysis.strength_duration(neuron, 1.0)
    return 10.0, charge


@functools.lru_cache(maxsize=8)
def _laws(neuron: Neuron) -> tuple[Plane, ...]:
    scale, charge = _scales(neuron)
    right, top = round_up(6.0 * scale), round_up(5.0 * charge / scale)
    # Durations at which the simulated threshold is looked for, and between which the laws bend.
    looked = [scale * x for x in (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 4.0, 5.0, 6.0)]
    # Also for pulses far longer: the axis follows the pulse.
    count = 240 if neuron.renewal else _SIMULATED
    dense = array("d", [right * (k / count) ** 2 for k in range(1, count + 1)])
    dense.extend(right * 1.15**k for k in range(1, 50, 1 if neuron.renewal else 7))

    def visible(law: Any) -> tuple[list[float], list[float]]:
        pairs = [(d, i) for d, i in zip(dense, law, strict=True) if i <= 4.0 * top]
        return [d for d, _ in pairs], [i for _, i in pairs]

    simulated = [analysis.threshold_amplitude(neuron, d) for d in looked]
    return (
        _curve("law", "Lapicque", "line", *visible(analysis.strength_duration(neuron, dense))),
        _curve("weiss", "Weiss", "line", *visible(analysis.weiss(neuron, dense))),
        _curve("simulated", "simulated", "points", looked, simulated),
    )


def _fires(experiment: Experiment, stop: float) -> bool:
    """Return whether the pulse that ends at ``stop`` evokes a spike, however long the run is."""
    whole = experiment.replace({"duration": max(stop, experiment.duration)})
    try:
        return whole.run(1, MAX_STEPS).spike_count > 0
    except LimitError as error:
        if error.path != "max_spikes":
            raise
        return True


def _pulse_of(experiment: Experiment) -> Plane | None:
    """Return the pulse of an experiment whose current is one rectangle, seen from rest."""
    parts = experiment.current.parts
    if len(parts) != 1 or not isinstance(parts[0], (Constant, Step)):
        return None
    part = parts[0]
    if part.window is not None or part.stop is None:
        return None
    start = max(0.0, part.start)
    return {
        "x": part.stop - start,
        "y": part.amplitude,
        "label": "this pulse",
        "experiment": 0,
        "targets": {"x": "current.0.stop", "y": "current.0.amplitude"},
        "origin": {"x": start, "y": 0.0},
    }
