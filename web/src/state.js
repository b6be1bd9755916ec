/**
 * What the user has set, as plain data, and the pure functions that change it. Only moved sliders are stored: what is
 * not stored has its default, and the experiments of the preset stay untouched until a slider leaves its default.
 *
 * @typedef {import("./types.js").Choice} Choice
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").Experiment} Experiment
 * @typedef {import("./types.js").Method} Method
 * @typedef {import("./types.js").MethodKind} MethodKind
 * @typedef {import("./types.js").Preset} Preset
 * @typedef {import("./types.js").Saved} Saved
 * @typedef {import("./types.js").Slider} Slider
 * @typedef {import("./types.js").Span} Span
 * @typedef {import("./types.js").Variant} Variant
 *
 * @typedef {object} Passing  what belongs to the moment: not kept and not undone
 * @property {string | null} moved  the slider that was moved last
 * @property {Span | null} window  null for the whole span
 * @property {number} subject  the experiment that a view of a single one is about
 *
 * @typedef {Saved & Passing} State
 */

export const TRACES = "traces";
export const EXACT = "Exact";

/** @type {Passing} */
const AT_FIRST = { moved: null, window: null, subject: 0 };

/** @param {Description} description @returns {State} */
export function firstState(description) {
  const first = description.presets.find(({ name }) => name === description.first) ?? description.presets[0];
  return {
    ...AT_FIRST,
    preset: first.name,
    choices: Object.fromEntries(description.presets.map((preset) => [preset.name, untouched(preset)])),
    view: first.view ?? TRACES,
    method: { name: EXACT, dt: description.dt.default, locate: description.locates[0].name },
    held: null,
  };
}

