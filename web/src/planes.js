/**
 * Planes that come in parts: the convergence view has one curve per method, each the answer to a request of its own.
 *
 * @typedef {import("./types.js").Axis} Axis
 * @typedef {import("./types.js").Plane} Plane
 */

/** All parts in one plane, in their order; what several parts say alike is said once. @param {Plane[]} parts @returns {Plane} */
export function merged(parts) {
  const [first] = parts;
  const sentence = together([...new Set(parts.map((part) => part.sentence))]);
  return {
    ...first,
    sentence,
    text: `${first.title}. ${sentence}`,
    x: spanning(parts.map(({ x }) => x)),
    y: spanning(parts.map(({ y }) => y)),
    curves: distinct(parts.flatMap(({ curves }) => curves), ({ name }) => name),
    marks: distinct(parts.flatMap(({ marks }) => marks), ({ axis, value, label }) => `${axis} ${value} ${label}`),
    points: distinct(parts.flatMap(({ points }) => points), ({ x, y, label }) => `${x} ${y} ${label}`),
    readouts: distinct(parts.flatMap(({ readouts }) => readouts), ({ name, text }) => `${name} ${text}`),
  };
}

/**
 * Sentences as one: the words that all end with are said once.
 *
 * @param {string[]} sentences
 */
export function together(sentences) {
  const words = sentences.map((sentence) => sentence.split(" "));
  const [first] = words;
  const most = Math.min(...words.map(({ length }) => length)) - 1;
  let shared = 0;
  while (shared < most && words.every((own) => own.at(-1 - shared) === first.at(-1 - shared))) shared++;
  if (words.length < 2 || shared === 0) return sentences.join(" ");
  const heads = words.map((own) => own.slice(0, -shared).join(" "));
  const end = first.slice(-shared).join(" ");
  if (heads.every((head) => head.endsWith(":"))) return `${heads.map((head) => head.slice(0, -1)).join(", ")}: ${end}`;
  return `${heads.join("; ")} ${end}`;
}

/** @param {Axis[]} axes @returns {Axis} */
function spanning(axes) {
  const ranges = axes.map(({ range }) => range);
  return { ...axes[0], range: [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))] };
}

/** @template Item @param {Item[]} items @param {(item: Item) => string} key @returns {Item[]} */
function distinct(items, key) {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
