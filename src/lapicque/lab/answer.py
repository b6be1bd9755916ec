"""The lab as one stateless function: a request in, a reply out; an error is a reply.

The request carries the experiments and what is to be seen; the reply carries everything that is
drawn.  Python samples once, for exactly that view; the front end only draws.
"""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable
from time import perf_counter
from typing import Any

from .. import link
from ..errors import LapicqueError, LimitError, ParameterError, brief, unknown_name
from ..experiment import Experiment
from ..method import FixedStep, locates, methods
from ..parameter import parameters
from . import asked, planes, saving, share, tour
from .asked import MAX_EXPERIMENTS as MAX_EXPERIMENTS
from .asked import TRACES, InExperimentError
from .packing import pack
from .presets import presets
from .traces import DRAWN_SPIKES, MAX_STEPS

PROTOCOL = 3

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
        ``{"id": ..., "kind": ...}`` and what the kind needs: "describe" nothing, "link", "open" and
        "copy" what `lapicque.lab.share` says, "save" what `lapicque.lab.saving` says, and "run"
        ``{"experiments": [dict, up to 4], "view": ..., "window": [ms, ms] or None, "width": px}``,
        with one of the views

        - ``"traces"``: I, V and spikes of each experiment;
        - ``"error"``: each experiment's fixed-step run beside the exact one;
        - ``"convergence"``: the error of ``"method": {"name", "locate"}`` against its time step,
          for the first experiment;
        - ``"f-I"``, ``"strength-duration"``: the neuron's curve and the experiments on it.

        ``"packed": true`` asks for long lists as in `lapicque.lab.packing`.

    Returns
    -------
    dict
        ``{"id": ..., "ok": True}`` and, for a run, ``"results": [...]`` or ``"plane": {...}`` and
        ``"elapsed_ms": ms``, or
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
        if not isinstance(kind, str) or kind not in _KINDS:
            raise unknown_name("kind", "a kind of request", kind, _KINDS)
        return {**reply, "ok": True, **_KINDS[kind](request)}
    except InExperimentError as fault:
        reply["error"] = {**_error(fault.cause), "experiment": fault.experiment}
    except LapicqueError as error:
        reply["error"] = {**_error(error), "experiment": None}
    return reply


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
        "version": share.version(),
        "address": link.address(),
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
        "copies": share.copies(),
        "saves": saving.saves(),
        "tour": list(tour.tour()),
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


def _run(request: asked.Request) -> dict[str, Any]:
    began = perf_counter()
    listed = asked.listed(request)
    view, width, window = asked.view(request), asked.width(request), asked.window(request)
    packed = request.get("packed", False)
    if not isinstance(packed, bool):
        raise ParameterError("packed", "must be true or false", packed)
    experiments: list[Experiment] = []
    results: list[dict[str, Any]] = []
    for k, data in enumerate(listed):
        try:
            experiments.append(Experiment.from_dict(data))
            if view in TRACES:
                steps = MAX_STEPS // len(listed)
                results.append(TRACES[view](experiments[-1], window, width, steps))
        except LapicqueError as error:
            raise InExperimentError(k, error) from None
    if view in TRACES:
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


_KINDS: dict[str, Callable[[asked.Request], dict[str, Any]]] = {
    "describe": lambda request: {"describe": describe()},
    "run": _run,
    "link": share.linked,
    "open": share.opened,
    "copy": share.copied,
    "save": saving.saved,
}
