/**
 * Strokes on a panel's canvas. Everything is clipped to the plotting area, two pixels wider so that a line which lies
 * on the edge is not cut in half.
 *
 * @typedef {import("./styles.js").Marker} Marker
 * @typedef {import("./types.js").Line} Line
 *
 * @typedef {object} Brush  how to draw on one panel
 * @property {uPlot} u
 * @property {Record<string, string>} palette  colours by token
 * @property {number} font  CSS px
 * @property {number} line  width of a principal line, CSS px
 *
 * @typedef {{colour: string, dash: number[], width: number}} Stroke  dash for a line of 2 px, width in CSS px
 *
 * @typedef {object} Sheet  the plotting area during one painting, in the canvas's pixels
 * @property {CanvasRenderingContext2D} ctx
 * @property {(value: number) => number} toX
 * @property {(value: number) => number} toY
 * @property {number} pixel  canvas pixels per CSS px
 */
import { richParts } from "./format.js";
import { outlineOf } from "./styles.js";

const OVERHANG = 2;
/** In letters' heights. */
const LOW = 10;
const LOGARITHMIC = 3;

/** @param {uPlot.Scale} scale @param {number} from @param {number} to  canvas pixels of its ends */
function mapping(scale, from, to) {
  const { min, max, distr } = /** @type {{min: number, max: number, distr: number}} */ (scale);
  if (distr === LOGARITHMIC) {
    const start = Math.log(min);
    const per = (to - from) / (Math.log(max) - start);
    return (/** @type {number} */ value) => from + (Math.log(value) - start) * per;
  }
  const per = (to - from) / (max - min);
  return (/** @type {number} */ value) => from + (value - min) * per;
}

/** The mapping from values to the canvas. @param {uPlot} u @returns {Sheet} */
export function sheetOf(u) {
  const { left, top, width, height } = u.bbox;
  return {
    ctx: u.ctx,
    toX: mapping(u.scales.x, left, left + width),
    toY: mapping(u.scales.y, top + height, top),
    pixel: devicePixelRatio,
  };
}

/** @param {uPlot} u @param {(sheet: Sheet) => void} paint */
export function within(u, paint) {
  const { ctx, bbox } = u;
  const over = OVERHANG * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - over, bbox.width, bbox.height + 2 * over);
  ctx.clip();
  paint(sheetOf(u));
  ctx.restore();
}

/** @param {Sheet} sheet @param {Stroke} stroke */
export function take({ ctx, pixel }, { colour, dash, width }) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width * pixel;
  ctx.lineJoin = "round";
  ctx.lineCap = "butt";
  ctx.setLineDash(dash.map((length) => (length * pixel * Math.max(1.5, width)) / 2));
}

/** @param {Brush} brush @param {ArrayLike<number>} times @param {ArrayLike<number>} values @param {Stroke} stroke */
export function drawTrace({ u }, times, values, stroke) {
  within(u, (sheet) => {
    take(sheet, stroke);
    strokeLine(sheet, thinned(sheet, times, values, u.bbox.width));
  });
}

/**
 * The line's points on the canvas, x and y in turn. Where many fall in one column of pixels their first, lowest, highest
 * and last make the same picture.
 *
 * @param {Sheet} sheet @param {ArrayLike<number>} times @param {ArrayLike<number>} values @param {number} columns
 */
export function thinned({ toX, toY }, times, values, columns) {
  const count = times.length;
  const points = new Float64Array(Math.min(2 * count, 8 * (columns + count)));
  if (count < 4 * columns) {
    for (let k = 0; k < count; k++) {
      points[2 * k] = toX(times[k]);
      points[2 * k + 1] = toY(values[k]);
    }
    return points;
  }
  let size = 0;
  const add = (/** @type {number} */ x, /** @type {number} */ value) => {
    points[size++] = x;
    points[size++] = toY(value);
  };
  for (let k = 0; k < count; ) {
    const first = k;
    const x = toX(times[k]);
    const edge = Math.floor(x) + 1;
    let low = values[k];
    let high = low;
    for (k++; k < count && toX(times[k]) < edge; k++) {
      if (values[k] < low) low = values[k];
      if (values[k] > high) high = values[k];
    }
    add(x, values[first]);
    if (k - first > 2) {
      add(x, low);
      add(x, high);
    }
    if (k - first > 1) add(x, values[k - 1]);
  }
  return points.subarray(0, size);
}

/** Segments that are stroked at once, at the least. */
const CHUNK = 16;

