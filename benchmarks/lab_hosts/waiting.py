"""Waiting for something outside this process, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Ask until it is so; SystemExit with the name of what did not come."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not come up in {seconds:g} s")
        time.sleep(0.1)
