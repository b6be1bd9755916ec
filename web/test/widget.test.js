import assert from "node:assert/strict";
import { test } from "node:test";
import { keptDescription, keptLinked, keptPicture, keptState } from "../src/kept.js";
import { LinkLost } from "../src/link.js";
import { commLink } from "../src/widget.js";

/** A widget's model in the hands of the test. */
class FakeModel {
  /** @type {{id: number, kind: string}[]} */
  sent = [];
  /** @type {Map<string, Set<(...values: any[]) => void>>} */
  listeners = new Map();

  /** @param {Record<string, unknown>} traits @param {{comm_live: boolean}} [live]  what the host's manager knows */
  constructor(traits = {}, live) {
    this.traits = traits;
    this.widget_manager = live && { get_model: async () => live };
  }

  /** @param {string} name */
  get(name) {
    return this.traits[name];
  }

  /** @param {any} content */
  send(content) {
    this.sent.push(content);
  }

  set() {}

  save_changes() {}

  /** @param {string} event @param {(...values: any[]) => void} listener */
  on(event, listener) {
    this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(listener));
  }

  /** @param {string} event @param {(...values: any[]) => void} listener */
  off(event, listener) {
    this.listeners.get(event)?.delete(listener);
  }

  /** @param {string} event @param {unknown} [value] */
  trigger(event, value) {
    for (const listener of this.listeners.get(event) ?? []) listener(value);
  }

  /** Python's answer to the n-th message. @param {number} index @param {object} reply */
  answer(index, reply) {
    this.trigger("msg:custom", { reply: JSON.stringify({ id: this.sent[index].id, ...reply }) });
  }
}

const settled = () => new Promise(setImmediate);

/** @param {FakeModel} model */
function linkTo(model) {
  /** @type {string[]} */
  const told = [];
  return { link: commLink(model, (presence) => told.push(presence)), told };
}

/** @type {import("../src/types.js").Request} */
const run = { kind: "run", view: "traces", experiments: [{}], window: null, width: 300 };

const slider = {
  ...{ name: "I", symbol: "I", label: "current", group: "Current", unit: "nA" },
  ...{ minimum: 0, maximum: 10, step: 0.1, default: 0.8 },
  targets: [{ path: "current.0.amplitude", factor: 1, power: 1, experiment: null }],
};
const variant = { name: "v", label: "", note: "", experiments: [{ label: "", experiment: {} }], sliders: [slider] };
const described = {
  protocol: 3,
  address: null,
  copies: [],
  saves: [],
  tour: [],
  presets: [{ name: "p", title: "P", summary: "", variants: [variant] }],
  first: "p",
  views: [{ name: "traces", label: "Traces", summary: "" }],
  methods: [{ name: "Exact", label: "exact", locates: [] }],
  locates: [{ name: "grid", label: "on the grid" }],
  dt: { ...slider, name: "dt", grid: [0.1, 1] },
};
const choice = { variant: "v", values: { I: 1 }, extents: { I: [0, 20] } };
const state = {
  preset: "p",
  choices: { p: choice },
  view: "traces",
  method: { name: "Euler", dt: 0.5, locate: "grid" },
  held: { label: "B", preset: "p", choice, experiments: [{}], names: [] },
};
const result = {
  ...{ duration: 100, window: [0, 100], t: { f4: "AAAA", add: 0 }, V: [1], I_t: [0], I: [0], spikes: { f8: "" } },
  ...{ sentence: "Silent.", equation: "", crowded: null },
  readouts: [{ name: "rate", label: "rate", unit: "Hz", value: null, text: "–" }],
  lines: [{ name: "V_th", label: "threshold", role: "threshold", value: 5 }],
};
const picture = { experiments: [{}], names: [], results: [result] };

test("a request is one message, and its reply finds it by its id", async () => {
  const model = new FakeModel();
  const { link, told } = linkTo(model);
  const first = link.request(run);
  const second = link.request({ ...run, width: 500 });
  assert.equal(model.sent.length, 2);
  assert.deepEqual({ ...model.sent[0], id: 0 }, { id: 0, ...run });
  assert.equal(link.isIdle(), false);
  model.answer(1, { ok: false });
  model.answer(0, { ok: true });
  assert.equal((await first).ok, true);
  assert.equal((await second).ok, false);
  assert.equal(link.isIdle(), true);
  assert.ok(told.every((presence) => presence === "here"));
  link.close();
});

test("two views of one model do not take each other's replies", async () => {
  const model = new FakeModel();
  const one = linkTo(model).link;
  const other = linkTo(model).link;
  const asked = one.request(run);
  other.request(run).catch(() => {});
  model.answer(1, { ok: true });
  assert.equal(one.isIdle(), false);
  assert.equal(other.isIdle(), true);
  model.answer(0, { ok: true });
  await asked;
  one.close();
  other.close();
});

test("messages that are no replies are let pass", () => {
  const model = new FakeModel();
  const { link } = linkTo(model);
  for (const content of [{}, { reply: 3 }, { reply: '{"id": 0}' }]) model.trigger("msg:custom", content);
  link.close();
});

test("what is on offer is known without asking", async () => {
  const model = new FakeModel({ _described: described });
  const { link } = linkTo(model);
  assert.deepEqual((await link.request({ kind: "describe" })).describe, described);
  assert.equal(model.sent.length, 0);
  link.close();
});

