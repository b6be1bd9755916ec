import assert from "node:assert/strict";
import { test } from "node:test";
import { adjacentSpike, countUpTo, extremes, heldRange, nearestSpike, niceStep, steadyRange, symmetricRange, valueAt } from "../src/scale.js";
import { clamped, panned, pinched, zoomed } from "../src/window.js";

test("round steps are 1, 2 or 5 times a power of ten", () => {
  assert.deepEqual([0.9, 1, 1.1, 3, 7, 0.03].map(niceStep), [1, 1, 2, 5, 10, 0.05]);
});

test("a range holds still while the data stay inside it", () => {
  const range = /** @type {[number, number]} */ ([0, 6]);
  assert.equal(steadyRange(range, 0.5, 5.9), range);
  assert.deepEqual(steadyRange(range, 0, 6), range);
});

test("a fresh range holds the data, ends at round values and does not pass zero for room", () => {
  assert.deepEqual(steadyRange(null, 0, 0.8), [0, 1]);
  assert.deepEqual(steadyRange(null, -70, 48.4), [-80, 60]);
  assert.deepEqual(steadyRange(null, 0, 0), [0, 1]);
});

test("a range that is left grows on that side only, with room for more", () => {
  const [low, high] = steadyRange([-1, 1], 0, 1.2);
  assert.equal(low, -1);
  assert.ok(high >= 1.5 && high <= 2);
});

test("extremes of no data are null", () => {
  assert.equal(extremes([[], []]), null);
  assert.deepEqual(extremes([[3], [-1, 2]]), [-1, 3]);
});

test("a repeated time is a jump and the later value counts", () => {
  const times = [0, 1, 1, 2];
  assert.equal(countUpTo(times, 1), 3);
  assert.equal(valueAt(times, [0, 5, 1, 3], 1), 1);
  assert.equal(valueAt(times, [0, 5, 1, 3], 0.5), 2.5);
  assert.equal(valueAt(times, [0, 5, 1, 3], 2), 3);
  assert.equal(valueAt(times, [0, 5, 1, 3], 2.1), null);
  assert.equal(valueAt(times, [0, 5, 1, 3], -0.1), null);
});

test("the nearest spike of all trains within reach", () => {
  assert.deepEqual(nearestSpike([[1, 5], [4.5]], 4.6, 1), { train: 1, time: 4.5 });
  assert.equal(nearestSpike([[1, 5]], 3, 1), null);
});

test("from spike to spike, forwards and back", () => {
  assert.equal(adjacentSpike([[1, 5], [3]], 1, 1), 3);
  assert.equal(adjacentSpike([[1, 5], [3]], 5, -1), 3);
  assert.equal(adjacentSpike([[1, 5], [3]], 5, 1), null);
});

test("packed trains are searched like lists", () => {
  const trains = [Float64Array.of(1, 5), Float64Array.of(3), Float64Array.of()];
  assert.deepEqual(nearestSpike(trains, 3.2, 1), { train: 1, time: 3 });
  assert.equal(adjacentSpike(trains, 1, 1), 3);
  assert.equal(adjacentSpike(trains, 5, -1), 3);
  assert.equal(adjacentSpike(trains, 1, -1), null);
});

test("of spikes at one instant the one before is truly before", () => {
  assert.equal(adjacentSpike([[1, 2, 2, 2]], 2, -1), 1);
});

test("an error axis reaches as far below zero as above, to a round value", () => {
  assert.deepEqual(symmetricRange(null, 9.116), [-10, 10]);
  assert.deepEqual(symmetricRange(null, 0), [-1, 1]);
});

test("an error axis holds still, grows when it is left, and shrinks when the errors are lost in it", () => {
  assert.deepEqual(symmetricRange([-10, 10], 1.5), [-10, 10]);
  assert.ok(symmetricRange([-10, 10], 11)[1] >= 12);
  assert.deepEqual(symmetricRange([-10, 10], 0.009), [-0.01, 0.01]);
  assert.deepEqual(symmetricRange([-10, 10], 0), [-10, 10]);
});

test("a proposed range is held while it changes a little and followed when it changes much", () => {
  assert.deepEqual(heldRange(null, [0, 7], "linear"), [0, 7]);
  assert.deepEqual(heldRange([0, 7], [0, 5], "linear"), [0, 7]);
  assert.deepEqual(heldRange([0, 7], [0, 1], "linear"), [0, 1]);
  assert.ok(heldRange([0, 7], [0, 8], "linear")[1] >= 8);
});

test("a logarithmic range grows by whole decades on the side that was left", () => {
  assert.deepEqual(heldRange([0.01, 5], [0.004, 3], "log"), [0.001, 5]);
  assert.deepEqual(heldRange([0.01, 5], [0.02, 3], "log"), [0.01, 5]);
});

test("zooming keeps the instant under the pointer in place", () => {
  assert.deepEqual(zoomed(null, 100, 0.5, 20), [10, 60]);
  assert.equal(zoomed([10, 60], 100, 4, 20), null);
});

test("zooming ends before the doubles of the time axis get coarse", () => {
  const [start, end] = /** @type {[number, number]} */ (zoomed([50, 50 + 1e-7], 100, 1e-6, 50));
  assert.ok(end - start >= 0.9e-7);
});

test("panning stays within the experiment", () => {
  assert.deepEqual(panned([10, 20], 100, -15), [0, 10]);
  assert.deepEqual(panned([10, 20], 100, 500), [90, 100]);
  assert.equal(clamped([-5, 105], 100), null);
});

test("two fingers keep their instants", () => {
  assert.deepEqual(pinched([40, 60], [0.25, 0.75], 100), [30, 70]);
});
