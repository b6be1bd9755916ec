"""A still picture of the lab, as SVG text: what a notebook shows where nothing can be dragged.

Drawn from the results that `answer` gives, by plain Python: no font, script or file from elsewhere.
"""

from __future__ import annotations

import html
import math
import textwrap
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any

WIDTH = 760
PLOT = 660
"""Width of the panels, px: how finely the results should be sampled."""

_LEFT, _TOP, _GAP = 76, 14, 12
_HEIGHTS = {"I": 74, "V": 210}
_ROW, _LINE = 16, 18
_PER_LINE = 104
_CLOSE = 12
_LEAST_SPAN = 1e-300
_INK, _QUIET, _GRID = "#1a1d21", "#545c66", "#e3e7eb"
# Okabe and Ito's colours, and for experiments laid over each other the view's dashes.
_COLOURS = {"I": "#009e73", "V": "#0072b2", "spikes": "#d55e00"}
_OVERLAID = [("#0072b2", ""), ("#d55e00", "7 3"), ("#009e73", "2 2"), (_INK, "9 3 2 3")]
_COMPARED = ("#e69f00", "6 4")
_LEVELS = {"threshold": ("#cc79a7", "7 4"), "rest": (_QUIET, "2 3"), "reset": (_QUIET, "5 3 1 3")}
_PLANE = 300
# By order; dots where the curve is made of points.
_CURVES = [("#0072b2", ""), ("#d55e00", "7 4"), ("#009e73", "2 3"), (_INK, "9 3 2 3")]
_MARKS = {"threshold": ("#cc79a7", "7 4"), "reference": (_QUIET, "2 3")}
_NO_CONTROLS = dict.fromkeys(range(32), " ") | {0x7F: " ", 0xFFFE: " ", 0xFFFF: " "}

Result = dict[str, Any]
Span = tuple[float, float]


def still_html(svg: str, text: str, key: str) -> str:
    """Return the picture as an HTML element that needs nothing else.

    Parameters
    ----------
    svg : str
        As `still` returns it.
    text : str
        What it shows, in words.
    key : str
        Stands in ``data-model``, so that a live lab can hide it.
    """
    source = b64encode(svg.encode()).decode("ascii")
    return (
        f'<img class="lapicque-still" data-model="{html.escape(key)}" alt="{_plain(text)}" '
        f'src="data:image/svg+xml;base64,{source}" style="max-width:100%">'
    )


def in_words(results: Sequence[Result], names: Sequence[str], title: str = "") -> str:
    """Return what a still shows as one text: its title, and each result's name and sentence."""
    said = [
        f"{name}: {result['sentence']}" if name else result["sentence"]
        for name, result in zip(names, results, strict=True)
    ]
    return " ".join([f"{title}."] * bool(title) + said)


def still(
    results: Sequence[Result],
    names: Sequence[str],
    title: str = "",
    compared: Sequence[Result] = (),
    planes: Sequence[Result] = (),
) -> str:
    """Return I(t), V(t), the spikes, the sentences and the read-outs as one SVG picture.

    Parameters
    ----------
    results : sequence of dict
        Of the view "traces", not packed; up to four, over one time axis.
    names : sequence of str, as many
        What each experiment is called, "" for a single one.
    title : str
    compared : sequence of dict
        Of the view "error": the same experiments by another method.
    planes : sequence of dict
        Parts of one plane, such as the f-I curve, drawn beneath.

    Returns
    -------
    str
        A well-formed document with the root ``svg``; its title is `in_words`.
    """
    span = (min(r["window"][0] for r in results), max(r["window"][1] for r in results))
    drawing: list[str] = []
    y = _words(drawing, results, names, title, compared)
    for panel, axis in (("I", "current I (nA)"), ("V", "potential V (mV)")):
        y = _panel(drawing, panel, axis, y, span, results, compared if panel == "V" else ())
    y = _raster(drawing, y, span, results, compared)
    y = _time_axis(drawing, y, span)
    if planes:
        y = _plane(drawing, y, planes)
    words = _plain(in_words(results, names, title))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
        f'viewBox="0 0 {WIDTH} {y}" role="img" font-family="system-ui, -apple-system, '
        f'Segoe UI, Roboto, Helvetica, Arial, sans-serif" font-size="12" fill="{_INK}">'
        f"<title>{words}</title>"
        f'<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>{"".join(drawing)}</svg>'
    )


