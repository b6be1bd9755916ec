import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { themeOfPage } from "../src/theme.js";

/** A page as far as a theme is read from it. @param {Record<string, string>} html @param {Record<string, string>} body */
function pageOf(html, body) {
  const element = (/** @type {Record<string, string>} */ attributes) => ({
    getAttribute: (/** @type {string} */ name) => attributes[name] ?? null,
    classList: { contains: (/** @type {string} */ name) => (attributes.class ?? "").split(" ").includes(name) },
  });
  return /** @type {any} */ ({ documentElement: element(html), body: element(body) });
}

test("the theme of the page around is read as each host writes it", () => {
  assert.equal(themeOfPage(pageOf({}, {})), null);
  assert.equal(themeOfPage(pageOf({}, { "data-jp-theme-light": "true" })), "light");
  assert.equal(themeOfPage(pageOf({}, { "data-jp-theme-light": "false" })), "dark");
  assert.equal(themeOfPage(pageOf({}, { class: "vscode-body vscode-dark" })), "dark");
  assert.equal(themeOfPage(pageOf({}, { class: "vscode-high-contrast" })), "dark");
  assert.equal(themeOfPage(pageOf({}, { class: "vscode-high-contrast vscode-high-contrast-light" })), "light");
  assert.equal(themeOfPage(pageOf({ theme: "dark" }, {})), "dark");
  assert.equal(themeOfPage(pageOf({ theme: "light" }, {})), "light");
});

// Contrasts ------------------------------------------------------------------------------------

const sheet = ["base.css", "plots.css"].map((name) => readFileSync(new URL(`../src/${name}`, import.meta.url), "utf8")).join("\n");

/** The colour tokens of every rule with exactly this selector. @param {string} selector @returns {Record<string, string>} */
function tokensOf(selector) {
  const rules = [...sheet.matchAll(/(?<=^|\n)([^\n{}]+) \{([^{}]*)\}/g)].filter((match) => match[1] === selector);
  const declarations = rules.flatMap((match) => [...match[2].matchAll(/--lp-([\w-]+): (#[0-9a-f]{6});/g)]);
  return Object.fromEntries(declarations.map((match) => [match[1], match[2]]));
}

const light = tokensOf(".lapicque");
const dark = { ...light, ...tokensOf('.lapicque[data-theme="dark"]') };

/** Relative luminance by WCAG 2.2. @param {string} colour  #rrggbb */
function luminance(colour) {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const share = parseInt(colour.slice(start, start + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {string} one @param {string} other */
function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** What is read stands on these grounds: WCAG AA asks for 4.5. */
const TEXTS = [
  ["ink", "page"], ["ink", "surface"], ["ink", "bad-ground"], ["muted", "page"], ["muted", "surface"], ["muted", "bad-ground"],
  ["on-accent", "accent"], ["accent", "surface"], ["accent", "page"], ["bad", "surface"], ["bad", "page"], ["bad", "bad-ground"],
];
/** Lines, marks and the edges of controls: 3. */
const MARKS = [
  ...["V", "I", "spike", "threshold", "compared", "second", "accent", "bad", "track"].map((token) => [token, "surface"]),
  ["accent", "page"], ["accent", "bad-ground"], ["bad", "bad-ground"],
];

test("the contrast of black on white is 21, of a colour on itself 1", () => {
  assert.equal(contrast("#000000", "#ffffff"), 21);
  assert.equal(contrast("#0072b2", "#0072b2"), 1);
});

for (const [name, tokens] of /** @type {[string, Record<string, string>][]} */ ([["light", light], ["dark", dark]])) {
  test(`every pair of tokens has the contrast of WCAG AA, ${name}`, () => {
    const weak = [...TEXTS.map(([fore, back]) => ({ fore, back, least: 4.5 })), ...MARKS.map(([fore, back]) => ({ fore, back, least: 3 }))]
      .map((pair) => ({ ...pair, is: contrast(tokens[pair.fore], tokens[pair.back]) }))
      .filter(({ is, least }) => !(is >= least))
      .map(({ fore, back, is, least }) => `${fore} on ${back}: ${is.toFixed(2)} < ${least}`);
    assert.deepEqual(weak, []);
  });
}
