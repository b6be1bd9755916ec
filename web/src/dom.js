/**
 * Helpers to make elements; the view uses no framework.
 */
import { richParts } from "./format.js";

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes]  false, null and undefined are left out
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** Text with symbols in italics and their subscripts set low. @param {string} text @param {boolean} [isSymbol]  all of it is one symbol */
export function rich(text, isSymbol = false) {
  const fragment = document.createDocumentFragment();
  for (const part of richParts(text)) {
    if (part.kind === "sub") fragment.append(h("sub", {}, part.text));
    else if (part.kind === "symbol" || isSymbol) fragment.append(h("var", {}, part.text));
    else fragment.append(part.text);
  }
  return fragment;
}

/** Sets text with symbols; nodes that fit stay. @param {Element} element @param {string} text */
export function setRich(element, text) {
  const next = [...rich(text).childNodes];
  const now = [...element.childNodes];
  if (next.length !== now.length || next.some((node, k) => node.nodeName !== now[k].nodeName)) element.replaceChildren(...next);
  else next.forEach((node, k) => setText(now[k], node.textContent ?? ""));
}

/** Set anew, even what stays has its style computed. @param {HTMLElement} element @param {boolean} isHidden */
export function setHidden(element, isHidden) {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

/** Sets text only when it differs: an untouched node is not laid out anew. @param {Node} node @param {string} text */
export function setText(node, text) {
  const only = node instanceof Text ? node : node.childNodes.length === 1 ? node.firstChild : null;
  // A text that stays in place is laid out quicker than a new one.
  if (only instanceof Text) {
    if (only.data !== text) only.data = text;
  } else if (node.textContent !== text) {
    node.textContent = text;
  }
}
