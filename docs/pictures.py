"""Take the pictures of the documentation from the running lab: ``python docs/pictures.py``.

Needs Playwright and a Chromium, named by the environment variable LAPICQUE_CHROMIUM.
"""

import os
import sys
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from lapicque.lab.answer import answer
from lapicque.lab.server import STATIC, listen, make_server

IMAGES = Path(__file__).parent / "images"


def main() -> int:
    """Start a lab of its own, open it, and save docs/images/lab.png."""
    chromium = os.environ.get("LAPICQUE_CHROMIUM")
    if not chromium:
        print("LAPICQUE_CHROMIUM must name a Chromium or Chrome, such as /usr/bin/chromium")
        return 2
    socket = listen(0)
    server = make_server(answer, socket, STATIC)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"http://127.0.0.1:{socket.getsockname()[1]}/")
        page.wait_for_selector("html[data-ready=true]")
        page.locator('[data-preset="variable-sine"]').click()
        box = page.locator('[data-slider="I_max"] input[type=text]')
        box.fill("4")
        box.press("Enter")
        page.get_by_text("31 spikes").first.wait_for()
        page.locator("h1").first.hover()
        page.wait_for_timeout(300)
        page.screenshot(path=IMAGES / "lab.png")
        browser.close()
    server.should_exit = True
    thread.join(10)
    return 0


if __name__ == "__main__":
    sys.exit(main())
