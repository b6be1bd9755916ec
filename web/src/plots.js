/**
 * The figure: I(t), V(t), the spikes and, while a method is compared, its spike-time errors over one time axis. uPlot
 * gives the axes, scales and the canvas; the curves are drawn here, because experiments overlaid in one panel come with
 * time bases of their own, with repeated times at jumps.
 */
import uPlot from "uplot";
import { h } from "./dom.js";
import { metricsOf, paletteOf } from "./look.js";
import { DASHES, drawArrows, drawBand, drawErrors, drawLevel, drawLevels, drawMarks, drawRich, drawTicks, drawTrace, labelLevels, sheetOf, take, widthOf } from "./paint.js";
import { CAPTION, optionsOf } from "./panels.js";
import { extremes, steadyRange, symmetricRange } from "./scale.js";
import { AFTER, EXTRA, KICK, MISSED, comparedStyle, heldStyle, styleOf } from "./styles.js";

/**
 * @typedef {import("./panels.js").PanelName} PanelName
 * @typedef {import("./styles.js").Style} Style
 * @typedef {import("./types.js").ErrorResult} ErrorResult
 * @typedef {import("./types.js").Numbers} Numbers
 * @typedef {import("./types.js").Result} Result
 * @typedef {import("./types.js").Span} Span
 *
 * @typedef {object} Shown  what is on show: the setting A, a method compared with it, a second setting B
 * @property {Result[]} results
 * @property {string[]} names  of the experiments, for several
 * @property {ErrorResult[] | null} compared  the method's answers, in the order of the results
 * @property {{results: Result[], names: string[]} | null} held
 *
 * @typedef {object} Row  one line of the raster
 * @property {"exact" | "method" | "held"} kind
 * @property {number} index  of the experiment
 * @property {Numbers} spikes
 * @property {Style} style
 * @property {string} name
 * @property {boolean} isCrowded
 */

const SHARES = { I: 1, V: 3, spikes: 0.4, error: 0.6 };
/** The raster of many rows takes no more than this of the height. */
const RASTER_PART = 0.3;
/** The width of overlaid traces, as a share of a single one's. */
const THIN = 0.75;
/** Pixels between spikes above which traces have their full width. */
const AIRY = 16;
/** The share of it below which they have half: a pixel, which is drawn many times faster than little more. */
const DENSE = 0.65;
/** Pixels between spikes below which there is no room for dashes. */
const CLOSE = 12;
/** The least height of the current's plotting area, in letters' heights. */
const LEAST = 1.8;
/** From top to bottom; told of each until there is more to tell. @type {Record<PanelName, string>} */
const NAMES = { I: "current I", V: "membrane potential V", spikes: "spikes", error: "spike-time error" };
const PANELS = /** @type {PanelName[]} */ (Object.keys(NAMES));

/** The raster from top to bottom: each experiment with the compared method's answer beneath it, then B. @param {Shown} shown @returns {Row[]} */
export function rowsOf({ results, names, compared, held }) {
  /** @type {Row[]} */
  const rows = [];
  results.forEach((result, index) => {
    const style = styleOf("spikes", index, results.length);
    rows.push({ kind: "exact", index, spikes: result.spikes, style, name: names[index] || "exact", isCrowded: isFull(result) });
    const method = compared?.[index];
    if (method) rows.push({ kind: "method", index, spikes: method.spikes, style: comparedStyle(index), name: shortLabel(method), isCrowded: isFull(method) });
  });
  held?.results.forEach((result, index) => {
    rows.push({ kind: "held", index, spikes: result.spikes, style: heldStyle(index), name: "B", isCrowded: isFull(result) });
  });
  return rows;
}

/** @param {Result | ErrorResult} result */
function isFull(result) {
  return result.crowded !== null && result.spikes.length === 0;
}

/** "Euler, dt 0.5 ms, on the grid" is "Euler". @param {ErrorResult} method */
export function shortLabel(method) {
  return method.label.split(",")[0];
}

/**
 * @param {HTMLElement} host  sized by the style sheet; the panels fill it
 */
