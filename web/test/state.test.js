import assert from "node:assert/strict";
import { test } from "node:test";
import * as states from "../src/state.js";

/** @param {Partial<import("../src/types.js").Slider>} given @returns {import("../src/types.js").Slider} */
function sliderOf(given) {
  return { name: "I", symbol: "I", label: "current", group: "Current", unit: "nA", minimum: 0, maximum: 10, step: 0.1, default: 0.8, targets: [], ...given };
}

const target = (/** @type {string} */ path, factor = 1, power = 1, experiment = /** @type {number | null} */ (null)) => ({ path, factor, power, experiment });
const current = sliderOf({ targets: [target("current.0.amplitude")] });
const rest = sliderOf({ name: "u_rest", default: 0.4, targets: [target("neuron.V_reset"), target("V_0")] });
const step = sliderOf({ name: "dt", default: 0.01, targets: [target("method.dt")] });
const experiment = { neuron: { V_reset: 0.4 }, current: [{ amplitude: 0.8 }, { amplitude: 3 }], V_0: 0.4 };
const dt = sliderOf({ name: "dt", group: "Method", minimum: 0.1, maximum: 10, default: 0.5, targets: [target("method.dt")], grid: [0.1, 0.2, 0.5, 1, 2, 5, 10] });
/** @type {import("../src/types.js").Description} */
const description = {
  version: "0",
  protocol: 3,
  address: null,
  copies: [],
  saves: [],
  tour: [],
  parameters: {},
  limits: {},
  first: "one",
  views: ["traces", "f-I", "plane"].map((name) => ({ name, label: name, summary: "" })),
  methods: [
    { name: "Exact", label: "exact", locates: [] },
    { name: "Euler", label: "Euler", locates: ["grid", "linear"] },
    { name: "Crude", label: "crude", locates: ["grid"] },
  ],
  locates: [{ name: "grid", label: "on the grid" }, { name: "linear", label: "linear" }],
  dt,
  presets: [
    {
      name: "one",
      title: "1  One",
      summary: "",
      variants: [
        { name: "correct", label: "", note: "", experiments: [{ label: "", experiment }], sliders: [current, rest] },
        { name: "notebook", label: "", note: "", experiments: [{ label: "", experiment }], sliders: [current, step] },
      ],
    },
    { name: "two", title: "2  Two", summary: "", variants: [{ name: "only", label: "", note: "", experiments: [{ label: "", experiment }, { label: "", experiment }], sliders: [current] }] },
    { name: "three", title: "3  Three", summary: "", view: "plane", variants: [{ name: "only", label: "", note: "", experiments: [{ label: "", experiment }], sliders: [current] }] },
  ],
};

test("an untouched preset runs its experiments as they came", () => {
  const state = states.firstState(description);
  assert.equal(states.experimentsOf(description, state)[0], experiment);
});

test("a slider writes at every path, and the preset stays untouched", () => {
  const state = states.setValue(states.firstState(description), rest, 0.7);
  const [changed] = states.experimentsOf(description, state);
  assert.deepEqual(changed, { ...experiment, neuron: { V_reset: 0.7 }, V_0: 0.7 });
  assert.equal(experiment.V_0, 0.4);
});

test("digits in a path index a list, and missing tables are made", () => {
  assert.deepEqual(states.setPath(experiment, ["current", "1", "amplitude"], 5).current, [{ amplitude: 0.8 }, { amplitude: 5 }]);
  assert.deepEqual(states.setPath({ method: null }, ["method", "dt"], 0.5), { method: { dt: 0.5 } });
});

test("factor, power and the number of the experiment are heeded", () => {
  const slider = sliderOf({ targets: [target("f", 1000, 1, 0), target("tau", 2, -1, 1)] });
  assert.deepEqual(states.applySlider([{}, {}], slider, 4), [{ f: 4000 }, { tau: 0.5 }]);
});

test("a value beyond the range widens the slider by whole steps, and reset narrows it again", () => {
  const first = states.firstState(description);
  const wide = states.setValue(first, current, 15.03);
  assert.deepEqual(states.extentOf(wide, current), [0, 15.1]);
  assert.deepEqual(states.extentOf(states.setValue(wide, current, -0.25), current), [-0.3, 15.1]);
  assert.deepEqual(states.extentOf(states.resetSlider(wide, current), current), [0, 10]);
  assert.equal(states.valueOf(states.resetSlider(wide, current), current), 0.8);
});

test("a slider set to its default counts as not moved", () => {
  const moved = states.setValue(states.firstState(description), current, 2);
  assert.deepEqual(states.choiceOf(states.setValue(moved, current, 0.8)).values, {});
});

test("values go along to another variant where it has the slider", () => {
  let state = states.setValue(states.firstState(description), current, 2);
  state = states.setValue(state, rest, 0.6);
  state = states.chooseVariant(description, state, "notebook");
  assert.deepEqual(states.choiceOf(state).values, { I: 2 });
});

