/**
 * The figure: I(t), V(t) and the spikes over one time axis. uPlot gives the axes, scales and the canvas; the curves are
 * drawn here, because experiments overlaid in one panel come with time bases of their own, with repeated times at jumps.
 */
import uPlot from "uplot";
import { h } from "./dom.js";
import { tickTexts } from "./format.js";
import { drawLevels, drawRaster, drawTrace, labelLevels } from "./paint.js";
import { extremes, steadyRange } from "./scale.js";

/**
 * @typedef {import("./types.js").Result} Result
 * @typedef {import("./types.js").Span} Span
 *
 * @typedef {object} Figure  what is on show
 * @property {Result[]} results
 * @property {Span} x
 *
 * @typedef {object} Style
 * @property {string} colour  the name of a colour token, --lp-<colour>
 * @property {number[]} dash
 *
 * @typedef {"I" | "V" | "spikes"} PanelName
 */

/** Left gutter for the y axes and right padding, the same in each panel so that the time axes line up, CSS px. */
export const GUTTER = 62;
export const MARGIN = 18;

const SHARES = { I: 1, V: 3, spikes: 0.4 };
const TIME_AXIS = 40;
const TITLE = 18;
const EDGE = 8;
const ROW = 9;
const CLOSE = 12;

/** Overlaid experiments differ in colour and dash, never in colour alone. @type {Style[]} */
const OVERLAID = [
  { colour: "V", dash: [] },
  { colour: "spike", dash: [7, 3] },
  { colour: "I", dash: [2, 2] },
  { colour: "ink", dash: [9, 3, 2, 3] },
];

/** @param {PanelName} panel @param {number} index @param {number} count @returns {Style} */
export function styleOf(panel, index, count) {
  if (count > 1) return OVERLAID[index % OVERLAID.length];
  return { colour: panel === "spikes" ? "spike" : panel, dash: [] };
}

/**
 * @param {HTMLElement} host  sized by the style sheet; the panels fill it
 */
