import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CategoricalColumn, categoricalColumn, continuousColumn } from "../../src/state/column";
import {
  filterHiding,
  filterKeeping,
  type Hiding,
  hidingOf,
  isolated,
  spanOf,
  toggled,
  withEnds,
} from "../../src/state/editing";
import { type Filter, visibleCells } from "../../src/state/filters";

const column: CategoricalColumn = categoricalColumn({
  label: "leiden",
  field: "leiden",
  codes: Uint8Array.of(0, 0, 1, 2, 255),
  missing: 255,
  categories: ["B", "T", "NK"],
  colors: ["#ff0000", "#00ff00", "#0000ff"],
});
const complete = categoricalColumn({ ...column, codes: Uint8Array.of(0, 0, 1, 2) });
const nothing: Hiding = { names: new Set(), missing: false };
const hiding = (...names: string[]): Hiding => ({ names: new Set(names), missing: false });
const shown = (filter: Filter | undefined, of = column) =>
  visibleCells(of.codes.length, filter ? { leiden: filter } : {}, new Map([["leiden", of]]), null)?.toPositions() ??
  null;

const anyHiding = fc.record({
  names: fc.subarray(["B", "T", "NK"]).map((names) => new Set(names)),
  missing: fc.boolean(),
});

describe("a category's filter", () => {
  it("is not there while nothing is hidden", () => {
    expect(filterHiding(column, nothing)).toBeUndefined();
    expect(filterHiding(column, toggled(hiding("T"), "T"))).toBeUndefined();
  });

  it("names what is hidden in the order of the categories, and says when missing ones go too", () => {
    expect(filterHiding(column, hiding("NK", "B"))).toEqual({ hide: ["B", "NK"] });
    expect(filterHiding(column, toggled(hiding("B"), null))).toEqual({ hide: ["B"], keep_missing: false });
    expect(filterHiding(column, toggled(nothing, null))).toEqual({ keep_missing: false });
  });

  it("forgets categories that the column does not have, which Python would refuse", () => {
    expect(filterHiding(column, hiding("gone"))).toBeUndefined();
  });

  it("that is switched off hides nothing, so that the next click begins anew", () => {
    expect(hidingOf({ hide: ["B"], enabled: false })).toEqual(nothing);
    expect(hidingOf(undefined)).toEqual(nothing);
  });

  it("hides what it says it hides, and reads as it was written", () => {
    fc.assert(
      fc.property(anyHiding, (hidden) => {
        const filter = filterHiding(column, hidden);
        expect(hidingOf(filter)).toEqual(hidden);
        const seen = [0, 1, 2, 3, 4].filter((cell) => {
          const code = column.codes[cell];
          return code === 255 ? !hidden.missing : !hidden.names.has(column.categories[code]);
        });
        expect([...(shown(filter) ?? [0, 1, 2, 3, 4])]).toEqual(seen);
      }),
    );
  });

  it("is as it was after two clicks", () => {
    fc.assert(
      fc.property(anyHiding, fc.constantFrom("B", "T", "NK", null), (hidden, name) => {
        expect(toggled(toggled(hidden, name), name)).toEqual(hidden);
      }),
    );
  });

  it("leaves one category alone, and brings all back when it was alone already", () => {
    const alone = isolated(column, hiding("T"), "T");
    expect(filterHiding(column, alone)).toEqual({ hide: ["B", "NK"], keep_missing: false });
    expect(isolated(column, alone, "T")).toEqual(nothing);
    expect(filterHiding(column, isolated(column, alone, "B"))).toEqual({ hide: ["T", "NK"], keep_missing: false });
  });

  it("leaves the cells without a category alone", () => {
    const alone = isolated(column, nothing, null);
    expect(filterHiding(column, alone)).toEqual({ hide: ["B", "T", "NK"] });
    expect(isolated(column, alone, null)).toEqual(nothing);
  });

  it("says nothing about missing cells where there are none", () => {
    expect(filterHiding(complete, isolated(complete, nothing, "B"))).toEqual({ hide: ["T", "NK"] });
    expect(isolated(complete, hiding("T", "NK"), "B")).toEqual(nothing);
  });

  it("with one category alone shows just its cells", () => {
    fc.assert(
      fc.property(anyHiding, fc.constantFrom("B", "T", "NK"), (hidden, name) => {
        const alone = isolated(column, hidden, name);
        const cells = shown(filterHiding(column, alone));
        const its = [0, 1, 2, 3].filter((cell) => column.categories[column.codes[cell]] === name);
        if (cells !== null) expect([...cells]).toEqual(its);
        else expect(hidden).toEqual(isolated(column, nothing, name)); // it was alone before
      }),
    );
  });
});

describe("a range's filter", () => {
  const values = continuousColumn({
    label: "x",
    field: "x",
    layer: null,
    values: Float32Array.of(0, 1, 2, Number.NaN),
  });
  const seen = (filter: Filter | undefined) => [
    ...(visibleCells(4, filter ? { x: filter } : {}, new Map([["x", values]]), null)?.toPositions() ?? [0, 1, 2, 3]),
  ];
  const end = fc.option(fc.integer({ min: 0, max: 2 }));
  const anySpan = fc
    .record({ min: end, max: end, missing: fc.boolean() })
    .filter(({ min, max }) => min === null || max === null || min <= max);

  it("is not there while everything stays", () => {
    expect(filterKeeping({ min: null, max: null, missing: true })).toBeUndefined();
  });

  it("has only what was set", () => {
    expect(filterKeeping({ min: 1, max: null, missing: false })).toEqual({ min: 1 });
    expect(filterKeeping({ min: 0, max: 2, missing: true })).toEqual({ min: 0, max: 2, keep_missing: true });
    expect(filterKeeping({ min: null, max: null, missing: false })).toEqual({ keep_missing: false });
  });

  it("that is switched off keeps everything", () => {
    expect(spanOf({ min: 1, enabled: false })).toEqual({ min: null, max: null, missing: true });
  });

  it("keeps what it says it keeps, and reads as it was written", () => {
    fc.assert(
      fc.property(anySpan, (span) => {
        const filter = filterKeeping(span);
        expect(spanOf(filter)).toEqual(span);
        const inside = [0, 1, 2].filter((value) => value >= (span.min ?? 0) && value <= (span.max ?? 2));
        expect(seen(filter)).toEqual(span.missing ? [...inside, 3] : inside);
      }),
    );
  });

  it("takes missing values along with its first end and brings them back with its last", () => {
    const open = spanOf(undefined);
    const ranged = withEnds(open, 1, null);
    expect(ranged.missing).toBe(false);
    expect(withEnds(ranged, null, null)).toEqual(open);
  });

  it("keeps missing values that were asked for while its ends move", () => {
    const kept = { ...withEnds(spanOf(undefined), 1, null), missing: true };
    expect(withEnds(kept, 1, 2).missing).toBe(true);
    expect(filterKeeping(withEnds(kept, null, null))).toBeUndefined();
  });
});