/** @param {Preset} preset @returns {Choice} */
function untouched(preset) {
  return { variant: preset.variants[0].name, values: {}, extents: {} };
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

/**
 * A preset opens with its own view. The view that belonged to the preset before is left with it; one that the user
 * chose stays.
 *
 * @param {Description} description @param {State} state @param {string} name @returns {State}
 */
export function choosePreset(description, state, name) {
  const before = presetOf(description, state);
  const next = { ...state, ...AT_FIRST, preset: name };
  const own = presetOf(description, next).view ?? TRACES;
  if (own !== TRACES) return { ...next, view: own };
  return { ...next, view: before.view === state.view ? TRACES : state.view };
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
  return { ...withChoice(state, { values: {}, extents: {} }), ...AT_FIRST };
}

/** @param {State} state @param {Slider} slider */
export function valueOf(state, slider) {
  return choiceOf(state).values[slider.name] ?? slider.default;
}

/** @param {State} state @param {Slider} slider @returns {Span} */
export function extentOf(state, slider) {
  return choiceOf(state).extents[slider.name] ?? [slider.minimum, slider.maximum];
}

// The compared method ------------------------------------------------------------------------

/** Another method keeps the way of placing spikes if it knows it. @param {State} state @param {MethodKind} kind @returns {State} */
export function chooseMethod(state, kind) {
  const { locate } = state.method;
  const kept = kind.locates.length === 0 || kind.locates.includes(locate);
  return { ...state, method: { ...state.method, name: kind.name, locate: kept ? locate : kind.locates[0] } };
}

/** @param {State} state @param {string} locate @returns {State} */
export function chooseLocate(state, locate) {
  return { ...state, method: { ...state.method, locate } };
}

/** @param {State} state @param {Slider} slider  the description's dt @param {number} dt @returns {State} */
export function setStep(state, slider, dt) {
  const extent = widened(slider, stepExtentOf(state, slider), dt);
  return { ...state, moved: slider.name, method: { ...state.method, dt, extent } };
}

/** @param {State} state @param {Slider} slider @returns {State} */
export function resetStep(state, slider) {
  const { extent: _, ...method } = state.method;
  return { ...state, moved: slider.name, method: { ...method, dt: slider.default } };
}

/** @param {State} state @param {Slider} slider @returns {Span} */
export function stepExtentOf(state, slider) {
  return state.method.extent ?? [slider.minimum, slider.maximum];
}

/** Every slider on show, the step of the compared method among them. @param {Description} description @param {State} state @returns {Slider[]} */
export function slidersOf(description, state) {
  const { sliders } = variantOf(description, state);
  return state.method.name === EXACT ? sliders : [...sliders, description.dt];
}

// Positions of sliders -----------------------------------------------------------------------

/**
 * The extent that holds the value, grown by whole steps so that the slider's grid stays where it was.
 *
 * @param {Slider} slider @param {Span} extent @param {number} value @returns {Span}
 */
export function widened(slider, [low, high], value) {
  if (slider.grid) return [Math.min(low, value), Math.max(high, value)];
  const grow = (/** @type {number} */ excess) => Math.ceil(excess / slider.step - 1e-9) * slider.step;
  if (value < low) return [tidy(low - grow(low - value)), high];
  if (value > high) return [low, tidy(high + grow(value - high))];
  return [low, high];
}

/** The values that the thumb runs over, the ends of a widened extent among them. @param {number[]} grid @param {Span} extent */
function within(grid, [low, high]) {
  return [...(low < grid[0] ? [low] : []), ...grid, ...(high > grid[grid.length - 1] ? [high] : [])];
}

/** Where a value stands among sorted ones: an index, with the share of the way to the next. @param {number[]} grid @param {number} value */
function indexIn(grid, value) {
  const after = grid.findIndex((entry) => entry > value);
  if (after === 0) return 0;
  if (after === -1) return grid.length - 1;
  return after - 1 + (value - grid[after - 1]) / (grid[after] - grid[after - 1]);
}

/**
 * What a range input needs to show a value: of a slider with a grid the thumb runs over the grid's indices.
 *
 * @param {Slider} slider @param {Span} extent @param {number} value
 * @returns {{min: number, max: number, step: number | "any", at: number}}
 */
export function thumbOf(slider, extent, value) {
  if (!slider.grid) return { min: extent[0], max: extent[1], step: slider.step, at: value };
  const grid = within(slider.grid, extent);
  // With steps of 1 the browser would move the thumb of a typed value to the next index.
  return { min: 0, max: grid.length - 1, step: "any", at: indexIn(grid, value) };
}

/** The value where the thumb was put. @param {Slider} slider @param {Span} extent @param {number} at */
export function valueAtThumb(slider, extent, at) {
  return slider.grid ? within(slider.grid, extent)[Math.round(at)] : at;
}

/**
 * The value some steps further, within the extent, free of the dust of binary fractions.
 *
 * @param {Slider} slider @param {Span} extent @param {number} value @param {number} steps
 */
export function stepped(slider, extent, value, steps) {
  const [low, high] = extent;
  if (!slider.grid) return Math.min(high, Math.max(low, tidy(value + steps * slider.step)));
  const grid = within(slider.grid, extent);
  const from = indexIn(grid, value);
  const index = (steps > 0 ? Math.floor(from) : Math.ceil(from)) + steps;
  return grid[Math.min(grid.length - 1, Math.max(0, index))];
}

/** The nearest value that the thumb can be dragged to. @param {Slider} slider @param {Span} extent @param {number} value */
export function snapped(slider, extent, value) {
  const [low, high] = extent;
  if (slider.grid) return valueAtThumb(slider, extent, indexIn(within(slider.grid, extent), value));
  const onGrid = tidy(slider.minimum + Math.round((value - slider.minimum) / slider.step) * slider.step);
  return Math.min(high, Math.max(low, onGrid));
}

/** 0.1 + 0.2 is meant to be 0.3. @param {number} value */
function tidy(value) {
  return Number(value.toPrecision(12));
}

// Experiments --------------------------------------------------------------------------------

/** The experiments to run: those of the variant with every moved slider applied. @param {Description} description @param {State} state */
export function experimentsOf(description, state) {
  const variant = variantOf(description, state);
  const { values } = choiceOf(state);
  const base = variant.experiments.map(({ experiment }) => experiment);
  return variant.sliders
    .filter((slider) => slider.name in values)
    .reduce((experiments, slider) => applySlider(experiments, slider, values[slider.name]), base);
}

/** The same experiments by the compared method. @param {Experiment[]} experiments @param {Method} method @returns {Experiment[]} */
export function byMethod(experiments, { name, dt, locate }) {
  return experiments.map((experiment) => ({ ...experiment, method: { name, dt, locate } }));
}

/** The experiments as they are passed on: by the compared method, if there is one. @param {Description} description @param {State} state */
export function sharedExperiments(description, state) {
  const experiments = experimentsOf(description, state);
  return state.method.name === EXACT ? experiments : byMethod(experiments, state.method);
}

/** What the experiments are called where there are several. @param {Description} description @param {State} state */
export function namesOf(description, state) {
  const { experiments } = variantOf(description, state);
  return experiments.map(({ label }) => (experiments.length > 1 ? label : ""));
}

/** @param {Experiment[]} experiments @param {Slider} slider @param {number} value */
export function applySlider(experiments, slider, value) {
  return experiments.map((experiment, index) =>
    slider.targets
      .filter((target) => concerns(target, index))
      .reduce((changed, { path, factor, power }) => setPath(changed, path.split("."), factor * value ** power), experiment),
  );
}

/** @param {import("./types.js").Target} target @param {number | null} experiment  null for any */
export function concerns(target, experiment) {
  return target.experiment === null || experiment === null || target.experiment === experiment;
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
 * The slider that writes a path of one experiment, with what it takes to write a wanted value there.
 *
 * @param {Slider[]} sliders @param {string} path @param {number} experiment
 * @returns {{slider: Slider, inverse: (written: number) => number} | null}
 */
export function sliderOfPath(sliders, path, experiment) {
  for (const slider of sliders) {
    const target = slider.targets.find((candidate) => candidate.path === path && concerns(candidate, experiment));
    if (target) return { slider, inverse: (written) => (written / target.factor) ** (1 / target.power) };
  }
  return null;
}

/**
 * A point of a plane was dragged: the sliders that write its coordinates go along, as far as they reach.
 *
 * @param {Description} description @param {State} state @param {import("./types.js").PlanePoint} point
 * @param {{x: number | null, y: number | null}} to  null where it cannot be dragged @returns {State}
 */
export function dragPoint(description, state, point, to) {
  const { sliders } = variantOf(description, state);
  return /** @type {("x" | "y")[]} */ (["x", "y"]).reduce((now, axis) => {
    const path = point.targets[axis];
    const coordinate = to[axis];
    const found = path === null ? null : sliderOfPath(sliders, path, point.experiment);
    if (found === null || coordinate === null) return now;
    const wanted = found.inverse(coordinate + point.origin[axis]);
    if (!Number.isFinite(wanted)) return now;
    return setValue(now, found.slider, snapped(found.slider, extentOf(now, found.slider), wanted));
  }, state);
}

// A and B ------------------------------------------------------------------------------------

/** The present setting becomes B. @param {Description} description @param {State} state @returns {State} */
export function hold(description, state) {
  const { preset } = state;
  const experiments = experimentsOf(description, state);
  return { ...state, held: { label: "B", preset, choice: choiceOf(state), experiments, names: namesOf(description, state) } };
}

/** @param {State} state @returns {State} */
export function dropHeld(state) {
  return { ...state, held: null };
}

/** B can go back into the sliders only if its preset still has the variant. @param {Description} description @param {State} state */
export function canSwap(description, state) {
  const { held } = state;
  const preset = held && description.presets.find(({ name }) => name === held.preset);
  return Boolean(preset?.variants.some(({ name }) => name === held?.choice.variant));
}

/** What the sliders say becomes B, and B goes into the sliders. @param {Description} description @param {State} state @returns {State} */
export function swap(description, state) {
  const { held } = state;
  if (held === null || !canSwap(description, state)) return state;
  const shown = { ...hold(description, state), preset: held.preset, moved: null, subject: 0 };
  return { ...shown, choices: { ...shown.choices, [held.preset]: held.choice } };
}

// Kept and offered ---------------------------------------------------------------------------

/** @param {State} state @returns {Saved} */
export function savedOf({ preset, choices, view, method, held }) {
  return { preset, choices, view, method, held };
}

/** What a link carries of the state: the present preset's part. @param {State} state @returns {Saved} */
export function linkedOf(state) {
  const { preset, view, method, held } = state;
  return { preset, choices: { [preset]: choiceOf(state) }, view, method, held: held?.preset === preset ? held : null };
}

/**
 * The state that was saved, as far as this description knows it: a notebook may be older than the installed presets,
 * and its metadata may have been edited by hand.
 *
 * @param {Description} description @param {Saved} saved @returns {State}
 */
export function restored(description, saved) {
  const first = firstState(description);
  const kept = description.presets.map((preset) => [preset.name, keptChoice(preset, saved.choices?.[preset.name])]);
  const method = description.methods.find(({ name }) => name === saved.method?.name);
  const { dt, locate, extent } = saved.method ?? {};
  return {
    ...first,
    preset: description.presets.some(({ name }) => name === saved.preset) ? saved.preset : first.preset,
    choices: Object.fromEntries(kept),
    view: description.views.some(({ name }) => name === saved.view) ? saved.view : first.view,
    method: {
      name: method?.name ?? EXACT,
      dt: isNumber(dt) ? dt : first.method.dt,
      locate: description.locates.some(({ name }) => name === locate) ? locate : first.method.locate,
      ...(isSpan(extent) ? { extent } : {}),
    },
    held: isHeld(saved.held) ? saved.held : null,
  };
}

/** @param {Preset} preset @param {Choice | undefined} saved @returns {Choice} */
function keptChoice(preset, saved) {
  const variant = preset.variants.find(({ name }) => name === saved?.variant);
  if (!saved || !variant) return untouched(preset);
  const names = new Set(variant.sliders.map(({ name }) => name));
  const entries = (/** @type {Record<string, any> | undefined} */ table, /** @type {(value: any) => boolean} */ isGood) =>
    Object.fromEntries(Object.entries(table ?? {}).filter(([name, value]) => names.has(name) && isGood(value)));
  return { variant: variant.name, values: entries(saved.values, isNumber), extents: entries(saved.extents, isSpan) };
}

/** @param {State["held"] | undefined} held */
function isHeld(held) {
  return Boolean(held?.choice) && Array.isArray(held?.experiments) && Array.isArray(held?.names);
}

/** @param {unknown} value @returns {value is number} */
function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/** @param {unknown} value @returns {value is Span} */
function isSpan(value) {
  return Array.isArray(value) && value.length === 2 && value.every(isNumber) && value[0] < value[1];
}

/**
 * A preset that comes later, in the place of one with its name or after the others; it is chosen, untouched.
 *
 * @param {Description} description @param {State} state @param {Preset} preset
 * @returns {{description: Description, state: State}}
 */
export function offered(description, state, preset) {
  const isKnown = description.presets.some(({ name }) => name === preset.name);
  const presets = isKnown
    ? description.presets.map((old) => (old.name === preset.name ? preset : old))
    : [...description.presets, preset];
  const grown = { ...description, presets };
  const choices = { ...state.choices, [preset.name]: untouched(preset) };
  return { description: grown, state: choosePreset(grown, { ...state, choices }, preset.name) };
}

/** @template Value @param {Record<string, Value>} table @param {string} key */
function without(table, key) {
  const { [key]: _, ...rest } = table;
  return rest;
}
