import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** $CHROMIUM (the Makefile sets it), else a browser of the system. Playwright's own download is never used. */
function findChromium(): string | undefined {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of NAMES) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not in this folder: the next one.
      }
    }
  }
  return undefined;
}

// Software WebGL2, so that every machine draws the same pixels, and no background traffic.
const FLAGS = [
  "--no-sandbox",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--ignore-gpu-blocklist",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export default defineConfig({
  // esbuild reads the same from js/tsconfig.json; vitest starts at the root and has to be told.
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          environment: "node",
          include: ["js/tests/unit/**/*.test.ts"],
          testTimeout: 30_000, // a property is tried a hundred times, on a busy machine too
        },
      },
      {
        extends: true,
        // Found up front: a dependency discovered in the middle of a run reloads the page and fails the test.
        optimizeDeps: {
          include: [
            "preact",
            "preact/hooks",
            "preact/jsx-dev-runtime",
            "@preact/signals",
            "@preact/signals-core",
            "lucide-preact",
          ],
        },
        test: {
          name: "browser",
          include: ["js/tests/browser/**/*.test.{ts,tsx}"],
          // Two cores shared with the browser: a first frame in software WebGL2 may take seconds.
          testTimeout: 30_000,
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            viewport: { width: 1024, height: 768 },
            provider: playwright({ launchOptions: { executablePath: findChromium(), args: FLAGS } }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
