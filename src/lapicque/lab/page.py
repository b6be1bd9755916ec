"""The lab in a page: Python runs in the browser (Pyodide) and is asked through `reply`."""

from __future__ import annotations

from .answer import answer
from .frames import FrameError, decode, encode, failure, respond


def reply(text: str) -> str:
    """Return the reply to a request, both as JSON text; whatever the text is, there is one."""
    try:
        request = decode(text)
    except FrameError as bad:
        return encode(failure(bad.id, bad.rule, bad.value, str(bad)))
    return respond(answer, request)
