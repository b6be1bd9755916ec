import assert from "node:assert/strict";
import { test } from "node:test";
import { isEqual, isLink, linkedOnes, opened, presetsOnOffer, withLinked } from "../src/opening.js";
import * as states from "../src/state.js";

const target = (/** @type {string} */ path) => ({ path, factor: 1, power: 1, experiment: null });
/** @returns {import("../src/types.js").Slider} */
const sliderOf = (/** @type {string} */ name, /** @type {string} */ path) => ({
  ...{ name, symbol: name, label: name, group: "Current", unit: "nA", minimum: 0, maximum: 10, step: 0.1, default: 0.8 },
  targets: [target(path)],
});
const current = sliderOf("I", "current.0.amplitude");
const experiment = { neuron: { R_m: 6.4 }, current: [{ amplitude: 0.8 }] };
/** @returns {import("../src/types.js").Preset} */
const presetOf = (/** @type {string} */ name, /** @type {any} */ made = experiment) => ({
  ...{ name, title: name, summary: "" },
  variants: [{ name: "v", label: "", note: "", experiments: [{ label: "", experiment: made }], sliders: [current] }],
});
/** @type {import("../src/types.js").Description} */
const description = {
  ...{ version: "0", protocol: 3, parameters: {}, limits: {}, first: "one", address: null, copies: [], saves: [], tour: [] },
  views: ["traces", "f-I"].map((name) => ({ name, label: name, summary: "" })),
  methods: [
    { name: "Exact", label: "exact", locates: [] },
    { name: "Euler", label: "Euler", locates: ["grid"] },
  ],
  locates: [{ name: "grid", label: "on the grid" }],
  dt: { ...sliderOf("dt", "method.dt"), grid: [0.1, 0.5, 1], default: 0.5 },
  presets: [presetOf("one"), presetOf("two")],
};
const first = states.firstState(description);
const euler = { name: "Euler", dt: 0.1, locate: "grid" };

/** What Python says of a link that this state wrote. @param {states.State} state @param {Partial<import("../src/types.js").Opened>} [more] @returns {import("../src/types.js").Opened} */
function linkOf(state, more = {}) {
  const [shared] = states.sharedExperiments(description, state);
  const { method, ...plain } = shared;
  return JSON.parse(
    JSON.stringify({ experiments: [shared], names: [], view: state.view, state: states.linkedOf(state), method: method ?? null, preset: presetOf("link", plain), ...more }),
  );
}

test("what may be a link begins with a number sign, a number and a point", () => {
  assert.deepEqual(["#1.abc", " #23.x", "#9."].map(isLink), [true, true, true]);
  assert.deepEqual(["", "#", "#top", "#a.1", "1.abc", "#.1"].map(isLink), [false, false, false, false, false, false]);
});

test("tables are equal in any order, and to the last value", () => {
  assert.ok(isEqual({ a: [1, { b: null }], c: 2 }, { c: 2, a: [1, { b: null }] }));
  for (const [one, other] of [[{ a: 1 }, { a: 2 }], [{ a: 1 }, { b: 1 }], [[1], [1, 2]], [[], {}], [null, {}], [{ a: undefined }, { b: undefined }], ["1", 1]]) {
    assert.equal(isEqual(one, other), false);
  }
});

test("a link of the lab's own setting puts the sliders where they were", () => {
  const there = states.chooseMethod(states.setValue(states.choosePreset(description, first, "two"), current, 2), description.methods[1]);
  const here = states.hold(description, states.setValue(first, current, 5));
  const { description: same, state } = opened(description, here, linkOf({ ...there, view: "f-I" }));
  assert.equal(same, description);
  assert.deepEqual([state.preset, states.valueOf(state, current), state.view, state.method.name], ["two", 2, "f-I", "Euler"]);
  assert.equal(state.choices.one.values.I, 5);
  assert.equal(state.held, null);
});

