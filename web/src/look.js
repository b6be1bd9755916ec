/**
 * What the canvases take from the style sheet: colours, the size of the type, the width of lines. Sizes follow the type,
 * so that a presenter's large letters find room.
 *
 * @typedef {object} Metrics  CSS px
 * @property {number} font
 * @property {number} line  width of a principal line
 * @property {number} gutter  left of the plotting area, the same in each panel so that the time axes line up
 * @property {number} title  the part of it for the turned title
 * @property {number} margin  right of the plotting area
 * @property {number} edge  above and below the plotting area
 * @property {number} timeAxis
 * @property {boolean} isCompact  low, as on a phone: titles stand where they take no height
 */

const TOKENS = ["surface", "ink", "muted", "grid", "rule", "V", "I", "spike", "threshold", "compared", "second", "bad", "accent"];
const NARROW = 480;
/** In letters' heights. */
const LOW = 25;

/** @param {HTMLElement} host @param {boolean} canBeCompact @returns {Metrics} */
export function metricsOf(host, canBeCompact) {
  const style = getComputedStyle(host);
  const read = (/** @type {string} */ name, /** @type {number} */ otherwise) => parseFloat(style.getPropertyValue(name)) || otherwise;
  const font = read("--lp-plot-font", 12);
  const line = read("--lp-line", 2);
  const title = Math.round(1.5 * font);
  const labels = (host.clientWidth < NARROW ? 3.4 : 4) * font;
  const isCompact = canBeCompact && host.clientHeight < LOW * font;
  return {
    font,
    line,
    title,
    gutter: Math.round(title + labels),
    margin: Math.round(1.5 * font),
    edge: Math.round(0.65 * font),
    timeAxis: Math.round((isCompact ? 1.8 : 3.3) * font),
    isCompact,
  };
}

/** The colours by token. @param {HTMLElement} host @returns {Record<string, string>} */
export function paletteOf(host) {
  const style = getComputedStyle(host);
  return Object.fromEntries(TOKENS.map((name) => [name, style.getPropertyValue(`--lp-${name}`).trim()]));
}
