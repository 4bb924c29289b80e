import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cdp } from "vitest/browser";
import { find, inspect, openWidget, settled } from "./widget";

const LIGHT = "rgb(255, 255, 255)";
const DARK = "rgb(27, 27, 27)";

/** What the person's system prefers. */
async function prefer(value: "light" | "dark"): Promise<void> {
  await cdp().send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
}

/** A page that declares its scheme as marimo does: by a class of the body. */
function declare(scheme: string): void {
  document.body.style.colorScheme = scheme;
}

const backgroundOf = (output: HTMLElement) => getComputedStyle(find(output, ".widget")).backgroundColor;

afterEach(async () => {
  await prefer("light");
  declare("");
});

describe("on a page without colours for us", () => {
  it.each([
    ["", "light", LIGHT],
    ["", "dark", DARK],
    ["light dark", "dark", DARK],
    ["light", "dark", LIGHT],
    ["dark", "light", DARK],
    ["only dark", "light", DARK],
  ] as const)("that declares the scheme %j, on a system that is %s", async (scheme, system, expected) => {
    await prefer(system);
    declare(scheme);
    const { output } = openWidget();
    await settled(output);
    expect(backgroundOf(output)).toBe(expected);
  });

  it("the person's own choice stands above the page's", async () => {
    declare("dark");
    const { output } = openWidget({ theme: "light" });
    await settled(output);
    expect(backgroundOf(output)).toBe(LIGHT);
  });

  it("a page that changes its scheme takes the plot along", async () => {
    declare("light");
    const { output } = openWidget();
    await settled(output);
    const { frames } = inspect(output);
    declare("dark");
    await expect.poll(() => backgroundOf(output)).toBe(DARK);
    await expect.poll(() => inspect(output).frames).toBeGreaterThan(frames);
    declare("");
    await expect.poll(() => backgroundOf(output)).toBe(LIGHT);
  });
});

describe("where the host has colours", () => {
  const HOSTS = "rgb(17, 17, 17)";

  beforeEach(() => document.body.style.setProperty("--jp-layout-color0", HOSTS));
  afterEach(() => document.body.style.removeProperty("--jp-layout-color0"));

  it.each(["light", "dark"] as const)("neither its scheme is asked nor a system that is %s", async (system) => {
    await prefer(system);
    declare("dark");
    const { output } = openWidget();
    await settled(output);
    expect(backgroundOf(output)).toBe(HOSTS);
  });

  it.each(["light", "dark"] as const)(
    "they are found once the view is in the page, on a system that is %s",
    async (system) => {
      await prefer(system);
      declare("dark");
      const { output } = openWidget({}, { attached: false });
      document.body.append(output);
      await expect.poll(() => backgroundOf(output)).toBe(HOSTS);
      await settled(output);
      document.body.dataset.touched = "by a cell that ran";
      await Promise.resolve();
      expect(backgroundOf(output)).toBe(HOSTS);
      delete document.body.dataset.touched;
    },
  );
});
