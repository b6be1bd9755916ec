/**
 * The dialog that passes on what is shown: as a link, as a script or file to copy, as a file of numbers or a picture. It
 * also takes a link.
 */
import { h, setText } from "./dom.js";
import { copy, download, rasterised } from "./handover.js";

/**
 * @typedef {import("./types.js").Description} Description
 * @typedef {{text: string, name: string, type: string}} File
 *
 * @typedef {object} Source  each promise is rejected with the reason in words
 * @property {() => Promise<string>} link  the whole address
 * @property {(format: string) => Promise<string>} script
 * @property {(format: string) => Promise<File>} file
 * @property {(text: string) => Promise<void>} open  a link that was pasted
 */

const PNG = { name: "png", label: "PNG" };
const DRAWN = "svg";
const WAITING = "Waits for Python …";
const PATIENCE = 300;
const REFUSED = "The browser does not let the lab copy. The text is selected: press Ctrl C (on a Mac ⌘ C).";

/** @param {{prefix: string, source: Source}} given */
export function createShare({ prefix, source }) {
  const status = h("p", { class: "lp-share-status", role: "status" });
  const text = h("textarea", { class: "lp-share-text", readonly: true, rows: 6, "aria-label": "text to copy", hidden: true });
  const scripts = h("div", { class: "lp-share-row" });
  const files = h("div", { class: "lp-share-row" });
  const pasted = h("input", { id: `${prefix}pasted`, type: "text", autocomplete: "off", spellcheck: "false" });
  const opener = h(
    "form",
    { class: "lp-share-row" },
    h("label", { for: `${prefix}pasted` }, "open a link"),
    pasted,
    h("button", { type: "submit", "data-share": "open" }, "open"),
  );
  const close = h("button", { type: "button", class: "lp-close" }, "close");
  const chapter = (/** @type {string} */ name) => h("p", { class: "lp-chapter" }, name);
  const dialog = h(
    "dialog",
    { class: "lp-dialog lp-share", "aria-label": "share" },
    // The inside covers the dialog, so that a click on the dialog itself is one on the backdrop.
    h(
      "div",
      { class: "lp-dialog-body" },
      chapter("Link to this setting"),
      h("div", { class: "lp-share-row" }, button("copy link", "copy link", "link", () => give(source.link(), "The link is copied."))),
      chapter("Copy as"),
      scripts,
      chapter("Download what is shown"),
      files,
      status,
      text,
      opener,
      close,
    ),
  );
  let turn = 0;

  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  opener.addEventListener("submit", (event) => {
    event.preventDefault();
    tell(async () => {
      if (pasted.value.trim() === "") return "";
      await source.open(pasted.value);
      pasted.value = "";
      dialog.close();
      return "";
    });
  });

  /** @param {string} word @param {string} spoken @param {string} hook @param {() => void} act */
  function button(word, spoken, hook, act) {
    const made = h("button", { type: "button", "data-share": hook, "aria-label": spoken === word ? null : spoken }, word);
    made.addEventListener("click", act);
    return made;
  }

  /** What was asked for last has the say. @param {() => Promise<string>} work  in the end, what there is to say */
  async function tell(work) {
    const mine = ++turn;
    setText(status, "");
    status.classList.remove("is-bad");
    text.hidden = true;
    let said = "";
    let isBad = false;
    const waiting = setTimeout(() => mine === turn && setText(status, WAITING), PATIENCE);
    try {
      said = await work();
    } catch (error) {
      said = error instanceof Error ? error.message : String(error);
      isBad = true;
    }
    clearTimeout(waiting);
    if (mine !== turn) return;
    setText(status, said);
    status.classList.toggle("is-bad", isBad);
  }

  /** @param {Promise<string>} coming @param {string} done */
  function give(coming, done) {
    tell(async () => {
      if (await copy(coming)) return done;
      text.value = await coming;
      text.hidden = false;
      text.focus();
      text.select();
      return REFUSED;
    });
  }

  /** @param {string} format */
  function save(format) {
    tell(async () => {
      const isRaster = format === PNG.name;
      const file = await source.file(isRaster ? DRAWN : format);
      const blob = isRaster ? await rasterised(file.text) : new Blob([file.text], { type: file.type });
      const name = isRaster ? file.name.replace(/\.\w+$/, `.${PNG.name}`) : file.name;
      download(blob, name);
      return `${name} is downloaded.`;
    });
  }

  return {
    element: dialog,
    /** @param {Description} description */
    offer({ copies, saves }) {
      scripts.replaceChildren(...copies.map(({ name, label }) => button(label, `copy as ${label}`, name, () => give(source.script(name), `${label} is copied.`))));
      const drawn = saves.some(({ name }) => name === DRAWN) ? [...saves, PNG] : saves;
      files.replaceChildren(...drawn.map(({ name, label }) => button(label, `download ${label}`, name, () => save(name))));
      scripts.previousElementSibling?.toggleAttribute("hidden", copies.length === 0);
    },
    open() {
      if (dialog.open) return;
      turn++;
      setText(status, "");
      text.hidden = true;
      dialog.showModal();
    },
  };
}
