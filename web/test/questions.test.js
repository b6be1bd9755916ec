import assert from "node:assert/strict";
import { test } from "node:test";
import { merged, together } from "../src/planes.js";
import { hasSubject, questionsOf } from "../src/questions.js";
import { firstState, hold } from "../src/state.js";

/** @type {import("../src/types.js").Slider} */
const dt = { name: "dt", symbol: "dt", label: "", group: "Method", unit: "ms", minimum: 0.1, maximum: 1, step: 0.1, default: 0.5, targets: [] };
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
  first: "pair",
  views: ["traces", "convergence", "f-I", "strength-duration"].map((name) => ({ name, label: name, summary: "" })),
  methods: [
    { name: "Exact", label: "", locates: [] },
    { name: "Euler", label: "", locates: ["grid", "linear"] },
    { name: "RK4", label: "", locates: ["grid"] },
  ],
  locates: [{ name: "grid", label: "" }, { name: "linear", label: "" }],
  dt,
  presets: [{ name: "pair", title: "", summary: "", variants: [{ name: "only", label: "", note: "", experiments: [{ label: "a", experiment: { a: 1 } }, { label: "b", experiment: { b: 2 } }], sliders: [] }] }],
};
const state = { ...firstState(description), window: /** @type {[number, number]} */ ([1, 2]) };
const euler = { name: "Euler", dt: 0.5, locate: "linear" };

test("the traces are always asked, the method and B only where they are", () => {
  assert.deepEqual([...questionsOf(description, state, 640).prompt.keys()], ["traces"]);
  const { prompt } = questionsOf(description, { ...hold(description, state), method: euler }, 640);
  assert.deepEqual([...prompt.keys()], ["traces", "error", "held"]);
  assert.deepEqual(prompt.get("error")?.experiments[1], { b: 2, method: euler });
  for (const { window, width, packed } of prompt.values()) assert.deepEqual([window, width, packed], [[1, 2], 640, true]);
});

test("a curve of convergence is a question of its own for each method with a step, and a slow one", () => {
  const { prompt, patient } = questionsOf(description, { ...state, view: "convergence", method: euler, subject: 1 }, 640);
  assert.ok(!prompt.has("plane"));
  assert.deepEqual([...patient.values()].map(({ method }) => method), [{ name: "Euler", locate: "linear" }, { name: "RK4", locate: "grid" }]);
  assert.deepEqual(patient.get("curve Euler")?.experiments, [{ b: 2 }]);
});

test("a plane does not depend on the window or the width of the traces", () => {
  const planeOf = (/** @type {Partial<typeof state>} */ change, /** @type {number} */ width) => questionsOf(description, { ...state, view: "f-I", ...change }, width).prompt.get("plane");
  assert.deepEqual(planeOf({ window: [5, 6] }, 300), planeOf({}, 640));
  assert.equal(planeOf({}, 640)?.experiments.length, 2);
});

test("only views of a single experiment have a subject, and only where there are several", () => {
  assert.equal(hasSubject(description, { ...state, view: "strength-duration" }), true);
  assert.equal(hasSubject(description, { ...state, view: "f-I" }), false);
  assert.equal(questionsOf(description, { ...state, view: "strength-duration", subject: 7 }, 640).prompt.get("plane")?.experiments.length, 1);
});

test("the parts of a plane make one that holds them all", () => {
  /** @param {string} name @param {[number, number]} range @returns {import("../src/types.js").Plane} */
  const part = (name, range) => ({
    view: "convergence",
    title: "Error",
    sentence: `${name} errs.`,
    text: "",
    x: { label: "dt", unit: "ms", symbol: "dt", scale: "log", range: [0.1, 1] },
    y: { label: "error", unit: "ms", symbol: "error", scale: "log", range },
    curves: [{ name, label: name, style: name, kind: "both", x: [0.1, 1], y: range }],
    marks: [{ axis: "x", value: 0.5, label: "now", role: "reference" }],
    points: [],
    readouts: [],
  });
  const whole = merged([part("Euler", [0.1, 1]), part("RK4", [1e-6, 0.5])]);
  assert.deepEqual(whole.curves.map(({ name }) => name), ["Euler", "RK4"]);
  assert.deepEqual([whole.x.range, whole.y.range], [[0.1, 1], [1e-6, 1]]);
  assert.equal(whole.marks.length, 1);
  assert.equal(whole.text, "Error. Euler; RK4 errs.");
});

test("what all sentences end with is said once", () => {
  assert.equal(together(["Euler: 0.1 ms at dt 2 ms.", "RK4: slope 4.00, 1e-6 ms at dt 2 ms."]), "Euler: 0.1; RK4: slope 4.00, 1e-6 ms at dt 2 ms.");
  assert.equal(together(["Euler: no spike to compare.", "RK4: no spike to compare."]), "Euler, RK4: no spike to compare.");
  assert.equal(together(["Euler: no error at all.", "RK4: 0.1 ms."]), "Euler: no error at all. RK4: 0.1 ms.");
  assert.equal(together(["Alone."]), "Alone.");
});
