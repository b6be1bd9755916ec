import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkLost, backOff, webSocketLink } from "../src/link.js";
import { workerLink } from "../src/workerLink.js";

/** A WebSocket in the hands of the test. */
class FakeSocket {
  /** @type {FakeSocket[]} */
  static made = [];
  /** @type {string[]} */
  sent = [];
  onopen = () => {};
  onclose = () => {};
  /** @type {(event: {data: string}) => void} */
  onmessage = () => {};

  /** @param {string} url */
  constructor(url) {
    this.url = url;
    FakeSocket.made.push(this);
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(text);
  }

  close() {
    this.onclose();
  }
}

function linkToFake() {
  FakeSocket.made = [];
  const link = webSocketLink("ws://here/ws", /** @type {any} */ (FakeSocket));
  return { link, socket: FakeSocket.made[0] };
}

/** @type {import("../src/types.js").Request} */
const describe = { kind: "describe" };

test("replies find their requests by id, in any order", async () => {
  const { link, socket } = linkToFake();
  socket.onopen();
  const first = link.request(describe);
  const second = link.request(describe);
  const [a, b] = socket.sent.map((text) => JSON.parse(text).id);
  socket.onmessage({ data: JSON.stringify({ id: b, ok: true }) });
  socket.onmessage({ data: JSON.stringify({ id: a, ok: false }) });
  assert.equal((await first).ok, false);
  assert.equal((await second).ok, true);
  link.close();
});

test("a request without a connection is rejected, never left hanging", async () => {
  const { link, socket } = linkToFake();
  await assert.rejects(link.request(describe), LinkLost);
  socket.onopen();
  const waiting = link.request(describe);
  socket.onclose();
  await assert.rejects(waiting, LinkLost);
  link.close();
});

test("a lost connection is made again and its listeners are told", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { link, socket } = linkToFake();
  /** @type {string[]} */
  const told = [];
  link.onStatus((status) => told.push(status));
  socket.onopen();
  socket.onclose();
  context.mock.timers.tick(backOff(0));
  FakeSocket.made[1].onopen();
  assert.deepEqual(told, ["connecting", "open", "lost", "open"]);
  link.close();
  context.mock.timers.tick(60_000);
  assert.equal(FakeSocket.made.length, 2);
});

test("the pause between attempts doubles up to five seconds", () => {
  assert.deepEqual([0, 1, 2, 10].map(backOff), [250, 500, 1000, 5000]);
});

test("before Python has come, what is known is answered, a picture is refused, all else waits", async () => {
  /** @type {any[]} */
  const sent = [];
  /** @type {any} */
  const worker = /** @type {any} */ ({ postMessage: (/** @type {any} */ message) => sent.push(message), terminate: () => {} });
  const run = /** @type {any} */ ({ kind: "run", view: "traces", experiments: [1], width: 600 });
  const known = [{ request: run, reply: /** @type {any} */ ({ ok: true, results: [] }) }];
  const link = workerLink(() => worker, "start", Promise.resolve(known));
  /** @type {string[]} */
  const told = [];
  link.onStatus((status) => told.push(status));
  assert.equal((await link.request({ ...run, width: 900 })).ok, true);
  await assert.rejects(link.request({ ...run, experiments: [2] }), LinkLost);
  const copy = link.request(/** @type {any} */ ({ kind: "copy" }));
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(sent, ["start"]);
  worker.onmessage({ data: { isReady: true } });
  await link.ready;
  assert.deepEqual(told, ["connecting", "open", "open"]);
  const [, { id }] = /** @type {any[]} */ (sent);
  worker.onmessage({ data: { id, text: JSON.stringify({ ok: true, text: "a script" }) } });
  assert.deepEqual(await copy, { ok: true, text: "a script", id });
});
