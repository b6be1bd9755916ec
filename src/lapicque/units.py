"""Units at the border: "30 nS" and quantity objects become plain numbers; inside are only floats.

The package's own units (ms, mV, nA, MOhm, nF, uS, Hz) need no factors between them: MOhm nA = mV,
MOhm nF = ms.
"""

from __future__ import annotations

import math
from typing import Any

from .errors import UnitError, brief

# Symbol -> powers of (second, volt, ampere); every unit of the field is one of these, prefixed.
_BASES = {
    "s": (1, 0, 0),
    "V": (0, 1, 0),
    "A": (0, 0, 1),
    "Ohm": (0, 1, -1),
    "ohm": (0, 1, -1),
    "\N{GREEK CAPITAL LETTER OMEGA}": (0, 1, -1),
    "\N{OHM SIGN}": (0, 1, -1),
    "F": (1, -1, 1),
    "S": (0, -1, 1),
    "C": (1, 0, 1),
    "Hz": (-1, 0, 0),
    "rad": (0, 0, 0),
}
_PREFIXES = {
    "": 0, "f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6,
    "m": -3, "k": 3, "M": 6, "G": 9,
}  # fmt: skip

Dimension = tuple[int, int, int]


def parse_unit(text: str) -> tuple[Dimension, int]:
    """Return a unit's dimension and its power of ten relative to SI.

    Parameters
    ----------
    text : str
        Products, quotients and powers of prefixed units: "nS", "nA/ms", "1/ms", "mV*ms^-1".

    Raises
    ------
    KeyError
        If a part is no unit.
    """
    dimension = [0, 0, 0]
    exponent = 0
    text = text.strip().replace("**", "^").replace("·", "*")
    for i, factor in enumerate(text.replace("/", "*/").split("*")):
        factor = factor.strip()
        if factor.startswith("/"):
            sign, factor = -1, factor[1:].strip()
        else:
            sign = 1
        if factor == "1" or (factor == "" and i == 0 and "/" not in text):
            continue
        symbol, raised, power_text = factor.partition("^")
        try:
            power = sign * (max(-9999, min(9999, int(power_text))) if raised else 1)
        except ValueError:
            raise KeyError(factor) from None
        symbol = symbol.strip()
        for base, powers in _BASES.items():
            if symbol.endswith(base) and symbol[: len(symbol) - len(base)] in _PREFIXES:
                exponent += power * _PREFIXES[symbol[: len(symbol) - len(base)]]
                dimension = [d + power * p for d, p in zip(dimension, powers, strict=True)]
                break
        else:
            raise KeyError(factor)
    return (dimension[0], dimension[1], dimension[2]), exponent


def to_number(value: Any, unit: str, name: str) -> float:
    """Return a number, a text such as "30 nS" or a quantity object as a float in ``unit``.

    Parameters
    ----------
    value : float, str or quantity
        Quantities of pint, quantities, astropy and Brian2 are known by what they can do; none of
        these packages is imported.
    unit : str
        The unit that a plain number is in.
    name : str
        What the value is for, for messages.

    Raises
    ------
    UnitError
        If the value has another dimension, or is no number.
    """
    if isinstance(value, float):
        return float(value)
    if isinstance(value, bool) or value is None:
        raise UnitError(name, _must_be(unit), value)
    if isinstance(value, int):
        return _as_float(value, unit, name)
    if isinstance(value, str):
        return _from_text(value, unit, name)
    if hasattr(value, "dim") and hasattr(value, "get_best_unit"):
        return _from_brian2(value, unit, name)
    if hasattr(value, "to_value") and hasattr(value, "unit"):
        return _converted(lambda u: value.to_value(u), value, unit, name)
    if hasattr(value, "rescale") and hasattr(value, "dimensionality"):
        return _converted(lambda u: value.rescale(u).magnitude, value, unit, name)
    if hasattr(value, "magnitude") and hasattr(value, "to"):
        return _converted(lambda u: value.to(u).magnitude, value, unit, name)
    scalar = hasattr(value, "__float__") and not hasattr(value, "__len__")
    if scalar or getattr(value, "shape", None) == ():
        return _as_float(value, unit, name)
    raise UnitError(name, _must_be(unit), value)


def _must_be(unit: str) -> str:
    return f"must be a number in {unit}" if unit else "must be a number"


def _as_float(value: Any, unit: str, name: str) -> float:
    if getattr(getattr(value, "dtype", None), "kind", "") in ("c", "b"):
        raise UnitError(name, _must_be(unit), value)
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        raise UnitError(name, _must_be(unit), value) from None


def _from_text(text: str, unit: str, name: str) -> float:
    import re  # here, because most numbers arrive as numbers

    body = text.strip()
    match = re.match(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,999})?", body)
    if match is None:
        raise UnitError(name, _must_be(unit), text, 'Write a number, or "30 nS".')
    symbol = body[match.end() :].strip()
    if not symbol:
        return float(match[0])
    try:
        dimension, exponent10 = parse_unit(symbol)
    except KeyError as error:
        raise UnitError(
            name, f"has an unknown unit `{brief(error.args[0])[1:-1]}`", text, f"Use {unit}."
        ) from None
    own_dimension, own_exponent = parse_unit(unit)
    if dimension != own_dimension:
        raise UnitError(name, f"must be convertible to {unit or 'a pure number'}", text)
    number = _shifted(match[0], exponent10 - own_exponent)
    if number == 0.0 and match[1].strip("0."):
        raise UnitError(name, f"must be a number that a double can hold in {unit}", text)
    return number


def _shifted(decimal: str, exponent: int) -> float:
    # Shifting the decimal's own exponent rounds once; multiplying by a power of ten would again.
    mantissa, _, own = decimal.lower().partition("e")
    return float(f"{mantissa}e{max(-9999, min(9999, int(own or 0))) + exponent}")


def _from_brian2(value: Any, unit: str, name: str) -> float:
    # Brian2 holds SI numbers and powers of (m, kg, s, A, K, mol, cd); 1 V = 1 m^2 kg s^-3 A^-1.
    dimension, exponent = parse_unit(unit)
    second, volt, ampere = dimension
    own = (2 * volt, volt, second - 3 * volt, ampere - volt, 0, 0, 0)
    if tuple(round(float(p), 9) for p in value.dim._dims) != own:
        raise UnitError(name, f"must be convertible to {unit or 'a pure number'}", value)
    number = _as_float(value, unit, name)
    # Brian2's 1.6e-9 A is the decimal that was meant.
    return _shifted(repr(number), -exponent) if math.isfinite(number) else number


def _converted(convert: Any, value: Any, unit: str, name: str) -> float:
    spelled = unit.replace("Ohm", "ohm") if unit else ""
    try:
        return _as_float(convert(spelled), unit, name)
    except UnitError:
        raise
    except Exception:  # each package has an error of its own for a wrong dimension
        raise UnitError(name, f"must be convertible to {unit or 'a pure number'}", value) from None
