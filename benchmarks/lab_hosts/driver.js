/**
 * Put into every page that is measured: moves a slider, waits for the picture, takes the time. Each kind of page has
 * an object with the same four functions; `globalThis.bench.page` is the one that fits.
 */
(() => {
  const PATIENCE = 20000;
  const UNCHANGED = 1500;

  const frame = () => new Promise(requestAnimationFrame);
  const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** @type {(() => void)[]} */
  const waiting = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => waiting.shift()();

  /**
   * From an animation frame: calls back when the page has done its part for it. The canvases only note their strokes;
   * layout, rasterizing and handing over to the compositor come at the frame's end.
   */
  function afterFrame(then) {
    waiting.push(then);
    port2.postMessage(null);
  }

  /** The lab, in its own page or in a notebook. */
  const lab = {
    root: () => document.querySelector(".lapicque"),

    row: (name) => lab.root().querySelector(`[data-slider="${name}"]`),

    /** Moves the thumb as a hand does: the value, then the event. */
    move(name, value) {
      const range = lab.row(name).querySelector("input[type=range]");
      range.value = String(value);
      range.dispatchEvent(new Event("input", { bubbles: true }));
    },

    type(name, value) {
      const box = lab.row(name).querySelector("input[type=text]");
      box.value = String(value);
      box.dispatchEvent(new Event("change", { bubbles: true }));
    },

    /** Calls back with each picture of something asked at `since` or later: when it was drawn and when the frame was done. */
    watch(since, seen, view) {
      const root = lab.root();
      const listener = (event) => {
        const drawn = performance.now();
        // The page's own clock started in the handler of our event; an older question does not count.
        const isOlder = drawn - event.detail.elapsed < since - 0.5;
        if (!isOlder && (!view || event.detail.view === view)) afterFrame(() => seen(performance.now(), drawn));
      };
      root.addEventListener("lapicque:painted", listener);
      return () => root.removeEventListener("lapicque:painted", listener);
    },

    async choose(preset) {
      const tab = lab.root().querySelector(`[data-preset="${preset}"]`);
      await settled(() => tab.click());
    },

    async reset(name) {
      const button = lab.row(name).querySelector(".lp-reset");
      await settled(() => button.click());
    },

    faults: () => [...lab.root().querySelectorAll(".lp-fault, .lp-general:not([hidden])")].map((each) => each.textContent).filter(Boolean),

    /** All that stands on the canvases, as one number. */
    pixels() {
      let sum = 0;
      for (const canvas of lab.root().querySelectorAll("canvas")) {
        if (canvas.width === 0 || canvas.height === 0) continue;
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const words = new Uint32Array(data.buffer);
        for (let k = 0; k < words.length; k++) sum = (Math.imul(sum, 31) + words[k]) | 0;
      }
      return sum;
    },
  };

  /** The original's way: sliders of ipywidgets, an image in the output. */
  const original = {
    sliderOf(name) {
      const labels = [...document.querySelectorAll(".widget-slider .widget-label")];
      return labels.find((label) => label.textContent === name).closest(".widget-slider").querySelector(".noUi-target").noUiSlider;
    },

    move(name, value) {
      original.sliderOf(name).set(value);
    },

    image: () => document.querySelector(".widget-output .jp-RenderedImage img"),

    /** Calls back with each new image: when it was decoded and when the next frame was done. */
    watch(_since, seen) {
      const observer = new MutationObserver(async (records) => {
        const image = original.image();
        const isNew = records.some(({ target, addedNodes }) => target === image || [...addedNodes].some((node) => node.contains(image)));
        if (image === null || !isNew) return;
        await image.decode();
        await frame();
        const drawn = performance.now();
        afterFrame(() => seen(performance.now(), drawn));
      });
      const output = document.querySelector(".lapicque-bench-original");
      observer.observe(output, { childList: true, subtree: true, attributes: true, attributeFilter: ["src"] });
      return () => observer.disconnect();
    },

    async choose(preset) {
      const select = document.querySelector(".widget-dropdown select");
      if (select.value === preset) return;
      await asked(() => {
        select.value = preset;
        select.dispatchEvent(new Event("change", { bubbles: true }));
      });
    },

    async reset(name) {
      const slider = original.sliderOf(name);
      const home = original.homes[name];
      if (Number(slider.get()) !== home) await asked(() => slider.set(home));
    },

    homes: {},
    faults: () => [],
    pixels: () => original.image()?.src,
  };

  /** Acts, and waits for one picture, of one view if that is named. Returns the times of the page's clock. */
  function asked(act, view) {
    return new Promise((resolve, reject) => {
      const began = performance.now();
      const stop = bench.page.watch(began, (done, drawn) => {
        stop();
        clearTimeout(timer);
        resolve({ began, drawn, done });
      }, view);
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`nothing was painted in ${PATIENCE} ms`));
      }, PATIENCE);
      act();
    });
  }

  /** Acts, and waits for the painting, if there is something to paint. */
  async function settled(act) {
    await Promise.race([asked(act).catch(() => undefined), pause(UNCHANGED)]);
  }

  /** Waits until nothing more is painted. */
  async function calm() {
    let last = performance.now();
    const stop = bench.page.watch(last, (done) => (last = done));
    while (performance.now() - last < UNCHANGED) await pause(50);
    stop();
  }

  const bench = {
    page: lab,
    pages: { lab, original },

    /** One awaited move; after it a rest of random length, so that moves meet the frames at any phase. */
    async move([name, value], rest) {
      const times = await asked(() => bench.page.move(name, value));
      const faults = bench.page.faults();
      await pause(rest);
      return { ms: times.done - times.began, faults, ...times };
    },

    /** Sets the lab up without waiting for pictures: experiment, version, method, view and numbers. */
    async arrange({ preset, variant, method, view, values }) {
      const click = async (/** @type {string} */ hook) => {
        lab.root().querySelector(hook).click();
        await pause(100);
      };
      await click(`[data-preset="${preset}"]`);
      if (lab.root().querySelector(`[data-variant="${variant}"]`)) await click(`[data-variant="${variant}"]`);
      await click(`[data-method="${method?.name ?? "Exact"}"]`);
      if (method) await click(`[data-locate="${method.locate}"]`);
      await click(`[data-view="${view === "error" ? "traces" : view}"]`);
      for (const [name, value] of Object.entries(method ? { ...values, dt: method.dt } : values)) {
        lab.type(name, value);
        await pause(20);
      }
      await pause(1500);
    },

    /**
     * Goes to a value by the number box, then to and fro for a second with each frame, then there once more: the time of
     * the first answer in this view, and of the last, which must not wait for those in between.
     */
    async press(name, value, other, view) {
      const there = await asked(() => lab.type(name, value), view);
      const end = performance.now() + 1000;
      while (performance.now() < end) {
        lab.type(name, other);
        await frame();
        lab.type(name, value);
        await frame();
      }
      lab.type(name, other);
      const last = await asked(() => lab.type(name, value), view);
      await pause(500);
      return { first: there.done - there.began, last: last.done - last.began };
    },

    /** Moves with each frame of the display, back and forth over the positions; counts what is painted. */
    async drag(name, positions, ms) {
      let paints = 0;
      let moves = 0;
      await frame();
      const began = performance.now();
      const stop = bench.page.watch(began, () => paints++);
      while (performance.now() - began < ms) {
        const k = moves++ % (2 * positions.length - 2);
        bench.page.move(name, positions[k < positions.length ? k : 2 * positions.length - 2 - k]);
        await frame();
      }
      const taken = performance.now() - began;
      stop();
      await calm();
      return { paints: (1000 * paints) / taken, moves: (1000 * moves) / taken };
    },

    /** Whether other pixels stand on the canvases when the page says that it has painted. */
    async changes([name, value], rest) {
      const before = bench.page.pixels();
      let after = before;
      const began = performance.now();
      await new Promise((resolve) => {
        const stop = bench.page.watch(began, () => {
          stop();
          after = bench.page.pixels();
          resolve(undefined);
        });
        bench.page.move(name, value);
      });
      await pause(rest);
      return before !== after;
    },
  };
  globalThis.bench = bench;
})();
