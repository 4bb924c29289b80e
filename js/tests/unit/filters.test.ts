import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Bitset } from "../../src/state/bitset";
import { type Column, categoricalColumn, continuousColumn } from "../../src/state/column";
import { activeFilters, type Filter, visibleCells } from "../../src/state/filters";
import { limitsOf, percentile } from "../../src/state/limits";

// The cells of tests/cells/test_filters.py.
const LEIDEN = categoricalColumn({
  label: "leiden",
  field: "leiden",
  codes: Uint8Array.of(0, 1, 2, 255, 1),
  missing: 255,
  categories: ["0", "1", "10"],
  colors: ["#000000", "#000000", "#000000"],
});
const SCORE = continuousColumn({
  label: "score",
  field: "score",
  layer: null,
  values: Float32Array.of(0.05, 1, Number.NaN, -3, 7),
});
const ALL = [0, 1, 2, 3, 4];

function passing(filters: Record<string, Filter>, hidden: Bitset | null = null): number[] {
  const columns = new Map<string, Column>([
    ["leiden", LEIDEN],
    ["score", SCORE],
  ]);
  const visible = visibleCells(5, filters, columns, hidden);
  return visible === null ? ALL : [...visible.toPositions()];
}

describe("filters", () => {
  it.each<[Filter, number[]]>([
    [{ hide: ["1"] }, [0, 2, 3]],
    [{ hide: ["1", "0"], keep_missing: false }, [2]],
    [{ hide: ["1"], enabled: false }, ALL],
    [{ hide: [] }, ALL],
    [{ keep_missing: false }, [0, 1, 2, 4]],
    [{}, ALL],
    [{ hide: ["gone"] }, ALL],
  ])("of categories %j leave %j, as in Python", (filter, cells) => {
    expect(passing({ leiden: filter })).toEqual(cells);
  });

  it.each<[Filter, number[]]>([
    [{ min: 1 }, [1, 4]],
    [{ max: 1 }, [0, 1, 3]],
    [{ min: -3, max: 1 }, [0, 1, 3]],
    [{ min: 1, keep_missing: true }, [1, 2, 4]],
    [{ max: 0.05 }, [0, 3]],
    [{ keep_missing: false }, [0, 1, 3, 4]],
    [{ max: 1e300 }, [0, 1, 3, 4]],
    [{ min: 1, enabled: false }, ALL],
    [{ min: null, max: null }, ALL],
    [{}, ALL],
  ])("of numbers %j leave %j, as in Python", (filter, cells) => {
    expect(passing({ score: filter })).toEqual(cells);
  });

  it("must all be passed, and hidden cells are hidden whatever they say", () => {
    expect(passing({ leiden: { hide: ["0"] }, score: { max: 7 } })).toEqual([1, 3, 4]);
    expect(passing({ leiden: { hide: ["0"] } }, Bitset.fromPositions(5, [1]))).toEqual([2, 3, 4]);
    expect(passing({}, Bitset.fromPositions(5, [1]))).toEqual([0, 2, 3, 4]);
    expect(passing({}, Bitset.empty(5))).toEqual(ALL);
  });

  it("whose column is still loading let everything pass", () => {
    expect(passing({ n_counts: { min: 3 } })).toEqual(ALL);
  });

  it("that do something are the active ones", () => {
    const filters = {
      a: {},
      b: { hide: [] },
      c: { min: 0 },
      d: { min: 0, enabled: false },
      e: { keep_missing: false },
    };
    expect(activeFilters(filters).map(([field]) => field)).toEqual(["c", "e"]);
  });
});

describe("the ends of a colour bar", () => {
  const column = continuousColumn({
    label: "n",
    field: "n",
    layer: null,
    values: Float32Array.of(4, 0, 1, 3, 2, Number.NaN),
  });

  it.each([
    [null, [0, 4]],
    [
      [1, 2],
      [1, 2],
    ],
    [
      [null, 2],
      [0, 2],
    ],
    [
      ["p25", "p50"],
      [1, 2],
    ],
    [
      ["p0", "p99"],
      [0, 3.96],
    ],
    [
      ["p12.5", null],
      [0.5, 4],
    ],
  ] as const)("for %j are %j", (given, ends) => {
    const [low, high] = limitsOf(column, given as never) ?? [Number.NaN, Number.NaN];
    expect(low).toBeCloseTo(ends[0], 6);
    expect(high).toBeCloseTo(ends[1], 6);
  });

  it("are none where no value is finite", () => {
    const empty = continuousColumn({ label: "n", field: "n", layer: null, values: Float32Array.of(Number.NaN) });
    expect(limitsOf(empty, [0, 1])).toBeNull();
    expect(percentile(empty.values, 50)).toBeNaN();
  });

  it("by percentiles are sorted once for one column", () => {
    const values = Float32Array.of(3, 1, 2);
    const filter = vi.spyOn(values, "filter");
    expect([percentile(values, 0), percentile(values, 50), percentile(values, 100)]).toEqual([1, 2, 3]);
    expect(filter).toHaveBeenCalledTimes(1);
    expect(percentile(Float32Array.of(7, 5), 0)).toBe(5);
  });

  it("by percentiles lie between two neighbours, in order", () => {
    fc.assert(
      fc.property(
        fc.float32Array({ noNaN: true, noDefaultInfinity: true, minLength: 1 }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (values, percent) => {
          const at = percentile(values, percent);
          const below = values.filter((value) => value <= at).length / values.length;
          expect(at).toBeGreaterThanOrEqual(Math.min(...values));
          expect(at).toBeLessThanOrEqual(Math.max(...values));
          expect(below).toBeGreaterThanOrEqual(percent / 100 - 1 / values.length);
        },
      ),
    );
  });
});
