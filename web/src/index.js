/**
 * The host of the local page: connects the view to the server that sent the page.
 */
import { h } from "./dom.js";
import { mount } from "./lab.js";
import { webSocketLink } from "./link.js";

const root = /** @type {HTMLElement} */ (document.getElementById("lapicque"));

/** A mistake of ours is said, with a report to copy, instead of a page that stands still. @param {unknown} error */
function confess(error) {
  const detail = error instanceof Error ? error.stack ?? error.message : String(error);
  const report = h("textarea", { readonly: true, rows: 6, "aria-label": "report" });
  report.value = `${detail}\n${navigator.userAgent}`;
  document.querySelector(".lp-mistake")?.remove();
  root.prepend(h("div", { class: "lp-mistake", role: "alert" }, h("p", {}, "The lab made a mistake of its own. Reload the page to go on; this report helps to mend it:"), report));
}

addEventListener("error", (event) => {
  // ResizeObserver reports a deferred notice this way; nothing is wrong then.
  if (event.error) confess(event.error);
});
addEventListener("unhandledrejection", (event) => confess(event.reason));

const scheme = location.protocol === "https:" ? "wss" : "ws";
mount(root, webSocketLink(`${scheme}://${location.host}/ws`));
