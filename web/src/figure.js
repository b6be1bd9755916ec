/**
 * The figure with what surrounds it: the strip with the legend and the values at the cursor, the cursor itself, the mark
 * of a last valid picture. Zoom and pan change the window, which belongs to the lab's state.
 */
import { h, setHidden, setText } from "./dom.js";
import { decimalsFor, fixed, offText, spikeText } from "./format.js";
import { listen } from "./gestures.js";
import { createLegend } from "./legend.js";
import { createPlots, shortLabel } from "./plots.js";
import { adjacentSpike, nearestSpike } from "./scale.js";
import { errorOf } from "./train.js";
import { panned, pinched, spanOf, zoomed } from "./window.js";

/**
 * @typedef {import("./plots.js").Row} Row
 * @typedef {import("./plots.js").Shown} Shown
 * @typedef {import("./types.js").Span} Span
 */

const SPIKE_REACH = 8;
/** @type {number[]} */
const NONE = [];

/**
 * @param {object} wishes
 * @param {(window: Span | null) => void} wishes.onWindow
 * @param {() => void} wishes.onWhole  the whole span, and axes that fit anew
 * @param {() => void} wishes.onResize
 * @param {boolean} [wishes.isEmbedded]  in a page that scrolls: the wheel zooms only with Ctrl or after a click
 */
