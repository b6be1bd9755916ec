/**
 * The dialog that lists what keys and gestures do.
 */
import { h } from "./dom.js";

const CHAPTERS = /** @type {[string, [string, string][]][]} */ ([
  [
    "Sliders",
    [
      ["← → ↑ ↓", "one step"],
      ["Shift + arrow, Page ↑ ↓", "ten steps"],
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
      ["drag a point", "on a plane: the sliders go along"],
    ],
  ],
  [
    "Anywhere",
    [
      ["Ctrl Z", "undo"],
      ["Ctrl Shift Z, Ctrl Y", "redo"],
      ["h", "hold this setting as B"],
      ["x", "swap A and B"],
      ["f", "present: large type, one slider"],
      [", .", "presenting: previous, next slider"],
      ["Esc", "leave the presentation"],
      ["?", "this help"],
    ],
  ],
]);

export function createHelp() {
  const close = h("button", { type: "button" }, "close");
  const chapters = CHAPTERS.map(([name, lines]) =>
    h(
      "section",
      { "aria-label": name },
      h("p", { class: "lp-chapter" }, name),
      h("dl", {}, ...lines.flatMap(([keys, what]) => [h("dt", {}, keys), h("dd", {}, what)])),
    ),
  );
  const dialog = h(
    "dialog",
    { class: "lp-dialog lp-help", "aria-label": "keys and gestures" },
    // The inside covers the dialog, so that a click on the dialog itself is one on the backdrop.
    // With the focus on the button at its end, a low screen would begin there.
    h("div", { class: "lp-dialog-body", tabindex: -1, autofocus: true }, ...chapters, close),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return { element: dialog, open: () => dialog.open || dialog.showModal() };
}
