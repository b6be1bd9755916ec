/**
 * What the engine says of the results: a table of numbers, one sentence and the equation for each experiment, and the
 * same in words for who listens instead of looks.
 */
import { h, rich, setText, swatch } from "./dom.js";
import { unitText } from "./format.js";
import { styleOf } from "./plots.js";

/**
 * @typedef {import("./types.js").Result} Result
 * @typedef {import("./types.js").Readout} Readout
 */

// A screen reader is told where a drag ended, not each step of it.
const QUIET = 900;

export function createReadouts() {
  const table = h("table", { class: "lp-numbers" });
  const sentences = h("ul", { class: "lp-sentences" });
  const equations = h("ul", { class: "lp-equations", "aria-label": "equation" });
  const spoken = h("div", { class: "lp-unseen", "aria-live": "polite" });
  const numbers = h("section", { class: "lp-readouts", "aria-label": "read-outs" }, table);
  const words = h("section", { class: "lp-words", "aria-label": "explanation" }, sentences, equations, spoken);
  /** @type {HTMLTableCellElement[][]} */
  let cells = [];
  let built = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {Result[]} results @param {string[]} labels */
  function rebuild(results, labels) {
    const several = results.length > 1;
    const heads = results[0].readouts.map((readout) => h("th", { scope: "col" }, headOf(readout)));
    cells = results.map((result, index) =>
      result.readouts.map((readout) => h("td", { "data-readout": readout.name, "data-experiment": index, "data-head": headOf(readout) })),
    );
    const bodies = cells.map((row, index) =>
      h("tr", {}, ...(several ? [h("th", { scope: "row" }, swatch(styleOf("V", index, results.length)), h("span", { class: "lp-name" }, rich(labels[index])))] : []), ...row),
    );
    table.classList.toggle("is-single", !several);
    table.replaceChildren(
      h("thead", {}, h("tr", {}, ...(several ? [h("th", { scope: "col" }, "experiment")] : []), ...heads)),
      h("tbody", {}, ...bodies),
    );
  }

  return {
    numbers,
    words,
    /** @param {Result[]} results @param {string[]} labels */
    show(results, labels) {
      const key = JSON.stringify([labels, results[0].readouts.map((readout) => readout.name)]);
      if (key !== built) rebuild(results, labels);
      built = key;
      results.forEach((result, row) => result.readouts.forEach((readout, column) => setText(cells[row][column], readout.text)));
      list(sentences, results.map((result) => result.sentence), results.length);
      list(equations, sameOrAll(results.map((result) => result.equation)), results.length);
      clearTimeout(timer);
      timer = setTimeout(() => setText(spoken, results.map((result, index) => spokenText(result, labels[index])).join(" ")), QUIET);
    },
  };
}

/** @param {Readout} readout */
function headOf(readout) {
  return readout.unit ? `${readout.label} (${unitText(readout.unit)})` : readout.label;
}

/** One text stands for all when all are equal. @param {string[]} texts */
function sameOrAll(texts) {
  return new Set(texts).size === 1 ? texts.slice(0, 1) : texts;
}

/** @param {HTMLElement} element @param {string[]} texts @param {number} count */
function list(element, texts, count) {
  const key = texts.join("\n");
  if (element.dataset.text === key) return;
  element.dataset.text = key;
  element.classList.toggle("is-several", texts.length > 1);
  element.replaceChildren(
    ...texts.map((text, index) => h("li", {}, ...(texts.length > 1 ? [swatch(styleOf("V", index, count))] : []), h("span", {}, rich(text)))),
  );
}

/** @param {Result} result @param {string} label */
export function spokenText(result, label) {
  const numbers = result.readouts.filter((readout) => readout.value !== null).map((readout) => `${readout.label} ${readout.text} ${readout.unit}`.trim());
  return `${label ? `${label}: ` : ""}${result.sentence} ${numbers.join(", ")}.`;
}

/**
 * The alternatives for the three pictures.
 *
 * @param {Result[]} results @param {string[]} labels
 */
export function alternatives(results, labels) {
  const [start, end] = results[0].window;
  const span = `from ${start.toPrecision(4)} to ${end.toPrecision(4)} ms`;
  const words = results.map((result, index) => spokenText(result, labels[index])).join(" ");
  const count = results.map((result) => result.crowded?.spike_count ?? result.spikes.length).join(", ");
  return {
    I: `Plot of the current I ${span}.`,
    V: `Plot of the membrane potential V ${span}. ${words}`,
    spikes: `Raster of the spikes ${span}: ${count} in view.`,
  };
}
