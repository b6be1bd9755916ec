"""The lab as one stateless function: a request in, a reply out; an error is a reply.

The request carries the experiments and what is to be seen; the reply carries everything that is
drawn.  Python samples once, for exactly that view; the front end only draws.
"""

from __future__ import annotations

import copy
import functools
import math
from bisect import bisect_left, bisect_right
from time import perf_counter
from typing import Any

from ..errors import LapicqueError, LimitError, ParameterError, brief, unknown_name
from ..experiment import Experiment
from ..features import features
from ..polyline import current_line, voltage_line
from ..response import Response
from .presets import presets
from .sentence import sentence

PROTOCOL = 1
DRAWN_SPIKES = 20_000
COUNTED_SPIKES = 250_000
MAX_STEPS = 500_000
MAX_EXPERIMENTS = 4
_READOUTS = {
    "spike_count": "spikes",
    "rate": "rate",
    "mean_isi": "mean ISI",
    "isi_cv": "CV of ISIs",
    "first_spike": "first spike",
}


def answer(request: object) -> dict[str, Any]:
    """Answer one request of the front end.

    Parameters
    ----------
    request : dict
        ``{"id": ..., "kind": "describe"}`` or ``{"id": ..., "kind": "run", "experiments": [dict,
        up to 4], "view": "traces", "window": [ms, ms] or None, "width": px}``.

    Returns
    -------
    dict
        ``{"id": ..., "ok": True, ...}`` or ``{"id": ..., "ok": False, "error": {path, rule, value,
        message, experiment}}``; plain JSON values, None instead of NaN.  Bad requests of any kind
        are answered, never raised.
    """
    reply: dict[str, Any] = {"id": None, "ok": False}
    try:
        if not isinstance(request, dict):
            raise ParameterError("request", "must be an object", request)
        identity = request.get("id")
        if isinstance(identity, (int, str)) and not isinstance(identity, bool):
            reply["id"] = identity
        kind = request.get("kind")
        if kind == "describe":
            return {**reply, "ok": True, "describe": describe()}
        if kind == "run":
            return {**reply, "ok": True, **_run(request)}
        raise unknown_name("kind", "a kind of request", kind, ("describe", "run"))
    except _ExperimentError as fault:
        reply["error"] = {**_error(fault.cause), "experiment": fault.experiment}
    except LapicqueError as error:
        reply["error"] = {**_error(error), "experiment": None}
    return reply


class _ExperimentError(Exception):
    """An error of one of the experiments."""

    def __init__(self, experiment: int, cause: LapicqueError) -> None:
        super().__init__()
        self.experiment = experiment
        self.cause = cause


def _error(error: LapicqueError) -> dict[str, Any]:
    if not isinstance(error, ParameterError):
        return {"path": None, "rule": None, "value": None, "message": str(error)}
    value = error.value
    plain = (
        (isinstance(value, int) and abs(value) < 2**53)
        or (isinstance(value, str) and len(value) <= 200)
        or (isinstance(value, float) and math.isfinite(value))
    )
    return {
        "path": error.path,
        "rule": error.rule,
        "value": None if value is ... else value if plain else brief(value),
        "message": str(error),
    }


def describe() -> dict[str, Any]:
    """Return what the front end needs to know once: presets, parameters and limits."""
    return copy.deepcopy(_described())


@functools.cache
def _described() -> dict[str, Any]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        installed = version("lapicque")
    except PackageNotFoundError:
        installed = "unknown"
    described: dict[str, Any] = {}
    for preset in presets():
        for variant in preset["variants"]:
            for entry in variant["experiments"]:
                experiment = Experiment.from_dict(entry["experiment"])
                for path in experiment.paths():
                    if path != "seed" and path not in described:
                        p = experiment.parameter(path)
                        described[path] = {
                            "symbol": p.symbol,
                            "unit": p.unit,
                            "meaning": p.meaning,
                            "minimum": p.minimum,
                            "maximum": p.maximum,
                        }
    return {
        "version": installed,
        "protocol": PROTOCOL,
        "presets": list(presets()),
        "parameters": described,
        "limits": {"drawn_spikes": DRAWN_SPIKES, "experiments": MAX_EXPERIMENTS},
    }


