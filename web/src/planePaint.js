/**
 * Strokes on the canvas of a plane: its curves with their labels, reference lines and points.
 *
 * @typedef {import("./axis.js").Box} Box
 * @typedef {import("./paint.js").Brush} Brush
 * @typedef {import("./styles.js").Style} Style
 * @typedef {import("./types.js").Curve} Curve
 * @typedef {import("./types.js").Mark} Mark
 * @typedef {import("./types.js").PlanePoint} PlanePoint
 */
import { besidePoint, leastHiding, spread } from "./axis.js";
import { drawMarker, drawRich, sheetOf, take, widthOf, within } from "./paint.js";

const LEADER = 10;
const RING = 7;
/** The outer ring of a point that can be dragged, in radii of the inner one. */
const GRIP = 1.75;

/** Where a value lies on the canvas; null where it is no number or beyond a logarithm. @param {(value: number) => number} to @param {number | null} value */
function placeOf(to, value) {
  const place = value === null ? NaN : to(value);
  return Number.isFinite(place) ? place : null;
}

/** @param {Brush} brush @param {Curve} curve @param {Style} style */
export function drawCurve(brush, curve, style) {
  const { u, palette, line } = brush;
  within(u, (sheet) => {
    const { ctx, toX, toY, pixel } = sheet;
    const { x, y, hollow } = curve;
    if (!style.isBare) {
      take(sheet, { colour: palette[style.colour], dash: style.dash, width: line });
      ctx.beginPath();
      let isOpen = false;
      for (let k = 0; k < x.length; k++) {
        const right = placeOf(toX, x[k]);
        const down = placeOf(toY, y[k]);
        if (right === null || down === null) isOpen = false;
        else if (isOpen) ctx.lineTo(right, down);
        else ctx.moveTo(right, down);
        isOpen = right !== null && down !== null;
      }
      ctx.stroke();
    }
    if (!style.marker) return;
    const size = (style.size ?? 1) * Math.max(2.5, Math.min(1.9 * line, 0.3 * spacing(x, toX, pixel)));
    for (let k = 0; k < x.length; k++) {
      const right = placeOf(toX, x[k]);
      const down = placeOf(toY, y[k]);
      if (right === null || down === null) continue;
      drawMarker(sheet, right, down, size * pixel, { ...style, isHollow: style.isHollow || hollow?.[k] }, palette, 0.7 * line * pixel);
    }
  });
}

/** The usual distance of neighbouring points, CSS px. @param {ArrayLike<number>} x @param {(value: number) => number} toX @param {number} pixel */
function spacing(x, toX, pixel) {
  return x.length < 2 ? Infinity : Math.abs(toX(x[x.length - 1]) - toX(x[0])) / (x.length - 1) / pixel;
}

/** @param {Curve} curve */
export function labelOf({ label, note }) {
  return note ? `${label}  ${note}` : label;
}

/** The room the labels need right of the plotting area, CSS px. @param {CanvasRenderingContext2D} ctx @param {Curve[]} curves @param {number} font */
export function labelRoom(ctx, curves, font) {
  const widths = curves.map((curve) => widthOf(ctx, labelOf(curve), font));
  return Math.ceil(Math.max(0, ...widths)) + LEADER + font;
}

/**
 * The names of the curves right of the plotting area at the height of their right ends, moved apart where they would
 * overlap and then joined to their curve by a thin line.
 *
 * @param {Brush} brush @param {Curve[]} curves @param {(curve: Curve) => Style} styleOf
 */
