/**
 * The axes of a plane: linear or logarithmic, with their names, ticks and values as text.
 */
import uPlot from "uplot";
import { logTicks } from "./axis.js";
import { logTexts, shortText, tickTexts, unitText } from "./format.js";

/**
 * @typedef {import("./types.js").Axis} Axis
 * @typedef {import("./types.js").Plane} Plane
 */

/** "current I (nA)" @param {Axis} axis */
export function titleOf({ label, symbol, unit }) {
  const named = symbol && symbol !== label && !label.split(" ").includes(symbol) ? `${label} ${symbol}` : label;
  return unit ? `${named} (${unitText(unit)})` : named;
}

/** @param {number} value @param {Axis} axis */
export function valueText(value, { unit }) {
  return `${shortText(value)} ${unitText(unit)}`.trim();
}

/**
 * @param {Plane} plane @param {import("./look.js").Metrics} metrics @param {(token: string) => string} colour
 * @param {() => number} roomRight @returns {uPlot.Options}
 */
export function optionsOf({ x, y }, metrics, colour, roomRight) {
  const { font: size, title, gutter, edge, timeAxis } = metrics;
  const font = `${size}px system-ui, sans-serif`;
  const line = { stroke: () => colour("grid"), width: 1 };
  // The titles have symbols in italics and are drawn by us; uPlot keeps their room.
  const common = { font, labelFont: font, label: "", labelSize: title, labelGap: 0, gap: 4, stroke: () => colour("muted"), grid: line, ticks: { ...line, size: 4 } };
  /** @param {Axis} axis @param {number} space  CSS px per label @returns {Partial<uPlot.Axis>} */
  const ticksOf = ({ scale }, space) => {
    if (scale === "linear") return { space, values: (_u, values, _axis, _space, increment) => tickTexts(values, increment) };
    /** @param {uPlot} u @param {number} index @param {number} low @param {number} high */
    const ticks = (u, index, low, high) => logTicks(low, high, (index === 0 ? u.bbox.width / devicePixelRatio : u.bbox.height / devicePixelRatio) / space);
    const isLabelled = (/** @type {uPlot} */ u, /** @type {number} */ index, /** @type {number} */ value) => {
      const { min, max } = /** @type {{min: number, max: number}} */ (u.scales[index === 0 ? "x" : "y"]);
      return ticks(u, index, min, max).labelled.includes(value);
    };
    return {
      splits: (u, index, low, high) => {
        const { labelled, plain } = ticks(u, index, low, high);
        return [...labelled, ...plain].sort((a, b) => a - b);
      },
      filter: (_u, splits) => splits,
      grid: { ...line, filter: (u, splits, index) => splits.map((value) => (isLabelled(u, index, value) ? value : null)) },
      values: (u, splits, index) => {
        const labelled = splits.filter((value) => isLabelled(u, index, value));
        const texts = new Map(logTexts(labelled).map((text, place) => [labelled[place], text]));
        return splits.map((value) => texts.get(value) ?? null);
      },
    };
  };
  const distribution = (/** @type {Axis} */ axis) => (axis.scale === "log" ? 3 : 1);
  return {
    width: 600,
    height: 400,
    padding: [Math.max(edge, 0.9 * size), roomRight, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    series: [{}, { show: true, paths: () => null, points: { show: false } }],
    scales: {
      x: { time: false, distr: distribution(x), range: (_u, low, high) => [low, high] },
      y: { auto: false, distr: distribution(y), range: (_u, low, high) => [low, high] },
    },
    axes: [
      { ...common, scale: "x", side: 2, size: timeAxis - title, ...ticksOf(x, 5 * size) },
      { ...common, scale: "y", side: 3, size: gutter - title, ...ticksOf(y, 3.4 * size) },
    ],
  };
}
