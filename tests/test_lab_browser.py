"""The local lab in a real browser, as a student uses it.

What the page shows is compared with `Experiment.run()` of the experiment that the sliders describe
(verified elsewhere) or with the design's check values; that it is usable, with axe-core.
"""

import csv
import io
import math
import re
import threading
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("playwright")
from browser import box_of, chromium, drag, expect, range_of, readout, slider, type_value

import lapicque as lq
from lapicque import link
from lapicque.lab.answer import answer, describe
from lapicque.lab.server import STATIC, listen, make_server

# One process has all that drive a browser, in order, where tests are spread over several.
pytestmark = pytest.mark.browser

AXE = Path(__file__).parent.parent / "web" / "node_modules" / "axe-core" / "axe.min.js"
DESCRIBED = describe()
# The neurons of the list have sliders like these, made by themselves.
PRESETS = {preset["name"]: preset for preset in DESCRIBED["presets"] if "group" not in preset}
VIEWS = [view["name"] for view in DESCRIBED["views"]]
METHODS = [method["name"] for method in DESCRIBED["methods"] if method["locates"]]


class Served:
    """A lab of its own on a port of this computer, that can be stopped and started again."""

    def __init__(self):
        self.port = 0
        self.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/"

    def start(self):
        socket = listen(self.port)
        self.port = socket.getsockname()[1]
        self._server = make_server(answer, socket, STATIC)
        arguments = {"target": self._server.run, "kwargs": {"sockets": [socket]}}
        self._thread = threading.Thread(**arguments, daemon=True)
        self._thread.start()

    def stop(self):
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture(scope="module")
def served():
    lab = Served()
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def open_lab(browser, served):
    """Opens the lab, painted, in windows of their own; what a page logs as an error fails."""
    contexts, faults = [], []

    def opened(width=1280, height=900, fragment="", **more):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **more))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
        page.goto(served.address + fragment)
        page.wait_for_selector("html[data-ready=true]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults


@pytest.fixture
def page(open_lab):
    return open_lab()


def choose(page, what, name):
    page.locator(f'[data-{what}="{name}"]').first.click()


def tool(page, name):
    return page.locator(f'[data-tool="{name}"]')


def moved(variant, positions):
    """The experiments that sliders at these positions describe."""
    experiments = [lq.Experiment.from_dict(e["experiment"]) for e in variant["experiments"]]
    changes = [{} for _ in experiments]
    for described in variant["sliders"]:
        if described["name"] in positions:
            for target in described["targets"]:
                value = target["factor"] * positions[described["name"]] ** target["power"]
                for k in range(len(experiments)):
                    if target["experiment"] in (None, k):
                        changes[k][target["path"]] = value
    return [e.replace(c) for e, c in zip(experiments, changes, strict=True)]


def counts(experiments):
    return [experiment.run().spike_count for experiment in experiments]


def expect_counts(page, numbers):
    for k, count in enumerate(numbers):
        expect(readout(page, "spike_count", k)).to_have_text(str(count))


def value_of(page, name):
    return float(box_of(page, name).input_value())


def settled(page, positions, variant):
    """The page shows the runs of its sliders, or says at a slider why there is none."""
    try:
        numbers = counts(moved(variant, positions))
    except lq.ParameterError:
        expect(page.locator(".lp-row.is-bad .lp-fault").first).to_be_visible()
        return
    expect(page.locator(".lp-row.is-bad")).to_have_count(0)
    expect_counts(page, numbers)


# Sliders ------------------------------------------------------------------------------------


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PRESETS)
def test_every_slider_by_drag_keyboard_and_number_box(open_lab, name):
    """In every version of every experiment each slider moves by pointer, by arrow key and by a
    typed number; each time the counts are those of the experiment that the number boxes describe,
    or the broken rule stands at a slider."""
    page = open_lab(1280, 1400)
    choose(page, "preset", name)
    for variant in PRESETS[name]["variants"]:
        if len(PRESETS[name]["variants"]) > 1:
            choose(page, "variant", variant["name"])
        for described in variant["sliders"]:
            own = described["name"]
            thumb = range_of(page, own)
            thumb.scroll_into_view_if_needed()
            low, high, step = (described[k] for k in ("minimum", "maximum", "step"))
            # A thumb at an end of its slider is taken by its inner half.
            share = min(max((described["default"] - low) / (high - low), 0.01), 0.99)
            drag(page, thumb, share, 0.35 if share > 0.5 else 0.65, steps=5)
            page.mouse.up()
            value = value_of(page, own)
            assert value != pytest.approx(described["default"], abs=step / 2), own
            settled(page, {own: value}, variant)
            before = value
            thumb.press("ArrowRight")
            expect(box_of(page, own)).not_to_have_value(f"{before:g}")
            value = value_of(page, own)
            assert value - before == pytest.approx(step, rel=1e-9), own
            settled(page, {own: value}, variant)
            typed = round(low + 0.45 * (high - low) + step / 2, 6)
            type_value(page, own, str(typed))
            assert value_of(page, own) == typed
            settled(page, {own: typed}, variant)
            slider(page, own).locator("button.lp-reset").click()
            expect(box_of(page, own)).to_have_value(f"{described['default']:.10g}")
            settled(page, {}, variant)


def test_keys_of_a_slider(page):
    """Arrows one step of 0.1 nA, Shift ten, Home and End the ends; a double click the default."""
    thumb = range_of(page, "I")
    thumb.focus()
    for key, value in (
        *(("End", "10"), ("ArrowLeft", "9.9"), ("Shift+ArrowDown", "8.9")),
        *(("Home", "0"), ("ArrowUp", "0.1"), ("Shift+ArrowRight", "1.1"), ("PageUp", "2.1")),
    ):
        thumb.press(key)
        expect(box_of(page, "I")).to_have_value(value)
    slider(page, "I").locator(".lp-name").dblclick()
    expect(box_of(page, "I")).to_have_value("0.8")


