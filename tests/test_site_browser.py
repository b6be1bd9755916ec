"""The static page in a real browser, as a student opens it: Pyodide in a worker, no server of ours.

What the page shows is compared with `Experiment.run()` in CPython (verified elsewhere).
"""

import base64
import json
import random
import re
import threading
import zlib
from pathlib import Path

import pytest

pytest.importorskip("playwright")
from browser import chromium, drag, expect, range_of, readout, type_value

import lapicque as lq
from lapicque.lab import site
from lapicque.lab.answer import describe
from lapicque.lab.site_server import make_site_server

# One process has all that drive a browser, in order, where tests are spread over several.
pytestmark = pytest.mark.browser

CORE = Path(__file__).parent.parent / "web" / "node_modules" / "pyodide"
PRESETS = {preset["name"]: preset for preset in describe()["presets"] if "group" not in preset}
FIRST = PRESETS["constant"]["variants"][0]["experiments"][0]["experiment"]
# Under a path of its own, beside what else a host may have.
PATH = "teaching/lab/"
READY = 120_000  # ms


class Site:
    """The page on a port of this computer, that can be stopped and started again."""

    def __init__(self, folder):
        self.folder, self.port = folder, 0
        self.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/{PATH}"

    def start(self):
        self._server = make_site_server(self.folder, self.port)
        self.port = self._server.port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if not CORE.is_dir():
        pytest.skip("web/node_modules has no Pyodide: npm ci has not been run in web/")
    made = tmp_path_factory.mktemp("host")
    site.build(made / PATH, CORE)
    return made


@pytest.fixture(scope="module")
def served(folder):
    made = Site(folder)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def open_page(browser, served):
    """Opens the page; what it logs as an error fails, a breach of its policy among them."""
    contexts, faults = [], []

    def opened(fragment="", context=None, wait="html[data-ready=true]", width=1280, height=900):
        if context is None:
            context = browser.new_context(viewport={"width": width, "height": height})
            contexts.append(context)
        page = context.new_page()
        page.faults = faults
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
        page.goto(served.address + fragment)
        page.wait_for_selector(wait)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults


def until_python(page):
    page.wait_for_selector("html[data-python=ready]", timeout=READY)