def _run(request: dict[str, Any]) -> dict[str, Any]:
    began = perf_counter()
    listed = request.get("experiments")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_EXPERIMENTS:
        raise ParameterError("experiments", f"must be a list of 1 to {MAX_EXPERIMENTS}", listed)
    if request.get("view", "traces") != "traces":
        raise unknown_name("view", "a view", request["view"], ("traces",))
    width = _number(request.get("width", 800), "width", 1.0, 20_000.0, "px")
    window = request.get("window")
    if window is not None:
        if not isinstance(window, list) or len(window) != 2:
            raise ParameterError("window", "must be null or two times in ms", window)
        window = [_number(w, "window", -1e30, 1e30, "ms") for w in window]
        if not window[0] < window[1]:
            raise ParameterError("window", "must begin before it ends, ms", request["window"])
    results = []
    for k, data in enumerate(listed):
        try:
            results.append(_result(Experiment.from_dict(data), window, int(width)))
        except LapicqueError as error:
            raise _ExperimentError(k, error) from None
    return {"results": results, "elapsed_ms": 1000.0 * (perf_counter() - began)}


def _number(value: Any, path: str, least: float, most: float, unit: str) -> float:
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (good and least <= value <= most):
        raise ParameterError(path, f"must be a number in [{least:g}, {most:g}] {unit}", value)
    return float(value)


def _result(experiment: Experiment, window: list[float] | None, width: int) -> dict[str, Any]:
    duration = experiment.duration
    low, high = window or (0.0, duration)
    low, high = max(0.0, low), min(duration, high)
    if low > high:
        low, high = 0.0, duration
    neuron = experiment.neuron
    rest = neuron.rest()
    lines = [("V_th", "threshold V_th", "threshold", experiment.value("neuron.V_th"))]
    if rest is not None:
        lines.append(("E_L", "rest E_L", "rest", rest))
    lines.append(("V_reset", "reset V_reset", "reset", experiment.value("neuron.V_reset")))
    shown: dict[str, Any] = {
        "duration": duration,
        "window": [low, high],
        "lines": [dict(zip(("name", "label", "role", "value"), e, strict=True)) for e in lines],
        "equation": neuron.equation(),
        "crowded": None,
    }
    shown["I_t"], shown["I"] = current_line(experiment.current, low, high, width)
    # A regular train of a piecewise constant current costs next to nothing; others must be short.
    cap = DRAWN_SPIKES if experiment.current.normal_form.terms else COUNTED_SPIKES
    try:
        response = experiment.run(max_spikes=cap, max_steps=MAX_STEPS)
    except LimitError as error:
        if "max_spikes" not in str(error):
            raise
        return {**shown, **_uncounted(cap)}
    shown["t"], shown["V"] = voltage_line(response, low, high, width)
    seen = response.spikes[bisect_left(response.spikes, low) : bisect_right(response.spikes, high)]
    if len(seen) > DRAWN_SPIKES:
        message = f"{len(seen)} spikes: more than the {DRAWN_SPIKES} that are drawn"
        shown["crowded"] = {"spike_count": len(seen), "message": message}
        seen = seen[:0]
    shown["spikes"] = seen.tolist()
    shown["grazes"] = response.grazes.tolist()
    shown["readouts"] = [_readout(name, label, response) for name, label in _READOUTS.items()]
    shown["sentence"] = sentence(experiment, response)
    return shown


def _uncounted(cap: int) -> dict[str, Any]:
    """Return what is shown of a run with more spikes than are worth waiting for."""
    message = f"more than {cap} spikes: too many to count here"
    readouts = [
        {"name": name, "label": label, "unit": features()[name].unit, "value": None, "text": "–"}
        for name, label in _READOUTS.items()
    ]
    readouts[0]["text"] = f"> {cap}"
    return {
        "t": [],
        "V": [],
        "spikes": [],
        "grazes": [],
        "readouts": readouts,
        "sentence": f"{message[0].upper()}{message[1:]}.",
        "crowded": {"spike_count": None, "message": message},
    }


def _readout(name: str, label: str, response: Response) -> dict[str, Any]:
    described = features()[name]
    value = described.function(response)
    if math.isnan(value):
        return {"name": name, "label": label, "unit": described.unit, "value": None, "text": "–"}
    text = f"{value:.3f}" if value >= 0.1 or value == 0.0 else f"{value:.4g}"
    if name == "spike_count":
        text = f"{value:.0f}"
    return {"name": name, "label": label, "unit": described.unit, "value": value, "text": text}
