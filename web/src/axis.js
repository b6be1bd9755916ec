/**
 * Where things go on a plot with axes of any kind: ticks of logarithmic axes, labels that must not overlap, the point
 * nearest to the pointer. Arithmetic only.
 *
 * @typedef {{x: number, y: number, width: number, height: number}} Box  from its left upper corner
 */
import { niceStep } from "./scale.js";

/** What it costs a label to stand one more step away, as a share of its area that is hidden. */
const FAR = 0.2;

/**
 * The ticks of a logarithmic axis. Labelled are 1, 2 and 5 of each decade, each decade or every n-th, as many as there
 * is room for; between them stand ticks without a label.
 *
 * @param {number} low @param {number} high @param {number} room  how many labels fit
 * @returns {{labelled: number[], plain: number[]}}
 */
export function logTicks(low, high, room) {
  const decades = Math.log10(high / low);
  const digits = 3 * decades <= room ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / Math.max(1, room)));
  /** @type {number[]} */
  const labelled = [];
  /** @type {number[]} */
  const plain = [];
  for (let power = Math.floor(Math.log10(low) - 1e-9); power <= Math.log10(high) + 1e-9; power++) {
    for (const digit of stride === 1 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [1]) {
      // Read as a decimal: 10 ** -3 is not the double nearest to 0.001.
      const value = Number(`${digit}e${power}`);
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      if (digits.includes(digit) && power % stride === 0) labelled.push(value);
      else plain.push(value);
    }
  }
  // Every n-th decade may be none that is seen.
  if (labelled.length < 2 && stride > 1) return logTicks(low, high, decades);
  return labelled.length > 1 ? { labelled, plain } : { labelled: roundTicks(low, high, Math.max(2, room)), plain: [] };
}

/** Ticks at equal distances, for a logarithmic axis of less than a decade. @param {number} low @param {number} high @param {number} room */
function roundTicks(low, high, room) {
  const step = niceStep((high - low) / room);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}

/**
 * Labels of equal height beside each other's wanted places, moved as little as keeps them from overlapping and within
 * the bounds. Given and returned are centres, in the same order.
 *
 * @param {number[]} wanted @param {number} height @param {number} low @param {number} high @returns {number[]}
 */
export function spread(wanted, height, low, high) {
  /** @type {{members: number[], centre: number}[]} */
  const blocks = [];
  const half = (/** @type {number[]} */ members) => (members.length * height) / 2;
  const settled = (/** @type {number[]} */ members) => {
    const mean = members.reduce((sum, k) => sum + wanted[k], 0) / members.length;
    return { members, centre: Math.max(low + half(members), Math.min(high - half(members), mean)) };
  };
  const order = wanted.map((_, k) => k).sort((a, b) => wanted[a] - wanted[b]);
  for (const k of order) {
    let block = settled([k]);
    let above = blocks.at(-1);
    while (above && above.centre + half(above.members) > block.centre - half(block.members) + 1e-9) {
      block = settled([...above.members, ...block.members]);
      blocks.pop();
      above = blocks.at(-1);
    }
    blocks.push(block);
  }
  const centres = wanted.slice();
  for (const { members, centre } of blocks) {
    members.forEach((k, place) => (centres[k] = centre - half(members) + (place + 0.5) * height));
  }
  return centres;
}

/** The area two boxes share. @param {Box} a @param {Box} b */
export function overlap(a, b) {
  const wide = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const high = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return wide > 0 && high > 0 ? wide * high : 0;
}

/**
 * Of several places for a label the first at which it hides least, and lies within the bounds.
 *
 * @param {{x: number, y: number, cost?: number}[]} places  their left upper corners; cost is what speaks against one,
 *   as a share of the label's area
 * @param {{width: number, height: number}} size @param {Box} bounds
 * @param {(Box & {weight?: number})[]} taken  heavier is what must not be hidden
 * @returns {Box}
 */
export function leastHiding(places, { width, height }, bounds, taken) {
  let best = { x: places[0].x, y: places[0].y, width, height };
  let least = Infinity;
  for (const { x, y, cost = 0 } of places) {
    const box = { x, y, width, height };
    // Beyond the edge a label cannot be read at all.
    const outside = width * height - overlap(box, bounds);
    const hidden = taken.reduce((sum, other) => sum + (other.weight ?? 1) * overlap(box, other), 4 * outside + cost * width * height);
    if (hidden < least - 1e-9) {
      least = hidden;
      best = box;
    }
  }
  return best;
}

/**
 * The place for a label beside a point: right of it if nothing stands there, else left, above, below, between or
 * farther away.
 *
 * @param {{x: number, y: number}} point @param {number} reach  from the point's centre to the label
 * @param {{width: number, height: number}} size @param {Box} bounds @param {(Box & {weight?: number})[]} taken
 */
export function besidePoint({ x, y }, reach, size, bounds, taken) {
  const { width, height } = size;
  const middle = Math.max(bounds.x, Math.min(bounds.x + bounds.width - width, x - width / 2));
  const places = [1, 2, 3].flatMap((times) => {
    const far = times * reach;
    const slant = 0.75 * far;
    return [
      [x + far, y - height / 2],
      [x - far - width, y - height / 2],
      [middle, y - far - height],
      [middle, y + far],
      [x + slant, y - slant - height],
      [x + slant, y + slant],
      [x - slant - width, y - slant - height],
      [x - slant - width, y + slant],
    ].map(([left, top]) => ({ x: left, y: top, cost: FAR * (times - 1) }));
  });
  return leastHiding(places, size, bounds, taken);
}

/**
 * The index of the place nearest to another, no farther than `reach`; null if there is none.
 *
 * @param {ArrayLike<number>} places @param {number} place @param {number} reach
 */
export function nearestIndex(places, place, reach) {
  /** @type {number | null} */
  let best = null;
  let distance = reach;
  for (let k = 0; k < places.length; k++) {
    const away = Math.abs(places[k] - place);
    if (away > distance || (best !== null && away === distance)) continue;
    distance = away;
    best = k;
  }
  return best;
}
