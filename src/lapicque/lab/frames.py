"""Requests and replies as text: what the hosts that talk in JSON share.

Strict on the way in, complete on the way out: every request gets a reply, whatever it is and
whatever goes wrong.
"""

from __future__ import annotations

import json
import logging
import math
import traceback
from collections.abc import Callable, Mapping
from typing import Any

Answer = Callable[[object], Mapping[str, object]]
"""What requests are carried to: `lapicque.lab.answer.answer`, or a stand-in in a test."""

MAX_DEPTH = 64
"""Nesting of one request; an experiment needs six."""

_log = logging.getLogger("lapicque.lab")


class FrameError(Exception):
    """A text that is no request: the rule it breaks and what was received."""

    def __init__(self, rule: str, value: object, message: str, id: object = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.value = value
        self.id = id


def decode(text: str) -> dict[str, Any]:
    """Return the request in one text frame, or raise `FrameError`.

    Strict JSON: Python's own reader also takes NaN, Infinity and 1e999, and breaks off without
    a JSON error on deep nesting and on integers of thousands of digits.
    """
    try:
        request = json.loads(
            text, parse_constant=_refuse, parse_float=_finite_float, parse_int=_finite_int
        )
        deep = text.count("[") + text.count("{") > MAX_DEPTH and _depth(request) > MAX_DEPTH
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise FrameError(
            "a frame must be JSON", _excerpt(text), f"a frame must be JSON ({error.msg} at {where})"
        ) from None
    except _RangeError as error:
        raise FrameError(
            "a number must be finite",
            error.literal,
            f"a number in a frame must be finite (got {error.literal})",
            _lenient_id(text),
        ) from None
    except RecursionError:
        deep = True
    if deep:
        rule = f"a frame must nest at most {MAX_DEPTH} deep"
        raise FrameError(rule, _excerpt(text), rule)
    if not isinstance(request, dict):
        kind = type(request).__name__
        rule = "a request must be a JSON object"
        raise FrameError(rule, _excerpt(text), f"{rule} (got {_excerpt(text)}, a {kind})")
    return request


def readable_id(request: object) -> str | int | float | None:
    """Return the request's `id` if a reply can carry it back: a short text or a number."""
    if not isinstance(request, dict):
        return None
    id = request.get("id")
    if isinstance(id, str) and len(id) <= 200:
        return id
    if isinstance(id, (int, float)) and not isinstance(id, bool):
        return id
    return None


def respond(answer: Answer, request: dict[str, Any]) -> str:
    """Return the reply to `request` as JSON text; whatever `answer` does, there is one."""
    id = readable_id(request)
    try:
        reply = dict(answer(request))
        reply.setdefault("id", id)
        return encode(reply)
    except BaseException as error:
        _log.error("the lab could not answer a request", exc_info=error)
        name = type(error).__name__
        return encode(
            failure(
                id,
                "internal",
                None,
                "this is an error in lapicque, not in your input: "
                f"{name}: {error}. The lab goes on; please report it.",
                report="".join(traceback.format_exception(error)),
            )
        )


class _RangeError(Exception):
    def __init__(self, literal: str) -> None:
        super().__init__(literal)
        self.literal = literal if len(literal) <= 40 else literal[:37] + "..."


def _refuse(literal: str) -> float:
    raise _RangeError(literal)


def _finite_float(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise _RangeError(literal)
    return number


def _finite_int(literal: str) -> int:
    if len(literal) > 300:  # so that it fits a double, and Python's limit of digits is not met
        raise _RangeError(literal)
    return int(literal)


def _lenient_id(text: str) -> object:
    def nothing(literal: str) -> None:
        return None

    def number(literal: str) -> int | None:
        return int(literal) if len(literal) <= 300 else None

    try:
        return readable_id(json.loads(text, parse_constant=nothing, parse_int=number))
    except (ValueError, RecursionError):
        return None


def _depth(value: object) -> int:
    """Nesting of a JSON value, level by level, without recursion."""
    depth, level = 0, [value] if isinstance(value, (dict, list)) else []
    while level:
        inner = (x.values() if isinstance(x, dict) else x for x in level)
        level = [x for items in inner for x in items if isinstance(x, (dict, list))]
        depth += 1
    return depth


def _excerpt(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def failure(
    id: object, rule: str, value: object, message: str, **more: object
) -> dict[str, object]:
    """Return the reply that says what was wrong."""
    error = {"path": None, "rule": rule, "value": value, "message": message, **more}
    return {"id": id, "ok": False, "error": error}


def encode(reply: Mapping[str, object]) -> str:
    """Return a reply as JSON text."""
    return json.dumps(reply, allow_nan=False, separators=(",", ":"))