export function createPlots(host) {
  /** @type {Shown} */
  let shown = { results: [], names: [], compared: null, held: null };
  /** @type {Row[]} */
  let rows = [];
  /** @type {Span} */
  let x = [0, 1];
  /** @type {Record<"I" | "V" | "error", Span | null>} */
  let ranges = { I: null, V: null, error: null };
  /** @type {Record<string, string>} */
  let palette = {};
  let metrics = metricsOf(host, true);
  let built = "";
  /** @type {Partial<Record<PanelName, uPlot>>} */
  let panels = {};
  /** What each panel's axes were drawn for last, and what they look like. @type {Partial<Record<PanelName, {u: uPlot, key: string, image: HTMLCanvasElement | null}>>} */
  const grounds = {};
  const images = /** @type {Record<PanelName, HTMLElement>} */ ({});
  for (const name of PANELS) {
    images[name] = h("div", { role: "img", "aria-label": NAMES[name], "data-panel": name, hidden: name === "error" });
    host.append(images[name]);
  }

  /** The host's size, kept: to ask the page for it in the middle of a drag makes it lay itself out anew. */
  let room = { width: 0, height: 0 };
  const measure = () => {
    room = { width: host.clientWidth, height: host.clientHeight };
  };

  const hasErrors = () => shown.compared !== null;
  const lowest = () => (hasErrors() ? "error" : "spikes");

  /** Makes the panels anew where what uPlot takes once for all has changed: the type's size, which panel is the lowest. */
  function build() {
    const key = JSON.stringify([metrics, hasErrors()]);
    if (key === built) return false;
    built = key;
    for (const panel of Object.values(panels)) panel.destroy();
    images.error.hidden = !hasErrors();
    panels = {};
    for (const name of PANELS) {
      if (images[name].hidden) continue;
      const options = optionsOf(name, name === lowest(), metrics, (token) => palette[token]);
      options.hooks = { draw: [(u) => keep(name, u), (u) => draw(name, u)] };
      panels[name] = new uPlot(options, [[0, 1], [0, 1]], images[name]);
    }
    return true;
  }

  /** @param {PanelName} name @param {uPlot} u */
  function draw(name, u) {
    const brush = { u, palette, font: metrics.font, line: metrics.line };
    if (name === "spikes") drawRaster(brush);
    else if (name === "error") drawStrip(brush);
    else drawCurves(brush, name);
    if (metrics.isCompact && name === lowest()) nameTimeAxis(brush);
  }

  /** Beside the labels of the ticks. @param {import("./paint.js").Brush} brush */
  function nameTimeAxis({ u, font }) {
    const { ctx, pixel } = sheetOf(u);
    const { left, top, height } = u.bbox;
    drawRich(ctx, "t (ms)", { x: left - font * pixel, y: top + height + (8 + 0.8 * font) * pixel, align: 1 }, font * pixel, palette.muted);
  }

  /** @param {import("./paint.js").Brush} brush @param {"I" | "V"} name */
  function drawCurves(brush, name) {
    const { results, compared, held } = shown;
    const all = [...results, ...(compared ?? []), ...(held?.results ?? [])];
    const most = results.length > 1 ? THIN : 1;
    /** @param {Result | ErrorResult} result @param {Style} style @param {boolean} isExact */
    const trace = (result, { colour, dash }, isExact = false) => {
      const stroke = { colour: palette[colour], dash, width: most * metrics.line };
      if (name === "I") return "I" in result && drawTrace(brush, result.I_t, result.I, stroke);
      const pixels = brush.u.bbox.width / devicePixelRatio;
      // Dashes of flanks that stand close would only blur; the exact solution stays the strongest.
      const isSolid = isExact && result.spikes.length * CLOSE > pixels;
      drawTrace(brush, result.t, result.V, { ...stroke, width: Math.min(lineShare(result, all, pixels), most) * metrics.line, dash: isSolid ? [] : dash });
    };
    held?.results.forEach((result, index) => trace(result, heldStyle(index)));
    for (const index of densestFirst(results)) {
      const style = styleOf(name, index, results.length);
      const band = name === "V" && results[index].t.length === 0 ? bandOf(results[index]) : null;
      if (band) drawBand(brush, band[0], band[1], palette[style.colour]);
      else trace(results[index], style, true);
    }
    if (name === "I") {
      results.forEach(({ asc_t, asc, kick_t, kick }, index) => {
        const own = results.length > 1 ? styleOf("I", index, results.length).colour : null;
        drawTrace(brush, asc_t, asc, { colour: palette[own ?? AFTER.colour], dash: AFTER.dash, width: most * metrics.line });
        if (kick.length > 0) drawArrows(brush, kick_t, kick, palette[own ?? KICK.colour]);
      });
      return;
    }
    compared?.forEach((method, index) => trace(method, comparedStyle(index)));
    const moving = { colour: palette.threshold, dash: DASHES.threshold, width: 0.75 * metrics.line };
    for (const { theta_t, theta } of results) drawTrace(brush, theta_t, theta, moving);
    const lines = distinctLines(results);
    const others = distinctLines(held?.results ?? []).filter((line) => !lines.some((own) => isSameLevel(own, line)));
    drawLevels(brush, others, palette.second);
    drawLevels(brush, lines);
    labelLevels(brush, [...lines, ...others.map((line) => ({ ...line, label: `${line.label} of B` }))]);
  }

  /** @param {import("./paint.js").Brush} brush */
  function drawRaster(brush) {
    const { compared } = shown;
    const height = brush.u.bbox.height / devicePixelRatio / Math.max(1, rows.length);
    const size = Math.max(2.5, Math.min(0.36 * height, 0.4 * metrics.font));
    rows.forEach((row, place) => {
      const low = rows.length - place - 1;
      const colour = palette[row.style.colour];
      if (row.isCrowded) drawBand(brush, low + 0.15, low + 0.85, colour);
      drawTicks(brush, row.spikes, low, low + 1, colour);
    });
    // Over all ticks, as those of a dense row would hide the marks of the row above.
    rows.forEach((row, place) => {
      const middle = rows.length - place - 0.5;
      const method = compared?.[row.index];
      if (method && row.kind === "exact") drawMarks(brush, method.missed, middle, MISSED, size);
      if (method && row.kind === "method") drawMarks(brush, method.extra, middle, EXTRA, 0.85 * size);
    });
    labelRows(brush, height);
  }

  /** What the rows are, in the gutter: their names, or line samples where several experiments share the panel. @param {import("./paint.js").Brush} brush @param {number} height */
  function labelRows({ u, font, line }, height) {
    const { ctx, toY, pixel } = sheetOf(u);
    const right = u.bbox.left - 6 * pixel;
    const room = right - (shown.results.length > 1 ? metrics.title : 2) * pixel;
    const size = Math.min(font, Math.max(0.75 * font, 1.1 * height)) * pixel;
    rows.forEach((row, place) => {
      const y = toY(rows.length - place - 0.5);
      if (shown.results.length > 1) {
        ctx.save();
        take({ ctx, pixel, toX: toY, toY }, { colour: palette[row.style.colour], dash: row.style.dash, width: 0.75 * line });
        ctx.beginPath();
        ctx.moveTo(right - Math.min(room, 2.4 * font * pixel), y);
        ctx.lineTo(right, y);
        ctx.stroke();
        ctx.restore();
        return;
      }
      const name = rows.length === 1 ? "spikes" : row.name;
      const text = widthOf(ctx, name, size) > room ? "method" : name;
      drawRich(ctx, text, { x: right, y: y + 0.35 * size, align: 1 }, size, palette.muted);
    });
    if (shown.results.length > 1 && u.bbox.height > 3.5 * font * pixel) {
      ctx.save();
      ctx.translate(font * pixel, toY(rows.length / 2));
      ctx.rotate(-Math.PI / 2);
      drawRich(ctx, "spikes", { x: 0, y: 0, align: 0.5 }, font * pixel, palette.muted);
      ctx.restore();
    }
  }

  /** @param {import("./paint.js").Brush} brush */
  function drawStrip(brush) {
    const { u, font, line } = brush;
    const { ctx, pixel } = sheetOf(u);
    const { left, top, height } = u.bbox;
    drawLevel(brush, 0, { colour: palette.muted, dash: [], width: 0.5 * line });
    shown.compared?.forEach((method, index, all) => drawErrors(brush, method.error_t, method.error, comparedStyle(index), all.length > 1));
    const size = font * pixel;
    // At the left end, where errors have not yet added up.
    const place = metrics.isCompact ? { x: left + 6 * pixel, y: top + 0.8 * size } : { x: left, y: top - 0.4 * size };
    drawRich(ctx, "spike-time error (ms)", { ...place, align: 0 }, size, palette.muted, palette.surface);
    if (height < 3 * size || metrics.isCompact) return;
    drawRich(ctx, "late", { x: left + 6 * pixel, y: top + size, align: 0 }, 0.9 * size, palette.muted, palette.surface);
    drawRich(ctx, "early", { x: left + 6 * pixel, y: top + height - 0.4 * size, align: 0 }, 0.9 * size, palette.muted, palette.surface);
  }

  /** @param {PanelName} name @returns {Span} */
  function rangeOf(name) {
    if (name === "spikes") return [0, Math.max(1, rows.length)];
    return ranges[name] ?? (name === "error" ? [-1, 1] : [0, 1]);
  }

  function refit() {
    const { results, compared, held } = shown;
    const all = [...results, ...(held?.results ?? [])];
    const current = extremes([...all.map((result) => result.I), ...results.map((result) => result.asc), [0]]);
    const potential = extremes([...all.map((result) => result.V), ...results.map((result) => result.theta), ...all.map((result) => result.lines.map((line) => line.value))]);
    const methods = extremes((compared ?? []).map((method) => method.V));
    const errors = extremes((compared ?? []).map((method) => method.error));
    if (current) ranges.I = steadyRange(ranges.I, ...current);
    if (potential) ranges.V = steadyRange(ranges.V, ...(methods ? widened(potential, methods) : potential));
    if (errors) ranges.error = symmetricRange(ranges.error, Math.max(-errors[0], errors[1]));
  }

  /** Axes that stay as they are, as in most drags, are drawn once and then copied: their texts cost more than the curves. */
  function redraw() {
    for (const name of /** @type {PanelName[]} */ (Object.keys(panels))) {
      const u = /** @type {uPlot} */ (panels[name]);
      const [low, high] = rangeOf(name);
      const [start, end] = x;
      const key = [start, end, low, high, u.width, u.height, devicePixelRatio, palette.muted, palette.grid].join();
      const before = grounds[name];
      const isSame = before?.u === u && before.key === key;
      if (isSame && before.image) {
        copyTo(u.ctx, before.image);
        draw(name, u);
        continue;
      }
      grounds[name] = { u, key, image: isSame ? document.createElement("canvas") : null };
      u.batch(() => {
        u.setData([x, [low, high]], false);
        u.setScale("x", { min: start, max: end });
        u.setScale("y", { min: low, max: high });
      });
    }
  }

  /** What lies beneath the curves is kept where it was drawn twice. @param {PanelName} name @param {uPlot} u */
  function keep(name, u) {
    const image = grounds[name]?.image;
    if (!image || grounds[name]?.u !== u) return;
    const { width, height } = u.ctx.canvas;
    Object.assign(image, { width, height });
    copyTo(/** @type {CanvasRenderingContext2D} */ (image.getContext("2d")), u.ctx.canvas);
  }

  /** Shares the height of the host among the panels. */
  function layOut() {
    measure();
    if (room.width === 0 || room.height === 0) return;
    const { font, timeAxis, edge, isCompact } = metrics;
    const height = Math.max(160, room.height) - timeAxis;
    const count = Math.max(1, rows.length);
    const heading = hasErrors() ? (isCompact ? edge : CAPTION * font) : 0;
    const unit = (height - heading) / (SHARES.I + SHARES.V + SHARES.spikes + (hasErrors() ? SHARES.error : 0));
    const row = (count > 8 ? (height < 30 * font ? 0.42 : 0.58) : count > 2 ? 0.75 : 1) * font;
    const raster = Math.min(Math.max(unit * SHARES.spikes, count * row + 4), RASTER_PART * height);
    const strip = hasErrors() ? Math.max(unit * SHARES.error, 2.4 * font) + heading + edge : 0;
    const rest = (height - raster - strip) / (SHARES.I + SHARES.V);
    const I = Math.min(Math.max(rest * SHARES.I, LEAST * font + 2 * edge), 0.4 * rest * (SHARES.I + SHARES.V));
    const heights = { I, V: rest * (SHARES.I + SHARES.V) - I, spikes: raster, error: strip };
    for (const name of /** @type {PanelName[]} */ (Object.keys(panels))) {
      panels[name]?.setSize({ width: room.width, height: Math.floor(heights[name] + (name === lowest() ? timeAxis : 0)) });
    }
  }

  /** The plotting area of the stack in the host's own pixels. */
  function area() {
    const { gutter, margin } = metrics;
    if (room.width === 0) measure();
    return { left: gutter, width: Math.max(1, room.width - gutter - margin) };
  }

  return {
    /** Draws new results at once. @param {Shown} next @param {Span} span */
    show(next, span) {
      shown = next;
      x = span;
      const count = rows.length;
      rows = rowsOf(next);
      const isNew = build();
      if (isNew || rows.length !== count) layOut();
      refit();
      redraw();
    },

    /** Moves the time axis under what is drawn, until the exact samples for it arrive. @param {Span} span */
    moveTo(span) {
      x = span;
      redraw();
    },

    /** Lets the y ranges fit the data anew. */
    forgetRanges() {
      ranges = { I: null, V: null, error: null };
    },

    /** Takes the colours of the theme and the sizes of the type from the style sheet. */
    recolour() {
      palette = paletteOf(host);
      metrics = metricsOf(host, true);
      if (build()) layOut();
      redraw();
    },

    resize() {
      metrics = metricsOf(host, true);
      build();
      layOut();
      redraw();
    },

    /** @param {Record<PanelName, string>} texts  the alternative for who cannot see the picture */
    describe(texts) {
      for (const name of PANELS) images[name].setAttribute("aria-label", texts[name]);
    },

    /** Smallest difference in V and in I that the figure can show, for the digits of the cursor's values. */
    resolution() {
      const per = (/** @type {"I" | "V"} */ name) => {
        const [low, high] = rangeOf(name);
        return (high - low) / 1000;
      };
      return { I: per("I"), V: per("V") };
    },

    area,

    /** From the bottom of the stack up to the time axis, CSS px. */
    footing: () => metrics.timeAxis,

    /** The middle of the V panel's plotting area in the host's own pixels. */
    middle() {
      const { left, width } = area();
      return { x: left + width / 2, y: images.V.offsetTop + images.V.offsetHeight / 2 };
    },

    rows: () => rows,

    /** @param {number} y  pixels from the top of the host @returns {number | null} the raster's row there */
    rowAt(y) {
      const { spikes } = panels;
      if (!spikes) return null;
      const { top, height } = spikes.over.style;
      const within = (y - images.spikes.offsetTop - parseFloat(top)) / parseFloat(height);
      return within >= 0 && within < 1 && rows.length > 0 ? Math.floor(within * rows.length) : null;
    },

    destroy() {
      for (const panel of Object.values(panels)) panel.destroy();
      panels = {};
    },
  };
}

