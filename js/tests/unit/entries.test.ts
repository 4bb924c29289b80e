import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { continuousColumn } from "../../src/state/column";
import { limitsOf } from "../../src/state/limits";
import { areInOrder, parseLimit, parseNumber } from "../../src/ui/entries";
import { formatExactly } from "../../src/ui/format";

describe("a number that somebody types", () => {
  it.each([
    ["0", 0],
    [" 1.5 ", 1.5],
    ["-2", -2],
    ["−2", -2],
    ["+3", 3],
    [".5", 0.5],
    ["5.", 5],
    ["1e-3", 0.001],
    ["2E4", 20_000],
  ])("%j is %d", (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });

  it.each(["", " ", "a", "1,5", "1 000", "0x10", "Infinity", "NaN", "1e999", "--1", ".", "1e"])(
    "%j is none",
    (text) => {
      expect(parseNumber(text)).toBeUndefined();
    },
  );

  it("comes back as it is written", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parseNumber(formatExactly(value))).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it("is finite or none, whatever is typed", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const value = parseNumber(text);
        expect(value === undefined || Number.isFinite(value)).toBe(true);
      }),
    );
  });
});

describe("a limit that somebody types", () => {
  it.each([
    ["", null],
    ["  ", null],
    ["3.5", 3.5],
    ["p99", "p99"],
    ["P1", "p1"],
    [" p 99.5 ", "p99.5"],
    ["p100", "p100"],
    ["p0", "p0"],
  ])("%j is %j", (text, limit) => {
    expect(parseLimit(text)).toBe(limit);
  });

  it.each(["p", "p101", "p-1", "p1.", "99%", "q3", "1,5"])("%j is none", (text) => {
    expect(parseLimit(text)).toBeUndefined();
  });

  it("is one that Python takes, whatever is typed", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^p ?[0-9.]{1,5}$/)), (text) => {
        const limit = parseLimit(text);
        if (typeof limit !== "string") return;
        expect(limit).toMatch(/^p\d{1,3}(\.\d+)?$/);
        expect(Number(limit.slice(1))).toBeLessThanOrEqual(100);
      }),
    );
  });
});

describe("limits of a colour bar", () => {
  const values = Float32Array.from({ length: 101 }, (_, value) => value);
  const column = continuousColumn({ label: "x", field: "x", layer: null, values });

  it("are in order where the lower one lies below the upper one", () => {
    expect(areInOrder(column, [0, 10])).toBe(true);
    expect(areInOrder(column, [10, 10])).toBe(false);
    expect(areInOrder(column, ["p1", "p99"])).toBe(true);
    expect(areInOrder(column, ["p99", "p1"])).toBe(false);
    expect(areInOrder(column, [null, null])).toBe(true);
  });

  it("are compared in the column's unit where they are of different kinds", () => {
    expect(areInOrder(column, ["p50", 60])).toBe(true);
    expect(areInOrder(column, ["p50", 40])).toBe(false);
    expect(areInOrder(column, [200, null])).toBe(false);
    expect(areInOrder(column, [null, -5])).toBe(false);
  });

  it("never turn the colours round", () => {
    const limit = fc.oneof(
      fc.constant(null),
      fc.integer({ min: -50, max: 150 }),
      fc.nat(100).map((p) => `p${p}`),
    );
    fc.assert(
      fc.property(limit, limit, (low, high) => {
        if (!areInOrder(column, [low, high])) return;
        const [from, to] = limitsOf(column, [low, high]) as [number, number];
        expect(from).toBeLessThanOrEqual(to);
      }),
    );
  });
});
