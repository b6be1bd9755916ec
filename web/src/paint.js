/**
 * Strokes on a panel's canvas. Everything is clipped to the plotting area, two pixels wider so that a line which lies
 * on the edge is not cut in half.
 *
 * @typedef {{colour: string, dash: number[]}} Stroke
 */
import { richParts } from "./format.js";

const OVERHANG = 2;

/**
 * @param {uPlot} u
 * @param {(ctx: CanvasRenderingContext2D, toX: (value: number) => number, toY: (value: number) => number, pixel: number) => void} paint
 */
function within(u, paint) {
  const { ctx, bbox } = u;
  const pixel = devicePixelRatio;
  const x = /** @type {{min: number, max: number}} */ (u.scales.x);
  const y = /** @type {{min: number, max: number}} */ (u.scales.y);
  const perX = bbox.width / (x.max - x.min);
  const perY = bbox.height / (y.max - y.min);
  const bottom = bbox.top + bbox.height;
  const over = OVERHANG * pixel;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - over, bbox.width, bbox.height + 2 * over);
  ctx.clip();
  paint(ctx, (value) => bbox.left + (value - x.min) * perX, (value) => bottom - (value - y.min) * perY, pixel);
  ctx.restore();
}

/**
 * @param {uPlot} u @param {number[]} times @param {number[]} values @param {Stroke} stroke
 * @param {boolean} thin  finer, for several traces in one panel
 */
export function drawTrace(u, times, values, stroke, thin) {
  within(u, (ctx, toX, toY, pixel) => {
    ctx.strokeStyle = stroke.colour;
    ctx.lineWidth = (thin ? 1.5 : 2) * pixel;
    ctx.lineJoin = "round";
    ctx.setLineDash(stroke.dash.map((length) => length * pixel));
    ctx.beginPath();
    for (let k = 0; k < times.length; k++) ctx.lineTo(toX(times[k]), toY(values[k]));
    ctx.stroke();
  });
}

/** One row of ticks per experiment, the first on top. @param {uPlot} u @param {number[][]} trains @param {(index: number) => Stroke} style */
export function drawRaster(u, trains, style) {
  within(u, (ctx, toX, toY, pixel) => {
    const rows = Math.max(1, trains.length);
    const gap = pixel * (rows > 1 ? 1 : 2);
    trains.forEach((train, index) => {
      ctx.strokeStyle = style(index).colour;
      ctx.lineWidth = 1.5 * pixel;
      ctx.beginPath();
      for (const spike of train) {
        const x = toX(spike);
        ctx.moveTo(x, toY(rows - index) + gap);
        ctx.lineTo(x, toY(rows - index - 1) - gap);
      }
      ctx.stroke();
    });
  });
}

/** @type {Record<string, number[]>} */
const DASHES = { threshold: [8, 5], rest: [2, 4], reset: [2, 4] };

/**
 * Threshold dashed, rest and reset dotted; over the traces, of which a dense one would hide them.
 *
 * @param {uPlot} u @param {import("./types.js").Line[]} lines @param {Record<string, string>} palette
 */
export function drawLevels(u, lines, palette) {
  within(u, (ctx, _toX, toY, pixel) => {
    ctx.lineWidth = 1.5 * pixel;
    for (const line of lines) {
      ctx.strokeStyle = line.role === "threshold" ? palette.threshold : palette.muted;
      ctx.setLineDash((DASHES[line.role] ?? []).map((length) => length * pixel));
      ctx.beginPath();
      ctx.moveTo(u.bbox.left, toY(line.value));
      ctx.lineTo(u.bbox.left + u.bbox.width, toY(line.value));
      ctx.stroke();
    }
  });
}

/**
 * The names of the levels, over the traces, right-aligned. Levels closer than a line of text share one label.
 *
 * @param {uPlot} u @param {import("./types.js").Line[]} lines @param {Record<string, string>} palette
 */
export function labelLevels(u, lines, palette) {
  within(u, (ctx, _toX, toY, pixel) => {
    const size = 12 * pixel;
    const { left, top, width, height } = u.bbox;
    for (const group of grouped(lines, (line) => toY(line.value), size * 1.3)) {
      const y = toY(group[0].value);
      const threshold = group.some((line) => line.role === "threshold");
      const above = y - size * 1.5 > top && (threshold || y + size * 1.5 > top + height);
      const baseline = above ? y - size * 0.6 : y + size * 1.15;
      drawRich(ctx, group.map((line) => line.label).join(", "), left + width - 6 * pixel, baseline, size, palette);
    }
  });
}

/**
 * Lines whose labels would overlap, together.
 *
 * @template Item @param {Item[]} items @param {(item: Item) => number} position @param {number} reach
 */
function grouped(items, position, reach) {
  /** @type {Item[][]} */
  const groups = [];
  for (const item of items) {
    const near = groups.find((group) => Math.abs(position(group[0]) - position(item)) < reach);
    if (near) near.push(item);
    else groups.push([item]);
  }
  return groups;
}

/**
 * Text that ends at `right`, symbols in italics and subscripts low, with a halo that keeps it legible on curves.
 *
 * @param {CanvasRenderingContext2D} ctx @param {string} text @param {number} right @param {number} baseline
 * @param {number} size @param {Record<string, string>} palette
 */
function drawRich(ctx, text, right, baseline, size, palette) {
  const family = "system-ui, sans-serif";
  const fonts = { plain: `${size}px ${family}`, symbol: `italic ${size}px ${family}`, sub: `${0.75 * size}px ${family}` };
  const pieces = richParts(text).map((part) => {
    ctx.font = fonts[part.kind];
    return { ...part, width: ctx.measureText(part.text).width };
  });
  let x = right - pieces.reduce((sum, piece) => sum + piece.width, 0);
  ctx.setLineDash([]);
  ctx.textAlign = "left";
  ctx.lineJoin = "round";
  ctx.lineWidth = size / 3;
  ctx.strokeStyle = palette.surface;
  ctx.fillStyle = palette.ink;
  const place = pieces.map((piece) => {
    const start = x;
    x += piece.width;
    return { ...piece, x: start, y: baseline + (piece.kind === "sub" ? 0.25 * size : 0) };
  });
  for (const piece of place) {
    ctx.font = fonts[piece.kind];
    ctx.strokeText(piece.text, piece.x, piece.y);
  }
  for (const piece of place) {
    ctx.font = fonts[piece.kind];
    ctx.fillText(piece.text, piece.x, piece.y);
  }
}
