/**
 * The figure with what surrounds it: the strip with the legend and the values at the cursor, the cursor itself, the mark
 * of a last valid picture. Zoom and pan change the window, which belongs to the lab's state.
 */
import { h, rich, setText, swatch } from "./dom.js";
import { decimalsFor, fixed, spikeText } from "./format.js";
import { listen } from "./gestures.js";
import { createPlots, styleOf } from "./plots.js";
import { adjacentSpike, nearestSpike, valueAt } from "./scale.js";
import { panned, pinched, spanOf, zoomed } from "./window.js";

/**
 * @typedef {import("./types.js").Result} Result
 * @typedef {import("./types.js").Span} Span
 */

const SPIKE_REACH = 8;

/**
 * @param {object} wishes
 * @param {(window: Span | null) => void} wishes.onWindow
 * @param {() => void} wishes.onWhole  the whole span, and axes that fit anew
 * @param {() => void} wishes.onResize
 */
export function createFigure({ onWindow, onWhole, onResize }) {
  const moment = h("span", { class: "lp-moment" });
  const legend = h("ul", { class: "lp-legend", "aria-label": "legend" });
  const spike = h("button", { type: "button", class: "lp-spike", hidden: true });
  const whole = h("button", { type: "button", class: "lp-whole", hidden: true }, "whole span");
  const stack = h("div", {
    class: "lp-stack",
    role: "group",
    tabindex: 0,
    "aria-label": "Plots. Arrow keys pan, plus and minus zoom, 0 shows the whole span, n and p go from spike to spike.",
  });
  const cursor = h("div", { class: "lp-cursor", hidden: true });
  const stale = h("div", { class: "lp-stale", hidden: true }, "last valid");
  const crowd = h("div", { class: "lp-crowd", hidden: true });
  const element = h(
    "section",
    { class: "lp-figure", "aria-label": "plots" },
    h("div", { class: "lp-strip" }, moment, legend, h("span", { class: "lp-strip-end" }, spike, whole)),
    h("div", { class: "lp-frame" }, stack, cursor, stale, crowd),
  );

  const plots = createPlots(stack);
  /** @type {Result[]} */
  let results = [];
  /** @type {Span | null} */
  let window = null;
  let duration = 1;
  /** @type {number | null} */
  let pointed = null;
  /** @type {{train: number, time: number} | null} */
  let pointedSpike = null;
  /** The spike the button tells of: the last one pointed at, else the way to the button would lose it. @type {number | null} */
  let toldSpike = null;
  /** @type {string | null} */
  let legendKey = null;
  /** @type {{I: HTMLElement, V: HTMLElement}[]} */
  let values = [];

  const visible = () => spanOf(window, duration);

  /** @param {Span | null} next */
  function setWindow(next) {
    window = next;
    plots.moveTo(visible());
    placeCursor();
    onWindow(next);
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
    point: (share, y) => {
      const [start, end] = visible();
      const perPixel = (end - start) / plots.area().width;
      const row = plots.rasterRowAt(y);
      const trains = results.map((result, index) => (row === null || row === index ? result.spikes : []));
      pointed = start + share * (end - start);
      pointedSpike = nearestSpike(trains, pointed, SPIKE_REACH * perPixel);
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
      const trains = results.map((result) => result.spikes);
      const from = pointed === null || pointed < start || pointed > end ? (direction === 1 ? start - 1 : end + 1) : pointed;
      const time = adjacentSpike(trains, pointedSpike?.time ?? from, direction);
      if (time === null) return;
      pointed = time;
      pointedSpike = nearestSpike(trains, time, 0);
      placeCursor();
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
    cursor.hidden = !inside;
    element.classList.toggle("is-pointing", inside);
    whole.hidden = window === null;
    if (time === null || !inside) {
      setText(moment, "");
      values.forEach(({ I, V }) => (setText(I, ""), setText(V, "")));
      return;
    }
    cursor.style.transform = `translateX(${left + ((time - start) / (end - start)) * width}px)`;
    cursor.classList.toggle("is-spike", pointedSpike !== null);
    setText(moment, `${fixed(time, decimalsFor((end - start) / width))} ms`);
    const fine = plots.resolution();
    results.forEach((result, index) => {
      setText(values[index].I, valueText(valueAt(result.I_t, result.I, time), fine.I, "nA"));
      setText(values[index].V, valueText(valueAt(result.t, result.V, time), fine.V, "mV"));
    });
    if (pointedSpike === null || pointedSpike.time === toldSpike) return;
    toldSpike = pointedSpike.time;
    setText(spike, `spike at ${spikeText(pointedSpike.time)} ms`);
    spike.title = "copy the spike time";
    spike.hidden = false;
  }

  /** @param {string[]} labels */
  function rebuildLegend(labels) {
    const key = labels.join("\n");
    if (key === legendKey) return;
    legendKey = key;
    values = labels.map(() => ({ I: h("output"), V: h("output") }));
    const symbol = (/** @type {string} */ name) => h("var", {}, name);
    legend.classList.toggle("is-overlaid", labels.length > 1);
    legend.replaceChildren(
      ...(labels.length > 1
        ? labels.map((label, index) =>
            h("li", {}, swatch(styleOf("V", index, labels.length)), h("span", { class: "lp-name" }, rich(label)), values[index].I, values[index].V),
          )
        : [
            h("li", {}, swatch(styleOf("I", 0, 1)), symbol("I"), values[0].I),
            h("li", {}, swatch(styleOf("V", 0, 1)), symbol("V"), values[0].V),
          ]),
    );
  }

  new ResizeObserver(() => {
    plots.resize();
    placeCursor();
    onResize();
  }).observe(stack);

  return {
    element,
    /** @param {Result[]} next @param {string[]} labels @param {Span | null} shown */
    show(next, labels, shown) {
      const rows = next.length !== results.length;
      results = next;
      window = shown;
      // A run of no length still gets an axis.
      duration = Math.max(...next.map((result) => result.duration)) || 1;
      pointedSpike = null;
      toldSpike = null;
      spike.hidden = true;
      rebuildLegend(labels);
      const crowded = next.find((result) => result.crowded)?.crowded;
      setText(crowd, crowded?.message ?? "");
      crowd.hidden = !crowded;
      plots.show(next, visible());
      if (rows) plots.resize();
      placeCursor();
    },
    /** @param {boolean} isStale */
    setStale(isStale) {
      element.classList.toggle("is-stale", isStale);
      stale.hidden = !isStale;
    },
    describe: plots.describe,
    forgetRanges: plots.forgetRanges,
    recolour: plots.recolour,
    width: () => Math.round(plots.area().width),
  };
}

/** @param {number | null} value @param {number} resolution @param {string} unit */
function valueText(value, resolution, unit) {
  return value === null ? "" : `${fixed(value, decimalsFor(resolution))} ${unit}`;
}
