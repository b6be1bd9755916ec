/**
 * The seam between the view and wherever Python runs: a request goes in, a promise of its reply comes out, its lists
 * packed as Python packed them. The view is given a Link and never learns whether it is a local server, a notebook or a
 * worker.
 *
 * @typedef {import("./types.js").Request} Request
 * @typedef {import("./types.js").Reply} Reply
 * @typedef {"connecting" | "open" | "lost"} Status
 *
 * @typedef {object} Link
 * @property {(request: Request) => Promise<Reply>} request  rejects only with LinkLost: an error of the engine is a reply
 * @property {(listener: (status: Status) => void) => void} onStatus  told the present status at once, then each change
 * @property {(listener: (share: number, words: string) => void) => void} [onProgress]  of getting Python; no words when it is there
 * @property {() => void} close
 */

/** The connection went away before the reply came; the same request may be sent again later. */
export class LinkLost extends Error {
  constructor() {
    super("the connection to Python was lost");
    this.name = "LinkLost";
  }
}

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5000;

/** Pause before the n-th attempt to reconnect, ms: doubles, up to five seconds. @param {number} attempt */
export function backOff(attempt) {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt);
}

/**
 * A link over a WebSocket that reconnects by itself.
 *
 * @param {string} url
 * @param {{new (url: string): WebSocket}} [Socket]  replaced in tests
 * @returns {Link}
 */
export function webSocketLink(url, Socket = WebSocket) {
  /** @type {Map<number, {resolve: (reply: Reply) => void, reject: (error: Error) => void}>} */
  const pending = new Map();
  /** @type {((status: Status) => void)[]} */
  const listeners = [];
  /** @type {Status} */
  let status = "connecting";
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let attempt = 0;
  let nextId = 1;
  let closed = false;

  /** @param {Status} next */
  function become(next) {
    if (next === status) return;
    status = next;
    for (const listener of listeners) listener(status);
  }

  function rejectPending() {
    for (const { reject } of pending.values()) reject(new LinkLost());
    pending.clear();
  }

  function connect() {
    const current = new Socket(url);
    socket = current;
    current.onopen = () => {
      attempt = 0;
      become("open");
    };
    current.onmessage = (event) => {
      const reply = /** @type {Reply} */ (JSON.parse(event.data));
      pending.get(reply.id)?.resolve(reply);
      pending.delete(reply.id);
    };
    current.onclose = () => {
      rejectPending();
      if (closed) return;
      become("lost");
      timer = setTimeout(connect, backOff(attempt++));
    };
  }

  connect();
  return {
    request(request) {
      return new Promise((resolve, reject) => {
        if (status !== "open" || socket === null) return reject(new LinkLost());
        const id = nextId++;
        pending.set(id, { resolve, reject });
        socket.send(JSON.stringify({ id, ...request }));
      });
    },
    onStatus(listener) {
      listeners.push(listener);
      listener(status);
    },
    close() {
      closed = true;
      clearTimeout(timer);
      socket?.close();
      rejectPending();
    },
  };
}