def _plain(text: str) -> str:
    """Return a text for XML, without the characters that XML has no place for."""
    return html.escape(
        "".join(c for c in text.translate(_NO_CONTROLS) if not "\ud800" <= c <= "\udfff")
    )


def _words(
    drawing: list[str],
    results: Sequence[Result],
    names: Sequence[str],
    title: str,
    compared: Sequence[Result],
) -> int:
    y = _TOP + 4
    if title:
        drawing.append(_text(12, y + 4, title, size=15, weight=600))
        y += _LINE + 6
    for k, (result, name) in enumerate(zip(results, names, strict=True)):
        colour, dash = _style("V", k, len(results))
        said = f"{name}: {result['sentence']}" if name else str(result["sentence"])
        if len(results) > 1:
            drawing.append(_stroke(f"M12 {y - 4}h28", colour, dash, 2.0))
        y = _paragraph(drawing, y, said, 48 if len(results) > 1 else 12)
        numbers = (
            f"{readout['label']} {readout['text']} {readout['unit']}".strip()
            for readout in result["readouts"]
            if readout["text"] != "–"
        )
        y = _paragraph(drawing, y, ",  ".join(numbers), 48 if len(results) > 1 else 12, _QUIET)
    for result in compared:
        drawing.append(_stroke(f"M12 {y - 4}h28", *_COMPARED, 2.0))
        y = _paragraph(drawing, y, str(result["sentence"]), 48)
    return y


def _paragraph(drawing: list[str], y: int, text: str, x: int, colour: str = _INK) -> int:
    for line in textwrap.wrap(text, _PER_LINE) or [""]:
        drawing.append(_text(x, y, line, colour=colour))
        y += _LINE
    return y


def _panel(
    drawing: list[str],
    panel: str,
    axis: str,
    top: int,
    span: Span,
    results: Sequence[Result],
    compared: Sequence[Result],
) -> int:
    height = _HEIGHTS[panel]
    times = "I_t" if panel == "I" else "t"
    lines = _levels(results) if panel == "V" else []
    reached = [v for result in (*results, *compared) for v in result[panel]]
    reached += [line["value"] for line in lines] if panel == "V" else [0.0]
    low, high = _padded(reached)

    def at(value: float) -> float:
        return top + height * (high - value) / (high - low)

    for tick, label in _ticks(low, high, 3 if panel == "I" else 5):
        drawing.append(_stroke(f"M{_LEFT} {at(tick):.1f}h{PLOT}", _GRID))
        drawing.append(_text(_LEFT - 6, at(tick) + 4, label, colour=_QUIET, anchor="end"))
    middle = top + height / 2
    turned = f"translate(16 {middle:.0f}) rotate(-90)"
    drawing.append(f'<text transform="{turned}" text-anchor="middle">{axis}</text>')
    for line in lines:
        colour, dash = _LEVELS.get(line["role"], _LEVELS["rest"])
        drawing.append(_stroke(f"M{_LEFT} {at(line['value']):.1f}h{PLOT}", colour, dash))
    # The one with the most spikes lies at the back, as it covers most; dashes would mottle it.
    for k in sorted(range(len(results)), key=lambda each: -len(results[each]["spikes"])):
        result = results[k]
        colour, dash = _style(panel, k, len(results))
        dash = "" if panel == "V" and len(result["spikes"]) * _CLOSE > PLOT else dash
        drawing.append(_stroke(_path(result[times], result[panel], span, at), colour, dash, 1.5))
    for result in compared:
        drawing.append(_stroke(_path(result["t"], result["V"], span, at), *_COMPARED, 1.5))
    below = -math.inf
    for line in sorted(lines, key=lambda each: -each["value"]):
        y = max(at(line["value"]) - 4, below + 13)  # labels of levels that meet stand apart
        drawing.append(_text(_LEFT + PLOT - 4, y, line["label"], anchor="end", halo=True))
        below = y
    drawing.append(_stroke(f"M{_LEFT} {top}v{height}", _QUIET))
    return top + height + _GAP


def _levels(results: Sequence[Result]) -> list[dict[str, Any]]:
    found: dict[tuple[str, float], dict[str, Any]] = {}
    for result in results:
        for line in result["lines"]:
            found.setdefault((line["name"], line["value"]), line)
    return list(found.values())


