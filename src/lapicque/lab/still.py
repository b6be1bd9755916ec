"""A still picture of the lab, as SVG text: what a notebook shows where nothing can be dragged.

Drawn from the results that `answer` gives, by plain Python, in the styles of the page: what is
compared and the setting B are dashed, in colours of their own.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from . import svg, ticks
from .still_plane import plane
from .svg import LINE, Style

LEFT, PLOT, RIGHT = 76, 620, 140
"""Widths of the gutter, the panels and the margin for names, px; sample results for ``PLOT``."""

WIDTH = LEFT + PLOT + RIGHT
_TOP, _GAP = 18, 12
_EDGE = WIDTH - 12
_TEXT = 12 + svg.KEY + 10
_MOVING = (svg.PURPLE, "6 4")
_AFTER = "2 3"
_HEIGHTS = {"I": 74, "V": 210, "error": 56}
_ROW = 16
_NAME = 11.0
_COLOURS = {"I": svg.GREEN, "V": svg.BLUE, "spikes": svg.VERMILION}
# Dashes as in web/src/styles.js, one for each experiment.
_OVERLAID = [(svg.BLUE, ""), (svg.VERMILION, "7 3"), (svg.GREEN, "2 2"), (svg.INK, "9 3 2 3")]
_COMPARED = [(svg.COMPARED, dash) for dash in ("8 4", "14 4", "4 4", "10 3 3 3")]
_HELD = [(svg.SECOND, dash) for dash in ("3 3", "8 3", "2 5", "8 3 2 3")]
_MARKERS = ["circle", "square", "triangle", "diamond"]
_LEVELS = {"threshold": (svg.PURPLE, "10 6"), "rest": (svg.QUIET, "2 5")}
# Pixels between spikes: above the first a trace has its full width, below the second no dashes.
_AIRY, _CLOSE = 16, 12
# A method that explodes may widen the axis by so much of it.
_MOST = 0.35

Result = dict[str, Any]
Span = tuple[float, float]
At = Callable[[float], float]


@dataclass(frozen=True)
class _Drawn:
    """One experiment as it is drawn: what it is, called, and looks like."""

    kind: str  # "exact", "method" or "held"
    result: Result
    index: int
    count: int
    name: str
    said: str

    def style(self, panel: str) -> Style:
        if self.kind != "exact":
            return (_COMPARED if self.kind == "method" else _HELD)[self.index % 4]
        return _OVERLAID[self.index % 4] if self.count > 1 else (_COLOURS[panel], "")


def still_html(picture: str, text: str, key: str) -> str:
    """Return the picture as an HTML element that needs nothing else.

    Parameters
    ----------
    picture : str
        As `still` returns it.
    text : str
        What it shows, in words.
    key : str
        Stands in ``data-model``, so that a live lab can hide it.
    """
    source = b64encode(picture.encode()).decode("ascii")
    return (
        f'<img class="lapicque-still" data-model="{svg.plain(key)}" alt="{svg.plain(text)}" '
        f'src="data:image/svg+xml;base64,{source}" style="max-width:100%">'
    )


def in_words(
    results: Sequence[Result],
    names: Sequence[str],
    title: str = "",
    compared: Sequence[Result] = (),
    held: Sequence[Result] = (),
    held_names: Sequence[str] = (),
) -> str:
    """Return what a still shows as one text: its title, and each result's name and sentence."""
    drawn = _listed(results, names, compared, held, held_names)
    return _said(drawn, title)


def _said(drawn: Sequence[_Drawn], title: str) -> str:
    return " ".join([f"{title}."] * bool(title) + [each.said for each in drawn])


