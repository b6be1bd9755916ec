/**
 * The visible part of the time axis: zoom and pan as arithmetic on spans. `null` stands for the whole span, so that it
 * stays whole when the duration changes.
 *
 * @typedef {import("./types.js").Span} Span
 */

// Below this share of the duration the doubles of a time axis get coarse.
const NARROWEST = 1e-9;

/** @param {Span | null} window @param {number} duration @returns {Span} */
export function spanOf(window, duration) {
  return window ?? [0, duration];
}

/**
 * The span moved and cut to lie within the experiment; null when all of it is visible.
 *
 * @param {Span} span @param {number} duration @returns {Span | null}
 */
export function clamped([start, end], duration) {
  const width = end - start;
  if (!(width < duration)) return null;
  const first = Math.min(Math.max(0, start), duration - width);
  return [first, first + width];
}

/**
 * The span scaled by `factor` (below 1: closer) with the instant `anchor` staying in place.
 *
 * @param {Span | null} window @param {number} duration @param {number} factor @param {number} anchor
 */
export function zoomed(window, duration, factor, anchor) {
  const [start, end] = spanOf(window, duration);
  const bounded = Math.max(factor, (NARROWEST * duration) / (end - start));
  return clamped([anchor - (anchor - start) * bounded, anchor + (end - anchor) * bounded], duration);
}

/** The span moved by a time. @param {Span | null} window @param {number} duration @param {number} by */
export function panned(window, duration, by) {
  const [start, end] = spanOf(window, duration);
  return clamped([start + by, end + by], duration);
}

/**
 * The span that puts two instants under two fingers: `from` are the times first touched, `to` where the fingers are
 * now, as shares of the plot's width.
 *
 * @param {Span} from @param {Span} to @param {number} duration
 */
export function pinched([a, b], [x, y], duration) {
  const width = Math.max((b - a) / (y - x || Number.EPSILON), NARROWEST * duration);
  return clamped([a - x * width, a - x * width + width], duration);
}
