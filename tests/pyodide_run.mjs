/** Python as the static page has it, in Node: reads requests, one JSON text a line, and writes a reply for each. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { loadPyodide } from "../web/node_modules/pyodide/pyodide.mjs";

const HOME = "/lapicque";
const python = await loadPyodide();
const archive = readFileSync(process.argv[2]);
python.unpackArchive(archive.buffer.slice(archive.byteOffset, archive.byteOffset + archive.byteLength), "zip", { extractDir: HOME });
python.runPython(`
import shutil, sys
shutil.unpack_archive("${HOME}/sources.zip", "${HOME}")
sys.path.insert(0, "${HOME}")

def run(text):
    import json
    from lapicque import Experiment
    response = Experiment.from_json(text).run()
    return json.dumps({"spikes": list(response.spikes), "grazes": list(response.grazes)})
`);
const run = python.globals.get("run");
const reply = python.pyimport("lapicque.lab.page").reply;
for await (const line of createInterface({ input: process.stdin })) {
  const [what, text] = JSON.parse(line);
  console.log(what === "run" ? run(text) : reply(text));
}
console.log(python.runPython("import sys, json; json.dumps(sorted({name.partition('.')[0] for name in sys.modules}))"));
