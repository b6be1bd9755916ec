const QUIET = 150;

/**
 * Who may ask Python next. Each stream of questions holds at most its newest one, one request is on its way in all, and
 * the streams take turns: a slider that moves faster than Python answers builds no backlog, and an overlay does not
 * starve the traces. Slow questions wait for quiet.
 *
 * @template Job, Answer
 * @param {object} host
 * @param {(stream: string, job: Job) => Promise<Answer>} host.send
 * @param {(stream: string, job: Job, answer: Answer) => void} host.onAnswer  called when the next request is on its way
 * @param {(error: unknown) => void} host.onFailure
 */
export function createCarousel({ send, onAnswer, onFailure }) {
  /** Streams in the order of their first question. @type {string[]} */
  const streams = [];
  /** @type {Map<string, Job>} */
  const prompt = new Map();
  /** @type {Map<string, Job>} */
  const patient = new Map();
  let turn = -1;
  let isBusy = false;
  let isQuiet = false;
  let isStopped = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** The stream whose turn it is, of those that wait. @param {Map<string, Job>} waiting */
  function nextIn(waiting) {
    for (let k = 1; k <= streams.length; k++) {
      const index = (turn + k) % streams.length;
      if (waiting.has(streams[index])) return index;
    }
    return null;
  }

  function pump() {
    if (isBusy || isStopped) return;
    const waiting = prompt.size > 0 ? prompt : patient;
    const index = waiting === prompt || isQuiet ? nextIn(waiting) : null;
    if (index === null) return;
    turn = index;
    const stream = streams[index];
    const job = /** @type {Job} */ (waiting.get(stream));
    waiting.delete(stream);
    run(stream, job);
  }

  /** @param {string} stream @param {Job} job */
  async function run(stream, job) {
    isBusy = true;
    /** @type {Answer} */
    let answer;
    try {
      answer = await send(stream, job);
    } catch (error) {
      isBusy = false;
      if (isStopped) return;
      // What waits was meant for the same broken connection; the caller sends its present state anew.
      prompt.clear();
      later([]);
      return onFailure(error);
    }
    isBusy = false;
    if (isStopped) return;
    pump();
    onAnswer(stream, job, answer);
  }

  /** @param {[string, Job][]} jobs */
  function later(jobs) {
    clearTimeout(timer);
    isQuiet = false;
    patient.clear();
    for (const [stream, job] of jobs) keep(patient, stream, job);
    if (jobs.length === 0) return;
    timer = setTimeout(() => {
      isQuiet = true;
      pump();
    }, QUIET);
  }

  /** @param {Map<string, Job>} waiting @param {string} stream @param {Job} job */
  function keep(waiting, stream, job) {
    if (!streams.includes(stream)) streams.push(stream);
    waiting.set(stream, job);
  }

  return {
    /** @param {string} stream @param {Job} job  takes the place of an older one that still waits */
    submit(stream, job) {
      keep(prompt, stream, job);
      pump();
    },
    /** Forgets what waits in a stream. @param {string} stream */
    drop(stream) {
      prompt.delete(stream);
      patient.delete(stream);
    },
    /** These are asked after a while without another call, one by one when nothing else waits; older ones are dropped. */
    later,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