test("a description that is none is asked for", async () => {
  for (const bad of [undefined, null, 3, {}, { ...described, protocol: 1 }, { ...described, presets: [] }, { ...described, dt: null }]) {
    const model = new FakeModel({ _described: bad });
    const { link } = linkTo(model);
    const asked = link.request({ kind: "describe" });
    model.answer(0, { ok: true, describe: described });
    assert.deepEqual((await asked).describe, described);
    link.close();
  }
});

test("a slow answer is told, and its coming", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const model = new FakeModel({}, { comm_live: true });
  const { link, told } = linkTo(model);
  await settled();
  const asked = link.request(run);
  context.mock.timers.tick(999);
  assert.deepEqual(told, []);
  context.mock.timers.tick(1);
  assert.deepEqual(told, ["busy"]);
  model.answer(0, { ok: true });
  await asked;
  assert.deepEqual(told, ["busy", "here"]);
  context.mock.timers.tick(10_000);
  assert.deepEqual(told, ["busy", "here"]);
  link.close();
});

test("where the host does not say whether there is a kernel, silence is all one knows", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { link, told } = linkTo(new FakeModel());
  link.request(run).catch(() => {});
  context.mock.timers.tick(1000);
  assert.deepEqual(told, ["silent"]);
  link.close();
});

test("without a kernel nothing is asked; when it comes, that is told", async () => {
  const live = { comm_live: false };
  const model = new FakeModel({ _key: "a" }, live);
  const { link, told } = linkTo(model);
  const early = link.request(run);
  await assert.rejects(early, LinkLost);
  assert.deepEqual(told, ["away"]);
  await assert.rejects(link.request(run), LinkLost);
  assert.equal(model.sent.length, 1);
  live.comm_live = true;
  model.trigger("comm_live_update");
  await settled();
  assert.deepEqual(told, ["away", "here"]);
  link.close();
});

test("a manager that knows no such model does no harm", async () => {
  const model = new FakeModel();
  model.widget_manager = {
    get_model() {
      throw new Error("widget model not found");
    },
  };
  const { link, told } = linkTo(model);
  await settled();
  assert.deepEqual(told, []);
  link.close();
});

test("a comm that is closed loses the request, not the view", async () => {
  const model = new FakeModel();
  model.send = () => {
    throw new Error("Cannot send");
  };
  const { link } = linkTo(model);
  await assert.rejects(link.request(run), LinkLost);
  assert.equal(link.isIdle(), true);
  link.close();
});

test("closing rejects what waits and leaves no listener", async () => {
  const model = new FakeModel();
  const { link } = linkTo(model);
  const waiting = link.request(run);
  link.close();
  await assert.rejects(waiting, LinkLost);
  await assert.rejects(link.request(run), LinkLost);
  assert.ok([...model.listeners.values()].every((listeners) => listeners.size === 0));
});

test("what is as it should be is kept", () => {
  assert.equal(keptDescription(described), described);
  assert.equal(keptState(state), state);
  assert.equal(keptPicture(picture), picture);
  assert.ok(keptState({ preset: "own", choices: {}, method: { name: "Exact" } }));
});

/** Every copy of a tree with one of its leaves or branches replaced. @param {any} tree @param {unknown} by @returns {any[]} */
function spoilt(tree, by) {
  if (typeof tree !== "object" || tree === null) return [by];
  const inner = Object.keys(tree).flatMap((key) =>
    spoilt(tree[key], by).map((value) => (Array.isArray(tree) ? tree.map((old, index) => (String(index) === key ? value : old)) : { ...tree, [key]: value })),
  );
  return [by, ...inner];
}

test("anything else in its place is not, wherever it stands", () => {
  /** @type {[(value: unknown) => unknown, object][]} */
  const kinds = [
    [keptDescription, described],
    [keptState, state],
    [keptPicture, picture],
  ];
  for (const [kept, good] of kinds) {
    const wrong = spoilt(good, Symbol("wrong"));
    assert.ok(wrong.length > 10);
    for (const bad of wrong) assert.equal(kept(bad), null);
  }
});

test("a page of this computer asks for replies that go out at once, others do not", () => {
  const given = Object.getOwnPropertyDescriptor(globalThis, "location");
  const wishAt = (/** @type {string} */ hostname) => {
    Object.defineProperty(globalThis, "location", { value: { hostname }, configurable: true });
    const model = new FakeModel();
    const link = commLink(/** @type {any} */ (model), () => {});
    link.request(/** @type {any} */ ({ kind: "run" })).catch(() => {});
    link.close();
    return /** @type {any} */ (model.sent[0]).fill;
  };
  assert.equal(wishAt("localhost"), 65536);
  assert.equal(wishAt("127.0.0.1"), 65536);
  assert.equal(wishAt("hub.example.org"), undefined);
  if (given) Object.defineProperty(globalThis, "location", given);
  else delete (/** @type {any} */ (globalThis).location);
});

test("the presets of links are kept as such; nonsense in their place is none", () => {
  const [preset] = described.presets;
  assert.deepEqual(keptLinked([preset]), [{ ...preset, isLinked: true }]);
  for (const wrong of [undefined, null, {}, "link", [null], [{ ...preset, variants: [] }], [preset, { ...preset, title: 1 }]]) assert.deepEqual(keptLinked(wrong), []);
});