def test_a_typed_value_beyond_the_range_widens_the_slider(page):
    """15 nA is legal though the slider ends at 10; what is no number is said, no more."""
    type_value(page, "I", "15")
    assert float(range_of(page, "I").get_attribute("max")) >= 15.0
    (experiment,) = moved(PRESETS["constant"]["variants"][0], {"I": 15.0})
    expect_counts(page, counts([experiment]))
    type_value(page, "I", "much")
    expect(slider(page, "I").locator(".lp-fault")).to_contain_text("'much' is not a number")
    expect_counts(page, counts([experiment]))


def test_a_fast_drag_leaves_no_backlog(page):
    """Three hundred input events without a pause: the last one is what is shown, at once."""
    page.evaluate(
        """() => {
            const thumb = document.querySelector('[data-slider="I"] input[type=range]');
            for (let k = 1; k <= 300; k++) {
                thumb.value = String((k % 100) / 10);
                thumb.dispatchEvent(new Event("input", { bubbles: true }));
            }
            thumb.value = "3.3";
            thumb.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    expect_counts(page, counts(moved(PRESETS["constant"]["variants"][0], {"I": 3.3})))


# Experiments --------------------------------------------------------------------------------


def test_experiment_1_shows_its_numbers_in_both_versions(page):
    """The period is 13.174 ms by the equation, 21.151 ms as coded (the design's check values)."""
    expect(readout(page, "first_spike")).to_contain_text("13.174")
    choose(page, "variant", "notebook")
    expect(readout(page, "first_spike")).to_contain_text("21.151")
    expect_counts(page, [4])


@pytest.mark.parametrize(
    ("name", "variant", "numbers"),
    [
        ("variable-sine", None, [0]),
        ("two-inputs", "notebook", [6]),
        ("variable-tau", None, [6]),
        ("intensity-duration", None, [30, 0, 232, 0]),
    ],
)
def test_the_other_experiments_open_at_their_defaults(page, name, variant, numbers):
    """Experiment 4 shows its four currents at once (the counts are the design's check values)."""
    choose(page, "preset", name)
    if variant:
        choose(page, "variant", variant)
    expect_counts(page, numbers)
    expect(page.locator("[data-readout=spike_count]")).to_have_count(len(numbers))


def test_i_max_4_makes_31_spikes(page):
    """Experiment 2b at I_max = 4 nA: 31 spikes, the first at 1.643 ms."""
    choose(page, "preset", "variable-sine")
    type_value(page, "I_max", "4")
    expect_counts(page, [31])
    expect(readout(page, "first_spike")).to_contain_text("1.643")


# Errors -------------------------------------------------------------------------------------


def test_a_bad_value_has_its_message_beside_the_slider_and_keeps_the_picture(page):
    """V_reset = V_th with no refractory period: one message in the row, the last picture stays."""
    type_value(page, "u_rest", "5")
    fault = slider(page, "u_rest").locator(".lp-fault")
    expect(fault).to_contain_text("must be < V_th = 5 mV")
    expect(readout(page, "first_spike")).to_contain_text("13.174")
    expect(page.locator(".lp-figure .lp-stale")).to_be_visible()
    type_value(page, "u_rest", "0.4")
    expect(fault).not_to_be_visible()
    expect(page.locator(".lp-figure .lp-stale")).not_to_be_visible()


def test_a_rule_on_two_values_is_said_where_the_hand_is(page):
    """V_th pulled below V_reset breaks V_reset's rule; the message stands under V_th."""
    type_value(page, "u_rest", "1")
    type_value(page, "theta", "1")
    expect(slider(page, "theta").locator(".lp-fault")).to_contain_text("must be < V_th = 1 mV")
    expect(page.locator(".lp-row.is-bad")).to_have_count(1)


@pytest.mark.parametrize(
    ("name", "own", "text"),
    [("constant", "R", "must be > 0 MOhm"), ("variable-tau", "tau_m", "must be > 0 ms")],
)
def test_what_is_out_of_bounds_is_said_with_its_rule(page, name, own, text):
    choose(page, "preset", name)
    type_value(page, own, "-1")
    expect(slider(page, own).locator(".lp-fault")).to_contain_text(text)
    expect(box_of(page, own)).to_have_attribute("aria-invalid", "true")


def test_too_many_steps_are_said_at_dt(page):
    """dt = 0.0001 ms would take a million steps: one message at dt, the exact picture stays."""
    choose(page, "method", "Euler")
    expect(page.locator("[data-sentence=method]")).to_contain_text("Euler, dt 0.5 ms")
    type_value(page, "dt", "0.0001")
    expect(slider(page, "dt").locator(".lp-fault")).to_contain_text("must make at most")
    expect_counts(page, [7])
    type_value(page, "dt", "0.1")
    expect(page.locator(".lp-row.is-bad")).to_have_count(0)
    expect(page.locator("[data-sentence=method]")).to_contain_text("Euler, dt 0.1 ms")


def test_a_crowd_of_spikes_is_said_not_drawn(page):
    """180,499 spikes in 100 ms and more than a million: a message instead of a stall, and the next
    setting works again."""
    choose(page, "variant", "notebook")
    for own, value in (("R", "1"), ("theta", "1"), ("C", "0.1"), ("u_rest", "0.95"), ("I", "10")):
        type_value(page, own, value)
    expect(page.locator(".lp-crowd")).to_contain_text("180499 spikes")
    expect_counts(page, [180499])
    type_value(page, "I", "0.5")
    expect_counts(page, [0])
    expect(page.locator(".lp-crowd")).not_to_be_visible()
    choose(page, "preset", "variable-tau")
    type_value(page, "tau_m", "0.0001")
    expect(page.locator(".lp-crowd")).to_contain_text("more than 20000 spikes")
    type_value(page, "tau_m", "6.3")
    expect_counts(page, [6])


def test_a_lost_server_loses_nothing(browser):
    """The banner says so, sliders go on moving, and when the server is back it answers them."""
    lab = Served()
    page = browser.new_page()
    page.goto(lab.address)
    page.wait_for_selector("html[data-ready=true]")
    lab.stop()
    expect(page.locator(".lp-banner")).to_contain_text("lost")
    type_value(page, "I", "2")
    expect(box_of(page, "I")).to_have_value("2")
    lab.start()
    expect_counts(page, counts(moved(PRESETS["constant"]["variants"][0], {"I": 2.0})))
    expect(page.locator(".lp-banner")).not_to_be_visible()
    page.close()
    lab.stop()


# The error of other methods -----------------------------------------------------------------


def euler_train(tau, drive, threshold, reset, dt, duration):
    """Spike times of forward Euler with spikes on the grid: a loop of its own."""
    v, times = reset, []
    for k in range(1, round(duration / dt) + 1):
        v += dt / tau * (reset + drive - v)
        if v >= threshold:
            times.append(k * dt)
            v = reset
    return times


def test_euler_over_the_exact_solution(page):
    """Euler's count and its worst error, from a loop of the test and the period's formula."""
    choose(page, "method", "Euler")
    times = euler_train(5.76, 5.12, 5.0, 0.4, 0.5, 100.0)
    period = 5.76 * math.log(5.12 / (5.12 - 4.6))
    errors = [t - (k + 1) * period for k, t in enumerate(times)]
    worst = max(errors, key=abs)
    sentence = page.locator("[data-sentence=method]")
    expect(sentence).to_contain_text(f"{len(times)} spikes, worst {abs(worst):.4g} ms")
    expect(readout(page, "method_spikes")).to_have_text(str(len(times)))
    expect(readout(page, "missed")).to_have_text("0")
    shown = readout(page, "worst_error").inner_text().replace("−", "-")
    assert float(shown) == pytest.approx(worst, abs=6e-4)
    mean = float(readout(page, "mean_error").inner_text())
    assert mean == pytest.approx(sum(map(abs, errors)) / len(errors), abs=6e-4)
    expect(page.locator("[data-panel=error]")).to_be_visible()
    choose(page, "method", "Exact")
    expect(page.locator("[data-panel=error]")).not_to_be_visible()
    expect(page.locator("[data-sentence=method]")).to_have_count(0)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_and_every_way_to_place_spikes(page, method):
    """The method's own sentence, with its name, and the count of its run."""
    choose(page, "preset", "two-inputs")
    choose(page, "method", method)
    base = moved(PRESETS["two-inputs"]["variants"][0], {})[0]
    for locate in ("grid", "linear", "hermite"):
        choose(page, "locate", locate)
        run = base.replace({"method": getattr(lq, method)(dt=0.5, locate=locate)}).run()
        expect(readout(page, "method_spikes")).to_have_text(str(run.spike_count))
        sentence = page.locator("[data-sentence=method]")
        expect(sentence).to_contain_text({"grid": "", "linear": "line", "hermite": "cubic"}[locate])


def test_missed_and_extra_spikes_are_counted_in_experiment_4(page):
    """200 steps of 0.5 ms cannot hold 232 spikes: what Euler misses is counted in each row."""
    choose(page, "preset", "intensity-duration")
    choose(page, "method", "Euler")
    expect(readout(page, "method_spikes", 3)).to_have_text("0")
    missed = [int(readout(page, "missed", k).inner_text()) for k in range(4)]
    extra = [int(readout(page, "extra", k).inner_text()) for k in range(4)]
    own = [int(readout(page, "method_spikes", k).inner_text()) for k in range(4)]
    assert missed[2] >= 32
    for exact, m, e, n in zip([30, 0, 232, 0], missed, extra, own, strict=True):
        assert exact - m + e == n


def test_error_against_dt_for_all_methods(page):
    """Four curves with their slopes: on the grid near 1, by a cubic RK4 near 4."""
    choose(page, "preset", "two-inputs")
    choose(page, "view", "convergence")
    legend = page.locator(".lp-plane .lp-legend li")
    expect(legend.filter(has_text="slope")).to_have_count(len(METHODS))
    choose(page, "method", "RK4")
    choose(page, "locate", "hermite")
    rk4 = legend.filter(has_text="RK4")
    expect(rk4).to_contain_text("slope 4.")
    expect(legend.filter(has_text="slope")).to_have_count(len(METHODS))


# Views --------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_in_every_experiment(page, view):
    """Each has something to say, its axes have names and units, nothing overflows."""
    for name in PRESETS:
        choose(page, "preset", name)
        choose(page, "view", view)
        expect(page.locator("[data-sentence=exact]").first).to_be_visible()
        if view != "traces":
            expect(page.locator("[data-sentence=plane]")).to_be_visible()
            said = re.compile(r"\w.*\.$")
            expect(page.locator("[data-panel=plane]")).to_have_attribute("aria-label", said)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, (name, view)


def test_the_operating_point_moves_on_the_f_I_curve(page):
    """At 2 nA the steady rate is 1000/(tau ln(RI/(RI - gap))) Hz, by the formula."""
    choose(page, "view", "f-I")
    type_value(page, "I", "2")
    drive = 6.4 * 2.0
    rate = 1000.0 / (5.76 * math.log(drive / (drive - 4.6)))
    expect(page.locator("[data-sentence=plane]")).to_contain_text(f"the rate is {rate:.4g} Hz")
    handle = page.locator(".lp-plane .lp-handle")
    expect(handle).to_have_attribute("aria-valuenow", "2")
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=6)
    page.mouse.up()
    assert value_of(page, "I") > 2.0
    expect(handle).to_have_attribute("aria-valuenow", box_of(page, "I").input_value())


def test_a_pulse_is_dragged_across_lapicques_law(page):
    """The pulse needs I_rh / (1 - exp(-d/tau)); pulled down below it, it evokes no spike."""
    choose(page, "preset", "strength-duration")
    plane = page.locator("[data-sentence=plane]")
    needed = 1.5 / -math.expm1(-10.0 / 10.0)
    expect(plane).to_contain_text(f"needs {needed:.4g} nA")
    expect(plane).to_contain_text("a spike")
    numbers = page.locator(".lp-about-plane")
    expect(numbers.locator("[data-readout=rheobase]")).to_have_text("1.500")
    expect(numbers.locator("[data-readout=chronaxie]")).to_have_text(f"{10 * math.log(2):.3f}")
    handle = page.locator(".lp-plane .lp-handle")
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y + 40, steps=8)
    page.mouse.up()
    amplitude, duration = value_of(page, "I"), value_of(page, "d")
    assert amplitude < 2.5
    assert duration > 10.0
    needed = 1.5 / -math.expm1(-duration / 10.0)
    expect(plane).to_contain_text(f"needs {needed:.4g} nA; this one has {amplitude:.4g} nA")
    expect_counts(page, [int(amplitude >= needed)])
    handle.focus()
    handle.press("ArrowLeft")
    assert value_of(page, "d") < duration


