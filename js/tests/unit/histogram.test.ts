import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { availableCells, countsAmong } from "../../src/state/available";
import { Bitset } from "../../src/state/bitset";
import { categoricalColumn, continuousColumn } from "../../src/state/column";
import { barHeights, brushed, histogram } from "../../src/state/histogram";
import { Store } from "../../src/state/store";

const columnOf = (...values: number[]) =>
  continuousColumn({ label: "x", field: "x", layer: null, values: Float32Array.from(values) });

describe("a histogram", () => {
  it("counts each value in its part of the range, the largest in the last", () => {
    expect([...histogram(columnOf(0, 0.9, 1, 2, 3.5, 4), 4)]).toEqual([2, 1, 1, 2]);
  });

  it("leaves out what is not a number, or infinite", () => {
    expect([...histogram(columnOf(0, Number.NaN, Number.POSITIVE_INFINITY, 2, Number.NEGATIVE_INFINITY), 2)]).toEqual([
      1, 1,
    ]);
    expect([...histogram(columnOf(Number.NaN), 3)]).toEqual([0, 0, 0]);
  });

  it("has values that are all the same in one bar", () => {
    expect([...histogram(columnOf(7, 7, 7), 3)]).toEqual([3, 0, 0]);
  });

  it("counts every finite value once, whatever the range", () => {
    const numbers = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 40 }), (values, bins) => {
        const counts = histogram(columnOf(...values), bins);
        expect(counts).toHaveLength(bins);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length);
      }),
    );
  });

  it("is drawn to scale, but by logarithms where one bar dwarfs the others", () => {
    expect([...barHeights(Uint32Array.of(1, 2, 4, 0))]).toEqual([0.25, 0.5, 1, 0]);
    const [most, one, none] = barHeights(Uint32Array.of(9999, 1, 0, 99, 3));
    expect([most, none]).toEqual([1, 0]);
    expect(one).toBeCloseTo(Math.log(2) / Math.log(10_000), 5);
    expect([...barHeights(new Uint32Array(2))]).toEqual([0, 0]);
  });
});

describe("a brush", () => {
  it("gives numbers of four digits, in either direction", () => {
    expect(brushed(0.12345678, 0.5, [0, 1])).toEqual([0.1235, 0.5]);
    expect(brushed(0.5, 0.25, [0, 12345])).toEqual([3086, 6173]);
  });

  it("leaves an end open where it reaches the end of the data", () => {
    expect(brushed(0, 0.5, [0, 10])).toEqual([null, 5]);
    expect(brushed(0.5, 1.3, [0, 10])).toEqual([5, null]);
    expect(brushed(-0.1, 1, [0, 10])).toEqual([null, null]);
  });

  it("gives more digits where the data lie close together far from zero", () => {
    expect(brushed(0.25, 0.5, [100_000, 100_010])).toEqual([100_002.5, 100_005]);
  });

  it("has its ends in order, and near to where they were drawn", () => {
    const float = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        float,
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        (low, span, from, to) => {
          const range = [low, low + span] as const;
          if (range[1] === low) return;
          const [min, max] = brushed(from, to, range) as [number, number];
          expect(min).toBeLessThanOrEqual(max);
          const left = low + Math.min(from, to) * (range[1] - low);
          expect(Math.abs(min - left)).toBeLessThanOrEqual(Math.max(span / 200, Math.abs(left) * 1e-12));
        },
      ),
    );
  });
});

describe("the cells that other fields leave", () => {
  const leiden = categoricalColumn({
    label: "leiden",
    field: "leiden",
    codes: Uint8Array.of(0, 0, 1, 255),
    missing: 255,
    categories: ["B", "T"],
    colors: ["#ff0000", "#00ff00"],
  });

  it("are all while only the field itself is filtered", () => {
    const store = new Store(4, { filters: { leiden: { hide: ["B"] } } });
    store.filterColumns.value = new Map([["leiden", leiden]]);
    expect(availableCells(store, "leiden").value).toBeNull();
  });

  it("are counted by category", () => {
    const store = new Store(4, { filters: { leiden: { hide: ["B"] }, x: { min: 2 } } });
    store.filterColumns.value = new Map<string, typeof leiden | ReturnType<typeof columnOf>>([
      ["leiden", leiden],
      ["x", columnOf(1, 2, 3, 4)],
    ]);
    const cells = availableCells(store, "leiden").value as Bitset;
    expect([...cells.toPositions()]).toEqual([1, 2, 3]);
    expect(countsAmong(leiden, cells)).toEqual({ categories: Uint32Array.of(1, 1), missing: 1 });
  });

  it("are without those that Python has hidden", () => {
    const store = new Store(4);
    store.marks.value = { hidden: Bitset.fromPositions(4, [0, 3]), highlights: [] };
    expect([...(availableCells(store, "leiden").value?.toPositions() ?? [])]).toEqual([1, 2]);
  });

  it("are not counted anew when the field's own filter changes", () => {
    const store = new Store(4, { filters: { x: { min: 2 } } });
    store.filterColumns.value = new Map([["x", columnOf(1, 2, 3, 4)]]);
    const available = availableCells(store, "leiden");
    const before = available.value;
    store.setFilter("leiden", { hide: ["B"] });
    expect(available.value).toBe(before);
    store.setFilter("x", { min: 3 });
    expect([...(available.value?.toPositions() ?? [])]).toEqual([2, 3]);
  });
});
