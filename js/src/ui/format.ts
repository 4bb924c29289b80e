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
