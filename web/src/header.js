/**
 * The header: the experiments to choose from, the theme and the help.
 */
import { h, setText } from "./dom.js";
import { splitTitle } from "./format.js";

/**
 * @typedef {import("./types.js").Preset} Preset
 */

/**
 * @param {object} wishes
 * @param {(preset: string) => void} wishes.onPreset
 * @param {() => void} wishes.onTheme
 * @param {() => void} wishes.onHelp
 */
export function createHeader({ onPreset, onTheme, onHelp }) {
  const tabs = h("div", { class: "lp-tabs", role: "radiogroup", "aria-label": "experiment" });
  const title = h("h1", {});
  const summary = h("p", {});
  const theme = h("button", { type: "button", class: "lp-tool", "data-tool": "theme" });
  const help = h("button", { type: "button", class: "lp-tool", "data-tool": "help", "aria-label": "help and keys", "aria-keyshortcuts": "?" });
  theme.append(h("span", { "aria-hidden": "true" }, "◐"), h("span", { class: "lp-word" }, "theme"));
  help.append(h("span", { "aria-hidden": "true" }, "?"), h("span", { class: "lp-word" }, "help"));
  theme.addEventListener("click", onTheme);
  help.addEventListener("click", onHelp);
  /** @type {Map<string, HTMLInputElement>} */
  const inputs = new Map();

  return {
    element: h(
      "header",
      { class: "lp-head" },
      h("span", { class: "lp-brand" }, "lapicque"),
      tabs,
      h("div", { class: "lp-tools" }, theme, help),
      h("div", { class: "lp-title" }, title, summary),
    ),
    /** @param {Preset[]} presets */
    offer(presets) {
      tabs.replaceChildren(
        ...presets.map((preset) => {
          const [number, name] = splitTitle(preset.title);
          const input = h("input", { type: "radio", name: "lp-preset", value: preset.name, "aria-label": preset.title });
          input.addEventListener("change", () => onPreset(preset.name));
          inputs.set(preset.name, input);
          return h(
            "label",
            { "data-preset": preset.name, title: preset.title },
            input,
            ...(number ? [h("span", { class: "lp-number" }, number)] : []),
            h("span", { class: "lp-name" }, name),
          );
        }),
      );
    },
    /** @param {Preset} preset */
    update(preset) {
      const input = inputs.get(preset.name);
      if (input) input.checked = true;
      setText(title, preset.title);
      setText(summary, preset.summary);
    },
    /** @param {"light" | "dark"} name  the theme that is on */
    setTheme(name) {
      theme.setAttribute("aria-label", `theme: ${name}; change to ${name === "dark" ? "light" : "dark"}`);
    },
  };
}
