"""The lab from slider to picture: in its pages, in JupyterLab, and the way of the original.

``python benchmarks/lab.py`` drives a real Chromium (``LAPICQUE_CHROMIUM`` names it) through
Playwright and prints two tables:

A. milliseconds from a slider's input event to the painted canvas, and answers per second of a drag;
B. the worst slider settings: what was found by search and what is known to be hard.

``--budget`` prints instead where JupyterLab's time goes, stage by stage, and what remedies buy;
``--load`` how long the static page takes to load, beside a page that only loads Pyodide.

Hosts, all in one run, taking turns in blocks so that a drift of the machine hits them alike:

local     the page and the server of ``lapicque lab``
null      the same, but ``answer`` plays back the reply that was recorded for the same request:
          what is left is transport and browser
site      the static page: Pyodide in a worker
worker    the same, but its worker plays back
widget    ``lapicque.lab.Lab`` in JupyterLab
original  the original notebook's way in JupyterLab: ``interact``, a loop of Euler, Matplotlib
echo      a comm message to a kernel over ZeroMQ and a reply of the same size; no browser, no server

What is timed. A move sets the value of one range input and dispatches its `input` event; then it
waits. The lab dispatches ``lapicque:painted`` in the animation frame in which it has drawn; the
canvases have only noted their strokes then, so the clock stops when that frame is done: layout,
rasterizing, and handing over to the compositor. That other pixels stand on the canvases by then is
read back once for each experiment, outside the timed moves. For the original it is the frame after
the new image is decoded. Moves rest for 50 to 80 ms at random, so that they meet the frames at any
phase. A drag moves the slider in each frame for two seconds and counts the pictures.

The moves go over the whole range of each slider that the original has, one slider at a time, the
others at their defaults; values that the engine refuses are left out (they would be fast).
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import importlib.metadata
import itertools
import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from lab_hosts import echo
from lab_hosts.jupyter import Jupyter
from lab_hosts.local import LocalServer
from lab_hosts.original import SLIDERS
from lab_hosts.site import StaticSite

from lapicque.errors import LapicqueError
from lapicque.experiment import Experiment
from lapicque.lab.answer import answer
from lapicque.lab.presets import presets

HERE = Path(__file__).resolve().parent
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
]
VIEWPORT = {"width": 1440, "height": 1000}
EXPERIMENTS = {
    "1": "constant",
    "2a": "variable-tau",
    "2b": "variable-sine",
    "3": "two-inputs",
    "4": "intensity-duration",
}
HOSTS = ("local", "null", "site", "worker", "widget", "original", "echo")
BLOCK = 15
DRAG_MS = 2000
DRAG_POSITIONS = 31
SETTLED = 1000  # after a rest the lab saves its state and JupyterLab the still picture

WIDGET_CELL = "from lapicque.lab import Lab\nLab()"
ORIGINAL_CELL = "from lab_hosts.original import show\nshow()"
READY = {"widget": ".lapicque[data-ready=true]", "original": ".jp-RenderedImage img"}


# ------------------------------------------------------------------------------------------- moves

Move = tuple[str, float]


def preset_of(name: str) -> dict[str, Any]:
    """The lab's preset of that name."""
    return next(preset for preset in presets() if preset["name"] == name)


def experiments_at(variant: dict[str, Any], values: dict[str, float]) -> list[Experiment]:
    """The experiments of a variant with some sliders moved, as the front end makes them."""
    experiments = [Experiment.from_dict(entry["experiment"]) for entry in variant["experiments"]]
    for slider in variant["sliders"]:
        if slider["name"] not in values:
            continue
        for k, target in itertools.product(range(len(experiments)), slider["targets"]):
            if target["experiment"] in (None, k):
                value = target["factor"] * values[slider["name"]] ** target["power"]
                experiments[k] = experiments[k].replace({target["path"]: value})
    return experiments


def request_at(variant: dict[str, Any], values: dict[str, float], **more: Any) -> dict[str, Any]:
    """The request that the front end sends for these settings."""
    experiments = [experiment.to_dict() for experiment in experiments_at(variant, values)]
    request = {"id": 1, "kind": "run", "view": "traces", "experiments": experiments}
    return {**request, "window": None, "width": 900, "packed": True, **more}


def is_legal(variant: dict[str, Any], values: dict[str, float]) -> bool:
    """Whether the engine accepts these settings."""
    try:
        return bool(answer(request_at(variant, values))["ok"])
    except (LapicqueError, ZeroDivisionError):
        return False