# Undo, A and B ------------------------------------------------------------------------------


def test_undo_takes_back_a_whole_drag_and_redo_brings_it_again(page):
    """One drag is one step; typed values, choices of method, version and view are steps too."""
    expect(tool(page, "undo")).to_be_disabled()
    drag(page, range_of(page, "I"), 0.08, 0.7, steps=20)
    page.mouse.up()
    dragged = box_of(page, "I").input_value()
    type_value(page, "R", "5")
    choose(page, "method", "RK2")
    choose(page, "variant", "notebook")
    choose(page, "view", "f-I")
    page.keyboard.press("Control+z")
    expect(page.locator("[data-view=traces] input")).to_be_checked()
    tool(page, "undo").click()
    expect(page.locator("[data-variant=equation] input")).to_be_checked()
    tool(page, "undo").click()
    expect(page.locator("[data-method=Exact] input")).to_be_checked()
    tool(page, "undo").click()
    expect(box_of(page, "R")).to_have_value("6.4")
    expect(box_of(page, "I")).to_have_value(dragged)
    tool(page, "undo").click()
    expect(box_of(page, "I")).to_have_value("0.8")
    expect(tool(page, "undo")).to_be_disabled()
    expect_counts(page, [7])
    for _ in range(5):
        tool(page, "redo").click()
    expect(tool(page, "redo")).to_be_disabled()
    expect(box_of(page, "R")).to_have_value("5")
    expect(page.locator("[data-view=f-I] input")).to_be_checked()
    variant = PRESETS["constant"]["variants"][1]
    expect_counts(page, counts(moved(variant, {"I": float(dragged), "R": 5.0})))
    range_of(page, "R").press("Control+Shift+z")
    range_of(page, "R").press("ArrowRight")
    expect(tool(page, "redo")).to_be_disabled()


