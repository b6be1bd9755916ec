"""The lab's local host: one page and one WebSocket on this computer's loopback address.

It computes nothing: every request goes to `answer` (request -> reply) in one worker thread and
every request gets exactly one reply, in the order of arrival; an error is a reply. While a run
is computed, only the newest of the runs that wait behind it is worth computing: the older ones
are answered `{"id": ..., "ok": false, "superseded": true}`.

Nobody but this computer's user may ask. The socket is bound to 127.0.0.1 and there is no option
to change that; the Host header must name this computer (a foreign page that points its own name
at 127.0.0.1 is refused), and a WebSocket must come from our own page (its Origin).
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import errno
import logging
import os
import queue
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import LapicqueError
from .frames import Answer, FrameError, decode, encode, failure, readable_id, respond

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from starlette.websockets import WebSocket

DEFAULT_PORT = 8907
"""Taken when no port is asked for and it is free."""

MAX_FRAME = 4 * 1024 * 1024
"""Bytes of one WebSocket message; a longer one closes the connection with code 1009."""

MAX_WAITING = 256
"""Frames of one connection that may wait; beyond that its socket is not read until some are
answered."""

STATIC = Path(__file__).parent / "static"

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
"""Our own table: the one of Python reads the Windows registry, which may call .js plain text."""

_INSTALL = "the lab needs starlette, uvicorn and websockets: pip install 'lapicque[lab]'"


class LabError(LapicqueError):
    """The lab cannot start; the message says why and what to do."""


# One connection -----------------------------------------------------------------------------


class _Worker:
    """One thread that computes, so that the event loop stays free.

    It is a daemon: Ctrl+C does not wait for a long computation.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[
            tuple[asyncio.AbstractEventLoop, asyncio.Future[str], Callable[[], str]]
        ] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="lapicque-lab", daemon=True).start()

    async def run(self, job: Callable[[], str]) -> str:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        self._jobs.put((loop, future, job))
        return await future

    def _work(self) -> None:
        def deliver(future: asyncio.Future[str], result: str) -> None:
            if not future.done():
                future.set_result(result)

        while True:
            loop, future, job = self._jobs.get()
            if future.done():  # whoever asked is gone
                continue
            result = job()
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(deliver, future, result)


@dataclass
class _Waiting:
    """A frame in the queue of its connection: a request, or the reply it gets already."""

    request: dict[str, Any] | None = None
    reply: str | None = None

    @property
    def is_run(self) -> bool:
        return self.request is not None and self.request.get("kind") == "run"

    def supersede(self) -> None:
        self.reply = encode({"id": readable_id(self.request), "ok": False, "superseded": True})
        self.request = None


def _read_frame(message: Mapping[str, Any]) -> _Waiting:
    text = message.get("text")
    try:
        if text is None:
            size = len(message.get("bytes") or b"")
            rule = "a frame must be text"
            raise FrameError(rule, size, f"{rule} (got a binary frame of {size} bytes)")
        return _Waiting(request=decode(text))
    except FrameError as bad:
        return _Waiting(reply=encode(failure(bad.id, bad.rule, bad.value, str(bad))))


class _Session:
    """One connection: reads ahead, so that newer runs supersede waiting ones; answers in order."""

    def __init__(self, websocket: WebSocket, answer: Answer, worker: _Worker) -> None:
        self._websocket = websocket
        self._answer = answer
        self._worker = worker
        self._waiting: collections.deque[_Waiting] = collections.deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()

    async def run(self) -> None:
        await self._websocket.accept()
        writing = asyncio.create_task(self._write())
        try:
            await self._read()
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            frame = _read_frame(message)
            if frame.is_run:
                for older in self._waiting:
                    if older.is_run:
                        older.supersede()
            self._waiting.append(frame)
            self._arrived.set()
            while len(self._waiting) >= MAX_WAITING:
                self._room.clear()
                await self._room.wait()

    async def _write(self) -> None:
        from starlette.websockets import WebSocketDisconnect

        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            frame = self._waiting.popleft()
            self._room.set()
            request, reply = frame.request, frame.reply
            if request is not None:
                reply = await self._worker.run(lambda request=request: self._respond(request))  # type: ignore[misc]
            try:
                await self._websocket.send_text(reply or "")
            except WebSocketDisconnect:
                return

    def _respond(self, request: dict[str, Any]) -> str:
        return respond(self._answer, request)


# The application ----------------------------------------------------------------------------


def make_app(answer: Answer, port: int, static: Path = STATIC) -> Starlette:
    """Return the ASGI application of a lab that is reached at `port`.

    Parameters
    ----------
    answer
        Takes a request (a JSON object), returns the reply; called in one worker thread.
    port
        The port in the addresses the browser uses: Host and Origin are checked against it.
    static
        The folder with the page; every file in it is served, nothing else.
    """
    try:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.responses import PlainTextResponse, Response
        from starlette.routing import Route, WebSocketRoute
    except ModuleNotFoundError as error:
        raise LabError(_INSTALL) from error

    worker = _Worker()

    async def page(request: Request) -> Response:
        name = request.path_params["path"] or "index.html"
        # Looked up among the files there are, never joined to a path: nothing to traverse.
        files = {p.relative_to(static).as_posix(): p for p in static.rglob("*") if p.is_file()}
        if name in files:
            suffix = files[name].suffix.lower()
            kind = CONTENT_TYPES.get(suffix, "application/octet-stream")
            return Response(files[name].read_bytes(), headers={"content-type": kind})
        if name == "index.html":
            hint = "The lab's page is not built: run `python3 dev.py build-web`.\n"
            return PlainTextResponse(hint, status_code=404)
        return PlainTextResponse("There is no such page in the lab.\n", status_code=404)

    async def session(websocket: WebSocket) -> None:
        await _Session(websocket, answer, worker).run()

    return Starlette(
        routes=[WebSocketRoute("/ws", session), Route("/{path:path}", page)],
        middleware=[Middleware(_Guard, port=port)],
    )


