/**
 * A view beside the traces: curves over two quantities, reference lines, and the points where the experiments stand,
 * which can be dragged where a slider can be moved. What is drawn and said comes from Python; this file knows no curve
 * by name.
 */
import uPlot from "uplot";
import { nearestIndex } from "./axis.js";
import { h, rich, setText } from "./dom.js";
import { createHandle } from "./handle.js";
import { keyOf } from "./key.js";
import { metricsOf, paletteOf } from "./look.js";
import { drawRich, sheetOf } from "./paint.js";
import { optionsOf, titleOf, valueText } from "./planeAxes.js";
import { drawCurve, drawPoints, drawReferences, labelCurves, labelOf, labelReferences, labelRoom } from "./planePaint.js";
import { heldRange, valueAt } from "./scale.js";
import { HOLLOW, curveStyle } from "./styles.js";

/**
 * @typedef {import("./types.js").Curve} Curve
 * @typedef {import("./types.js").Plane} Plane
 * @typedef {import("./types.js").PlanePoint} PlanePoint
 * @typedef {import("./types.js").Span} Span
 *
 * @typedef {{x: number | null, y: number | null}} Moved  null for a coordinate that was not moved, or cannot be
 */

/** Narrower, the names of the curves stand above the plot instead of beside it. */
const ROOMY = 560;
/** The most that they take of the width. */
const LABELS = 0.4;
/** How near, in CSS px, the pointer takes a simulated point instead of a place on the curves. */
const REACH = 14;
const KEY_STEPS = 100;
/** Longer than an answer takes, ms. */
const SETTLED = 300;

/**
 * @param {object} wishes
 * @param {(point: PlanePoint, to: Moved) => void} wishes.onDrag  in the plane's units, without the point's origin
 * @param {() => void} wishes.onCommit  the drag is over
 */