def plan(name: str, count: int) -> list[list[Move]]:
    """Moves over the whole range of each slider of the original, in blocks, sorted by slider."""
    draw = random.Random(name)
    variant = preset_of(name)["variants"][0]
    sliders = SLIDERS[name]
    positions = {}
    for k, (slider, (low, high, step, home)) in enumerate(sliders.items()):
        wanted = len(range(k, count, len(sliders)))
        steps = round((high - low) / step)
        numbers = [round(i * steps / max(1, wanted - 1)) for i in range(wanted)]
        draw.shuffle(numbers)
        values = []
        for number in numbers:
            value = round(low + number * step, 6)
            while value == home or value in values or not is_legal(variant, {slider: value}):
                value = round(low + draw.randint(0, steps) * step, 6)
            values.append(value)
        positions[slider] = values
    turns = itertools.zip_longest(*([(name, v) for v in vs] for name, vs in positions.items()))
    moves = [move for turn in turns for move in turn if move is not None]
    order = list(sliders)
    blocks = [moves[k : k + BLOCK] for k in range(0, len(moves), BLOCK)]
    return [sorted(block, key=lambda move: order.index(move[0])) for block in blocks]


def drag_positions(name: str) -> tuple[str, list[float]]:
    """The first slider of an experiment and where a drag takes it."""
    slider, (low, high, step, _) = next(iter(SLIDERS[name].items()))
    variant = preset_of(name)["variants"][0]
    share = (high - low) / (DRAG_POSITIONS - 1)
    values = [round(low + round(k * share / step) * step, 6) for k in range(DRAG_POSITIONS)]
    return slider, [value for value in values if is_legal(variant, {slider: value})]


# ------------------------------------------------------------------------------------------- hosts


