"""The static page, with its Python or with a worker that plays back what that has answered."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

from lapicque.lab.site import build
from lapicque.lab.site_server import make_site_server

HERE = Path(__file__).resolve().parent
CORE = HERE.parent.parent / "web" / "node_modules" / "pyodide"


class StaticSite:
    """The vendored page on a port of this computer; with `is_null`, one that can stop computing."""

    def __init__(self, is_null: bool = False) -> None:
        self.is_null = is_null
        self.page: Any = None
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        build(folder, CORE)
        (folder / "bare.html").write_text(
            '<!doctype html><script type="module" src="bare.js"></script>'
        )
        # Without it the bare page does not start; ours does.
        lock = "pyodide-lock.json"
        (folder / "pyodide" / lock).write_bytes((CORE / lock).read_bytes())
        for name in ("bare.js", "bare_worker.js"):
            (folder / name).write_bytes((HERE / name).read_bytes())
        if is_null:
            (folder / "worker.js").rename(folder / "real_worker.js")
            (folder / "worker.js").write_bytes((HERE / "null_worker.js").read_bytes())
        self.sent = 0
        self._server = make_site_server(folder, 0)
        self._server.RequestHandlerClass = self._counting(self._server.RequestHandlerClass)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.port}/"

    def _counting(self, handler: Any) -> Any:
        """The server's handler of requests, with the bodies' bytes counted."""

        class Counting(handler):
            def reply(handling, status: int, body: bytes, headers: Any = None) -> None:  # noqa: N805
                self.sent += len(body)
                super().reply(status, body, headers)

        return Counting

    def tell(self, word: str) -> None:
        """Tell a null worker to "record" or to "play"."""
        self.page.evaluate("(word) => new BroadcastChannel('bench').postMessage(word)", word)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()
