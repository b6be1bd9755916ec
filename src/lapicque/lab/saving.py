"""What is seen in the lab, as a file: CSV of the numbers, SVG of the picture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import LapicqueError, ParameterError, unknown_name
from ..experiment import Experiment
from ..method import Exact, FixedStep, methods
from . import asked, planes
from .share import version
from .still import PLOT, still
from .traces import MAX_STEPS, error_trace, trace, view_of

Seen = dict[str, Any]
Span = tuple[float, float]

_COLUMNS = "setting,experiment,method,quantity,t_ms,value"
# What of a result is told at times.
_TIMED = {
    *("t", "V", "I_t", "I", "theta_t", "theta", "asc_t", "asc", "kick_t", "kick"),
    *("spikes", "grazes", "missed", "extra", "error_t", "error"),
}
# What only some neurons and currents have, by its word in a file.
_MORE = {"theta": "threshold", "asc": "after_spike_current", "kick": "kick"}
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
# A separator of cells before what a spreadsheet takes for the beginning of a formula.
_FORMULA = re.compile(r"[,;](?= *[=+@-])")


def saved(request: asked.Request) -> dict[str, Any]:
    """Answer ``{"kind": "save", "format": "csv" or "svg"}`` with the fields of a run.

    The experiments carry the method that is compared. ``names``, ``title`` and, where the view is
    about one of several experiments, ``subject`` say what else the page shows; ``held``, null or
    ``{"experiments", "names"}``, is the setting B beside them.
    """
    name = request.get("format")
    if not isinstance(name, str) or name not in _WRITERS:
        raise unknown_name("format", "a format to save in", name, _WRITERS)
    write, kind = _WRITERS[name]
    return {"text": write(request), "name": f"lapicque.{name}", "type": kind}


def saves() -> list[dict[str, str]]:
    """Return the formats that `saved` knows."""
    return [{"name": name, "label": name.upper()} for name in _WRITERS]


@dataclass(frozen=True)
class _Setting:
    """Experiments that are shown together, with what is drawn of each."""

    letter: str
    experiments: list[Experiment]
    names: list[str]
    results: list[Seen]

    def called(self, k: int) -> str:
        return self.names[k] if self.names else ""


def _seen(request: asked.Request, width: int) -> tuple[_Setting, list[Seen], _Setting]:
    """Return the setting A, the runs of the method that is compared, and the setting B."""
    window = asked.window(request)
    experiments, names = asked.experiments(request), asked.names(request)
    steps = MAX_STEPS // len(experiments)
    span = view_of(max(experiments, key=lambda each: each.duration), window)
    exact, compared = [], []
    for k, experiment in enumerate(experiments):
        try:
            is_compared = isinstance(experiment.method, FixedStep)
            plain = experiment.replace({"method": Exact()}) if is_compared else experiment
            exact.append(_within(span, trace(plain, window, width, steps)))
            if is_compared:
                other = error_trace(experiment, window, width, steps)
                compared.append(_within(span, other))
        except LapicqueError as error:
            raise asked.InExperimentError(k, error) from None
    return _Setting("A", experiments, names, exact), compared, _held(request, span, width)


def _held(request: asked.Request, span: Span, width: int) -> _Setting:
    """Return the setting B as far as it lies in the span of A, which the axis shows."""
    held = asked.held(request)
    if held is None:
        return _Setting("B", [], [], [])
    try:
        experiments, names = asked.experiments(held), asked.names(held)
    except asked.InExperimentError as fault:
        raise _of_held(fault.cause, fault.experiment) from None
    except LapicqueError as error:
        raise _of_held(error) from None
    results = []
    for k, experiment in enumerate(experiments):
        try:
            found = trace(experiment, [*span], width, MAX_STEPS // len(experiments))
        except LapicqueError as error:
            raise _of_held(error, k) from None
        results.append(_within(span, found))
    return _Setting("B", experiments, names, results)


def _of_held(error: LapicqueError, k: int | None = None) -> LapicqueError:
    prefix = "held" if k is None else f"held.experiments.{k}"
    return error.within(prefix) if isinstance(error, ParameterError) else error


def _within(span: Span, result: Seen) -> Seen:
    """Return a result without what lies beside the span: all of a run that ends before it."""
    if result["window"][1] >= span[0]:
        return result
    none: Seen = {key: [] for key, value in result.items() if key in _TIMED and value}
    return {**result, **none, "window": [*span], "crowded": None}


def _csv(request: asked.Request) -> str:
    shown, compared, held = _seen(request, asked.width(request))
    low = min(r["window"][0] for r in shown.results)
    high = max(r["window"][1] for r in shown.results)
    lines = [
        f"# lapicque {version()}: spikes, membrane potential V and current I "
        f"from {low!r} to {high!r} ms",
        "# t_ms in ms, V, threshold and kick in mV, I and after_spike_current in nA; spike times "
        "with all their digits",
    ]
    rows: list[str] = []
    for setting in (shown, held):
        for k, experiment in enumerate(setting.experiments):
            called = setting.called(k)
            named = f" {_comment(called)}" if called else ""
            whose = f"# setting {setting.letter}, experiment {k + 1}"
            lines.append(f"{whose}{named}: {_comment(experiment.to_dict())}")
    for setting in (shown, held):
        for k, result in enumerate(setting.results):
            # Of A the compared method has rows of its own, below.
            own = setting.experiments[k].method if setting is held else None
            cells = f"{setting.letter},{k + 1},{own.name if own else Exact.__name__}"
            rows += _rows(cells, result, lines)
            rows += (f"{cells},I,{t!r},{value!r}" for t, value in _pairs(result, "I_t", "I"))
            for name, word in _MORE.items():
                more = _pairs(result, f"{name}_t", name)
                rows += (f"{cells},{word},{t!r},{value!r}" for t, value in more)
        for k, result in enumerate(compared if setting is shown else ()):
            method = shown.experiments[k].method
            rows += _rows(f"A,{k + 1},{method.name if method else ''}", result, lines)
    return "\n".join([*lines, _COLUMNS, *rows, ""])


def _comment(value: Any) -> str:
    """Return JSON in one line, whatever its texts are.

    A spreadsheet takes a comment for cells, and one that begins with ``=`` for a formula: no text
    of a stranger may begin a cell.
    """
    return _TEXT.sub(
        lambda text: _FORMULA.sub(lambda found: rf"\u{ord(found[0]):04x}", text[0]),
        json.dumps(value),
    )


def _rows(cells: str, result: Seen, lines: list[str]) -> list[str]:
    if result["crowded"]:
        setting, experiment, method = cells.split(",")
        whose = f"# setting {setting}, experiment {experiment}, {method}"
        lines.append(f"{whose}: {result['crowded']['message']}")
    rows = [f"{cells},spike,{t!r}," for t in result["spikes"]]
    return rows + [f"{cells},V,{t!r},{value!r}" for t, value in _pairs(result, "t", "V")]


def _pairs(result: Seen, times: str, values: str) -> zip[tuple[float, float]]:
    return zip(result[times], result[values], strict=True)


def _svg(request: asked.Request) -> str:
    view = asked.view(request)
    shown, compared, held = _seen(request, PLOT)
    names = shown.names or [""] * len(shown.results)
    title = request.get("title", "")
    title = title if isinstance(title, str) else ""
    last = len(shown.experiments) - 1
    subject = int(asked.number(request.get("subject", 0), "subject", 0, last, ""))
    drawn = _planes(view, shown.experiments, subject, request.get("method"))
    return still(shown.results, names, title, compared, drawn, held.results, held.names)


def _planes(view: str, experiments: list[Experiment], subject: int, method: object) -> list[Seen]:
    """Return the plane of a view, one for each method where it shows all of them."""
    if view in asked.TRACES:
        return []
    exact = [each.replace({"method": Exact()}) for each in experiments]
    if view == "convergence":
        wish = method.get("locate") if isinstance(method, dict) else None
        kinds = [cls for cls in methods().values() if issubclass(cls, FixedStep)]
        return [
            planes.convergence(exact[subject], {"name": cls.__name__, "locate": wish or "grid"})
            for cls in kinds
        ]
    if view == "f-I":
        return [planes.f_I(exact)]
    return [planes.strength_duration(exact[subject])]


_WRITERS: dict[str, tuple[Callable[[asked.Request], str], str]] = {
    "csv": (_csv, "text/csv"),
    "svg": (_svg, "image/svg+xml"),
}
