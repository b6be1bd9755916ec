/**
 * Keeps the page for use offline: everything that it is made of, in one cache per build.
 */

/** Filled in when the site is built: its name, its files, and those of Pyodide. */
const { version, files } = /** @type {{version: string, files: string[]}} */ (JSON.parse("@SITE@"));
const PREFIX = "lapicque ";
const NAME = `${PREFIX}${new URL(".", self.location.href).pathname} ${version}`;
const scope = /** @type {any} */ (self);

scope.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(keep()));
scope.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(takeOver()));

async function keep() {
  const cache = await caches.open(NAME);
  await cache.addAll(files);
  await scope.skipWaiting();
}

/** Earlier builds of this page are of no use any more; other pages of the same host keep theirs. */
async function takeOver() {
  const own = NAME.slice(0, NAME.lastIndexOf(" ") + 1);
  for (const name of await caches.keys()) {
    if (name.startsWith(own) && name !== NAME) await caches.delete(name);
  }
  await scope.clients.claim();
}

scope.addEventListener("fetch", (/** @type {any} */ event) => {
  if (event.request.method === "GET") event.respondWith(answer(event.request));
});

/** @param {Request} request */
async function answer(request) {
  const cache = await caches.open(NAME);
  // The page's other name, which not every host has.
  const address = request.url.replace(/\/index\.html(?=$|[?#])/, "/");
  return (await cache.match(address, { ignoreSearch: true })) ?? fetch(request);
}
