/**
 * The signs on the tools, drawn by us: those of fonts differ from system to system.
 */

const SPACE = "http://www.w3.org/2000/svg";

/** Strokes on a square of 16. */
const PATHS = {
  undo: "M6 3 2.5 6.5 6 10M2.5 6.5H10a3.5 3.5 0 0 1 0 7H6.5",
  redo: "M10 3l3.5 3.5L10 10M13.5 6.5H6a3.5 3.5 0 0 0 0 7h3.5",
  hold: "M2 11c2.5 0 2.5-7 5-7s2.5 7 5 7M2 13.5h2.5m3 0h2.5m3 0h1",
  swap: "M2.5 5.5h10M9.5 2.5l3 3-3 3M13.5 10.5h-10M6.5 7.5l-3 3 3 3",
  drop: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  share: "M8 10V2M5 4.5 8 1.5l3 3M5 6.5H3v7.5h10V6.5h-2",
  tour: "M4 14.5v-13M4 2.5h8.5L10 5.5l2.5 3H4",
  presenter: "M2 3h12v8H2zM8 11v3M5 14h6",
  theme: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 2.5a5.5 5.5 0 0 1 0 11z",
  help: "M5.5 6a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.5v.2M8 12.8v.2",
  previous: "M10 3 5 8l5 5",
  next: "M6 3l5 5-5 5",
  controls: "M2 4.5h7m3 0h2M2 11.5h2m3 0h7M10.5 3v3M5.5 10v3",
  reset: "M3.2 5.2A5.5 5.5 0 1 1 2.5 8M3 2v3.5h3.5",
};

/** @typedef {keyof typeof PATHS} Icon */

/** @param {Icon} name */
export function icon(name) {
  const image = document.createElementNS(SPACE, "svg");
  image.setAttribute("class", `lp-icon lp-icon-${name}`);
  image.setAttribute("viewBox", "0 0 16 16");
  image.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SPACE, "path");
  path.setAttribute("d", PATHS[name]);
  image.append(path);
  return image;
}
