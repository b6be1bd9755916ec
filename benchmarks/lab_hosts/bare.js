/** What any page with Python in a worker must wait for. */
const worker = new Worker("bare_worker.js", { type: "module" });
worker.onmessage = () => (document.documentElement.dataset.python = "ready");
worker.postMessage(new URL("pyodide/", location.href).href);
