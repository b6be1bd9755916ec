/**
 * What to ask Python for the present state: one question per stream. Everything follows from the state, so that a
 * question that was lost or is out of date is simply asked anew.
 *
 * @typedef {import("./state.js").State} State
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").Experiment} Experiment
 * @typedef {import("./types.js").RunRequest} RunRequest
 */
import { EXACT, TRACES, byMethod, experimentsOf } from "./state.js";

const CONVERGENCE = "convergence";

/** Views of one experiment: where there are several, one of them is the subject. */
const SINGLE = [CONVERGENCE, "strength-duration"];

/** Planes are not sampled by the pixel; a resize asks nothing anew. */
const PLANE_WIDTH = 800;

/** @param {Description} description @param {State} state */
export function hasSubject(description, state) {
  return SINGLE.includes(state.view) && experimentsOf(description, state).length > 1;
}

/**
 * @param {Description} description @param {State} state @param {number} width  of the traces, px
 * @returns {{prompt: Map<string, RunRequest>, patient: Map<string, RunRequest>}}  by stream; the patient ones are slow
 */
export function questionsOf(description, state, width) {
  const { view, window, method, held, subject } = state;
  const experiments = experimentsOf(description, state);
  const traces = (/** @type {string} */ name, /** @type {Experiment[]} */ listed) => run(name, listed, window, width);
  const seen = SINGLE.includes(view) ? [experiments[subject] ?? experiments[0]] : experiments;
  const plane = (/** @type {Partial<RunRequest>} */ more) => run(view, seen, null, PLANE_WIDTH, more);
  /** @type {Map<string, RunRequest>} */
  const prompt = new Map([["traces", traces(TRACES, experiments)]]);
  /** @type {Map<string, RunRequest>} */
  const patient = new Map();
  if (method.name !== EXACT) prompt.set("error", traces("error", byMethod(experiments, method)));
  if (held !== null) prompt.set("held", traces(TRACES, held.experiments));
  if (view === CONVERGENCE) {
    for (const { name, locates } of description.methods.filter((kind) => kind.locates.length > 0)) {
      const locate = locates.includes(method.locate) ? method.locate : locates[0];
      patient.set(`curve ${name}`, plane({ method: { name, locate } }));
    }
  } else if (view !== TRACES) prompt.set("plane", plane({}));
  return { prompt, patient };
}

/**
 * @param {string} view @param {Experiment[]} experiments @param {RunRequest["window"]} window @param {number} width
 * @param {Partial<RunRequest>} [more] @returns {RunRequest}
 */
function run(view, experiments, window, width, more = {}) {
  return { kind: "run", view, experiments, window, width, packed: true, ...more };
}