def test_two_settings_are_held_and_compared(page):
    """B keeps its numbers while A goes on; swap changes them over; letting go ends it."""
    held = page.locator("[data-readout=spike_count][data-held='0']")
    tool(page, "hold").click()
    type_value(page, "I", "2")
    (other,) = counts(moved(PRESETS["constant"]["variants"][0], {"I": 2.0}))
    expect_counts(page, [other])
    expect(held).to_have_text("7")
    tool(page, "swap").click()
    expect(held).to_have_text(str(other))
    expect_counts(page, [7])
    expect(box_of(page, "I")).to_have_value("0.8")
    page.keyboard.press("Control+z")
    expect(held).to_have_text("7")
    tool(page, "drop").click()
    expect(held).to_have_count(0)
    expect(tool(page, "drop")).not_to_be_visible()


def test_experiment_4_is_held_too(page):
    """Four currents of A beside four of B."""
    choose(page, "preset", "intensity-duration")
    expect_counts(page, [30, 0, 232, 0])
    tool(page, "hold").click()
    type_value(page, "R", "8")
    numbers = counts(moved(PRESETS["intensity-duration"]["variants"][0], {"R": 8.0}))
    expect_counts(page, numbers)
    for k, count in enumerate([30, 0, 232, 0]):
        expect(page.locator(f"[data-readout=spike_count][data-held='{k}']")).to_have_text(
            str(count)
        )


# Links, scripts, files ------------------------------------------------------------------------

CLIPBOARD = ["clipboard-read", "clipboard-write"]


def shared(page, what):
    """A button of the dialog that passes on what is shown."""
    return page.locator(f'[data-share="{what}"]')


def copied(page, what):
    """What is on the clipboard after a button of the dialog."""
    tool(page, "share").click()
    shared(page, what).click()
    expect(page.locator(".lp-share-status")).to_contain_text("copied")
    page.keyboard.press("Escape")
    return page.evaluate("navigator.clipboard.readText()")


def test_a_copied_link_opens_the_same_setting_elsewhere(open_lab):
    """Sliders, version, method, its step, view and B; the read-outs agree to the last digit, and
    `load` reads the experiment that is shown."""
    page = open_lab(permissions=CLIPBOARD)
    choose(page, "preset", "two-inputs")
    tool(page, "hold").click()
    choose(page, "variant", "notebook")
    type_value(page, "I2", "2.7")
    type_value(page, "R", "12")
    choose(page, "method", "RK2")
    type_value(page, "dt", "0.3")
    choose(page, "view", "f-I")
    positions = {"I2": 2.7, "R": 12.0}
    (experiment,) = moved(PRESETS["two-inputs"]["variants"][1], positions)
    expect_counts(page, counts([experiment]))
    address = copied(page, "link")
    assert address.startswith(DESCRIBED["address"] or page.url)
    assert lq.load(address) == experiment.replace({"method": lq.RK2(dt=0.3)})
    other = open_lab(fragment="#" + address.partition("#")[2])
    expect(box_of(other, "I2")).to_have_value("2.7")
    expect(box_of(other, "R")).to_have_value("12")
    expect(box_of(other, "dt")).to_have_value("0.3")
    for what, name in (("preset", "two-inputs"), ("variant", "notebook"), ("view", "f-I")):
        expect(other.locator(f'[data-{what}="{name}"] input')).to_be_checked()
    for name in ("spike_count", "rate", "mean_isi", "first_spike", "worst_error"):
        expect(readout(other, name)).to_have_text(readout(page, name).inner_text())
    expect(other.locator("[data-readout=spike_count][data-held='0']")).to_have_text("9")
    expect(tool(other, "undo")).to_be_enabled()
    tool(other, "undo").click()
    expect_counts(other, [7])


