/**
 * How what is drawn is told apart: by colour, and always by a dash, a marker or a place of its own as well. The same
 * styles serve the canvas, the legends and the tables.
 *
 * @typedef {"circle" | "square" | "triangle" | "diamond" | "cross" | "down" | "arrow"} Marker
 *
 * @typedef {object} Style
 * @property {string} colour  the name of a colour token, --lp-<colour>
 * @property {number[]} dash  in CSS px for a line of 2 px
 * @property {Marker} [marker]
 * @property {boolean} [isHollow]  of the marker
 * @property {boolean} [isBare]  no line, the marker only
 * @property {number} [size]  of the marker, 1 if not given
 */

/** Overlaid experiments. @type {Style[]} */
const OVERLAID = [
  { colour: "V", dash: [] },
  { colour: "spike", dash: [7, 3] },
  { colour: "I", dash: [2, 2] },
  { colour: "ink", dash: [9, 3, 2, 3] },
];

/** What is compared is broken for every experiment, and in another way for each. */
const COMPARED = [[8, 4], [14, 4], [4, 4], [10, 3, 3, 3]];
const HELD = [[3, 3], [8, 3], [2, 5], [8, 3, 2, 3]];

/** @type {Marker[]} */
const MARKERS = ["circle", "square", "triangle", "diamond"];

/** @type {Style} */
export const MISSED = { colour: "bad", dash: [], marker: "down", isHollow: true, isBare: true };
/** @type {Style} */
export const EXTRA = { colour: "bad", dash: [], marker: "cross", isBare: true };

/** What spikes leave behind, beside the current that comes in. @type {Style} */
export const AFTER = { colour: "I", dash: [2, 3] };
/** Jumps of V that the input brings. @type {Style} */
export const KICK = { colour: "ink", dash: [], marker: "arrow", isBare: true };
/** A threshold that moves. @type {Style} */
export const THETA = { colour: "threshold", dash: [10, 6] };

/** A point of an error curve whose runs differ in their spikes. @type {Style} */
export const HOLLOW = { colour: "ink", dash: [], marker: "circle", isHollow: true, isBare: true };

/** @param {"I" | "V" | "spikes"} panel @param {number} index @param {number} count @returns {Style} */
export function styleOf(panel, index, count) {
  if (count > 1) return OVERLAID[index % OVERLAID.length];
  return { colour: panel === "spikes" ? "spike" : panel, dash: [] };
}

/** The compared method's answer to one experiment. @param {number} index @returns {Style} */
export function comparedStyle(index) {
  return { colour: "compared", dash: COMPARED[index % COMPARED.length], marker: MARKERS[index % MARKERS.length] };
}

/** An experiment of the second setting. @param {number} index @returns {Style} */
export function heldStyle(index) {
  return { colour: "second", dash: HELD[index % HELD.length] };
}

/** Markers that are drawn later are smaller: methods often agree to the last digit. @type {Record<string, Style>} */
const CURVES = {
  exact: { colour: "V", dash: [] },
  fI: { colour: "V", dash: [] },
  law: { colour: "V", dash: [] },
  weiss: { colour: "spike", dash: [8, 4] },
  simulated: { colour: "ink", dash: [], marker: "circle", isHollow: true },
  Euler: { colour: "compared", dash: [], marker: "circle" },
  ExponentialEuler: { colour: "I", dash: [9, 4], marker: "square", size: 1.4 },
  RK2: { colour: "V", dash: [3, 3], marker: "triangle", size: 1.1 },
  RK4: { colour: "spike", dash: [9, 3, 2, 3], marker: "diamond", size: 0.7 },
  reference: { colour: "muted", dash: [2, 4] },
};

/** @type {Style[]} */
const OTHERS = ["V", "spike", "I", "ink"].map((colour, index) => ({ colour, dash: OVERLAID[index].dash, marker: MARKERS[index] }));

/**
 * A curve of a plane; a style of no known name still gets a look of its own.
 *
 * @param {import("./types.js").Curve} curve @param {number} index  among the curves @returns {Style}
 */
export function curveStyle({ style, kind }, index) {
  const { marker = "circle", ...line } = CURVES[style] ?? OTHERS[index % OTHERS.length];
  if (kind === "line") return line;
  return { ...line, marker, isBare: kind === "points" };
}

/**
 * The outline of a marker in the square from -1 to 1, of the same area to the eye whatever its shape; a circle has none.
 *
 * @param {Marker} marker @returns {[number, number][] | null}
 */
export function outlineOf(marker) {
  switch (marker) {
    case "square":
      return [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]];
    case "triangle":
      return [[0, -1.1], [1.1, 0.85], [-1.1, 0.85]];
    case "arrow":
      return [[0, -1.5], [0.9, 0], [0.2, 0], [0.2, 1.5], [-0.2, 1.5], [-0.2, 0], [-0.9, 0]];
    case "down":
      return [[0, 1], [1, -0.8], [-1, -0.8]];
    case "diamond":
      return [[0, -1.25], [1.1, 0], [0, 1.25], [-1.1, 0]];
    default:
      return null;
  }
}