@pytest.fixture(scope="module")
def ready(browser, served):
    """One page with Python in it, for tests that leave it as it was."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(served.address)
    until_python(page)
    yield page
    context.close()


def count_of(experiment, **changes):
    return str(lq.Experiment.from_dict(experiment).replace(changes).run().spike_count)


# Loading -------------------------------------------------------------------------------------


def test_the_first_picture_does_not_wait_for_python(browser, served):
    """With Pyodide held back: a real plot, the right count, progress in words; a slider that moves
    meanwhile is answered when Python has come, and the other experiments are shown until then."""
    context = browser.new_context()
    page = context.new_page()
    gate = threading.Event()
    held = []
    page.route("**/*.wasm", lambda route: held.append(route))
    page.goto(served.address)
    page.wait_for_selector("html[data-ready=true]")
    expect(readout(page, "spike_count")).to_have_text(count_of(FIRST))
    bar = page.get_by_role("progressbar")
    expect(bar).to_be_visible()
    assert not gate.is_set()
    page.locator('[data-preset="two-inputs"]').first.click()
    other = PRESETS["two-inputs"]["variants"][0]["experiments"][0]["experiment"]
    expect(readout(page, "spike_count")).to_have_text(count_of(other))
    page.locator('[data-preset="constant"]').first.click()
    type_value(page, "I", "2.5")
    assert page.locator("html[data-python=ready]").count() == 0
    waiting = page.locator(".lp-figure .lp-stale")
    expect(waiting).to_have_text("waits for Python")
    expect(readout(page, "spike_count")).to_have_text(count_of(FIRST))
    page.locator('[data-preset="two-inputs"]').first.click()
    expect(readout(page, "spike_count")).to_have_text(count_of(other))
    expect(waiting).to_be_hidden()
    page.locator('[data-preset="constant"]').first.click()
    expect(waiting).to_be_visible()
    for _ in range(100):
        if held:
            break
        page.wait_for_timeout(50)
    held[0].continue_()
    until_python(page)
    expect(readout(page, "spike_count")).to_have_text(
        count_of(FIRST, **{"current.0.amplitude": 2.5})
    )
    expect(bar).to_be_hidden()
    context.close()


def test_progress_is_counted(browser, served):
    """The bar goes up, and the words say how much of how much."""
    context = browser.new_context()
    # Before the page's own scripts: it may load quicker than a test looks.
    context.add_init_script(
        """window.seen = [];
        new MutationObserver(() => {
          const bar = document.querySelector("[role=progressbar]");
          const value = Number(bar?.getAttribute("aria-valuenow") ?? NaN);
          const words = bar?.closest(".lp-banner").textContent;
          if (value >= 0 && value !== seen.at(-1)?.[0]) seen.push([value, words]);
        }).observe(document, { subtree: true, childList: true, attributes: true });"""
    )
    page = context.new_page()
    page.goto(served.address)
    until_python(page)
    seen = page.evaluate("seen")
    context.close()
    values = [value for value, _ in seen]
    assert values == sorted(values)
    assert len({*values}) > 3
    assert any(re.search(r"[\d.]+ [kM]B of 12\.1 MB", words) for _, words in seen)


def test_a_host_that_fails_is_tried_again(browser, served):
    """Pyodide cannot be loaded at first: the picture stays, the reason is said, then it works."""
    context = browser.new_context()
    page = context.new_page()
    page.route("**/pyodide.mjs", lambda route: route.abort())
    page.goto(served.address)
    page.wait_for_selector("html[data-ready=true]")
    expect(page.locator(".lp-banner")).to_contain_text("could not be loaded")
    expect(readout(page, "spike_count")).to_have_text(count_of(FIRST))
    page.unroute("**/pyodide.mjs")
    until_python(page)
    type_value(page, "I", "2.5")
    expect(readout(page, "spike_count")).to_have_text(
        count_of(FIRST, **{"current.0.amplitude": 2.5})
    )
    context.close()


def test_a_page_opened_as_a_file_says_why(browser, folder):
    """Browsers run no modules there: a message, not a blank page."""
    context = browser.new_context()
    page = context.new_page()
    page.goto((folder / PATH / "index.html").as_uri())
    expect(page.get_by_text("opened as a file")).to_be_visible()
    expect(page.get_by_text("--serve")).to_be_visible()
    context.close()


# Use -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(PRESETS))
def test_each_experiment_is_answered_as_by_cpython(open_page, name):
    """Its first slider pulled to its end: the counts are those of the same experiments here."""
    page = open_page()
    until_python(page)
    page.locator(f'[data-preset="{name}"]').first.click()
    variant = PRESETS[name]["variants"][0]
    described = variant["sliders"][0]
    drag(page, range_of(page, described["name"]), 0.3, 0.9)
    page.mouse.up()
    value = float(
        page.locator(f'[data-slider="{described["name"]}"] input[type=text]').input_value()
    )
    assert value != described["default"]
    for k, entry in enumerate(variant["experiments"]):
        changes = {
            target["path"]: target["factor"] * value ** target["power"]
            for target in described["targets"]
            if target["experiment"] in (None, k)
        }
        expect(readout(page, "spike_count", k)).to_have_text(
            count_of(entry["experiment"], **changes)
        )


def test_a_phone_shows_all_of_it(open_page):
    """390 px: nothing sticks out, a slider works."""
    page = open_page(width=390, height=844)
    until_python(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    type_value(page, "I", "2.5")
    expect(readout(page, "spike_count")).to_have_text(
        count_of(FIRST, **{"current.0.amplitude": 2.5})
    )


def test_a_phone_held_sideways(open_page):
    """844 x 390: the help begins at its beginning, and presenting has the plots and the slider at
    hand in sight."""
    page = open_page(width=844, height=390)
    page.locator('[data-tool="help"]').click()
    expect(page.get_by_text("Sliders", exact=True)).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator('[data-tool="help"]')).to_be_focused()
    page.locator('[data-tool="presenter"]').click()
    expect(page.locator('[data-slider="I"] input[type=range]')).to_be_in_viewport(ratio=1)
    expect(page.locator(".lp-figure")).to_be_in_viewport(ratio=1)


def test_a_moving_mouse_is_not_read_out(ready):
    """The values under the cursor follow it; no live region tells each of them."""
    figure = ready.locator(".lp-figure")
    box = figure.bounding_box()
    values = figure.locator(".lp-lines output")
    spoken = "(all) => all.map((one) => one.textContent)"
    lives = figure.locator("[aria-live=polite], [role=status], output:not([aria-live=off])")
    before = lives.evaluate_all(spoken)
    ready.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(values.first).to_contain_text("nA")
    assert lives.evaluate_all(spoken) == before
    ready.mouse.move(0, 0)


def test_forced_colours_show_what_is_chosen(browser, served):
    """Where the system sets all colours, the chosen experiment, view and method look unlike the
    others, and a slider has its rail."""
    context = browser.new_context(forced_colors="active")
    page = context.new_page()
    page.goto(served.address)
    page.wait_for_selector("html[data-ready=true]")
    ground = "(element) => getComputedStyle(element).backgroundColor"
    for chosen, other in (
        ('[data-preset="constant"]', '[data-preset="two-inputs"]'),
        ('[data-view="traces"]', '[data-view="f-I"]'),
        ('[data-method="Exact"]', '[data-method="Euler"]'),
    ):
        one, two = (page.locator(which).first.evaluate(ground) for which in (chosen, other))
        assert one != two
    rail = page.locator('[data-slider="I"] input[type=range]')
    assert rail.evaluate("(element) => getComputedStyle(element).forcedColorAdjust") == "none"
    context.close()


def test_it_works_offline_after_the_first_visit(browser, served):
    """The host is gone and the browser offline: the page opens anew and Python answers."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.address)
    until_python(page)
    page.wait_for_function(
        "navigator.serviceWorker.getRegistration()"
        ".then((found) => found?.active?.state === 'activated')"
    )
    served.stop()
    try:
        context.set_offline(True)
        page.goto("about:blank")
        page.goto(served.address + "#1.anything")
        until_python(page)
        page.goto(served.address + "index.html?by=another-name")
        type_value(page, "I", "2.5")
        expect(readout(page, "spike_count")).to_have_text(
            count_of(FIRST, **{"current.0.amplitude": 2.5})
        )
    finally:
        served.start()
        context.close()


