/**
 * Undo and redo, as plain data and pure functions. A drag is one step, however many values it passed; so are key strokes
 * on one slider that follow each other quickly.
 *
 * @typedef {import("./types.js").Saved} Saved
 *
 * @typedef {object} Touch  what the user did, to tell whether it goes on
 * @property {string} key  of what is touched: "drag 7 of I"
 * @property {number} at  ms
 * @property {boolean} isDrag  goes on until it is let go; anything else ends by a pause
 *
 * @typedef {object} History
 * @property {Saved[]} past  the oldest first
 * @property {Saved} present
 * @property {Saved[]} future  the next first
 * @property {Touch | null} last
 */

const PAUSE = 1000;
const LONGEST = 200;

/** @param {Saved} present @returns {History} */
export function begin(present) {
  return { past: [], present, future: [], last: null };
}

/** @param {History} history @param {Saved} next @param {Touch | null} touch  null for a step of its own @returns {History} */
export function record(history, next, touch) {
  const { past, present, last } = history;
  if (isSame(next, present)) return { ...history, last: touch };
  if (!goesOn(last, touch)) return { past: [...past, present].slice(-LONGEST), present: next, future: [], last: touch };
  // Back where the drag began there is nothing to undo; what follows is a step anew.
  const start = past[past.length - 1];
  if (start && isSame(next, start)) return { past: past.slice(0, -1), present: start, future: [], last: null };
  return { past, present: next, future: [], last: touch };
}

/** @param {History} history @returns {History} */
export function undo({ past, present, future }) {
  const previous = past[past.length - 1];
  if (!previous) return { past, present, future, last: null };
  return { past: past.slice(0, -1), present: previous, future: [present, ...future], last: null };
}

/** @param {History} history @returns {History} */
export function redo({ past, present, future }) {
  const [next, ...later] = future;
  if (!next) return { past, present, future, last: null };
  return { past: [...past, present], present: next, future: later, last: null };
}

/** @param {Touch | null} last @param {Touch | null} touch */
function goesOn(last, touch) {
  return last !== null && touch !== null && last.key === touch.key && (touch.isDrag || touch.at - last.at < PAUSE);
}

/** @param {Saved} one @param {Saved} other */
function isSame(one, other) {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
