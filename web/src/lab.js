/**
 * The module that every host loads: a page imports `mount` and a link, anywidget calls the default export's `render`.
 */
export { webSocketLink } from "./link.js";
export { mount } from "./mount.js";
export { default } from "./widget.js";
export { workerLink } from "./workerLink.js";
