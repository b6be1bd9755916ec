/**
 * The host of the local page: connects the view to the server that sent the page.
 */
import { mount, webSocketLink } from "./lab.js";

const page = document.documentElement;
const root = /** @type {HTMLElement} */ (document.getElementById("lapicque"));

/** A mistake of ours is said, with a report to copy, instead of a page that stands still. @param {unknown} error */
function confess(error) {
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

addEventListener("error", (event) => {
  // ResizeObserver reports a deferred notice this way; nothing is wrong then.
  if (event.error) confess(event.error);
});
addEventListener("unhandledrejection", (event) => confess(event.reason));

root.addEventListener("lapicque:painted", () => (page.dataset.ready = "true"));
// As long as nothing on the page has the focus, its keys are the lab's.
document.addEventListener("keydown", (event) => {
  if (event.target !== document.body) return;
  const copy = new KeyboardEvent("keydown", event);
  root.dispatchEvent(copy);
  if (copy.defaultPrevented) event.preventDefault();
});

const scheme = location.protocol === "https:" ? "wss" : "ws";
mount(root, webSocketLink(`${scheme}://${location.host}/ws`));