class _Guard:
    """Refuses what did not come from this computer's user; adds the security headers."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        names = ("127.0.0.1", "localhost", "[::1]")
        hosts = [f"{name}:{port}" for name in names]
        if port == 80:  # browsers leave the default port out
            hosts += names
        self._app = app
        self._hosts = frozenset(host.encode() for host in hosts)
        self._origins = frozenset(b"http://" + host for host in self._hosts)
        policy = (
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob:; "
            f"connect-src 'self' ws://127.0.0.1:{port} ws://localhost:{port}; "
            "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"cache-control", b"no-store"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        app = self._refusal(scope) or self._app
        await app(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        from starlette.responses import PlainTextResponse

        if self._only(scope, b"host") not in self._hosts:
            text = "The lab answers only to 127.0.0.1 and localhost with its own port (Host).\n"
            return PlainTextResponse(text, status_code=400)
        if scope["type"] == "websocket" and self._only(scope, b"origin") not in self._origins:
            text = "The lab's WebSocket answers only to the lab's own page (Origin).\n"
            return PlainTextResponse(text, status_code=403)
        return None

    @staticmethod
    def _only(scope: Scope, name: bytes) -> bytes | None:
        """Return the header's value, lower case; None if it is missing or there are several."""
        values: list[bytes] = [value for key, value in scope["headers"] if key.lower() == name]
        return values[0].strip().lower() if len(values) == 1 else None


# The server ---------------------------------------------------------------------------------


def listen(port: int | None = None, usual: int = DEFAULT_PORT) -> socket.socket:
    """Return a socket that listens on 127.0.0.1.

    With no port (None or 0) it is ``usual`` if that is free, else a free one.

    Raises
    ------
    LabError
        If a port was asked for and cannot be had.
    """
    if not port:
        try:
            return _bind(usual)
        except OSError:
            return _bind(0)
    if not 1 <= port <= 65535:
        raise LabError(f"'port' must be between 1 and 65535 (got {port})")
    try:
        return _bind(port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            cause = "another program uses it, perhaps another lab"
        else:
            cause = error.strerror or str(error)
        raise LabError(
            f"'port' must be a free port (got {port}: {cause}); without a port the lab finds one"
        ) from None


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # there, SO_REUSEADDR would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # a port just left is free at once
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except BaseException:
        listener.close()
        raise
    return listener


def make_server(answer: Answer, listener: socket.socket, static: Path = STATIC) -> uvicorn.Server:
    """Return the server that `run(sockets=[listener])` starts; `should_exit = True` stops it."""
    app = make_app(answer, listener.getsockname()[1], static)
    try:
        import uvicorn
        import websockets  # noqa: F401  (uvicorn would find out at the first connection)
    except ModuleNotFoundError as error:
        raise LabError(_INSTALL) from error
    logging.getLogger("uvicorn.error").addFilter(_without_traceback)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,
            http="h11",
            lifespan="off",
            log_config=None,
            log_level="warning",
            loop="asyncio",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            ws="websockets-sansio",
            ws_max_size=MAX_FRAME,
            ws_per_message_deflate=False,  # on loopback it only costs time
            ws_ping_interval=None,  # there is no network that could silently fail
        )
    )


def _without_traceback(record: logging.LogRecord) -> bool:
    """Keep uvicorn's word on broken UTF-8 to one line; a client's mistake is no crash."""
    if record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError):
        record.exc_info = None
    return True


def serve(
    port: int | None = 0,
    open_browser: bool = True,
    announce: Callable[[str], object] = print,
    *,
    answer: Answer | None = None,
    fragment: str = "",
) -> None:
    """Run the lab until Ctrl+C.

    Parameters
    ----------
    port
        The port on 127.0.0.1; 0 or None: 8907 if it is free, else a free one.
    open_browser
        Open the page in the default browser.
    announce
        Called with the line that names the address.
    answer
        Computes the replies; default `lapicque.lab.answer.answer`.
    fragment
        A link to open, as `lapicque.link.write` returns it.

    Raises
    ------
    LabError
        If the port cannot be had or a package of the extra `lab` is missing.
    """
    if answer is None:
        from . import answer as ours

        answer = ours.answer
    with contextlib.suppress(KeyboardInterrupt), listen(port) as listener:
        server = make_server(answer, listener)
        opened = f"#{fragment}" if fragment else ""
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/{opened}"
        announce(f"lapicque lab: {address}  (Ctrl+C stops it)")
        sys.stdout.flush()  # also when a program reads the line
        if open_browser:
            threading.Thread(target=open_page, args=(address, announce), daemon=True).start()
        server.run(sockets=[listener])


def open_page(address: str, announce: Callable[[str], object]) -> None:
    """Open an address in the default browser, or say that none could be."""
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in displays):
        opened = False  # what is left are text browsers, which would take the terminal
    else:
        opened = webbrowser.open(address)
    if not opened:
        announce("No browser could be opened: open the address by hand.")
        sys.stdout.flush()
