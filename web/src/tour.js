/**
 * The tour: a strip that leads through settings of the lab, step by step. Each step is a link, so that it can be copied
 * and opened elsewhere too.
 */
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("./types.js").Step} Step */

/**
 * @param {object} given
 * @param {(link: string) => string} given.addressOf  where a link leads that is opened elsewhere
 * @param {(link: string) => void} given.onStep
 * @param {(isOpen: boolean) => void} given.onOpen
 */
export function createTour({ addressOf, onStep, onOpen }) {
  const place = h("span", { class: "lp-tour-place" });
  const title = h("strong", { class: "lp-tour-title" });
  const text = h("p", { class: "lp-tour-text" });
  const previous = h("a", { class: "lp-tool", "data-tour": "previous" }, icon("previous"), h("span", {}, "previous"));
  const next = h("a", { class: "lp-tool", "data-tour": "next" }, h("span", {}, "next"), icon("next"));
  const close = h("button", { type: "button", class: "lp-tool", "data-tour": "close", "aria-label": "close the tour", title: "close the tour" }, icon("drop"));
  const element = h(
    "section",
    { class: "lp-tour", "aria-label": "tour", hidden: true },
    h("div", { class: "lp-tour-words", "aria-live": "polite" }, h("p", { class: "lp-tour-head" }, place, title), text),
    h("div", { class: "lp-tour-tools" }, previous, next, close),
  );
  /** @type {Step[]} */
  let steps = [];
  let at = 0;

  previous.addEventListener("click", (event) => follow(event, at - 1));
  next.addEventListener("click", (event) => follow(event, at + 1));
  close.addEventListener("click", () => show(false));

  /** With a key or another button the browser opens it elsewhere. @param {MouseEvent} event @param {number} to */
  function follow(event, to) {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    goTo(to);
  }

  /** @param {number} to */
  function goTo(to) {
    if (!steps[to]) return;
    at = to;
    setText(place, `${at + 1} of ${steps.length}`);
    setText(title, steps[at].title);
    setText(text, steps[at].text);
    lead(previous, at - 1, next);
    lead(next, at + 1, previous);
    onStep(steps[at].link);
  }

  /** What leads nowhere hands the focus to its neighbour. @param {HTMLAnchorElement} anchor @param {number} to @param {HTMLAnchorElement} neighbour */
  function lead(anchor, to, neighbour) {
    const step = steps[to];
    if (step) {
      anchor.href = addressOf(step.link);
      anchor.title = step.title;
      for (const name of ["role", "aria-disabled"]) anchor.removeAttribute(name);
      return;
    }
    const hadFocus = /** @type {Document | ShadowRoot} */ (anchor.getRootNode()).activeElement === anchor;
    for (const name of ["href", "title"]) anchor.removeAttribute(name);
    anchor.setAttribute("role", "link");
    anchor.setAttribute("aria-disabled", "true");
    if (hadFocus) neighbour.focus();
  }

  /** @param {boolean} isOpen */
  function show(isOpen) {
    if (element.hidden === !isOpen) return;
    element.hidden = !isOpen;
    onOpen(isOpen);
    if (isOpen) goTo(at);
  }

  return {
    element,
    /** @param {Step[]} offered */
    offer(offered) {
      steps = offered;
    },
    toggle: () => show(element.hidden !== false),
  };
}
