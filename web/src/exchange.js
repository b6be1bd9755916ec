/**
 * Questions to Python and what came back: asks what the state calls for, keeps the last valid answer of each stream, and
 * tells once per frame that there is something new to show.
 */
import { createCarousel } from "./carousel.js";
import { merged } from "./planes.js";
import { questionsOf } from "./questions.js";
import { TRACES } from "./state.js";
import { unpack } from "./unpack.js";

/**
 * @typedef {import("./plots.js").Shown} Shown
 * @typedef {import("./state.js").State} State
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").ErrorResult} ErrorResult
 * @typedef {import("./types.js").Fault} Fault
 * @typedef {import("./types.js").Plane} Plane
 * @typedef {import("./types.js").Reply} Reply
 * @typedef {import("./types.js").Result} Result
 * @typedef {import("./types.js").RunRequest} RunRequest
 *
 * @typedef {object} Job  one question and what it was asked for
 * @property {RunRequest} request
 * @property {string} key  equal for equal questions
 * @property {State} state
 * @property {string[]} names  of the experiments
 * @property {number} started  when the user acted, on the page's clock
 *
 * @typedef {object} Answer
 * @property {Job} job
 * @property {Reply} raw  as it came, its lists packed
 *
 * @typedef {Answer & {reply: Reply}} Kept  with its lists unpacked
 *
 * @typedef {object} News
 * @property {[string, Answer][]} answers  by stream
 * @property {boolean} isFigureDue
 * @property {boolean} isPlaneDue
 */

const SILENT = { path: null, rule: "", value: null, message: "Python gave neither results nor a reason." };

/**
 * @param {object} host
 * @param {(request: RunRequest) => Promise<Reply>} host.send
 * @param {(news: News) => void} host.onNews  in an animation frame
 * @param {(error: unknown) => void} host.onFailure
 */