def _raster(
    drawing: list[str],
    top: int,
    span: Span,
    results: Sequence[Result],
    compared: Sequence[Result],
) -> int:
    rows = [(r, _style("spikes", k, len(results))[0]) for k, r in enumerate(results)]
    rows += [(result, _COMPARED[0]) for result in compared]
    drawing.append(_text(_LEFT - 6, top + 12, "spikes", anchor="end"))
    for row, (result, colour) in enumerate(rows):
        y = top + _ROW * row
        columns = sorted({round(_x(t, span), 1) for t in result["spikes"]})
        if result["crowded"]:
            drawing.append(
                f'<rect x="{_LEFT}" y="{y + 2}" width="{PLOT}" height="12" fill="{colour}"/>'
            )
            drawing.append(
                _text(
                    _LEFT + PLOT / 2,
                    y + 12,
                    result["crowded"]["message"],
                    anchor="middle",
                    halo=True,
                )
            )
        ticks = "".join(f"M{x:g} {y + 2}v12" for x in columns)
        drawing.append(_stroke(ticks, colour, "", 1.5))
    return top + _ROW * len(rows)


def _time_axis(drawing: list[str], top: int, span: Span) -> int:
    drawing.append(_stroke(f"M{_LEFT} {top + 4}h{PLOT}", _QUIET))
    for tick, label in _ticks(*span, 8):
        x = _x(tick, span)
        drawing.append(_stroke(f"M{x:.1f} {top + 4}v5", _QUIET))
        drawing.append(_text(x, top + 22, label, colour=_QUIET, anchor="middle"))
    drawing.append(_text(_LEFT + PLOT / 2, top + 40, "time (ms)", anchor="middle"))
    return top + 50


def _plane(drawing: list[str], y: int, parts: Sequence[Result]) -> int:
    """Draw curves over two quantities: what is said of them, a legend, the axes, the curves."""
    y += 24
    drawing.append(_text(12, y, parts[0]["title"], size=15, weight=600))
    y += _LINE + 2
    for sentence in dict.fromkeys(part["sentence"] for part in parts):
        y = _paragraph(drawing, y, sentence, 12)
    curves = [curve for part in parts for curve in part["curves"]]
    for k, curve in enumerate(curves if len(curves) > 1 else ()):
        colour, dash = _CURVES[k % len(_CURVES)]
        if curve["kind"] == "points":
            drawing.append(_dot(26, y - 4, colour))
        else:
            drawing.append(_stroke(f"M12 {y - 4}h28", colour, dash, 2.0))
        y = _paragraph(drawing, y, f"{curve['label']}  {curve['note']}".strip(), 48)
    x_at = _scale(parts, "x", 0.0, float(PLOT))
    y_at = _scale(parts, "y", float(_PLANE), 0.0)
    for tick, label in _plane_ticks(parts, "y", 5):
        down = y + y_at(tick)
        drawing.append(_stroke(f"M{_LEFT} {down:.1f}h{PLOT}", _GRID))
        drawing.append(_text(_LEFT - 6, down + 4, label, colour=_QUIET, anchor="end"))
    for tick, label in _plane_ticks(parts, "x", 8):
        right = _LEFT + x_at(tick)
        drawing.append(_stroke(f"M{right:.1f} {y + _PLANE}v5", _QUIET))
        drawing.append(_text(right, y + _PLANE + 18, label, colour=_QUIET, anchor="middle"))
    # An inner picture cuts off what lies beyond the axes.
    drawing.append(f'<svg x="{_LEFT}" y="{y}" width="{PLOT}" height="{_PLANE}">')
    for mark in (mark for part in parts[:1] for mark in part["marks"]):
        colour, dash = _MARKS[mark["role"]]
        if mark["axis"] == "x":
            line, place = f"M{x_at(mark['value']):.1f} 0v{_PLANE}", (x_at(mark["value"]) + 4, 12.0)
        else:
            line, place = f"M0 {y_at(mark['value']):.1f}h{PLOT}", (4.0, y_at(mark["value"]) - 4)
        drawing.append(_stroke(line, colour, dash))
        drawing.append(_text(*place, mark["label"], halo=True))
    for k, curve in enumerate(curves):
        colour, dash = _CURVES[k % len(_CURVES)]
        places = [(x_at(x), y_at(v)) for x, v in zip(curve["x"], curve["y"], strict=True)]
        if curve["kind"] != "points" and places:
            path = "L".join(f"{right:.1f} {down:.1f}" for right, down in places)
            drawing.append(_stroke(f"M{path}", colour, dash, 2.0))
        if curve["kind"] != "line":
            drawing += [_dot(right, down, colour) for right, down in places]
    for point in parts[0]["points"]:
        right, down = x_at(point["x"]), y_at(point["y"])
        drawing.append(_dot(right, down, _COLOURS["spikes"], 6.0))
        drawing.append(_text(right + 10, down + 4, point["label"], halo=True))
    drawing.append("</svg>")
    drawing.append(_stroke(f"M{_LEFT} {y}v{_PLANE}h{PLOT}", _QUIET))
    across, up = parts[0]["x"], parts[0]["y"]
    turned = f"translate(16 {y + _PLANE / 2:.0f}) rotate(-90)"
    words = f"{up['label']} ({up['unit']})"
    drawing.append(f'<text transform="{turned}" text-anchor="middle">{_plain(words)}</text>')
    words = f"{across['label']} ({across['unit']})"
    drawing.append(_text(_LEFT + PLOT / 2, y + _PLANE + 36, words, anchor="middle"))
    return y + _PLANE + 46


