import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Column, categoricalColumn, continuousColumn, drawOrder } from "../../src/state/column";

const categorical = (codes: number[], n = 3) =>
  categoricalColumn({
    label: "louvain",
    field: "louvain",
    codes: Uint8Array.from(codes),
    missing: 255,
    categories: Array.from({ length: n }, (_, index) => `c${index}`),
    colors: Array.from({ length: n }, () => "#000000"),
  });
const continuous = (values: number[]) =>
  continuousColumn({ label: "CD3D", field: "gene:CD3D", layer: null, values: Float32Array.from(values) });
const order = (column: Column) => [...(drawOrder(column) ?? [])];

describe("a categorical column", () => {
  it("counts the cells of each category, and those without one", () => {
    const column = categorical([0, 2, 2, 255, 2, 0, 255]);
    expect([...column.counts]).toEqual([2, 0, 3]);
    expect(column.missingCount).toBe(2);
  });

  it("keeps the dataset's order where nothing is missing", () => {
    expect(drawOrder(categorical([2, 0, 1]))).toBeNull();
  });

  it("draws missing cells first, and otherwise keeps the order", () => {
    expect(order(categorical([1, 255, 0, 255, 2]))).toEqual([1, 3, 0, 2, 4]);
    expect(order(categorical([255, 255, 255]))).toEqual([0, 1, 2]);
    expect(order(categorical([255, 255], 0))).toEqual([0, 1]);
  });
});

describe("a continuous column", () => {
  it("has the range of its finite values, and counts NaN as missing", () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    const column = continuous([3, nan, -2, infinity, 0, nan]);
    expect(column.range).toEqual([-2, 3]);
    expect(column.missingCount).toBe(2);
    expect(continuous([nan, infinity, -infinity]).range).toBeNull();
    expect(continuous([]).range).toBeNull();
    expect(continuous([7]).range).toEqual([7, 7]);
  });

  it("draws missing cells first and high values last", () => {
    expect(order(continuous([0.5, Number.NaN, 1, 0, Number.NaN, 0.25]))).toEqual([1, 4, 3, 5, 0, 2]);
  });

  it("draws infinite values with the ends of the range", () => {
    const { NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number;
    expect(order(continuous([high, 1, 0.5, 0, low, Number.NaN]))).toEqual([5, 3, 4, 2, 0, 1]);
  });

  it("keeps the order of equal values", () => {
    expect(order(continuous([5, 5, 5]))).toEqual([0, 1, 2]);
    expect(order(continuous([5, Number.NaN, 5]))).toEqual([1, 0, 2]);
    expect(order(continuous([1, 0, 1, 0, 1]))).toEqual([1, 3, 0, 2, 4]);
  });

  it("keeps the dataset's order where all is missing", () => {
    expect(drawOrder(continuous([Number.NaN, Number.NaN]))).toBeNull();
  });

  it("draws every cell once, ascending to a 4,000th of the range, missing first", () => {
    const value = fc.float({ noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), (values) => {
        const column = continuous(values);
        const found = drawOrder(column);
        if (found === null) return expect(column.range).toBeNull();
        expect([...found].sort((a, b) => a - b)).toEqual(values.map((_, index) => index));
        const drawn = [...found].map((cell) => column.values[cell]);
        const placed = drawn.slice(column.missingCount);
        expect(drawn.slice(0, column.missingCount).every(Number.isNaN)).toBe(true);
        const [low, high] = column.range as readonly [number, number];
        const step = (high - low) / 4000;
        for (let i = 1; i < placed.length; i++) expect(placed[i]).toBeGreaterThanOrEqual(placed[i - 1] - step);
      }),
      { numRuns: 300 },
    );
  });
});
