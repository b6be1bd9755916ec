"""What the tests in a real browser share: Chromium, and where things are in the lab."""

import contextlib
import os

import pytest

playwright = pytest.importorskip("playwright.sync_api")

FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
]

expect = playwright.expect
expect.set_options(timeout=20_000)  # ms: where others compute too, it takes what it takes


@contextlib.contextmanager
def chromium():
    """Chromium, where dev.py (or the user) says it is."""
    path = os.environ.get("LAPICQUE_CHROMIUM")
    if not path:
        pytest.skip("LAPICQUE_CHROMIUM does not name a Chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def readout(page, name, experiment=0):
    return page.locator(f'[data-readout="{name}"][data-experiment="{experiment}"]')


def slider(page, name):
    return page.locator(f'[data-slider="{name}"]')


def box_of(page, name):
    """A slider's number box."""
    return slider(page, name).locator("input[type=text]")


def range_of(page, name):
    """A slider's thumb."""
    return slider(page, name).locator("input[type=range]")


def type_value(page, name, text):
    box_of(page, name).fill(text)
    box_of(page, name).press("Enter")


def drag(page, thumb, start, end, steps=12):
    """Pull a thumb from one share of its slider to another, and hold it there."""
    box = thumb.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, y, steps=steps)
