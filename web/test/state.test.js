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
const description = {
  version: "0",
  protocol: 1,
  parameters: {},
  limits: {},
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
  state = states.choosePreset({ ...state, window: [1, 2] }, "two");
  assert.equal(states.valueOf(state, current), 0.8);
  assert.equal(state.window, null);
  assert.equal(states.valueOf(states.choosePreset(state, "one"), current), 2);
});

test("steps go on from where the value is, without dust, and end at the extent", () => {
  assert.equal(states.stepped(current, [0, 10], 0.2, 1), 0.3);
  assert.equal(states.stepped(current, [0, 10], 0.85, 10), 1.85);
  assert.equal(states.stepped(current, [0, 10], 9.95, 10), 10);
});

test("a fault goes to the slider that writes its path, the last moved one first", () => {
  const other = sliderOf({ name: "other", targets: [target("V_0")] });
  const fault = { path: "V_0", rule: "", value: 1, message: "", experiment: 0 };
  assert.equal(states.sliderOfFault([current, rest, other], fault, "other"), other);
  assert.equal(states.sliderOfFault([current, rest, other], fault, "I"), rest);
  assert.equal(states.sliderOfFault([current], fault, "I"), null);
  const second = sliderOf({ targets: [target("V_0", 1, 1, 1)] });
  assert.equal(states.sliderOfFault([second], fault, null), null);
});