def _axis_of(parts: Sequence[Result], axis: str) -> tuple[float, float, bool]:
    ranges = [part[axis]["range"] for part in parts]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    return low, high, parts[0][axis]["scale"] == "log"


def _scale(
    parts: Sequence[Result], axis: str, begin: float, end: float
) -> Callable[[float], float]:
    """Return where a value lies between two ends, no further than ten times as far."""
    low, high, is_log = _axis_of(parts, axis)
    if is_log:
        low, high = math.log10(low), math.log10(high)

    def at(value: float) -> float:
        if is_log:
            value = math.log10(value) if value > 0.0 else low - 10.0 * (high - low)
        share = (value - low) / (high - low)
        return begin + (end - begin) * max(-10.0, min(10.0, share))

    return at


def _plane_ticks(parts: Sequence[Result], axis: str, about: int) -> list[tuple[float, str]]:
    low, high, is_log = _axis_of(parts, axis)
    if not is_log:
        return _ticks(low, high, about)
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    step = max(1, (last - first) // about)
    return [(10.0**k, f"{10.0**k:g}".replace("-", "−")) for k in range(first, last + 1, step)]


def _dot(x: float, y: float, colour: str, radius: float = 3.0) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"/>'


def _x(time: float, span: Span) -> float:
    width = span[1] - span[0]
    return _LEFT + (PLOT * (time - span[0]) / width if width > 0.0 else 0.0)


def _style(panel: str, index: int, count: int) -> tuple[str, str]:
    return _OVERLAID[index % len(_OVERLAID)] if count > 1 else (_COLOURS[panel], "")


def _path(times: Sequence[float], values: Sequence[float], span: Span, at: Any) -> str:
    points: list[str] = []
    for t, v in zip(times, values, strict=True):
        point = f"{_x(t, span):.1f} {at(v):.1f}"
        if not points or point != points[-1]:
            points.append(point)
    return f"M{'L'.join(points)}" if points else ""


def _padded(values: Sequence[float]) -> Span:
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def _ticks(low: float, high: float, about: int) -> list[tuple[float, str]]:
    """Return round values in a range, with their labels."""
    if not high - low > _LEAST_SPAN:
        return [(low, f"{low:g}")]
    rough = (high - low) / about
    exponent = math.floor(math.log10(rough))
    step = min((d * 10.0**exponent for d in (1, 2, 5, 10)), key=lambda s: abs(math.log(s / rough)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Far from 0 it takes more digits to tell one from the next.
    digits = max(6, math.ceil(math.log10(max(abs(low), abs(high)) / step)) + 1)
    return [(k * step, f"{k * step:.{digits}g}".replace("-", "−")) for k in range(first, last + 1)]


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 0,
    weight: int = 0,
    colour: str = "",
    anchor: str = "",
    halo: bool = False,
) -> str:
    attributes = f'x="{x:g}" y="{y:.1f}"'
    attributes += f' font-size="{size}"' if size else ""
    attributes += f' font-weight="{weight}"' if weight else ""
    attributes += f' fill="{colour}"' if colour else ""
    attributes += f' text-anchor="{anchor}"' if anchor else ""
    attributes += ' paint-order="stroke" stroke="#ffffff" stroke-width="3"' if halo else ""
    return f"<text {attributes}>{_plain(text)}</text>"


def _stroke(path: str, colour: str, dash: str = "", width: float = 1.0) -> str:
    if not path:
        return ""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed} '
        'stroke-linejoin="round"/>'
    )
