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
  // A bucket a rank for each of obs columns and genes.
  const buckets = Array.from({ length: 2 * RANKS }, () => new Bucket(query, limit));
  obs.forEach(({ key }, index) => {
    const found = placeIn(key.toLowerCase(), wanted);
    if (found !== null) buckets[2 * found.rank].offer(key, index, found.at, -1);
  });
  const columns = others.filter(({ length }) => length === genes.length); // or they are of other genes
  const names = inLowerCase(genes);
  const otherNames = columns.map(inLowerCase);
  for (let gene = 0; gene < genes.length; gene++) {
    const found = placeIn(names[gene], wanted);
    let rank = found?.rank ?? RANKS;
    let by = -1;
    for (let column = 0; column < otherNames.length && rank > PREFIX; column++) {
      const other = rankOfOther(otherNames[column][gene], wanted);
      if (other < rank) [rank, by] = [other, column];
    }
    if (rank === RANKS) continue;
    if (by < 0) buckets[2 * rank + 1].offer(genes[gene], gene, found?.at ?? -1, by);
    else buckets[2 * rank + 1].offer(columns[by][gene], gene, otherNames[by][gene].indexOf(wanted), by);
  }

  const best: Match[] = [];
  let total = 0;
  for (const [number, bucket] of buckets.entries()) {
    total += bucket.total;
    for (const { name, index, at, column } of bucket.best.slice(0, limit - best.length)) {
      const field: Field = number % 2 === 0 ? obs[index] : { key: genes[index], kind: "gene" };
      best.push(column < 0 ? { field, at } : { field, at: -1, other: { name, at } });
    }
  }
  return { best, more: total - best.length };
}

/** A name that has the query in it, from character `at` on. */
interface Candidate {
  readonly name: string;
  readonly index: number;
  readonly at: number;
  /** Which column of other names it is in; −1 where it is the shown one. */
  readonly column: number;
}

/** The best of its candidates: of tens of thousands only those that are shown are kept, in their order. */
class Bucket {
  total = 0;
  readonly best: Candidate[] = [];

  constructor(
    private readonly query: string,
    private readonly limit: number,
  ) {}

  offer(name: string, index: number, at: number, column: number): void {
    const { best, query, limit } = this;
    this.total++;
    if (best.length === limit && (limit === 0 || compare(name, best[limit - 1].name, query) >= 0)) return;
    let place = best.length;
    while (place > 0 && compare(name, best[place - 1].name, query) < 0) place--;
    best.splice(place, 0, { name, index, at, column });
    if (best.length > limit) best.pop();
  }
}

function placeIn(name: string, query: string): { rank: number; at: number } | null {
  const first = name.indexOf(query);
  if (first < 0) return null;
  if (first === 0) return { rank: name.length === query.length ? EXACT : PREFIX, at: 0 };
  for (let at = first; at > 0; at = name.indexOf(query, at + 1)) {
    if (!isPartOfWord(name, at - 1)) return { rank: WORD, at };
  }
  return { rank: ANYWHERE, at: first };
}

/** Whether there is a letter or digit at a place of a name in lower case. */
function isPartOfWord(name: string, at: number): boolean {
  const code = name.charCodeAt(at);
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 48 && code <= 57); // the expression takes microseconds
  return /[\p{L}\p{N}]/u.test(name[at]);
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

/** The same case first, then short before long, then by the alphabet. */
function compare(a: string, b: string, query: string): number {
  const same = Number(b.startsWith(query)) - Number(a.startsWith(query));
  return same || a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