def test_a_link_to_other_experiments_brings_their_sliders(page):
    """Experiments that no preset makes: a preset of their own, one step of undo; a second such
    link and back again."""
    one = lq.Experiment(lq.LIF(t_ref=2.0), lq.constant(1.7) + lq.sine(0.4, 20.0), 200.0)
    two = one.replace({"neuron.t_ref": 5.0})
    text = link.write([one, two], ["short", "long"], "f-I")
    page.evaluate("text => location.hash = text", text)
    expect_counts(page, counts([one, two]))
    expect(page.locator("[data-view=f-I] input")).to_be_checked()
    tab = page.get_by_role("radio", name="From a link")
    expect(tab).to_be_checked()
    type_value(page, "neuron.R_m", "12")
    both = [each.replace({"neuron.R_m": 12.0}) for each in (one, two)]
    expect_counts(page, counts(both))
    type_value(page, "1.neuron.t_ref", "9")
    expect_counts(page, counts([both[0], both[1].replace({"neuron.t_ref": 9.0})]))
    third = lq.Experiment(lq.PIF(), lq.constant(1.0), 100.0, method=lq.Euler(dt=0.2))
    page.evaluate("text => location.hash = text", link.write(third))
    expect_counts(page, counts([third.replace({"method": None})]))
    expect(readout(page, "method_spikes")).to_have_text(str(third.run().spike_count))
    expect(tab).to_have_count(1)
    tool(page, "undo").click()
    expect_counts(page, counts([both[0], both[1].replace({"neuron.t_ref": 9.0})]))
    for _ in range(3):
        tool(page, "undo").click()
    expect_counts(page, [7])
    expect(tool(page, "undo")).to_be_disabled()


@pytest.mark.parametrize(
    ("fragment", "words"),
    [("#1.abc", "damaged"), ("#9.x", "newer lapicque"), ("#1.", "damaged")],
)
def test_a_bad_link_is_said_and_leaves_what_is_there(open_lab, fragment, words):
    """One message, until something is set; a mark of another kind is none."""
    page = open_lab(fragment=fragment)
    alarm = page.locator(".lp-general")
    expect(alarm).to_contain_text(words)
    expect_counts(page, [7])
    expect(tool(page, "undo")).to_be_disabled()
    type_value(page, "I", "2")
    expect(alarm).not_to_be_visible()
    page.evaluate("location.hash = 'top'")
    page.evaluate("location.hash = ''")
    page.wait_for_timeout(300)
    expect(alarm).not_to_be_visible()
    expect(box_of(page, "I")).to_have_value("2")


def test_a_pasted_link_is_opened(page):
    """From the dialog's field, as a whole address; a bad one is said where it was pasted."""
    step = DESCRIBED["tour"][6]["link"]
    tool(page, "share").click()
    field = page.get_by_label("open a link")
    field.fill("https://example.org/lab/#9.abc")
    page.keyboard.press("Enter")
    expect(page.locator(".lp-share-status")).to_contain_text("made by a newer lapicque")
    expect(page.locator(".lp-general")).not_to_be_visible()
    field.fill("")
    page.keyboard.press("Enter")
    expect(page.locator(".lp-share-status")).to_have_text("")
    field.fill(f" https://example.org/lab/#{step} ")
    page.keyboard.press("Enter")
    expect(page.locator(".lp-share")).not_to_be_visible()
    expect(page.locator("[data-preset=two-inputs] input")).to_be_checked()
    expect_counts(page, [9])


def test_the_share_dialog_by_keyboard(open_lab):
    """Enter opens it, Tab goes through it, Escape closes it; the focus comes back each time."""
    page = open_lab(permissions=CLIPBOARD)
    tool(page, "share").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="share")
    expect(dialog).to_be_visible()
    expect(shared(page, "link")).to_be_focused()
    names = []
    for _ in range(7):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    labels = [each["label"] for each in DESCRIBED["copies"]]
    assert names == [*(f"copy as {each}" for each in labels)] + [
        f"download {each}" for each in ("CSV", "SVG", "PNG")
    ]
    shared(page, "toml").focus()
    page.keyboard.press("Space")
    status = dialog.get_by_role("status")
    expect(status).to_have_text("TOML is copied.")
    text = page.evaluate("navigator.clipboard.readText()")
    (experiment,) = moved(PRESETS["constant"]["variants"][0], {})
    assert lq.Experiment.from_toml(text) == experiment
    page.keyboard.press("h")  # a key of the lab, not of the dialog
    expect(page.locator("[data-held='0']")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(tool(page, "share")).to_be_focused()


@pytest.mark.parametrize("what", [each["name"] for each in DESCRIBED["copies"]])
def test_every_script_is_copied(open_lab, what):
    """The text that Python gives for what is shown."""
    page = open_lab(permissions=CLIPBOARD)
    (experiment,) = moved(PRESETS["constant"]["variants"][0], {})
    request = {"kind": "copy", "format": what, "experiments": [experiment.to_dict()]}
    assert copied(page, what) == answer(request)["text"]


def test_a_refused_clipboard_leaves_the_text_selected(open_lab):
    """Where there is none, and where it says no: the link stands in a field, all of it marked."""
    page = open_lab()
    for clipboard in ("undefined", "{ writeText: () => Promise.reject(new Error('no')) }"):
        given = f"{{ value: {clipboard}, configurable: true }}"
        page.evaluate(f"Object.defineProperty(navigator, 'clipboard', {given})")
        tool(page, "share").click()
        shared(page, "link").click()
        expect(page.locator(".lp-share-status")).to_contain_text("press Ctrl C")
        field = page.get_by_label("text to copy")
        expect(field).to_be_focused()
        text = page.evaluate("getSelection().toString()")
        assert text == field.input_value()
        assert link.read(text).lab["preset"] == "constant"
        page.keyboard.press("Escape")


def test_what_cannot_be_shared_is_said(page):
    """A value that breaks its rule is in no link; the message is the rule's."""
    type_value(page, "R", "-1")
    tool(page, "share").click()
    shared(page, "link").click()
    status = page.locator(".lp-share-status")
    expect(status).to_contain_text("'neuron.R_m' must be > 0 MOhm")
    shared(page, "csv").click()
    expect(status).to_contain_text("'neuron.R_m' must be > 0 MOhm")


def downloaded(page, what):
    """The name and the content of a file that the browser takes from the dialog."""
    tool(page, "share").click()
    with page.expect_download() as waiting:
        shared(page, what).click()
    expect(page.locator(".lp-share-status")).to_contain_text("is downloaded")
    page.keyboard.press("Escape")
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def test_csv_of_what_is_shown_is_downloaded(page):
    """The exact spikes of both settings of a slider, Euler's beside them."""
    type_value(page, "I", "1.3")
    choose(page, "method", "Euler")
    expect(page.locator("[data-sentence=method]")).to_be_visible()
    name, content = downloaded(page, "csv")
    assert name == "lapicque.csv"
    lines = [line for line in content.decode().splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines))))
    (experiment,) = moved(PRESETS["constant"]["variants"][0], {"I": 1.3})
    for method, run in (
        ("Exact", experiment.run()),
        ("Euler", experiment.replace({"method": lq.Euler(dt=0.5)}).run()),
    ):
        spikes = [r["t_ms"] for r in rows if (r["method"], r["quantity"]) == (method, "spike")]
        assert [float(t) for t in spikes] == list(run.spikes)


