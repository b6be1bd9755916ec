import assert from "node:assert/strict";
import { test } from "node:test";
import { thinned } from "../src/paint.js";
import { lineShare, rowsOf, shortLabel } from "../src/plots.js";
import { alternatives, spokenText } from "../src/readouts.js";
import { comparedStyle, curveStyle, heldStyle, outlineOf, styleOf } from "../src/styles.js";
import { errorOf } from "../src/train.js";

/**
 * @typedef {import("../src/types.js").Curve} Curve
 * @typedef {import("../src/types.js").ErrorResult} ErrorResult
 * @typedef {import("../src/types.js").Result} Result
 */

/** @param {Partial<Result>} given @returns {Result} */
function resultOf(given) {
  return {
    duration: 100, window: [0, 100], t: [0, 100], V: [0, 1], I_t: [0, 100], I: [1, 1], theta_t: [], theta: [], asc_t: [], asc: [], kick_t: [], kick: [], spikes: [], lines: [], readouts: [],
    sentence: "Silent.", equation: "", crowded: null, ...given,
  };
}

/** @param {Partial<ErrorResult>} given @returns {ErrorResult} */
function methodOf(given) {
  return {
    duration: 100, window: [0, 100], label: "Euler, dt 0.5 ms, on the grid", t: [0, 100], V: [0, 1], spikes: [], missed: [], extra: [],
    error_t: [], error: [], readouts: [], sentence: "Euler: silent.", crowded: null, ...given,
  };
}

test("the raster has each experiment, its method beneath it, then the second setting", () => {
  const shown = {
    results: [resultOf({ spikes: [1] }), resultOf({ spikes: [2] })],
    names: ["strong", "weak"],
    compared: [methodOf({ spikes: [3] }), methodOf({ spikes: [4] })],
    held: { results: [resultOf({ spikes: [5] })], names: [] },
  };
  assert.deepEqual(rowsOf(shown).map(({ kind, spikes }) => [kind, ...spikes]), [["exact", 1], ["method", 3], ["exact", 2], ["method", 4], ["held", 5]]);
  assert.deepEqual(rowsOf({ ...shown, compared: null, held: null }).map(({ kind }) => kind), ["exact", "exact"]);
});

test("a row of which no spike can be drawn is marked as crowded", () => {
  const crowded = { spike_count: 30000, message: "too many" };
  const [full, some] = rowsOf({ results: [resultOf({ crowded }), resultOf({ crowded, spikes: [1] })], names: ["", ""], compared: null, held: null });
  assert.equal(full.isCrowded, true);
  assert.equal(some.isCrowded, false);
});

test("a method is called by the first words of its label", () => {
  assert.equal(shortLabel(methodOf({ label: "exponential Euler, dt 0.5 ms" })), "exponential Euler");
});

test("a sparse trace has its full width, a dense one half, one among many less than alone", () => {
  const sparse = resultOf({ spikes: new Float64Array(20) });
  const dense = resultOf({ spikes: new Float64Array(300) });
  assert.equal(lineShare(sparse, [sparse], 1000), 1);
  assert.equal(lineShare(dense, [dense], 1000), 0.5);
  assert.equal(lineShare(sparse, [sparse, dense], 1000), 1);
  const some = resultOf({ spikes: new Float64Array(45) });
  assert.equal(lineShare(some, [some], 1000), 1);
  assert.ok(lineShare(some, [some, some, some], 1000) < 1);
  assert.equal(lineShare(resultOf({ crowded: { spike_count: null, message: "" } }), [], 1000), 0.5);
});

test("thinning keeps the first, the last and the extremes of every column of pixels", () => {
  const count = 5000;
  const columns = 100;
  const times = Float64Array.from({ length: count }, (_, k) => (columns * k) / count);
  const values = Float64Array.from({ length: count }, (_, k) => Math.sin(37 * k) * Math.cos(k / 90));
  const plain = /** @type {any} */ ({ toX: (/** @type {number} */ x) => x, toY: (/** @type {number} */ y) => y });
  const points = thinned(plain, times, values, columns);
  assert.ok(points.length <= 8 * columns);
  const given = Array.from({ length: columns }, () => /** @type {number[]} */ ([]));
  const drawn = Array.from({ length: columns }, () => /** @type {number[]} */ ([]));
  for (let k = 0; k < count; k++) given[Math.floor(times[k])].push(values[k]);
  for (let k = 0; k < points.length; k += 2) drawn[Math.floor(points[k])].push(points[k + 1]);
  given.forEach((all, column) => {
    const kept = drawn[column];
    assert.deepEqual([kept[0], kept.at(-1), Math.min(...kept), Math.max(...kept)], [all[0], all.at(-1), Math.min(...all), Math.max(...all)]);
  });
});

