import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { copy } from "../src/handover.js";

const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");

/** @param {object | undefined} clipboard @param {boolean} [knowsItems] */
function browser(clipboard, knowsItems = true) {
  Object.defineProperty(globalThis, "navigator", { value: { clipboard }, configurable: true });
  const item = class {
    /** @param {Record<string, Promise<Blob>>} parts */
    constructor(parts) {
      this.parts = parts;
    }
  };
  Object.assign(globalThis, { ClipboardItem: knowsItems ? item : undefined });
}

afterEach(() => {
  if (own) Object.defineProperty(globalThis, "navigator", own);
  Object.assign(globalThis, { ClipboardItem: undefined });
});

test("the browser is asked at once, before the text has come", async () => {
  /** @type {string[]} */
  const told = [];
  /** @type {(text: string) => void} */
  let arrive = () => {};
  const coming = new Promise((/** @type {(text: string) => void} */ resolve) => (arrive = resolve));
  browser({
    write: async (/** @type {any[]} */ [{ parts }]) => {
      told.push("asked");
      told.push(await (await parts["text/plain"]).text());
    },
  });
  const done = copy(coming);
  assert.deepEqual(told, ["asked"]);
  arrive("1.abc");
  assert.equal(await done, true);
  assert.deepEqual(told, ["asked", "1.abc"]);
});

test("a browser that knows no such promise gets the text", async () => {
  /** @type {string[]} */
  const told = [];
  const writeText = async (/** @type {string} */ text) => void told.push(text);
  const write = async () => {
    throw new TypeError("not a Blob");
  };
  browser({ write, writeText });
  assert.equal(await copy(Promise.resolve("a")), true);
  browser({ writeText }, false);
  assert.equal(await copy(Promise.resolve("b")), true);
  assert.deepEqual(told, ["a", "b"]);
});

test("where the clipboard is refused or not there, it is said", async () => {
  const refuse = async () => {
    throw new Error("NotAllowedError");
  };
  browser({ write: refuse, writeText: refuse });
  assert.equal(await copy(Promise.resolve("a")), false);
  browser(undefined);
  assert.equal(await copy(Promise.resolve("a")), false);
});

test("why there is no text is told, once, and nothing is left unhandled", async () => {
  const write = async (/** @type {any[]} */ [{ parts }]) => void (await parts["text/plain"]);
  for (const clipboard of [{ write, writeText: async () => {} }, undefined]) {
    browser(clipboard);
    await assert.rejects(copy(Promise.reject(new Error("'R_m' must be > 0"))), /R_m/);
  }
});
