"""The local lab in a real browser, as a student uses it."""

import os
import threading

import pytest

pytest.importorskip("uvicorn")
playwright = pytest.importorskip("playwright.sync_api")

from lapicque.lab.answer import answer
from lapicque.lab.server import STATIC, listen, make_server

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
]


@pytest.fixture(scope="module")
def address():
    """A lab of its own on a free port."""
    socket = listen(0)
    server = make_server(answer, socket, STATIC)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{socket.getsockname()[1]}/"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser():
    """Chromium, where dev.py (or the user) says it is."""
    path = os.environ.get("LAPICQUE_CHROMIUM")
    if not path:
        pytest.skip("LAPICQUE_CHROMIUM does not name a Chromium")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, address):
    """The lab, painted, in a window of its own; what the page logs as an error fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    opened = context.new_page()
    faults = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    opened.goto(address)
    opened.wait_for_selector("html[data-ready=true]")
    yield opened
    context.close()
    assert not faults


def readout(page, name, experiment=0):
    return page.locator(f'[data-readout="{name}"][data-experiment="{experiment}"]')


def slider(page, name):
    return page.locator(f'[data-slider="{name}"]')


def type_value(page, name, text):
    box = slider(page, name).locator("input[type=text]")
    box.fill(text)
    box.press("Enter")


def expect(locator):
    return playwright.expect(locator)


def test_experiment_1_shows_its_numbers_in_both_versions(page):
    """The period is 13.174 ms by the equation, 21.151 ms as coded (the design's check values)."""
    expect(readout(page, "first_spike")).to_contain_text("13.174")
    page.locator('[data-variant="notebook"]').click()
    expect(readout(page, "first_spike")).to_contain_text("21.151")
    expect(readout(page, "spike_count")).to_contain_text("4")


def test_a_slider_answers_to_drag_and_to_keys(page):
    """Dragging changes the spikes; an arrow key moves by one step of 0.1 nA, End to 10 nA."""
    current = slider(page, "I").locator("input[type=range]")
    box = current.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.08, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2, steps=12)
    page.mouse.up()
    expect(readout(page, "spike_count")).not_to_have_text("7")
    current.focus()
    page.keyboard.press("End")
    expect(slider(page, "I").locator("input[type=text]")).to_have_value("10")
    page.keyboard.press("ArrowLeft")
    expect(slider(page, "I").locator("input[type=text]")).to_have_value("9.9")


def test_a_bad_value_has_its_message_beside_the_slider_and_keeps_the_picture(page):
    """V_reset = V_th with no refractory period: one message in the row, the last picture stays."""
    type_value(page, "u_rest", "5")
    fault = slider(page, "u_rest").locator(".lp-fault")
    expect(fault).to_contain_text("must be < V_th = 5 mV")
    expect(readout(page, "first_spike")).to_contain_text("13.174")
    expect(page.locator("body")).to_contain_text("last valid")
    type_value(page, "u_rest", "0.4")
    expect(fault).not_to_be_visible()


@pytest.mark.parametrize(
    ("preset", "variant", "count"),
    [("variable-sine", None, "0"), ("two-inputs", "notebook", "6"), ("variable-tau", None, "6")],
)
def test_the_other_experiments_open_at_their_defaults(page, preset, variant, count):
    """Each preset shows the count that the library finds for its example."""
    page.locator(f'[data-preset="{preset}"]').click()
    if variant:
        page.locator(f'[data-variant="{variant}"]').click()
    expect(readout(page, "spike_count")).to_have_text(count)


def test_experiment_4_shows_its_four_currents_at_once(page):
    """30, 0, 232 and 0 spikes for the four decaying currents (the design's check values)."""
    page.locator('[data-preset="intensity-duration"]').click()
    for k, count in enumerate(["30", "0", "232", "0"]):
        expect(readout(page, "spike_count", k)).to_have_text(count)


def test_i_max_4_makes_31_spikes(page):
    """Experiment 2b at I_max = 4 nA: 31 spikes, the first at 1.643 ms."""
    page.locator('[data-preset="variable-sine"]').click()
    type_value(page, "I_max", "4")
    expect(readout(page, "spike_count")).to_have_text("31")
    expect(readout(page, "first_spike")).to_contain_text("1.643")


def test_a_crowd_of_spikes_is_said_not_drawn(page):
    """180,499 spikes in 100 ms: a message instead of a stall, and the next setting works again."""
    page.locator('[data-variant="notebook"]').click()
    for name, value in (("R", "1"), ("theta", "1"), ("C", "0.1"), ("u_rest", "0.95"), ("I", "10")):
        type_value(page, name, value)
    expect(page.locator("body")).to_contain_text("180499 spikes")
    type_value(page, "I", "0.5")
    expect(readout(page, "spike_count")).to_have_text("0")


def test_a_phone_has_no_sideways_scroll(browser, address):
    """At 390 and 320 px the page is as wide as the screen."""
    for width in (390, 320):
        context = browser.new_context(viewport={"width": width, "height": 800})
        opened = context.new_page()
        opened.goto(address)
        opened.wait_for_selector("html[data-ready=true]")
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        context.close()