export function createExchange({ send, onNews, onFailure }) {
  /** What was asked last in each stream. @type {Map<string, string>} */
  const asked = new Map();
  /** Answers that wait for the next frame. @type {Map<string, Answer>} */
  const arrived = new Map();
  /** @type {Map<string, Kept>} */
  const latest = new Map();
  /** @type {Map<string, Fault>} */
  const faults = new Map();
  /** @type {State | null} */
  let now = null;
  let isFrameDue = false;
  let isFigureDue = false;
  let isPlaneDue = false;
  let isStopped = false;

  /** @type {ReturnType<typeof createCarousel<Job, Reply>>} */
  const carousel = createCarousel({
    send: (_stream, job) => send(job.request),
    onAnswer: (stream, job, raw) => {
      arrived.set(stream, { job, raw });
      askFrame();
    },
    onFailure: (error) => {
      asked.clear();
      onFailure(error);
    },
  });

  function askFrame() {
    if (isFrameDue) return;
    isFrameDue = true;
    requestAnimationFrame(() => {
      isFrameDue = false;
      if (!isStopped) tell();
    });
  }

  /** Of several answers in a stream only the newest would be seen. */
  function tell() {
    const answers = [...arrived].filter(([stream, answer]) => receive(stream, answer));
    const due = { isFigureDue, isPlaneDue };
    arrived.clear();
    isFigureDue = false;
    isPlaneDue = false;
    onNews({ answers, ...due });
  }

  /** @param {string} stream @param {Answer} answer @returns {boolean}  whether it changes what is on show */
  function receive(stream, { job, raw }) {
    if (!isOfUse(stream, job)) return false;
    if (raw.superseded) {
      // Somebody else's question took its place in Python.
      if (asked.get(stream) === job.key) carousel.submit(stream, job);
      return false;
    }
    if (raw.ok) {
      latest.set(stream, { job, raw, reply: unpack(raw) });
      faults.delete(stream);
    } else {
      faults.set(stream, raw.error ?? SILENT);
    }
    if (isTraces(stream)) isFigureDue = true;
    else isPlaneDue = true;
    return true;
  }

  /** An answer about what is no longer on show is none: the one that counts is on the way. @param {string} stream @param {Job} job */
  function isOfUse(stream, job) {
    if (now === null) return false;
    if (stream === "held") return job.state.held === now.held || asked.get(stream) === job.key;
    if (isCurve(stream)) return asked.get(stream) === job.key;
    return asked.has(stream) && job.state.preset === now.preset && (isTraces(stream) || job.request.view === now.view);
  }

  /** The curves of one plane belong together: if one is out of date, so are all. @param {[string, Job][]} jobs */
  function askPatiently(jobs) {
    if (jobs.every(([stream, job]) => asked.get(stream) === job.key)) return;
    for (const [stream, job] of jobs) {
      latest.delete(stream);
      asked.set(stream, job.key);
    }
    carousel.later(jobs);
  }

  /** Nobody wants to know any more. @param {string} stream */
  function forget(stream) {
    asked.delete(stream);
    latest.delete(stream);
    faults.delete(stream);
    carousel.drop(stream);
    isFigureDue = true;
    isPlaneDue = true;
    askFrame();
  }

  return {
    /** @param {Description} description @param {State} state @param {string[]} names @param {number} width  of the traces, px */
    ask(description, state, names, width) {
      now = state;
      const started = performance.now();
      const jobOf = (/** @type {RunRequest} */ request) => ({ request, key: JSON.stringify(request), state, names, started });
      const { prompt, patient } = questionsOf(description, state, width);
      for (const stream of [...asked.keys()]) {
        if (!prompt.has(stream) && !patient.has(stream)) forget(stream);
      }
      for (const [stream, request] of prompt) {
        const job = jobOf(request);
        // Only the traces answer every touch, also one that changes nothing.
        if (stream !== "traces" && asked.get(stream) === job.key) continue;
        asked.set(stream, job.key);
        carousel.submit(stream, job);
      }
      askPatiently([...patient].map(([stream, request]) => [stream, jobOf(request)]));
    },
    forget,

    traces: () => latest.get("traces") ?? null,

    /** What the figure shows: the traces, and of method and B what fits them. @returns {Shown | null} */
    figure() {
      const traces = latest.get("traces");
      if (!traces || now === null) return null;
      const results = /** @type {Result[]} */ (traces.reply.results);
      const other = latest.get("error");
      const held = latest.get("held");
      const isAlike = other?.job.state.preset === traces.job.state.preset && other.reply.results?.length === results.length;
      return {
        results,
        names: traces.job.names,
        compared: other && isAlike ? /** @type {ErrorResult[]} */ (other.reply.results) : null,
        held: held && now.held && isOfUse("held", held.job) ? { results: /** @type {Result[]} */ (held.reply.results), names: now.held.names } : null,
      };
    },

    /** The plane, of all its parts that are there. @param {"raw" | "reply"} form  packed or unpacked @returns {Plane | null} */
    plane(form) {
      if (now === null || now.view === TRACES) return null;
      const parts = [...latest].filter(([stream, { job }]) => !isTraces(stream) && isOfUse(stream, job));
      const planes = parts.flatMap(([, answer]) => answer[form].plane ?? []);
      return planes.length > 0 ? merged(planes) : null;
    },

    /** How many of the plane's curves are there. */
    progress() {
      const curves = [...asked.keys()].filter(isCurve);
      return { done: curves.filter((stream) => latest.has(stream) || faults.has(stream)).length, total: curves.length };
    },

    /** What is wrong with the traces, the method and B, and what keeps the plane from being drawn. */
    faults() {
      const all = [...faults];
      const [plane = null] = all.filter(([stream]) => !isTraces(stream)).map(([, fault]) => fault);
      return { figure: all.filter(([stream]) => isTraces(stream)).map(([, fault]) => fault), plane };
    },

    /** Whether the present setting was refused, or the method. @param {"traces" | "error"} stream */
    isRefused: (stream) => faults.has(stream),

    stop() {
      isStopped = true;
      carousel.stop();
    },
  };
}

/** The streams that the figure shows; the others make the plane. @param {string} stream */
function isTraces(stream) {
  return stream === "traces" || stream === "error" || stream === "held";
}

/** @param {string} stream */
function isCurve(stream) {
  return stream.startsWith("curve");
}
