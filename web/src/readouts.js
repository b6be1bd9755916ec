/**
 * What the engine says of the results: tables of numbers, one sentence for each experiment, method and setting, the
 * equation, and the same in words for who listens instead of looks.
 */
import { h, rich, setRich, setText } from "./dom.js";
import { unitText, withMinus } from "./format.js";
import { keyOf } from "./key.js";
import { comparedStyle, heldStyle, styleOf } from "./styles.js";

/**
 * @typedef {import("./plots.js").Shown} Shown
 * @typedef {import("./styles.js").Style} Style
 * @typedef {import("./types.js").ErrorResult} ErrorResult
 * @typedef {import("./types.js").Plane} Plane
 * @typedef {import("./types.js").Readout} Readout
 * @typedef {import("./types.js").Result} Result
 *
 * @typedef {object} Line  one row of a table
 * @property {string} name
 * @property {Style | null} style
 * @property {Part[]} parts
 *
 * @typedef {object} Part  the cells of a row that belong together
 * @property {Readout[]} readouts
 * @property {Record<string, number>} data  attributes that tell them from other rows' cells of the same name
 *
 * @typedef {object} Said  one sentence
 * @property {string} text
 * @property {Style | null} style
 * @property {"exact" | "method" | "held" | "plane"} whose
 */

// A screen reader is told where a drag ended, not each step of it.
const QUIET = 900;

export function createReadouts() {
  const table = createTable();
  const errors = createTable();
  const sentences = h("ul", { class: "lp-sentences" });
  const equations = h("ul", { class: "lp-equations", "aria-label": "equation" });
  const spoken = h("div", { class: "lp-unseen", "aria-live": "polite" });
  const numbers = h("section", { class: "lp-readouts", "aria-label": "read-outs" }, table.element, errors.element);
  const words = h("section", { class: "lp-words", "aria-label": "explanation" }, sentences, equations, spoken);
  errors.element.classList.add("lp-errors");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {string} text */
  function sayLater(text) {
    clearTimeout(timer);
    timer = setTimeout(() => setText(spoken, text), QUIET);
  }

  return {
    numbers,
    words,
    /** @param {Shown} shown */
    show(shown) {
      const { results, names, compared, held } = shown;
      const several = results.length > 1;
      const lines = results.map((result, index) => ({
        name: several ? names[index] ?? "" : held ? "A" : "",
        style: styleOf("V", index, results.length),
        parts: [{ readouts: result.readouts, data: { experiment: index } }],
      }));
      const errorsOf = (/** @type {ErrorResult} */ method, /** @type {number} */ index) => ({ readouts: method.readouts, data: { experiment: index } });
      // Several experiments have the method's numbers in their own rows, a single one beneath it.
      if (several) compared?.forEach((method, index) => lines[index]?.parts.push(errorsOf(method, index)));
      const others = heldOf(held).map(({ result, name, index }) => ({ name, style: heldStyle(index), parts: [{ readouts: result.readouts, data: { held: index } }] }));
      table.show(several && compared ? ["exact", compared[0].label] : [], [...lines, ...others]);
      const single = several ? null : compared?.[0];
      errors.show([], single ? [{ name: single.label, style: { ...comparedStyle(0), marker: undefined }, parts: [errorsOf(single, 0)] }] : []);
      say(sentences, saidOf(shown));
      list(equations, sameOrAll(results.map((result) => result.equation)), results.length);
      sayLater(spokenOf(shown));
    },
    /** A plane's own numbers and sentence. @param {Plane} plane */
    showPlane(plane) {
      table.show([], plane.readouts.length > 0 ? [{ name: "", style: null, parts: [{ readouts: plane.readouts, data: { experiment: 0 } }] }] : []);
      errors.show([], []);
      say(sentences, [{ text: plane.sentence, style: null, whose: "plane" }]);
      list(equations, [], 0);
      sayLater(plane.sentence);
    },
  };
}

