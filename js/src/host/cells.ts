import type { EncodedCells, Encoding } from "../channel/messages";
import { Bitset } from "../state/bitset";

/** Cells as they travel: a bitmap or ascending positions, whichever is smaller. */
export function encodeCells(cells: Bitset): EncodedCells & { bytes: Uint8Array } {
  const { count } = cells;
  if (4 * count <= (cells.size + 7) >>> 3) {
    return { encoding: "positions", count, bytes: new Uint8Array(cells.toPositions().buffer) };
  }
  return { encoding: "bitmap", count, bytes: cells.toBytes() };
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
  if (encoding === "bitmap") return Bitset.fromBytes(size, bytes);
  return Bitset.fromPositions(size, new Uint32Array(bytes.slice().buffer));
}
