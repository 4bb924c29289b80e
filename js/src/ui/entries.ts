import type { ContinuousColumn } from "../state/column";
import { type Limit, type Limits, limitsOf } from "../state/limits";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const PERCENTILE = /^p\s*(\d{1,3}(?:\.\d+)?)$/i;

/** The number that somebody typed; undefined where it is none. A comma is refused: it means two things. */
export function parseNumber(text: string): number | undefined {
  const plain = text.trim().replace("−", "-");
  const value = NUMBER.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** A limit of the colour bar as somebody types it: a number, `p0` to `p100`, or nothing for the data's own. */
export function parseLimit(text: string): Limit | undefined {
  if (text.trim() === "") return null;
  const percent = text.trim().match(PERCENTILE)?.[1];
  if (percent === undefined) return parseNumber(text);
  return Number(percent) <= 100 ? `p${percent}` : undefined;
}

/** Whether a colour bar can have these limits: the lower one below the upper one, by Python's rule and by the data. */
export function areInOrder(column: ContinuousColumn, limits: Limits): boolean {
  const [low, high] = limits;
  if (typeof low === "number" && typeof high === "number") return low < high;
  if (typeof low === "string" && typeof high === "string" && !(Number(low.slice(1)) < Number(high.slice(1))))
    return false;
  const ends = limitsOf(column, limits);
  return ends === null || ends[0] <= ends[1];
}
