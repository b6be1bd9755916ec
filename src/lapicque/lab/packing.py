"""Long lists of numbers as text: a tenth of the time that JSON takes for them, a third of the size.

A packed list is ``{"f8": base64}``, little-endian doubles, or ``{"f4": base64, "add": x}``,
little-endian floats whose values are to be added to x: sharper than any screen, not exact.
"""

from __future__ import annotations

import sys
from array import array
from base64 import b64encode
from typing import Any

# What a picture is drawn from; anything that is read as a number stays exact.
DRAWN = {"t", "V", "I_t", "I", "theta_t", "theta", "asc_t", "asc", "kick_t", "kick"}
EXACT = {"spikes", "missed", "extra", "error_t", "error", "x", "y"}

_LARGEST = 3e38


def pack(reply: dict[str, Any]) -> dict[str, Any]:
    """Return the same reply with its long lists packed."""
    packed: dict[str, Any] = {}
    for key, value in reply.items():
        if key in DRAWN:
            packed[key] = _drawn(value)
        elif key in EXACT and isinstance(value, list):
            packed[key] = {"f8": _text(array("d", value))}
        elif isinstance(value, dict):
            packed[key] = pack(value)
        elif isinstance(value, list):
            packed[key] = [pack(v) if isinstance(v, dict) else v for v in value]
        else:
            packed[key] = value
    return packed


def _drawn(values: list[float]) -> dict[str, Any]:
    # Counted from the first: what differs little from it is as sharp as what differs much.
    add = values[0] if values else 0.0
    differences = [v - add for v in values]
    if values and not (min(differences) > -_LARGEST and max(differences) < _LARGEST):
        differences = [max(-_LARGEST, min(_LARGEST, d)) for d in differences]
    floats = array("f", differences)
    return {"f4": _text(floats), "add": add}


def _text(values: array[float]) -> str:
    if sys.byteorder == "big":
        values = array(values.typecode, values)
        values.byteswap()
    return b64encode(values).decode("ascii")
