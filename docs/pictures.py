"""Take the pictures of the documentation from the running lab: ``python docs/pictures.py``.

Needs Playwright and a Chromium, named by the environment variable LAPICQUE_CHROMIUM.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from lapicque.lab.answer import answer
from lapicque.lab.server import STATIC, listen, make_server

IMAGES = Path(__file__).parent / "images"
SIZES = {1440: 900, 768: 1024, 390: 844}


def choose(page: Page, what: str, name: str) -> None:
    page.locator(f'[data-{what}="{name}"]').first.click()


def type_value(page: Page, name: str, text: str) -> None:
    box = page.locator(f'[data-slider="{name}"] input[type=text]')
    box.fill(text)
    box.press("Enter")


def compared(page: Page) -> None:
    """Euler over the exact solution."""
    choose(page, "method", "Euler")
    page.locator("[data-sentence=method]").wait_for()


def convergence(page: Page) -> None:
    """The error of all methods against dt, spikes by a cubic."""
    choose(page, "preset", "two-inputs")
    choose(page, "view", "convergence")
    choose(page, "method", "RK4")
    choose(page, "locate", "hermite")
    page.locator(".lp-plane .lp-legend li").filter(has_text="slope").nth(3).wait_for()
    page.wait_for_timeout(1000)


def f_i(page: Page) -> None:
    """The f-I curve with the operating point at 2 nA."""
    choose(page, "view", "f-I")
    type_value(page, "I", "2")
    page.locator("[data-sentence=plane]").wait_for()


def strength_duration(page: Page) -> None:
    """One pulse on Lapicque's law."""
    choose(page, "preset", "strength-duration")
    page.locator("[data-sentence=plane]").wait_for()


def held(page: Page) -> None:
    """Two settings beside each other."""
    choose(page, "preset", "variable-sine")
    type_value(page, "I_max", "4")
    page.get_by_text("31 spikes").first.wait_for()
    choose(page, "tool", "hold")
    type_value(page, "f", "40")
    page.locator("[data-held='0']").first.wait_for()


def four(page: Page) -> None:
    """The four currents of experiment 4."""
    choose(page, "preset", "intensity-duration")
    page.locator("[data-experiment='3']").first.wait_for()


def presenter(page: Page) -> None:
    """Large type and one slider at hand."""
    type_value(page, "I", "1")
    choose(page, "tool", "presenter")


SCENES = {
    "lab": compared,
    "convergence": convergence,
    "f-I": f_i,
    "strength-duration": strength_duration,
    "held": held,
    "four-currents": four,
    "presenter": presenter,
}


@contextlib.contextmanager
def served() -> Iterator[str]:
    """Start a lab of its own; give its address."""
    socket = listen(0)
    server = make_server(answer, socket, STATIC)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{socket.getsockname()[1]}/"
    server.should_exit = True
    thread.join(10)


def take(browser: Browser, address: str, name: str, width: int, scheme: str) -> None:
    """Open the lab, set the scene, and save a picture of it."""
    scene = SCENES[name.partition("@")[0]]
    height = SIZES.get(width, 800)
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready=true]")
    scene(page)
    page.mouse.move(1, 1)
    # What was typed last loses the focus; what was asked last is painted.
    page.evaluate("document.activeElement?.blur()")
    page.wait_for_timeout(600)
    page.screenshot(path=IMAGES / f"{name}.png")
    context.close()


def main() -> int:
    """Save every picture into docs/images."""
    chromium = os.environ.get("LAPICQUE_CHROMIUM")
    if not chromium:
        print("LAPICQUE_CHROMIUM must name a Chromium or Chrome, such as /usr/bin/chromium")
        return 2
    IMAGES.mkdir(exist_ok=True)
    with served() as address, sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        for name in SCENES:
            take(browser, address, name, 1280, "light")
        for width in SIZES:
            for scheme in ("light", "dark"):
                take(browser, address, f"lab@{width}-{scheme}", width, scheme)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
