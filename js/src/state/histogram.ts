import type { ContinuousColumn } from "./column";

/** How many cells have a value in each part of the column's range; the parts are equal, the last includes its end. */
export function histogram(column: ContinuousColumn, bins: number): Uint32Array {
  const counts = new Uint32Array(bins);
  if (column.range === null) return counts;
  const [low, high] = column.range;
  const perUnit = high > low ? bins / (high - low) : 0;
  for (const value of column.values) {
    if (value >= low && value <= high) counts[Math.min(Math.floor((value - low) * perUnit), bins - 1)]++;
  }
  return counts;
}

const SKEWED = 8; // times the typical bar: above, most bars of a true scale are too small to see

/** Heights of the bars, 0 to 1; where one dwarfs the others, as the zeros of a gene do, by their logarithms. */
export function barHeights(counts: Uint32Array): Float32Array {
  const filled = [...counts].filter((count) => count > 0).sort((a, b) => a - b);
  const most = filled.at(-1) ?? 1;
  const skewed = most > SKEWED * (filled[filled.length >> 1] ?? 1);
  return Float32Array.from(counts, (count) => (skewed ? Math.log1p(count) / Math.log1p(most) : count / most));
}

const DIGITS = 4;
const STEPS = 200; // parts of a range that a hand tells apart

/**
 * The filter's ends for a brush over a part of a range, given as fractions in any order; an end of the range is open.
 *
 * Numbers that a person can read: four digits, or as many as the range needs where it lies far from zero.
 */
export function brushed(from: number, to: number, range: readonly [number, number]): [number | null, number | null] {
  const [low, high] = range;
  const finest = Math.floor(Math.log10((high - low) / STEPS));
  const at = (fraction: number) => {
    const value = low + fraction * (high - low);
    const digits = Math.floor(Math.log10(Math.abs(value))) - finest + 1;
    return Number(value.toPrecision(Math.min(Math.max(digits, DIGITS), 17)));
  };
  const [left, right] = from <= to ? [from, to] : [to, from];
  return [left <= 0 ? null : at(left), right >= 1 ? null : at(right)];
}
