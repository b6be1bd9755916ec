/**
 * The view's entry: `mount(root, link)`. It holds the state and its history: a wish of the user changes the state, the
 * exchange asks Python about it, the screen shows the answers.
 */
import { createExchange } from "./exchange.js";
import * as histories from "./history.js";
import { listenToKeys } from "./keyboard.js";
import { LinkLost } from "./link.js";
import { isLink, linkedOnes, opened, presetsOnOffer, withLinked } from "./opening.js";
import { hasSubject } from "./questions.js";
import { createScreen } from "./screen.js";
import * as states from "./state.js";

/**
 * @typedef {import("./exchange.js").News} News
 * @typedef {import("./header.js").ToolName} ToolName
 * @typedef {import("./history.js").History} History
 * @typedef {import("./history.js").Touch} Touch
 * @typedef {import("./link.js").Link} Link
 * @typedef {import("./state.js").State} State
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").Preset} Preset
 * @typedef {import("./types.js").Reply} Reply
 * @typedef {import("./types.js").Request} Request
 * @typedef {import("./types.js").Result} Result
 * @typedef {import("./types.js").Saved} Saved
 * @typedef {import("./types.js").Slider} Slider
 * @typedef {import("./types.js").Still} Still
 *
 * @typedef {object} Options
 * @property {Saved} [saved]  where an earlier visit ended
 * @property {Still} [reply]  a picture to show until Python answers
 * @property {Preset[]} [linked]  what links had made then
 * @property {(saved: Saved, reply: Still, linked: Preset[]) => void} [onSettled]  a while after the last painted change
 * @property {boolean} [isEmbedded]  among other things on a page: no page title, no more height than needed
 * @property {string} [fragment]  a link to open, or the part of an address that may be one
 * @property {string} [base]  the address that links lead to; the public page's, if not given
 *
 * @typedef {object} Lab
 * @property {(preset: Preset) => void} offer  adds or replaces a preset and chooses it, untouched
 * @property {(text: string) => Promise<void>} openLink  shows what a link carries, or says what is wrong with it
 * @property {() => void} destroy  takes the view off the page; the link stays its maker's
 *
 * @typedef {object} Session  what there is once Python has described itself
 * @property {Description} description
 * @property {State} state
 * @property {History} history
 */

const SETTLED = 350;
/** What Python need not be asked about is there sooner. */
const PATIENCE = 150;

/** Unlike that of any other lab on the page; a notebook loads this module anew for each. */
const newPrefix = () => `lp${Math.random().toString(36).slice(2, 10)}-`;