def test_the_setting_b_is_downloaded_too(page):
    """What was held has rows of its own, equal to its own run, and a row in the picture."""
    type_value(page, "I", "1.3")
    page.keyboard.press("Escape")
    tool(page, "hold").click()
    type_value(page, "I", "2")
    expect(page.locator("[data-sentence=held]")).to_be_visible()
    _, content = downloaded(page, "csv")
    lines = [line for line in content.decode().splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines))))
    variant = PRESETS["constant"]["variants"][0]
    for setting, current in (("A", 2.0), ("B", 1.3)):
        (experiment,) = moved(variant, {"I": current})
        key = (setting, "spike")
        spikes = [r["t_ms"] for r in rows if (r["setting"], r["quantity"]) == key]
        assert [float(t) for t in spikes] == list(experiment.run().spikes)
    _, content = downloaded(page, "svg")
    texts = written(ET.fromstring(content))
    assert "B" in texts
    assert page.locator("[data-sentence=held]").inner_text() in texts


def written(root):
    return ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]


def test_a_picture_of_what_is_shown_is_downloaded(page):
    """An SVG with the sentences of traces and view, and the same as a PNG of twice its size."""
    choose(page, "view", "f-I")
    sentence = page.locator("[data-sentence=plane]")
    expect(sentence).to_contain_text("the rate is")
    name, content = downloaded(page, "svg")
    assert name == "lapicque.svg"
    root = ET.fromstring(content)
    texts = " ".join(written(root))
    assert page.locator("[data-sentence=exact]").inner_text() in texts
    assert sentence.inner_text() in texts
    name, content = downloaded(page, "png")
    assert name == "lapicque.png"
    assert content.startswith(b"\x89PNG\r\n")
    size = [int.from_bytes(content[k : k + 4], "big") for k in (16, 20)]
    assert size == [2 * int(root.get("width")), 2 * int(root.get("height"))]
    page.goto("about:blank")
    page.set_content('<img id="picture">')
    colours = page.evaluate(
        """async (bytes) => {
            const blob = new Blob([new Uint8Array(bytes)], { type: "image/png" });
            const bitmap = await createImageBitmap(blob);
            const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
            const context = canvas.getContext("2d");
            context.drawImage(bitmap, 0, 0);
            const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
            const found = new Set();
            for (let k = 0; k < data.length; k += 4) {
                found.add(data[k] * 65536 + data[k + 1] * 256 + data[k + 2]);
            }
            return [...found];
        }""",
        list(content),
    )
    assert {0xFFFFFF, 0x0072B2, 0x009E73, 0xD55E00} <= {*colours}


# The tour -----------------------------------------------------------------------------------