test("a line of few samples is drawn as it came, repeated times and all", () => {
  const plain = /** @type {any} */ ({ toX: (/** @type {number} */ x) => x, toY: (/** @type {number} */ y) => -y });
  assert.deepEqual([...thinned(plain, [0, 1, 1, 2], [0, 5, 1, 3], 100)], [0, -0, 1, -5, 1, -1, 2, -3]);
});

test("what an exact spike's partner does, and the other way round", () => {
  const method = methodOf({ error_t: [10, 20], error: [0.5, 1.25], missed: [30], extra: [44] });
  assert.equal(errorOf(method, 20, "exact"), 1.25);
  assert.equal(errorOf(method, 21.25, "method"), 1.25);
  assert.equal(errorOf(method, 30, "exact"), "missed");
  assert.equal(errorOf(method, 44, "method"), "extra");
  assert.equal(errorOf(method, 15, "exact"), null);
});

const fingerprint = (/** @type {import("../src/styles.js").Style} */ style) => JSON.stringify([style.dash, style.marker]);

test("methods differ in colour, marker and dash alike", () => {
  const styles = ["Euler", "ExponentialEuler", "RK2", "RK4"].map((style, index) => curveStyle(/** @type {Curve} */ ({ style, kind: "both" }), index));
  for (const of of [/** @param {any} s */ (s) => s.colour, /** @param {any} s */ (s) => s.marker, /** @param {any} s */ (s) => s.dash.join()]) {
    assert.equal(new Set(styles.map(of)).size, 4);
  }
});

test("experiments, methods and held settings are told apart without colour", () => {
  const kinds = [0, 1, 2, 3];
  assert.equal(new Set(kinds.map((index) => fingerprint(styleOf("V", index, 4)))).size, 4);
  assert.equal(new Set(kinds.map((index) => fingerprint(comparedStyle(index)))).size, 4);
  assert.equal(new Set(kinds.map((index) => fingerprint(heldStyle(index)))).size, 4);
  assert.ok(kinds.every((index) => comparedStyle(index).dash.length > 0 && heldStyle(index).dash.length > 0));
  assert.notDeepEqual(comparedStyle(0).dash, heldStyle(0).dash);
});

test("a curve of unknown style has a look, a line no marker, and points no line", () => {
  const unknown = curveStyle(/** @type {Curve} */ ({ style: "new", kind: "both" }), 1);
  assert.ok(unknown.colour && unknown.marker);
  assert.equal(curveStyle(/** @type {Curve} */ ({ style: "law", kind: "line" }), 0).marker, undefined);
  assert.equal(curveStyle(/** @type {Curve} */ ({ style: "simulated", kind: "points" }), 0).isBare, true);
});

test("every marker but the round ones and the cross has an outline about its middle", () => {
  for (const marker of /** @type {const} */ (["square", "triangle", "down", "diamond"])) {
    const outline = /** @type {[number, number][]} */ (outlineOf(marker));
    assert.ok(Math.abs(outline.reduce((sum, [x]) => sum + x, 0)) < 1e-12);
    assert.ok(outline.every(([x, y]) => Math.abs(x) <= 1.25 && Math.abs(y) <= 1.25));
  }
  assert.equal(outlineOf("circle"), null);
});

const spikes = { name: "spike_count", label: "spikes", unit: "", value: 2, text: "2" };
const nothing = { name: "mean_isi", label: "mean ISI", unit: "ms", value: null, text: "–" };

test("what is spoken leaves out numbers that do not exist", () => {
  assert.equal(spokenText(resultOf({ sentence: "Fires.", readouts: [spikes, nothing] }), "A"), "A: Fires. spikes 2.");
  assert.equal(spokenText(resultOf({ sentence: "Silent.", readouts: [nothing] }), ""), "Silent.");
});

test("each picture has an alternative that tells of the method and the second setting", () => {
  const shown = {
    results: [resultOf({ spikes: [1, 2], sentence: "Fires." })],
    names: [],
    compared: [methodOf({ spikes: [1], missed: [2], sentence: "Euler: 1 spike." })],
    held: { results: [resultOf({ crowded: { spike_count: 30000, message: "" } })], names: [] },
  };
  const texts = alternatives(shown);
  assert.equal(texts.spikes, "Raster of the spikes from 0.000 to 100.0 ms: 2 in view; Euler, dt 0.5 ms, on the grid: 1, with 1 missed and 0 extra; B: 30000.");
  assert.match(texts.V, /Fires\. Euler: 1 spike\. B: Silent\./);
  assert.match(texts.error, /Euler: 1 spike\./);
  assert.equal(alternatives({ ...shown, compared: null, held: null }).error, "");
});
