/**
 * The host of the static page: Python runs in a worker of the page itself.
 */
import { mount, workerLink } from "./lab.js";
import { followAddress, furnish } from "./page.js";

const page = document.documentElement;
const root = /** @type {HTMLElement} */ (document.getElementById("lapicque"));
furnish(root);

const { pyodide = "", sources = "", sizes = "{}" } = page.dataset;
const addressOf = (/** @type {string} */ path) => new URL(path, document.baseURI).href;
const known = fetch("start.json").then((response) => response.json());
const link = workerLink(
  () => new Worker("worker.js", { type: "module" }),
  { pyodide: addressOf(pyodide), sources: addressOf(sources), sizes: JSON.parse(sizes) },
  known,
);
const lab = mount(root, link, { fragment: location.hash, base: location.href.split("#")[0] });
followAddress(lab);

// Afterwards, so that it takes what is loaded from the browser's cache instead of loading it twice.
link.ready.then(() => navigator.serviceWorker?.register("sw.js")).catch(() => {
  // Without it the page works, only not offline.
});
link.ready.then(() => (page.dataset.python = "ready"));
