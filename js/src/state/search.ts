import type { Field } from "./fields";

/** Other names of genes, in the genes' order; "" for none. */
export type OtherNames = readonly string[];

/** A field that a query may mean. */
export interface Match {
  readonly field: Field;
  /** Where the query is in its name; −1 where it is in another name of a gene. */
  readonly at: number;
  /** The other name that has the query in it, and where. */
  readonly other?: { readonly name: string; readonly at: number };
}

/** The best matches, and how many more there are. */
export interface Matches {
  readonly best: readonly Match[];
  readonly more: number;
}

// How well a name fits, best first; and another name of a gene behind those that are shown.
const EXACT = 0;
const PREFIX = 1;
const OTHER_EXACT = 2;
const OTHER_PREFIX = 3;
const WORD = 4;
const ANYWHERE = 5;
const OTHER_ANYWHERE = 6;
const RANKS = 7;

/**
 * The obs columns and genes that a query may mean: exact, then at the start of the name, of a word in it, anywhere. A
 * gene's other names that fit exactly or begin so come before names that have the query somewhere inside.
 *
 * Case does not count. At one rank obs columns come before genes and short names before long ones.
 */
export function search(
  query: string,
  obs: readonly Field[],
  genes: readonly string[],
  limit: number,
  others: readonly OtherNames[] = [],
): Matches {
  const wanted = query.toLowerCase();
  // A bucket a rank for each of obs columns and genes, so that only what is shown is sorted.
  const buckets: Match[][] = Array.from({ length: 2 * RANKS }, () => []);
  const put = (rank: number, later: 0 | 1, match: Match) => buckets[2 * rank + later].push(match);
  for (const field of obs) {
    const found = placeIn(field.key.toLowerCase(), wanted);
    if (found !== null) put(found.rank, 0, { field, at: found.at });
  }
  const names = inLowerCase(genes);
  const otherNames = others.map(inLowerCase);
  for (let gene = 0; gene < genes.length; gene++) {
    const found = placeIn(names[gene], wanted);
    let rank = found?.rank ?? RANKS;
    let by = -1;
    for (let column = 0; column < otherNames.length && rank > PREFIX; column++) {
      const other = rankOfOther(otherNames[column][gene], wanted);
      if (other < rank) [rank, by] = [other, column];
    }
    if (rank === RANKS) continue;
    const field: Field = { key: genes[gene], kind: "gene" };
    if (by < 0) put(rank, 1, { field, at: found?.at ?? -1 });
    else put(rank, 1, { field, at: -1, other: { name: others[by][gene], at: otherNames[by][gene].indexOf(wanted) } });
  }

  const best: Match[] = [];
  let total = 0;
  for (const bucket of buckets) {
    total += bucket.length;
    if (best.length >= limit) continue;
    bucket.sort((a, b) => compare(foundIn(a), foundIn(b), query));
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

function rankOfOther(name: string, query: string): number {
  const at = name.indexOf(query);
  if (at < 0 || name === "") return RANKS;
  if (at > 0) return OTHER_ANYWHERE;
  return name.length === query.length ? OTHER_EXACT : OTHER_PREFIX;
}

const lower = new WeakMap<readonly string[], readonly string[]>();

/** A list of names in lower case, made once: there are tens of thousands, and a search at every key. */
function inLowerCase(names: readonly string[]): readonly string[] {
  const made = lower.get(names) ?? names.map((name) => name.toLowerCase());
  lower.set(names, made);
  return made;
}

function foundIn({ field, other }: Match): string {
  return other?.name ?? field.key;
}

/** The same case first, then short before long, then by the alphabet. */
function compare(a: string, b: string, query: string): number {
  const same = Number(b.startsWith(query)) - Number(a.startsWith(query));
  return same || a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
