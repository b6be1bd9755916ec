/**
 * The host of the local page: connects the view to the server that sent the page.
 */
import { mount, webSocketLink } from "./lab.js";
import { followAddress, furnish } from "./page.js";

const root = /** @type {HTMLElement} */ (document.getElementById("lapicque"));
furnish(root);

const scheme = location.protocol === "https:" ? "wss" : "ws";
const lab = mount(root, webSocketLink(`${scheme}://${location.host}/ws`), { fragment: location.hash });
followAddress(lab);
