/**
 * The page: puts the parts together where the width lets them stand, and shows in them what the exchange has. It knows no
 * state; what the user wishes goes to who made it.
 */
import { createControls } from "./controls.js";
import { h, setHidden, setText } from "./dom.js";
import { placed, sliderOfFault } from "./faults.js";
import { createFigure } from "./figure.js";
import { withHyphen } from "./format.js";
import { createHeader } from "./header.js";
import { createHelp } from "./help.js";
import { createPane } from "./pane.js";
import { alternatives, createReadouts } from "./readouts.js";
import { createShare } from "./share.js";
import { createTheme } from "./theme.js";
import { createTour } from "./tour.js";
import { unpack } from "./unpack.js";

/**
 * @typedef {import("./plots.js").Shown} Shown
 * @typedef {import("./types.js").Fault} Fault
 * @typedef {import("./types.js").Plane} Plane
 * @typedef {import("./types.js").Slider} Slider
 * @typedef {import("./types.js").Span} Span
 *
 * @typedef {object} Wishes
 * @property {Omit<Parameters<typeof createHeader>[0], "prefix" | "isEmbedded">} header
 * @property {Parameters<typeof createControls>[1]} controls
 * @property {Omit<Parameters<typeof createFigure>[0], "isEmbedded">} figure
 * @property {Omit<Parameters<typeof createPane>[0], "prefix">} pane
 * @property {import("./share.js").Source} share
 * @property {Omit<Parameters<typeof createTour>[0], "onOpen">} tour
 */

// Described to a screen reader when things are at rest: a long label is costly to set on each frame of a drag.
const QUIET = 900;
// The widths where the style sheet puts the controls beside the plots, and a plane beside the traces.
const BESIDE = 768;
const PLANE_BESIDE = 1100;

const LOST = "The connection to Python was lost. Trying again; nothing you set is lost.";
const STARTING = "Python is starting …";
const LAST_VALID = "last valid";
const WAITING = "waits for Python";
const LINK_WAITING = "the link waits for Python";

/**
 * @param {HTMLElement} root
 * @param {{prefix: string, isEmbedded: boolean, signal: AbortSignal}} given  the prefix is of ids
 * @param {Wishes} wishes
 */
