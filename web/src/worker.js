/**
 * Python in a worker of the static page: loads Pyodide and our sources, then answers text with text.
 *
 * @typedef {object} Start
 * @property {string} pyodide  address of the folder with Pyodide's core
 * @property {string} sources  address of the archive with our sources
 * @property {Record<string, number>} sizes  bytes of what is loaded, by file name, unpacked
 */

const HOME = "/lapicque";
/** What is in pyodide-lock.json but for its packages: none is loaded, so there is no need to fetch their list. */
const LOCK = { info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", python: "3.14.2" }, packages: {} };
/** Progress is told no oftener, ms. */
const PAUSE = 50;

/** @type {((text: string) => string) | null} */
let reply = null;

addEventListener("message", ({ data }) => {
  if (reply !== null) postMessage({ id: data.id, text: reply(data.text) });
  else start(data).catch((error) => postMessage({ failed: reasonOf(error) }));
});

/** @param {unknown} error */
function reasonOf(error) {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0].replace(/\.$/, "");
}

/** @param {Start} given */
async function start({ pyodide: folder, sources, sizes }) {
  countLoading(sizes);
  const archive = fetch(sources).then((response) => {
    if (!response.ok) throw new Error(`${sources} was answered with ${response.status}`);
    return response.arrayBuffer();
  });
  // Handled where it is awaited; until then it must not count as unhandled.
  archive.catch(() => {});
  const { loadPyodide } = await import(`${folder}pyodide.mjs`);
  const python = await loadPyodide({ indexURL: folder, lockFileContents: JSON.stringify(LOCK) });
  python.unpackArchive(await archive, "zip", { extractDir: HOME });
  python.runPython(`
import shutil, sys
shutil.unpack_archive("${HOME}/sources.zip", "${HOME}")
sys.path.insert(0, "${HOME}")
`);
  reply = python.pyimport("lapicque.lab.page").reply;
  postMessage({ isReady: true });
}

/** Tells how much has come of what is loaded. @param {Record<string, number>} sizes */
function countLoading(sizes) {
  const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  const plain = self.fetch;
  let loaded = 0;
  let told = 0;
  self.fetch = async (resource, options) => {
    const response = await plain(resource, options);
    const address = resource instanceof Request ? resource.url : String(resource);
    const name = address.split(/[?#]/)[0].split("/").pop() ?? "";
    if (!(name in sizes) || response.body === null) return response;
    const counted = new TransformStream({
      transform(chunk, controller) {
        loaded += chunk.byteLength;
        if (performance.now() - told > PAUSE) {
          told = performance.now();
          postMessage({ loading: { loaded, total } });
        }
        controller.enqueue(chunk);
      },
    });
    // The type lets WebAssembly be compiled while it comes.
    return new Response(response.body.pipeThrough(counted), { status: response.status, headers: response.headers });
  };
}
