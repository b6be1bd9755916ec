import assert from "node:assert/strict";
import { test } from "node:test";
import { boxText, decimalsFor, fixed, logTexts, offText, parseNumber, richParts, shortText, spikeText, splitTitle, tickTexts, unitText, withHyphen, withMinus } from "../src/format.js";

test("numbers are typed with a point or a comma", () => {
  assert.deepEqual(["0.8", "0,8", " -3 ", "−3", "1e-3"].map(parseNumber), [0.8, 0.8, -3, -3, 0.001]);
  assert.deepEqual(["", "abc", "1,000.5", "1e999", "NaN"].map(parseNumber), [null, null, null, null, null]);
});

test("a box shows what was set, without dust", () => {
  assert.deepEqual([0.1 + 0.2, 100, 159.15494309189535, 2.5e6].map(boxText), ["0.3", "100", "159.1549431", "2.5e6"]);
});

test("a spike time has twelve digits", () => {
  assert.equal(spikeText(21.15113665419389), "21.1511366542");
});

test("zero has no minus, other negatives a typographic one", () => {
  assert.equal(fixed(-0.0001, 2), "0.00");
  assert.equal(fixed(-1.5, 1), "−1.5");
});

test("running text has minus signs where something is subtracted or below zero, words keep their hyphens", () => {
  const texts = ["-0.230", "1.2e-05", "the rheobase is -0.002 nA.", "dV/dt = -(V - E_L)", "exp(-t/tau)", "a time-variable 2-3 f-I curve - well"];
  const shown = ["−0.230", "1.2e−05", "the rheobase is −0.002 nA.", "dV/dt = −(V − E_L)", "exp(−t/tau)", "a time-variable 2-3 f-I curve − well"];
  assert.deepEqual(texts.map(withMinus), shown);
  assert.deepEqual(shown.map(withHyphen), texts);
});

test("tick labels have the decimals of their spacing", () => {
  assert.deepEqual(tickTexts([0, 0.25, 0.5], 0.25), ["0.00", "0.25", "0.50"]);
  assert.deepEqual(tickTexts([-50, 0], 50), ["−50", "0"]);
  assert.deepEqual(tickTexts([0, 200000], 200000), ["0", "2e5"]);
  assert.equal(decimalsFor(0.001), 3);
});

test("tick labels of tiny values are powers of ten", () => {
  assert.deepEqual(tickTexts([-1e-6, 0, 1e-6], 1e-6), ["−1e−6", "0", "1e−6"]);
  assert.deepEqual(tickTexts([0, 0], 1), ["0", "0"]);
});

test("labels of a logarithmic axis are plain near one, else all powers of ten", () => {
  assert.deepEqual(logTexts([0.001, 0.01, 0.1, 1, 10]), ["0.001", "0.01", "0.1", "1", "10"]);
  assert.deepEqual(logTexts([1e-12, 1e-6, 1]), ["10⁻¹²", "10⁻⁶", "10⁰"]);
  assert.deepEqual(logTexts([2e-5, 5e-5]), ["2·10⁻⁵", "5·10⁻⁵"]);
});

test("quantities of any size have four digits", () => {
  assert.deepEqual([0, 1.5, 75.912, 0.00123456, -2e-7, 123456].map(shortText), ["0.000", "1.500", "75.91", "0.001235", "−2.000e−7", "1.235e5"]);
});

test("an error is told as late or early", () => {
  assert.equal(offText(0.348863), "0.3489 ms late");
  assert.equal(offText(-9.116), "9.116 ms early");
  assert.equal(offText(0), "at the same instant");
});

test("symbols, subscripts and Greek letters are found in running text", () => {
  assert.deepEqual(richParts("threshold V_th"), [
    { text: "threshold ", kind: "plain" },
    { text: "V", kind: "symbol" },
    { text: "th", kind: "sub" },
  ]);
  assert.deepEqual(richParts("tau_m").map((part) => part.text), ["τ", "m"]);
  assert.deepEqual(richParts("peak, tau 10 ms").map((part) => part.text), ["peak, ", "τ", " 10 ms"]);
  assert.deepEqual(richParts("6.4 MOhm I(t)"), [{ text: "6.4 MΩ I(t)", kind: "plain" }]);
  assert.deepEqual(richParts("spike_count"), [{ text: "spike_count", kind: "plain" }]);
});

test("titles come apart into number and name", () => {
  assert.deepEqual(splitTitle("2a  Time-variable current"), ["2a", "Time-variable current"]);
  assert.deepEqual(splitTitle("My own"), ["", "My own"]);
  assert.equal(unitText("MOhm"), "MΩ");
});
