import type { ContinuousColumn } from "./column";

/** An end of the colour bar: a number, a percentile such as `"p99"`, or null for the data's own. */
export type Limit = number | string | null;
export type Limits = readonly [Limit, Limit];

/** The ends of a column's colour bar in the column's unit. */
export function limitsOf(column: ContinuousColumn, limits: Limits | null): readonly [number, number] | null {
  if (column.range === null) return null;
  const [low, high] = limits ?? [null, null];
  return [limitOf(column, low, column.range[0]), limitOf(column, high, column.range[1])];
}

function limitOf(column: ContinuousColumn, limit: Limit, own: number): number {
  if (typeof limit === "number") return limit;
  return limit === null ? own : percentile(column.values, Number(limit.slice(1)));
}

/** Of the column whose percentile was asked for last: typing a limit asks for one at each key. */
let sorted: { readonly values: Float32Array; readonly finite: Float32Array } | null = null;

/** The percentile of the finite values, as `numpy.percentile` has it: linear between the two nearest. NaN for none. */
export function percentile(values: Float32Array, percent: number): number {
  if (sorted?.values !== values) sorted = { values, finite: values.filter((value) => Number.isFinite(value)).sort() };
  const { finite } = sorted;
  if (finite.length === 0) return Number.NaN;
  const at = (Math.min(Math.max(percent, 0), 100) / 100) * (finite.length - 1);
  const left = Math.floor(at);
  const right = Math.min(left + 1, finite.length - 1);
  return finite[left] + (finite[right] - finite[left]) * (at - left);
}
