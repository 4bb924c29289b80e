import { describe, expect, it } from "vitest";
import { cells, formatCount, formatExactly, formatFilter, formatValue } from "../../src/ui/format";

describe("numbers a person reads", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [12345, "12,345"],
    [1_000_000, "1,000,000"],
  ])("the count %d is %s", (count, expected) => {
    expect(formatCount(count)).toBe(expected);
  });

  it("cells are one or many", () => {
    expect([0, 1, 2, 12345].map(cells)).toEqual(["0 cells", "1 cell", "2 cells", "12,345 cells"]);
  });

  it.each([
    [0, "0"],
    [0.12344, "0.1234"],
    [0.0012346, "0.001235"],
    [1, "1"],
    [2.34567, "2.346"],
    [1234.56, "1,235"],
    [123456, "123,500"],
    [999_999, "1e+6"],
    [12_345_678, "1.235e+7"],
    [0.000123456, "1.235e-4"],
    [-1.5, "−1.5"],
  ])("the value %d is %s", (value, expected) => {
    expect(formatValue(value)).toBe(expected);
  });

  it("a minus is one sign, however small or large the value", () => {
    expect(formatValue(-0.00012)).toBe("−1.2e-4");
    expect(formatValue(-2e7)).toBe("−2e+7");
  });
});

describe("a filter a person reads", () => {
  it.each([
    ["pct_mito", { max: 15 }, "pct_mito ≤ 15"],
    ["CD3E", { min: 1 }, "CD3E ≥ 1"],
    ["n_counts", { min: -0.5, max: 12_000.25 }, "−0.5 ≤ n_counts ≤ 12000.25"],
    ["leiden", { hide: ["1", "2"] }, "leiden: 2 hidden"],
    ["leiden", { hide: ["1"], keep_missing: false }, "leiden: 1 hidden"],
    ["leiden", { keep_missing: false }, "leiden: missing hidden"],
    ["leiden", { hide: ["1"], enabled: false }, "leiden: 1 hidden"],
  ])("on %s, %j, is “%s”", (name, filter, text) => {
    expect(formatFilter(name, filter)).toBe(text);
  });

  it("is nothing where it does nothing", () => {
    expect(formatFilter("leiden", {})).toBeNull();
    expect(formatFilter("leiden", { hide: [], keep_missing: true })).toBeNull();
  });

  it("has all the digits of its ends", () => {
    expect(formatExactly(-1234.5678)).toBe("−1234.5678");
  });
});
