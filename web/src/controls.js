/**
 * The controls: the choice of the equation, one row per slider, the method to compare with. The rows are made once per
 * variant; afterwards only values, extents and messages change. While presenting, one row is at hand.
 */
import { createChoices } from "./choices.js";
import { h, rich, setHidden } from "./dom.js";
import { icon } from "./icons.js";
import { createRow } from "./row.js";
import { EXACT, choiceOf, extentOf, presetOf, slidersOf, stepExtentOf, valueOf, variantOf } from "./state.js";

/**
 * @typedef {import("./row.js").Manner} Manner
 * @typedef {import("./row.js").Row} Row
 * @typedef {import("./state.js").State} State
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").MethodKind} MethodKind
 * @typedef {import("./types.js").Slider} Slider
 * @typedef {import("./types.js").Variant} Variant
 *
 * @typedef {object} Wishes
 * @property {(slider: Slider, value: number, manner: Manner, drag: number) => void} onValue
 * @property {(slider: Slider) => void} onReset
 * @property {() => void} onResetAll
 * @property {(variant: string) => void} onVariant
 * @property {(method: MethodKind) => void} onMethod
 * @property {(locate: string) => void} onLocate
 */

const GROUPS = ["Neuron", "Current", "Method", "Time"];

/** @param {string} prefix  of ids @param {Wishes} wishes */
export function createControls(prefix, wishes) {
  const previous = h("button", { type: "button", class: "lp-tool", "data-hand": "previous", "aria-label": "previous slider", title: "previous slider (,)" }, icon("previous"));
  const next = h("button", { type: "button", class: "lp-tool", "data-hand": "next", "aria-label": "next slider", title: "next slider (.)" }, icon("next"));
  const all = h("button", { type: "button", class: "lp-tool", "data-hand": "all", "aria-label": "all controls", "aria-pressed": "false" }, icon("controls"), h("span", { class: "lp-word" }, "all controls"));
  const hand = h("div", { class: "lp-hand", role: "group", "aria-label": "slider at hand" }, previous, next, all);
  const body = h("div", { class: "lp-groups" });
  const element = h("section", { class: "lp-controls", "aria-label": "controls" }, hand, body);
  const resetAll = h("button", { type: "button", class: "lp-reset-all" }, "reset all");

  /** @type {Map<Slider, Row>} in the order of the page */
  let rows = new Map();
  /** @type {Variant | null} */
  let shown = null;
  /** @type {Slider | null} */
  let atHand = null;
  /** @type {string | null} */
  let moved = null;
  let isFolded = false;
  /** @type {ReturnType<typeof createMethod> | null} */
  let method = null;

  resetAll.addEventListener("click", wishes.onResetAll);
  previous.addEventListener("click", () => stepHand(-1));
  next.addEventListener("click", () => stepHand(1));
  all.addEventListener("click", () => fold(!isFolded));

  /** @param {Slider} slider */
  function rowOf(slider) {
    const row = createRow(slider, {
      prefix,
      onValue: (value, manner, drag) => wishes.onValue(slider, value, manner, drag),
      onReset: () => wishes.onReset(slider),
    });
    rows.set(slider, row);
    return row.element;
  }

  /** @param {Description} description @param {State} state @param {Variant} variant */
  function rebuild(description, state, variant) {
    const focused = /** @type {Document | ShadowRoot} */ (element.getRootNode()).activeElement;
    const focusedId = focused && body.contains(focused) ? focused.id : "";
    rows = new Map();
    const names = [...new Set([...GROUPS, ...variant.sliders.map((slider) => slider.group)])];
    const groups = names.map((name) => {
      const sliders = variant.sliders.filter((slider) => slider.group === name).map(rowOf);
      const own = name === "Method" ? methodParts(description) : [];
      return sliders.length + own.length > 0 ? [h("fieldset", { class: "lp-group" }, h("legend", {}, name), ...own, ...sliders)] : [];
    });
    body.replaceChildren(...createVariants(presetOf(description, state).variants, variant), ...groups.flat(), resetAll);
    const again = focusedId && [...body.querySelectorAll("input")].find(({ id }) => id === focusedId);
    if (again) again.focus();
  }

  /** @param {Description} description */
  function methodParts(description) {
    method = createMethod(description, prefix, wishes, rowOf(description.dt));
    return [method.element];
  }

  /** @param {Variant[]} variants @param {Variant} chosen */
  function createVariants(variants, chosen) {
    const note = h("p", {}, rich(chosen.note));
    if (variants.length < 2) return chosen.note ? [h("div", { class: "lp-variants" }, note)] : [];
    const choices = createChoices({ id: `${prefix}variant`, label: "version", hook: "variant", look: "lp-switch", onChoice: wishes.onVariant });
    choices.offer(variants.map(({ name, label }) => ({ name, face: [h("span", {}, label)] })));
    choices.choose(chosen.name);
    return [h("fieldset", { class: "lp-variants" }, h("legend", {}, "Version"), choices.element, note)];
  }

  /** The rows one can reach: the step of no method is not among them. */
  const reachable = () => [...rows.values()].filter((row) => row.element.closest("[hidden]") === null);

  function showHand() {
    const present = reachable();
    const at = present.find(({ slider }) => slider === atHand) ?? present[0];
    atHand = at?.slider ?? null;
    for (const row of rows.values()) row.element.classList.toggle("is-at-hand", row === at);
  }

  /** @param {1 | -1} direction */
  function stepHand(direction) {
    const present = reachable();
    const from = present.findIndex(({ slider }) => slider === atHand);
    atHand = present[(from + direction + present.length) % present.length]?.slider ?? null;
    showHand();
  }

  /** @param {boolean} isOn */
  function fold(isOn) {
    isFolded = isOn;
    element.classList.toggle("is-folded", isOn);
    all.setAttribute("aria-pressed", String(!isOn));
    showHand();
  }

  return {
    element,
    /** @param {Description} description @param {State} state */
    update(description, state) {
      const variant = variantOf(description, state);
      if (variant !== shown) {
        rebuild(description, state, variant);
        // The first that the preset names is the one it is about, wherever its group stands.
        if (!atHand || !rows.has(atHand)) atHand = variant.sliders.find(({ name }) => name === atHand?.name) ?? variant.sliders[0] ?? null;
      }
      shown = variant;
      method?.update(state);
      for (const [slider, row] of rows) row.update(positionOf(description, state, slider));
      resetAll.disabled = Object.keys(choiceOf(state).values).length === 0;
      if (state.moved !== moved) atHand = slidersOf(description, state).find(({ name }) => name === state.moved) ?? atHand;
      moved = state.moved;
      showHand();
    },
    /** Puts each message beneath its slider and takes all others away. @param {Map<Slider, string>} messages */
    complain(messages) {
      for (const [slider, row] of rows) row.complain(messages.get(slider) ?? null);
    },
    /** While presenting, the controls are one row, which can be unfolded. @param {boolean} isOn */
    present(isOn) {
      fold(isOn);
    },
    stepHand,
  };
}

