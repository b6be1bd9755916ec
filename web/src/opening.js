/**
 * A link that is opened: from what it carries to the state of the lab.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").Opened} Opened
 * @typedef {import("./types.js").Preset} Preset
 */
import { keptState } from "./kept.js";
import * as states from "./state.js";

const SHAPE = /^\s*#\d+\./;

/** Whether the part of an address from its number sign on may be a link: other pages' marks are none. @param {string} fragment */
export function isLink(fragment) {
  return SHAPE.test(fragment);
}

/**
 * The setting that was kept with the link, where it yields the link's experiments here too: presets may have changed
 * since, and anybody may write a link. Else a preset of the link's own.
 *
 * @param {Description} description @param {State} state @param {Opened} link
 * @returns {{description: Description, state: State}}
 */
export function opened(description, state, link) {
  return restoredFrom(description, state, link) ?? offeredFrom(description, state, link);
}

/** @param {Description} description @param {State} state @param {Opened} link */
function restoredFrom(description, state, link) {
  const saved = keptState(link.state);
  if (saved === null || !description.presets.some(({ name }) => name === saved.preset)) return null;
  const choices = { ...state.choices, [saved.preset]: saved.choices[saved.preset] };
  const next = states.restored(description, { ...saved, choices });
  return isEqual(states.sharedExperiments(description, next), link.experiments) ? { description, state: next } : null;
}

/** @param {Description} description @param {State} state @param {Opened} link */
function offeredFrom(description, state, link) {
  const linked = description.presets.filter((preset) => preset.isLinked);
  const twin = linked.find((preset) => isEqual(preset.variants, link.preset.variants));
  const preset = twin ?? { ...link.preset, name: freeName(description, link.preset.name), isLinked: true };
  const next = states.offered(description, { ...state, held: null }, preset);
  const { view, method } = link;
  const isKnown = description.methods.some(({ name, locates }) => name === method?.name && locates.includes(method.locate));
  return {
    description: next.description,
    state: {
      ...next.state,
      view: description.views.find(({ name }) => name === view)?.name ?? next.state.view,
      method: method && isKnown ? { ...state.method, ...method } : { ...state.method, name: states.EXACT },
    },
  };
}

/** Each has a name of its own, for undo to lead back to it. @param {Description} description @param {string} stem */
function freeName({ presets }, stem) {
  let number = 1;
  while (presets.some(({ name }) => name === `${stem} ${number}`)) number++;
  return `${stem} ${number}`;
}

/** Of the presets that links have made the newest has a place in the header, or the one on show. @param {Description} description @param {State} state */
export function presetsOnOffer({ presets }, state) {
  const linked = presets.filter((preset) => preset.isLinked);
  const seen = linked.find(({ name }) => name === state.preset) ?? linked[linked.length - 1];
  return presets.filter((preset) => !preset.isLinked || preset === seen);
}

/** The presets of links that are of use later: the one on offer, and that of B. @param {Description} description @param {State} state */
export function linkedOnes(description, state) {
  const onOffer = presetsOnOffer(description, state);
  return description.presets.filter((preset) => preset.isLinked && (onOffer.includes(preset) || preset.name === state.held?.preset));
}

/** @param {Description} description @param {Preset[]} linked  presets of links that were opened earlier @returns {Description} */
export function withLinked(description, linked) {
  const others = linked.filter(({ name }) => !description.presets.some((preset) => preset.name === name));
  return { ...description, presets: [...description.presets, ...others] };
}

/** Plain JSON compared, tables in any order. @param {any} one @param {any} other @returns {boolean} */
export function isEqual(one, other) {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && isEqual(one[key], other[key]));
}
