"""What a request asks for, checked: experiments, names, view, window, width."""

from __future__ import annotations

from typing import Any

from ..errors import LapicqueError, ParameterError, unknown_name
from ..experiment import Experiment
from . import planes
from .traces import error_trace, trace

MAX_EXPERIMENTS = 4
TRACES = {"traces": trace, "error": error_trace}

Request = dict[str, Any]


class InExperimentError(Exception):
    """An error of one of the experiments."""

    def __init__(self, experiment: int, cause: LapicqueError) -> None:
        super().__init__()
        self.experiment = experiment
        self.cause = cause


def listed(request: Request) -> list[Any]:
    """Return the experiments as they came."""
    found = request.get("experiments")
    if not isinstance(found, list) or not 1 <= len(found) <= MAX_EXPERIMENTS:
        raise ParameterError("experiments", f"must be a list of 1 to {MAX_EXPERIMENTS}", found)
    return found


def experiments(request: Request) -> list[Experiment]:
    """Return the experiments."""
    found = []
    for k, data in enumerate(listed(request)):
        try:
            found.append(Experiment.from_dict(data))
        except LapicqueError as error:
            raise InExperimentError(k, error) from None
    return found


def names(request: Request) -> list[str]:
    """Return what each experiment is called; nothing where they have no names."""
    found = request.get("names")
    count = len(listed(request))
    good = isinstance(found, list) and len(found) in (0, count)
    if found is not None and not (good and all(isinstance(each, str) for each in found)):
        raise ParameterError("names", "must be a list of one text for each experiment", found)
    return found or []


def held(request: Request) -> Request | None:
    """Return the setting B as a request of its own, None where there is none."""
    found = request.get("held")
    if found is not None and not isinstance(found, dict):
        rule = "must be null or an object with `experiments` and `names`"
        raise ParameterError("held", rule, found)
    return found


def view(request: Request) -> str:
    """Return the view, the traces if it names none."""
    found = request.get("view", "traces")
    known = sorted({*TRACES, *planes.views()})
    if not isinstance(found, str) or found not in known:
        raise unknown_name("view", "a view", found, known)
    return found


def width(request: Request) -> int:
    """Return the width of the panels, px."""
    return int(number(request.get("width", 800), "width", 1.0, 20_000.0, "px"))


def window(request: Request) -> list[float] | None:
    """Return the window in time (ms), None for the whole run."""
    found = request.get("window")
    if found is None:
        return None
    if not isinstance(found, list) or len(found) != 2:
        raise ParameterError("window", "must be null or two times in ms", found)
    low, high = (number(time, "window", -1e30, 1e30, "ms") for time in found)
    if not low < high:
        raise ParameterError("window", "must begin before it ends, ms", found)
    return [low, high]


def number(value: Any, path: str, least: float, most: float, unit: str) -> float:
    """Return a number within bounds."""
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (good and least <= value <= most):
        rule = f"must be a number in [{least:g}, {most:g}] {unit}".rstrip()
        raise ParameterError(path, rule, value)
    return float(value)
