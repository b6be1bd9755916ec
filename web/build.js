/**
 * Bundles the view into the Python package. The output depends on the sources and the pinned packages alone: CI builds
 * again and compares.
 */
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "src");
const target = join(here, "..", "src", "lapicque", "lab", "static");

const { dependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const licenses = Object.keys(dependencies).map((name) => {
  const folder = join(here, "node_modules", name);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return `${name} ${version}\n\n${readFileSync(join(folder, "LICENSE"), "utf8").trim()}`;
});
const banner = `/*! Contains:\n\n${licenses.join("\n\n")}\n*/`;

/**
 * A notebook may have plots of its own by the same package: its rules are kept to the inside of a lab.
 *
 * @type {import("esbuild").Plugin}
 */
const scoped = {
  name: "scoped",
  setup({ onLoad }) {
    onLoad({ filter: /uPlot\.min\.css$/ }, ({ path }) => ({ contents: `.lapicque { ${readFileSync(path, "utf8")} }`, loader: "css" }));
  },
};

/** @type {import("esbuild").BuildOptions} */
const common = { absWorkingDir: here, outdir: target, bundle: true, minify: true, charset: "utf8" };
/** @type {import("esbuild").BuildOptions} */
const script = { ...common, format: "esm", target: "es2022" };

mkdirSync(target, { recursive: true });
await build({ ...script, entryPoints: { lab: join(source, "lab.js") }, banner: { js: banner } });
// The page loads the same module as a notebook does.
await build({ ...script, entryPoints: { local: join(source, "local.js") }, external: ["./lab.js"] });
// So does the static page; its worker and its service worker are scripts of their own.
const site = join(target, "site");
await build({ ...script, outdir: site, entryPoints: ["site", "worker", "sw"].map((name) => join(source, `${name}.js`)), external: ["./lab.js"] });
// Old enough that nested rules are written out.
await build({ ...common, entryPoints: { lab: join(source, "style.css") }, target: "chrome111", plugins: [scoped], banner: { css: banner } });
for (const file of ["index.html", "favicon.svg"]) copyFileSync(join(source, file), join(target, file));
for (const file of ["site.html", "site.css", "lapicque.webmanifest", "icon.png"]) copyFileSync(join(source, file), join(site, file));