@dataclasses.dataclass
class Host:
    """A page with sliders."""

    name: str
    page: Any
    server: LocalServer | StaticSite | None = None
    rest: random.Random = dataclasses.field(default_factory=lambda: random.Random(1907))

    @property
    def _is_original(self) -> bool:
        return self.name == "original"

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a function of the driver."""
        return self.page.evaluate(f"(given) => bench.{function}(...given)", list(arguments))

    def choose(self, name: str) -> None:
        """Show an experiment."""
        self.page.bring_to_front()
        if self._is_original:
            homes = {slider: home for slider, (_, _, _, home) in SLIDERS[name].items()}
            self.page.evaluate("(homes) => (bench.page.homes = homes)", homes)
        self.call("page.choose", name)
        self.page.wait_for_timeout(SETTLED)

    def moves(self, moves: list[Move]) -> list[dict[str, Any]]:
        """Make awaited moves, slider by slider; each slider goes back to its default."""
        made = []
        for slider, group in itertools.groupby(moves, key=lambda move: move[0]):
            for move in group:
                made.append(self.call("move", move, 50.0 + 30.0 * self.rest.random()))
                if made[-1]["faults"]:
                    raise SystemExit(f"{self.name}: {move} was refused: {made[-1]['faults']}")
            self.call("page.reset", slider)
            self.page.wait_for_timeout(50)
        return made

    def drag(self, name: str) -> float:
        """Return the pictures per second of a drag."""
        slider, values = drag_positions(name)
        counted = self.call("drag", slider, values, DRAG_MS)
        self.call("page.reset", slider)
        self.page.wait_for_timeout(SETTLED)
        return float(counted["paints"])

    def changes(self, move: Move) -> bool:
        """Whether the picture is another one when the page says so."""
        changed = bool(self.call("changes", move, 100))
        self.call("page.reset", move[0])
        return changed


@contextmanager
def chromium() -> Iterator[Any]:
    """A Chromium."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("LAPICQUE_CHROMIUM")
    if not path:
        raise SystemExit("LAPICQUE_CHROMIUM does not name a Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def new_page(browser: Any, scripts: tuple[str, ...] = ("driver.js",)) -> Any:
    """A page with the driver in it, in a browser profile of its own."""
    context = browser.new_context(viewport=VIEWPORT)
    for script in scripts:
        context.add_init_script(path=HERE / "lab_hosts" / script)
    return context.new_page()


def open_local(browser: Any, name: str, stack: ExitStack) -> Host:
    """The lab's own page."""
    server = LocalServer(is_null=name == "null")
    stack.callback(server.close)
    page = new_page(browser)
    page.goto(server.address)
    page.wait_for_selector("html[data-ready=true]")
    return Host(name, page, server)


def open_site(browser: Any, name: str, stack: ExitStack) -> Host:
    """The static page, when Python has come."""
    server = StaticSite(is_null=name == "worker")
    stack.callback(server.close)
    page = server.page = new_page(browser)
    page.goto(server.address)
    page.wait_for_selector("html[data-python=ready]", timeout=120_000)
    return Host(name, page, server)


def open_in_jupyter(browser: Any, name: str, jupyter: Jupyter) -> Host:
    """A notebook."""
    page = new_page(browser)
    jupyter.open(page, name, READY[name])
    if name == "original":
        page.evaluate("() => (bench.page = bench.pages.original)")
    page.wait_for_timeout(SETTLED)
    return Host(name, page)


# ------------------------------------------------------------------------------------ A. the table


def quantile(values: list[float], share: float) -> float:
    """A quantile; between two values the nearer."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def summary(ms: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    return {"median_ms": statistics.median(ms), "p95_ms": quantile(ms, 0.95), "moves": len(ms)}


def part_a(browser: Any, names: list[str], labels: list[str], count: int) -> list[dict[str, Any]]:
    """Every host and experiment."""
    with ExitStack() as stack:
        hosts = [open_local(browser, name, stack) for name in names if name in ("local", "null")]
        hosts += [open_site(browser, name, stack) for name in names if name in ("site", "worker")]
        notebooks = {"widget": WIDGET_CELL, "original": ORIGINAL_CELL}
        cells = {name: notebooks[name] for name in names if name in notebooks}
        if cells:
            jupyter = Jupyter(cells)
            stack.callback(jupyter.close)
            hosts += [open_in_jupyter(browser, name, jupyter) for name in cells]
        measured = list(itertools.chain(*(_measure(hosts, label, count) for label in labels)))
    for label in labels:
        name = EXPERIMENTS[label]
        size = len(json.dumps(answer(request_at(preset_of(name)["variants"][0], {}))))
        if "echo" in names:
            ms = echo.kernel_round_trips(size, count)
            measured.append({"host": "echo", "experiment": label, **summary(ms)})
        for row in measured:
            if row["experiment"] == label:
                row["reply_kB"] = size / 1000.0
    _compare(measured)
    return sorted(measured, key=lambda row: HOSTS.index(row["host"]))


def _measure(hosts: list[Host], label: str, count: int) -> list[dict[str, Any]]:
    """One experiment on all hosts, taking turns: A B C, C B A, ..."""
    name = EXPERIMENTS[label]
    blocks = plan(name, count)
    taken: dict[str, list[float]] = {host.name: [] for host in hosts}
    rates: dict[str, list[float]] = {host.name: [] for host in hosts}
    for host in hosts:
        host.choose(name)
        if host.server is not None and host.server.is_null:
            slider, values = drag_positions(name)
            host.server.tell("record")
            for block in blocks:
                host.moves(block)
            host.moves([(slider, value) for value in values])
            host.server.tell("play")
        host.moves(blocks[0][:5])
    for turn, block in enumerate(blocks):
        for host in hosts if turn % 2 == 0 else hosts[::-1]:
            host.page.bring_to_front()
            host.moves(block[:1])
            taken[host.name] += [made["ms"] for made in host.moves(block)]
            if turn < 2:
                rates[host.name].append(host.drag(name))
    for host in hosts:
        host.page.bring_to_front()
        if not host.changes(blocks[0][0]):
            raise SystemExit(f"{host.name}, {name}: 'painted' was said before the pixels changed")
    return [
        {
            "host": host.name,
            "experiment": label,
            **summary(taken[host.name]),
            "answers_per_s": statistics.mean(rates[host.name]),
        }
        for host in hosts
    ]


def _compare(rows: list[dict[str, Any]]) -> None:
    """Add the ratios and the bars of the issue."""
    medians = {(row["host"], row["experiment"]): row["median_ms"] for row in rows}
    for row in rows:
        against = {"local": "null", "site": "worker", "widget": "original"}.get(row["host"])
        other = medians.get((against, row["experiment"])) if against else None
        if other is None:
            continue
        ratio = row["median_ms"] / other
        most = 0.25 if against == "original" else 1.5
        good = ratio <= most
        row["ratio"] = f"{ratio:.2f} of {against}"
        row["bar"] = f"<= {most:g}: {'met' if good else 'MISSED'}"
        if against != "original":
            row["bar"] += f"; >= 50/s: {'met' if row['answers_per_s'] >= 50 else 'MISSED'}"


# --------------------------------------------------------------------------- B. worst settings


@dataclasses.dataclass
class Setting:
    """Where the sliders stand, and what is asked."""

    preset: str
    variant: str
    view: str
    values: dict[str, float]
    method: dict[str, Any] | None = None
    ms: float = 0.0

    def request(self) -> dict[str, Any]:
        """The request that the front end sends."""
        preset = preset_of(self.preset)
        variant = next(each for each in preset["variants"] if each["name"] == self.variant)
        request = request_at(variant, self.values, view=self.view)
        if self.view == "error":
            for experiment in request["experiments"]:
                experiment["method"] = self.method
        return request

    def text(self) -> str:
        """The sliders that are moved, and the method."""
        moved = ", ".join(f"{name} {value:g}" for name, value in self.values.items())
        if self.method is None:
            return f"{self.preset} ({self.variant}): {moved}"
        how = "{name}, dt {dt:g}, {locate}".format(**self.method)
        return f"{self.preset} ({self.variant}): {moved}; {how}"


CORNER = {"I": 10.0, "R": 1.0, "C": 0.1, "theta": 1.0, "u_rest": 0.95}
KNOWN = [
    Setting("constant", "equation", "traces", CORNER),
    Setting("constant", "notebook", "traces", CORNER),
    *(
        Setting("variable-tau", variant, "traces", {"t_max": 1000.0, "tau_m": tau_m})
        for variant in ("equation", "notebook")
        for tau_m in (0.1, 0.01, 1e-4)
    ),
]
VIEWS = ("traces", "error", "f-I", "strength-duration")
WORST_OF_VIEW = 3
BAR_MS = 100.0


def random_setting(draw: random.Random, view: str) -> Setting:
    """Any preset and version, its sliders at rest, at an end or anywhere between."""
    preset = draw.choice(presets())
    variant = draw.choice(preset["variants"])
    values = {}
    for slider in variant["sliders"]:
        low, high, step = slider["minimum"], slider["maximum"], slider["step"]
        anywhere = low + draw.randint(0, round((high - low) / step)) * step
        where = draw.random()
        if where > 0.2:
            value = anywhere if where > 0.6 else draw.choice((low, high))
            if value != slider["default"]:
                values[slider["name"]] = float(f"{value:.12g}")
    method = None
    if view == "error":
        described = answer({"id": 1, "kind": "describe"})["describe"]
        stepping = draw.choice([each for each in described["methods"] if each["locates"]])
        method = {"name": stepping["name"], "dt": draw.choice(described["dt"]["grid"])}
        method["locate"] = draw.choice(stepping["locates"])
    return Setting(preset["name"], variant["name"], view, values, method)


def timed(
    setting: Setting, repeats: int, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, dict[str, Any]]:
    """The median time of the answer, ms, and the answer."""
    request = setting.request()
    taken = []
    for _ in range(repeats):
        began = clock()
        reply = answer(request)
        taken.append(1e3 * (clock() - began))
    return statistics.median(taken), reply


def search(count: int) -> list[Setting]:
    """The slowest answers of each view among `count` random settings."""
    draw = random.Random(1907)
    found = []
    for view in VIEWS:
        tried = []
        while len(tried) < count:
            setting = random_setting(draw, view)
            try:
                setting.ms, reply = timed(setting, 1, time.process_time)
            except (LapicqueError, ZeroDivisionError):
                continue  # the page would not even send it
            if reply["ok"] and setting.values:
                tried.append(setting)
        tried.sort(key=lambda setting: -setting.ms)
        found += tried[:WORST_OF_VIEW]
    return found


def part_b(browser: Any, count: int) -> list[dict[str, Any]]:
    """Known and found settings: the answer by itself, and in the page."""
    rows = []
    with ExitStack() as stack:
        host = open_local(browser, "local", stack)
        for origin, setting in [
            *(("known", each) for each in KNOWN),
            *(("found", each) for each in search(count)),
        ]:
            ms, reply = timed(setting, 7)
            last, value = list(setting.values.items())[-1]
            preset = preset_of(setting.preset)
            variant = next(each for each in preset["variants"] if each["name"] == setting.variant)
            slider = next(each for each in variant["sliders"] if each["name"] == last)
            home = {each["name"]: each["default"] for each in variant["sliders"]}
            at_rest = {**home, **setting.values, last: slider["default"]}
            host.page.bring_to_front()
            host.call("arrange", {**dataclasses.asdict(setting), "values": at_rest})
            pressed = host.call("press", last, value, slider["default"], setting.view)
            rows.append(
                {
                    "from": origin,
                    "view": setting.view,
                    "setting": setting.text(),
                    "answer_ms": ms,
                    "painted_ms": pressed["first"],
                    "last_ms": pressed["last"],
                    "shows": shows(reply),
                    "bar": f"<= {BAR_MS:g} ms: {'met' if ms <= BAR_MS else 'MISSED'}",
                }
            )
    return rows


def shows(reply: dict[str, Any]) -> str:
    """What a reply says of its spikes."""
    if not reply["ok"]:
        return str(reply["error"]["message"])
    if "plane" in reply:
        return ""
    counts = []
    for result in reply["results"]:
        crowded = result["crowded"]
        counts.append(crowded["message"] if crowded else result["readouts"][0]["text"])
    return "; ".join(counts)


# ------------------------------------------------------------------ budget: JupyterLab's time

# Where the time of a move goes: from the place before to this one.
STAGES = {
    "page out": "slider's event to the message leaving (lab, ipywidgets, JSON)",
    "server in": "page to Jupyter server",
    "answer begins": "server to kernel, until `answer` has it",
    "answer ends": "`answer`",
    "server out": "reply encoded, signed, kernel to server",
    "page in": "server to page",
    "frame asked": "JupyterLab, ipywidgets and link hand the reply over",
    "frame": "waiting for the next frame",
    "drawn": "drawing",
    "done": "layout, rasterizing, handing over",
}
STAMPED_CELL = f"from lab_hosts.stamps import install\ninstall()\n{WIDGET_CELL}"
ECHO_CELL = "from lab_hosts.echo import show\nshow()"
ECHOES = (4_000, 40_000, 80_000)
FILL = 65_536
WAYS = {
    "plain": "plain",
    "filled": "filled",
    "nodelay": "TCP_NODELAY",
}


def part_budget(
    browser: Any, labels: list[str], count: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Stages of a move, and round trips of an echo, each in three ways that take turns.

    plain: the reply as long as it is; filled: up to a segment of the loopback device, as the lab
    asks; nodelay: plain, and the server sends each message at once.
    """
    cells = {"widget": STAMPED_CELL, "echo": ECHO_CELL}
    hosts: dict[str, Host] = {}
    echoing: dict[str, Any] = {}
    servers: dict[str, Jupyter] = {}
    with ExitStack() as stack:
        for way, nodelay in (("plain", False), ("nodelay", True)):
            servers[way] = jupyter = Jupyter(cells, watched=True, nodelay=nodelay)
            stack.callback(jupyter.close)
            page = new_page(browser, ("driver.js", "wires.js"))
            jupyter.open(page, "widget", READY["widget"])
            hosts[way] = Host("widget", page)
            echoing[way] = new_page(browser)
            jupyter.open(echoing[way], "echo", ".lapicque-bench-echo")
        hosts["filled"], servers["filled"] = hosts["plain"], servers["plain"]
        echoing["filled"] = echoing["plain"]
        echoes = _echoes(echoing, count)
        stages = _stages(hosts, servers, labels, count)
    return stages, echoes


def _stages(
    hosts: dict[str, Host], servers: dict[str, Jupyter], labels: list[str], count: int
) -> list[dict[str, Any]]:
    """Medians of the stages of a move, and of a drag's answers per second."""
    moves: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    for label in labels:
        name = EXPERIMENTS[label]
        for way in ("plain", "nodelay"):
            hosts[way].choose(name)
        for turn, block in enumerate(plan(name, count)):
            for way in list(WAYS) if turn % 2 == 0 else list(WAYS)[::-1]:
                host, page = hosts[way], hosts[way].page
                page.bring_to_front()
                page.evaluate("(is) => (wires.unfilled = is)", way != "filled")
                host.moves(block[:2])
                page.evaluate("() => (wires.stamps.length = 0)")
                made = host.moves(block)
                moves[way] += _staged(made, page, servers[way])
                if turn < 2:
                    rates[way].append(host.drag(name))

    def row(text: str, of_way: Callable[[str], float]) -> dict[str, Any]:
        return {"stage": text, **{way: of_way(way) for way in WAYS}}

    def median(place: str) -> Callable[[str], float]:
        return lambda way: statistics.median(move[place] for move in moves[way])

    return [
        *(row(text, median(place)) for place, text in STAGES.items()),
        row("all: median", median("whole")),
        row("all: p95", lambda way: quantile([move["whole"] for move in moves[way]], 0.95)),
        row("server to page: p95", lambda way: quantile([m["page in"] for m in moves[way]], 0.95)),
        row("answers/s of a drag", lambda way: statistics.mean(rates[way])),
    ]


def _staged(made: list[dict[str, Any]], page: Any, jupyter: Jupyter) -> list[dict[str, float]]:
    """The stages of each move, from the stamps of page, server and kernel."""
    origin = page.evaluate(
        """() => {
          // Date.now ticks in whole ms; at a tick it tells where the page's clock stands.
          const start = Date.now();
          while (Date.now() === start);
          return Date.now() - performance.now();
        }"""
    )
    stamps = [(place, at) for place, at in page.evaluate("() => wires.stamps")]
    stamps += [(place, at - origin) for place, at in jupyter.read_stamps()]
    staged = []
    for move in made:
        at = {"drawn": move["drawn"], "done": move["done"]}
        for place, when in sorted(stamps, key=lambda stamp: stamp[1]):
            if move["began"] - 1.0 <= when <= move["done"] + 1.0:
                at.setdefault(place, when)
        if set(at) != set(STAGES):
            continue  # a stamp fell on the wrong side of a ms
        spans = {"whole": move["ms"]}
        before = move["began"]
        for place in STAGES:
            spans[place] = at[place] - before
            before = at[place]
        staged.append(spans)
    if len(staged) < 0.8 * len(made):
        raise SystemExit(f"only {len(staged)} of {len(made)} moves have all their stamps")
    return staged


def _echoes(pages: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """A widget that only echoes: median and 95th percentile of its round trip."""
    rows = []
    for size, (rest, text) in itertools.product(
        ECHOES, ((60, "60 ms after the last"), (0, "in the next frame"))
    ):
        taken: dict[str, list[float]] = {way: [] for way in WAYS}
        for turn in range(4):
            for way in list(WAYS) if turn % 2 == 0 else list(WAYS)[::-1]:
                pages[way].bring_to_front()
                asked = {"size": size, "fill": FILL if way == "filled" else 0, "rest": rest}
                ms = pages[way].evaluate("echo", {**asked, "count": 3 + count // 4})
                taken[way] += ms[3:]
        row = {"reply": f"{size // 1000} kB", "asked": text}
        for way, ms in taken.items():
            row[way] = f"{statistics.median(ms):.1f} / {quantile(ms, 0.95):.1f}"
        rows.append(row)
    return rows


# ---------------------------------------------------------------------------------------- printing


# ------------------------------------------------------------------------------------------ loading

_WATCH_LOAD = """
addEventListener("DOMContentLoaded", () => {
  const page = document.documentElement;
  globalThis.bench_load = {};
  new MutationObserver(() => {
    for (const name of ["ready", "python"]) {
      if (page.dataset[name]) bench_load[name] ??= performance.now();
    }
  }).observe(page, { attributes: true });
});
"""


def part_load(browser: Any, count: int) -> list[dict[str, Any]]:
    """First visits to the page and to one that only loads Pyodide, taking turns; warm server."""
    site = StaticSite()
    visits: dict[str, list[dict[str, float]]] = {"": [], "bare.html": []}
    try:
        for turn in range(count + 1):
            for name, found in visits.items():
                site.sent = 0
                visit = _visit(browser, site.address + name)
                visit["bytes"] = float(site.sent)
                if turn > 0:
                    found.append(visit)
    finally:
        site.close()
    rows = []
    for name, found in visits.items():
        row: dict[str, Any] = {"page": "bare Pyodide" if name else "lapicque"}
        for key in ("ready", "python", "bytes"):
            values = [visit[key] for visit in found if key in visit]
            row[key] = statistics.median(values) if values else None
        rows.append(row)
    ours, bare = rows
    later = ours["python"] - bare["python"]
    more = ours["bytes"] - bare["bytes"]
    ours["bar"] = (
        f"plot <= 1000 ms: {'met' if ours['ready'] <= 1000 else 'MISSED'}; "
        f"Python {later:.0f} ms later <= 700 ms: {'met' if later <= 700 else 'MISSED'}; "
        f"{more / 1000:.0f} kB more <= 200 kB: {'met' if more <= 200_000 else 'MISSED'}"
    )
    for row in rows:
        row["bytes"] /= 1e6
    return rows


def _visit(browser: Any, address: str) -> dict[str, float]:
    """One first visit, by a browser that has nothing in its cache."""
    page = new_page(browser)
    page.add_init_script(_WATCH_LOAD)
    page.goto(address)
    page.wait_for_selector("html[data-python=ready]", state="attached", timeout=120_000)
    times: dict[str, float] = page.evaluate("bench_load")
    page.context.close()
    return times


def machine(browser: Any) -> dict[str, Any]:
    """What ran, and on what."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    packages = ("jupyterlab", "jupyter_server", "ipykernel", "ipywidgets", "anywidget")
    packages += ("matplotlib", "playwright")
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "chromium": browser.version,
        **{name: importlib.metadata.version(name) for name in packages},
    }


def cell(value: Any) -> str:
    """One entry of a table."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.1f}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)


def print_table(rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    """Print rows under headings, as Markdown."""
    table = [list(columns.values())]
    table += [[cell(row.get(key)) for key in columns] for row in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(columns))]
    for k, line in enumerate(table):
        print("| " + " | ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)) + " |")
        if k == 0:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")
    print()


COLUMNS_A = {
    "host": "host",
    "experiment": "experiment",
    "reply_kB": "reply, kB",
    "median_ms": "median, ms",
    "p95_ms": "p95, ms",
    "answers_per_s": "answers/s",
    "ratio": "ratio",
    "bar": "bar",
}
COLUMNS_B = {
    "from": "from",
    "view": "view",
    "setting": "setting",
    "answer_ms": "answer, ms",
    "painted_ms": "painted, ms",
    "last_ms": "after a drag, ms",
    "shows": "spikes",
    "bar": "bar",
}


COLUMNS_LOAD = {
    "page": "page",
    "ready": "first plot, ms",
    "python": "Python ready, ms",
    "bytes": "transfer, MB",
    "bar": "bar",
}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hosts", default=",".join(HOSTS), help="some of %(default)s")
    parser.add_argument("--experiments", default=",".join(EXPERIMENTS), help="some of %(default)s")
    parser.add_argument("--moves", type=int, default=60, help="per host and experiment")
    parser.add_argument("--search", type=int, default=300, help="random settings of each view")
    parser.add_argument("--budget", action="store_true", help="where JupyterLab's time goes")
    parser.add_argument("--load", action="store_true", help="how the static page loads")
    parser.add_argument("--json", action="store_true", help="print data instead of tables")
    arguments = parser.parse_args()
    names = [name for name in HOSTS if name in arguments.hosts.split(",")]
    labels = [label for label in EXPERIMENTS if label in arguments.experiments.split(",")]
    with chromium() as browser:
        about = machine(browser)
        if not arguments.json:
            print(", ".join(f"{key} {value}" for key, value in about.items()), end="\n\n")
        found: dict[str, Any] = {"machine": about}
        if arguments.load:
            found["load"] = part_load(browser, 5)
        elif arguments.budget:
            found["stages"], found["echoes"] = part_budget(browser, labels, arguments.moves)
        else:
            found["hosts"] = part_a(browser, names, labels, arguments.moves)
            found["worst"] = part_b(browser, arguments.search)
    if arguments.json:
        print(json.dumps(found, indent=1))
    elif arguments.load:
        print("A first visit to the static page, Pyodide beside it: medians\n")
        print_table(found["load"], COLUMNS_LOAD)
    elif arguments.budget:
        print("Where the time of a move goes in JupyterLab: medians, ms\n")
        print_table(found["stages"], {"stage": "stage", **WAYS})
        print("A widget that only echoes: median / p95 of its round trip, ms\n")
        print_table(found["echoes"], {"reply": "reply", "asked": "asked", **WAYS})
    else:
        print("A. From the input event to the painted canvas, and pictures per second of a drag\n")
        print_table(found["hosts"], COLUMNS_A)
        print("B. The worst slider settings: the answer by itself; number box to canvas, once, and")
        print("   after a second of going to and fro with each frame\n")
        print_table(found["worst"], COLUMNS_B)


if __name__ == "__main__":
    main()