/** @param {Description} description @param {State} state @param {Slider} slider */
function positionOf(description, state, slider) {
  if (slider === description.dt) {
    const { dt } = state.method;
    return { value: dt, extent: stepExtentOf(state, slider), isMoved: dt !== slider.default };
  }
  return { value: valueOf(state, slider), extent: extentOf(state, slider), isMoved: slider.name in choiceOf(state).values };
}

/**
 * What is compared with the exact solution: the method, where it places its spikes, its step.
 *
 * @param {Description} description @param {string} prefix @param {Wishes} wishes @param {HTMLElement} step
 */
function createMethod(description, prefix, wishes, step) {
  const methods = createChoices({
    id: `${prefix}method`,
    label: "method",
    hook: "method",
    look: "lp-segments",
    onChoice: (name) => wishes.onMethod(/** @type {MethodKind} */ (description.methods.find((kind) => kind.name === name))),
  });
  const locates = createChoices({ id: `${prefix}locate`, label: "spikes are placed", hook: "locate", look: "lp-segments", onChoice: wishes.onLocate });
  const details = h("div", { class: "lp-method-details" }, h("p", { class: "lp-hint", "aria-hidden": "true" }, "spikes are placed"), locates.element, step);
  methods.offer(description.methods.map(({ name, label }) => ({ name, face: [label] })));
  let offered = "";

  return {
    element: h("div", { class: "lp-method" }, methods.element, details),
    /** @param {State} state */
    update({ method }) {
      const kind = description.methods.find(({ name }) => name === method.name);
      const known = kind?.locates ?? [];
      methods.choose(method.name);
      setHidden(details, method.name === EXACT);
      if (known.length > 0 && known.join() !== offered) {
        offered = known.join();
        locates.offer(description.locates.filter(({ name }) => known.includes(name)).map(({ name, label }) => ({ name, face: [label] })));
      }
      locates.choose(method.locate);
    },
  };
}
