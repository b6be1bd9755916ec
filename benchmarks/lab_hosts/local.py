"""The local page, with the real `answer` or with replies recorded from it.

As a program, ``python -m lab_hosts.local PORT [null]``, it is the server; a null server plays back
while the last line it was sent is "play".
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .waiting import wait_until

Answer = Callable[[Any], dict[str, Any]]


class Recorder:
    """A stand-in for `answer`: it records, and plays back when told to.

    A request is answered with the reply it got before, under its new id: the same size, the same
    picture, nothing computed. Played back, one that was never asked gets the last reply.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._kept: dict[str, dict[str, Any]] = {}
        self._last: dict[str, Any] | None = None
        self.is_playing = False

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer or play back."""
        if request.get("kind") != "run":
            return self._answer(request)
        key = json.dumps({**request, "id": None})
        reply = self._kept.get(key)
        if reply is None and self.is_playing:
            reply = self._last
        if reply is None:
            reply = self._kept[key] = self._last = self._answer(request)
        return {**reply, "id": request.get("id")}


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LocalServer:
    """The lab's server in a process of its own; with `is_null`, one that can stop computing."""

    def __init__(self, is_null: bool = False) -> None:
        self.is_null = is_null
        port = free_port()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab_hosts.local", str(port), *(["null"] if is_null else [])],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.PIPE,
            text=True,
        )
        self.address = f"http://127.0.0.1:{port}/"
        wait_until(self._is_up, "the lab's server")

    def _is_up(self) -> bool:
        with suppress(OSError):
            return bool(urllib.request.urlopen(self.address, timeout=2).read())
        return False

    def tell(self, line: str) -> None:
        """Tell a null server to "record" or to "play"."""
        if self._process.stdin is not None:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def close(self) -> None:
        """Stop the process."""
        self._process.terminate()
        self._process.communicate(timeout=10)


def main() -> None:
    """Serve."""
    from lapicque.lab.answer import answer
    from lapicque.lab.server import serve

    recorder = Recorder(answer)

    def listen() -> None:
        for line in sys.stdin:
            recorder.is_playing = line.strip() == "play"

    threading.Thread(target=listen, daemon=True).start()
    port, *how = sys.argv[1:]
    is_null = how == ["null"]
    serve(
        int(port),
        open_browser=False,
        announce=lambda line: None,
        answer=recorder if is_null else answer,
    )


if __name__ == "__main__":
    main()