/** @param {CanvasRenderingContext2D} ctx @param {HTMLCanvasElement} image */
function copyTo(ctx, image) {
  ctx.clearRect(0, 0, image.width, image.height);
  ctx.drawImage(image, 0, 0);
}

/**
 * The width of a trace as a share of the full one: flanks that stand close are thinner, else they would fill the panel.
 *
 * @param {Result | ErrorResult} result @param {(Result | ErrorResult)[]} all  in the panel @param {number} pixels  across it
 */
export function lineShare(result, all, pixels) {
  if (result.crowded !== null) return 0.5;
  const own = result.spikes.length;
  const others = all.reduce((sum, other) => sum + other.spikes.length, 0) / 4;
  const share = pixels / (AIRY * (own + Math.min(own, others)) || 1);
  return share < DENSE ? 0.5 : Math.min(1, share);
}

/** The order to draw in: a trace with many spikes fills the panel and would hide the others. @param {Result[]} results */
function densestFirst(results) {
  return results.map((_, index) => index).sort((a, b) => results[b].t.length - results[a].t.length);
}

/** A level that several experiments share is drawn once. @param {Result[]} results */
function distinctLines(results) {
  const lines = new Map(results.flatMap((result) => result.lines.map((line) => [`${line.name} ${line.value}`, line])));
  return [...lines.values()];
}

/** @param {import("./types.js").Line} a @param {import("./types.js").Line} b */
function isSameLevel(a, b) {
  return a.role === b.role && a.value === b.value;
}

/** Where V moves when its spikes are too many to draw. @param {Result} result @returns {Span | null} */
function bandOf({ lines, crowded }) {
  const ends = extremes([lines.filter(({ role }) => role !== "rest").map(({ value }) => value)]);
  return crowded && ends && ends[0] < ends[1] ? ends : null;
}

/** The range with room for a method that overshoots, but not for one that explodes. @param {Span} range @param {Span} other @returns {Span} */
function widened([low, high], [lowest, highest]) {
  const most = 0.35 * (high - low);
  return [Math.max(Math.min(low, lowest), low - most), Math.min(Math.max(high, highest), high + most)];
}
