import type { Field } from "./fields";

/** A field whose name has the query in it, from character `at` on. */
export interface Match {
  readonly field: Field;
  readonly at: number;
}

/** The best matches, and how many more there are. */
export interface Matches {
  readonly best: readonly Match[];
  readonly more: number;
}

// How well a name fits, best first.
const EXACT = 0;
const PREFIX = 1;
const WORD = 2;
const ANYWHERE = 3;

/**
 * The obs columns and genes that a query may mean: exact, then at the start of the name, of a word in it, anywhere.
 *
 * Case does not count. At one rank obs columns come before genes and short names before long ones.
 */
export function search(query: string, obs: readonly Field[], genes: readonly string[], limit: number): Matches {
  const wanted = query.toLowerCase();
  // A bucket a rank for each of obs columns and genes, so that only what is shown is sorted.
  const buckets: Match[][] = Array.from({ length: 2 * (ANYWHERE + 1) }, () => []);
  const look = (field: Field, later: 0 | 1) => {
    const found = placeIn(field.key.toLowerCase(), wanted);
    if (found !== null) buckets[2 * found.rank + later].push({ field, at: found.at });
  };
  for (const field of obs) look(field, 0);
  for (const key of genes) look({ key, kind: "gene" }, 1);

  const best: Match[] = [];
  let total = 0;
  for (const bucket of buckets) {
    total += bucket.length;
    if (best.length >= limit) continue;
    bucket.sort((a, b) => compare(a.field.key, b.field.key, query));
    best.push(...bucket.slice(0, limit - best.length));
  }
  return { best, more: total - best.length };
}

function placeIn(name: string, query: string): { rank: number; at: number } | null {
  const first = name.indexOf(query);
  if (first < 0) return null;
  if (first === 0) return { rank: name.length === query.length ? EXACT : PREFIX, at: 0 };
  for (let at = first; at > 0; at = name.indexOf(query, at + 1)) {
    if (!/[\p{L}\p{N}]/u.test(name[at - 1])) return { rank: WORD, at };
  }
  return { rank: ANYWHERE, at: first };
}

/** The same case first, then short before long, then by the alphabet. */
function compare(a: string, b: string, query: string): number {
  const same = Number(b.startsWith(query)) - Number(a.startsWith(query));
  return same || a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
