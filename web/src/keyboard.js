/**
 * The keys of the whole lab. They are heard inside it only, and nothing of them is heard outside: the page around may
 * have shortcuts of one letter.
 */
import { isTyping } from "./row.js";

/**
 * @param {HTMLElement} root
 * @param {object} wishes
 * @param {Record<string, () => void>} wishes.keys  what a key does, by its name
 * @param {() => void} wishes.undo
 * @param {() => void} wishes.redo
 * @param {() => boolean} wishes.isBusy  in a dialog, which has keys of its own
 * @param {AbortSignal} signal
 */
export function listenToKeys(root, { keys, undo, redo, isBusy }, signal) {
  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (isBusy() || event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      const key = event.key.toLowerCase();
      if (isTyping(event.target) || !(key === "z" || (key === "y" && event.ctrlKey))) return;
      event.preventDefault();
      return key === "z" && !event.shiftKey ? undo() : redo();
    }
    const { target } = event;
    const isText = target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type === "text");
    if (!isText || event.key === "Escape") keys[event.key]?.();
  }

  root.addEventListener("keydown", onKey, { signal });
  for (const type of ["keydown", "keypress", "keyup"]) root.addEventListener(type, (event) => event.stopPropagation(), { signal });
}
