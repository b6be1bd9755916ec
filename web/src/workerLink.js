/**
 * A link to Python in a worker of this page. Until Python has come, what the site was built with is answered at once:
 * the first pictures do not wait.
 *
 * @typedef {import("./link.js").Link} Link
 * @typedef {import("./link.js").Status} Status
 * @typedef {import("./types.js").Reply} Reply
 * @typedef {import("./types.js").Request} Request
 *
 * @typedef {object} Known  a question and its answer
 * @property {Request} request
 * @property {Reply} reply
 *
 * @typedef {{loaded: number, total: number}} Loading  bytes
 *
 * @typedef {{resolve: (reply: Reply) => void, reject: (error: Error) => void, text: string}} Pending
 */
import { LinkLost, backOff } from "./link.js";

const WORDS = "Python is starting";
const KILO = 1000;
const MEGA = 1e6;

/** Equal for questions with the same answer: a line is sampled for about any width. @param {any} request */
function keyOf({ id: _id, width: _width, ...rest }) {
  return JSON.stringify(rest, (_, value) => (isTable(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value));
}

/** @param {unknown} value */
function isTable(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {number} bytes */
function inWords(bytes) {
  return bytes < MEGA ? `${Math.round(bytes / KILO)} kB` : `${(bytes / MEGA).toFixed(1)} MB`;
}

/**
 * @param {() => Worker} makeWorker
 * @param {unknown} start  the worker's first message
 * @param {Promise<Known[]>} known
 * @returns {Link & {ready: Promise<void>}}
 */
export function workerLink(makeWorker, start, known) {
  /** @type {Map<number, Pending>} */
  const pending = new Map();
  /** @type {((status: Status) => void)[]} */
  const statusListeners = [];
  /** @type {((share: number, words: string) => void)[]} */
  const progressListeners = [];
  const answers = known.then((entries) => new Map(entries.map(({ request, reply }) => [keyOf(request), reply])));
  /** @type {Status} */
  let status = "connecting";
  /** @type {[number, string]} */
  let progress = [0, `${WORDS} …`];
  /** @type {Worker | null} */
  let worker = null;
  let isReady = false;
  let attempt = 0;
  let nextId = 1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {() => void} */
  let tellReady = () => {};
  /** @type {Promise<void>} */
  const ready = new Promise((resolve) => (tellReady = resolve));

  /** @param {Status} next */
  function become(next) {
    if (next === status) return;
    status = next;
    for (const listener of statusListeners) listener(next);
  }

  /** @param {number} share @param {string} words */
  function show(share, words) {
    progress = [share, words];
    for (const listener of progressListeners) listener(share, words);
  }

  function open() {
    isReady = true;
    attempt = 0;
    show(1, "");
    for (const [id, { text }] of pending) worker?.postMessage({ id, text });
    tellReady();
    // Told also where it was open for what is known: what was refused meanwhile is asked anew.
    status = "open";
    for (const listener of statusListeners) listener(status);
  }

  /** @param {string} reason */
  function fail(reason) {
    worker?.terminate();
    worker = null;
    const was = isReady;
    isReady = false;
    if (was) {
      for (const { reject } of pending.values()) reject(new LinkLost());
      pending.clear();
      become("lost");
    }
    show(0, `Python could not be loaded: ${reason}. Trying again …`);
    timer = setTimeout(run, backOff(attempt++));
  }

  function run() {
    const current = makeWorker();
    worker = current;
    current.onmessage = ({ data }) => {
      if (data.loading) {
        const { loaded, total } = /** @type {Loading} */ (data.loading);
        show(Math.min(0.95, (0.95 * loaded) / total), `${WORDS}: ${inWords(loaded)} of ${inWords(total)}`);
      } else if (data.isReady) {
        open();
      } else if (data.failed) {
        fail(data.failed);
      } else {
        pending.get(data.id)?.resolve({ ...JSON.parse(data.text), id: data.id });
        pending.delete(data.id);
      }
    };
    current.onerror = (event) => {
      event.preventDefault();
      fail(event.message || "its worker did not start");
    };
    current.postMessage(start);
  }

  run();
  answers.then(
    (found) => found.size > 0 && become("open"),
    () => {},
  );

  return {
    ready,
    async request(request) {
      const id = nextId++;
      if (!isReady) {
        const answer = (await answers.catch(() => null))?.get(keyOf(request));
        if (answer) return { ...answer, id };
        // A picture that must wait does not keep the known ones waiting.
        if (!isReady && request.kind === "run") throw new LinkLost();
      }
      return new Promise((resolve, reject) => {
        const text = JSON.stringify({ ...request, id });
        pending.set(id, { resolve, reject, text });
        if (isReady) worker?.postMessage({ id, text });
      });
    },
    onStatus(listener) {
      statusListeners.push(listener);
      listener(status);
    },
    onProgress(listener) {
      progressListeners.push(listener);
      if (!isReady) listener(...progress);
    },
    close() {
      clearTimeout(timer);
      worker?.terminate();
      for (const { reject } of pending.values()) reject(new LinkLost());
      pending.clear();
    },
  };
}
