/**
 * A compared method's train spike by spike: what it makes of one exact spike, and the other way round.
 */

/** Times travel as doubles, but a difference added again is rounded anew. @param {number} time */
function slack(time) {
  return 1e-9 * Math.max(1, Math.abs(time));
}

/** @param {ArrayLike<number>} times @param {number} time */
function has(times, time) {
  for (let k = 0; k < times.length; k++) if (Math.abs(times[k] - time) <= slack(time)) return true;
  return false;
}

/**
 * The error of the pair that a spike belongs to, ms; "missed" for an exact spike and "extra" for one of the method's
 * without a partner; null where nothing is known of it.
 *
 * @param {import("./types.js").ErrorResult} method @param {number} time
 * @param {"exact" | "method"} kind  whose spike it is
 * @returns {number | "missed" | "extra" | null}
 */
export function errorOf({ error_t, error, missed, extra }, time, kind) {
  for (let k = 0; k < error_t.length; k++) {
    const own = kind === "exact" ? error_t[k] : error_t[k] + error[k];
    if (Math.abs(own - time) <= slack(time)) return error[k];
  }
  if (kind === "exact") return has(missed, time) ? "missed" : null;
  return has(extra, time) ? "extra" : null;
}
