import assert from "node:assert/strict";
import { test } from "node:test";
import { unpack } from "../src/unpack.js";

// Written by Python: base64.b64encode(struct.pack("<3d", 0.1, -2.5, 1e300)) and struct.pack("<2f", 0.5, -1.25).
const DOUBLES = "mpmZmZmZuT8AAAAAAAAEwJx1AIg85Dd+";
const FLOATS = "AAAAPwAAoL8=";

test("doubles come back to the last bit", () => {
  assert.deepEqual(unpack({ f8: DOUBLES }), new Float64Array([0.1, -2.5, 1e300]));
  assert.deepEqual(unpack({ f8: "" }), new Float64Array([]));
});

test("floats come back with what is to be added, in double precision", () => {
  assert.deepEqual(unpack({ f4: FLOATS, add: 1e9 }), new Float64Array([1000000000.5, 999999998.75]));
});

test("packed lists are found wherever they are, and the rest stays as it is", () => {
  const reply = { id: 1, ok: true, results: [{ t: { f8: DOUBLES }, window: [0, 1], label: "f8", crowded: null, lines: [{ value: 5 }] }], none: [] };
  const copy = JSON.parse(JSON.stringify(reply));
  assert.deepEqual(unpack(reply), { ...reply, results: [{ ...reply.results[0], t: new Float64Array([0.1, -2.5, 1e300]) }] });
  assert.deepEqual(reply, copy);
});

test("what is unpacked already stays", () => {
  const once = unpack({ t: { f8: DOUBLES } });
  assert.deepEqual(unpack(once), once);
});
