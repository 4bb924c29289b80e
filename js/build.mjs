// Builds the files that the wheel carries, in python/cellucid/static: widget.js for notebooks, page.js for a tab, site.js
// for the page without Python. anywidget sends the first with every widget instance, and the others are put into a page's
// script element, so size and shape are checked here, where they are made.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { context, build as esbuild } from "esbuild";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const STATIC = join(ROOT, "python", "cellucid", "static");
const WIDGET = join(STATIC, "widget.js");
const PAGE = join(STATIC, "page.js");
const SITE = join(STATIC, "site.js");
const MAX_BYTES = 500_000;

const BANNER =
  "/*! cellucid, BSD-3-Clause. Contains preact and @preact/signals (MIT, Jason Miller and the Preact team) and lucide icons (ISC, Lucide contributors). */";

/** Rejects what a host could not load, and writes the bundle in one step so that no reader sees half of it. */
const checkAndWrite = {
  name: "check-and-write",
  setup(build) {
    const bundle = build.initialOptions.outfile;
    build.onEnd((result) => {
      if (result.errors.length > 0) return {};
      const [output] = Object.values(result.metafile.outputs);
      const [file] = result.outputFiles;
      const errors = [];
      if (file.contents.length > MAX_BYTES) {
        errors.push(`the bundle has ${file.contents.length} bytes, the limit is ${MAX_BYTES}`);
      }
      for (const { path } of output.imports) {
        errors.push(`the bundle still imports "${path}": it must be one file that needs no network`);
      }
      if (bundle !== WIDGET && /<\/script|<!--/i.test(file.text)) {
        errors.push("the bundle would end the script element that it is put into");
      }
      if (bundle === WIDGET && !output.exports.includes("default")) {
        errors.push("js/src/index.ts has no default export: anywidget needs {initialize, render}");
      }
      if (errors.length > 0) return { errors: errors.map((text) => ({ text })) };
      mkdirSync(STATIC, { recursive: true });
      writeFileSync(`${bundle}.tmp`, file.contents);
      renameSync(`${bundle}.tmp`, bundle);
      console.log(`${relative(ROOT, bundle)}: ${(file.contents.length / 1000).toFixed(1)} kB`);
      return {};
    });
  },
};

const options = {
  absWorkingDir: ROOT,
  bundle: true,
  write: false,
  metafile: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  // A module that awaits at its top level delays `initialize`; after 2 s Jupyter's widget manager drops every message.
  supported: { "top-level-await": false },
  minify: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  tsconfig: "js/tsconfig.json",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".css": "text", ".glsl": "text" },
  legalComments: "none",
  banner: { js: BANNER },
  charset: "utf8",
  logLevel: "warning",
  plugins: [checkAndWrite],
};

const bundles = [
  { ...options, entryPoints: ["js/src/site.ts"], outfile: SITE },
  { ...options, entryPoints: ["js/src/page.ts"], outfile: PAGE },
  { ...options, entryPoints: ["js/src/index.ts"], outfile: WIDGET }, // the last one: make looks at its age
];

if (process.argv.includes("--watch")) {
  for (const each of bundles) await (await context(each)).watch();
} else {
  try {
    for (const each of bundles) await esbuild(each);
  } catch (error) {
    // esbuild has printed its own errors; anything else is a fault in this script and keeps its traceback.
    if (!Array.isArray(error.errors)) throw error;
    process.exitCode = 1;
  }
}