/**
 * Strokes a line from spike to spike. As one path that goes up and down hundreds of times it takes a browser without a
 * graphics card ten times as long, and the picture is the same: pieces meet in the corner at a peak, which a round cap
 * fills as a round join does, or go on with the dashes where the last one ended.
 *
 * @param {Sheet} sheet @param {Float64Array} points  x and y in turn
 */
function strokeLine({ ctx }, points) {
  const period = ctx.getLineDash().reduce((sum, length) => sum + length, 0);
  const last = points.length / 2 - 1;
  let travelled = 0;
  ctx.lineCap = period > 0 ? "butt" : "round";
  for (let from = 0; from < last; ) {
    let to = Math.min(last, from + CHUNK);
    while (to < last && !isCorner(points, to)) to++;
    if (period > 0) ctx.lineDashOffset = travelled % period;
    ctx.beginPath();
    for (let k = from; k <= to; k++) ctx.lineTo(points[2 * k], points[2 * k + 1]);
    ctx.stroke();
    if (period > 0) {
      for (let k = from; k < to; k++) travelled += Math.hypot(points[2 * k + 2] - points[2 * k], points[2 * k + 3] - points[2 * k + 1]);
    }
    from = to;
  }
  ctx.lineDashOffset = 0;
}

/** Whether the line turns upright, as at a spike. @param {Float64Array} points @param {number} k */
function isCorner(points, k) {
  const isUpright = points[2 * k + 2] - points[2 * k] < 0.5;
  return isUpright && (points[2 * k + 1] - points[2 * k - 1]) * (points[2 * k + 3] - points[2 * k + 1]) <= 0;
}

/**
 * A range of V that is filled from edge to edge because there are too many spikes to draw: hatched, so that it is no
 * curve.
 *
 * @param {Brush} brush @param {number} low @param {number} high  in values of the y axis @param {string} colour
 */
export function drawBand({ u }, low, high, colour) {
  within(u, (sheet) => {
    const { ctx, toY, pixel } = sheet;
    const { left, width } = u.bbox;
    const top = toY(high);
    const height = toY(low) - top;
    ctx.globalAlpha = 0.16;
    ctx.fillStyle = colour;
    ctx.fillRect(left, top, width, height);
    ctx.globalAlpha = 0.55;
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    take(sheet, { colour, dash: [], width: 1 });
    ctx.beginPath();
    for (let x = left - height; x < left + width; x += 7 * pixel) {
      ctx.moveTo(x, top + height);
      ctx.lineTo(x + height, top);
    }
    ctx.stroke();
  });
}

/**
 * A row of ticks between two heights. Ticks that touch are one block.
 *
 * @param {Brush} brush @param {ArrayLike<number>} times @param {number} low @param {number} high @param {string} colour
 */
export function drawTicks({ u, line }, times, low, high, colour) {
  within(u, ({ ctx, toX, toY, pixel }) => {
    const top = toY(high) + pixel;
    const height = toY(low) - pixel - top;
    const width = 0.75 * line * pixel;
    ctx.fillStyle = colour;
    let start = NaN;
    let end = NaN;
    for (let k = 0; k < times.length; k++) {
      const x = toX(times[k]) - width / 2;
      if (!(x <= end)) {
        if (k > 0) ctx.fillRect(start, top, end - start, height);
        start = x;
      }
      end = x + width;
    }
    if (times.length > 0) ctx.fillRect(start, top, end - start, height);
  });
}

/**
 * Arrows up from the lower edge or down from the upper one, the longest over half of the height.
 *
 * @param {Brush} brush @param {ArrayLike<number>} times @param {ArrayLike<number>} sizes @param {string} colour
 */
export function drawArrows({ u, line }, times, sizes, colour) {
  const largest = Math.max(...Array.from(sizes, Math.abs));
  within(u, (sheet) => {
    const { ctx, toX, pixel } = sheet;
    const { top, height } = u.bbox;
    const head = 1.5 * line * pixel;
    take(sheet, { colour, dash: [], width: 0.6 * line });
    ctx.beginPath();
    for (let k = 0; k < times.length; k++) {
      const x = toX(times[k]);
      const up = sizes[k] > 0 ? -1 : 1;
      const foot = up < 0 ? top + height : top;
      const tip = foot + up * Math.max(2 * head, (0.5 * height * Math.abs(sizes[k])) / largest);
      ctx.moveTo(x, foot);
      ctx.lineTo(x, tip);
      ctx.moveTo(x - head, tip - 1.5 * up * head);
      ctx.lineTo(x, tip);
      ctx.lineTo(x + head, tip - 1.5 * up * head);
    }
    ctx.stroke();
  });
}

