"""Round values along an axis, with their labels: always two labels at least."""

from __future__ import annotations

import math
from collections.abc import Sequence

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Tick = tuple[float, str]


def linear(low: float, high: float, about: int) -> list[Tick]:
    """Return about so many values at equal distances, all with the same number of decimals."""
    size = max(abs(low), abs(high))
    # So near to each other that no round value lies between: the ends themselves.
    if not high - low > max(1e-13 * size, 1e-300):
        return [(low, _minus(repr(low)))] + [(high, _minus(repr(high)))] * (high > low)
    rough = (high - low) / max(1, about)
    exponent = math.floor(math.log10(rough))
    steps = [d * 10.0**e for e in (exponent - 1, exponent) for d in (1, 2, 5)]
    steps.append(10.0 ** (exponent + 1))
    place = min(range(len(steps)), key=lambda k: abs(math.log(steps[k] / rough)))
    first, last = _ends(low, high, steps[place])
    while last <= first and place > 0:
        place -= 1
        first, last = _ends(low, high, steps[place])
    step = steps[place]
    if size >= 1e7 or size < 1e-3:
        digits = max(3, math.ceil(math.log10(size / step)) + 1)
        return [(k * step, _minus(f"{k * step:.{digits}g}")) for k in range(first, last + 1)]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [(k * step, _minus(f"{k * step + 0.0:.{decimals}f}")) for k in range(first, last + 1)]


def _ends(low: float, high: float, step: float) -> tuple[int, int]:
    return math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)


def _minus(label: str) -> str:
    return label.replace("-", "−")


def logarithmic(low: float, high: float, room: int) -> tuple[list[Tick], list[float]]:
    """Return the labelled values of a logarithmic axis with room for so many, and those between.

    Labelled are 1, 2 and 5 of each decade, each decade or every n-th; of less than a decade, values
    at equal distances.
    """
    decades = math.log10(high / low)
    digits = (1, 2, 5) if 3 * decades <= room else (1,)
    stride = max(1, math.ceil(decades / max(1, room)))
    labelled: list[float] = []
    between: list[float] = []
    for power in range(math.floor(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1):
        for digit in range(1, 10) if stride == 1 else (1,):
            value = float(f"{digit}e{power}")
            if low * (1 - 1e-9) <= value <= high * (1 + 1e-9):
                chosen = digit in digits and power % stride == 0
                (labelled if chosen else between).append(value)
    if len(labelled) < 2 and stride > 1:
        return logarithmic(low, high, math.ceil(decades))
    if len(labelled) < 2:
        return linear(low, high, max(2, room)), []
    return list(zip(labelled, _powers(labelled), strict=True)), between


def _powers(values: Sequence[float]) -> list[str]:
    """Return plain numbers near one, else all as powers of ten."""
    if all(0.9e-3 < value < 0.9e5 for value in values):
        return [f"{value:g}" for value in values]
    found = []
    for value in values:
        digits, exponent = f"{value:e}".split("e")
        digit = "" if float(digits) == 1.0 else f"{float(digits):g}·"
        found.append(f"{digit}10{str(int(exponent)).translate(_RAISED)}")
    return found
