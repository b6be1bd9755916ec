"""The picture of a plane, such as the f-I curve, beneath the traces of a still."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from . import svg, ticks
from .svg import LINE, Style

_HEIGHT = 300
_NAME = 11.0
# As in web/src/styles.js: colour and dash, marker, whether it is hollow, how large it is. Those
# drawn later are smaller, as methods often agree to the last digit.
_CURVES: dict[str, tuple[Style, str, bool, float]] = {
    "weiss": ((svg.VERMILION, "8 4"), "", False, 3.0),
    "simulated": ((svg.INK, ""), "circle", True, 3.0),
    "Euler": ((svg.COMPARED, ""), "circle", False, 3.4),
    "ExponentialEuler": ((svg.GREEN, "9 4"), "square", False, 4.4),
    "RK2": ((svg.BLUE, "3 3"), "triangle", False, 3.4),
    "RK4": ((svg.VERMILION, "9 3 2 3"), "diamond", False, 2.4),
}
_OTHER: tuple[Style, str, bool, float] = ((svg.BLUE, ""), "circle", False, 3.0)
_MARKS = {"threshold": (svg.PURPLE, "8 5"), "reference": (svg.QUIET, "2 4")}

Part = dict[str, Any]
Box = tuple[float, float, float, float]
Weighed = tuple[Box, float]
"""A place, and how much it matters that it is seen."""


def plane(drawing: list[str], y: int, parts: Sequence[Part], widths: tuple[int, int, int]) -> int:
    """Draw curves over two quantities: what is said of them, a legend, the axes, the curves.

    Returns the height of the picture with it; ``widths`` are those of the gutter, the plot and the
    right margin.
    """
    left, wide, margin = widths
    y += 24
    drawing.append(svg.text(12, y, parts[0]["title"], size=15, weight=600))
    y += LINE + 2
    edge = left + wide + margin - 12
    curves = [curve for part in parts for curve in part["curves"]]
    if len(parts) > 1:
        # A sentence of each part begins with its curve's name.
        named = [(part["curves"][:1], part["sentence"]) for part in parts]
    else:
        y = svg.paragraph(drawing, y, parts[0]["sentence"], 12, edge)
        named = [([curve], curve["label"]) for curve in curves if len(curves) > 1]
    for own, words in named:
        for curve in own:
            style, shape, hollow, _ = _style(curve)
            drawing.append(svg.key(y, style, shape, hollow, curve["kind"] == "points"))
        y = svg.paragraph(drawing, y, words, svg.KEY + 22, edge)
    if any(any(curve.get("hollow", ())) for curve in curves):
        drawing.append(svg.key(y, (svg.INK, ""), "circle", True, True))
        y = svg.paragraph(drawing, y, "missed or extra spikes", svg.KEY + 22, edge)
    y += 10
    x_at = _scale(parts, "x", 0.0, float(wide))
    y_at = _scale(parts, "y", float(_HEIGHT), 0.0)
    _axes(drawing, y, parts, widths, x_at, y_at)
    _name_marks(drawing, y, parts[0]["marks"], widths, x_at, y_at)
    # An inner picture cuts off what lies beyond the axes.
    drawing.append(f'<svg x="{left}" y="{y}" width="{wide}" height="{_HEIGHT}">')
    for mark in parts[0]["marks"]:
        place = (x_at if mark["axis"] == "x" else y_at)(mark["value"])
        line = f"M{place:.1f} 0v{_HEIGHT}" if mark["axis"] == "x" else f"M0 {place:.1f}h{wide}"
        drawing.append(svg.stroke(line, _MARKS[mark["role"]], 1.5))
    placed = [(curve, _places(curve, x_at, y_at)) for curve in curves]
    for curve, places in placed:
        if curve["kind"] != "points" and places:
            path = "L".join(f"{right:.1f} {down:.1f}" for right, down in places)
            drawing.append(svg.stroke(f"M{path}", _style(curve)[0], 2.0))
    drawing.append("</svg>")
    drawing.append(svg.stroke(f"M{left} {y}v{_HEIGHT}h{wide}", (svg.QUIET, "")))
    # Marks lie over the edges, which would cut them in half.
    frame = (float(left), float(y), float(left + wide), float(y + _HEIGHT))
    taken: list[Weighed] = []
    for mark in parts[0]["marks"]:
        right, down = left + x_at(mark["value"]), y + y_at(mark["value"])
        upright = (right - 2, frame[1], right + 2, frame[3])
        level = (frame[0], down - 2, frame[2], down + 2)
        taken.append((upright if mark["axis"] == "x" else level, 1.0))
    for curve, places in placed:
        places = [(left + right, y + down) for right, down in places]
        # Samples that share a place are one obstacle: else a curve's bend would repel all names.
        spots = {(round(right / 4), round(down / 4)) for right, down in places}
        taken += [((4 * r - 2, 4 * d - 2, 4 * r + 2, 4 * d + 2), 0.3) for r, d in spots]
        if curve["kind"] != "line":
            drawing += _dots(curve, places, frame)
    points = [(p, left + x_at(p["x"]), y + y_at(p["y"])) for p in parts[0]["points"]]
    _points(drawing, [p for p in points if _holds(frame, *p[1:])], frame, taken)
    return y + _HEIGHT + 46


def _axes(
    drawing: list[str],
    y: int,
    parts: Sequence[Part],
    widths: tuple[int, int, int],
    x_at: Callable[[float], float],
    y_at: Callable[[float], float],
) -> None:
    left, wide, _ = widths
    labelled, between = _ticks(parts, "y", 6)
    for tick, label in labelled:
        down = y + y_at(tick)
        drawing.append(svg.stroke(f"M{left} {down:.1f}h{wide}", (svg.GRID, "")))
        drawing.append(svg.text(left - 6, down + 4, label, colour=svg.QUIET, anchor="end"))
    drawing += [svg.stroke(f"M{left} {y + y_at(t):.1f}h-3", (svg.QUIET, "")) for t in between]
    labelled, between = _ticks(parts, "x", 8)
    for tick, label in labelled:
        right = left + x_at(tick)
        drawing.append(svg.stroke(f"M{right:.1f} {y}v{_HEIGHT}", (svg.GRID, "")))
        drawing.append(svg.stroke(f"M{right:.1f} {y + _HEIGHT}v5", (svg.QUIET, "")))
        drawing.append(svg.text(right, y + _HEIGHT + 18, label, colour=svg.QUIET, anchor="middle"))
    for tick in between:
        line = f"M{left + x_at(tick):.1f} {y + _HEIGHT}v3"
        drawing.append(svg.stroke(line, (svg.QUIET, "")))
    how: dict[str, Any] = {"colour": svg.QUIET, "anchor": "middle"}
    drawing.append(svg.text(16, y + _HEIGHT / 2, _title(parts[0]["y"]), turned=True, **how))
    drawing.append(svg.text(left + wide / 2, y + _HEIGHT + 36, _title(parts[0]["x"]), **how))


def _title(axis: Part) -> str:
    return f"{axis['label']} ({axis['unit']})" if axis["unit"] else str(axis["label"])


def _name_marks(
    drawing: list[str],
    y: int,
    marks: Sequence[Part],
    widths: tuple[int, int, int],
    x_at: Callable[[float], float],
    y_at: Callable[[float], float],
) -> None:
    """Write the names of reference lines outside: right of level ones, above upright ones."""
    left, wide, _ = widths
    level = [
        (mark["label"], y + y_at(mark["value"]))
        for mark in marks
        if mark["axis"] == "y" and 0.0 <= y_at(mark["value"]) <= _HEIGHT
    ]
    places = svg.spread([place for _, place in level], 14.0, y, y + _HEIGHT)
    for (label, _), place in zip(level, places, strict=True):
        drawing.append(svg.text(left + wide + 10, place + 4, label, size=_NAME))
    for mark in marks:
        right = x_at(mark["value"])
        if mark["axis"] == "x" and 0.0 <= right <= wide:
            half = svg.width_of(mark["label"], _NAME) / 2
            middle = left + max(half, min(wide - half, right))
            drawing.append(svg.text(middle, y - 4, mark["label"], size=_NAME, anchor="middle"))


def _places(
    curve: Part, x_at: Callable[[float], float], y_at: Callable[[float], float]
) -> list[tuple[float, float]]:
    return [(x_at(x), y_at(v)) for x, v in zip(curve["x"], curve["y"], strict=True)]


def _dots(curve: Part, places: Sequence[tuple[float, float]], frame: Box) -> list[str]:
    style, shape, hollow, size = _style(curve)
    open_ones = curve.get("hollow") or [hollow] * len(places)
    return [
        svg.marker(right, down, shape, style[0], size, is_open)
        for (right, down), is_open in zip(places, open_ones, strict=True)
        if _holds(frame, right, down)
    ]


def _holds(frame: Box, x: float, y: float) -> bool:
    return frame[0] - 1 <= x <= frame[2] + 1 and frame[1] - 1 <= y <= frame[3] + 1


def _style(curve: Part) -> tuple[Style, str, bool, float]:
    style, shape, hollow, size = _CURVES.get(curve["style"], _OTHER)
    return style, "" if curve["kind"] == "line" else shape or "circle", hollow, size


def _points(
    drawing: list[str],
    points: Sequence[tuple[Part, float, float]],
    frame: Box,
    taken: list[Weighed],
) -> None:
    """Draw where experiments stand, full where the neuron fires, with names beside them."""
    taken += [((x - 8, y - 8, x + 8, y + 8), 3.0) for _, x, y in points]
    for point, x, y in points:
        drawing.append(svg.marker(x, y, "circle", svg.VERMILION, 6.0, point["fires"] is not True))
    for point, x, y in points:
        wide = svg.width_of(point["label"])
        middle = max(frame[0], min(frame[2] - wide, x - wide / 2))
        places = []
        for far in (11.0, 24.0, 40.0):
            slant = 0.75 * far
            places += [(x + far, y - 8), (x - far - wide, y - 8)]
            for up in (y - far - 15, y + far):
                places.append((middle, up))
            for up in (y - slant - 15, y + slant):
                places += [(x + slant, up), (x - slant - wide, up)]
        boxes = [(right, up, right + wide + 4, up + 15) for right, up in places]

        costs = [_cost(each, (x, y), frame, taken) for each in boxes]
        best = boxes[costs.index(min(costs))]
        taken.append((best, 4.0))
        right, down = _nearest(best, (x, y))
        if math.hypot(right - x, down - y) > 18.0:
            # Far from its point a name needs a line to it.
            joint = f"M{x:.1f} {y:.1f}L{right:.1f} {down:.1f}"
            drawing.append(svg.stroke(joint, (svg.QUIET, ""), 0.75))
        drawing.append(svg.text(round(best[0], 1), best[1] + 12, point["label"], halo=True))


def _cost(box: Box, point: tuple[float, float], frame: Box, taken: Sequence[Weighed]) -> float:
    """Return what speaks against a place: what it hides, is cut off, and its distance."""
    outside = (box[2] - box[0]) * (box[3] - box[1]) - _shared(box, frame)
    hidden = sum(weight * _shared(box, other) for other, weight in taken)
    return 4.0 * outside + hidden + 2.0 * math.dist(_nearest(box, point), point)


def _nearest(box: Box, point: tuple[float, float]) -> tuple[float, float]:
    x, y = point
    return min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])


def _shared(a: Box, b: Box) -> float:
    """Return the area that two boxes share."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    return across * down if across > 0.0 and down > 0.0 else 0.0


def _range(parts: Sequence[Part], axis: str) -> tuple[float, float, bool]:
    ranges = [part[axis]["range"] for part in parts if part["curves"]] or [parts[0][axis]["range"]]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    return low, high, parts[0][axis]["scale"] == "log"


def _scale(parts: Sequence[Part], axis: str, begin: float, end: float) -> Callable[[float], float]:
    """Return where a value lies between two ends, no further than ten times as far."""
    low, high, is_log = _range(parts, axis)
    if is_log:
        low, high = math.log10(low), math.log10(high)

    def at(value: float) -> float:
        if is_log:
            value = math.log10(value) if value > 0.0 else low - 10.0 * (high - low)
        share = (value - low) / (high - low)
        return begin + (end - begin) * max(-10.0, min(10.0, share))

    return at


def _ticks(parts: Sequence[Part], axis: str, room: int) -> tuple[list[ticks.Tick], list[float]]:
    low, high, is_log = _range(parts, axis)
    return ticks.logarithmic(low, high, room) if is_log else (ticks.linear(low, high, room), [])
