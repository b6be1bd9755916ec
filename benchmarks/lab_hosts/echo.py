"""The shortest way there and back: what a kernel and a notebook cost without the lab."""

from __future__ import annotations

import subprocess
import time
from typing import Any

# Runs in the kernel: a comm that answers each message with so many letters.
_COMM = """
def _answer(comm, _):
    comm.on_msg(lambda message: comm.send({"text": "x" * message["content"]["data"]["size"]}))

get_ipython().kernel.comm_manager.register_target("lapicque-bench", _answer)
"""


def kernel_round_trips(size: int, count: int) -> list[float]:
    """Time a comm message over ZeroMQ and its reply of `size` letters, ms."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", stderr=subprocess.DEVNULL)
    try:
        client.execute_interactive(_COMM, timeout=60)
        opened = {"comm_id": "echo", "target_name": "lapicque-bench", "data": {}}
        client.shell_channel.send(client.session.msg("comm_open", opened))
        question = {"comm_id": "echo", "data": {"size": size}}
        return [_round_trip(client, question) for _ in range(count + 5)][5:]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _round_trip(client: Any, question: dict[str, Any]) -> float:
    sent = client.session.msg("comm_msg", question)
    began = time.perf_counter()
    client.shell_channel.send(sent)
    ms = None
    while True:
        message = client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") != sent["header"]["msg_id"]:
            continue
        if message["msg_type"] == "comm_msg":
            ms = 1e3 * (time.perf_counter() - began)
        elif message["content"].get("execution_state") == "idle" and ms is not None:
            return ms


# A widget that does the same; it fills a reply up to a length, as the lab's does.
_MODULE = """
export default { render({ model, el }) {
  const asked = new Map();
  let last = 0;
  model.on("msg:custom", ({ id }) => {
    asked.get(id)(performance.now());
    asked.delete(id);
  });
  const ask = (size, fill) => new Promise((resolve) => {
    const began = performance.now();
    asked.set(++last, (ended) => resolve(ended - began));
    model.send({ id: last, size, fill });
  });
  globalThis.echo = async ({ size, fill, rest, count }) => {
    const taken = [];
    while (taken.length < count) {
      taken.push(await ask(size, fill));
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
      else await new Promise(requestAnimationFrame);
    }
    return taken;
  };
  el.textContent = "ready";
  el.className = "lapicque-bench-echo";
} };
"""


def show() -> Any:
    """Return the widget."""
    import anywidget

    class Echo(anywidget.AnyWidget):
        _esm = _MODULE

        def __init__(self) -> None:
            super().__init__()
            self.on_msg(self._reply)

        def _reply(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
            size, fill = content["size"], content["fill"]
            rest = [bytes(fill - size)] if size < fill else []
            self.send({"id": content["id"], "text": "x" * size}, rest)

    return Echo()
