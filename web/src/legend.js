/**
 * The legend of the figure: what each line is, and its value at the cursor. Made anew when what is on show changes,
 * afterwards only the values change.
 */
import { h, rich, setText } from "./dom.js";
import { boxText, decimalsFor, fixed } from "./format.js";
import { keyOf } from "./key.js";
import { shortLabel } from "./plots.js";
import { valueAt } from "./scale.js";
import { AFTER, EXTRA, KICK, MISSED, THETA, comparedStyle, heldStyle, styleOf } from "./styles.js";

/**
 * @typedef {import("./plots.js").Shown} Shown
 *
 * @typedef {object} Entry  one value at the cursor
 * @property {HTMLOutputElement} output
 * @property {keyof typeof QUANTITIES} quantity
 * @property {(shown: Shown) => import("./types.js").Result | import("./types.js").ErrorResult | undefined} of
 */

/** Where the values of a quantity stand in a result, and the resolution and unit that go with them. */
const QUANTITIES = /** @type {const} */ ({
  I: ["I_t", "I", "I", " nA"],
  V: ["t", "V", "V", " mV"],
  asc: ["asc_t", "asc", "I", " nA"],
  theta: ["theta_t", "theta", "V", " mV"],
});

/** What only some neurons and currents have, of a single experiment: there is no room for more. @param {Shown} shown */
function extrasOf({ results }) {
  const [{ asc, theta, kick }] = results;
  const has = (/** @type {import("./types.js").Numbers} */ list) => results.length === 1 && list.length > 0;
  return { asc: has(asc), theta: has(theta), kick: has(kick) ? boxText(Number(Math.max(...Array.from(kick, Math.abs)).toPrecision(3))) : "" };
}

export function createLegend() {
  const lines = h("ul", { class: "lp-lines", "aria-label": "legend" });
  const others = h("ul", { class: "lp-others", "aria-label": "legend of what is compared" });
  const element = h("div", { class: "lp-legend" }, lines, others);
  /** @type {Entry[]} */
  let entries = [];
  let built = "";

  /** @param {Entry["quantity"]} quantity @param {Entry["of"]} of */
  function value(quantity, of) {
    // An output is read out at each change: under a moving mouse without end.
    const output = h("output", { "aria-live": "off" });
    entries.push({ output, quantity, of });
    return output;
  }

  /** A value that says whose it is, for several in a row. @param {string} name @param {Entry["quantity"]} quantity @param {Entry["of"]} of */
  function named(name, quantity, of) {
    return h("span", { class: "lp-at", "data-of": name }, name === quantity ? h("var", {}, name) : name, value(quantity, of));
  }

  /** @param {Shown} shown */
  function rebuild(shown) {
    const { results, names, compared, held } = shown;
    entries = [];
    /** @type {HTMLElement[]} */
    const items = [];
    /** @type {HTMLElement[]} */
    const more = [];
    const symbol = (/** @type {string} */ name) => h("var", {}, name);
    const name = (/** @type {string} */ text) => h("span", { class: "lp-name" }, rich(text));
    if (results.length === 1) {
      items.push(h("li", {}, keyOf(styleOf("I", 0, 1)), symbol("I"), value("I", (now) => now.results[0])));
      items.push(h("li", {}, keyOf(styleOf("V", 0, 1)), symbol("V"), ...(compared ? [name("exact")] : []), value("V", (now) => now.results[0])));
      const { asc, theta, kick } = extrasOf(shown);
      if (asc) items.push(h("li", {}, keyOf(AFTER), name("after spikes"), value("asc", (now) => now.results[0])));
      if (theta) items.push(h("li", {}, keyOf(THETA), name("threshold"), value("theta", (now) => now.results[0])));
      if (kick) items.push(h("li", {}, keyOf(KICK), name(`kicks, up to ${kick} mV`)));
    } else {
      results.forEach((_, index) => {
        const own = [named("I", "I", (now) => now.results[index]), named("V", "V", (now) => now.results[index])];
        if (compared) own.push(named(shortLabel(compared[0]), "V", (now) => now.compared?.[index]));
        if (held && held.results.length === results.length) own.push(named("B", "V", (now) => now.held?.results[index]));
        items.push(h("li", { class: "lp-several" }, keyOf(styleOf("V", index, results.length)), name(names[index] ?? ""), ...own));
      });
    }
    if (compared) {
      const own = results.length === 1 ? [value("V", (now) => now.compared?.[0])] : [];
      more.push(h("li", {}, keyOf({ ...comparedStyle(0), marker: undefined }), name(results.length === 1 ? shortLabel(compared[0]) : compared[0].label), ...own));
    }
    if (held) {
      const own = held.results.length === 1 ? [value("I", (now) => now.held?.results[0]), value("V", (now) => now.held?.results[0])] : [];
      more.push(h("li", {}, keyOf(heldStyle(0)), name("B"), ...own));
    }
    if (compared) {
      more.push(h("li", {}, keyOf(MISSED), name("missed")));
      more.push(h("li", {}, keyOf(EXTRA), name("extra")));
    }
    element.classList.toggle("is-overlaid", results.length > 1);
    element.classList.toggle("is-full", results.length > 1 && (compared !== null || held !== null));
    element.classList.toggle("is-fullest", results.length > 1 && compared !== null && held !== null);
    lines.replaceChildren(...items);
    others.replaceChildren(...more);
    others.hidden = more.length === 0;
  }

  return {
    element,
    /** @param {Shown} shown */
    show(shown) {
      const { results, names, compared, held } = shown;
      const key = JSON.stringify([results.length, names, compared?.map((method) => method.label), held?.results.length, extrasOf(shown)]);
      if (key !== built) rebuild(shown);
      built = key;
    },
    /** The values at an instant; none for null. @param {Shown} shown @param {number | null} time @param {{I: number, V: number}} resolution */
    point(shown, time, resolution) {
      for (const { output, quantity, of } of entries) {
        const result = of(shown);
        const [times, values, scale, ownUnit] = QUANTITIES[quantity];
        const table = /** @type {Record<string, any> | undefined} */ (result);
        const at = time === null || !table?.[values] ? null : valueAt(table[times], table[values], time);
        // Several in a row have no room for units; the axes have them.
        const unit = shown.results.length > 1 ? "" : ownUnit;
        setText(output, at === null ? "" : `${fixed(at, decimalsFor(resolution[scale]))}${unit}`);
      }
    },
  };
}