/** A table whose rows are made once and whose cells then only change their text. */
function createTable() {
  const element = h("table", { class: "lp-numbers" });
  /** @type {HTMLTableCellElement[][]} */
  let cells = [];
  let built = "";

  /** @param {string[]} groups @param {Line[]} lines */
  function rebuild(groups, lines) {
    const named = lines.some((line) => line.name !== "");
    const { parts } = lines.reduce((longest, line) => (line.parts.length > longest.parts.length ? line : longest));
    cells = lines.map((line) =>
      line.parts.flatMap(({ readouts, data }, part) =>
        readouts.map((readout, column) => {
          const cell = h("td", { "data-readout": readout.name, "data-head": headOf(readout), class: part > 0 && column === 0 ? "is-first" : null });
          for (const [key, value] of Object.entries(data)) cell.dataset[key] = String(value);
          return cell;
        }),
      ),
    );
    const rows = lines.map(({ name, style }, index) => {
      const key = style ? [keyOf(style)] : [];
      return h("tr", {}, ...(named ? [h("th", { scope: "row" }, ...key, h("span", { class: "lp-name" }, rich(name)))] : []), ...cells[index]);
    });
    const heads = parts.flatMap(({ readouts }, part) =>
      readouts.map((readout, column) => h("th", { scope: "col", class: part > 0 && column === 0 ? "is-first" : null }, headOf(readout))),
    );
    const first = lines.length === 1 ? "method" : lines.some(({ parts: [{ data }] }) => "held" in data) ? "setting" : "experiment";
    const above = groups.map((title, part) => h("th", { scope: "colgroup", colspan: parts[part].readouts.length, class: part > 0 ? "is-first" : null }, title));
    element.classList.toggle("is-single", lines.length === 1 && !named);
    element.classList.toggle("is-grouped", groups.length > 0);
    element.replaceChildren(
      h(
        "thead",
        {},
        ...(above.length > 0 ? [h("tr", { class: "lp-heads" }, ...(named ? [h("td")] : []), ...above)] : []),
        h("tr", {}, ...(named ? [h("th", { scope: "col" }, first)] : []), ...heads),
      ),
      h("tbody", {}, ...rows),
    );
  }

  return {
    element,
    /** @param {string[]} groups  titles over the parts of the rows, if any @param {Line[]} lines  none hide the table */
    show(groups, lines) {
      element.hidden = lines.length === 0;
      if (lines.length === 0) return;
      const key = JSON.stringify([groups, lines.map(({ name, parts }) => [name, parts.map(({ readouts, data }) => [data, readouts.map((readout) => readout.name)])])]);
      if (key !== built) rebuild(groups, lines);
      built = key;
      lines.forEach(({ parts }, row) => parts.flatMap(({ readouts }) => readouts).forEach((readout, column) => setText(cells[row][column], withMinus(readout.text))));
    },
  };
}

/** @param {Readout} readout */
function headOf(readout) {
  return readout.unit ? `${readout.label} (${unitText(readout.unit)})` : readout.label;
}

/** The results of B by name. @param {Shown["held"]} held */
function heldOf(held) {
  const several = held !== null && held.results.length > 1;
  return (held?.results ?? []).map((result, index) => ({ result, index, name: several ? `B: ${held?.names[index] ?? ""}` : "B" }));
}

/** One text stands for all when all are equal. @param {string[]} texts */
function sameOrAll(texts) {
  return new Set(texts).size === 1 ? texts.slice(0, 1) : texts;
}

/** The sentences in the order of the raster. Of many only those that say something are kept; the table has the rest. @param {Shown} shown @returns {Said[]} */
function saidOf({ results, compared, held }) {
  const several = results.length > 1;
  /** @type {Said[]} */
  const said = [];
  results.forEach((result, index) => {
    said.push({ text: result.sentence, style: styleOf("V", index, results.length), whose: "exact" });
    const method = compared?.[index];
    const isSilent = method?.spikes.length === 0 && method.missed.length === 0;
    if (method && !(several && isSilent)) said.push({ text: method.sentence, style: { ...comparedStyle(index), marker: undefined }, whose: "method" });
  });
  if (!several && held?.results.length === 1) said.push({ text: `B: ${held.results[0].sentence}`, style: heldStyle(0), whose: "held" });
  return said;
}

