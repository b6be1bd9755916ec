import assert from "node:assert/strict";
import { test } from "node:test";
import { createCarousel } from "../src/carousel.js";

/** A carousel whose answers the test gives. */
function rig() {
  /** @type {{stream: string, job: number, resolve: (answer: string) => void, reject: (error: Error) => void}[]} */
  const requests = [];
  /** @type {string[]} */
  const answered = [];
  /** @type {unknown[]} */
  const failures = [];
  const carousel = createCarousel({
    send: (stream, /** @type {number} */ job) => new Promise((resolve, reject) => requests.push({ stream, job, resolve, reject })),
    onAnswer: (stream, job, answer) => answered.push(`${stream} ${job} ${answer} of ${requests.length}`),
    onFailure: (error) => failures.push(error),
  });
  const sent = () => requests.map(({ stream, job }) => `${stream} ${job}`);
  /** Answers the request on its way. */
  const answer = async (text = "ok") => {
    requests[requests.length - 1].resolve(text);
    await new Promise(setImmediate);
  };
  return { carousel, requests, answered, failures, sent, answer };
}

test("while one request is on its way only the newest of a stream waits", async () => {
  const { carousel, sent, answer } = rig();
  [1, 2, 3, 4].forEach((job) => carousel.submit("traces", job));
  assert.deepEqual(sent(), ["traces 1"]);
  await answer();
  assert.deepEqual(sent(), ["traces 1", "traces 4"]);
  await answer();
  assert.equal(sent().length, 2);
});

test("a drag with an overlay alternates, although the traces are always asked first", async () => {
  const { carousel, sent, answer } = rig();
  for (let move = 1; move <= 4; move++) {
    carousel.submit("traces", move);
    carousel.submit("error", move);
    await answer();
  }
  assert.deepEqual(sent(), ["traces 1", "error 1", "traces 2", "error 3", "traces 4"]);
});

test("every stream has its turn, however busy the others are", async () => {
  const { carousel, sent, answer } = rig();
  for (let move = 1; move <= 7; move++) {
    for (const stream of ["traces", "error", "plane"]) carousel.submit(stream, move);
    await answer();
  }
  assert.deepEqual(sent().map((text) => text.split(" ")[0]).slice(0, 7), ["traces", "error", "plane", "traces", "error", "plane", "traces"]);
});

test("the next request is on its way before an answer is handed over", async () => {
  const { carousel, answered, answer } = rig();
  carousel.submit("traces", 1);
  carousel.submit("traces", 2);
  await answer("first");
  assert.deepEqual(answered, ["traces 1 first of 2"]);
});

test("a stream that is dropped is not asked, and what is on its way is still answered", async () => {
  const { carousel, sent, answered, answer } = rig();
  carousel.submit("traces", 1);
  carousel.submit("error", 1);
  carousel.drop("error");
  await answer();
  assert.deepEqual(sent(), ["traces 1"]);
  assert.equal(answered.length, 1);
});

test("slow questions wait for quiet and for everybody else", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { carousel, sent, answer } = rig();
  carousel.submit("traces", 1);
  carousel.later([["curve a", 1], ["curve b", 1]]);
  context.mock.timers.tick(149);
  await answer();
  assert.deepEqual(sent(), ["traces 1"]);
  context.mock.timers.tick(1);
  assert.deepEqual(sent().slice(1), ["curve a 1"]);
  carousel.submit("traces", 2);
  await answer();
  await answer();
  assert.deepEqual(sent().slice(1), ["curve a 1", "traces 2", "curve b 1"]);
});

test("a change drops the slow questions and starts the quiet anew", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { carousel, sent, answer } = rig();
  carousel.later([["curve a", 1], ["curve b", 1]]);
  context.mock.timers.tick(150);
  carousel.later([["curve a", 2], ["curve b", 2]]);
  await answer();
  context.mock.timers.tick(149);
  assert.deepEqual(sent(), ["curve a 1"]);
  context.mock.timers.tick(1);
  assert.deepEqual(sent(), ["curve a 1", "curve b 2"]);
  carousel.later([]);
  await answer();
  context.mock.timers.tick(1000);
  assert.equal(sent().length, 2);
});

test("slow questions are dropped one by one, too", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { carousel, sent } = rig();
  carousel.later([["curve a", 1], ["curve b", 1]]);
  carousel.drop("curve a");
  context.mock.timers.tick(150);
  assert.deepEqual(sent(), ["curve b 1"]);
});

test("a failure frees the carousel and drops what was meant for the same connection", async () => {
  const { carousel, requests, sent, failures, answer } = rig();
  carousel.submit("traces", 1);
  carousel.submit("error", 1);
  requests[0].reject(new Error("lost"));
  await new Promise(setImmediate);
  assert.deepEqual(sent(), ["traces 1"]);
  assert.equal(failures.length, 1);
  carousel.submit("traces", 2);
  await answer();
  assert.deepEqual(sent(), ["traces 1", "traces 2"]);
});

test("after the end nothing is asked, answered or complained of", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { carousel, sent, answered, failures, requests } = rig();
  carousel.submit("traces", 1);
  carousel.submit("error", 1);
  carousel.later([["curve", 1]]);
  carousel.stop();
  requests[0].reject(new Error("closed"));
  await new Promise(setImmediate);
  carousel.submit("traces", 2);
  context.mock.timers.tick(1000);
  assert.deepEqual([sent().length, answered.length, failures.length], [1, 0, 0]);
});
