"""Strokes, marks and text for SVG pictures, looking as they do on the lab's page.

Plain Python, and attributes only: no font, script, style sheet or file from elsewhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from unicodedata import east_asian_width

INK, QUIET, GRID, GROUND = "#1a1d21", "#545c66", "#e3e7eb", "#ffffff"
# Okabe and Ito's colours, as on the page.
BLUE, VERMILION, GREEN, PURPLE, BAD = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b3261e"
COMPARED, SECOND = "#b87f00", "#2e93cf"

SIZE, LINE = 12, 18
KEY = 40
"""Width of a sample of a line, px: long enough to tell the dashes apart."""

Style = tuple[str, str]
"""A colour and a dash."""

_NO_CONTROLS = dict.fromkeys(range(32), " ") | {0x7F: " ", 0xFFFE: " ", 0xFFFF: " "}
_GREEK = {
    "tau": "τ",
    "theta": "θ",
    "Delta": "Δ",
    "omega": "ω",
    "phi": "φ",
    "lambda": "λ",
    "alpha": "α",
    "delta": "δ",
    "sigma": "σ",
    "mu": "µ",
    "pi": "π",
}
_UNITS = {"MOhm": "MΩ", "uS": "µS", "us": "µs"}
_UNIT = re.compile(rf"\b({'|'.join(_UNITS)})\b", re.ASCII)
# In running text, where words keep their hyphens.
_MINUS = re.compile(r"(?<![\w)])-(?=[\w.(])|(?<=\de)-(?=\d)|(?<= )-(?= )", re.ASCII)
_LETTERS = "|".join(_GREEK)
_SYMBOL = re.compile(
    rf"(?<![A-Za-z0-9_'])(?:({_LETTERS}|[A-Za-z])_([A-Za-z0-9]+)|({_LETTERS})(?![A-Za-z0-9_]))"
)
_SMALL, _LOW = 0.75, 0.25  # subscripts: their size, and how deep they stand
_NARROW = frozenset(" .,:;!|'()[]ijlftr-")


def plain(text: str) -> str:
    """Return a text for XML, without the characters that XML has no place for."""
    return html.escape(
        "".join(c for c in text.translate(_NO_CONTROLS) if not "\ud800" <= c <= "\udfff")
    )


def parts(text: str) -> list[tuple[str, str]]:
    """Split a text as the page does: "R_m I" is a symbol R, a subscript m, and plain text."""
    printed = _MINUS.sub("−", _UNIT.sub(lambda found: _UNITS[found[0]], text))
    found: list[tuple[str, str]] = []
    end = 0
    for match in _SYMBOL.finditer(printed):
        symbol, sub = match[1] or match[3], match[2]
        found.append(("plain", printed[end : match.start()]))
        found.append(("symbol", _GREEK.get(symbol, symbol)))
        found.append(("sub", sub or ""))
        end = match.end()
    found.append(("plain", printed[end:]))
    return [(kind, part) for kind, part in found if part]


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = SIZE,
    weight: int = 0,
    colour: str = "",
    anchor: str = "",
    halo: bool = False,
    turned: bool = False,
) -> str:
    """Return a line of text, with symbols in italics and subscripts low."""
    inner = []
    is_low = False
    for kind, part in parts(words):
        how = ' font-style="italic"' if kind == "symbol" else ""
        how += f' font-size="{_SMALL * size:g}"' if kind == "sub" else ""
        # What follows a subscript has to come up again.
        if shift := (kind == "sub") - is_low:
            how += f' dy="{shift * _LOW * size:g}"'
        is_low = kind == "sub"
        inner.append(f"<tspan{how}>{plain(part)}</tspan>" if how else plain(part))
    place = f'transform="translate({x:g} {y:.1f}) rotate(-90)"' if turned else ""
    place = place or f'x="{x:g}" y="{y:.1f}"'
    place += f' font-size="{size:g}"' if size != SIZE else ""
    place += f' font-weight="{weight}"' if weight else ""
    place += f' fill="{colour}"' if colour else ""
    place += f' text-anchor="{anchor}"' if anchor else ""
    place += f' paint-order="stroke" stroke="{GROUND}" stroke-width="3"' if halo else ""
    return f"<text {place}>{''.join(inner)}</text>"


def paragraph(
    drawing: list[str], y: int, words: str, x: float, right: float, colour: str = ""
) -> int:
    """Draw lines of text between two edges; return where the next line goes."""
    for line in _wrapped(words, right - x):
        drawing.append(text(x, y, line, colour=colour))
        y += LINE
    return y


def width_of(words: str, size: float = SIZE) -> float:
    """Return about how wide a text is, in the widest of the usual fonts."""
    return size * sum(
        (_SMALL if kind == "sub" else 1.0) * _width(c) for kind, part in parts(words) for c in part
    )


def _width(c: str) -> float:
    if east_asian_width(c) in "WF":
        return 1.05
    return 0.37 if c in _NARROW else 0.98 if c in "mMW" else 0.78 if c.isupper() else 0.63


def _wrapped(words: str, room: float) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in words.split():
        while width_of(word) > room:
            # No font is wider than this on average: at least so many letters fit.
            fit = max(1, int(room / (1.05 * SIZE)))
            lines += [line] if line else []
            lines.append(word[:fit])
            line, word = "", word[fit:]
        joined = f"{line} {word}".strip()
        if width_of(joined) > room:
            lines.append(line)
            joined = word
        line = joined
    return [*lines, line] if line or not lines else lines


def shortened(words: str, room: float, size: float) -> str:
    """Return as much of a text as fits, with an ellipsis for the rest."""
    if width_of(words, size) <= room:
        return words
    while words and width_of(f"{words}…", size) > room:
        words = words[:-1]
    return f"{words.rstrip()}…"


def stroke(path: str, style: Style, width: float = 1.0) -> str:
    """Return a line."""
    colour, dash = style
    if not path:
        return ""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed} '
        'stroke-linejoin="round"/>'
    )


def box(x: float, y: float, width: float, height: float, colour: str, opacity: float = 1) -> str:
    """Return a filled rectangle."""
    seen = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    size = f'width="{width:g}" height="{height:.1f}"'
    return f'<rect x="{x:g}" y="{y:.1f}" {size} fill="{colour}"{seen}/>'


_OUTLINES = {
    "square": "m{0} {0}h-{1}v-{1}h{1}z",
    "triangle": "m0 -{0}l{0} {1}h-{1}z",
    "down": "m0 {0}l-{0} -{1}h{1}z",
    "diamond": "m0 -{1}l{0} {1}l-{0} {1}l-{0} -{1}z",
    "cross": "m-{0} -{0}l{1} {1}m0 -{1}l-{1} {1}",
}


def marker(x: float, y: float, shape: str, colour: str, size: float, hollow: bool = False) -> str:
    """Return a mark of about twice ``size`` in width; a shape of no known name is a circle."""
    fill = GROUND if hollow else colour
    if shape not in _OUTLINES:
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}" fill="{fill}" stroke="{colour}" '
            'stroke-width="1.5"/>'
        )
    factor = 1.4 if shape == "diamond" else 1.8
    outline = _OUTLINES[shape].format(f"{size:g}", f"{factor * size:g}")
    fill = "none" if shape == "cross" else fill
    return (
        f'<path d="M{x:.1f} {y:.1f}{outline}" fill="{fill}" stroke="{colour}" stroke-width="1.5"/>'
    )


def key(y: float, style: Style, shape: str = "", hollow: bool = False, bare: bool = False) -> str:
    """Return a sample of a line with its marker, left of the first line of a text."""
    line = "" if bare else stroke(f"M12 {y - 4:g}h{KEY}", style, 2.0)
    return line + (marker(12 + KEY / 2, y - 4, shape, style[0], 3.5, hollow) if shape else "")


def spread(wanted: Sequence[float], height: float, low: float, high: float) -> list[float]:
    """Return places near those wanted that are ``height`` apart and, if there is room, within."""
    blocks: list[tuple[list[int], float]] = []

    def settled(members: list[int]) -> tuple[list[int], float]:
        mean = sum(wanted[k] for k in members) / len(members)
        half = 0.5 * height * (len(members) - 1)
        return members, max(low + half, min(high - half, mean))

    for k in sorted(range(len(wanted)), key=lambda each: wanted[each]):
        block = settled([k])
        while blocks and block[1] - blocks[-1][1] < 0.5 * height * (
            len(block[0]) + len(blocks[-1][0])
        ):
            block = settled([*blocks.pop()[0], *block[0]])
        blocks.append(block)
    places = [0.0] * len(wanted)
    for members, centre in blocks:
        for place, k in enumerate(members):
            places[k] = centre + height * (place - 0.5 * (len(members) - 1))
    return places
