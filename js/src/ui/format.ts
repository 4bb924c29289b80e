import type { Filter } from "../state/filters";

const COUNT = new Intl.NumberFormat("en-US");

/** 12345 → "12,345". */
export function formatCount(count: number): string {
  return COUNT.format(count);
}

/** "1 cell", "12,345 cells". */
export function cells(count: number): string {
  return `${formatCount(count)} ${count === 1 ? "cell" : "cells"}`;
}

/** Four significant digits: 0.1234, 1,235, 1.235e+7. */
export function formatValue(value: number): string {
  const rounded = Number(value.toPrecision(4));
  const size = Math.abs(rounded);
  const short = size !== 0 && (size < 1e-3 || size >= 1e6);
  const text = short ? rounded.toExponential() : rounded.toLocaleString("en-US", { maximumFractionDigits: 6 });
  return text.replace(/^-/, "−");
}

/** All the digits that a number has, with a minus as people write it: what somebody typed comes back as it was. */
export function formatExactly(value: number): string {
  return String(value).replace(/^-/, "−");
}

/** What a filter does to a field, as "pct_mito ≤ 15" or "leiden: 2 hidden"; null where it does nothing. */
export function formatFilter(name: string, { hide = [], min = null, max = null, keep_missing }: Filter): string | null {
  if (min !== null && max !== null) return `${formatExactly(min)} ≤ ${name} ≤ ${formatExactly(max)}`;
  if (min !== null) return `${name} ≥ ${formatExactly(min)}`;
  if (max !== null) return `${name} ≤ ${formatExactly(max)}`;
  if (hide.length > 0) return `${name}: ${formatCount(hide.length)} hidden`;
  return keep_missing === false ? `${name}: missing hidden` : null;
}