export function createScreen(root, { prefix, isEmbedded, signal }, wishes) {
  const header = createHeader({ prefix, isEmbedded, ...wishes.header });
  const controls = createControls(prefix, wishes.controls);
  const figure = createFigure({ isEmbedded, ...wishes.figure });
  const pane = createPane({ prefix, ...wishes.pane });
  const readouts = createReadouts();
  const help = createHelp();
  const share = createShare({ prefix, source: wishes.share });
  const tour = createTour({ ...wishes.tour, onOpen: (isOpen) => (isOpen ? header.setTouring(true) : endTour()) });
  const said = h("span", { role: "status" }, STARTING);
  // Counts too quickly to be read out; the bar beneath tells how far it is to who asks.
  const counted = h("span");
  const bar = h("div", { class: "lp-bar", role: "progressbar", "aria-label": "Python is starting", "aria-valuemin": 0, "aria-valuemax": 100, hidden: true });
  const banner = h("section", { class: "lp-banner", "aria-label": "state of Python" }, said, counted, bar);
  const alarm = h("div", { class: "lp-general", role: "alert", hidden: true });
  const plots = h("div", { class: "lp-plots" }, pane.element, figure.element, alarm);
  const view = h("div", { class: "lp-view" }, readouts.words, pane.about, plots);
  const main = h(isEmbedded ? "div" : "main", { class: "lp-main" }, readouts.numbers, view);
  const shell = h("div", { class: "lp-shell" }, header.element, banner, tour.element, main, help.element, share.element);

  let shownPreset = "";
  let shownPlace = "";
  let described = "";
  let isPresenting = false;
  /** @type {import("./link.js").Status} */
  let status = "connecting";
  let progress = "";
  let notice = "";
  /** What no slider can mend. @type {string[]} */
  let general = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let describing;

  root.classList.add("lapicque");
  root.classList.toggle("is-embedded", isEmbedded);
  root.dataset.lmSuppressShortcuts = "true";
  // A click anywhere inside brings the keys here.
  root.tabIndex = -1;
  root.replaceChildren(shell);
  controls.element.hidden = true;
  if (isEmbedded) {
    // The landmarks are the page's, and another lab would have the same.
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "lapicque lab");
    for (const section of [controls.element, ...root.querySelectorAll("section")]) section.setAttribute("role", "group");
  }

  const theme = createTheme(root, {
    isKept: !isEmbedded,
    onChange: (name) => {
      header.setTheme(name);
      figure.recolour();
      pane.recolour();
    },
  });

  /** What stands left or above is read first: the tab order follows the width. */
  const observer = new ResizeObserver(() => {
    moveTo(main, controls.element, root.clientWidth >= BESIDE ? 0 : main.children.length);
    moveTo(plots, pane.element, root.clientWidth >= PLANE_BESIDE ? 1 : 0);
    makeReachable(readouts.numbers);
  });
  observer.observe(root);
  // What is shown has a minus that no program reads.
  root.addEventListener(
    "copy",
    (event) => {
      const text = getSelection()?.toString() ?? "";
      const isTyped = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
      if (isTyped || text === withHyphen(text)) return;
      event.clipboardData?.setData("text/plain", withHyphen(text));
      event.preventDefault();
    },
    { signal },
  );
  root.addEventListener("fullscreenchange", () => document.fullscreenElement === root || present(false), { signal });

  /** @param {boolean} isOn */
  function present(isOn) {
    if (isOn === isPresenting) return;
    isPresenting = isOn;
    root.classList.toggle("is-presenting", isOn);
    header.setPresenting(isOn);
    controls.present(isOn);
    figure.recolour();
    figure.resize();
    pane.recolour();
    pane.resize();
    if (isEmbedded) fillScreen(isOn);
  }

  /** A cell of a notebook is too small to present from. Where the browser refuses, it is made do with. @param {boolean} isOn */
  function fillScreen(isOn) {
    const isFull = document.fullscreenElement === root;
    if (isOn && !isFull) root.requestFullscreen?.().catch(() => {});
    if (!isOn && isFull) document.exitFullscreen().catch(() => {});
  }

  /** @param {Shown} shown */
  function describe(shown) {
    // A panel that is new must not stand there without a word.
    const panels = `${shownPreset} ${shown.results.length} ${shown.compared === null} ${shown.held === null}`;
    clearTimeout(describing);
    if (panels === described) {
      describing = setTimeout(() => figure.describe(alternatives(shown)), QUIET);
    } else {
      figure.describe(alternatives(shown));
      makeReachable(readouts.numbers);
    }
    described = panels;
  }

  /** @param {Shown} shown @param {Span | null} window @param {string} preset */
  function showFigure(shown, window, preset) {
    if (preset !== shownPreset) figure.forgetRanges();
    shownPreset = preset;
    main.classList.toggle("is-several", shown.results.length > 1);
    main.classList.toggle("is-compared", shown.compared !== null);
    main.classList.toggle("is-beside-b", shown.held !== null);
    // First what is painted: the canvas would have the page laid out in the middle of its changes.
    figure.show({ ...shown, window });
    readouts.show(shown);
    describe(shown);
  }

  function endTour() {
    header.setTouring(false);
    header.focus("tour");
  }

  function sound() {
    const lines = [...(notice ? [notice] : []), ...general];
    setText(alarm, lines.join("\n"));
    setHidden(alarm, lines.length === 0);
  }

  function updateBanner() {
    banner.hidden = status === "open" && progress === "";
    banner.classList.toggle("is-lost", status === "lost");
    setText(said, progress ? "" : status === "lost" ? LOST : STARTING);
    setText(counted, progress);
    bar.hidden = progress === "";
  }

  /** @param {boolean} isOn */
  function openPane(isOn) {
    pane.open(isOn);
    shell.classList.toggle("has-plane", isOn);
  }

  return {
    header,
    controls,
    figure,
    pane,
    help,
    share,
    tour,
    theme,
    present,
    isPresenting: () => isPresenting,
    openPane,
    showFigure,
    /** The next figure gets axes of its own: another experiment may have the same name. */
    forgetPreset() {
      shownPreset = "";
    },

    /**
     * While its curves are computed, the plane of the setting before stays.
     *
     * @param {Plane | null} plane @param {string} place  preset and view @param {{done: number, total: number}} curves
     */
    showPlane(plane, place, { done, total }) {
      if (plane !== null || place !== shownPlace) pane.show(plane, done === total);
      shownPlace = place;
    },

    /**
     * The messages go where they can be mended; the plots keep their last valid picture.
     *
     * @param {{figure: Fault[], plane: Fault | null}} faults @param {Slider[]} sliders @param {string | null} moved @param {boolean} isStale
     */
    showFaults(faults, sliders, moved, isStale) {
      const { rows, general: others } = placed(sliders, faults.figure, moved);
      const slider = faults.plane && sliderOfFault(sliders, faults.plane, moved);
      if (faults.plane && slider && !rows.has(slider)) rows.set(slider, faults.plane.message);
      const isTold = slider !== null && rows.get(slider) === faults.plane?.message;
      controls.complain(rows);
      general = others;
      sound();
      figure.setStale(isStale ? LAST_VALID : "");
      pane.complain(faults.plane?.message ?? "", isTold);
    },

    /** A picture from an earlier visit, until Python answers. @param {import("./types.js").Still} picture */
    showStill(picture) {
      const { names, results, plane } = unpack(picture);
      showFigure({ results, names, compared: null, held: null }, null, "");
      openPane(plane !== undefined);
      if (plane) pane.show(plane, true);
    },

    /** What is on show is not what is set, until Python comes. */
    showWaiting: () => figure.setStale(WAITING),

    /** Nor is it what the link carries. */
    showLinkWaiting: () => figure.setStale(LINK_WAITING),

    /** What went wrong apart from the setting, until it is changed. @param {string} words  empty when all is well */
    tell(words) {
      notice = words;
      sound();
    },

    /** @param {import("./link.js").Status} next */
    showStatus(next) {
      status = next;
      updateBanner();
    },

    /** How far Python has come. @param {number} share @param {string} words  none when it is there */
    showProgress(share, words) {
      progress = words;
      bar.style.setProperty("--done", String(share));
      bar.setAttribute("aria-valuenow", String(Math.round(100 * share)));
      bar.setAttribute("aria-valuetext", words);
      updateBanner();
    },

    destroy() {
      observer.disconnect();
      theme.destroy();
      figure.destroy();
      pane.destroy();
      clearTimeout(describing);
      root.classList.remove("lapicque", "is-embedded", "is-presenting");
      for (const name of ["ready", "theme", "lmSuppressShortcuts"]) delete root.dataset[name];
      for (const name of ["tabindex", "role", "aria-label"]) root.removeAttribute(name);
      root.replaceChildren();
    },
  };
}

/**
 * Puts an element at a place among its siblings, with the focus, which moving would take.
 *
 * @param {HTMLElement} parent @param {HTMLElement} element @param {number} place
 */
function moveTo(parent, element, place) {
  const others = [...parent.children].filter((child) => child !== element);
  const next = others[place] ?? null;
  if (element.parentElement === parent && element.nextElementSibling === next) return;
  const focused = /** @type {Document | ShadowRoot} */ (parent.getRootNode()).activeElement;
  parent.insertBefore(element, next);
  if (focused instanceof HTMLElement && element.contains(focused)) focused.focus({ preventScroll: true });
}

/** What scrolls can be scrolled by key. @param {HTMLElement} element */
function makeReachable(element) {
  if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
  else element.removeAttribute("tabindex");
}
