/**
 * Long lists of numbers travel as base64, a quarter of the size of their digits and quick to read: {"f8": ...} holds
 * little-endian doubles, {"f4": ..., "add": a} little-endian floats to which a is added.
 *
 * @typedef {{f8: string} | {f4: string, add: number}} Packed
 */

/** The same reply with every packed list as a Float64Array; what came stays as it is. @template T @param {T} value @returns {T} */
export function unpack(value) {
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : /** @type {T} */ (value.map(unpack));
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  const table = /** @type {Record<string, any>} */ (value);
  if (typeof table.f8 === "string") return /** @type {T} */ (doubles(table.f8));
  if (typeof table.f4 === "string") return /** @type {T} */ (floats(table.f4, table.add));
  return /** @type {T} */ (Object.fromEntries(Object.entries(table).map(([key, inner]) => [key, unpack(inner)])));
}

/** @param {string} base64 */
function doubles(base64) {
  const view = viewOf(base64);
  const values = new Float64Array(view.byteLength / 8);
  for (let k = 0; k < values.length; k++) values[k] = view.getFloat64(8 * k, true);
  return values;
}

/** @param {string} base64 @param {number} add */
function floats(base64, add) {
  const view = viewOf(base64);
  const values = new Float64Array(view.byteLength / 4);
  for (let k = 0; k < values.length; k++) values[k] = view.getFloat32(4 * k, true) + add;
  return values;
}

/** The bytes in a view that reads little-endian on any machine. @param {string} base64 */
function viewOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < bytes.length; k++) bytes[k] = text.charCodeAt(k);
  return new DataView(bytes.buffer);
}