export function createPlots(host) {
  /** @type {Figure} */
  let figure = { results: [], x: [0, 1] };
  /** @type {Record<"I" | "V", Span | null>} */
  let ranges = { I: null, V: null };
  /** @type {Record<string, string>} */
  let palette = {};

  const colour = (/** @type {string} */ name) => palette[name];
  const panels = /** @type {Record<PanelName, uPlot>} */ ({});
  const images = /** @type {Record<PanelName, HTMLElement>} */ ({});
  for (const name of /** @type {PanelName[]} */ (["I", "V", "spikes"])) {
    images[name] = h("div", { role: "img", class: `lp-panel lp-panel-${name}`, "data-panel": name });
    host.append(images[name]);
    panels[name] = new uPlot(optionsOf(name, colour, (u) => draw(name, u)), [[0, 1], [0, 1]], images[name]);
  }

  /** @param {PanelName} name @param {uPlot} u */
  function draw(name, u) {
    const { results } = figure;
    const style = (/** @type {number} */ index) => {
      const { colour: token, dash } = styleOf(name, index, results.length);
      return { colour: palette[token], dash };
    };
    if (name === "spikes") return drawRaster(u, results.map((result) => result.spikes), style);
    for (const index of densestFirst(results)) {
      const result = results[index];
      const { colour: ink, dash } = style(index);
      // Closer than this the dashes of neighbouring flanks make a pattern of their own (and take long to draw).
      const dense = name === "V" && result.spikes.length * CLOSE > u.over.clientWidth;
      drawTrace(u, name === "I" ? result.I_t : result.t, result[name], { colour: ink, dash: dense ? [] : dash }, results.length > 1);
    }
    if (name !== "V") return;
    const lines = distinctLines(results);
    drawLevels(u, lines, palette);
    labelLevels(u, lines, palette);
  }

  /** @param {PanelName} name @returns {Span} */
  function rangeOf(name) {
    if (name === "spikes") return [0, Math.max(1, figure.results.length)];
    return ranges[name] ?? [0, 1];
  }

  function refit() {
    const { results } = figure;
    const current = extremes([...results.map((result) => result.I), [0]]);
    const potential = extremes([...results.map((result) => result.V), ...results.map((result) => result.lines.map((line) => line.value))]);
    if (current) ranges.I = steadyRange(ranges.I, ...current);
    if (potential) ranges.V = steadyRange(ranges.V, ...potential);
  }

  function redraw() {
    for (const name of /** @type {PanelName[]} */ (Object.keys(panels))) {
      const [low, high] = rangeOf(name);
      const [start, end] = figure.x;
      panels[name].batch((/** @type {uPlot} */ u) => {
        u.setData([figure.x, [low, high]], false);
        u.setScale("x", { min: start, max: end });
        u.setScale("y", { min: low, max: high });
      });
    }
  }

  return {
    /** Draws new results at once. @param {Result[]} results @param {Span} x */
    show(results, x) {
      figure = { results, x };
      refit();
      redraw();
    },

    /** Moves the time axis under what is drawn, until the exact samples for it arrive. @param {Span} x */
    moveTo(x) {
      figure = { ...figure, x };
      redraw();
    },

    /** Lets the y ranges fit the data anew. */
    forgetRanges() {
      ranges = { I: null, V: null };
    },

    /** Takes the colours of the theme from the style sheet. */
    recolour() {
      const style = getComputedStyle(host);
      const names = ["surface", "ink", "muted", "grid", "rule", "V", "I", "spike", "threshold"];
      palette = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--lp-${name}`).trim()]));
      redraw();
    },

    /** Shares the height of the host among the panels. */
    resize() {
      const width = Math.max(200, host.clientWidth);
      const rows = ROW * Math.max(1, figure.results.length);
      const share = (host.clientHeight - TIME_AXIS) / (SHARES.I + SHARES.V + SHARES.spikes);
      const raster = Math.max(share * SHARES.spikes, rows + 4);
      const rest = (host.clientHeight - TIME_AXIS - raster) / (SHARES.I + SHARES.V);
      panels.I.setSize({ width, height: Math.floor(rest * SHARES.I) });
      panels.V.setSize({ width, height: Math.floor(rest * SHARES.V) });
      panels.spikes.setSize({ width, height: Math.floor(raster + TIME_AXIS) });
    },

    /** @param {Record<PanelName, string>} texts  the alternative for who cannot see the picture */
    describe(texts) {
      for (const name of /** @type {PanelName[]} */ (Object.keys(images))) images[name].setAttribute("aria-label", texts[name]);
    },

    /** Smallest difference in V and in I that the figure can show, for the digits of the cursor's values. */
    resolution() {
      const per = (/** @type {"I" | "V"} */ name) => {
        const [low, high] = rangeOf(name);
        return (high - low) / 1000;
      };
      return { I: per("I"), V: per("V") };
    },

    /** The plotting area of the stack in the host's own pixels. */
    area() {
      return { left: GUTTER, width: Math.max(1, host.clientWidth - GUTTER - MARGIN) };
    },

    /** @param {number} y  pixels from the top of the host @returns {number | null} the raster row there */
    rasterRowAt(y) {
      const raster = images.spikes.offsetTop;
      const { top, height } = panels.spikes.over.style;
      const within = (y - raster - parseFloat(top)) / parseFloat(height);
      const count = figure.results.length;
      return within >= 0 && within < 1 && count > 0 ? Math.floor(within * count) : null;
    },
  };
}

/** The order to draw in: a trace with many spikes fills the panel and would hide the others. @param {Result[]} results */
function densestFirst(results) {
  return results.map((_, index) => index).sort((a, b) => results[b].t.length - results[a].t.length);
}

/** A level that several experiments share is drawn once. @param {Result[]} results */
function distinctLines(results) {
  const lines = new Map(results.flatMap((result) => result.lines.map((line) => [`${line.name} ${line.value}`, line])));
  return [...lines.values()];
}

/**
 * @param {PanelName} name @param {(token: string) => string} colour @param {(u: uPlot) => void} draw
 * @returns {uPlot.Options}
 */
function optionsOf(name, colour, draw) {
  const last = name === "spikes";
  const font = "12px system-ui, sans-serif";
  const grid = { stroke: () => colour("grid"), width: 1 };
  // A low panel, as on a phone, has room for the symbol only.
  const titles = {
    I: (/** @type {uPlot} */ u) => (u.over.clientHeight < 100 ? "I (nA)" : "current I (nA)"),
    V: (/** @type {uPlot} */ u) => (u.over.clientHeight < 170 ? "V (mV)" : "membrane potential V (mV)"),
    spikes: undefined,
  };
  /** @type {uPlot.Axis} */
  const time = {
    show: true,
    scale: "x",
    side: 2,
    size: last ? TIME_AXIS - TITLE : 0,
    label: last ? "time (ms)" : undefined,
    labelSize: TITLE,
    labelGap: 0,
    gap: 4,
    space: 64,
    font,
    labelFont: font,
    stroke: () => colour("muted"),
    grid,
    ticks: { show: last, stroke: () => colour("grid"), size: 4, width: 1 },
    values: (_u, values, _axis, _space, increment) => (last ? tickTexts(values, increment) : values.map(() => null)),
  };
  /** @type {uPlot.Axis} */
  const value = {
    scale: "y",
    side: 3,
    size: last ? GUTTER : GUTTER - TITLE,
    label: titles[name],
    labelSize: TITLE,
    labelGap: 0,
    gap: 4,
    space: name === "I" ? 26 : 44,
    font,
    labelFont: font,
    stroke: () => colour("muted"),
    grid: { ...grid, show: !last },
    ticks: { show: !last, stroke: () => colour("grid"), size: 4, width: 1 },
    values: (_u, values, _axis, _space, increment) => tickTexts(values, increment),
  };
  if (last) {
    // Too low for a turned title: the name stands where a tick label would.
    value.splits = (_u, _axis, low, high) => [(low + high) / 2];
    value.values = () => ["spikes"];
  }
  return {
    width: 600,
    height: 100,
    padding: [last ? 2 : EDGE, MARGIN, last ? 2 : EDGE, 0],
    legend: { show: false },
    cursor: { show: false },
    series: [{}, { show: true, paths: () => null, points: { show: false } }],
    scales: {
      x: { time: false, range: (_u, low, high) => [low, high] },
      y: { auto: false, range: (_u, low, high) => [low, high] },
    },
    axes: [time, value],
    hooks: { draw: [draw] },
  };
}
