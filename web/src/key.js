/**
 * Line samples with their markers, for legends and tables.
 */
import { outlineOf } from "./styles.js";

const SPACE = "http://www.w3.org/2000/svg";
const SIZE = 3.5;

/** @param {string} tag @param {Record<string, string | number>} attributes */
function shape(tag, attributes) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** @param {import("./styles.js").Style} style */
export function keyOf({ colour, dash, marker, isHollow = false, isBare = false }) {
  const width = isBare ? 12 : 28;
  const image = shape("svg", { class: "lp-key", viewBox: `0 0 ${width} 12`, width, height: 12, "aria-hidden": "true" });
  const ink = `var(--lp-${colour})`;
  image.style.setProperty("--key", ink);
  if (!isBare) image.append(shape("path", { d: `M0 6H${width}`, "stroke-dasharray": dash.join(" ") }));
  if (marker === "cross") image.append(shape("path", { d: `M${width / 2 - SIZE} ${6 - SIZE}l${2 * SIZE} ${2 * SIZE}m0 ${-2 * SIZE}l${-2 * SIZE} ${2 * SIZE}` }));
  else if (marker === "circle") image.append(shape("circle", { cx: width / 2, cy: 6, r: SIZE, class: isHollow ? "is-hollow" : "is-full" }));
  else if (marker) {
    const points = /** @type {[number, number][]} */ (outlineOf(marker)).map(([x, y]) => `${width / 2 + SIZE * x},${6 + SIZE * y}`);
    image.append(shape("polygon", { points: points.join(" "), class: isHollow ? "is-hollow" : "is-full" }));
  }
  return image;
}
