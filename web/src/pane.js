/**
 * The panel of a view beside the traces: the plane, what the engine says of it, and what keeps it from being drawn.
 */
import { h, setHidden, setText } from "./dom.js";
import { createPlane } from "./plane.js";
import { createReadouts } from "./readouts.js";

/**
 * @typedef {import("./types.js").Plane} Plane
 * @typedef {import("./types.js").PlanePoint} PlanePoint
 */

/**
 * @param {object} given
 * @param {string} given.prefix  of ids
 * @param {(point: PlanePoint, to: {x: number | null, y: number | null}) => void} given.onDrag
 * @param {() => void} given.onCommit
 * @param {(subject: number) => void} given.onSubject
 */
export function createPane({ prefix, onDrag, onCommit, onSubject }) {
  const plane = createPlane({ onDrag, onCommit });
  const readouts = createReadouts();
  const select = h("select", { id: `${prefix}subject` });
  const subject = h("label", { class: "lp-subject", hidden: true }, h("span", {}, "experiment"), select);
  const progress = h("progress", { class: "lp-progress", max: 1, value: 0, "aria-label": "curves computed" });
  const message = h("p", { class: "lp-pane-fault", role: "status" });
  const about = h("div", { class: "lp-about-plane", hidden: true }, readouts.words, readouts.numbers, subject, progress);
  const element = h("div", { class: "lp-pane", hidden: true }, h("div", { class: "lp-pane-frame" }, plane.element, message));
  readouts.words.setAttribute("aria-label", "explanation of the view");
  readouts.numbers.setAttribute("aria-label", "read-outs of the view");
  let offered = "";
  let isShown = false;

  select.addEventListener("change", () => onSubject(select.selectedIndex));

  return {
    /** What is said of the plane; on a phone it scrolls away while the plane stays. */
    about,
    element,
    /** @param {boolean} isOn */
    open(isOn) {
      setHidden(about, !isOn);
      setHidden(element, !isOn);
    },
    /** @param {Plane | null} shown @param {boolean} isWhole  what is said waits for all curves, or it would grow with each */
    show(shown, isWhole) {
      isShown = shown !== null;
      plane.show(shown);
      if (shown === null) about.classList.add("is-outdated");
      if (shown === null || !isWhole) return;
      about.classList.remove("is-outdated");
      readouts.showPlane(shown);
    },
    /**
     * @param {string} text  why there is no plane, or an old one; empty when all is well
     * @param {boolean} isTold  at a slider: beside an old plane once is enough
     */
    complain(text, isTold) {
      setText(message, isTold && isShown ? "" : text);
      element.classList.toggle("is-refused", text !== "");
      plane.setStale(text !== "" && isShown);
    },
    /** @param {{done: number, total: number}} curves  none where nothing is waited for */
    setProgress({ done, total }) {
      progress.max = Math.max(1, total);
      progress.value = done;
      progress.classList.toggle("is-idle", done >= total);
    },
    /** Whose plane it is, where a view shows one of several. @param {string[]} names  none hide the choice @param {number} chosen */
    offerSubjects(names, chosen) {
      subject.hidden = names.length === 0;
      const key = names.join("\n");
      if (key !== offered) select.replaceChildren(...names.map((name) => h("option", {}, name)));
      offered = key;
      if (select.selectedIndex !== chosen) select.selectedIndex = chosen;
    },
    recolour: plane.recolour,
    resize: plane.resize,
    destroy: plane.destroy,
  };
}