export function labelCurves({ u, palette, font, line }, curves, styleOf) {
  const { ctx, toX, toY, pixel } = sheetOf(u);
  const { left, top, width, height } = u.bbox;
  const size = font * pixel;
  const right = left + width;
  const ends = curves.flatMap((curve) => {
    let end = { curve, x: -Infinity, y: 0 };
    for (let k = 0; k < curve.x.length; k++) {
      const x = placeOf(toX, curve.x[k]);
      const y = placeOf(toY, curve.y[k]);
      const isSeen = x !== null && y !== null && x <= right + 1 && y >= top - 1 && y <= top + height + 1;
      if (isSeen && x > end.x) end = { curve, x, y };
    }
    return end.x >= left ? [end] : [];
  });
  const places = spread(ends.map((end) => end.y), 1.3 * size, top - 0.5 * size, top + height + 0.5 * size);
  ends.forEach(({ curve, x, y }, index) => {
    const place = places[index];
    const ink = palette[styleOf(curve).colour];
    ctx.save();
    take({ ctx, toX, toY, pixel }, { colour: ink, dash: [], width: 0.4 * line });
    ctx.globalAlpha = 0.7;
    ctx.beginPath();
    if (x < right - 2 * pixel) ctx.moveTo(x, y);
    else ctx.moveTo(right, y);
    ctx.lineTo(right, x < right - 2 * pixel ? place : y);
    ctx.lineTo(right + LEADER * pixel, place);
    ctx.stroke();
    ctx.restore();
    drawRich(ctx, labelOf(curve), { x: right + (LEADER + 4) * pixel, y: place + 0.35 * size, align: 0 }, size, palette.ink);
  });
}

/** @type {Record<string, number[]>} */
const DASHES = { threshold: [8, 5], reference: [2, 4] };

/** @param {Brush} brush @param {Mark[]} marks */
export function drawReferences({ u, palette, line }, marks) {
  within(u, (sheet) => {
    const { ctx, toX, toY } = sheet;
    const { left, top, width, height } = u.bbox;
    for (const { axis, value, role } of marks) {
      const place = placeOf(axis === "x" ? toX : toY, value);
      if (place === null) continue;
      take(sheet, { colour: palette[role === "threshold" ? "threshold" : "muted"], dash: DASHES[role] ?? DASHES.reference, width: 0.75 * line });
      ctx.beginPath();
      ctx.moveTo(axis === "x" ? place : left, axis === "x" ? top : place);
      ctx.lineTo(axis === "x" ? place : left + width, axis === "x" ? top + height : place);
      ctx.stroke();
    }
  });
}

/**
 * The names of the reference lines: a vertical one's at its top, a horizontal one's above its left end, or wherever
 * along the line least is hidden by it.
 *
 * @param {Brush} brush @param {Mark[]} marks @param {PlanePoint[]} points
 * @returns {(Box & {weight: number})[]} where they stand, and the points' rings, in canvas pixels
 */
export function labelReferences({ u, palette, font, line }, marks, points) {
  const { ctx, toX, toY, pixel } = sheetOf(u);
  const { left, top, width, height } = u.bbox;
  const size = font * pixel;
  const gap = 5 * pixel;
  const tall = 1.3 * size;
  const taken = points.map((point) => {
    const reach = (isDraggable(point) ? GRIP : 1) * ringOf(line) * pixel;
    return { x: toX(point.x) - reach, y: toY(point.y) - reach, width: 2 * reach, height: 2 * reach, weight: 3 };
  });
  for (const { axis, value, label } of marks) {
    const place = placeOf(axis === "x" ? toX : toY, value);
    const isSeen = place !== null && (axis === "x" ? place >= left && place <= left + width : place >= top && place <= top + height);
    if (place === null || !isSeen) continue;
    const wide = widthOf(ctx, label, size);
    const rows = [top + 0.2 * size, top + 0.2 * size + tall, top + 0.2 * size + 2 * tall, top + height - tall];
    const boxes =
      axis === "x"
        ? rows.flatMap((y) => [place + gap, place - gap - wide].map((x) => ({ x, y })))
        : [left + gap, left + width - gap - wide].flatMap((x) => [place - 1.35 * size, place + 0.2 * size].map((y) => ({ x, y })));
    const { x, y } = leastHiding(boxes, { width: wide, height: tall }, { x: left, y: top, width, height }, taken);
    taken.push({ x, y, width: wide, height: tall, weight: 4 });
    drawRich(ctx, label, { x, y: y + size, align: 0 }, size, palette.ink, palette.surface);
  }
  return taken;
}

