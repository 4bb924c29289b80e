import type { EncodedCells, Encoding } from "../channel/messages";
import { Bitset } from "../state/bitset";

const MORE = 0x80; // set in all bytes of a number but its last
const LONGEST = 5; // bytes of a number below 2^32

/** Cells as they travel: a bitmap or deltas, whichever is smaller; see `python/cellucid/channel/selection.py`. */
export function encodeCells(cells: Bitset): EncodedCells & { bytes: Uint8Array } {
  const { count } = cells;
  const size = (cells.size + 7) >>> 3;
  const deltas = count <= size ? encodeDeltas(cells, size) : null; // a delta has a byte at least
  return deltas === null
    ? { encoding: "bitmap", count, bytes: cells.toBytes() }
    : { encoding: "deltas", count, bytes: deltas };
}

/** Throws where the bytes are not the cells that were announced. */
export function decodeCells(
  size: number,
  { encoding, count }: EncodedCells,
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(),
): Bitset {
  const cells = decode(size, encoding, bytes);
  if (cells.count !== count) throw new Error(`${count} cells announced, ${cells.count} sent`);
  return cells;
}

function decode(size: number, encoding: Encoding, bytes: Uint8Array<ArrayBuffer>): Bitset {
  return encoding === "bitmap" ? Bitset.fromBytes(size, bytes) : Bitset.fromPositions(size, decodeDeltas(bytes));
}

/** Null where they would be longer than `limit` bytes. */
function encodeDeltas(cells: Bitset, limit: number): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(limit);
  let length = 0;
  let next = 0;
  for (const position of cells.toPositions()) {
    let gap = position - next;
    next = position + 1;
    for (; gap >= MORE; gap = Math.floor(gap / MORE)) bytes[length++] = (gap % MORE) | MORE; // past the end it is dropped
    bytes[length++] = gap;
    if (length > limit) return null;
  }
  return bytes.slice(0, length);
}

function decodeDeltas(bytes: Uint8Array): number[] {
  const positions: number[] = [];
  let next = 0;
  for (let at = 0; at < bytes.length; ) {
    let gap = 0;
    let scale = 1;
    const start = at;
    while (bytes[at] >= MORE) {
      gap += (bytes[at++] - MORE) * scale;
      scale *= MORE;
    }
    if (at >= bytes.length || at - start >= LONGEST) throw new RangeError("the deltas are no numbers");
    gap += bytes[at++] * scale;
    positions.push(next + gap);
    next += gap + 1;
  }
  return positions;
}
