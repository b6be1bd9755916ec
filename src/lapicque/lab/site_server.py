"""A web server for a static page, on this computer's loopback address.

For a look at a site that `lapicque.lab.site` has built: any web server will do as well.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.server
import socketserver
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .server import CONTENT_TYPES, listen, open_page

USUAL_PORT = 8908
"""Not the lab's own: the page's service worker would answer there, from its cache, for the lab."""

_KINDS = {
    **CONTENT_TYPES,
    ".mjs": "text/javascript; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".zip": "application/zip",
}
_PACKED_ALREADY = {".png", ".zip", ".woff2"}


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def __init__(self, port: int | None, folder: Path) -> None:
        listening = listen(port, USUAL_PORT)
        super().__init__(listening.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.folder = folder.resolve()
        self.port: int = listening.getsockname()[1]
        self._packed: dict[tuple[Path, int], tuple[bytes, bytes, str]] = {}

    def file(self, path: Path) -> tuple[bytes, bytes, str]:
        """Return a file's content, the same packed, and its tag."""
        key = (path, path.stat().st_mtime_ns)
        if key not in self._packed:
            content = path.read_bytes()
            packed = b"" if path.suffix in _PACKED_ALREADY else gzip.compress(content, 6, mtime=0)
            tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            self._packed[key] = content, packed, tag
        return self._packed[key]


def _found(folder: Path, name: str) -> Path:
    """Return the file that an address names, or raise an `OSError`.

    Each step is looked up among what lies in its folder, never joined to a path: nothing to
    traverse. No link is followed.
    """
    path = folder
    for step in name.removeprefix("/").split("/"):
        inside = {each.name: each for each in path.iterdir() if not each.is_symlink()}
        if step not in inside:
            raise FileNotFoundError(name)
        path = inside[step]
    return path


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        names = ("127.0.0.1", "localhost")
        hosts = {f"{name}:{self.server.port}" for name in names}
        hosts.update(names if self.server.port == 80 else ())  # browsers leave this port out
        if self.headers.get_all("Host") is None or {*self.headers.get_all("Host", [])} - hosts:
            self.reply(400, b"This page is for 127.0.0.1 and localhost only (Host).\n")
            return
        try:
            name = unquote(urlsplit(self.path).path)
            path = _found(self.server.folder, name + "index.html" * name.endswith("/"))
            content, packed, tag = self.server.file(path)
        except (OSError, ValueError):
            self.reply(404, b"There is no such file in this site.\n")
            return
        kind = _KINDS.get(path.suffix, "application/octet-stream")
        headers = {"Content-Type": kind, "ETag": tag, "Cache-Control": "no-cache"}
        if self.headers.get("If-None-Match") == tag:
            self.reply(304, b"", headers)
        elif packed and "gzip" in self.headers.get("Accept-Encoding", ""):
            self.reply(200, packed, {**headers, "Content-Encoding": "gzip"})
        else:
            self.reply(200, content, headers)

    do_HEAD = do_GET

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send a whole response."""
        self.send_response(status)
        for key, value in (headers or {"Content-Type": "text/plain; charset=utf-8"}).items():
            self.send_header(key, value)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Vary", "Accept-Encoding")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(OSError):  # the browser is gone
                self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a page asks for many files."""


def make_site_server(folder: Path, port: int | None = None) -> _Server:
    """Return a server that is bound but does not serve yet: ``serve_forever()``, ``shutdown()``."""
    return _Server(port, folder)


def serve_site(
    folder: Path,
    port: int | None,
    open_browser: bool,
    announce: Callable[[str], object] = print,
) -> None:
    """Serve a folder until Ctrl+C.

    Parameters
    ----------
    folder : Path
    port : int or None
        0 or None: `USUAL_PORT` if that is free, else a free one.
    open_browser : bool
    announce : callable
        Takes a line for the terminal.

    Raises
    ------
    LabError
        If the port cannot be had.
    """
    with make_site_server(folder, port) as server:
        address = f"http://127.0.0.1:{server.port}/"
        announce(f"lapicque site: {address}  (Ctrl+C stops it)")
        sys.stdout.flush()  # also when a program reads the line
        if open_browser:
            threading.Thread(target=open_page, args=(address, announce), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