test("a link carries B if it is of the same preset", () => {
  const held = states.hold(description, states.setValue(first, current, 3));
  assert.equal(opened(description, first, linkOf(held)).state.held?.experiments[0].current[0].amplitude, 3);
  assert.equal(states.linkedOf(states.choosePreset(description, held, "two")).held, null);
});

test("a state that does not yield the link's experiments gives way to a preset of the link's own", () => {
  const honest = linkOf(states.setValue(first, current, 2), { view: "f-I" });
  const saved = /** @type {any} */ (honest.state);
  const cases = [
    { ...honest, state: null },
    { ...honest, state: { preset: "one" } },
    { ...honest, state: { ...saved, preset: "gone", choices: {} } },
    { ...honest, state: { ...saved, choices: { one: { variant: "v", values: { I: 3 }, extents: {} } } } },
    { ...honest, state: { ...saved, method: euler } },
    { ...honest, state: { ...saved, choices: { one: { variant: "v", values: { I: "2" }, extents: {} } } } },
  ];
  for (const link of cases) {
    const next = opened(description, states.hold(description, first), link);
    assert.deepEqual(next.description.presets.map(({ name }) => name), ["one", "two", "link 1"]);
    assert.deepEqual([next.state.preset, next.state.view, next.state.method.name, next.state.held], ["link 1", "f-I", "Exact", null]);
    assert.equal(states.experimentsOf(next.description, next.state)[0].current[0].amplitude, 2);
  }
});

test("a link's own method is compared, if it is known, and its view chosen", () => {
  const link = { ...linkOf(first), state: null, view: "gone", method: euler };
  const next = opened(description, first, link);
  assert.deepEqual([next.state.method, next.state.view], [euler, "traces"]);
  const foreign = opened(description, first, { ...link, method: { ...euler, name: "RK9" } });
  assert.equal(foreign.state.method.name, "Exact");
});

test("each link has a preset of its own, the same link the same one, and the header one place", () => {
  const one = opened(description, first, { ...linkOf(first), state: null });
  const other = opened(one.description, one.state, { ...linkOf(states.setValue(first, current, 2)), state: null });
  assert.deepEqual([one.state.preset, other.state.preset], ["link 1", "link 2"]);
  const again = opened(other.description, other.state, { ...linkOf(first), state: null });
  assert.deepEqual([again.state.preset, again.description.presets.length], ["link 1", 4]);
  const offered = (/** @type {states.State} */ state) => presetsOnOffer(other.description, state).map(({ name }) => name);
  assert.deepEqual(offered(other.state), ["one", "two", "link 2"]);
  assert.deepEqual(offered(again.state), ["one", "two", "link 1"]);
  assert.deepEqual(offered(states.choosePreset(other.description, other.state, "one")), ["one", "two", "link 2"]);
});

test("of the presets of links those are kept that are of use, and their names are not given again", () => {
  const one = opened(description, first, { ...linkOf(first), state: null });
  const other = opened(one.description, states.hold(one.description, one.state), { ...linkOf(states.setValue(first, current, 2)), state: null });
  const kept = linkedOnes(other.description, other.state);
  assert.deepEqual(kept.map(({ name }) => name), ["link 2"]);
  const held = { ...other.state, held: states.hold(one.description, one.state).held };
  assert.deepEqual(linkedOnes(other.description, held).map(({ name }) => name), ["link 1", "link 2"]);
  const anew = withLinked(description, kept);
  assert.equal(states.restored(anew, states.savedOf(other.state)).preset, "link 2");
  const third = opened(anew, other.state, { ...linkOf(states.setValue(first, current, 3)), state: null });
  const fourth = opened(third.description, third.state, { ...linkOf(states.setValue(first, current, 4)), state: null });
  assert.deepEqual([third.state.preset, fourth.state.preset], ["link 1", "link 3"]);
  assert.equal(withLinked(anew, kept).presets.length, anew.presets.length);
});
