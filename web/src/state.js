/**
 * What the user has set, as plain data, and the pure functions that change it. Only moved sliders are stored: what is
 * not stored has its default, and the experiments of the preset stay untouched until a slider leaves its default.
 *
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").Experiment} Experiment
 * @typedef {import("./types.js").Fault} Fault
 * @typedef {import("./types.js").Preset} Preset
 * @typedef {import("./types.js").Slider} Slider
 * @typedef {import("./types.js").Span} Span
 * @typedef {import("./types.js").Variant} Variant
 *
 * @typedef {object} Choice  what is remembered of a preset while another one is shown
 * @property {string} variant
 * @property {Record<string, number>} values  moved sliders only
 * @property {Record<string, Span>} extents  sliders widened by a typed value
 *
 * @typedef {object} State
 * @property {string} preset
 * @property {Record<string, Choice>} choices  by preset
 * @property {string | null} moved  the slider that was moved last
 * @property {Span | null} window  null for the whole span
 */

/** @param {Description} description @returns {State} */
export function firstState(description) {
  const choices = description.presets.map((preset) => [
    preset.name,
    { variant: preset.variants[0].name, values: {}, extents: {} },
  ]);
  return { preset: description.presets[0].name, choices: Object.fromEntries(choices), moved: null, window: null };
}

/** @param {Description} description @param {State} state @returns {Preset} */
export function presetOf(description, state) {
  return /** @type {Preset} */ (description.presets.find((preset) => preset.name === state.preset));
}

/** @param {Description} description @param {State} state @returns {Variant} */
export function variantOf(description, state) {
  const { variant } = choiceOf(state);
  return /** @type {Variant} */ (presetOf(description, state).variants.find(({ name }) => name === variant));
}

/** @param {State} state @returns {Choice} */
export function choiceOf(state) {
  return state.choices[state.preset];
}

/** @param {State} state @param {Partial<Choice>} change @returns {State} */
function withChoice(state, change) {
  return { ...state, choices: { ...state.choices, [state.preset]: { ...choiceOf(state), ...change } } };
}

/** @param {State} state @param {string} preset @returns {State} */
export function choosePreset(state, preset) {
  return { ...state, preset, moved: null, window: null };
}

/**
 * Slider positions survive a change of variant where both variants have the slider: that is the comparison one wants.
 *
 * @param {Description} description @param {State} state @param {string} name @returns {State}
 */
export function chooseVariant(description, state, name) {
  const chosen = withChoice(state, { variant: name });
  const known = new Set(variantOf(description, chosen).sliders.map((slider) => slider.name));
  const values = Object.entries(choiceOf(state).values).filter(([slider]) => known.has(slider));
  return withChoice(chosen, { values: Object.fromEntries(values) });
}

/**
 * A value beyond the slider's range widens the slider; whether the value is legal is Python's to say.
 *
 * @param {State} state @param {Slider} slider @param {number} value @returns {State}
 */
export function setValue(state, slider, value) {
  const { values, extents } = choiceOf(state);
  const extent = widened(slider, extentOf(state, slider), value);
  const rest = without(values, slider.name);
  const moved = withChoice(state, {
    values: value === slider.default ? rest : { ...rest, [slider.name]: value },
    extents: { ...extents, [slider.name]: extent },
  });
  return { ...moved, moved: slider.name };
}

/** @param {State} state @param {Slider} slider @returns {State} */
export function resetSlider(state, slider) {
  const { values, extents } = choiceOf(state);
  const reset = withChoice(state, { values: without(values, slider.name), extents: without(extents, slider.name) });
  return { ...reset, moved: slider.name };
}

/** @param {State} state @returns {State} */
export function resetAll(state) {
  return { ...withChoice(state, { values: {}, extents: {} }), moved: null, window: null };
}

/** @param {State} state @param {Slider} slider */
export function valueOf(state, slider) {
  return choiceOf(state).values[slider.name] ?? slider.default;
}

/** @param {State} state @param {Slider} slider @returns {Span} */
export function extentOf(state, slider) {
  return choiceOf(state).extents[slider.name] ?? [slider.minimum, slider.maximum];
}

/**
 * The extent that holds the value, grown by whole steps so that the slider's grid stays where it was.
 *
 * @param {Slider} slider @param {Span} extent @param {number} value @returns {Span}
 */
export function widened(slider, [low, high], value) {
  const grow = (/** @type {number} */ excess) => Math.ceil(excess / slider.step - 1e-9) * slider.step;
  if (value < low) return [tidy(low - grow(low - value)), high];
  if (value > high) return [low, tidy(high + grow(value - high))];
  return [low, high];
}

/**
 * The value some steps further, within the extent, free of the dust of binary fractions.
 *
 * @param {Slider} slider @param {Span} extent @param {number} value @param {number} steps
 */
export function stepped(slider, [low, high], value, steps) {
  return Math.min(high, Math.max(low, tidy(value + steps * slider.step)));
}

/** 0.1 + 0.2 is meant to be 0.3. @param {number} value */
function tidy(value) {
  return Number(value.toPrecision(12));
}

/** The experiments to run: those of the variant with every moved slider applied. @param {Description} description @param {State} state */
export function experimentsOf(description, state) {
  const variant = variantOf(description, state);
  const { values } = choiceOf(state);
  const base = variant.experiments.map(({ experiment }) => experiment);
  return variant.sliders
    .filter((slider) => slider.name in values)
    .reduce((experiments, slider) => applySlider(experiments, slider, values[slider.name]), base);
}

/** @param {Experiment[]} experiments @param {Slider} slider @param {number} value */
export function applySlider(experiments, slider, value) {
  return experiments.map((experiment, index) =>
    slider.targets
      .filter((target) => target.experiment === null || target.experiment === index)
      .reduce((changed, { path, factor, power }) => setPath(changed, path.split("."), factor * value ** power), experiment),
  );
}

/**
 * A copy of the tree with one value replaced; digits in the path index lists, missing tables are made.
 *
 * @param {any} tree @param {string[]} path @param {unknown} value @returns {any}
 */
export function setPath(tree, [key, ...rest], value) {
  const inner = rest.length === 0 ? value : setPath(tree?.[key] ?? {}, rest, value);
  if (Array.isArray(tree)) return tree.map((item, index) => (index === Number(key) ? inner : item));
  return { ...tree, [key]: inner };
}

/**
 * The slider beneath which a fault belongs: one that writes the faulty path, the last moved one if it does.
 *
 * @param {Slider[]} sliders @param {Fault} fault @param {string | null} moved
 */
export function sliderOfFault(sliders, fault, moved) {
  const index = fault.experiment ?? null;
  const guilty = sliders.filter((slider) =>
    slider.targets.some(
      (target) =>
        target.path === fault.path && (target.experiment === null || index === null || target.experiment === index),
    ),
  );
  return guilty.find((slider) => slider.name === moved) ?? guilty[0] ?? null;
}

/** @template Value @param {Record<string, Value>} table @param {string} key */
function without(table, key) {
  const { [key]: _, ...rest } = table;
  return rest;
}