export function createPlane({ onDrag, onCommit }) {
  const title = h("span", { class: "lp-plane-title" });
  const moment = h("span", { class: "lp-moment" });
  const legend = h("ul", { class: "lp-legend lp-lines", "aria-label": "legend" });
  const image = h("div", { class: "lp-plane-image", role: "img", "aria-label": "plane", "data-panel": "plane" });
  const cursor = h("div", { class: "lp-cursor", hidden: true });
  const handles = h("div", { class: "lp-handles" });
  const stale = h("div", { class: "lp-stale", hidden: true }, "last valid");
  const waiting = h("div", { class: "lp-waiting" }, "computing …");
  const frame = h("div", { class: "lp-frame" }, image, cursor, handles, stale, waiting);
  const element = h("section", { class: "lp-plane", "aria-label": "plane" }, h("div", { class: "lp-strip" }, title, moment, legend), frame);

  /** @type {Plane | null} */
  let plane = null;
  /** @type {{x: Span, y: Span}} */
  let ranges = { x: [0, 1], y: [0, 1] };
  /** What the ranges were made for: another view starts anew. */
  let ranged = "";
  /** @type {Record<string, string>} */
  let palette = {};
  let metrics = metricsOf(image, false);
  /** @type {uPlot | null} */
  let chart = null;
  let built = "";
  let legendKey = "";
  /** @type {HTMLOutputElement[]} */
  let outputs = [];
  /** @type {ReturnType<typeof createHandle>[]} */
  let grips = [];
  /** A point that is, or until the next answer was, under the pointer. @type {{index: number, x: number, y: number, isOver: boolean} | null} */
  let dragged = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let settling;

  const isRoomy = () => image.clientWidth >= ROOMY && (plane?.curves.length ?? 0) > 1;
  const styled = () => (plane?.curves ?? []).map((curve, index) => ({ curve, style: curveStyle(curve, index) }));

  /** The points as they are drawn: one that is dragged stands under the pointer already. */
  function pointsNow() {
    return (plane?.points ?? []).map((point, index) => {
      if (dragged?.index !== index) return point;
      const { x, y } = dragged;
      return { ...point, x, y: point.targets.y === null ? riddenY(point, x) : y };
    });
  }

  /** A point that goes along a curve stays on it until the answer comes. @param {PlanePoint} point @param {number} x */
  function riddenY(point, x) {
    const { y } = ranges;
    for (const curve of plane?.curves ?? []) {
      if (curve.kind !== "line") continue;
      const here = valueAt(curve.x, curve.y, point.x);
      if (here !== null && Math.abs(here - point.y) < 0.01 * (y[1] - y[0])) return valueAt(curve.x, curve.y, x) ?? point.y;
    }
    return point.y;
  }

  function build() {
    if (plane === null || image.clientWidth === 0 || image.clientHeight === 0) return;
    const key = JSON.stringify([metrics, plane.x.scale, plane.y.scale]);
    if (key === built) return;
    built = key;
    chart?.destroy();
    chart = new uPlot(optionsOf(plane, metrics, (token) => palette[token], roomRight), [[1, 2], [1, 2]], image);
    chart.hooks.draw = [draw];
    layOut();
  }

  function roomRight() {
    const { margin, font } = metrics;
    if (!chart || !isRoomy()) return margin;
    return Math.min(labelRoom(chart.ctx, plane?.curves ?? [], font), LABELS * image.clientWidth);
  }

  /** Large type must not be cut. @param {CanvasRenderingContext2D} ctx @param {Curve[]} curves */
  function labelFont(ctx, curves) {
    return metrics.font * Math.min(1, (LABELS * image.clientWidth) / labelRoom(ctx, curves, metrics.font));
  }

  /** @param {uPlot} u */
  function draw(u) {
    if (plane === null) return;
    const brush = { u, palette, font: metrics.font, line: metrics.line };
    drawTitles(brush, plane);
    drawReferences(brush, plane.marks);
    for (const { curve, style } of styled()) drawCurve(brush, curve, style);
    const taken = labelReferences(brush, plane.marks, pointsNow());
    const styles = new Map(styled().map(({ curve, style }) => [curve, style]));
    if (isRoomy()) labelCurves({ ...brush, font: labelFont(u.ctx, plane.curves) }, plane.curves, (curve) => /** @type {import("./styles.js").Style} */ (styles.get(curve)));
    drawPoints(brush, pointsNow(), taken, plane.curves);
  }

  /** @param {import("./paint.js").Brush} brush @param {Plane} shown */
  function drawTitles({ u, font }, { x, y }) {
    const { ctx, pixel } = sheetOf(u);
    const { left, top, width, height } = u.bbox;
    const size = font * pixel;
    drawRich(ctx, titleOf(x), { x: left + width / 2, y: u.ctx.canvas.height - 0.4 * size, align: 0.5 }, size, palette.muted);
    ctx.save();
    ctx.translate(1.05 * size, top + height / 2);
    ctx.rotate(-Math.PI / 2);
    drawRich(ctx, titleOf(y), { x: 0, y: 0, align: 0.5 }, size, palette.muted);
    ctx.restore();
  }

  function redraw() {
    if (!chart || plane === null) return;
    const { x, y } = ranges;
    chart.batch((/** @type {uPlot} */ u) => {
      u.setData([x, y], false);
      u.setScale("x", { min: x[0], max: x[1] });
      u.setScale("y", { min: y[0], max: y[1] });
    });
    placeHandles();
  }

  function layOut() {
    const { clientWidth: width, clientHeight: height } = image;
    if (width > 0 && height > 0) chart?.setSize({ width, height: Math.floor(height) });
  }

  /** The plotting area in the frame's pixels, and from its pixels to values and back. */
  function geometry() {
    if (!chart) return null;
    const { offsetLeft: left, offsetTop: top, clientWidth: width, clientHeight: height } = chart.over;
    const u = chart;
    return {
      left, top, width, height,
      toValue: (/** @type {number} */ x, /** @type {number} */ y) => ({ x: u.posToVal(x - left, "x"), y: u.posToVal(y - top, "y") }),
      toPlace: (/** @type {number} */ x, /** @type {number} */ y) => ({ x: left + u.valToPos(x, "x"), y: top + u.valToPos(y, "y") }),
    };
  }

  /** @param {{x: number, y: number}} value @returns {{x: number, y: number}} within the axes */
  function clamped(value) {
    const clip = (/** @type {number} */ number, /** @type {Span} */ [low, high]) => Math.min(high, Math.max(low, number));
    return { x: clip(value.x, ranges.x), y: clip(value.y, ranges.y) };
  }

  /** @param {number} index @param {{x: number, y: number}} value @param {"x" | "y"} [only]  the coordinate that moves */
  function dragTo(index, value, only) {
    const point = plane?.points[index];
    if (!point) return;
    const at = clamped(value);
    const moved = (/** @type {"x" | "y"} */ axis) => (point.targets[axis] === null || (only && axis !== only) ? null : at[axis]);
    const to = { x: moved("x"), y: moved("y") };
    const now = pointsNow()[index];
    clearTimeout(settling);
    dragged = { index, x: to.x ?? now.x, y: to.y ?? now.y, isOver: false };
    redraw();
    onDrag(point, to);
  }

  /** A hundredth of the axis, in its own measure. @param {number} index @param {"x" | "y"} axis @param {number} steps */
  function stepped(index, axis, steps) {
    if (plane === null) return;
    const { x, y } = pointsNow()[index];
    const from = axis === "x" ? x : y;
    const [low, high] = ranges[axis];
    const value = plane[axis].scale === "log" ? from * (high / low) ** (steps / KEY_STEPS) : from + (steps * (high - low)) / KEY_STEPS;
    dragTo(index, { x, y, [axis]: value }, axis);
  }

  /** The point stays where it was let go until the next answer says where it is: a slider may have rounded it. */
  function release() {
    if (dragged === null || dragged.isOver) return;
    dragged.isOver = true;
    settling = setTimeout(settle, SETTLED);
    onCommit();
  }

  function settle() {
    if (!dragged?.isOver) return;
    dragged = null;
    redraw();
  }

  function rebuildHandles() {
    const count = plane?.points.length ?? 0;
    while (grips.length > count) grips.pop()?.element.remove();
    while (grips.length < count) {
      const index = grips.length;
      const grip = createHandle({
        dragTo: (x, y) => {
          const map = geometry();
          if (map) dragTo(index, map.toValue(x, y));
        },
        step: (axis, steps) => stepped(index, axis, steps),
        release,
      });
      grips.push(grip);
      handles.append(grip.element);
    }
  }

  function placeHandles() {
    const map = geometry();
    if (!map || plane === null) return;
    const now = plane;
    pointsNow().forEach((point, index) => grips[index].show(now, point, ranges, map.toPlace(point.x, point.y)));
  }

  function rebuildLegend() {
    const curves = plane?.curves ?? [];
    const key = JSON.stringify(curves.map((curve) => [labelOf(curve), curve.style, curve.kind, curve.hollow?.includes(true)]));
    if (key === legendKey) return;
    legendKey = key;
    outputs = curves.map(() => h("output", { "aria-live": "off" }));
    const isHollow = curves.some((curve) => curve.hollow?.includes(true));
    const hollow = [h("li", { class: "lp-hollow" }, keyOf(HOLLOW), "spikes missed or extra")];
    legend.replaceChildren(
      ...(isHollow ? hollow : []),
      ...styled().map(({ curve, style }, index) => {
        const note = curve.note ? [h("span", { class: "lp-note" }, rich(curve.note))] : [];
        return h("li", {}, keyOf(style), h("span", { class: "lp-name" }, rich(curve.label)), ...note, outputs[index]);
      }),
    );
  }

  /** The values at the pointer, at a curve's own point if one is near. @param {number} px @param {number} py */
  function point(px, py) {
    const map = geometry();
    if (!map || plane === null) return;
    const now = plane;
    const { left, top, width, height } = map;
    if (px < left || px > left + width || py < top || py > top + height) return leave();
    const at = map.toValue(px, py);
    const own = now.curves.flatMap((curve) => (curve.kind === "line" ? [] : [...curve.x]));
    const reach = now.curves.some((curve) => curve.kind === "line") ? REACH : Infinity;
    const near = nearestIndex(own.map((value) => map.toPlace(value, 1).x), px, reach);
    const x = near === null ? at.x : own[near];
    cursor.hidden = false;
    cursor.style.transform = `translateX(${map.toPlace(x, 1).x}px)`;
    cursor.style.top = `${top}px`;
    cursor.style.bottom = `${frame.clientHeight - top - height}px`;
    element.classList.add("is-pointing");
    setText(moment, `${now.x.symbol || now.x.label} ${valueText(x, now.x)}`);
    now.curves.forEach((curve, index) => {
      const value = curve.kind === "line" ? valueAt(curve.x, curve.y, x) : ownValue(curve, x);
      setText(outputs[index], value !== null && Number.isFinite(value) ? valueText(value, now.y) : "");
    });
  }

  function leave() {
    cursor.hidden = true;
    element.classList.remove("is-pointing");
    setText(moment, "");
    for (const output of outputs) setText(output, "");
  }

  frame.addEventListener("pointermove", (event) => {
    const { left, top } = frame.getBoundingClientRect();
    point(event.clientX - left, event.clientY - top);
  });
  frame.addEventListener("pointerleave", leave);
  image.addEventListener("dblclick", () => {
    ranged = "";
    if (plane) show(plane);
  });

  const observer = new ResizeObserver(resize);
  observer.observe(image);

  function resize() {
    metrics = metricsOf(image, false);
    element.classList.toggle("is-named", isRoomy() || plane?.curves.length === 1);
    build();
    layOut();
    redraw();
  }

  /** @param {Plane | null} next */
  function show(next) {
    plane = next;
    if (dragged?.isOver) dragged = null;
    waiting.hidden = next !== null;
    image.classList.toggle("is-empty", next === null);
    rebuildHandles();
    rebuildLegend();
    element.classList.toggle("is-named", isRoomy() || next?.curves.length === 1);
    setText(title, next?.title ?? "");
    if (next === null) return;
    element.setAttribute("aria-label", next.title);
    if (image.getAttribute("aria-label") !== next.text) image.setAttribute("aria-label", next.text);
    const key = JSON.stringify([next.view, next.x.scale, next.y.scale]);
    const before = key === ranged ? ranges : { x: null, y: null };
    ranged = key;
    ranges = { x: heldRange(before.x, next.x.range, next.x.scale), y: heldRange(before.y, next.y.range, next.y.scale) };
    build();
    redraw();
  }

  return {
    element,
    show,
    /** @param {boolean} isStale */
    setStale(isStale) {
      element.classList.toggle("is-stale", isStale);
      stale.hidden = !isStale;
    },
    /** Lets the axes fit the next plane anew. */
    forgetRanges() {
      ranged = "";
    },
    recolour() {
      palette = paletteOf(image);
      resize();
    },
    resize,
    destroy() {
      observer.disconnect();
      clearTimeout(settling);
      chart?.destroy();
      chart = null;
    },
  };
}

/** The curve's value at one of its own points. @param {Curve} curve @param {number} x */
function ownValue({ x: xs, y: ys }, x) {
  const found = nearestIndex(xs, x, 1e-9 * Math.abs(x));
  return found === null ? null : ys[found];
}
