/**
 * The view's entry: `mount(root, link)`. It holds the state, sends it to Python after each change and shows the answer;
 * the parts of the page only tell what the user wishes.
 */
import { createControls } from "./controls.js";
import { h, setText } from "./dom.js";
import { createFigure } from "./figure.js";
import { createHeader } from "./header.js";
import { createHelp } from "./help.js";
import { LinkLost, latestWins } from "./link.js";
import { alternatives, createReadouts } from "./readouts.js";
import * as states from "./state.js";
import { createTheme } from "./theme.js";

/**
 * @typedef {import("./link.js").Link} Link
 * @typedef {import("./state.js").State} State
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").Fault} Fault
 * @typedef {import("./types.js").Reply} Reply
 * @typedef {import("./types.js").Result} Result
 *
 * @typedef {object} Job  one question to Python and what it was asked for
 * @property {State} state
 * @property {number} started  when the user acted, on the page's clock
 */

// Described to a screen reader when things are at rest: a long label is costly to set on each frame of a drag.
const QUIET = 900;

/** @param {HTMLElement} root @param {Link} link */
export function mount(root, link) {
  /** @type {Description | null} */
  let description = null;
  /** @type {State | null} */
  let state = null;
  let shownPreset = "";
  /** @type {{reply: Reply, job: Job} | null} */
  let arrived = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let describing;

  const header = createHeader({
    onPreset: (name) => change((now) => states.choosePreset(now, name)),
    onTheme: () => theme.toggle(),
    onHelp: () => help.open(),
  });
  const controls = createControls({
    onValue: (slider, value) => change((now) => states.setValue(now, slider, value)),
    onReset: (slider) => change((now) => states.resetSlider(now, slider)),
    onResetAll: () => {
      figure.forgetRanges();
      change(states.resetAll);
    },
    onVariant: (name) => change((now, known) => states.chooseVariant(known, now, name)),
  });
  const figure = createFigure({
    onWindow: (window) => change((now) => ({ ...now, window })),
    onWhole: () => {
      figure.forgetRanges();
      change((now) => ({ ...now, window: null }));
    },
    onResize: () => ask(),
  });
  const readouts = createReadouts();
  const help = createHelp();
  const banner = h("div", { class: "lp-banner", role: "status" }, "Python is starting …");
  const fault = h("div", { class: "lp-general", role: "alert", hidden: true });
  const main = h("main", { class: "lp-main" }, readouts.numbers, h("div", { class: "lp-view" }, readouts.words, figure.element));

  root.classList.add("lapicque");
  root.replaceChildren(header.element, banner, fault, main, help.element);
  placeControls();
  const theme = createTheme(root, (name) => {
    header.setTheme(name);
    figure.recolour();
  });
  root.ownerDocument.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement && event.target.type === "text";
    if (event.key === "?" && !typing) help.open();
  });

  /** Beside the plots the controls are read first, below them last; the tab order follows. */
  function placeControls() {
    const wide = matchMedia("(min-width: 768px)");
    const place = () => (wide.matches ? main.prepend(controls.element) : main.append(controls.element));
    wide.addEventListener("change", place);
    place();
  }

  const runs = latestWins(
    (/** @type {Job} */ job) => {
      const known = /** @type {Description} */ (description);
      const experiments = states.experimentsOf(known, job.state);
      return link.request({ kind: "run", experiments, view: "traces", window: job.state.window, width: figure.width() });
    },
    (reply, job) => {
      if (arrived === null) requestAnimationFrame(paint);
      arrived = { reply, job };
    },
    forgive,
  );

  /** Once per frame; of several replies only the newest would be seen. */
  function paint() {
    const newest = arrived;
    arrived = null;
    if (newest !== null) receive(newest.reply, newest.job);
  }

  /** A lost link is the banner's matter, and its return sends the present state anew. @param {unknown} error */
  function forgive(error) {
    if (!(error instanceof LinkLost)) throw error;
  }

  /** @param {(now: State, known: Description) => State} next */
  function change(next) {
    if (state === null || description === null) return;
    state = next(state, description);
    update();
    ask();
  }

  function update() {
    if (state === null || description === null) return;
    header.update(states.presetOf(description, state));
    controls.update(description, state);
  }

  function ask() {
    if (state !== null) runs.submit({ state, started: performance.now() });
  }

  /** @param {Reply} reply @param {Job} job */
  function receive(reply, job) {
    if (state === null || description === null) return;
    // An answer about another experiment, or none because a newer question came: the one that counts is on the way.
    if (job.state.preset !== state.preset || reply.superseded) return;
    if (reply.results) showResults(reply.results);
    else showFault(reply.error);
    document.documentElement.dataset.ready = "true";
    root.dispatchEvent(new CustomEvent("lapicque:painted", { detail: { id: reply.id, elapsed: performance.now() - job.started } }));
  }

  /** @param {Result[]} results */
  function showResults(results) {
    const now = /** @type {State} */ (state);
    const labels = states.variantOf(/** @type {Description} */ (description), now).experiments.map(({ label }) => label);
    const names = results.map((_, index) => (results.length > 1 ? labels[index] ?? "" : ""));
    if (now.preset !== shownPreset) figure.forgetRanges();
    shownPreset = now.preset;
    controls.complain(null, null);
    fault.hidden = true;
    figure.setStale(false);
    main.classList.toggle("is-several", results.length > 1);
    readouts.show(results, names);
    figure.show(results, names, now.window);
    clearTimeout(describing);
    describing = setTimeout(() => figure.describe(alternatives(results, names)), QUIET);
  }

  /** The message goes where it can be mended; the plots keep their last valid picture. @param {Fault | undefined} error */
  function showFault(error) {
    const now = /** @type {State} */ (state);
    const { sliders } = states.variantOf(/** @type {Description} */ (description), now);
    const message = error?.message ?? "Python gave neither results nor a reason.";
    const slider = error ? states.sliderOfFault(sliders, error, now.moved) : null;
    controls.complain(slider?.name ?? null, message);
    setText(fault, slider ? "" : message);
    fault.hidden = slider !== null;
    figure.setStale(true);
  }

  /** After each (re)connection: what is on offer, once, then the present state. */
  async function start() {
    try {
      if (description === null) {
        const reply = await link.request({ kind: "describe" });
        if (!reply.describe) throw new Error(reply.error?.message ?? "Python did not describe its experiments.");
        description = reply.describe;
        state = states.firstState(description);
        header.offer(description.presets);
        update();
      }
      ask();
    } catch (error) {
      forgive(error);
    }
  }

  link.onStatus((status) => {
    banner.hidden = status === "open";
    banner.classList.toggle("is-lost", status === "lost");
    if (status === "lost") setText(banner, "The connection to Python was lost. Trying again; nothing you set is lost.");
    if (status === "open") start();
  });
}
