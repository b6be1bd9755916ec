/**
 * What comes back from a notebook's file: it may be older than the installed view, and anybody may have edited it. So
 * it is only plain data, looked through before use; what is not as it should be counts as not there.
 *
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").Preset} Preset
 * @typedef {import("./types.js").Saved} Saved
 * @typedef {import("./types.js").Still} Still
 * @typedef {(value: any) => boolean} Check
 */

export const PROTOCOL = 3;

/** @type {Check} */
const text = (value) => typeof value === "string";
/** @type {Check} */
const number = (value) => Number.isFinite(value);
/** @type {Check} */
const anything = () => true;
/** @type {(check: Check) => Check} */
const optional = (check) => (value) => value === undefined || value === null || check(value);
/** @type {(check: Check) => Check} */
const list = (check) => (value) => Array.isArray(value) && value.every(check);
/** @type {(check: Check) => Check} */
const some = (check) => (value) => list(check)(value) && value.length > 0;
/** @type {(check: Check) => Check} */
const table = (check) => (value) => isTable(value) && Object.values(value).every(check);
/** @type {(shape: Record<string, Check>) => Check} */
const shaped = (shape) => (value) => isTable(value) && Object.entries(shape).every(([key, check]) => check(value[key]));

/** @param {any} value */
function isTable(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @type {Check} */
const span = (value) => Array.isArray(value) && value.length === 2 && value.every(number) && value[0] <= value[1];
/** @type {Check} */
const numbers = (value) => list(number)(value) || (isTable(value) && (text(value.f8) || (text(value.f4) && number(value.add))));

const readout = shaped({ name: text, label: text, unit: text, text, value: optional(number) });
const target = shaped({ path: text, factor: number, power: number, experiment: optional(number) });
const slider = shaped({
  ...{ name: text, symbol: text, label: text, group: text, unit: text },
  ...{ minimum: number, maximum: number, step: number, default: number },
  ...{ targets: some(target), grid: optional(list(number)) },
});
const variant = shaped({
  ...{ name: text, label: text, note: text },
  ...{ experiments: some(shaped({ label: text, experiment: isTable })), sliders: list(slider) },
});

const preset = shaped({ name: text, title: text, summary: text, view: optional(text), variants: some(variant) });

const description = shaped({
  protocol: (value) => value === PROTOCOL,
  presets: some(preset),
  first: text,
  views: list(shaped({ name: text, label: text, summary: text })),
  methods: some(shaped({ name: text, label: text, locates: list(text) })),
  locates: some(shaped({ name: text, label: text })),
  dt: slider,
  address: optional(text),
  copies: list(shaped({ name: text, label: text })),
  saves: list(shaped({ name: text, label: text })),
  tour: list(shaped({ title: text, text, link: text })),
});

const choice = shaped({ variant: text, values: table(number), extents: table(span) });

const saved = shaped({
  preset: text,
  choices: table(choice),
  view: optional(text),
  method: optional(shaped({ name: text, dt: optional(number), locate: optional(text), extent: optional(span) })),
  held: optional(shaped({ label: text, preset: text, choice, experiments: some(isTable), names: list(text) })),
});

const axis = shaped({ label: text, unit: text, symbol: text, scale: text, range: span });
const plane = shaped({
  ...{ view: text, title: text, sentence: text, text },
  ...{ x: axis, y: axis, readouts: list(readout) },
  curves: list(shaped({ name: text, label: text, style: text, kind: text, x: numbers, y: numbers, hollow: optional(list(anything)), note: optional(text) })),
  marks: list(shaped({ axis: text, value: number, label: text, role: text })),
  points: list(shaped({ x: number, y: number, label: text, experiment: number, targets: isTable, origin: isTable })),
});

const picture = shaped({
  experiments: some(isTable),
  names: list(text),
  results: some(
    shaped({
      ...{ duration: number, window: span, t: numbers, V: numbers, I_t: numbers, I: numbers, spikes: numbers },
      ...{ sentence: text, equation: text, readouts: list(readout) },
      lines: list(shaped({ name: text, label: text, role: text, value: number })),
      crowded: optional(shaped({ message: text })),
    }),
  ),
  plane: optional(plane),
});

/** @param {unknown} value @returns {Description | null} */
export function keptDescription(value) {
  return description(value) ? /** @type {Description} */ (value) : null;
}

/** @param {unknown} value @returns {Saved | null} */
export function keptState(value) {
  return saved(value) ? /** @type {Saved} */ (value) : null;
}

/** The presets that links had made. @param {unknown} value @returns {Preset[]} */
export function keptLinked(value) {
  return list(preset)(value) ? /** @type {Preset[]} */ (value).map((each) => ({ ...each, isLinked: true })) : [];
}

/** @param {unknown} value @returns {Still | null} */
export function keptPicture(value) {
  return picture(value) ? /** @type {Still} */ (value) : null;
}