export function createFigure({ onWindow, onWhole, onResize, isEmbedded = false }) {
  const moment = h("span", { class: "lp-moment" });
  const legend = createLegend();
  const spike = h("button", { type: "button", class: "lp-spike", hidden: true });
  const deviation = h("span", { class: "lp-deviation" });
  const whole = h("button", { type: "button", class: "lp-whole", hidden: true }, "whole span");
  const stack = h("div", {
    class: "lp-stack",
    role: "group",
    tabindex: 0,
    "aria-label": "Plots. Arrow keys pan, plus and minus zoom, 0 shows the whole span, n and p go from spike to spike.",
  });
  const cursor = h("div", { class: "lp-cursor", hidden: true });
  const stale = h("div", { class: "lp-stale", hidden: true });
  const crowd = h("div", { class: "lp-crowd", hidden: true });
  const spoken = h("div", { class: "lp-unseen", "aria-live": "polite" });
  const element = h(
    "section",
    { class: "lp-figure", "aria-label": "plots" },
    h("div", { class: "lp-strip" }, moment, legend.element, h("span", { class: "lp-strip-end" }, deviation, spike, whole)),
    h("div", { class: "lp-frame" }, stack, cursor, stale, crowd, spoken),
  );

  const plots = createPlots(stack);
  /** @type {Shown} */
  let shown = { results: [], names: [], compared: null, held: null };
  /** @type {Span | null} */
  let window = null;
  let duration = 1;
  /** @type {number | null} */
  let pointed = null;
  /** @type {{row: Row, time: number} | null} */
  let pointedSpike = null;
  /** The spike the button tells of: the last one pointed at, else the way to the button would lose it. @type {number | null} */
  let toldSpike = null;

  const visible = () => spanOf(window, duration);

  /** @param {Span | null} next */
  function setWindow(next) {
    window = next;
    plots.moveTo(visible());
    placeCursor();
    onWindow(next);
  }

  /** @param {number} time @param {number} reach @param {number | null} [only]  one row of the raster */
  function spikeNear(time, reach, only = null) {
    const rows = plots.rows();
    // Away from the raster the exact spikes are meant.
    const trains = rows.map((row, place) => ((only === null ? row.kind === "exact" : only === place) ? row.spikes : NONE));
    const found = nearestSpike(trains, time, reach);
    return found && { row: rows[found.train], time: found.time };
  }

  listen(stack, plots.area, {
    zoom: (factor, share) => {
      const [start, end] = visible();
      setWindow(zoomed(window, duration, factor, start + share * (end - start)));
    },
    pan: (share) => {
      const [start, end] = visible();
      if (window !== null) setWindow(panned(window, duration, share * (end - start)));
    },
    grab: visible,
    pinch: (from, to) => setWindow(pinched(from, to, duration)),
    whole: onWhole,
    isZoomed: () => window !== null,
    takesWheel: () => !isEmbedded || stack.matches(":focus-within"),
    point: (share, y) => {
      const [start, end] = visible();
      const perPixel = (end - start) / plots.area().width;
      pointed = start + share * (end - start);
      pointedSpike = spikeNear(pointed, SPIKE_REACH * perPixel, plots.rowAt(y));
      placeCursor();
    },
    leave: () => {
      pointed = null;
      placeCursor();
    },
    pick: () => {
      if (pointedSpike !== null) copySpike();
    },
    step: (direction) => {
      const [start, end] = visible();
      const rows = plots.rows();
      const exact = rows.filter((row) => row.kind === "exact").map((row) => row.spikes);
      const extra = shown.compared?.map((method) => method.extra) ?? [];
      const from = pointed === null || pointed < start || pointed > end ? (direction === 1 ? start - 1 : end + 1) : pointed;
      const time = adjacentSpike([...exact, ...extra], pointedSpike?.time ?? from, direction);
      if (time === null) return;
      pointed = time;
      pointedSpike = spikeNear(time, 0) ?? rows.map((_, place) => spikeNear(time, 0, place)).find((found) => found !== null) ?? null;
      placeCursor();
      setText(spoken, `${spike.textContent} ${deviation.textContent}`);
    },
  });
  whole.addEventListener("click", onWhole);
  spike.addEventListener("click", copySpike);

  async function copySpike() {
    if (toldSpike === null) return;
    const text = spikeText(toldSpike);
    try {
      await navigator.clipboard.writeText(text);
      setText(spike, `copied ${text}`);
    } catch {
      // Without the permission the number still stands there and can be selected.
      setText(spike, `spike at ${text} ms`);
    }
  }

  /** Puts the cursor line and the values beside it where the pointer is. */
  function placeCursor() {
    const [start, end] = visible();
    const { left, width } = plots.area();
    const inside = pointed !== null && pointed >= start && pointed <= end;
    const time = pointedSpike && inside ? pointedSpike.time : pointed;
    setHidden(cursor, !inside);
    element.classList.toggle("is-pointing", inside);
    setHidden(whole, window === null);
    legend.point(shown, inside ? time : null, plots.resolution());
    if (time === null || !inside) {
      setText(moment, "");
      return;
    }
    cursor.style.transform = `translateX(${left + ((time - start) / (end - start)) * width}px)`;
    cursor.style.bottom = `${plots.footing()}px`;
    cursor.classList.toggle("is-spike", pointedSpike !== null);
    setText(moment, `${fixed(time, decimalsFor((end - start) / width))} ms`);
    if (pointedSpike !== null) tell(pointedSpike);
  }

  /** @param {{row: Row, time: number}} found */
  function tell({ row, time }) {
    setText(deviation, deviationText(shown, row, time));
    if (time === toldSpike) return;
    toldSpike = time;
    const whose = row.kind === "exact" ? "" : `${row.name}: `;
    setText(spike, `${whose}spike at ${spikeText(time)} ms`);
    spike.title = "copy the spike time";
    spike.hidden = false;
  }

  const observer = new ResizeObserver(() => {
    resize();
    onResize();
  });
  observer.observe(stack);

  function resize() {
    plots.resize();
    placeCrowd();
    placeCursor();
  }

  function placeCrowd() {
    const messages = [
      ...shown.results.map((result) => result.crowded?.message ?? ""),
      ...(shown.compared ?? []).map((method) => (method.crowded ? `${shortLabel(method)}: ${method.crowded.message}` : "")),
      ...(shown.held?.results ?? []).map((result) => (result.crowded ? `B: ${result.crowded.message}` : "")),
    ];
    setText(crowd, [...new Set(messages.filter(Boolean))].join("\n"));
    setHidden(crowd, crowd.textContent === "");
    if (crowd.hidden) return;
    const { x, y } = plots.middle();
    crowd.style.left = `${x}px`;
    crowd.style.top = `${y}px`;
  }

  return {
    element,
    /** @param {Shown & {window: Span | null}} next */
    show(next) {
      shown = next;
      window = next.window;
      // A run of no length still gets an axis.
      duration = Math.max(...next.results.map((result) => result.duration)) || 1;
      pointedSpike = null;
      toldSpike = null;
      setHidden(spike, true);
      setText(deviation, "");
      legend.show(next);
      plots.show(next, visible());
      placeCrowd();
      placeCursor();
    },
    /** @param {string} words  why the picture is not that of the present setting; empty when it is */
    setStale(words) {
      element.classList.toggle("is-stale", words !== "");
      setHidden(stale, words === "");
      setText(stale, words);
    },
    describe: plots.describe,
    forgetRanges: plots.forgetRanges,
    recolour: plots.recolour,
    resize,
    width: () => Math.round(plots.area().width),
    destroy() {
      observer.disconnect();
      plots.destroy();
    },
  };
}

/** What the compared method makes of a spike, or the exact solution of one of the method's. @param {Shown} shown @param {Row} row @param {number} time */
function deviationText({ compared }, row, time) {
  const method = compared?.[row.index];
  if (!method || row.kind === "held") return "";
  const name = shortLabel(method);
  const found = errorOf(method, time, row.kind);
  if (found === "missed") return `${name} misses it`;
  if (found === "extra") return "extra: the exact solution has none";
  return found === null ? "" : `${name} ${offText(found)}`;
}