/** @param {HTMLElement} root @param {Link} link @param {Options} [options] @returns {Lab} */
export function mount(root, link, options = {}) {
  const { saved, reply: still, linked = [], onSettled, isEmbedded = false, fragment = "", base } = options;
  const listening = new AbortController();
  /** @type {Session | null} */
  let session = null;
  /** @type {Preset | null} */
  let offered = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let settling;
  /** @type {import("./link.js").Status} */
  let status = "connecting";
  let isStarting = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  /** A link that Python could not be asked about yet. */
  let unread = linkIn(fragment);
  let readings = 0;
  /** @type {Preset[]} */
  let onOffer = [];

  const exchange = createExchange({ send: (request) => link.request(request), onNews: show, onFailure: forgive });
  const screen = createScreen(root, { prefix: newPrefix(), isEmbedded, signal: listening.signal }, {
    header: {
      onPreset: (name) => change((now, known) => states.choosePreset(known, now, name)),
      onView: (view) => change((now) => ({ ...now, view })),
      onTool: (tool) => tools[tool](),
    },
    controls: {
      onValue: (slider, value, manner, drag) => setSlider(slider, value, touchOf(slider, manner, drag)),
      onReset: (slider) => change((now, known) => (slider === known.dt ? states.resetStep(now, slider) : states.resetSlider(now, slider))),
      onResetAll: () => {
        screen.figure.forgetRanges();
        change(states.resetAll);
      },
      onVariant: (name) => change((now, known) => states.chooseVariant(known, now, name)),
      onMethod: (kind) => change((now) => states.chooseMethod(now, kind)),
      onLocate: (locate) => change((now) => states.chooseLocate(now, locate)),
    },
    figure: {
      onWindow: (window) => change((now) => ({ ...now, window })),
      onWhole: () => {
        screen.figure.forgetRanges();
        change((now) => ({ ...now, window: null }));
      },
      onResize: () => ask(),
    },
    pane: {
      onDrag: (point, to) => {
        const touch = { key: "point", at: performance.now(), isDrag: true };
        change((now, known) => states.dragPoint(known, now, hasSubject(known, now) ? { ...point, experiment: now.subject } : point, to), touch);
      },
      onCommit: () => {
        if (session) session.history = { ...session.history, last: null };
      },
      onSubject: (subject) => change((now) => ({ ...now, subject })),
    },
    share: {
      link: async () => addressOf((await passOn((shared, { state }) => ({ ...shared, kind: "link", view: state.view, state: states.linkedOf(state) }))).link ?? ""),
      script: async (format) => (await passOn((shared) => ({ ...shared, kind: "copy", format }))).text ?? "",
      file: async (format) => {
        const { text = "", name = "", type = "" } = await passOn((shared, now) => ({ ...shared, kind: "save", format, ...seenIn(now) }));
        return { text, name, type };
      },
      open: async (text) => {
        const wrong = await read(text);
        if (wrong) throw new Error(wrong);
      },
    },
    tour: { addressOf, onStep: (step) => openLink(step) },
  });

  /** @type {Record<ToolName, () => void>} */
  const tools = {
    undo: () => travel(histories.undo),
    redo: () => travel(histories.redo),
    hold: () => change((now, known) => states.hold(known, now)),
    swap: () => change((now, known) => states.swap(known, now)),
    drop: () => {
      change(states.dropHeld);
      screen.header.focus("hold");
    },
    share: () => screen.share.open(),
    tour: () => screen.tour.toggle(),
    presenter: () => screen.present(!screen.isPresenting()),
    theme: () => screen.theme.toggle(),
    help: () => screen.help.open(),
  };

  listenToKeys(
    root,
    {
      keys: {
        "?": tools.help,
        f: tools.presenter,
        h: () => canHold() && tools.hold(),
        x: tools.swap,
        ",": () => screen.isPresenting() && screen.controls.stepHand(-1),
        ".": () => screen.isPresenting() && screen.controls.stepHand(1),
        Escape: () => screen.present(false),
      },
      undo: tools.undo,
      redo: tools.redo,
      isBusy: () => screen.help.element.open || screen.share.element.open,
    },
    listening.signal,
  );

  // Changes of the state -----------------------------------------------------------------------

  /** @param {(now: State, known: Description) => State} next @param {Touch | null} [touch]  what may go on as one step of undo */
  function change(next, touch = null) {
    if (session === null) return;
    clearTimeout(settling);
    session.state = next(session.state, session.description);
    session.history = histories.record(session.history, states.savedOf(session.state), touch);
    screen.tell("");
    update();
    ask();
    clearTimeout(waiting);
    if (isStarting || status !== "open") waiting = setTimeout(screen.showWaiting, PATIENCE);
  }

  /** @param {Slider} slider @param {number} value @param {Touch | null} touch */
  function setSlider(slider, value, touch) {
    change((now, known) => (slider === known.dt ? states.setStep(now, slider, value) : states.setValue(now, slider, value)), touch);
  }

  /** @param {(history: History) => History} step */
  function travel(step) {
    if (session === null) return;
    session.history = step(session.history);
    const then = states.restored(session.description, session.history.present);
    const { window, subject } = then.preset === session.state.preset ? session.state : then;
    session.state = { ...then, window, subject };
    update();
    ask();
  }

  function canHold() {
    return session !== null && exchange.traces() !== null && !exchange.isRefused("traces");
  }

  function enableTools() {
    screen.header.enable({
      canUndo: session !== null && session.history.past.length > 0,
      canRedo: session !== null && session.history.future.length > 0,
      isHeld: Boolean(session?.state.held),
      canSwap: session !== null && states.canSwap(session.description, session.state),
      canHold: canHold(),
      isKnown: session !== null,
    });
  }

  function update() {
    if (session === null) return;
    const { description, state } = session;
    const presets = presetsOnOffer(description, state);
    if (presets.length !== onOffer.length || presets.some((preset, index) => preset !== onOffer[index])) {
      onOffer = presets;
      screen.header.offer(presets, description.views);
    }
    screen.header.update(states.presetOf(description, state), state.view);
    screen.controls.update(description, state);
    screen.openPane(state.view !== states.TRACES);
    screen.pane.offerSubjects(hasSubject(description, state) ? states.namesOf(description, state) : [], state.subject);
    enableTools();
  }

  // Questions and answers ----------------------------------------------------------------------

  function ask() {
    if (session === null || status === "connecting") return;
    const { description, state } = session;
    exchange.ask(description, state, states.namesOf(description, state), Math.max(1, screen.figure.width()));
    screen.pane.setProgress(exchange.progress());
  }

  /** @param {News} news */
  function show({ answers, isFigureDue, isPlaneDue }) {
    if (session === null) return;
    const { state } = session;
    const traces = exchange.traces();
    const figure = exchange.figure();
    if (isFigureDue && traces && figure) screen.showFigure(figure, state.window, traces.job.state.preset);
    if (isPlaneDue) screen.showPlane(exchange.plane("reply"), `${state.preset} ${state.view}`, exchange.progress());
    screen.pane.setProgress(exchange.progress());
    showFaults();
    enableTools();
    for (const [stream, { job, raw }] of answers) {
      if (stream === "traces") clearTimeout(waiting);
      if (stream === "traces") root.dataset.ready = "true";
      tellPainted(stream === "held" ? stream : job.request.view, raw.id, job.started);
    }
    clearTimeout(settling);
    settling = setTimeout(settle, SETTLED);
  }

  function showFaults() {
    if (session === null) return;
    const { description, state } = session;
    screen.showFaults(exchange.faults(), states.slidersOf(description, state), state.moved, exchange.isRefused("traces") || exchange.isRefused("error"));
    if (unread !== "" && isStarting) screen.showLinkWaiting();
  }

  /** @param {string} view @param {number} id @param {number} started */
  function tellPainted(view, id, started) {
    root.dispatchEvent(new CustomEvent("lapicque:painted", { detail: { id, elapsed: performance.now() - started, view } }));
  }

  function settle() {
    const traces = exchange.traces();
    if (!onSettled || !traces || session === null || exchange.isRefused("traces")) return;
    const plane = exchange.plane("raw");
    const results = /** @type {Result[]} */ (traces.raw.results);
    const { request, names } = traces.job;
    const picture = { experiments: request.experiments, names, results, ...(plane ? { plane } : {}) };
    onSettled(states.savedOf(session.state), picture, linkedOnes(session.description, session.state));
  }

  // Passed on and opened -----------------------------------------------------------------------

  /** @param {string} text  without its number sign */
  function addressOf(text) {
    return `${base ?? session?.description.address ?? location.href.split("#")[0]}#${text}`;
  }

  /**
   * Asks Python for something that is made of what is shown.
   *
   * @param {(shared: import("./types.js").Shared, now: Session) => Request} requestOf @returns {Promise<Reply>}
   */
  async function passOn(requestOf) {
    if (session === null) throw new LinkLost();
    const { description, state } = session;
    const names = states.namesOf(description, state);
    const shared = { experiments: states.sharedExperiments(description, state), names: names.length > 1 ? names : [] };
    const reply = await link.request(requestOf(shared, session));
    if (!reply.ok) throw new Error(reply.error?.message ?? "Python gave neither an answer nor a reason.");
    return reply;
  }

  /** @param {Session} now */
  function seenIn({ description, state }) {
    const { view, window, subject, method, held } = state;
    return {
      view,
      window,
      subject,
      method: { locate: method.locate },
      held: held && { experiments: held.experiments, names: held.names },
      title: states.presetOf(description, state).title,
      width: Math.max(1, screen.figure.width()),
    };
  }

  /** @param {string} text */
  async function openLink(text) {
    if (linkIn(text) === "") return;
    const wrong = await read(text);
    if (wrong) screen.tell(wrong);
  }

  /** Shows what a link carries; of several the last one counts. @param {string} text @returns {Promise<string>}  what is wrong with it */
  async function read(text) {
    const reading = ++readings;
    unread = text;
    if (session === null || status !== "open") return "";
    showFaults();
    try {
      const reply = await link.request({ kind: "open", link: text });
      if (listening.signal.aborted || reading !== readings || session === null) return "";
      unread = "";
      showFaults();
      if (!reply.opened) return reply.error?.message ?? "Python did not read the link.";
      const next = opened(session.description, session.state, reply.opened);
      session.description = next.description;
      screen.figure.forgetRanges();
      change(() => next.state);
    } catch (error) {
      forgive(error);
    }
    return "";
  }

  // The link to Python -------------------------------------------------------------------------

  /** A lost link is the banner's matter, and its return sends the present state anew. @param {unknown} error */
  function forgive(error) {
    if (!(error instanceof LinkLost)) throw error;
  }

  /** After each (re)connection: what is on offer, once, then the present state. */
  async function start() {
    try {
      if (session === null) {
        const reply = await link.request({ kind: "describe" });
        if (listening.signal.aborted) return;
        if (!reply.describe) throw new Error(reply.error?.message ?? "Python did not describe its experiments.");
        begin(reply.describe);
      }
      openLink(unread);
      ask();
    } catch (error) {
      forgive(error);
    }
  }

  /** @param {Description} described */
  function begin(described) {
    const description = withLinked(described, linked);
    const state = saved ? states.restored(description, saved) : states.firstState(description);
    session = { description, state, history: histories.begin(states.savedOf(state)) };
    if (offered) {
      Object.assign(session, states.offered(description, state, offered));
      session.history = histories.begin(states.savedOf(session.state));
    }
    screen.controls.element.hidden = false;
    screen.share.offer(session.description);
    screen.tour.offer(session.description.tour);
    update();
  }

  enableTools();
  if (still) screen.showStill(still);
  link.onProgress?.((share, words) => {
    if (listening.signal.aborted) return;
    isStarting = words !== "";
    screen.showProgress(share, words);
  });
  link.onStatus((next) => {
    if (listening.signal.aborted) return;
    status = next;
    screen.showStatus(status);
    if (status === "open") start();
  });

  return {
    offer(preset) {
      if (session === null) {
        offered = preset;
        return;
      }
      Object.assign(session, states.offered(session.description, session.state, preset));
      screen.forgetPreset();
      exchange.forget("traces");
      change((now) => now);
    },
    openLink,
    destroy() {
      listening.abort();
      exchange.stop();
      clearTimeout(settling);
      clearTimeout(waiting);
      screen.destroy();
    },
  };
}

/** The text, if it may be a link; other marks of a page are none. @param {string} text */
function linkIn(text) {
  return text.startsWith("#") && !isLink(text) ? "" : text;
}

/**
 * What goes on as one step of undo: a drag until it ends, key strokes on one slider.
 *
 * @param {Slider} slider @param {import("./row.js").Manner} manner @param {number} drag @returns {Touch | null}
 */
function touchOf(slider, manner, drag) {
  if (manner === "typed") return null;
  const isDrag = manner === "drag";
  return { key: isDrag ? `drag ${drag}` : `keys on ${slider.name}`, at: performance.now(), isDrag };
}