def test_it_can_be_installed(ready, served):
    """A manifest with a name, a start and an icon of 512 px, all from the page's own path."""
    address = ready.evaluate("document.querySelector('link[rel=manifest]').href")
    manifest = ready.evaluate("(address) => fetch(address).then((r) => r.json())", address)
    assert address.startswith(served.address)
    assert manifest["name"]
    assert manifest["display"] == "standalone"
    icon = next(icon["src"] for icon in manifest["icons"] if icon["sizes"] == "512x512")
    size = ready.evaluate(
        """(src) => new Promise((resolve) => {
          const image = new Image();
          image.onload = () => resolve(image.naturalWidth);
          image.src = src;
        })""",
        icon,
    )
    assert size == 512


# Links ---------------------------------------------------------------------------------------


def link_of(data):
    """A link as docs/links.md says, made without the code under test."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(json.dumps(data).encode()) + packer.flush()
    return "1." + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def test_a_link_brings_its_experiment_back(open_page):
    """Moved, shared, opened elsewhere, reloaded: the same experiment; the address is the page's."""
    page = open_page()
    until_python(page)
    type_value(page, "I", "1.7")
    wanted = count_of(FIRST, **{"current.0.amplitude": 1.7})
    expect(readout(page, "spike_count")).to_have_text(wanted)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('')")  # an earlier test's link may be there
    page.locator('[data-tool="share"]').click()
    page.get_by_text("Copy link", exact=False).first.click()
    link = ""
    for _ in range(200):  # a promise is no condition to wait for
        link = page.evaluate("navigator.clipboard.readText()")
        if "#1." in link:
            break
        page.wait_for_timeout(50)
    assert link.split("#")[0] == page.url.split("#")[0]
    other = open_page("#" + link.split("#")[1])
    until_python(other)
    expect(readout(other, "spike_count")).to_have_text(wanted)
    other.reload()
    until_python(other)
    expect(readout(other, "spike_count")).to_have_text(wanted)
    assert lq.load(link).run().spike_count == int(wanted)


def test_a_link_by_another_hand_opens(open_page):
    """Written from the format's description alone."""
    experiment = lq.Experiment(
        lq.LIF(tau_m=12.0, R_m=8.0, t_ref=1.5), lq.step(2.5, start=10.0, stop=90.0), 150.0
    )
    page = open_page("#" + link_of({"experiments": [experiment.to_dict()], "names": [""]}))
    until_python(page)
    expect(readout(page, "spike_count")).to_have_text(str(experiment.run().spike_count))