test("a preset remembers its values while another is shown", () => {
  let state = states.setValue(states.firstState(description), current, 2);
  state = states.choosePreset(description, { ...state, window: [1, 2] }, "two");
  assert.equal(states.valueOf(state, current), 0.8);
  assert.equal(state.window, null);
  assert.equal(states.valueOf(states.choosePreset(description, state, "one"), current), 2);
});

test("steps go on from where the value is, without dust, and end at the extent", () => {
  assert.equal(states.stepped(current, [0, 10], 0.2, 1), 0.3);
  assert.equal(states.stepped(current, [0, 10], 0.85, 10), 1.85);
  assert.equal(states.stepped(current, [0, 10], 9.95, 10), 10);
});

test("a preset opens with its own view, and takes it along when it goes", () => {
  const first = states.firstState(description);
  const third = states.choosePreset(description, first, "three");
  assert.equal(third.view, "plane");
  assert.equal(states.choosePreset(description, third, "one").view, "traces");
  assert.equal(states.choosePreset(description, { ...first, view: "f-I" }, "two").view, "f-I");
});

// Sliders over a grid --------------------------------------------------------------------------

test("the thumb of a grid slider runs over indices, and a typed value stands between them", () => {
  assert.deepEqual(states.thumbOf(dt, [0.1, 10], 0.5), { min: 0, max: 6, step: "any", at: 2 });
  assert.equal(states.thumbOf(dt, [0.1, 10], 1.5).at, 3.5);
  assert.equal(states.valueAtThumb(dt, [0.1, 10], 2.6), 1);
  assert.equal(states.valueAtThumb(current, [0, 10], 2.6), 2.6);
});

test("keys go from one grid value to the next, from between them too, and end at the last", () => {
  const from = (/** @type {number} */ value, /** @type {number} */ steps) => states.stepped(dt, [0.1, 10], value, steps);
  assert.deepEqual([from(0.5, 1), from(0.5, -1), from(0.7, 1), from(0.7, -1)], [1, 0.2, 1, 0.5]);
  assert.deepEqual([from(0.5, 10), from(0.5, -10), from(0.5, Infinity), from(0.5, -Infinity)], [10, 0.1, 10, 0.1]);
});

test("a value beyond a grid becomes its new end", () => {
  const extent = states.widened(dt, [0.1, 10], 25);
  assert.deepEqual(extent, [0.1, 25]);
  assert.deepEqual(states.thumbOf(dt, extent, 25), { min: 0, max: 7, step: "any", at: 7 });
  assert.equal(states.stepped(dt, extent, 25, -1), 10);
});

test("Home and End go to the ends of a plain slider", () => {
  assert.equal(states.stepped(current, [-1, 12], 3, -Infinity), -1);
  assert.equal(states.stepped(current, [-1, 12], 3, Infinity), 12);
});

// The compared method --------------------------------------------------------------------------

test("the compared method is written into copies of the experiments, and of all of them", () => {
  const method = { name: "Euler", dt: 0.5, locate: "grid" };
  const compared = states.byMethod([experiment, experiment], { ...method, extent: [0.1, 20] });
  assert.deepEqual(compared.map((one) => one.method), [method, method]);
  assert.ok(!("method" in experiment));
});

test("another method keeps the way of placing spikes only if it knows it", () => {
  const [exact, euler, crude] = description.methods;
  const linear = states.chooseLocate(states.chooseMethod(states.firstState(description), euler), "linear");
  assert.equal(states.chooseMethod(linear, crude).method.locate, "grid");
  assert.equal(states.chooseMethod(states.chooseMethod(linear, exact), euler).method.locate, "linear");
});

test("the step is a slider only while a method is compared, and reset takes it back", () => {
  const first = states.firstState(description);
  const euler = states.chooseMethod(first, description.methods[1]);
  assert.ok(!states.slidersOf(description, first).includes(dt));
  assert.ok(states.slidersOf(description, euler).includes(dt));
  const wide = states.setStep(euler, dt, 25);
  assert.deepEqual([wide.method.dt, states.stepExtentOf(wide, dt), wide.moved], [25, [0.1, 25], "dt"]);
  assert.deepEqual(states.resetStep(wide, dt).method, euler.method);
});

// Dragging a point of a plane ------------------------------------------------------------------

/** @param {Partial<import("../src/types.js").PlanePoint>} given @returns {import("../src/types.js").PlanePoint} */
function pointOf(given) {
  return { x: 0, y: 0, label: "", experiment: 0, fires: null, targets: { x: null, y: null }, origin: { x: 0, y: 0 }, ...given };
}

test("a dragged point moves the sliders that write its coordinates, to values they can take", () => {
  const point = pointOf({ targets: { x: "current.0.amplitude", y: "V_0" }, origin: { x: 0, y: -0.5 } });
  const state = states.dragPoint(description, states.firstState(description), point, { x: 3.14159, y: 1.13 });
  assert.deepEqual(states.choiceOf(state).values, { I: 3.1, u_rest: 0.6 });
});