def still(
    results: Sequence[Result],
    names: Sequence[str],
    title: str = "",
    compared: Sequence[Result] = (),
    planes: Sequence[Result] = (),
    held: Sequence[Result] = (),
    held_names: Sequence[str] = (),
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
    held : sequence of dict
        Of the view "traces": the setting B.
    held_names : sequence of str
        What its experiments are called; none for a single one.

    Returns
    -------
    str
        A well-formed document with the root ``svg``; its title is `in_words`.
    """
    low, high = min(r["window"][0] for r in results), max(r["window"][1] for r in results)
    span = (low, high if high - low > 1e-300 else low + 1.0)  # a run of no length has an axis too
    drawn = _listed(results, names, compared, held, held_names)
    drawing: list[str] = []
    y = _words(drawing, drawn, title)
    for panel, axis in (("I", "current I (nA)"), ("V", "membrane potential V (mV)")):
        y = _panel(drawing, panel, axis, y, span, drawn)
    y = _raster(drawing, y, span, drawn)
    if compared:
        y = _errors(drawing, y, span, drawn)
    y = _time_axis(drawing, y, span)
    if planes:
        y = plane(drawing, y, planes, (LEFT, PLOT, RIGHT))
    words = svg.plain(_said(drawn, title))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
        f'viewBox="0 0 {WIDTH} {y}" role="img" font-family="system-ui, -apple-system, '
        f'Segoe UI, Roboto, Helvetica, Arial, sans-serif" font-size="{svg.SIZE}" '
        f'fill="{svg.INK}"><title>{words}</title>'
        f'<rect width="{WIDTH}" height="{y}" fill="{svg.GROUND}"/>{"".join(drawing)}</svg>'
    )


def _listed(
    results: Sequence[Result],
    names: Sequence[str],
    compared: Sequence[Result],
    held: Sequence[Result],
    held_names: Sequence[str],
) -> list[_Drawn]:
    """Return all that is drawn: each experiment, beneath it what is compared, then B."""
    found = []
    count = len(results)
    for k, (result, name) in enumerate(zip(results, names, strict=True)):
        said = result["sentence"]
        said = f"{name}: {said}" if name else said
        found.append(_Drawn("exact", result, k, count, name or "exact", said))
        if k < len(compared):
            method = compared[k]
            short = method["label"].split(",")[0]
            found.append(_Drawn("method", method, k, count, short, method["sentence"]))
    for k, result in enumerate(held):
        name = held_names[k] if k < len(held_names) else ""
        name = f"B, {name}" if name else "B"
        found.append(_Drawn("held", result, k, len(held), name, f"{name}: {result['sentence']}"))
    return found


def _words(drawing: list[str], drawn: Sequence[_Drawn], title: str) -> int:
    y = _TOP
    if title:
        title = svg.shortened(title, 0.9 * (_EDGE - 12), 15)  # bold is wider
        drawing.append(svg.text(12, y + 4, title, size=15, weight=600))
        y += LINE + 6
    x = _TEXT if len(drawn) > 1 else 12
    for each in drawn:
        # Of many methods only those that say something are kept, as on the page.
        is_silent = not (each.result["spikes"] or each.result.get("missed"))
        if each.kind == "method" and each.count > 1 and is_silent and not each.result["crowded"]:
            continue
        if len(drawn) > 1:
            drawing.append(svg.key(y, each.style("V")))
        y = svg.paragraph(drawing, y, each.said, x, _EDGE)
        numbers = ",  ".join(
            f"{readout['label']} {readout['text']} {readout['unit']}".strip()
            for readout in each.result["readouts"]
            if readout["text"] != "–"
        )
        y = svg.paragraph(drawing, y, numbers, x, _EDGE, svg.QUIET) + 2
    x = _TEXT
    for name, shape, hollow in (("missed", "down", True), ("extra", "cross", False)):
        if any(each.result.get(name) for each in drawn):
            drawing.append(svg.marker(x - svg.KEY / 2 - 10, y - 4, shape, svg.BAD, 4, hollow))
            drawing.append(svg.text(x, y, f"{name} spike"))
            x += 130
    return y + (LINE if x > _TEXT else 0)


def _panel(
    drawing: list[str], panel: str, axis: str, top: int, span: Span, drawn: Sequence[_Drawn]
) -> int:
    height = _HEIGHTS[panel]
    lines = _levels(drawn) if panel == "V" else []
    low, high = _range(panel, drawn, [line["value"] for line, _ in lines])
    drawn = [each for each in drawn if panel == "V" or each.kind != "method"]

    def at(value: float) -> float:
        return top + height * (high - value) / (high - low)

    for tick, label in ticks.linear(low, high, 3 if panel == "I" else 5):
        drawing.append(svg.stroke(f"M{LEFT} {at(tick):.1f}h{PLOT}", (svg.GRID, "")))
        drawing.append(svg.text(LEFT - 6, at(tick) + 4, label, colour=svg.QUIET, anchor="end"))
    for tick, _ in _times(span):
        drawing.append(svg.stroke(f"M{_x(tick, span):.1f} {top}v{height}", (svg.GRID, "")))
    middle = top + height / 2
    drawing.append(svg.text(16, middle, axis, colour=svg.QUIET, anchor="middle", turned=True))
    # An inner picture cuts off a method that explodes.
    frame = f'x="{LEFT}" y="{top - 2}" width="{PLOT}" height="{height + 4}"'
    drawing.append(f'<svg {frame} viewBox="{LEFT} {top - 2} {PLOT} {height + 4}">')
    # B at the back; then the one with the most spikes, as it covers most.
    order = {"held": 0, "exact": 1, "method": 2}
    for each in sorted(drawn, key=lambda e: (order[e.kind], -len(e.result["spikes"]))):
        drawing.append(_trace(panel, each, drawn, span, at))
    names: list[tuple[Result, Style]] = []
    for each in drawn if panel == "I" else ():
        look = each.style(panel)[0], _AFTER
        left = each.result["asc"]
        if left:
            drawing.append(svg.stroke(_path(each.result["asc_t"], left, span, at), look, 1.5))
            names.append(({"value": left[-1], "label": "after spikes"}, look))
        if each.kind == "exact" and each.result["kick"]:
            arrows, largest = _kicks(each.result, top, height, span)
            look = (svg.INK if each.count == 1 else look[0]), ""
            drawing.append(svg.stroke(arrows, look))
            names.append(({"value": low, "label": f"kicks, to {largest:.3g} mV"}, look))
    for each in drawn if panel == "V" else ():
        # A threshold that moves; its resting value has a name.
        moving = _path(each.result.get("theta_t", ()), each.result.get("theta", ()), span, at)
        drawing.append(svg.stroke(moving, _MOVING, 1.2) if moving else "")
    drawing.append("</svg>")
    _name_levels(drawing, names, top, height, at)
    for line, style in lines:
        drawing.append(svg.stroke(f"M{LEFT} {at(line['value']):.1f}h{PLOT}", style, 1.5))
    _name_levels(drawing, lines, top, height, at)
    drawing.append(svg.stroke(f"M{LEFT} {top}v{height}", (svg.QUIET, "")))
    return top + height + _GAP


def _trace(panel: str, each: _Drawn, drawn: Sequence[_Drawn], span: Span, at: At) -> str:
    colour, dash = each.style(panel)
    result = each.result
    most = 1.5 if each.count > 1 else 2.0
    if panel == "I":
        return svg.stroke(_path(result["I_t"], result["I"], span, at), (colour, dash), most)
    if not result["t"] and result["crowded"] and each.kind != "method":
        ends = [line["value"] for line in result["lines"] if line["role"] != "rest"]
        top, bottom = at(max(ends)), at(min(ends))
        return svg.box(LEFT, top, PLOT, max(1.0, bottom - top), colour, 0.25)
    own = len(result["spikes"])
    others = sum(len(other.result["spikes"]) for other in drawn) / 4
    share = 0.5 if result["crowded"] else PLOT / (_AIRY * (own + min(own, others)) or 1)
    # Dashes of flanks that stand close would mottle it.
    dash = "" if each.kind == "exact" and own * _CLOSE > PLOT else dash
    width = min(most, 2.0 * (0.5 if share < 0.65 else min(1.0, share)))
    return svg.stroke(_path(result["t"], result["V"], span, at), (colour, dash), width)


def _kicks(result: Result, top: int, height: int, span: Span) -> tuple[str, float]:
    """Return arrows up from the lower edge or down from the upper one, and the largest jump."""
    largest = max(map(abs, result["kick"]))
    path = []
    for t, size in _pairs(result["kick_t"], result["kick"]):
        up = -1 if size > 0.0 else 1
        foot = top + (height if up < 0 else 0)
        length = up * max(6.0, 0.5 * height * abs(size) / largest)
        path.append(
            f"M{_x(t, span):.1f} {foot}v{length:.1f}m-2.5 {-4 * up}l2.5 {4 * up}l2.5 {-4 * up}"
        )
    return "".join(path), largest


def _range(panel: str, drawn: Sequence[_Drawn], levels: Sequence[float]) -> Span:
    reached = [v for each in drawn if each.kind != "method" for v in each.result[panel]]
    if panel == "I":
        reached += [v for each in drawn for v in each.result.get("asc", ())]
    if panel == "V":
        reached += [v for each in drawn for v in each.result.get("theta", ())]
    reached += levels or [0.0]
    low, high = min(reached), max(reached)
    if panel == "V":
        others = [v for each in drawn if each.kind == "method" for v in each.result["V"]]
        most = _MOST * (high - low)
        low = max(min([low, *others]), low - most)
        high = min(max([high, *others]), high + most)
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def _levels(drawn: Sequence[_Drawn]) -> list[tuple[Result, Style]]:
    """Return the levels of A, and those of B that are others; each once."""
    found: dict[tuple[str, float], tuple[Result, Style]] = {}
    for each in drawn:
        for line in each.result["lines"] if each.kind != "method" else ():
            colour, dash = _LEVELS.get(line["role"], _LEVELS["rest"])
            label = line["label"]
            if each.kind == "held":
                # The symbol must do: the margin is narrow, and A's label has the whole name.
                colour, label = svg.SECOND, f"{label.split(' ')[-1]} of B"
            level = ({**line, "label": label}, (colour, dash))
            found.setdefault((line["name"], line["value"]), level)
    return list(found.values())


def _name_levels(
    drawing: list[str], lines: Sequence[tuple[Result, Style]], top: int, height: int, at: At
) -> None:
    """Write the names of the levels right of the panel, where no trace is."""
    line_height = min(14.0, height / max(1, len(lines)))
    size = min(_NAME, 0.8 * line_height)
    ends = [at(line["value"]) for line, _ in lines]
    right = LEFT + PLOT
    places = svg.spread(ends, line_height, top, top + height)
    for (line, (colour, _)), end, place in zip(lines, ends, places, strict=True):
        joint = f"M{right} {end:.1f}h2L{right + 11} {place:.1f}h2"
        drawing.append(svg.stroke(joint, (colour, ""), 0.75))
        drawing.append(svg.text(right + 16, place + 0.35 * size, line["label"], size=size))


def _raster(drawing: list[str], top: int, span: Span, rows: Sequence[_Drawn]) -> int:
    height = _ROW * len(rows)
    several = any(each.count > 1 for each in rows)
    if several:
        middle = top + height / 2
        word = svg.text(16, middle, "spikes", colour=svg.QUIET, anchor="middle", turned=True)
    else:
        word = svg.text(LEFT - 6, top + 12, "spikes", colour=svg.QUIET, anchor="end")
    drawing.append(word)
    marks: list[str] = []
    for row, each in enumerate(rows):
        y = top + _ROW * row
        result, style = each.result, each.style("spikes")
        if several:
            drawing.append(svg.stroke(f"M{LEFT - 46} {y + 8}h{svg.KEY}", style, 1.5))
        if len(rows) > 1:
            name = svg.shortened(each.name, RIGHT - 12, _NAME)
            drawing.append(svg.text(LEFT + PLOT + 6, y + 12, name, size=_NAME))
        if result["crowded"] and not result["spikes"]:
            drawing.append(svg.box(LEFT, y + 2, PLOT, 12, style[0], 0.3))
            message = result["crowded"]["message"]
            middle = LEFT + PLOT / 2
            marks.append(svg.text(middle, y + 12, message, anchor="middle", halo=True))
        columns = sorted({round(_x(t, span), 1) for t in result["spikes"]})
        path = "".join(f"M{x:g} {y + 2}v12" for x in columns)
        drawing.append(svg.stroke(path, (style[0], ""), 1.5))
        if each.kind == "method":
            marks += _marks(result["missed"], y + 8 - _ROW, span, "down", 4)
            marks += _marks(result["extra"], y + 8, span, "cross", 3.5)
    drawing += marks
    return top + height


def _marks(times: Sequence[float], y: float, span: Span, shape: str, size: float) -> list[str]:
    """Return marks no closer than they are wide: more would be a smear."""
    found = []
    last = -math.inf
    for t in times:
        x = max(LEFT + size, min(LEFT + PLOT - size, _x(t, span)))
        if x - last >= 1.6 * size:
            found.append(svg.marker(x, y, shape, svg.BAD, size, shape == "down"))
            last = x
    return found


def _errors(drawing: list[str], top: int, span: Span, rows: Sequence[_Drawn]) -> int:
    """Draw how late each spike of the compared method comes."""
    height = _HEIGHTS["error"]
    top += 22
    methods = [each for each in rows if each.kind == "method"]
    largest = max([abs(e) for each in methods for e in each.result["error"]], default=0.0) or 1.0
    end = ticks.linear(0.0, 1.2 * largest, 2)[-1]
    reach = max(1.1 * largest, end[0])

    def at(value: float) -> float:
        return top + 0.5 * height * (1.0 - value / reach)

    for value, label in ((end[0], f"+{end[1]}"), (0.0, "0"), (-end[0], f"−{end[1]}")):
        drawing.append(svg.stroke(f"M{LEFT} {at(value):.1f}h{PLOT}", (svg.GRID, "")))
        drawing.append(svg.text(LEFT - 6, at(value) + 4, label, colour=svg.QUIET, anchor="end"))
    drawing.append(svg.text(LEFT, top - 5, "spike-time error (ms)", colour=svg.QUIET))
    drawing.append(svg.stroke(f"M{LEFT} {at(0.0):.1f}h{PLOT}", (svg.QUIET, "")))
    for place, word in ((top + 10, "late"), (top + height - 2, "early")):
        drawing.append(svg.text(LEFT + PLOT + 6, place, word, size=_NAME, colour=svg.QUIET))
    for each in methods:
        colour, dash = each.style("V")
        times, errors = each.result["error_t"], each.result["error"]
        if len(methods) > 1:
            drawing.append(svg.stroke(_path(times, errors, span, at), (colour, dash), 1.5))
        else:
            stems = {(f"{_x(t, span):.1f}", f"{at(e):.1f}"): 0 for t, e in _pairs(times, errors)}
            path = "".join(f"M{x} {at(0.0):.1f}V{y}" for x, y in stems)
            drawing.append(svg.stroke(path, (colour, "")))
        if len(times) * 8 < PLOT:
            shape = _MARKERS[each.index % 4]
            places = [(_x(t, span), at(e)) for t, e in _pairs(times, errors)]
            drawing += [svg.marker(x, y, shape, colour, 2.2) for x, y in places]
    drawing.append(svg.stroke(f"M{LEFT} {top}v{height}", (svg.QUIET, "")))
    return top + height


def _pairs(times: Sequence[float], values: Sequence[float]) -> zip[tuple[float, float]]:
    return zip(times, values, strict=True)


def _times(span: Span) -> list[ticks.Tick]:
    """Return the ticks of the time axis, as many as have room beside each other."""
    for about in (10, 8, 5, 4, 3):
        found = ticks.linear(*span, about)
        if sum(svg.width_of(label) + 14 for _, label in found) < PLOT:
            break
    return found


def _time_axis(drawing: list[str], top: int, span: Span) -> int:
    drawing.append(svg.stroke(f"M{LEFT} {top + 4}h{PLOT}", (svg.QUIET, "")))
    for tick, label in _times(span):
        x = _x(tick, span)
        drawing.append(svg.stroke(f"M{x:.1f} {top + 4}v5", (svg.QUIET, "")))
        drawing.append(svg.text(x, top + 22, label, colour=svg.QUIET, anchor="middle"))
    middle = LEFT + PLOT / 2
    drawing.append(svg.text(middle, top + 40, "time (ms)", colour=svg.QUIET, anchor="middle"))
    return top + 50


def _x(time: float, span: Span) -> float:
    return LEFT + PLOT * (time - span[0]) / (span[1] - span[0])


def _path(times: Sequence[float], values: Sequence[float], span: Span, at: At) -> str:
    points: list[str] = []
    for t, v in _pairs(times, values):
        point = f"{_x(t, span):.1f} {at(v):.1f}"
        if not points or point != points[-1]:
            points.append(point)
    return f"M{'L'.join(points)}" if points else ""