def test_a_link_that_waits_for_python_says_so(browser, served):
    """Until it can be read, the built-in picture does not pass for the link's; what was moved
    meanwhile is not lost, but one undo away."""
    experiment = lq.Experiment(lq.LIF(tau_m=12.0, R_m=8.0), lq.constant(2.5), 150.0)
    context = browser.new_context()
    page = context.new_page()
    held = []
    page.route("**/*.wasm", lambda route: held.append(route))
    page.goto(served.address + "#" + link_of({"experiments": [experiment.to_dict()]}))
    page.wait_for_selector("html[data-ready=true]")
    waiting = page.locator(".lp-figure .lp-stale")
    expect(waiting).to_have_text("the link waits for Python")
    type_value(page, "I", "2.5")
    for _ in range(100):
        if held:
            break
        page.wait_for_timeout(50)
    held[0].continue_()
    until_python(page)
    expect(readout(page, "spike_count")).to_have_text(str(experiment.run().spike_count))
    expect(waiting).to_be_hidden()
    page.locator('[data-tool="undo"]').click()
    expect(readout(page, "spike_count")).to_have_text(
        count_of(FIRST, **{"current.0.amplitude": 2.5})
    )
    context.close()


def test_a_link_followed_again_opens_again(open_page):
    """The address does not change by it, and yet what was moved since gives way, as a step of
    undo; a step back in the browser's own history opens what was there before."""
    one, two = (
        "#"
        + link_of(
            {"experiments": [lq.Experiment(lq.LIF(), lq.constant(amplitude), 150.0).to_dict()]}
        )
        for amplitude in (2.5, 3.5)
    )
    page = open_page(one)
    until_python(page)
    box = page.locator('[data-slider="current.0.amplitude"] input[type=text]')
    expect(box).to_have_value("2.5")
    follow = "(fragment) => { location.href = location.href.split('#')[0] + fragment; }"
    page.evaluate(follow, two)
    expect(box).to_have_value("3.5")
    type_value(page, "current.0.amplitude", "4")
    page.evaluate(follow, two)
    expect(box).to_have_value("3.5")
    page.locator('[data-tool="undo"]').click()
    expect(box).to_have_value("4")
    page.go_back()
    expect(box).to_have_value("2.5")


HOSTILE = [
    "9.abc",
    "1.",
    "1.!!!!",
    link_of([]),
    link_of({"experiments": []}),
    link_of({"experiments": [{"__class__": "os.system"}], "names": [""]}),
    link_of({"experiments": [FIRST] * 5, "names": [""] * 5}),
    link_of({"experiments": ["<img src=x onerror=alert(1)>"], "names": [""]}),
    link_of({"experiments": "x" * 1_000_000}),
    "1." + "A" * 50_000,
]


@pytest.mark.parametrize("fragment", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_link_is_a_message(ready, fragment):
    """What was on show stays; nothing runs; the page goes on."""
    dialogs = []
    ready.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    before = readout(ready, "spike_count").text_content()
    ready.evaluate("(fragment) => { location.hash = fragment; }", fragment)
    expect(ready.locator(".lp-general")).to_be_visible()
    assert readout(ready, "spike_count").text_content() == before
    ready.evaluate("() => { location.hash = ''; }")
    type_value(ready, "I", "1.9")
    expect(ready.locator(".lp-general")).to_be_hidden()
    type_value(ready, "I", str(FIRST["current"][0]["amplitude"]))
    expect(readout(ready, "spike_count")).to_have_text(count_of(FIRST))
    assert dialogs == []


def mutated(text, draw):
    """The text with some characters changed, left out, put in, or cut off."""
    letters = list(text)
    for _ in range(draw.choice([1, 1, 2, 5, 40])):
        place = draw.randrange(1, len(letters))
        change = draw.randrange(4)
        if change == 0:
            letters[place] = draw.choice("ABCabc019-_.=%#/+ \u00e9")
        elif change == 1:
            del letters[place]
        elif change == 2:
            letters.insert(place, draw.choice("ABCabc019-_.=%#/+ \u00e9"))
        elif place > 2:
            del letters[place:]
        if len(letters) < 3:
            break
    return "".join(letters)


def test_a_thousand_mutated_links_do_not_break_the_page(ready):
    """Put into the address one after the other: the page makes no mistake of its own, runs
    nothing, and answers afterwards as before."""
    draw = random.Random(1907)
    good = link_of({"experiments": [FIRST], "names": [""], "view": "traces"})
    links = [mutated(good, draw) for _ in range(1000)]
    dialogs = []
    ready.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    refused = ready.evaluate(
        """async (links) => {
          let refused = 0;
          for (const link of links) {
            location.hash = link;
            await new Promise((resolve) => setTimeout(resolve, 12));
            refused += !document.querySelector(".lp-general").hidden;
          }
          return refused;
        }""",
        links,
    )
    assert refused > 500
    assert ready.locator(".lp-mistake").count() == 0
    assert dialogs == []
    ready.evaluate("(fragment) => { location.hash = fragment; }", good)
    expect(readout(ready, "spike_count")).to_have_text(count_of(FIRST))
    expect(ready.locator(".lp-general")).to_be_hidden()
