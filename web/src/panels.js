/**
 * The panels of the figure as uPlot is told of them: axes, titles and paddings, all following the size of the type.
 */
import uPlot from "uplot";
import { boxText, decimalsFor, fixed, tickTexts } from "./format.js";
import { niceStep } from "./scale.js";

/**
 * @typedef {import("./look.js").Metrics} Metrics
 *
 * @typedef {"I" | "V" | "spikes" | "error"} PanelName
 */

/** The room for the name of the error panel above it, in letters' heights. */
export const CAPTION = 1.7;

/**
 * @param {PanelName} name @param {boolean} isLast  the panel that has the time axis
 * @param {Metrics} metrics @param {(token: string) => string} colour @returns {uPlot.Options}
 */
export function optionsOf(name, isLast, metrics, colour) {
  const { font: size, title, gutter, margin, edge, timeAxis, isCompact } = metrics;
  const font = `${size}px system-ui, sans-serif`;
  const grid = { stroke: () => colour("grid"), width: 1 };
  const ticks = { stroke: () => colour("grid"), size: 4, width: 1 };
  const common = { gap: 4, font, labelFont: font, labelSize: title, labelGap: 0, stroke: () => colour("muted") };
  /** @type {uPlot.Axis} */
  const time = {
    ...common,
    scale: "x",
    side: 2,
    size: isLast ? timeAxis - (isCompact ? 0 : title) : 0,
    label: isLast && !isCompact ? "time (ms)" : undefined,
    space: (_u, _axis, low, high, width) => timeSpace(low, high, width, size),
    grid,
    ticks: { ...ticks, show: isLast },
    values: (u, values, _axis, _space, increment) => (isLast ? insideTexts(u, values, increment, size) : values.map(() => null)),
  };
  /** A low panel, as on a phone, has room for the symbol only. @param {[number, string][]} titles  the room they need, in letters' heights; the longest first */
  const fitting = (titles) => (/** @type {uPlot} */ u) => titles.find(([room]) => u.bbox.height / devicePixelRatio >= room * size)?.[1] ?? "";
  /** @type {uPlot.Axis} */
  const value = {
    ...common,
    scale: "y",
    side: 3,
    size: gutter - title,
    // At least two labels, however low the panel is.
    space: (_u, _axis, _low, _high, height) => Math.max(1.4 * size, Math.min((name === "I" ? 2 : 3.4) * size, height / 2.2)),
    grid,
    ticks,
    values: (_u, values, _axis, _space, increment) => tickTexts(values, increment),
  };
  if (name === "I") value.label = fitting([[7.2, "current I (nA)"], [2.4, "I (nA)"], [0, "I/nA"]]);
  if (name === "V") value.label = fitting([[13, "membrane potential V (mV)"], [3, "V (mV)"], [0, "V/mV"]]);
  if (name === "spikes" || name === "error") value.size = gutter;
  if (name === "spikes") {
    value.grid = value.ticks = { show: false };
    value.splits = () => [];
  }
  if (name === "error") {
    value.splits = (_u, _axis, low, high) => [low, 0, high];
    value.values = (_u, values) => values.map((end) => (end > 0 ? "+" : "") + boxText(end).replace("-", "−"));
  }
  const above = name === "error" && !isCompact ? CAPTION * size : edge;
  return {
    width: 600,
    height: 100,
    padding: [name === "spikes" ? 2 : above, margin, name === "spikes" ? 2 : edge, 0],
    legend: { show: false },
    cursor: { show: false },
    series: [{}, { show: true, paths: () => null, points: { show: false } }],
    scales: {
      x: { time: false, range: (_u, low, high) => [low, high] },
      y: { auto: false, range: (_u, low, high) => [low, high] },
    },
    axes: [time, value],
  };
}

/** What a time label needs, which gets long when the axis is zoomed. @param {number} low @param {number} high @param {number} width @param {number} font */
function timeSpace(low, high, width, font) {
  const step = niceStep(((high - low) / Math.max(1, width)) * 5 * font);
  return Math.max(5.3 * font, (fixed(high, decimalsFor(step)).length + 2) * 0.58 * font);
}

/** Tick labels without those that the canvas would cut at its right edge. @param {uPlot} u @param {number[]} values @param {number} increment @param {number} font */
function insideTexts(u, values, increment, font) {
  return tickTexts(values, increment).map((text, index) => {
    const place = u.valToPos(values[index], "x") + u.over.offsetLeft;
    return place + 0.29 * font * text.length > u.width ? null : text;
  });
}
