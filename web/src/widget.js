/**
 * The host of a notebook: anywidget calls `render` with its model and the element of the output. Requests and replies
 * are custom messages of the model; what the notebook keeps are traits, written when the sliders have come to rest.
 *
 * @typedef {import("./link.js").Link} Link
 * @typedef {import("./mount.js").Lab} Lab
 * @typedef {import("./types.js").Preset} Preset
 * @typedef {import("./types.js").Reply} Reply
 * @typedef {import("./types.js").Saved} Saved
 * @typedef {import("./types.js").Still} Still
 *
 * @typedef {object} Model  what anywidget gives of a widget's model
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(content: unknown) => void} send
 * @property {(event: string, listener: (...values: any[]) => void) => void} on
 * @property {(event: string, listener: (...values: any[]) => void) => void} off
 * @property {{get_model?: (id: string) => Promise<{comm_live?: boolean}>}} [widget_manager]
 *
 * @typedef {"here" | "busy" | "silent" | "away"} Presence  of Python, as far as can be told
 */
import { keptDescription, keptLinked, keptPicture, keptState } from "./kept.js";
import { LinkLost } from "./link.js";
import { mount } from "./mount.js";
import { EXACT } from "./state.js";

const PATIENCE = 1000;
// A reply shorter than a segment of the loopback device waits some 40 ms for an acknowledgement (docs/benchmarks.md).
const SEGMENT = 65536;
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const SERIES = 2 ** 20;

/** @type {Record<Presence, string>} */
const NOTES = {
  here: "",
  busy: "Python is busy; the lab answers when it is done.",
  silent: "Python does not answer. It is busy, or the cell must be run again.",
  away: "No Python here: run the cell to move the sliders.",
};

/**
 * A link over a widget's custom messages. What Python described when it made the widget is in a trait: the controls are
 * there before the first answer, also when Python has a long cell to run, or is not there at all.
 *
 * @param {Model} model
 * @param {(presence: Presence) => void} onPresence
 * @returns {Link & {isIdle: () => boolean, lastId: () => number}}  idle while no reply is awaited
 */
export function commLink(model, onPresence) {
  /** @type {Map<number, {resolve: (reply: Reply) => void, reject: (error: Error) => void}>} */
  const pending = new Map();
  /** Whether the model has a kernel; null where the host does not say. @type {boolean | null} */
  let isLive = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  // All views of a model hear all replies: each counts in a series of its own.
  let nextId = Math.floor(Math.random() * 2 ** 30) * SERIES;
  let isClosed = false;

  /** @param {{reply?: unknown}} content */
  function receive({ reply: message }) {
    if (typeof message !== "string") return;
    const reply = JSON.parse(message);
    const asked = pending.get(reply.id);
    if (!asked) return;
    pending.delete(reply.id);
    clearTimeout(timer);
    onPresence("here");
    if (pending.size > 0) wait();
    asked.resolve(reply);
  }

  function wait() {
    clearTimeout(timer);
    timer = setTimeout(() => onPresence(isLive ? "busy" : "silent"), PATIENCE);
  }

  async function findOut() {
    try {
      return (await model.widget_manager?.get_model?.(model.get("_key")))?.comm_live ?? null;
    } catch {
      return null;
    }
  }

  async function look() {
    const was = isLive;
    isLive = await findOut();
    if (isClosed || isLive === was) return;
    if (isLive === false) {
      for (const { reject } of pending.values()) reject(new LinkLost());
      pending.clear();
      clearTimeout(timer);
      onPresence("away");
    } else if (was === false) onPresence("here");
  }

  model.on("msg:custom", receive);
  model.on("comm_live_update", look);
  look();
  return {
    request(request) {
      return new Promise((resolve, reject) => {
        const described = request.kind === "describe" ? keptDescription(model.get("_described")) : null;
        const id = nextId++;
        if (described) return resolve({ id, ok: true, describe: described });
        if (isClosed || isLive === false) return reject(new LinkLost());
        pending.set(id, { resolve, reject });
        wait();
        try {
          model.send({ id, ...request, ...(isLoopback() ? { fill: SEGMENT } : {}) });
        } catch {
          pending.delete(id);
          reject(new LinkLost());
        }
      });
    },
    onStatus(listener) {
      listener("open");
    },
    isIdle: () => pending.size === 0,
    lastId: () => nextId - 1,
    close() {
      isClosed = true;
      clearTimeout(timer);
      model.off("msg:custom", receive);
      model.off("comm_live_update", look);
      for (const { reject } of pending.values()) reject(new LinkLost());
      pending.clear();
    },
  };
}

/** Whether the page comes from this computer; in tests there is none. */
function isLoopback() {
  return LOOPBACK.includes(globalThis.location?.hostname ?? "");
}

/**
 * Hides the still pictures that stand beside the widget for readers without it.
 *
 * @param {Model} model @returns {() => void}  shows them again
 */
