import type { CategoricalColumn } from "./column";
import type { Filter } from "./filters";

/** What of a categorical column is out of sight by its own filter. */
export interface Hiding {
  readonly names: ReadonlySet<string>;
  readonly missing: boolean;
}

/** What a filter hides; nothing while it is switched off. */
export function hidingOf(filter: Filter | undefined): Hiding {
  if (filter === undefined || filter.enabled === false) return { names: new Set(), missing: false };
  return { names: new Set(filter.hide), missing: filter.keep_missing === false };
}

/** The filter that hides just this; undefined where nothing is hidden. */
export function filterHiding(column: CategoricalColumn, { names, missing }: Hiding): Filter | undefined {
  const hide = column.categories.filter((name) => names.has(name));
  if (hide.length === 0 && !missing) return undefined;
  return { ...(hide.length > 0 && { hide }), ...(missing && { keep_missing: false }) };
}

/** Hide what is in sight, show what is hidden: a category, or (null) the cells without one. */
export function toggled(hiding: Hiding, name: string | null): Hiding {
  if (name === null) return { ...hiding, missing: !hiding.missing };
  const names = new Set(hiding.names);
  if (!names.delete(name)) names.add(name);
  return { ...hiding, names };
}

/** Show only one category, or (null) the cells without one; where that stands alone already, show all. */
export function isolated(column: CategoricalColumn, hiding: Hiding, name: string | null): Hiding {
  const names = new Set(column.categories.filter((other) => other !== name));
  const missing = name !== null && column.missingCount > 0;
  const shown = name === null ? !hiding.missing : !hiding.names.has(name);
  const alone = shown && [...names].every((other) => hiding.names.has(other)) && (hiding.missing || !missing);
  return alone ? { names: new Set(), missing: false } : { names, missing };
}

/** What of a continuous column stays in sight by its own filter: both ends included, null for open. */
export interface Span {
  readonly min: number | null;
  readonly max: number | null;
  /** Whether cells without a value stay. */
  readonly missing: boolean;
}

/** What a filter keeps; everything while it is switched off. */
export function spanOf(filter: Filter | undefined): Span {
  if (filter === undefined || filter.enabled === false) return { min: null, max: null, missing: true };
  const { min = null, max = null } = filter;
  return { min, max, missing: filter.keep_missing ?? !isRanged({ min, max }) };
}

/** The filter that keeps just this; undefined where everything stays. */
export function filterKeeping({ min, max, missing }: Span): Filter | undefined {
  const ranged = isRanged({ min, max });
  if (!ranged && missing) return undefined;
  return {
    ...(min !== null && { min }),
    ...(max !== null && { max }),
    ...(missing !== !ranged && { keep_missing: missing }),
  };
}

/** Other ends. Cells without a value go with the first end and come back with the last, as they do by default. */
export function withEnds(span: Span, min: number | null, max: number | null): Span {
  const ranged = isRanged({ min, max });
  return { min, max, missing: ranged === isRanged(span) ? span.missing : !ranged };
}

/** Whether a span has an end. */
export function isRanged({ min, max }: Pick<Span, "min" | "max">): boolean {
  return min !== null || max !== null;
}
