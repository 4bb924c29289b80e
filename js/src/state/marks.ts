import type { Bitset } from "./bitset";

/** Cells that Python points out, in one colour. */
export interface Highlight {
  /** `#rrggbb`. */
  readonly color: string;
  readonly cells: Bitset;
}

/** What Python says about single cells. */
export interface Marks {
  /** Cells hidden one by one; null for none. */
  readonly hidden: Bitset | null;
  /** Later ones lie over earlier ones. */
  readonly highlights: readonly Highlight[];
}

export const NO_MARKS: Marks = { hidden: null, highlights: [] };
