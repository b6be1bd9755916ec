"""The teaching notebook in a real JupyterLab: run from top to bottom, then dragged."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
from browser import box_of, chromium, expect, range_of, readout, type_value
from test_jupyter_browser import SLOW, TOKEN, Server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),  # Jupyter's packages warn of their own plans
    pytest.mark.timeout(600),  # seven labs and seven figures, where others compute too
]

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "integrate_and_fire.ipynb"
CELLS = [cell["id"] for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]]
ALL_ON_THE_PAGE = {
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The notebook after *Run All Cells*; an error of the page fails the tests."""
    folder = tmp_path_factory.mktemp("jupyter")
    started = Server(folder)
    for plugin, settings in ALL_ON_THE_PAGE.items():
        path = folder / "settings" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    shutil.copy(NOTEBOOK, started.files)
    faults = []
    try:
        started.wait()
        with chromium() as browser:
            opened = browser.new_page(viewport={"width": 1280, "height": 1600})
            opened.set_default_timeout(SLOW)
            opened.on("pageerror", lambda error: faults.append(str(error)))
            opened.goto(f"{started.address}/lab/tree/{NOTEBOOK.name}?token={TOKEN}&reset")
            expect(opened.locator(".jp-Cell")).to_have_count(len(CELLS), timeout=SLOW)
            opened.get_by_text("| Idle").wait_for()
            opened.get_by_role("menuitem", name="Run", exact=True).click()
            opened.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            last = opened.locator(".jp-Cell").nth(CELLS.index("further-take"))
            expect(last).to_contain_text("amplitude = 0.8", timeout=4 * SLOW)
            expect(opened.locator(".lapicque[data-ready=true]")).to_have_count(7, timeout=SLOW)
            yield opened
        started.stop()
    finally:
        started.process.kill()
        started.process.wait()
    assert faults == []


def cell(page, name):
    return page.locator(".jp-Cell").nth(CELLS.index(name))


def run(page, name):
    cell(page, name).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")


def test_all_cells_have_run(page):
    """No traceback, nothing on stderr; seven labs, seven figures, and only one picture of each."""
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
    expect(page.locator("img[alt][src^='data:image/png']")).to_have_count(7)
    assert page.locator(".lapicque-still:visible").count() == 0


def test_the_first_things_to_try_do_what_the_text_says(page):
    """Silent at 0.7 nA, for ever at the rheobase, late at 0.72; half the time with half of C_m;
    Euler early, and with a spike too many. The truth: tau ln(5.12 / 0.52) and the text."""
    lab = cell(page, "first-lab-cell").locator(".lapicque")
    sentence = lab.locator("[data-sentence]").first
    range_of(lab, "I").focus()
    page.keyboard.press("ArrowLeft")
    expect(box_of(lab, "I")).to_have_value("0.7")
    expect(sentence).to_contain_text("silent")
    type_value(lab, "I", "0.71875")
    expect(sentence).to_contain_text("for ever")
    type_value(lab, "I", "0.72")
    expect(readout(lab, "first_spike")).to_contain_text("36.611")
    type_value(lab, "I", "0.8")
    expect(readout(lab, "mean_isi")).to_contain_text(f"{5.76 * math.log(5.12 / 0.52):.3f}")
    type_value(lab, "C", "0.45")
    expect(readout(lab, "mean_isi")).to_contain_text("6.587")
    type_value(lab, "C", "0.9")
    lab.locator('[data-method="Euler"]').click()
    type_value(lab, "dt", "1")
    compared = lab.locator("[data-sentence]").filter(has_text="Euler, dt 1 ms")
    expect(compared).to_contain_text("8 spikes instead of 7")


def test_what_is_dragged_comes_back(page):
    """The last section's lab: a slider moved, and the next cell prints the new experiment."""
    lab = cell(page, "further-lab").locator(".lapicque")
    name = "current.0.amplitude"
    expect(readout(lab, "spike_count")).to_have_text("7")
    range_of(lab, name).focus()
    page.keyboard.press("ArrowRight")
    expect(box_of(lab, name)).not_to_have_value("0.8")
    type_value(lab, name, "1.6")
    expect(readout(lab, "spike_count")).to_have_text("29")
    run(page, "further-take")
    expect(cell(page, "further-take")).to_contain_text("amplitude = 1.6")
    first = 5.76 * math.log(10.24 / (10.24 - 4.6))
    expect(cell(page, "further-take")).to_contain_text(f"[ {first:.8f}")


def test_the_labs_of_one_page_are_strangers_to_each_other(page):
    """Each shows which method, view and experiment it has, and no two share an id."""
    labs = page.locator(".lapicque")
    for k in range(7):
        for hook in ("data-method", "data-view", "data-preset"):
            chosen = labs.nth(k).locator(f"[{hook}] input:checked")
            expect(chosen).to_have_count(1)
    ids = labs.evaluate_all(
        "all => all.flatMap(lab => [...lab.querySelectorAll('[id]')].map(e => e.id))"
    )
    assert len(ids) == len({*ids})
