"""The lab in a real JupyterLab in a real browser: a server, a kernel, a notebook, a student."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
pytest.importorskip("anywidget", reason="anywidget is not installed")
nbconvert = pytest.importorskip("nbconvert")
nbformat = pytest.importorskip("nbformat")
from browser import box_of, chromium, drag, expect, range_of, readout, type_value

import lapicque as lq

# Jupyter's packages warn of their own plans.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),
]

TOKEN = "lapicque"  # of a server that listens on this computer only, for a minute
SLOW = 60_000  # ms: a JupyterLab may take its time to start where others compute too

CELLS = {
    "lab": "from lapicque.lab import Lab\nlab = Lab()\nheard = []\n"
    'lab.observe(lambda change: heard.append(change.new), "experiment")\nlab',
    "print": "print(lab.experiment.current.parts[0].amplitude, lab.response.spike_count, "
    "len(heard))",
    "assign": "import lapicque as lq\n"
    "neuron = lq.LIF(R_m=10.0, C_m=1.0, t_ref=2.0)\n"
    "lab.experiment = lq.Experiment(neuron, lq.constant(1.6), 100.0, method=lq.Euler(dt=0.5))",
    "again": "lab",
}
PLACES = {name: k for k, name in enumerate(CELLS)}


class Server:
    """A JupyterLab of its own: its settings, files and kernels are in one folder of the test."""

    def __init__(self, folder):
        self.files = folder / "files"
        self.files.mkdir()
        settings = folder / "settings"
        for plugin, text in {
            "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
            "@jupyterlab/apputils-extension/notification": {
                "fetchNews": "false",
                "checkForUpdates": False,
            },
        }.items():
            path = settings / f"{plugin}.jupyterlab-settings"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(text))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.log = folder / "log"
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}",
            f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={self.files}",
            "--ServerApp.terminals_enabled=False",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.extension_manager=readonly",
        ]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **{name: str(folder / at) for name, at in own.items()}},
                stdout=log,
                stderr=log,
            )

    def ask(self, path, method="GET"):
        request = urllib.request.Request(
            f"{self.address}/api/{path}",
            method=method,
            headers={"Authorization": f"token {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.loads(reply.read() or b"null")

    def wait(self):
        ends = time.monotonic() + SLOW / 1000
        while time.monotonic() < ends and self.process.poll() is None:
            with contextlib.suppress(OSError):
                return self.ask("status")
            time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-2000:]}")

    def stop(self):
        for session in self.ask("sessions"):
            self.ask(f"sessions/{session['id']}", "DELETE")
        self.process.terminate()
        self.process.wait(20)

    def write(self, name):
        cells = [nbformat.v4.new_code_cell(text) for text in CELLS.values()]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(notebook, self.files / name)

    def read(self, name):
        return nbformat.read(self.files / name, as_version=4)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = Server(tmp_path_factory.mktemp("jupyter"))
    try:
        started.wait()
        yield started
        started.stop()
    finally:
        started.process.kill()


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


class Notebook:
    """One notebook, open in a tab of its own."""

    def __init__(self, browser, server, name):
        self.server, self.name = server, name
        # High enough that JupyterLab keeps every cell on the page.
        self.page = browser.new_page(viewport={"width": 1280, "height": 3200})
        self.page.set_default_timeout(SLOW)
        self.faults = []
        self.sent = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("websocket", self._listen)
        self.page.goto(f"{server.address}/lab/tree/{name}?token={TOKEN}&reset")
        self.page.locator(".jp-CodeCell").nth(len(CELLS) - 1).wait_for()
        self.page.get_by_text("| Idle").wait_for()

    def _listen(self, channel):
        channel.on("framesent", lambda frame: self.sent.append(frame))

    def cell(self, name):
        return self.page.locator(".jp-CodeCell").nth(PLACES[name])

    def run(self, name, wait=True):
        """Run a cell; the text it printed."""
        prompt = self.cell(name).locator(".jp-InputPrompt").first
        before = prompt.inner_text()
        self.cell(name).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        if wait:
            another = re.compile(rf"^(?!{re.escape(before)}$)\[\d+\]:$")
            expect(prompt).to_have_text(another, timeout=SLOW)
        return self.cell(name).locator(".jp-OutputArea-output").all_inner_texts()

    def printed(self):
        """What `print` says: the amplitude (nA), the spikes, the calls of the observer."""
        amplitude, count, calls = self.run("print")[0].split()
        return float(amplitude), int(count), int(calls)

    def lab(self, name="lab"):
        return self.cell(name).locator(".lapicque")

    def save(self):
        """As one does it with a hand still on the slider."""
        range_of(self.lab(), "I").focus()
        self.page.keyboard.press("Control+s")
        expect(self.page.locator(".jp-mod-dirty")).to_have_count(0, timeout=SLOW)

    def updates(self):
        """The messages with which this tab has written traits."""
        frames = (f if isinstance(f, bytes) else f.encode() for f in self.sent)
        return [frame for frame in frames if b'"method":"update"' in frame]


@pytest.fixture(scope="module")
def opened(browser, server):
    """A notebook with a lab that has been run."""
    server.write("lab.ipynb")
    opened = Notebook(browser, server, "lab.ipynb")
    opened.run("lab")
    opened.page.locator(".lapicque[data-ready=true]").wait_for()
    yield opened
    assert opened.faults == []
    opened.page.close()


@pytest.fixture
def notebook(opened):
    """That notebook with experiment 1 as it opens, whatever another test has left there."""
    lab = opened.lab()
    lab.locator('[data-preset="constant"]').first.click()
    lab.locator('[data-method="Exact"]').click()
    type_value(lab, "I", "0.8")
    return opened


def save_at(notebook, amplitude):
    """Set experiment 1 to this current (nA) and save the notebook, its picture with it."""
    type_value(notebook.lab(), "I", str(amplitude))
    words = re.compile(re.escape(f"R I = {6.4 * amplitude:.4g} mV"))
    expect(notebook.cell("lab").locator(".lapicque-still")).to_have_attribute("alt", words)
    notebook.save()
    return words


def count_of(amplitude):
    """Spikes of experiment 1 in 100 ms by the closed form: tau 5.76 ms, 4.6 mV from rest."""
    drive = 6.4 * amplitude
    return int(100.0 / (5.76 * math.log(drive / (drive - 4.6)))) if drive > 4.6 else 0


def test_a_slider_moves_the_experiment(notebook):
    """By keys, by dragging and by typing: the read-out and `lab.experiment` follow."""
    page, lab = notebook.page, notebook.lab()
    expect(readout(lab, "spike_count")).to_have_text(str(count_of(0.8)))
    range_of(lab, "I").focus()
    for value in ("0.9", "1"):
        page.keyboard.press("ArrowRight")
        expect(box_of(lab, "I")).to_have_value(value)
    expect(readout(lab, "spike_count")).to_have_text(str(count_of(1.0)))
    assert notebook.printed()[:2] == (1.0, count_of(1.0))
    drag(page, range_of(lab, "I"), 0.1, 0.8)
    dragged = float(box_of(lab, "I").input_value())
    assert dragged > 5.0
    expect(readout(lab, "spike_count")).to_have_text(str(count_of(dragged)))
    page.mouse.up()
    assert notebook.printed()[:2] == (dragged, count_of(dragged))
    type_value(lab, "I", "1.6")
    expect(readout(lab, "spike_count")).to_have_text(str(count_of(1.6)))
    assert notebook.printed()[:2] == (1.6, count_of(1.6))


# A drag in the page itself, as quick as it paints: no pause of a test that waits for its turn.
FORTY_FRAMES = """async (thumb) => {
  for (let k = 0; k < 40; k++) {
    thumb.value = String(2 + 0.1 * k);
    thumb.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise(requestAnimationFrame);
  }
  return Number(thumb.value);
}"""


def test_only_the_end_of_a_drag_is_written_down(notebook):
    """Not one trait travels while the thumb moves; at rest one message, one call of an observer."""
    lab = notebook.lab()
    still = notebook.cell("lab").locator(".lapicque-still")
    type_value(lab, "I", "2")
    expect(still).to_have_attribute("alt", re.compile(re.escape("R I = 12.8 mV")))
    calls = notebook.printed()[2]
    updates, asked = len(notebook.updates()), len(notebook.sent)
    end = range_of(lab, "I").evaluate(FORTY_FRAMES)
    assert len(notebook.updates()) == updates
    assert len(notebook.sent) - asked > 1
    expect(still).to_have_attribute("alt", re.compile(re.escape(f"R I = {6.4 * end:.4g} mV")))
    assert notebook.printed()[::2] == (end, calls + 1)
    assert len(notebook.updates()) == updates + 1


def test_the_shortcuts_of_jupyterlab_do_not_fire_in_the_lab(notebook):
    """a, b, x, dd, m, y and Shift+Enter change or run cells, but not from within the lab."""
    page, lab = notebook.page, notebook.lab()
    cells = page.locator(".jp-Cell")
    prompt = notebook.cell("lab").locator(".jp-InputPrompt").first.inner_text()
    before = cells.count()
    for place in (range_of(lab, "I"), box_of(lab, "I")):
        place.focus()
        for key in ("b", "a", "x", "d", "d", "m", "y", "r", "Shift+Enter", "Escape"):
            page.keyboard.press(key)
    type_value(lab, "I", "1.6")
    expect(readout(lab, "spike_count")).to_have_text(str(count_of(1.6)))
    assert cells.count() == before == len(CELLS)
    assert page.locator(".jp-MarkdownCell").count() == 0
    assert notebook.cell("lab").locator(".jp-InputPrompt").first.inner_text() == prompt
    page.locator('[data-preset="constant"]').first.focus()


def test_two_views_of_one_lab_stay_in_step(notebook):
    """The second is where the first is; when one has come to rest, the other has followed."""
    first = notebook.lab()
    type_value(first, "I", "1.6")
    notebook.run("again")
    second = notebook.lab("again")
    expect(box_of(second, "I")).to_have_value("1.6")
    expect(readout(second, "spike_count")).to_have_text(str(count_of(1.6)))
    type_value(second, "I", "1.2")
    expect(box_of(first, "I")).to_have_value("1.2")
    expect(readout(first, "spike_count")).to_have_text(str(count_of(1.2)))
    assert notebook.page.locator(".lapicque-still:visible").count() == 0


def test_an_assigned_experiment_is_opened(notebook):
    """Its sliders appear, and its method is the compared one. The truth: t_ref + tau ln 16."""
    lab = notebook.lab()
    notebook.run("assign")
    expect(box_of(lab, "current.0.amplitude")).to_have_value("1.6")
    expect(lab.locator('[data-method="Euler"] input')).to_be_checked()
    period = 2.0 + 10.0 * math.log(16.0)
    expect(readout(lab, "mean_isi")).to_contain_text(f"{period:.3f}")
    expect(box_of(lab, "neuron.t_ref")).to_have_value("2")
    type_value(lab, "current.0.amplitude", "2")
    faster = 2.0 + 10.0 * math.log(4.0)
    expect(readout(lab, "mean_isi")).to_contain_text(f"{faster:.3f}")
    assert notebook.printed()[0] == 2.0
    lab.locator('[data-preset="constant"]').first.click()
    expect(box_of(lab, "I")).to_have_value("1.2")


def test_an_exported_page_shows_the_picture_offline(notebook, browser):
    """Saved, exported by nbconvert and opened without a network: the still of the last drag."""
    words = save_at(notebook, 1.4)
    saved = notebook.server.read(notebook.name)
    assert "application/vnd.jupyter.widget-state+json" in saved.metadata.widgets
    page, _ = nbconvert.HTMLExporter().from_notebook_node(saved)
    path = notebook.server.files / "exported.html"
    path.write_text(page, "utf-8")
    with browser.new_context(offline=True) as context:
        opened = context.new_page()
        opened.goto(path.as_uri(), wait_until="domcontentloaded")
        still = opened.locator(".lapicque-still").first
        expect(still).to_have_attribute("alt", words)
        expect(still).to_be_visible()
        size = still.evaluate("image => image.decode().then(() => image.naturalWidth)")
        assert size > 500


def test_a_notebook_reopened_without_its_kernel_shows_where_it_was(notebook, browser):
    """The saved picture and sliders, a note, no errors; a run of the cell brings it to life."""
    name = "reopened.ipynb"
    save_at(notebook, 1.4)
    shutil.copy(notebook.server.files / notebook.name, notebook.server.files / name)
    opened = Notebook(browser, notebook.server, name)
    lab = opened.lab()
    expect(box_of(lab, "I")).to_have_value("1.4")
    expect(readout(lab, "spike_count")).to_have_text(str(count_of(1.4)))
    expect(opened.cell("lab")).to_contain_text("No Python here: run the cell to move the sliders.")
    expect(range_of(lab, "I")).to_be_disabled()
    assert opened.page.locator(".lapicque-still:visible").count() == 0
    opened.run("lab", wait=False)  # by a new kernel, so that the prompt is [1] again
    expect(box_of(lab, "I")).to_have_value("0.8")
    type_value(lab, "I", "1")
    expect(readout(lab, "spike_count")).to_have_text(str(count_of(1.0)))
    expect(opened.cell("lab")).not_to_contain_text("No Python here")
    assert opened.faults == []
    opened.page.close()


def test_what_a_link_brought_is_there_after_a_reload(notebook, browser):
    """Opened from a link, moved, saved; the notebook opened anew has its sliders and its title.
    The truth: t_ref + tau ln 4."""
    name = "linked.ipynb"
    neuron = lq.LIF(R_m=10.0, C_m=1.0, t_ref=3.0)
    lab = notebook.lab()
    lab.locator('[data-tool="share"]').click()
    pasted = lab.locator(".lp-share input")
    pasted.fill(lq.link.url(lq.Experiment(neuron, lq.constant(1.6), 100.0)))
    pasted.press("Enter")
    type_value(lab, "current.0.amplitude", "2")
    period = f"{3.0 + 10.0 * math.log(4.0):.3f}"
    expect(readout(lab, "mean_isi")).to_contain_text(period)
    still = notebook.cell("lab").locator(".lapicque-still")
    expect(still).to_have_attribute("alt", re.compile(r"From a link.*20 mV", re.DOTALL))
    range_of(lab, "current.0.amplitude").focus()
    notebook.page.keyboard.press("Control+s")
    expect(notebook.page.locator(".jp-mod-dirty")).to_have_count(0, timeout=SLOW)
    shutil.copy(notebook.server.files / notebook.name, notebook.server.files / name)
    opened = Notebook(browser, notebook.server, name)
    again = opened.lab()
    expect(again.locator(".lp-title")).to_have_text("From a link")
    expect(box_of(again, "current.0.amplitude")).to_have_value("2")
    expect(readout(again, "mean_isi")).to_contain_text(period)
    assert opened.faults == []
    opened.page.close()
