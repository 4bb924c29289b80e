import { describe, expect, it } from "vitest";
import type { Combine, ToolName } from "../../src/state/store";
import { type Meant, meaningOf, type Press } from "../../src/tools/press";

const PLAIN: Press = { button: 0, shift: false, alt: false, ctrl: false, space: false };

/** `"shift+alt"` as a press of the left button, `"right"` and `"middle"` as those. */
function press(held: string): Press {
  const keys = held.split("+");
  const button = keys.includes("right") ? 2 : keys.includes("middle") ? 1 : 0;
  const has = (key: string) => keys.includes(key);
  return { button, shift: has("shift"), alt: has("alt"), ctrl: has("ctrl"), space: has("space") };
}

function meant(held: string, tool: ToolName, axes: 2 | 3, combine: Combine = "replace"): [Meant["tool"], Combine] {
  const meaning = meaningOf(press(held), tool, axes, combine);
  return [meaning.tool, meaning.combine];
}

describe("a press", () => {
  it.each([
    ["", "navigate"],
    ["shift", "lasso"],
    ["alt", "lasso"],
    ["ctrl", "navigate"],
    ["right", "pan"],
    ["middle", "pan"],
    ["space", "pan"],
    ["shift+space", "pan"],
  ] as const)("with %j held moves a plane or is a quick lasso: %s", (held, expected) => {
    expect(meant(held, "navigate", 2)).toEqual([expected, "replace"]);
  });

  it.each([
    ["", "navigate"],
    ["shift", "pan"],
    ["alt", "lasso"],
    ["ctrl", "navigate"],
    ["right", "pan"],
    ["middle", "pan"],
    ["space", "pan"],
    ["alt+right", "pan"],
  ] as const)("with %j held turns an orbit, pans it or is a quick lasso: %s", (held, expected) => {
    expect(meant(held, "navigate", 3)).toEqual([expected, "replace"]);
  });

  it.each([
    ["shift+alt", "intersect"],
    ["ctrl+alt", "subtract"],
    ["alt", "add"],
  ] as const)("with %j held gives the quick lasso a second key: %s", (held, expected) => {
    for (const axes of [2, 3] as const) expect(meant(held, "navigate", axes, "add")).toEqual(["lasso", expected]);
  });

  it.each([
    ["", "replace"],
    ["shift", "add"],
    ["alt", "subtract"],
    ["ctrl", "subtract"],
    ["shift+alt", "intersect"],
    ["shift+ctrl", "subtract"],
    ["shift+alt+ctrl", "intersect"],
  ] as const)("with %j held and a tool that selects: %s", (held, expected) => {
    for (const tool of ["lasso", "box"] as const)
      for (const axes of [2, 3] as const) expect(meant(held, tool, axes)).toEqual([tool, expected]);
  });

  it("without a key combines as the toolbar says", () => {
    for (const how of ["replace", "add", "subtract", "intersect"] as const) {
      expect(meant("", "box", 2, how)).toEqual(["box", how]);
      expect(meant("shift", "navigate", 2, how)).toEqual(["lasso", how]);
      expect(meant("shift", "lasso", 2, how)).toEqual(["lasso", "add"]);
    }
  });

  it("of another button, or with Space, pans with every tool", () => {
    for (const tool of ["navigate", "lasso", "box"] as const)
      for (const axes of [2, 3] as const)
        for (const held of ["right", "middle", "space", "space+alt", "right+shift"])
          expect(meant(held, tool, axes)[0]).toBe("pan");
    expect(meaningOf({ ...PLAIN, button: 4 }, "lasso", 2, "replace").tool).toBe("pan");
  });
});