def test_the_tour_leads_through_all_steps(page):
    """Each step shows its words and the runs of its link; forward, back, and closed again."""
    strip = page.get_by_role("region", name="tour")
    expect(strip).not_to_be_visible()
    tool(page, "tour").click()
    expect(tool(page, "tour")).to_have_attribute("aria-expanded", "true")
    steps = DESCRIBED["tour"]
    following = page.locator("[data-tour=next]")
    for k, step in enumerate(steps):
        expect(strip).to_contain_text(f"{k + 1} of {len(steps)}")
        expect(strip).to_contain_text(step["title"])
        expect(strip).to_contain_text(step["text"])
        found = link.read(step["link"])
        expect(page.locator(f'[data-preset="{found.lab["preset"]}"] input')).to_be_checked()
        expect(page.locator(f'[data-view="{found.view}"] input')).to_be_checked()
        expect_counts(page, counts(e.replace({"method": None}) for e in found.experiments))
        if k + 1 < len(steps):
            assert following.get_attribute("href").endswith(f"#{steps[k + 1]['link']}")
            following.focus()
            page.keyboard.press("Enter")
    expect(following).to_have_attribute("aria-disabled", "true")
    expect(page.locator("[data-tour=previous]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(strip).to_contain_text("9 of 10")
    expect(page.locator("[data-preset=strength-duration] input")).to_be_checked()
    page.keyboard.press("Control+z")
    expect(page.locator("[data-view=f-I] input")).to_be_checked()
    page.locator("[data-tour=close]").click()
    expect(strip).not_to_be_visible()
    expect(tool(page, "tour")).to_be_focused()
    expect(tool(page, "tour")).to_have_attribute("aria-expanded", "false")


def test_a_step_of_the_tour_opens_in_a_page_of_its_own(open_lab):
    """With the keys for it, the browser follows the link; this page stays."""
    page = open_lab()
    tool(page, "tour").click()
    expect(box_of(page, "I")).to_have_value("0.7")
    with page.context.expect_page() as waiting:
        page.locator("[data-tour=next]").click(modifiers=["Control"])
    other = waiting.value
    if not DESCRIBED["address"]:  # else the link leads out of this computer
        expect(box_of(other, "I")).to_have_value("0.72")
    assert other.url.endswith(DESCRIBED["tour"][1]["link"]) or DESCRIBED["address"]
    expect(box_of(page, "I")).to_have_value("0.7")


# Before Python is there -----------------------------------------------------------------------


SLOW = """async ({ described, still, fragment }) => {
    const { mount, webSocketLink, workerLink } = await import("./lab.js");
    const real = webSocketLink(`ws://${location.host}/ws`);
    const worker = {
        postMessage: async ({ id, text }) => {
            if (text === undefined) return;
            const { id: _, ...request } = JSON.parse(text);
            const reply = await real.request(request);
            worker.onmessage({ data: { id, text: JSON.stringify(reply) } });
        },
        terminate: () => {},
    };
    const known = [{ request: { kind: "describe" }, reply: { ok: true, describe: described } }];
    window.progress = (loaded) => worker.onmessage({ data: { loading: { loaded, total: 12e6 } } });
    window.arrive = () => worker.onmessage({ data: { isReady: true } });
    const root = document.createElement("div");
    document.body.replaceChildren(root);
    delete document.documentElement.dataset.ready;
    const link = workerLink(() => worker, {}, Promise.resolve(known));
    mount(root, link, { reply: still, fragment, base: "https://lab.test/" });
    window.progress(3e6);
}"""


def still_of(experiment):
    request = {"kind": "run", "experiments": [experiment.to_dict()], "packed": True}
    return {"experiments": [], "names": [], "results": answer(request)["results"]}


def test_what_is_described_beforehand_is_there_before_python(open_lab):
    """Controls and a first picture; how far Python is; a slider that moved is answered when it
    comes, and links lead to the address that the page was given."""
    page = open_lab(permissions=CLIPBOARD)
    (experiment,) = moved(PRESETS["constant"]["variants"][0], {})
    given = {"described": DESCRIBED, "still": still_of(experiment), "fragment": ""}
    page.evaluate(SLOW, given)
    bar = page.get_by_role("progressbar", name="Python is starting")
    expect(bar).to_have_attribute("aria-valuenow", "24")
    expect(page.locator(".lp-banner")).to_have_text("Python is starting: 3.0 MB of 12.0 MB")
    expect_counts(page, [7])
    assert violations(page) == []
    type_value(page, "I", "2")
    expect(page.locator(".lp-figure .lp-stale")).to_have_text("waits for Python")
    expect_counts(page, [7])
    tool(page, "share").click()
    shared(page, "link").click()
    expect(page.locator(".lp-share-status")).to_have_text("Waits for Python …")
    page.keyboard.press("Escape")
    page.evaluate("progress(6e6)")
    expect(bar).to_have_attribute("aria-valuetext", "Python is starting: 6.0 MB of 12.0 MB")
    page.evaluate("arrive()")
    expect_counts(page, counts(moved(PRESETS["constant"]["variants"][0], {"I": 2.0})))
    expect(page.locator(".lp-banner")).not_to_be_visible()
    expect(page.locator(".lp-figure .lp-stale")).not_to_be_visible()
    assert copied(page, "link").startswith("https://lab.test/#1.")


def test_a_link_waits_for_python(page):
    """The setting of the link comes with Python, the described one is there until then."""
    step = DESCRIBED["tour"][6]["link"]
    page.evaluate(SLOW, {"described": DESCRIBED, "fragment": f"#{step}"})
    expect(page.locator("[data-preset=constant] input")).to_be_checked()
    page.evaluate("arrive()")
    expect(page.locator("[data-preset=two-inputs] input")).to_be_checked()
    expect_counts(page, [9])


# How it looks and reads ---------------------------------------------------------------------


def test_kept_axes_are_those_drawn_anew(page):
    """Moved there and back, the canvases are pixel for pixel what they were; so in the dark."""
    pixels = "[...document.querySelectorAll('.lp-stack canvas')].map((each) => each.toDataURL())"
    for _ in range(2):
        before = page.evaluate(pixels)
        for value, count in (("0.9", 10), ("1", 13), ("0.9", 10), ("0.8", 7)):
            type_value(page, "I", value)
            expect_counts(page, [count])
        assert page.evaluate(pixels) == before
        tool(page, "theme").click()
        page.wait_for_timeout(200)
        assert page.evaluate(pixels) != before


def test_a_minus_is_shown_and_a_hyphen_copied(open_lab):
    """A read-out below zero; whoever copies it gets a number that programs read."""
    page = open_lab(permissions=CLIPBOARD)
    type_value(page, "I", "2")
    choose(page, "method", "Euler")
    cell = readout(page, "worst_error")
    expect(cell).to_have_text(re.compile(r"^−\d"))
    cell.evaluate("(cell) => getSelection().selectAllChildren(cell)")
    page.keyboard.press("Control+c")
    page.wait_for_function("navigator.clipboard.readText().then((text) => text !== '')")
    copy = page.evaluate("navigator.clipboard.readText()")
    assert float(copy) == -float(cell.inner_text()[1:])


def test_presenter_mode(page):
    """Type of 20 px, one slider at hand, its neighbours by key or button; Escape ends it."""
    shown = page.locator(".lp-row:visible")
    before = shown.count()
    range_of(page, "I").focus()
    range_of(page, "I").press("ArrowRight")
    tool(page, "presenter").click()
    expect(shown).to_have_count(1)
    expect(slider(page, "I")).to_be_visible()
    size = page.evaluate(
        "parseFloat(getComputedStyle(document.querySelector('.lp-shell')).fontSize)"
    )
    assert size >= 20.0
    page.locator("[data-hand=next]").click()
    expect(slider(page, "I")).not_to_be_visible()
    expect(shown).to_have_count(1)
    page.locator("[data-hand=all]").click()
    expect(shown).to_have_count(before)
    page.keyboard.press("Escape")
    expect(shown).to_have_count(before)
    expect(tool(page, "presenter")).to_have_attribute("aria-pressed", "false")


def test_a_projector_shows_the_potential_beside_a_method(open_lab):
    """1280 x 720, presenting, Euler compared: V has most of the room, and nothing scrolls."""
    page = open_lab(height=720)
    choose(page, "method", "Euler")
    tool(page, "presenter").click()
    expect(page.locator("[data-sentence=method]")).to_be_visible()
    expect(page.locator("[data-panel=error]")).to_be_visible()
    assert page.locator("[data-panel=V]").bounding_box()["height"] >= 140.0
    scrolled = "(main) => main.scrollHeight - main.clientHeight"
    assert page.locator(".lp-main").evaluate(scrolled) <= 0


def test_a_phone_held_sideways_presents_a_method(open_lab):
    """844 x 390: V is no flat line, what does not fit scrolls, the slider at hand stays."""
    page = open_lab(844, 390)
    choose(page, "method", "Euler")
    tool(page, "presenter").click()
    expect(page.locator("[data-panel=error]")).to_be_visible()
    assert page.locator("[data-panel=V]").bounding_box()["height"] >= 80.0
    expect(slider(page, "I")).to_be_in_viewport(ratio=1.0)


def test_neurons_are_listed_beside_the_experiments(open_lab):
    """One is chosen from the list, by key too; its versions; the legend names its after-spike
    currents and its threshold; long numbers are not cut off; an experiment takes its place."""
    page = open_lab()
    neurons = page.get_by_role("combobox", name="Neurons")
    expect(neurons).to_have_value("")
    neurons.select_option("glif")
    expect(page.locator(".lp-title")).to_have_text("GLIF")
    expect(page.locator("[data-preset] input:checked")).to_have_count(0)
    choose(page, "variant", "glif5")
    expect_counts(page, [lq.preset("glif5").run().spike_count])
    expect(page.locator(".lp-legend > .lp-lines")).to_contain_text("after spikes")
    expect(page.locator(".lp-legend > .lp-lines")).to_contain_text("threshold")
    cut = "(box) => box.scrollWidth - box.clientWidth"
    for name in ("neuron.R_m", "neuron.asc_amps.0", "neuron.asc_amps.1"):
        assert box_of(page, name).evaluate(cut) <= 0
    choose(page, "preset", "constant")
    expect(neurons).to_have_value("")
    expect(page.locator(".lp-legend > .lp-lines")).not_to_contain_text("after spikes")


def test_kicks_are_named(open_lab):
    """Of an experiment from a link: in the legend, with the largest."""
    current = lq.constant(1.0) + lq.kicks([10.0, 40.0], jump=4.0) + lq.kicks([70.0], jump=-2.5)
    page = open_lab(
        fragment="#" + link.write([lq.Experiment(lq.LIF(), current, 100.0)]).lstrip("#")
    )
    expect(page.locator(".lp-legend > .lp-lines")).to_contain_text("kicks, up to 4 mV")


def test_the_theme_follows_the_system_and_the_button(open_lab):
    dark = open_lab(color_scheme="dark")
    background = "getComputedStyle(document.querySelector('.lapicque')).backgroundColor"
    night = dark.evaluate(background)
    tool(dark, "theme").click()
    assert dark.evaluate(background) != night
    assert open_lab(color_scheme="light").evaluate(background) == dark.evaluate(background)


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_no_sideways_scroll(open_lab, width):
    """In every view, with a method and a held setting: the page is as wide as its window."""
    page = open_lab(width, 800)
    choose(page, "method", "Euler")
    tool(page, "hold").click()
    for view in VIEWS:
        choose(page, "view", view)
        expect(page.locator(f"[data-view={view}] input")).to_be_checked()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_phone_keeps_the_plots_in_sight(open_lab):
    """Scrolled to the last slider, V(t) is still on the screen."""
    page = open_lab(390, 844, has_touch=True, is_mobile=True)
    range_of(page, "duration").scroll_into_view_if_needed()
    expect(page.locator("[data-panel=V]")).to_be_in_viewport(ratio=0.5)
    expect(range_of(page, "duration")).to_be_in_viewport()


def violations(page):
    """What axe-core finds, all rules for WCAG A and AA and best practice, in a line each."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("async () => (await axe.run(document)).violations")
    return [f"{v['id']}: {v['help']}: {n['html'][:160]}" for v in found for n in v["nodes"]]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci in web/")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_violation_on_any_view(open_lab, scheme, width):
    """Every view, and every state: an error, a comparison, B, the crowd, presenter mode, help."""
    page = open_lab(width, 900, color_scheme=scheme)
    # What the page announces at rest is there then.
    page.wait_for_timeout(1000)
    for view in VIEWS:
        choose(page, "view", view)
        if view != "traces":
            expect(page.locator("[data-sentence=plane]")).to_be_visible()
        assert violations(page) == [], view
    choose(page, "preset", "strength-duration")
    expect(page.locator("[data-sentence=plane]")).to_contain_text("needs")
    assert violations(page) == [], "a pulse"
    choose(page, "preset", "intensity-duration")
    choose(page, "method", "Euler")
    expect(readout(page, "missed", 2)).to_be_visible()
    tool(page, "hold").click()
    type_value(page, "R", "8")
    expect(page.locator("[data-held='3']").first).to_be_visible()
    assert violations(page) == [], "compared and held"
    type_value(page, "R", "-1")
    expect(page.locator(".lp-row.is-bad")).to_have_count(1)
    assert violations(page) == [], "an error"
    tool(page, "presenter").click()
    assert violations(page) == [], "presenter"
    tool(page, "presenter").click()
    tool(page, "help").click()
    expect(page.locator(".lp-help")).to_be_visible()
    assert violations(page) == [], "help"
    page.keyboard.press("Escape")
    type_value(page, "R", "8")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    tool(page, "share").click()
    shared(page, "link").click()
    expect(page.get_by_label("text to copy")).to_be_visible()
    assert violations(page) == [], "share"
    page.keyboard.press("Escape")
    tool(page, "tour").click()
    expect(page.locator(".lp-tour")).to_contain_text("1 of 10")
    assert violations(page) == [], "tour"
    for _ in range(9):
        page.locator("[data-tour=next]").click()
    expect(page.locator(".lp-tour")).to_contain_text("10 of 10")
    assert violations(page) == [], "the end of the tour"
