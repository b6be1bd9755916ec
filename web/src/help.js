/**
 * The dialog that lists what keys and gestures do.
 */
import { h } from "./dom.js";

const CHAPTERS = /** @type {[string, [string, string][]][]} */ ([
  [
    "Sliders",
    [
      ["← → ↑ ↓", "one step"],
      ["Shift + arrow", "ten steps"],
      ["Home, End", "smallest, largest value"],
      ["double click", "back to the default"],
      ["number box", "any value; the slider widens"],
    ],
  ],
  [
    "Plots",
    [
      ["wheel, pinch, + −", "zoom in time"],
      ["drag, ← →", "pan"],
      ["double click, 0", "the whole span"],
      ["n, p", "next, previous spike"],
      ["click a spike, c", "copy its time"],
    ],
  ],
  ["Anywhere", [["?", "this help"]]],
]);

export function createHelp() {
  const close = h("button", { type: "button" }, "close");
  const chapters = CHAPTERS.map(([name, lines]) =>
    h("section", {}, h("h3", {}, name), h("dl", {}, ...lines.flatMap(([keys, what]) => [h("dt", {}, keys), h("dd", {}, what)]))),
  );
  const dialog = h(
    "dialog",
    { class: "lp-help", "aria-label": "keys and gestures" },
    // The inside covers the dialog, so that a click on the dialog itself is one on the backdrop.
    h("div", {}, h("h2", {}, "Keys and gestures"), ...chapters, close),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return { element: dialog, open: () => dialog.open || dialog.showModal() };
}
