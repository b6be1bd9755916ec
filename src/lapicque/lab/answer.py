"""The lab as one stateless function: a request in, a reply out; an error is a reply.

The request carries the experiments and what is to be seen; the reply carries everything that is
drawn.  Python samples once, for exactly that view; the front end only draws.
"""

from __future__ import annotations

import copy
import functools
import math
from time import perf_counter
from typing import Any

from ..errors import LapicqueError, LimitError, ParameterError, brief, unknown_name
from ..experiment import Experiment
from ..method import FixedStep, locates, methods
from ..parameter import parameters
from . import planes
from .packing import pack
from .presets import presets
from .traces import DRAWN_SPIKES, MAX_STEPS, error_trace, trace

PROTOCOL = 2
MAX_EXPERIMENTS = 4

# The time steps (ms) that the lab's slider offers, and the one it starts with.
TIME_STEPS = [
    float(f"{digit}e{power}") for power in range(-3, 1) for digit in (1, 1.5, 2, 3, 5, 7)
] + [10.0]
FIRST_TIME_STEP = 0.5


def answer(request: object) -> dict[str, Any]:
    """Answer one request of the front end.

    Parameters
    ----------
    request : dict
        ``{"id": ..., "kind": "describe"}`` or ``{"id": ..., "kind": "run", "experiments": [dict,
        up to 4], "view": ..., "window": [ms, ms] or None, "width": px}``, with one of the views

        - ``"traces"``: I, V and spikes of each experiment;
        - ``"error"``: each experiment's fixed-step run beside the exact one;
        - ``"convergence"``: the error of ``"method": {"name", "locate"}`` against its time step,
          for the first experiment;
        - ``"f-I"``, ``"strength-duration"``: the neuron's curve and the experiments on it.

        ``"packed": true`` asks for long lists as in `lapicque.lab.packing`.

    Returns
    -------
    dict
        ``{"id": ..., "ok": True, "results": [...] or "plane": {...}, "elapsed_ms": ms}`` or
        ``{"id": ..., "ok": False, "error": {path, paths, rule, value, message, experiment}}``;
        plain JSON values, None instead of NaN.  Bad requests of any kind are answered, never
        raised.
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
        path = error.path if isinstance(error, LimitError) else None
        paths = [path, *error.also] if isinstance(error, LimitError) and path else []
        return {"path": path, "paths": paths, "rule": None, "value": None, "message": str(error)}
    value = error.value
    plain = (
        (isinstance(value, int) and abs(value) < 2**53)
        or (isinstance(value, str) and len(value) <= 200)
        or (isinstance(value, float) and math.isfinite(value))
    )
    return {
        "path": error.path,
        "paths": [error.path, *error.also],
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
        "first": presets()[0]["name"],
        "parameters": described,
        "limits": {
            "drawn_spikes": DRAWN_SPIKES,
            "experiments": MAX_EXPERIMENTS,
            "steps": MAX_STEPS,
        },
        "views": [{"name": name, **view} for name, view in planes.views().items()],
        "methods": [
            {
                "name": name,
                "label": cls.title(),
                "locates": list(locates()) if issubclass(cls, FixedStep) else [],
            }
            for name, cls in methods().items()
        ],
        "locates": [{"name": name, "label": _LOCATES[name]} for name in locates()],
        "dt": _time_step(),
    }


_LOCATES = {"grid": "on the grid", "linear": "by a line", "hermite": "by a cubic"}


def _time_step() -> dict[str, Any]:
    described = parameters(FixedStep)["dt"]
    return {
        "name": "dt",
        "symbol": described.symbol,
        "label": described.meaning,
        "group": "Method",
        "unit": described.unit,
        "minimum": TIME_STEPS[0],
        "maximum": TIME_STEPS[-1],
        "step": TIME_STEPS[0],
        "grid": TIME_STEPS,
        "default": FIRST_TIME_STEP,
        "targets": [{"path": "method.dt", "factor": 1.0, "power": 1.0, "experiment": None}],
    }


_TRACES = {"traces": trace, "error": error_trace}


def _run(request: dict[str, Any]) -> dict[str, Any]:
    began = perf_counter()
    listed = request.get("experiments")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_EXPERIMENTS:
        raise ParameterError("experiments", f"must be a list of 1 to {MAX_EXPERIMENTS}", listed)
    view = request.get("view", "traces")
    known = sorted({*_TRACES, *planes.views()})
    if not isinstance(view, str) or view not in known:
        raise unknown_name("view", "a view", view, known)
    width = int(_number(request.get("width", 800), "width", 1.0, 20_000.0, "px"))
    window = request.get("window")
    if window is not None:
        if not isinstance(window, list) or len(window) != 2:
            raise ParameterError("window", "must be null or two times in ms", window)
        window = [_number(w, "window", -1e30, 1e30, "ms") for w in window]
        if not window[0] < window[1]:
            raise ParameterError("window", "must begin before it ends, ms", request["window"])
    packed = request.get("packed", False)
    if not isinstance(packed, bool):
        raise ParameterError("packed", "must be true or false", packed)
    experiments: list[Experiment] = []
    results: list[dict[str, Any]] = []
    for k, data in enumerate(listed):
        try:
            experiments.append(Experiment.from_dict(data))
            if view in _TRACES:
                steps = MAX_STEPS // len(listed)
                results.append(_TRACES[view](experiments[-1], window, width, steps))
        except LapicqueError as error:
            raise _ExperimentError(k, error) from None
    if view in _TRACES:
        reply: dict[str, Any] = {"results": results}
    elif view == "convergence":
        reply = {"plane": planes.convergence(experiments[0], request.get("method"))}
    elif view == "f-I":
        reply = {"plane": planes.f_I(experiments)}
    else:
        reply = {"plane": planes.strength_duration(experiments[0])}
    if packed:
        reply = pack(reply)
    return {**reply, "elapsed_ms": 1000.0 * (perf_counter() - began)}


def _number(value: Any, path: str, least: float, most: float, unit: str) -> float:
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (good and least <= value <= most):
        raise ParameterError(path, f"must be a number in [{least:g}, {most:g}] {unit}", value)
    return float(value)
