import { computed, type ReadonlySignal } from "@preact/signals-core";
import type { Bitset } from "./bitset";
import type { CategoricalColumn } from "./column";
import { activeFilters, type Filters, visibleCells } from "./filters";
import type { Store } from "./store";

/** The cells that pass what is filtered by other fields than this one; null when all do. */
export function availableCells(store: Store, field: string): ReadonlySignal<Bitset | null> {
  // As text, which is the same after a change of the field's own filter: a click in the legend then counts nothing anew.
  const others = computed(() => JSON.stringify(activeFilters(store.filters.value).filter(([key]) => key !== field)));
  return computed(() => {
    const filters = Object.fromEntries(JSON.parse(others.value)) as Filters;
    return visibleCells(store.n_cells, filters, store.filterColumns.value, store.marks.value.hidden);
  });
}

/** Cells of each category, and those without one. */
export interface Counts {
  readonly categories: Uint32Array;
  readonly missing: number;
}

/** How a column's cells are spread over its categories among some cells. */
export function countsAmong(column: CategoricalColumn, cells: Bitset): Counts {
  const categories = new Uint32Array(column.categories.length);
  let missing = 0;
  for (const cell of cells.toPositions()) {
    const code = column.codes[cell];
    if (code < categories.length) categories[code]++;
    else missing++;
  }
  return { categories, missing };
}
