/**
 * Numbers behind the axes: ranges that hold still, values between samples, the spike nearest to the cursor.
 *
 * @typedef {import("./types.js").Span} Span
 */

/** Errors below this share of their axis cannot be told from zero. */
const LOST = 0.1;
const SMALL_PART = 0.3;

/** The smallest of 1, 2, 5 times a power of ten that is not below `rough`. @param {number} rough */
export function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  return digit * power;
}

/**
 * The range of an axis: the previous one while the data stay inside, else grown to round values with room to spare on
 * the side that was left, so that a drag does not make the picture breathe. Zero is never passed for room alone.
 *
 * @param {Span | null} previous @param {number} low @param {number} high @returns {Span}
 */
export function steadyRange(previous, low, high) {
  if (previous !== null && low >= previous[0] && high <= previous[1]) return previous;
  const bottom = Math.min(low, previous?.[0] ?? low);
  const top = Math.max(high, previous?.[1] ?? high);
  const extent = top - bottom || Math.abs(top) || 1;
  const room = (previous === null ? 0.06 : 0.25) * extent;
  const step = niceStep(extent / 6);
  const from = previous !== null && low >= previous[0] ? bottom : stopAtZero(bottom, bottom - room);
  const to = previous !== null && high <= previous[1] ? top : stopAtZero(top, top + room);
  const start = roundTo(Math.floor(from / step + 1e-9) * step, step);
  const end = roundTo(Math.ceil(to / step - 1e-9) * step, step);
  return [start, end > start ? end : start + extent];
}

/** @param {number} edge @param {number} padded */
function stopAtZero(edge, padded) {
  return edge >= 0 !== padded >= 0 || edge === 0 ? 0 : padded;
}

/** Removes the dust of `3 * 0.1`. @param {number} value @param {number} step */
function roundTo(value, step) {
  return Number(value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(step)))));
}

/** Smallest and largest of several lists; null when all are empty. @param {ArrayLike<number>[]} lists @returns {Span | null} */
export function extremes(lists) {
  let low = Infinity;
  let high = -Infinity;
  for (const list of lists) {
    for (let k = 0; k < list.length; k++) {
      if (list[k] < low) low = list[k];
      if (list[k] > high) high = list[k];
    }
  }
  return low <= high ? [low, high] : null;
}

/** How many of the sorted times are <= `time`. @param {ArrayLike<number>} times @param {number} time */
export function countUpTo(times, time) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The sampled line at an instant; where a time is repeated (a jump) the later value counts. Null outside the samples.
 *
 * @param {ArrayLike<number>} times @param {ArrayLike<number>} values @param {number} time
 */
export function valueAt(times, values, time) {
  const after = countUpTo(times, time);
  if (after === 0 || (after === times.length && times[after - 1] < time)) return null;
  if (after === times.length) return values[after - 1];
  const share = (time - times[after - 1]) / (times[after] - times[after - 1]);
  return values[after - 1] + share * (values[after] - values[after - 1]);
}

/**
 * The spike nearest to an instant among several trains, no farther than `reach`.
 *
 * @param {ArrayLike<number>[]} trains @param {number} time @param {number} reach
 * @returns {{train: number, time: number} | null}
 */
export function nearestSpike(trains, time, reach) {
  /** @type {{train: number, time: number} | null} */
  let best = null;
  let distance = reach;
  trains.forEach((train, index) => {
    const after = countUpTo(train, time);
    for (let k = Math.max(0, after - 1); k < Math.min(train.length, after + 1); k++) {
      const away = Math.abs(train[k] - time);
      if (away > distance || (best !== null && away === distance)) continue;
      distance = away;
      best = { train: index, time: train[k] };
    }
  });
  return best;
}

/** The next spike after (or before) an instant in any train. @param {ArrayLike<number>[]} trains @param {number} time @param {1 | -1} direction */
export function adjacentSpike(trains, time, direction) {
  /** @type {number | null} */
  let best = null;
  for (const train of trains) {
    let k = countUpTo(train, time);
    if (direction === -1) do k--; while (k >= 0 && train[k] >= time);
    if (k < 0 || k >= train.length) continue;
    if (best === null || direction * (train[k] - best) < 0) best = train[k];
  }
  return best;
}

/**
 * The range of an error axis, as far below zero as above it. It grows like any other, and shrinks when the errors have
 * become so small that they could not be seen in it: a method's step spans orders of magnitude.
 *
 * @param {Span | null} previous @param {number} largest  of the absolute values @returns {Span}
 */
export function symmetricRange(previous, largest) {
  const isLost = previous !== null && largest > 0 && largest < LOST * previous[1];
  const [, top] = steadyRange(previous === null || isLost ? null : [0, previous[1]], 0, largest);
  return [-top, top];
}

/**
 * The range of an axis that Python proposes a range for: held still like that of the traces, fitted anew when the
 * proposal has become a small part of it. Logarithmic ranges grow to whole decades.
 *
 * @param {Span | null} previous @param {Span} proposed @param {"linear" | "log"} scale @returns {Span}
 */
export function heldRange(previous, proposed, scale) {
  const [low, high] = scale === "log" ? /** @type {Span} */ (proposed.map(Math.log10)) : proposed;
  const before = previous && (scale === "log" ? /** @type {Span} */ (previous.map(Math.log10)) : previous);
  if (previous === null || before === null || high - low < SMALL_PART * (before[1] - before[0])) return proposed;
  if (low >= before[0] && high <= before[1]) return previous;
  if (scale === "linear") return steadyRange(previous, low, high);
  return [low < before[0] ? 10 ** Math.floor(low) : previous[0], high > before[1] ? 10 ** Math.ceil(high) : previous[1]];
}
