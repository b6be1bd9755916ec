"""A JupyterLab of one's own, with folders of its own, and one notebook opened in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from .local import free_port
from .waiting import wait_until

BENCHMARKS = Path(__file__).resolve().parent.parent

# Runs in the Jupyter server, by its option `kernel_websocket_connection_class`: writes down when a
# message passes and, if asked, tells TCP to send each message at once (TCP_NODELAY).
SERVER_CONFIG = """
import json
import os
import time

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

STAMPS = os.environ["LAPICQUE_BENCH_STAMPS"]


class Connection(ZMQChannelsWebsocketConnection):
    async def connect(self):
        if os.environ.get("LAPICQUE_BENCH_NODELAY"):
            self.websocket_handler.set_nodelay(True)
        return await super().connect()

    def _stamp(self, place, parts):
        if any(b'"method":"custom"' in bytes(part).replace(b" ", b"") for part in parts):
            with open(STAMPS, "a") as log:
                log.write(json.dumps([place, 1e3 * time.time()]) + chr(10))

    def handle_incoming_message(self, message):
        self._stamp("server in", [message if isinstance(message, bytes) else message.encode()])
        return super().handle_incoming_message(message)

    def handle_outgoing_message(self, stream, parts):
        self._stamp("server out", parts)
        return super().handle_outgoing_message(stream, parts)


c.ServerApp.kernel_websocket_connection_class = Connection
"""


class Jupyter:
    """`jupyter lab` on a free port; `cells` is the code of each notebook, by name.

    As it is installed; or `watched`, with a server that writes down when messages pass, and with
    `nodelay` also sends each of them at once.
    """

    def __init__(
        self, cells: dict[str, str], *, watched: bool = False, nodelay: bool = False
    ) -> None:
        import nbformat

        self._folder = tempfile.TemporaryDirectory(prefix="lapicque-bench-")
        folder = Path(self._folder.name)
        (folder / "notebooks").mkdir()
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        for name, code in cells.items():
            notebook = nbformat.v4.new_notebook(
                cells=[nbformat.v4.new_code_cell(code)], metadata={"kernelspec": kernel}
            )
            nbformat.write(notebook, folder / "notebooks" / f"{name}.ipynb")
        apputils = folder / "settings" / "@jupyterlab" / "apputils-extension"
        apputils.mkdir(parents=True)
        (apputils / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
        self.stamps = folder / "stamps"
        if watched:
            (folder / "config").mkdir()
            (folder / "config" / "jupyter_server_config.py").write_text(SERVER_CONFIG, "utf-8")
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        variables = {**os.environ, **{name: str(folder / own[name]) for name in own}}
        paths = [str(BENCHMARKS), os.environ.get("PYTHONPATH", "")]
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        variables["LAPICQUE_BENCH_STAMPS"] = str(self.stamps)
        variables["LAPICQUE_BENCH_NODELAY"] = "1" if nodelay else ""
        port = free_port()
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
        command += ["--IdentityProvider.token=", "--ServerApp.password="]
        command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
        self._log = (folder / "log").open("w")
        self._process = subprocess.Popen(
            command, env=variables, cwd=folder / "notebooks", stdout=self._log, stderr=self._log
        )
        self.address = f"http://127.0.0.1:{port}/"
        wait_until(self._is_up, "JupyterLab")

    def _is_up(self) -> bool:
        with suppress(OSError):
            return bool(urllib.request.urlopen(self.address + "api", timeout=2).read())
        return False

    def open(self, page: Any, name: str, ready: str) -> None:
        """Open the notebook in `page`, run it, and wait for the selector `ready`."""
        from playwright.sync_api import TimeoutError

        page.goto(f"{self.address}lab/tree/{name}.ipynb?reset")
        page.wait_for_selector("#jp-main-statusbar >> text=| Idle", timeout=90_000)
        page.click("text=Run >> nth=0")
        page.click("text=Run All Cells >> nth=0")
        try:
            page.wait_for_selector(ready, timeout=90_000)
        except TimeoutError:
            said = page.locator(".jp-OutputArea").all_inner_texts()
            raise SystemExit(f"{name}.ipynb does not show {ready}: {said}") from None
        page.wait_for_timeout(1000)
        page.evaluate("(ready) => document.querySelector(ready).scrollIntoView()", ready)

    def read_stamps(self) -> list[tuple[str, float]]:
        """Return what was written down: place and time, ms since 1970."""
        lines = self.stamps.read_text("utf-8").splitlines() if self.stamps.exists() else []
        return [tuple(json.loads(line)) for line in lines]

    def close(self) -> None:
        """Stop the server and its kernels, and remove the folder."""
        self._process.terminate()
        self._process.wait(30)
        self._log.close()
        self._folder.cleanup()
