/**
 * The controls: the choice of the equation, then one row per slider. The rows are made once per variant; afterwards
 * only values, extents and messages change.
 */
import { h, rich, setText } from "./dom.js";
import { boxText, parseNumber, unitText } from "./format.js";
import { choiceOf, extentOf, presetOf, stepped, valueOf, variantOf } from "./state.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").Slider} Slider
 *
 * @typedef {object} Wishes
 * @property {(slider: Slider, value: number) => void} onValue
 * @property {(slider: Slider) => void} onReset
 * @property {() => void} onResetAll
 * @property {(variant: string) => void} onVariant
 *
 * @typedef {object} Row
 * @property {HTMLElement} element
 * @property {(state: State) => void} update
 * @property {(message: string | null) => void} complain
 */

const GROUPS = ["Neuron", "Current", "Method", "Time"];
const MANY = 10;

/** @param {Wishes} wishes */
export function createControls(wishes) {
  const element = h("section", { class: "lp-controls", "aria-label": "controls" });
  /** @type {Map<string, Row>} by slider name */
  let rows = new Map();
  let shown = "";
  /** @type {HTMLButtonElement | null} */
  let resetAll = null;

  /** @param {Description} description @param {State} state */
  function rebuild(description, state) {
    const preset = presetOf(description, state);
    const variant = variantOf(description, state);
    const rowOf = (/** @type {Slider} */ slider) => {
      const row = createRow(slider, wishes);
      rows.set(slider.name, row);
      return row.element;
    };
    rows = new Map();
    resetAll = h("button", { type: "button", class: "lp-reset-all" }, "reset all");
    resetAll.addEventListener("click", wishes.onResetAll);
    const names = [...new Set([...GROUPS, ...variant.sliders.map((slider) => slider.group)])];
    const groups = names
      .map((name) => ({ name, sliders: variant.sliders.filter((slider) => slider.group === name) }))
      .filter(({ sliders }) => sliders.length > 0)
      .map(({ name, sliders }) => h("fieldset", { class: "lp-group" }, h("legend", {}, name), ...sliders.map(rowOf)));
    const focused = document.activeElement instanceof HTMLInputElement && element.contains(document.activeElement) ? document.activeElement.id : "";
    element.replaceChildren(...createVariants(preset.variants, variant, wishes), ...groups, resetAll);
    if (focused) document.getElementById(focused)?.focus();
  }

  return {
    element,
    /** @param {Description} description @param {State} state */
    update(description, state) {
      const key = `${state.preset} ${choiceOf(state).variant}`;
      if (key !== shown) rebuild(description, state);
      shown = key;
      for (const row of rows.values()) row.update(state);
      if (resetAll) resetAll.disabled = Object.keys(choiceOf(state).values).length === 0;
    },
    /** Puts a message beneath one slider and takes all others away. @param {string | null} name @param {string | null} message */
    complain(name, message) {
      for (const [slider, row] of rows) row.complain(slider === name ? message : null);
    },
  };
}

/** @param {import("./types.js").Variant[]} variants @param {import("./types.js").Variant} chosen @param {Wishes} wishes */
function createVariants(variants, chosen, wishes) {
  const note = h("p", {}, rich(chosen.note));
  if (variants.length < 2) return chosen.note ? [h("div", { class: "lp-variants" }, note)] : [];
  const choices = variants.map((variant) => {
    const input = h("input", {
      type: "radio",
      name: "lp-variant",
      id: `lp-variant-${variant.name}`,
      value: variant.name,
      checked: variant === chosen,
    });
    input.addEventListener("change", () => wishes.onVariant(variant.name));
    return h("label", { "data-variant": variant.name }, input, h("span", {}, variant.label));
  });
  return [
    h("fieldset", { class: "lp-variants" }, h("legend", {}, "Version"), h("div", { class: "lp-switch" }, ...choices), note),
  ];
}

/** @param {Slider} slider @param {Wishes} wishes @returns {Row} */
function createRow(slider, wishes) {
  const id = `lp-slider-${slider.name}`;
  const unit = unitText(slider.unit);
  const name = slider.label || slider.symbol;
  const range = h("input", { type: "range", id, min: slider.minimum, max: slider.maximum, step: slider.step, "aria-describedby": `${id}-fault` });
  const box = h("input", {
    type: "text",
    id: `${id}-box`,
    // The numeric pad of some phones has no minus.
    inputmode: slider.minimum < 0 ? "text" : "decimal",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": `${name}${unit ? `, ${unit}` : ""}`,
    "aria-describedby": `${id}-fault`,
  });
  const reset = h("button", { type: "button", class: "lp-reset", title: `back to ${boxText(slider.default)} ${unit}`, "aria-label": `reset ${name} to ${boxText(slider.default)} ${unit}` }, "↺");
  const fault = h("p", { class: "lp-fault", id: `${id}-fault`, role: "alert" });
  // Where the literature has no symbol the name says it all.
  const symbol = slider.symbol === name ? [] : [h("span", { class: "lp-symbol" }, rich(slider.symbol, true))];
  const element = h(
    "div",
    { class: "lp-row", "data-slider": slider.name },
    h("label", { for: id }, ...symbol, h("span", { class: "lp-name" }, rich(name))),
    h("span", { class: "lp-value" }, box, h("span", { class: "lp-unit" }, unit)),
    range,
    reset,
    fault,
  );

  let value = slider.default;
  let extent = /** @type {[number, number]} */ ([slider.minimum, slider.maximum]);

  range.addEventListener("input", () => wishes.onValue(slider, range.valueAsNumber));
  range.addEventListener("keydown", (event) => move(event, { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }));
  box.addEventListener("keydown", (event) => move(event, { ArrowUp: 1, ArrowDown: -1 }));
  box.addEventListener("change", () => {
    const typed = parseNumber(box.value);
    if (typed === null) complain(`'${box.value}' is not a number.`);
    else wishes.onValue(slider, typed);
  });
  reset.addEventListener("click", () => {
    wishes.onReset(slider);
    range.focus();
  });
  element.addEventListener("dblclick", (event) => {
    if (event.target !== box && event.target !== reset) wishes.onReset(slider);
  });

  /** Arrow keys go by one step from where the value is, also off the slider's grid. @param {KeyboardEvent} event @param {Record<string, number>} steps */
  function move(event, steps) {
    const direction = steps[event.key];
    if (direction === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    wishes.onValue(slider, stepped(slider, extent, value, direction * (event.shiftKey ? MANY : 1)));
  }

  /** @param {string | null} message */
  function complain(message) {
    element.classList.toggle("is-bad", message !== null);
    box.setAttribute("aria-invalid", String(message !== null));
    setText(fault, message ?? "");
  }

  return {
    element,
    complain,
    update(state) {
      value = valueOf(state, slider);
      extent = extentOf(state, slider);
      // The extent goes first: a range input clips its value to it.
      range.min = String(extent[0]);
      range.max = String(extent[1]);
      range.valueAsNumber = value;
      range.setAttribute("aria-valuetext", `${boxText(value)} ${unit}`);
      if (box.value !== boxText(value)) box.value = boxText(value);
      const filled = (value - extent[0]) / (extent[1] - extent[0]);
      const home = (slider.default - extent[0]) / (extent[1] - extent[0]);
      range.style.setProperty("--filled", String(filled));
      range.style.setProperty("--home", String(home));
      element.classList.toggle("is-moved", slider.name in choiceOf(state).values);
    },
  };
}
