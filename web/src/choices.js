/**
 * A row of radio buttons: the experiments, the views, the versions, the methods. A choice is dressed by the style sheet;
 * underneath it is what a screen reader and the keyboard know.
 */
import { h } from "./dom.js";

/**
 * @typedef {object} Option
 * @property {string} name
 * @property {(Node | string)[]} face  what is seen
 * @property {string} [spoken]  what is heard instead, where it is more
 * @property {string} [title]
 */

/**
 * @param {object} given
 * @param {string} given.id  unique on the page
 * @param {string} given.label  what is chosen
 * @param {string} given.hook  the name of the data attribute that carries each option's name
 * @param {string} given.look  a class
 * @param {(name: string) => void} given.onChoice
 */
export function createChoices({ id, label, hook, look, onChoice }) {
  /** @type {Map<string, HTMLInputElement>} */
  const inputs = new Map();
  const element = h("div", { class: look, role: "radiogroup", "aria-label": label });

  return {
    element,
    /** @param {Option[]} options */
    offer(options) {
      inputs.clear();
      element.replaceChildren(
        ...options.map(({ name, face, spoken, title }) => {
          const input = h("input", { type: "radio", name: id, id: `${id}-${name}`, value: name, "aria-label": spoken });
          input.addEventListener("change", () => onChoice(name));
          inputs.set(name, input);
          return h("label", { [`data-${hook}`]: name, title }, input, ...face);
        }),
      );
    },
    /** @param {string} name  where none has it, none is chosen */
    choose(name) {
      for (const [own, input] of inputs) if (input.checked !== (own === name)) input.checked = own === name;
    },
  };
}
