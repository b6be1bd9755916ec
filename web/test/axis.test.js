import assert from "node:assert/strict";
import { test } from "node:test";
import { besidePoint, leastHiding, logTicks, nearestIndex, overlap, spread } from "../src/axis.js";

test("with room a logarithmic axis labels 1, 2 and 5 of each decade", () => {
  const { labelled, plain } = logTicks(0.01, 1, 8);
  assert.deepEqual(labelled, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]);
  assert.deepEqual(plain, [0.03, 0.04, 0.06, 0.07, 0.08, 0.09, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9]);
});

test("with less room it labels decades, with little every n-th, and marks the ones between", () => {
  assert.deepEqual(logTicks(0.001, 10, 5).labelled, [0.001, 0.01, 0.1, 1, 10]);
  const { labelled, plain } = logTicks(1e-12, 1, 6);
  assert.deepEqual(labelled, [1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1]);
  assert.deepEqual(plain, [1e-11, 1e-9, 1e-7, 1e-5, 1e-3, 0.1]);
});

test("ticks lie within the axis and at its ends if they are round", () => {
  for (const [low, high] of [[0.0075, 4.32], [0.03, 0.9], [5e-13, 23]]) {
    const { labelled, plain } = logTicks(low, high, 6);
    assert.ok([...labelled, ...plain].every((value) => value >= low && value <= high));
    assert.ok(labelled.length >= 2);
  }
  assert.deepEqual(logTicks(1, 100, 3).labelled, [1, 10, 100]);
  // Of every second decade only one lies within.
  assert.deepEqual(logTicks(0.0117, 4.3, 2.4).labelled, [0.1, 1]);
});

test("an axis of less than a decade has round ticks at equal distances", () => {
  assert.deepEqual(logTicks(3.2, 4.6, 4).labelled, [3.5, 4, 4.5]);
});

test("labels that have room stay where they are", () => {
  assert.deepEqual(spread([10, 50, 90], 12, 0, 100), [10, 50, 90]);
});

test("labels that would overlap are moved apart about their middle, in their order", () => {
  assert.deepEqual(spread([50, 50, 50], 10, 0, 100), [40, 50, 60]);
  assert.deepEqual(spread([52, 48], 10, 0, 100), [55, 45]);
});

test("labels stay within the bounds and push their neighbours", () => {
  assert.deepEqual(spread([0, 1], 10, 0, 100), [5, 15]);
  assert.deepEqual(spread([99, 100, 80], 10, 0, 100), [85, 95, 75]);
});

test("no two of many labels overlap, wherever they are wanted", () => {
  let seed = 1;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let round = 0; round < 200; round++) {
    const wanted = Array.from({ length: 6 }, () => 120 * random() - 10);
    const placed = spread(wanted, 15, 0, 100);
    const sorted = [...placed].sort((a, b) => a - b);
    assert.ok(sorted[0] >= 7.5 - 1e-9 && sorted[5] <= 92.5 + 1e-9);
    for (let k = 1; k < 6; k++) assert.ok(sorted[k] - sorted[k - 1] >= 15 - 1e-9);
    const order = (/** @type {number[]} */ values) => values.map((_, k) => k).sort((a, b) => values[a] - values[b]);
    assert.deepEqual(order(placed), order(wanted));
  }
});

const bounds = { x: 0, y: 0, width: 200, height: 100 };
const size = { width: 40, height: 10 };

test("boxes overlap by the area they share", () => {
  assert.equal(overlap({ x: 0, y: 0, width: 10, height: 10 }, { x: 5, y: 8, width: 10, height: 10 }), 10);
  assert.equal(overlap({ x: 0, y: 0, width: 10, height: 10 }, { x: 10, y: 0, width: 10, height: 10 }), 0);
});

test("a point's name stands right of it, or left at the right edge", () => {
  assert.deepEqual(besidePoint({ x: 50, y: 50 }, 8, size, bounds, []), { x: 58, y: 45, ...size });
  assert.deepEqual(besidePoint({ x: 190, y: 50 }, 8, size, bounds, []), { x: 142, y: 45, ...size });
});

test("a name goes out of the way of other names", () => {
  const first = besidePoint({ x: 50, y: 50 }, 8, size, bounds, []);
  const second = besidePoint({ x: 52, y: 52 }, 8, size, bounds, [first]);
  assert.equal(overlap(first, second), 0);
});

test("where all places hide something, the heaviest thing is spared", () => {
  const places = [{ x: 0, y: 0 }, { x: 50, y: 0 }];
  const heavy = { x: 0, y: 0, width: 40, height: 10, weight: 4 };
  const light = { x: 50, y: 0, width: 40, height: 10 };
  assert.equal(leastHiding(places, size, bounds, [heavy, light]).x, 50);
});

test("the nearest place within reach, the first of equals", () => {
  assert.equal(nearestIndex([0, 10, 20], 12, 5), 1);
  assert.equal(nearestIndex([0, 10, 20], 5, 5), 0);
  assert.equal(nearestIndex([0, 10, 20], 27, 5), null);
  assert.equal(nearestIndex(Float64Array.of(0, 10), 1e6, Infinity), 1);
});
