/**
 * Numbers and symbols as text. The same rules serve the page and the canvas.
 */

const GREEK = /** @type {Record<string, string>} */ ({
  tau: "τ", theta: "θ", Delta: "Δ", omega: "ω", phi: "φ", lambda: "λ", alpha: "α", delta: "δ", sigma: "σ", mu: "µ", pi: "π",
});
const UNITS = /** @type {Record<string, string>} */ ({ MOhm: "MΩ", uS: "µS", us: "µs" });

/** A unit as it is printed. @param {string} unit */
export function unitText(unit) {
  return UNITS[unit] ?? unit;
}

/** A typographic minus, which is as wide as a plus. @param {string} text */
function minus(text) {
  return text.replaceAll("-", "−");
}

/** The same in running text, where words keep their hyphens. @param {string} text */
export function withMinus(text) {
  return text.replace(/(?<![\w)])-(?=[\w.(])|(?<=\de)-(?=\d)|(?<= )-(?= )/g, "−");
}

/** What was shown, as it is copied: programs know no other minus. @param {string} text */
export function withHyphen(text) {
  return text.replaceAll("−", "-");
}

/** @param {number} value @param {number} decimals */
export function fixed(value, decimals) {
  const text = value.toFixed(decimals);
  return minus(Number(text) === 0 ? (0).toFixed(decimals) : text);
}

/** Decimals needed to tell two neighbours of this spacing apart. @param {number} spacing */
export function decimalsFor(spacing) {
  return Math.min(12, Math.max(0, -Math.floor(Math.log10(spacing) + 1e-9)));
}

/** What stands in a number box: all that was set, without the dust of binary fractions. @param {number} value */
export function boxText(value) {
  const tidy = Number(value.toPrecision(10));
  return Math.abs(tidy) >= 1e6 ? scientific(tidy) : String(tidy);
}

/** What was typed in a number box, with a point or a comma; null if it is not a number. @param {string} text */
export function parseNumber(text) {
  const plain = text.trim().replace("−", "-").replace(/^([^.,]*),([^.,]*)$/, "$1.$2");
  const value = Number(plain);
  return plain !== "" && Number.isFinite(value) ? value : null;
}

/** A spike time to twelve significant digits. @param {number} time */
export function spikeText(time) {
  return time.toPrecision(12);
}

/** 2500000 as "2.5e6". @param {number} value */
function scientific(value) {
  return value.toExponential().replace("e+", "e");
}

/** Tick labels of one axis, all with the same decimals. @param {number[]} values @param {number} increment */
export function tickTexts(values, increment) {
  const largest = Math.max(...values.map(Math.abs));
  if (largest >= 1e5 || (largest > 0 && largest < 1e-3)) {
    return values.map((value) => minus(value === 0 ? "0" : scientific(Number(value.toPrecision(12)))));
  }
  const decimals = decimalsOf(increment);
  return values.map((value) => fixed(value, decimals));
}

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Tick labels of a logarithmic axis: plain numbers near one, else all as powers of ten. @param {number[]} values */
export function logTexts(values) {
  if (values.every((value) => value > 0.9e-3 && value < 0.9e5)) return values.map(String);
  return values.map((value) => {
    const [digits, exponent] = value.toExponential().split("e");
    const raised = exponent.replace("+", "").replace(/./g, (sign) => (sign === "-" ? "⁻" : RAISED[Number(sign)]));
    return `${digits === "1" ? "" : `${digits}·`}10${raised}`;
  });
}

/** A quantity that may be of any size, to four digits. @param {number} value */
export function shortText(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e4)) return minus(value.toExponential(3).replace("e+", "e"));
  return minus(value.toPrecision(4));
}

/** How far a spike is off, in words: the sign of an error is easily forgotten. @param {number} error  ms */
export function offText(error) {
  if (error === 0) return "at the same instant";
  return `${shortText(Math.abs(error))} ms ${error > 0 ? "late" : "early"}`;
}

/** Decimals of a round increment: 0.25 has two. @param {number} increment */
function decimalsOf(increment) {
  const first = decimalsFor(increment);
  const exact = (/** @type {number} */ decimals) => Math.abs(Number(increment.toFixed(decimals)) - increment) < 1e-6 * increment;
  return exact(first) ? first : first + 1;
}

const GREEKS = Object.keys(GREEK).join("|");
const SYMBOL = new RegExp(`(?<![A-Za-z0-9_'])(${GREEKS}|[A-Za-z])_([A-Za-z0-9]+)|(?<![A-Za-z0-9_'])(${GREEKS})(?![A-Za-z0-9_])`, "g");

/**
 * Splits text into plain parts, symbols and subscripts: "threshold V_th" has a symbol V with the subscript th, "tau_m"
 * is a τ with an m.
 *
 * @param {string} text
 * @returns {{text: string, kind: "plain" | "symbol" | "sub"}[]}
 */
export function richParts(text) {
  /** @type {{text: string, kind: "plain" | "symbol" | "sub"}[]} */
  const parts = [];
  let end = 0;
  const printed = withMinus(text.replace(/\b(MOhm|uS|us)\b/g, unitText));
  for (const match of printed.matchAll(SYMBOL)) {
    if (match.index > end) parts.push({ text: printed.slice(end, match.index), kind: "plain" });
    const symbol = match[1] ?? match[3];
    parts.push({ text: GREEK[symbol] ?? symbol, kind: "symbol" });
    if (match[2] !== undefined) parts.push({ text: match[2], kind: "sub" });
    end = match.index + match[0].length;
  }
  if (end < printed.length) parts.push({ text: printed.slice(end), kind: "plain" });
  return parts;
}

/** A number of a preset and its name: "2a  Time-variable" is ["2a", "Time-variable"]. @param {string} title @returns {[string, string]} */
export function splitTitle(title) {
  const match = /^(\S{1,3})\s+(.+)$/.exec(title);
  return match && /^\d/.test(match[1]) ? [match[1], match[2]] : ["", title];
}
