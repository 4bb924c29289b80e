import { Bitset } from "./bitset";
import type { Column } from "./column";

/** What keeps a cell in sight: categories that are hidden, or a range, both ends included. */
export interface Filter {
  readonly hide?: readonly string[];
  readonly min?: number | null;
  readonly max?: number | null;
  /** False switches the filter off and keeps it in the list. */
  readonly enabled?: boolean;
  /** Whether cells without a value stay: by default they do where categories are hidden, and not in a range. */
  readonly keep_missing?: boolean;
}

/** By field: an obs column's key, or `gene:` and a gene's name. A cell must pass all of them. */
export type Filters = Readonly<Record<string, Filter>>;

/** The filters that do something. */
export function activeFilters(filters: Filters): [string, Filter][] {
  return Object.entries(filters).filter(
    ([, filter]) =>
      filter.enabled !== false &&
      ((filter.hide?.length ?? 0) > 0 || isNumber(filter.min) || isNumber(filter.max) || filter.keep_missing === false),
  );
}

/**
 * The cells that pass every filter and are not hidden one by one; null when all are in sight.
 *
 * A filter whose column is not there yet lets everything pass. The rule of `python/cellucid/cells/filters.py`.
 */
export function visibleCells(
  size: number,
  filters: Filters,
  columns: ReadonlyMap<string, Column>,
  hidden: Bitset | null,
): Bitset | null {
  const tests = activeFilters(filters).flatMap(([field, filter]) => {
    const column = columns.get(field);
    return column === undefined ? [] : [testOf(column, filter)];
  });
  if (tests.length === 0 && (hidden === null || hidden.count === 0)) return null;
  const passing = Bitset.where(size, (cell) => tests.every((test) => test(cell)));
  return hidden === null ? passing : passing.without(hidden);
}

function testOf(column: Column, { hide = [], min, max, keep_missing }: Filter): (cell: number) => boolean {
  if (column.kind === "categorical") {
    const { codes, categories } = column;
    const hidden = new Set(hide);
    const passes = Uint8Array.from(categories, (name) => Number(!hidden.has(name)));
    const missing = keep_missing !== false;
    return (cell) => (codes[cell] < passes.length ? passes[codes[cell]] === 1 : missing);
  }
  const { values } = column;
  // Rounded as the values are: a cell at 0.05 passes a filter that ends at 0.05.
  const low = isNumber(min) ? Math.fround(min) : Number.NEGATIVE_INFINITY;
  const high = isNumber(max) ? Math.fround(max) : Number.POSITIVE_INFINITY;
  const ranged = isNumber(min) || isNumber(max);
  const missing = keep_missing ?? !ranged;
  return (cell) => (Number.isNaN(values[cell]) ? missing : values[cell] >= low && values[cell] <= high);
}

function isNumber(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}
