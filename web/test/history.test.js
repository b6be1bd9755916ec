import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, record, redo, undo } from "../src/history.js";

/** A saved state that differs by one number. @param {number} value @returns {import("../src/types.js").Saved} */
const at = (value) => ({ preset: "one", choices: { one: { variant: "only", values: { I: value }, extents: {} } }, view: "traces", method: { name: "Exact", dt: 0.5, locate: "grid" }, held: null });
const drag = (/** @type {number} */ number, /** @type {number} */ time) => ({ key: `drag ${number}`, at: time, isDrag: true });
const keys = (/** @type {string} */ slider, /** @type {number} */ time) => ({ key: `keys on ${slider}`, at: time, isDrag: false });
const valueOf = (/** @type {import("../src/history.js").History} */ history) => history.present.choices.one.values.I;

test("undo goes back step by step, redo forth, and both end", () => {
  let history = record(record(begin(at(1)), at(2), null), at(3), null);
  history = undo(undo(undo(history)));
  assert.equal(valueOf(history), 1);
  assert.equal(history.past.length, 0);
  history = redo(redo(redo(history)));
  assert.equal(valueOf(history), 3);
  assert.equal(history.future.length, 0);
});

test("a drag is one step, however long it pauses; the next drag is another", () => {
  let history = begin(at(0));
  for (const [value, time] of [[1, 0], [2, 10], [3, 60_000]]) history = record(history, at(value), drag(1, time));
  history = record(history, at(4), drag(2, 60_010));
  assert.deepEqual([undo(history), undo(undo(history))].map(valueOf), [3, 0]);
});

test("key strokes on one slider are one step until a second passes or another slider is touched", () => {
  let history = begin(at(0));
  for (const [value, time] of [[1, 0], [2, 900], [3, 1800]]) history = record(history, at(value), keys("I", time));
  history = record(history, at(4), keys("I", 2800));
  history = record(history, at(5), keys("R", 2900));
  assert.deepEqual([1, 2, 3].map((steps) => valueOf(Array.from({ length: steps }).reduce(undo, history))), [4, 3, 0]);
});

test("a drag that ends where it began leaves nothing to undo, and may go on", () => {
  let history = record(begin(at(0)), at(1), drag(1, 0));
  history = record(history, at(0), drag(1, 1));
  assert.equal(history.past.length, 0);
  history = record(history, at(2), drag(1, 2));
  assert.equal(valueOf(undo(history)), 0);
});

test("what changes nothing is no step, and keeps what can be redone", () => {
  const back = undo(record(begin(at(0)), at(1), null));
  const same = record(back, at(0), null);
  assert.deepEqual([same.past.length, same.future.length], [0, 1]);
});

test("a new step takes the place of what was undone, also within the same drag", () => {
  const back = undo(record(begin(at(0)), at(1), drag(1, 0)));
  const other = record(back, at(2), drag(1, 1));
  assert.equal(other.future.length, 0);
  assert.equal(valueOf(undo(other)), 0);
});

test("the past is not endless", () => {
  let history = begin(at(0));
  for (let k = 1; k <= 500; k++) history = record(history, at(k), null);
  assert.equal(history.past.length, 200);
  assert.equal(valueOf(undo(history)), 499);
});
