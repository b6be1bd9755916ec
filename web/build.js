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

mkdirSync(target, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: { lab: join(source, "index.js") },
  outdir: target,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  banner: { js: banner },
});
await build({
  absWorkingDir: here,
  entryPoints: { lab: join(source, "style.css") },
  outdir: target,
  bundle: true,
  minify: true,
  charset: "utf8",
  banner: { css: banner },
});
for (const file of ["index.html", "favicon.svg"]) copyFileSync(join(source, file), join(target, file));
