/**
 * One slider: its symbol and name, a number box with the unit, the thumb, a way back to the default, and what is wrong.
 */
import { h, rich, setText } from "./dom.js";
import { boxText, parseNumber, unitText, withMinus } from "./format.js";
import { icon } from "./icons.js";
import { stepped, thumbOf, valueAtThumb } from "./state.js";

/**
 * @typedef {import("./types.js").Slider} Slider
 * @typedef {import("./types.js").Span} Span
 *
 * @typedef {"drag" | "keys" | "typed"} Manner  how a value was set: what goes on is one step of undo
 *
 * @typedef {object} Row
 * @property {HTMLElement} element
 * @property {Slider} slider
 * @property {(now: {value: number, extent: Span, isMoved: boolean}) => void} update
 * @property {(message: string | null) => void} complain
 * @property {() => void} focus
 */

const MANY = 10;
/** @type {Record<string, number>} */
const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: MANY, PageDown: -MANY, Home: -Infinity, End: Infinity };
/** Along the text of a number box the other keys move the caret. */
const BOX_KEYS = ["ArrowUp", "ArrowDown", "PageUp", "PageDown"];

let drags = 0;

/** A number box with a text that is not taken over yet, where undo is the browser's. @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof HTMLInputElement && target.type === "text" && target.value !== target.dataset.shown;
}

/**
 * @param {Slider} slider
 * @param {object} given
 * @param {string} given.prefix  of ids
 * @param {(value: number, manner: Manner, drag: number) => void} given.onValue
 * @param {() => void} given.onReset
 * @returns {Row}
 */
export function createRow(slider, { prefix, onValue, onReset }) {
  const id = `${prefix}slider-${slider.name}`;
  const unit = unitText(slider.unit);
  const name = slider.label || slider.symbol;
  const toDefault = `${boxText(slider.default)} ${unit}`.trim();
  const range = h("input", { type: "range", id, "aria-describedby": `${id}-fault` });
  const box = h("input", {
    type: "text",
    id: `${id}-box`,
    // The numeric pad of some phones has no minus.
    inputmode: slider.minimum < 0 ? "text" : "decimal",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": `${name}${unit ? `, ${unit}` : ""}`,
    "aria-describedby": `${id}-fault`,
    "data-shown": "",
  });
  const reset = h("button", { type: "button", class: "lp-reset", title: `back to ${toDefault}`, "aria-label": `reset ${name} to ${toDefault}` }, icon("reset"));
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
  let extent = /** @type {Span} */ ([slider.minimum, slider.maximum]);
  let isDragged = false;
  /** Where the thumb was put last. */
  let stood = NaN;
  /** @type {string | null} */
  let misread = null;
  /** @type {string | null} */
  let refused = null;

  range.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    drags++;
    setDragged(true);
  });
  for (const end of ["pointerup", "pointercancel", "change", "blur"]) range.addEventListener(end, () => setDragged(false));
  range.addEventListener("input", () => onValue(valueAtThumb(slider, extent, range.valueAsNumber), isDragged ? "drag" : "keys", drags));
  range.addEventListener("keydown", (event) => move(event, Object.keys(KEYS)));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isTyping(box)) {
      event.stopPropagation();
      forget();
    } else move(event, BOX_KEYS);
  });
  box.addEventListener("change", () => {
    const typed = parseNumber(box.value);
    misread = typed === null ? `'${box.value}' is not a number.` : null;
    tell();
    if (typed === null) return;
    onValue(typed, "typed", drags);
    show(boxText(value));
  });
  reset.addEventListener("click", () => {
    range.focus();
    onReset();
  });
  element.addEventListener("dblclick", (event) => {
    if (event.target !== box && !reset.contains(/** @type {Node} */ (event.target))) onReset();
  });

  /** @param {boolean} isOn */
  function setDragged(isOn) {
    isDragged = isOn;
    element.classList.toggle("is-dragged", isOn);
  }

  /** Keys go by one step from where the value is, also off the slider's grid. @param {KeyboardEvent} event @param {string[]} known */
  function move(event, known) {
    if (!known.includes(event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const isLeap = event.shiftKey && event.key.startsWith("Arrow");
    onValue(stepped(slider, extent, value, KEYS[event.key] * (isLeap ? MANY : 1)), "keys", drags);
  }

  /** @param {string} text */
  function show(text) {
    box.dataset.shown = text;
    if (box.value === text) return;
    box.value = text;
    box.style.setProperty("--length", String(text.length));
  }

  function forget() {
    misread = null;
    show(boxText(value));
    tell();
  }

  function tell() {
    const message = misread ?? (refused && withMinus(refused));
    element.classList.toggle("is-bad", message !== null);
    box.setAttribute("aria-invalid", String(message !== null));
    setText(fault, message ?? "");
  }

  return {
    element,
    slider,
    focus: () => range.focus(),
    /** @param {string | null} message  what Python refuses */
    complain(message) {
      if (message === refused) return;
      refused = message;
      tell();
    },
    update(now) {
      const isNew = now.value !== value;
      const isLike = !isNew && now.extent[0] === extent[0] && now.extent[1] === extent[1] && range.valueAsNumber === stood;
      element.classList.toggle("is-moved", now.isMoved);
      if (isLike) {
        if (!isTyping(box)) forget();
        return;
      }
      ({ value, extent } = now);
      const { min, max, step, at } = thumbOf(slider, extent, value);
      // The extent goes first: a range input clips its value to it.
      range.min = String(min);
      range.max = String(max);
      range.step = String(step);
      range.valueAsNumber = at;
      stood = range.valueAsNumber;
      range.setAttribute("aria-valuetext", `${boxText(value)} ${unit}`.trim());
      // What is being typed stays until the value is set from elsewhere.
      if (isNew || !isTyping(box)) forget();
      const home = thumbOf(slider, extent, slider.default).at;
      range.style.setProperty("--filled", String((at - min) / (max - min)));
      range.style.setProperty("--home", String((home - min) / (max - min)));
    },
  };
}