/**
 * Markers at one height, no closer than they are wide: where there are more they would be a smear.
 *
 * @param {Brush} brush @param {ArrayLike<number>} times @param {number} value @param {import("./styles.js").Style} style
 * @param {number} size  half their width, CSS px
 */
export function drawMarks({ u, palette, line }, times, value, style, size) {
  within(u, (sheet) => {
    const { toX, toY, pixel } = sheet;
    const y = toY(value);
    const { left, width } = u.bbox;
    let last = -Infinity;
    for (let k = 0; k < times.length; k++) {
      // One at the very edge would be cut in half.
      const x = Math.min(left + width - size * pixel, Math.max(left + size * pixel, toX(times[k])));
      if (x - last < 1.6 * size * pixel) continue;
      last = x;
      drawMarker(sheet, x, y, size * pixel, style, palette, 0.75 * line * pixel);
    }
  });
}

/**
 * One marker, with a rim in the colour of the ground that sets it off from what is beneath.
 *
 * @param {{ctx: CanvasRenderingContext2D}} sheet @param {number} x @param {number} y @param {number} size  half its width
 * @param {import("./styles.js").Style} style @param {Record<string, string>} palette @param {number} width  of its line
 */
export function drawMarker({ ctx }, x, y, size, { colour, marker = "circle", isHollow = false }, palette, width) {
  const ink = palette[colour];
  ctx.setLineDash([]);
  ctx.lineJoin = "miter";
  ctx.beginPath();
  if (marker === "cross") {
    ctx.moveTo(x - size, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.moveTo(x + size, y - size);
    ctx.lineTo(x - size, y + size);
  } else {
    const outline = outlineOf(marker);
    if (outline) outline.forEach(([right, down]) => ctx.lineTo(x + size * right, y + size * down));
    else ctx.arc(x, y, size, 0, 2 * Math.PI);
    ctx.closePath();
  }
  ctx.strokeStyle = palette.surface;
  ctx.lineWidth = 3 * width;
  ctx.stroke();
  ctx.strokeStyle = ink;
  ctx.lineWidth = width;
  if (marker !== "cross") {
    ctx.fillStyle = isHollow ? palette.surface : ink;
    ctx.fill();
  }
  ctx.stroke();
}

/**
 * Errors against time: stems with dots while they are few, else filled from zero to the largest per pixel.
 *
 * @param {Brush} brush @param {ArrayLike<number>} times @param {ArrayLike<number>} errors
 * @param {import("./styles.js").Style} style @param {boolean} isJoined  by a line instead of standing on stems
 */
export function drawErrors({ u, palette, line }, times, errors, style, isJoined) {
  const ink = palette[style.colour];
  within(u, (sheet) => {
    const { toX, toY, pixel } = sheet;
    const few = times.length * 4 * line * pixel < u.bbox.width;
    if (isJoined) {
      take(sheet, { colour: ink, dash: few ? style.dash : [], width: (few ? 0.75 : 0.5) * line });
      strokeLine(sheet, thinned(sheet, times, errors, u.bbox.width));
    } else fillErrors(sheet, times, errors, ink, few ? 0.6 * line * pixel : 1);
    if (!few) return;
    for (let k = 0; k < times.length; k++) {
      drawMarker(sheet, toX(times[k]), toY(errors[k]), 1.4 * line * pixel, style, palette, 0.4 * line * pixel);
    }
  });
}

/**
 * A bar per error, or per pixel where several share one.
 *
 * @param {Sheet} sheet @param {ArrayLike<number>} times @param {ArrayLike<number>} errors @param {string} ink @param {number} width
 */
function fillErrors({ ctx, toX, toY }, times, errors, ink, width) {
  const zero = toY(0);
  ctx.fillStyle = ink;
  for (let k = 0; k < times.length; ) {
    const x = toX(times[k]);
    const column = Math.floor(x);
    let top = zero;
    let bottom = zero;
    for (; k < times.length && Math.floor(toX(times[k])) === column; k++) {
      const y = toY(errors[k]);
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
    ctx.fillRect(width > 1 ? x - width / 2 : column, top, width, bottom - top);
  }
}

/** A horizontal line across the panel. @param {Brush} brush @param {number} value @param {Stroke} stroke */
export function drawLevel({ u }, value, stroke) {
  within(u, (sheet) => {
    const { ctx, toY } = sheet;
    take(sheet, stroke);
    ctx.beginPath();
    ctx.moveTo(u.bbox.left, toY(value));
    ctx.lineTo(u.bbox.left + u.bbox.width, toY(value));
    ctx.stroke();
  });
}

/** @type {Record<string, number[]>} */
export const DASHES = { threshold: [10, 6], rest: [2, 5], reset: [2, 5] };

/**
 * Threshold dashed, rest and reset dotted; over the traces, of which a dense one would hide them.
 *
 * @param {Brush} brush @param {Line[]} lines @param {string} [colour]  for all of them
 */
export function drawLevels(brush, lines, colour) {
  const { palette, line: width } = brush;
  for (const { role, value } of lines) {
    const own = role === "threshold" ? palette.threshold : palette.muted;
    drawLevel(brush, value, { colour: colour ?? own, dash: DASHES[role] ?? [], width: 0.75 * width });
  }
}

/**
 * The names of the levels, over the traces, right-aligned: that of the threshold above its line, where no trace is, the
 * others below theirs if there is room. Levels closer than a line of text share one label.
 *
 * @param {Brush} brush @param {{role: string, label: string, value: number}[]} lines
 */
export function labelLevels({ u, palette, font }, lines) {
  within(u, ({ ctx, toY, pixel }) => {
    const size = font * pixel;
    const { left, top, width, height } = u.bbox;
    // In a low panel the symbols must do: whole names would cover the traces.
    const isLow = height < LOW * size;
    const groups = grouped(lines, (line) => toY(line.value), size * 1.3).map((group) => ({
      top: Math.min(...group.map(({ value }) => toY(value))),
      bottom: Math.max(...group.map(({ value }) => toY(value))),
      isThreshold: group.some((line) => line.role === "threshold"),
      text: [...new Set(group.map(({ label }) => (isLow ? label.replace(/^\w+ /, "") : label)))].join(", "),
    }));
    /** @type {number[]} baselines that are taken */
    const taken = [];
    // From the bottom, where there is least choice.
    for (const { top: first, bottom: last, isThreshold, text } of groups.sort((a, b) => b.bottom - a.bottom)) {
      const above = first - 0.5 * size;
      const below = last + 1.15 * size;
      const isFree = (/** @type {number} */ baseline) =>
        baseline - size > top && baseline + 0.3 * size < top + height && taken.every((other) => Math.abs(other - baseline) > 1.2 * size);
      const baseline = (isThreshold ? [above, below] : [below, above]).find(isFree) ?? (first + last) / 2 + 0.35 * size;
      taken.push(baseline);
      drawRich(ctx, text, { x: left + width - 6 * pixel, y: baseline, align: 1 }, size, palette.ink, palette.surface);
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

/** How much a text hides of what is beneath it. */
const SCREEN = 0.85;

const FAMILY = "system-ui, sans-serif";

/** @param {number} size */
function fontsOf(size) {
  return { plain: `${size}px ${FAMILY}`, symbol: `italic ${size}px ${FAMILY}`, sub: `${0.75 * size}px ${FAMILY}` };
}

/** Text in parts with their widths. @param {CanvasRenderingContext2D} ctx @param {string} text @param {number} size */
function measured(ctx, text, size) {
  const fonts = fontsOf(size);
  return richParts(text).map((part) => {
    ctx.font = fonts[part.kind];
    return { ...part, font: fonts[part.kind], width: ctx.measureText(part.text).width };
  });
}

/** @param {CanvasRenderingContext2D} ctx @param {string} text @param {number} size */
export function widthOf(ctx, text, size) {
  ctx.save();
  const width = measured(ctx, text, size).reduce((sum, part) => sum + part.width, 0);
  ctx.restore();
  return width;
}

/**
 * Text with symbols in italics and subscripts low, on a ground that keeps it legible over curves.
 *
 * @param {CanvasRenderingContext2D} ctx @param {string} text
 * @param {{x: number, y: number, align: 0 | 0.5 | 1}} place  of the baseline; the share of the text left of x
 * @param {number} size @param {string} ink @param {string} [ground]  where there is nothing beneath it is left out
 */
export function drawRich(ctx, text, place, size, ink, ground) {
  ctx.save();
  const parts = measured(ctx, text, size);
  const width = parts.reduce((sum, part) => sum + part.width, 0);
  let x = place.x - place.align * width;
  if (ground !== undefined) {
    ctx.globalAlpha = SCREEN;
    ctx.fillStyle = ground;
    ctx.fillRect(x - 0.25 * size, place.y - 0.9 * size, width + 0.5 * size, 1.2 * size);
    ctx.globalAlpha = 1;
  }
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.fillStyle = ink;
  for (const part of parts) {
    ctx.font = part.font;
    ctx.fillText(part.text, x, place.y + (part.kind === "sub" ? 0.25 * size : 0));
    x += part.width;
  }
  ctx.restore();
}
