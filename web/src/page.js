/**
 * What a page that is all lab needs beside it: our own mistakes are said, keys that nobody has are the lab's.
 */

/** @param {HTMLElement} root */
export function furnish(root) {
  addEventListener("error", (event) => {
    // ResizeObserver reports a deferred notice this way; nothing is wrong then.
    if (event.error) confess(root, event.error);
  });
  addEventListener("unhandledrejection", (event) => confess(root, event.reason));
  root.addEventListener("lapicque:painted", () => (document.documentElement.dataset.ready = "true"));
  // As long as nothing on the page has the focus, its keys are the lab's.
  document.addEventListener("keydown", (event) => {
    if (event.target !== document.body) return;
    const copy = new KeyboardEvent("keydown", event);
    root.dispatchEvent(copy);
    if (copy.defaultPrevented) event.preventDefault();
  });
}

/** A link that comes into the address is opened; also the one that is there, once more. @param {import("./mount.js").Lab} lab */
export function followAddress(lab) {
  let last = location.hash;
  addEventListener("hashchange", () => {
    last = location.hash;
    lab.openLink(last);
  });
  // The address that is there, followed again, changes no hash; one that does is told here first.
  addEventListener("popstate", () => {
    if (location.hash === last) lab.openLink(last);
  });
}

/** A mistake of ours is said, with a report to copy, instead of a page that stands still. @param {HTMLElement} root @param {unknown} error */
function confess(root, error) {
  const detail = error instanceof Error ? error.stack ?? error.message : String(error);
  const notice = document.createElement("div");
  const words = document.createElement("p");
  const report = document.createElement("textarea");
  notice.className = "lp-mistake";
  notice.setAttribute("role", "alert");
  words.textContent = "The lab made a mistake of its own. Reload the page to go on; this report helps to mend it:";
  report.readOnly = true;
  report.rows = 6;
  report.setAttribute("aria-label", "report");
  report.value = `${detail}\n${navigator.userAgent}`;
  notice.append(words, report);
  document.querySelector(".lp-mistake")?.remove();
  root.prepend(notice);
}
