/**
 * Put into a notebook's page to see where the time goes: writes down when messages leave and arrive, and when the frame
 * that was asked for begins. Only messages of widgets to and from Python count, not those about the kernel's state.
 */
(() => {
  const isCustom = (/** @type {string} */ text) => text.includes('"method":"custom"') || text.includes('"method": "custom"');
  const textOf = (/** @type {string | ArrayBuffer} */ data) => (typeof data === "string" ? data : new TextDecoder("latin1").decode(data));

  const wires = {
    /** @type {[string, number][]} */
    stamps: [],
    /** Takes the wish for a long reply out of the lab's requests, so that its effect can be measured. */
    unfilled: false,
  };
  globalThis.wires = wires;
  const stamp = (/** @type {string} */ place, at = performance.now()) => wires.stamps.push([place, at]);

  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    const text = textOf(data);
    if (isCustom(text)) stamp("page out");
    const wish = wires.unfilled && /"fill":\s*(\d+)/.exec(text);
    if (!wish) return send.call(this, data);
    // The message says where its parts begin: its length must stay.
    const start = wish.index + wish[0].length - wish[1].length;
    const nothing = "0".padEnd(wish[1].length);
    if (typeof data === "string") return send.call(this, data.slice(0, start) + nothing + data.slice(start + nothing.length));
    const bytes = new Uint8Array(data.slice(0));
    bytes.set(new TextEncoder().encode(nothing), start);
    send.call(this, bytes.buffer);
  };

  globalThis.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      // The first listener: nobody has worked on the message yet.
      this.addEventListener("message", ({ data }) => {
        const now = performance.now();
        if (isCustom(textOf(data))) stamp("page in", now);
      });
    }
  };

  const ask = requestAnimationFrame;
  globalThis.requestAnimationFrame = (callback) => {
    const asked = performance.now();
    return ask((time) => {
      const began = performance.now();
      wires.frame = { asked, began };
      callback(time);
    });
  };

  // The frame in which the picture is drawn is the one that runs when the lab says so.
  document.addEventListener(
    "lapicque:painted",
    () => {
      stamp("frame asked", wires.frame.asked);
      stamp("frame", wires.frame.began);
    },
    true,
  );
})();
