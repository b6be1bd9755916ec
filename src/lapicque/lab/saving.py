"""What is seen in the lab, as a file: CSV of the numbers, SVG of the picture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ..errors import LapicqueError, unknown_name
from ..experiment import Experiment
from ..method import Exact, FixedStep, methods
from . import asked, planes
from .share import version
from .still import PLOT, still
from .traces import MAX_STEPS, error_trace, trace

Seen = dict[str, Any]

_COLUMNS = "experiment,method,quantity,t_ms,value"
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
# A separator of cells before what a spreadsheet takes for the beginning of a formula.
_FORMULA = re.compile(r"[,;](?= *[=+@-])")


def saved(request: asked.Request) -> dict[str, Any]:
    """Answer ``{"kind": "save", "format": "csv" or "svg"}`` with the fields of a run.

    The experiments carry the method that is compared. ``names``, ``title`` and, where the view is
    about one of several experiments, ``subject`` say what else the page shows.
    """
    name = request.get("format")
    if not isinstance(name, str) or name not in _WRITERS:
        raise unknown_name("format", "a format to save in", name, _WRITERS)
    write, kind = _WRITERS[name]
    return {"text": write(request), "name": f"lapicque.{name}", "type": kind}


def saves() -> list[dict[str, str]]:
    """Return the formats that `saved` knows."""
    return [{"name": name, "label": name.upper()} for name in _WRITERS]


def _seen(request: asked.Request, width: int) -> tuple[list[Experiment], list[Seen], list[Seen]]:
    """Return the experiments, their traces, and those of the method that is compared."""
    window = asked.window(request)
    experiments = asked.experiments(request)
    steps = MAX_STEPS // len(experiments)
    exact, compared = [], []
    for k, experiment in enumerate(experiments):
        try:
            is_compared = isinstance(experiment.method, FixedStep)
            plain = experiment.replace({"method": Exact()}) if is_compared else experiment
            exact.append(trace(plain, window, width, steps))
            if is_compared:
                compared.append(error_trace(experiment, window, width, steps))
        except LapicqueError as error:
            raise asked.InExperimentError(k, error) from None
    return experiments, exact, compared


def _csv(request: asked.Request) -> str:
    experiments, exact, compared = _seen(request, asked.width(request))
    names = asked.names(request)
    low, high = min(r["window"][0] for r in exact), max(r["window"][1] for r in exact)
    lines = [
        f"# lapicque {version()}: spikes, membrane potential V and current I "
        f"from {low!r} to {high!r} ms",
        "# t_ms in ms, V in mV, I in nA; spike times with all their digits",
    ]
    for k, experiment in enumerate(experiments):
        called = f" {_comment(names[k])}" if k < len(names) and names[k] else ""
        lines.append(f"# experiment {k + 1}{called}: {_comment(experiment.to_dict())}")
    rows: list[str] = []
    for k, result in enumerate(exact):
        rows += _rows(k, "Exact", result, lines)
        rows += (f"{k + 1},Exact,I,{t!r},{value!r}" for t, value in _pairs(result, "I_t", "I"))
    for k, result in enumerate(compared):
        method = experiments[k].method
        rows += _rows(k, method.name if method else "", result, lines)
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


def _rows(k: int, method: str, result: Seen, lines: list[str]) -> list[str]:
    if result["crowded"]:
        lines.append(f"# experiment {k + 1}, {method}: {result['crowded']['message']}")
    rows = [f"{k + 1},{method},spike,{t!r}," for t in result["spikes"]]
    return rows + [f"{k + 1},{method},V,{t!r},{value!r}" for t, value in _pairs(result, "t", "V")]


def _pairs(result: Seen, times: str, values: str) -> zip[tuple[float, float]]:
    return zip(result[times], result[values], strict=True)


def _svg(request: asked.Request) -> str:
    view = asked.view(request)
    experiments, exact, compared = _seen(request, PLOT)
    names = asked.names(request) or [""] * len(exact)
    title = request.get("title", "")
    subject = int(asked.number(request.get("subject", 0), "subject", 0, len(experiments) - 1, ""))
    drawn = _planes(view, experiments, subject, request.get("method"))
    return still(exact, names, title if isinstance(title, str) else "", compared, drawn)


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