/** @param {HTMLElement} element @param {Said[]} said */
function say(element, said) {
  const key = said.map(({ text, whose }) => `${whose} ${text}`).join("\n");
  if (element.dataset.text === key) return;
  const shape = said.map(({ whose }) => whose).join(" ");
  const isSame = element.dataset.shape === shape;
  element.dataset.text = key;
  element.dataset.shape = shape;
  element.classList.toggle("is-several", said.length > 1);
  if (isSame) {
    said.forEach(({ text }, index) => setRich(/** @type {Element} */ (element.children[index].lastElementChild), text));
    return;
  }
  element.replaceChildren(
    ...said.map(({ text, style, whose }) =>
      h("li", { "data-sentence": whose }, ...(style && said.length > 1 ? [keyOf(style)] : []), h("span", {}, rich(text))),
    ),
  );
}

/** @param {HTMLElement} element @param {string[]} texts @param {number} count */
function list(element, texts, count) {
  const key = texts.join("\n");
  if (element.dataset.text === key) return;
  element.dataset.text = key;
  element.classList.toggle("is-several", texts.length > 1);
  element.replaceChildren(
    ...texts.map((text, index) => h("li", {}, ...(texts.length > 1 ? [keyOf(styleOf("V", index, count))] : []), h("span", {}, rich(text)))),
  );
}

/** @param {{sentence: string, readouts: Readout[]}} result @param {string} label */
export function spokenText(result, label) {
  const numbers = result.readouts.filter((readout) => readout.value !== null).map((readout) => `${readout.label} ${readout.text} ${readout.unit}`.trim());
  const told = numbers.length > 0 ? ` ${numbers.join(", ")}.` : "";
  return withMinus(`${label ? `${label}: ` : ""}${result.sentence}${told}`);
}

/** All that is on show, in words. @param {Shown} shown */
function spokenOf({ results, names, compared, held }) {
  return [
    ...results.map((result, index) => spokenText(result, names[index] ?? "")),
    ...(compared ?? []).map((method, index) => spokenText(method, names[index] ?? "")),
    ...heldOf(held).map(({ result, name }) => spokenText(result, name)),
  ].join(" ");
}

/**
 * The alternatives for the pictures.
 *
 * @param {Shown} shown
 */
export function alternatives(shown) {
  const { results, compared, held } = shown;
  const [start, end] = results[0].window;
  const span = `from ${start.toPrecision(4)} to ${end.toPrecision(4)} ms`;
  const counted = (/** @type {(Result | ErrorResult)[]} */ all) =>
    all.map(({ spikes, crowded }) => (crowded ? ("spike_count" in crowded && crowded.spike_count) || "too many" : spikes.length)).join(", ");
  const others = [
    ...(compared ? [`${compared[0].label}: ${counted(compared)}, with ${sum(compared, "missed")} missed and ${sum(compared, "extra")} extra`] : []),
    ...(held ? [`B: ${counted(held.results)}`] : []),
  ];
  return {
    I: `Plot of the current I ${span}.`,
    V: `Plot of the membrane potential V ${span}. ${spokenOf(shown)}`,
    spikes: `Raster of the spikes ${span}: ${counted(results)} in view${others.map((text) => `; ${text}`).join("")}.`,
    error: compared ? `Plot of the spike-time error ${span}. ${compared.map((method) => method.sentence).join(" ")}` : "",
  };
}

/** @param {ErrorResult[]} methods @param {"missed" | "extra"} list */
function sum(methods, list) {
  return methods.reduce((total, method) => total + method[list].length, 0);
}
