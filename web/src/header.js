/**
 * The header: the experiments and the views to choose from, and the tools.
 */
import { createChoices } from "./choices.js";
import { h, setText } from "./dom.js";
import { splitTitle } from "./format.js";
import { icon } from "./icons.js";

/**
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").Preset} Preset
 * @typedef {"undo" | "redo" | "hold" | "swap" | "drop" | "share" | "tour" | "presenter" | "theme" | "help"} ToolName
 *
 * @typedef {object} Tool
 * @property {string} word
 * @property {string} spoken  begins with the word, so that it can be asked for by voice
 * @property {string} keys  for the hint
 * @property {string} [shortcut]  the same in the words of ARIA
 */

/** @type {Record<ToolName, Tool>} */
const TOOLS = {
  undo: { word: "undo", spoken: "undo the last change", keys: "Ctrl Z", shortcut: "Control+Z Meta+Z" },
  redo: { word: "redo", spoken: "redo the change", keys: "Ctrl Shift Z", shortcut: "Control+Shift+Z Meta+Shift+Z Control+Y" },
  hold: { word: "hold", spoken: "hold this setting as B", keys: "h", shortcut: "h" },
  swap: { word: "swap A, B", spoken: "swap A, B: the held setting into the sliders", keys: "x", shortcut: "x" },
  drop: { word: "let go of B", spoken: "let go of B", keys: "" },
  share: { word: "share", spoken: "share: links, scripts and files", keys: "" },
  tour: { word: "tour", spoken: "tour: ten steps through the experiments", keys: "" },
  presenter: { word: "present", spoken: "present: large type and one slider at hand", keys: "f", shortcut: "f" },
  theme: { word: "theme", spoken: "theme", keys: "" },
  help: { word: "help", spoken: "help: keys and gestures", keys: "?", shortcut: "?" },
};

/**
 * @param {object} given
 * @param {string} given.prefix  of ids
 * @param {boolean} given.isEmbedded  in a page that has its own title and landmarks
 * @param {(preset: string) => void} given.onPreset
 * @param {(view: string) => void} given.onView
 * @param {(tool: ToolName) => void} given.onTool
 */
export function createHeader({ prefix, isEmbedded, onPreset, onView, onTool }) {
  const presets = createChoices({ id: `${prefix}preset`, label: "experiment", hook: "preset", look: "lp-tabs", onChoice: onPreset });
  const grouped = h("select", { class: "lp-grouped", "data-group": "", hidden: true });
  const views = createChoices({ id: `${prefix}view`, label: "view", hook: "view", look: "lp-views", onChoice: onView });
  const title = h(isEmbedded ? "div" : "h1", { class: "lp-title" });
  const summary = h("p", { class: "lp-summary" });
  const buttons = /** @type {Record<ToolName, HTMLButtonElement>} */ ({});
  for (const name of /** @type {ToolName[]} */ (Object.keys(TOOLS))) {
    const { word, spoken, keys, shortcut } = TOOLS[name];
    const hint = keys ? `${spoken} (${keys})` : spoken;
    buttons[name] = h("button", { type: "button", class: "lp-tool", "data-tool": name, "aria-label": spoken, "aria-keyshortcuts": shortcut, title: hint });
    buttons[name].append(icon(name), h("span", { class: "lp-word" }, word));
    buttons[name].addEventListener("click", () => onTool(name));
  }
  grouped.addEventListener("change", () => onPreset(grouped.value));
  buttons.presenter.setAttribute("aria-pressed", "false");
  buttons.share.setAttribute("aria-haspopup", "dialog");
  buttons.tour.setAttribute("aria-expanded", "false");
  const group = (/** @type {ToolName[]} */ ...names) => h("div", { class: "lp-tool-group" }, ...names.map((name) => buttons[name]));
  const groups = [group("undo", "redo"), group("hold", "swap", "drop"), group("share", "tour"), group("presenter", "theme", "help")];
  const toolbar = h("div", { class: "lp-tools", role: "group", "aria-label": "tools" }, ...groups);

  /** A button that goes away hands the focus to its neighbour, else the keys would go nowhere. @param {ToolName} name @param {boolean} isUsable @param {ToolName} neighbour */
  function setUsable(name, isUsable, neighbour) {
    if (buttons[name].disabled === !isUsable) return;
    const hadFocus = /** @type {Document | ShadowRoot} */ (buttons[name].getRootNode()).activeElement === buttons[name];
    buttons[name].disabled = !isUsable;
    if (hadFocus && !isUsable) buttons[neighbour].focus();
  }

  return {
    element: h(
      isEmbedded ? "div" : "header",
      { class: "lp-head" },
      h("div", { class: "lp-head-row" }, ...(isEmbedded ? [] : [h("span", { class: "lp-brand" }, "lapicque")]), h("div", { class: "lp-choosers" }, presets.element, grouped), toolbar),
      h("div", { class: "lp-head-row" }, h("div", { class: "lp-about" }, title, summary), views.element),
    ),
    /** @param {Preset[]} offered @param {Description["views"]} known */
    offer(offered, known) {
      const listed = offered.filter(({ group }) => group);
      const called = listed[0]?.group ?? "";
      grouped.hidden = listed.length === 0;
      grouped.setAttribute("aria-label", called);
      grouped.replaceChildren(h("option", { value: "", hidden: true }, called), ...listed.map(({ name, title }) => h("option", { value: name }, title)));
      presets.offer(
        offered.filter(({ group }) => !group).map((preset) => {
          const [number, name] = splitTitle(preset.title);
          const face = [...(number ? [h("span", { class: "lp-number" }, number)] : []), h("span", { class: "lp-name" }, name)];
          return { name: preset.name, face, spoken: preset.title, title: preset.title };
        }),
      );
      views.offer(known.map(({ name, label, summary: hint }) => ({ name, face: [label], title: hint })));
    },
    /** @param {Preset} preset @param {string} view */
    update(preset, view) {
      presets.choose(preset.name);
      grouped.value = preset.group ? preset.name : "";
      grouped.classList.toggle("is-chosen", preset.group !== undefined);
      views.choose(view);
      setText(title, preset.title);
      setText(summary, preset.summary);
    },
    /**
     * What the tools can do now.
     *
     * @param {{canUndo: boolean, canRedo: boolean, isHeld: boolean, canSwap: boolean, canHold: boolean, isKnown: boolean}} now
     */
    enable({ canUndo, canRedo, isHeld, canSwap, canHold, isKnown }) {
      setUsable("redo", canRedo, "undo");
      setUsable("undo", canUndo, canRedo ? "redo" : "hold");
      setUsable("hold", canHold, "presenter");
      setUsable("swap", canSwap, "hold");
      setUsable("share", isKnown, "presenter");
      setUsable("tour", isKnown, "presenter");
      for (const name of /** @type {ToolName[]} */ (["swap", "drop"])) {
        if (buttons[name].hidden === isHeld) buttons[name].hidden = !isHeld;
      }
    },
    /** @param {ToolName} name */
    focus: (name) => buttons[name].focus(),
    /** @param {boolean} isOpen */
    setTouring(isOpen) {
      buttons.tour.setAttribute("aria-expanded", String(isOpen));
    },
    /** @param {boolean} isOn */
    setPresenting(isOn) {
      buttons.presenter.setAttribute("aria-pressed", String(isOn));
    },
    /** @param {"light" | "dark"} name  the theme that is on */
    setTheme(name) {
      buttons.theme.setAttribute("aria-label", `theme: ${name}; change to ${name === "dark" ? "light" : "dark"}`);
    },
  };
}
