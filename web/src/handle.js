/**
 * What makes a point on the canvas something that can be taken hold of, by pointer and by key.
 */
import { h } from "./dom.js";
import { titleOf, valueText } from "./planeAxes.js";

/**
 * @typedef {import("./types.js").Plane} Plane
 * @typedef {import("./types.js").PlanePoint} PlanePoint
 * @typedef {import("./types.js").Span} Span
 */

const MANY = 10;

/**
 * A handle over a point. It is two-dimensional, so its value is told in words; the number is that of the coordinate
 * that can be moved, x before y.
 *
 * @param {object} wishes
 * @param {(x: number, y: number) => void} wishes.dragTo  a place in the frame
 * @param {(axis: "x" | "y", steps: number) => void} wishes.step
 * @param {() => void} wishes.release
 */
export function createHandle({ dragTo, step, release }) {
  const element = h("div", { class: "lp-handle", role: "slider" });
  /** @type {{x: string | null, y: string | null}} */
  let targets = { x: null, y: null };
  /** From the pointer to the point's middle, so that it does not jump when it is touched. @type {{x: number, y: number} | null} */
  let offset = null;
  /** @type {{x: number, y: number}} */
  let place = { x: 0, y: 0 };

  /** @param {PointerEvent} event */
  const inFrame = (event) => {
    const { left, top } = /** @type {HTMLElement} */ (element.parentElement).getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    const at = inFrame(event);
    offset = { x: place.x - at.x, y: place.y - at.y };
  });
  element.addEventListener("pointermove", (event) => {
    if (offset === null) return;
    const at = inFrame(event);
    dragTo(at.x + offset.x, at.y + offset.y);
  });
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
    element.addEventListener(end, () => {
      offset = null;
      release();
    });
  }
  element.addEventListener("keydown", (event) => {
    /** @type {Record<string, ["x" | "y", number]>} */
    const keys = { ArrowLeft: ["x", -1], ArrowRight: ["x", 1], ArrowDown: ["y", -1], ArrowUp: ["y", 1] };
    const [axis, direction] = keys[event.key] ?? [null, 0];
    if (axis === null || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    // With one coordinate to move every arrow moves it, as with any slider.
    const own = targets[axis] !== null ? axis : axis === "x" ? "y" : "x";
    step(own, direction * (event.shiftKey ? MANY : 1));
  });
  element.addEventListener("keyup", release);
  element.addEventListener("blur", release);

  return {
    element,
    /** @param {Plane} plane @param {PlanePoint} point @param {{x: Span, y: Span}} ranges @param {{x: number, y: number}} at */
    show({ x, y }, point, ranges, at) {
      targets = point.targets;
      place = at;
      const isDraggable = targets.x !== null || targets.y !== null;
      element.hidden = !isDraggable;
      if (!isDraggable) return;
      element.tabIndex = 0;
      element.style.transform = `translate(${at.x}px, ${at.y}px)`;
      element.classList.toggle("is-level", targets.y === null);
      element.classList.toggle("is-upright", targets.x === null);
      const axis = targets.x !== null ? "x" : "y";
      const label = [point.label, targets.x !== null ? titleOf(x) : "", targets.y !== null ? titleOf(y) : ""].filter(Boolean).join(", ");
      const attributes = {
        "aria-label": label,
        "aria-orientation": axis === "x" ? "horizontal" : "vertical",
        "aria-valuemin": ranges[axis][0],
        "aria-valuemax": ranges[axis][1],
        "aria-valuenow": point[axis],
        "aria-valuetext": `${valueText(point.x, x)}, ${valueText(point.y, y)}${point.fires === null ? "" : point.fires ? ", fires" : ", silent"}`,
      };
      for (const [name, value] of Object.entries(attributes)) {
        if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
      }
    },
  };
}