test("a dragged point does not push a slider beyond its end, and one without a target stays", () => {
  const first = states.firstState(description);
  const point = pointOf({ targets: { x: "current.0.amplitude", y: null } });
  assert.equal(states.valueOf(states.dragPoint(description, first, point, { x: 99, y: 7 }), current), 10);
  assert.equal(states.dragPoint(description, first, point, { x: null, y: 7 }), first);
  assert.equal(states.dragPoint(description, first, pointOf({ targets: { x: "neuron.R_m", y: null } }), { x: 1, y: 1 }), first);
});

test("factor and power are undone, and another experiment's slider is not meant", () => {
  const inverse = sliderOf({ targets: [target("tau", 2, -1, 1)] });
  const found = states.sliderOfPath([inverse], "tau", 1);
  assert.equal(found?.slider, inverse);
  assert.equal(found?.inverse(0.5), 4);
  assert.equal(states.sliderOfPath([inverse], "tau", 0), null);
});

test("a value snaps to the slider's grid, whose origin is its minimum", () => {
  assert.equal(states.snapped(sliderOf({ minimum: 0.05, maximum: 1, step: 0.1 }), [0.05, 1], 0.31), 0.35);
  assert.equal(states.snapped(dt, [0.1, 10], 0.8), 1);
});

// A and B --------------------------------------------------------------------------------------

test("B is a copy that the sliders leave alone", () => {
  const held = states.hold(description, states.setValue(states.firstState(description), current, 2));
  const moved = states.setValue(held, current, 5);
  assert.equal(moved.held?.experiments[0].current[0].amplitude, 2);
  assert.equal(states.experimentsOf(description, moved)[0].current[0].amplitude, 5);
  assert.equal(states.dropHeld(moved).held, null);
});

test("swapping twice is as if nothing happened", () => {
  const held = states.hold(description, states.setValue(states.firstState(description), current, 2));
  const moved = states.setValue(held, rest, 0.6);
  const swapped = states.swap(description, moved);
  assert.deepEqual(states.choiceOf(swapped).values, { I: 2 });
  assert.equal(swapped.held?.experiments[0].V_0, 0.6);
  assert.deepEqual(states.savedOf(states.swap(description, swapped)), states.savedOf(moved));
});

test("B stays when another preset is chosen, and swapping leads back to it", () => {
  const held = states.hold(description, states.setValue(states.firstState(description), current, 2));
  const other = states.choosePreset(description, held, "two");
  assert.equal(other.held?.preset, "one");
  const swapped = states.swap(description, other);
  assert.deepEqual([swapped.preset, swapped.held?.preset, states.valueOf(swapped, current)], ["one", "two", 2]);
});

test("a B whose preset is gone is shown but not swapped", () => {
  const held = states.hold(description, states.firstState(description));
  const gone = { ...held, held: held.held && { ...held.held, preset: "gone" } };
  assert.equal(states.canSwap(description, gone), false);
  assert.equal(states.swap(description, gone), gone);
});

// Kept and offered -----------------------------------------------------------------------------

test("what is saved survives as JSON and comes back", () => {
  let state = states.chooseMethod(states.firstState(description), description.methods[1]);
  state = states.hold(description, states.setStep(states.setValue(state, current, 15), dt, 25));
  const saved = JSON.parse(JSON.stringify(states.savedOf(state)));
  assert.deepEqual(states.savedOf(states.restored(description, saved)), states.savedOf(state));
});

test("of what was saved only what is known and sound comes back", () => {
  const first = states.firstState(description);
  const foreign = /** @type {any} */ ({
    preset: "gone",
    choices: { one: { variant: "notebook", values: { I: 3, dt: null, theta: 5 }, extents: { I: [5, 1] } }, two: { variant: "gone", values: { I: 4 } } },
    view: "gone",
    method: { name: "gone", dt: "x", locate: "gone" },
    held: {},
  });
  const state = states.restored(description, foreign);
  assert.deepEqual(state.choices, { ...first.choices, one: { variant: "notebook", values: { I: 3 }, extents: {} } });
  assert.deepEqual({ ...state, choices: 0 }, { ...first, choices: 0 });
  assert.deepEqual(states.restored(description, /** @type {any} */ ({})), first);
});

test("an offered preset is chosen, untouched, in the place of one with its name", () => {
  const moved = states.setValue(states.firstState(description), current, 2);
  const again = states.offered(description, moved, { ...description.presets[0], title: "new" });
  assert.deepEqual(again.description.presets.map(({ title }) => title), ["new", "2  Two", "3  Three"]);
  assert.deepEqual(states.choiceOf(again.state).values, {});
  const own = states.offered(description, moved, { ...description.presets[2], name: "own" });
  assert.deepEqual([own.description.presets.length, own.state.preset, own.state.view], [4, "own", "plane"]);
  assert.equal(states.valueOf(states.choosePreset(own.description, own.state, "one"), current), 2);
});
