/**
 * Fingers, mouse and keys on the figure, told as what is meant: zoom, pan, point at an instant. Positions are shares of
 * the plotting area's width.
 *
 * @typedef {object} Wishes
 * @property {(factor: number, share: number) => void} zoom  below 1 is closer; the instant at `share` stays
 * @property {(share: number) => void} pan  by this share of the width
 * @property {() => import("./types.js").Span} grab  the visible span, when two fingers touch
 * @property {(from: import("./types.js").Span, to: import("./types.js").Span) => void} pinch  times first touched, shares now
 * @property {() => void} whole
 * @property {() => boolean} isZoomed
 * @property {() => boolean} takesWheel  without Ctrl; else the wheel scrolls the page
 * @property {(share: number, y: number) => void} point
 * @property {() => void} leave
 * @property {() => void} pick  a click without a drag
 * @property {(direction: 1 | -1) => void} step  to the next spike
 */

const WHEEL = 0.0015;
const KEY_ZOOM = 0.8;
const KEY_PAN = 0.1;
const CLICK_REACH = 4;

/**
 * @param {HTMLElement} host
 * @param {() => {left: number, width: number}} area  the plotting area in the host's pixels
 * @param {Wishes} wishes
 */
export function listen(host, area, wishes) {
  /** @type {Map<number, number>} share of each pointer that is down */
  const down = new Map();
  /** @type {import("./types.js").Span | null} */
  let pinchedTimes = null;
  let travelled = 0;

  const shareOf = (/** @type {MouseEvent} */ event) => {
    const { left, width } = area();
    return (event.clientX - host.getBoundingClientRect().left - left) / width;
  };
  const heightOf = (/** @type {MouseEvent} */ event) => event.clientY - host.getBoundingClientRect().top;
  const isInside = (/** @type {number} */ share) => share >= 0 && share <= 1;

  function startPinch() {
    const [start, end] = wishes.grab();
    const [a, b] = [...down.values()];
    pinchedTimes = [start + a * (end - start), start + b * (end - start)];
  }

  host.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    host.setPointerCapture(event.pointerId);
    down.set(event.pointerId, shareOf(event));
    travelled = 0;
    if (down.size === 2) startPinch();
    if (event.pointerType !== "mouse") wishes.point(shareOf(event), heightOf(event));
  });

  host.addEventListener("pointermove", (event) => {
    const share = shareOf(event);
    const before = down.get(event.pointerId);
    if (before === undefined) {
      if (isInside(share)) wishes.point(share, heightOf(event));
      else wishes.leave();
      return;
    }
    down.set(event.pointerId, share);
    travelled += Math.abs(share - before) * area().width;
    if (down.size === 2 && pinchedTimes) {
      const [a, b] = [...down.values()];
      wishes.pinch(pinchedTimes, [a, b]);
    } else if (down.size === 1) {
      if (wishes.isZoomed()) wishes.pan(before - share);
      wishes.point(Math.min(1, Math.max(0, share)), heightOf(event));
    }
  });

  /** @param {PointerEvent} event */
  function lift(event) {
    const wasDown = down.delete(event.pointerId);
    pinchedTimes = null;
    if (wasDown && event.type === "pointerup" && travelled < CLICK_REACH) wishes.pick();
  }
  host.addEventListener("pointerup", lift);
  host.addEventListener("pointercancel", lift);
  host.addEventListener("pointerleave", () => wishes.leave());
  // A cursor that keys have moved goes with the focus.
  host.addEventListener("blur", () => wishes.leave());
  host.addEventListener("dblclick", () => wishes.whole());

  host.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey && !wishes.takesWheel()) return;
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
      const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
      if (Math.abs(sideways) > 0 && (event.shiftKey || Math.abs(sideways) > Math.abs(event.deltaY))) {
        return wishes.pan((sideways * lines) / area().width);
      }
      // A pinch on a touch pad arrives as a wheel with Ctrl and small steps.
      const gain = event.ctrlKey ? 6 * WHEEL : WHEEL;
      wishes.zoom(Math.exp(gain * lines * event.deltaY), Math.min(1, Math.max(0, shareOf(event))));
    },
    { passive: false },
  );

  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowLeft: () => wishes.pan(-KEY_PAN),
    ArrowRight: () => wishes.pan(KEY_PAN),
    "+": () => wishes.zoom(KEY_ZOOM, 0.5),
    "=": () => wishes.zoom(KEY_ZOOM, 0.5),
    "-": () => wishes.zoom(1 / KEY_ZOOM, 0.5),
    0: () => wishes.whole(),
    n: () => wishes.step(1),
    p: () => wishes.step(-1),
    c: () => wishes.pick(),
    Escape: () => wishes.leave(),
  };
  host.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
}