function hideStills(model) {
  const key = model.get("_key");
  // It may come from a file, and goes into a style sheet.
  if (!/^[0-9a-f]{1,64}$/.test(key)) return () => {};
  const style = document.createElement("style");
  const still = `.lapicque-still[data-model="${key}"]`;
  style.textContent = `${still}, .jp-OutputArea-child:has(${still}) { display: none; }`;
  document.head.append(style);
  return () => style.remove();
}

/**
 * Calls back when the element is on the page and has a size: styles and sizes are read from it.
 *
 * @param {HTMLElement} element @param {() => void} then @returns {() => void}  calls it off
 */
function whenShown(element, then) {
  const observer = new ResizeObserver(() => {
    observer.disconnect();
    then();
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/** @param {{model: Model, el: HTMLElement}} widget */
function render({ model, el }) {
  let leave = () => {};
  // The notebook puts the element on the page after this.
  const cancel = whenShown(el, () => {
    try {
      leave = show(model, el);
    } catch (error) {
      el.textContent = `The lab could not be drawn: ${error}`;
      throw error;
    }
  });
  return () => {
    cancel();
    leave();
  };
}

/** @param {Model} model @param {HTMLElement} el @returns {() => void} */
function show(model, el) {
  const origin = `view ${Math.random()}`;
  const note = document.createElement("p");
  note.className = "lapicque-note";
  note.setAttribute("role", "status");
  note.hidden = true;
  const root = document.createElement("div");
  el.replaceChildren(note, root);
  /** @type {Presence} */
  let presence = "here";
  /** The compared method in the view. */
  let method = "";
  /** Whether the user did anything here: a view that only follows another has nothing to tell. */
  let isTouched = false;
  for (const type of ["pointerdown", "keydown", "input", "click"]) root.addEventListener(type, () => (isTouched = true), true);

  /** @param {Presence} next */
  function tell(next) {
    const isBack = presence === "away" && next === "here";
    presence = next;
    note.hidden = presence === "here";
    note.textContent = NOTES[presence];
    if (isBack) rebuild();
    else if (presence === "away") requestAnimationFrame(freeze);
  }

  /** What cannot be answered is not to be moved; it can still be looked at and read. */
  function freeze() {
    if (presence !== "away") return;
    for (const control of root.querySelectorAll(".lp-head input, .lp-controls input, .lp-controls button")) control.setAttribute("disabled", "");
  }

  /** The notebook's shortcuts do not fire in the lab, but to save it is meant there too. @param {KeyboardEvent} event */
  function passOn(event) {
    const isSave = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s";
    if (!isSave || event.target === el) return;
    const copy = new KeyboardEvent(event.type, event);
    el.dispatchEvent(copy);
    if (copy.defaultPrevented) event.preventDefault();
  }

  const link = commLink(model, tell);

  /** @returns {Lab} */
  function build() {
    const saved = keptState(model.get("_saved")?.state);
    const reply = keptPicture(model.get("_picture"));
    method = comparedIn(saved);
    const options = { saved: saved ?? undefined, linked: keptLinked(model.get("_saved")?.linked), onSettled: keep, isEmbedded: true };
    try {
      return mount(root, link, { ...options, reply: reply ?? undefined });
    } catch (error) {
      if (reply === null) throw error;
      // The picture had the right shape and yet could not be drawn.
      return mount(root, link, options);
    }
  }

  /** @param {Saved} saved @param {Still} picture @param {Preset[]} linked */
  function keep(saved, picture, linked) {
    method = comparedIn(saved);
    // A picture that is still awaited will settle too; a slow answer is no rest.
    if (!isTouched || !link.isIdle()) return;
    if (isSame(model.get("_saved")?.state, saved) && isSame(model.get("_picture")?.experiments, picture.experiments)) return;
    // A widget's traits may be held up while its messages are not: Python is told which came first.
    model.set("_saved", { origin, asked: link.lastId(), state: saved, linked });
    model.set("_picture", picture);
    model.save_changes();
  }

  function rebuild() {
    lab.destroy();
    lab = build();
    requestAnimationFrame(freeze);
  }

  /** The lab was moved in another view, or by Python. @param {unknown} _model @param {any} value */
  function follow(_model, value) {
    const saved = keptState(value?.state);
    if (saved === null || value.origin === origin) return;
    isTouched = false;
    const isOffer = String(value.origin).startsWith("python") && comparedIn(saved) === method;
    const preset = keptDescription(model.get("_described"))?.presets.find(({ name }) => name === saved.preset);
    // Where an offer will do, undo leads back to what was there.
    if (isOffer && preset) lab.offer(preset);
    else rebuild();
  }

  let lab = build();
  const showStills = hideStills(model);
  model.on("change:_saved", follow);
  el.addEventListener("keydown", passOn, true);
  return () => {
    el.removeEventListener("keydown", passOn, true);
    model.off("change:_saved", follow);
    showStills();
    lab.destroy();
    link.close();
  };
}

/** @param {Saved | null} saved */
function comparedIn(saved) {
  return saved?.method && saved.method.name !== EXACT ? JSON.stringify(saved.method) : EXACT;
}

/** @param {unknown} one @param {unknown} other */
function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

export default { render };