/** Radius of a point's ring, CSS px. @param {number} line */
export function ringOf(line) {
  return RING + line / 2;
}

/** @param {PlanePoint} point */
function isDraggable({ targets }) {
  return targets.x !== null || targets.y !== null;
}

/**
 * Where experiments stand: a ring that is full when the neuron fires and hollow when it is silent, with its name beside
 * it; around one that can be dragged a second, thin ring.
 *
 * @param {Brush} brush @param {PlanePoint[]} points @param {(Box & {weight: number})[]} taken  by rings and other labels
 * @param {Curve[]} curves
 */
export function drawPoints(brush, points, taken, curves) {
  const { u, palette, font, line } = brush;
  const sheet = sheetOf(u);
  const { ctx, toX, toY, pixel } = sheet;
  const { left, top, width, height } = u.bbox;
  const bounds = { x: left, y: top, width, height };
  const size = font * pixel;
  const radius = ringOf(line) * pixel;
  const places = points.flatMap((point) => {
    const x = placeOf(toX, point.x);
    const y = placeOf(toY, point.y);
    const isSeen = x !== null && y !== null && x >= left - 1 && x <= left + width + 1 && y >= top - 1 && y <= top + height + 1;
    return isSeen ? [{ point, x, y }] : [];
  });
  // A name had better not lie on a line either.
  const lines = curves.flatMap(({ x, y }) => Array.from(x, (value, k) => ({ x: toX(value) - 2 * pixel, y: toY(y[k]) - 2 * pixel, width: 4 * pixel, height: 4 * pixel, weight: 0.3 })));
  /** @type {(Box & {weight?: number})[]} */
  const boxes = [...taken, ...lines];
  // uPlot remembers the strokes it has set and would take ours for its own.
  ctx.save();
  for (const { point, x, y } of places) {
    if (isDraggable(point)) {
      ctx.beginPath();
      ctx.arc(x, y, GRIP * radius, 0, 2 * Math.PI);
      ctx.fillStyle = ctx.strokeStyle = palette.spike;
      ctx.globalAlpha = 0.14;
      ctx.fill();
      ctx.globalAlpha = 0.6;
      ctx.lineWidth = pixel;
      ctx.stroke();
      ctx.globalAlpha = 1;
    }
    drawMarker(sheet, x, y, radius, { colour: "spike", dash: [], marker: "circle", isHollow: point.fires !== true }, palette, 1.2 * line * pixel);
    if (point.fires === null) drawMarker(sheet, x, y, 0.3 * radius, { colour: "spike", dash: [], marker: "circle" }, palette, pixel);
    if (!point.label) continue;
    const reach = (isDraggable(point) ? GRIP : 1) * radius + 5 * pixel;
    const box = besidePoint({ x, y }, reach, { width: widthOf(ctx, point.label, size), height: 1.3 * size }, bounds, boxes);
    boxes.push({ ...box, weight: 4 });
    const nearX = Math.max(box.x, Math.min(box.x + box.width, x));
    const nearY = Math.max(box.y, Math.min(box.y + box.height, y));
    const away = Math.hypot(nearX - x, nearY - y);
    if (away > 1.4 * reach) {
      // Far from its point a name needs a line to it.
      take(sheet, { colour: palette.muted, dash: [], width: 0.5 * line });
      ctx.beginPath();
      ctx.moveTo(x + ((nearX - x) * radius) / away, y + ((nearY - y) * radius) / away);
      ctx.lineTo(nearX, nearY);
      ctx.stroke();
    }
    drawRich(ctx, point.label, { x: box.x, y: box.y + size, align: 0 }, size, palette.ink, palette.surface);
  }
  ctx.restore();
}
