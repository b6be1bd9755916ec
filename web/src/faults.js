/**
 * Where the messages of Python belong: beneath the slider that can mend them, or over the plots.
 *
 * @typedef {import("./types.js").Fault} Fault
 * @typedef {import("./types.js").Slider} Slider
 */
import { concerns } from "./state.js";

/**
 * The slider beneath which a fault belongs: one that writes a path of the broken rule. The one that was moved last comes
 * first, then those that write the path the rule is about.
 *
 * @param {Slider[]} sliders @param {Fault} fault @param {string | null} moved @returns {Slider | null}
 */
export function sliderOfFault(sliders, fault, moved) {
  const writes = (/** @type {Slider} */ slider, /** @type {string | null} */ path) =>
    slider.targets.some((target) => target.path === path && concerns(target, fault.experiment ?? null));
  const paths = [fault.path, ...(fault.paths ?? [])];
  const guilty = paths.flatMap((path) => sliders.filter((slider) => writes(slider, path)));
  return guilty.find(({ name }) => name === moved) ?? guilty[0] ?? stepSlider(sliders, fault);
}

/** Whatever is wrong with the compared method is shown at its step. @param {Slider[]} sliders @param {Fault} fault */
function stepSlider(sliders, { path }) {
  if (!path?.startsWith("method.")) return null;
  return sliders.find((slider) => slider.targets.some((target) => target.path === "method.dt")) ?? null;
}

/**
 * Each message once, at its slider or, where none can mend it, among the general ones.
 *
 * @param {Slider[]} sliders @param {Fault[]} faults  the gravest first @param {string | null} moved
 * @returns {{rows: Map<Slider, string>, general: string[]}}
 */
export function placed(sliders, faults, moved) {
  /** @type {Map<Slider, string>} */
  const rows = new Map();
  /** @type {Set<string>} */
  const general = new Set();
  for (const fault of faults) {
    const slider = sliderOfFault(sliders, fault, moved);
    if (slider === null) general.add(fault.message);
    else if (!rows.has(slider)) rows.set(slider, fault.message);
  }
  return { rows, general: [...general] };
}
