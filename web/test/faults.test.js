import assert from "node:assert/strict";
import { test } from "node:test";
import { placed, sliderOfFault } from "../src/faults.js";

/** @param {string} name @param {...(string | [string, number])} paths @returns {import("../src/types.js").Slider} */
function sliderOf(name, ...paths) {
  const targets = paths.map((path) => {
    const [written, experiment] = typeof path === "string" ? [path, null] : path;
    return { path: written, factor: 1, power: 1, experiment };
  });
  return { name, symbol: name, label: name, group: "Neuron", unit: "mV", minimum: 0, maximum: 10, step: 0.1, default: 1, targets };
}

/** @param {string | null} path @param {Partial<import("../src/types.js").Fault>} [more] */
const faultAt = (path, more) => ({ path, rule: "", value: 1, message: `${path} is wrong`, experiment: 0, ...more });

const threshold = sliderOf("theta", "neuron.V_th");
const rest = sliderOf("u_rest", "neuron.V_reset", "V_0");
const start = sliderOf("V_0", "V_0");
const current = sliderOf("I", "current.0.amplitude");
const step = sliderOf("dt", "method.dt");

test("a fault goes to the slider that writes its path, the last moved one first", () => {
  assert.equal(sliderOfFault([current, rest, start], faultAt("V_0"), "V_0"), start);
  assert.equal(sliderOfFault([current, rest, start], faultAt("V_0"), "I"), rest);
  assert.equal(sliderOfFault([current], faultAt("V_0"), "I"), null);
  assert.equal(sliderOfFault([sliderOf("I", ["V_0", 1])], faultAt("V_0"), null), null);
});

test("V_reset above V_th, reached by dragging V_th, is told at V_th", () => {
  const fault = faultAt("neuron.V_reset", { paths: ["neuron.V_reset", "neuron.V_th"] });
  assert.equal(sliderOfFault([threshold, rest], fault, "theta"), threshold);
  assert.equal(sliderOfFault([threshold, rest], fault, "u_rest"), rest);
  assert.equal(sliderOfFault([threshold, rest], fault, "I"), rest);
  assert.equal(sliderOfFault([threshold, current], fault, "I"), threshold);
});

test("whatever is wrong with the method is told at its step", () => {
  assert.equal(sliderOfFault([current, step], faultAt("method.locate"), null), step);
  assert.equal(sliderOfFault([current], faultAt("method.dt"), null), null);
});

test("each slider tells one message, and what no slider mends is told once", () => {
  const faults = [faultAt("neuron.V_th", { message: "first" }), faultAt("neuron.V_th"), faultAt(null, { message: "lost" }), faultAt("seed", { message: "lost" })];
  const { rows, general } = placed([threshold, step], faults, null);
  assert.deepEqual([...rows], [[threshold, "first"]]);
  assert.deepEqual(general, ["lost"]);
});
