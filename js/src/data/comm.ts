import { PIECE_BYTES, type PieceResult, parsePiece } from "../channel/messages";
import { RequestFailure, type Requests } from "../channel/requests";
import type { ReadOptions, Resource, Source } from "./source";

const IN_FLIGHT = 2;
const RESTARTS = 2;

/** Reads resources over the comm: one piece at first, which says how long the whole is, then the rest, two at a time. */
export class CommSource implements Source {
  constructor(private readonly requests: Requests) {}

  async read(path: string, options: ReadOptions = {}): Promise<Resource> {
    for (let attempt = 0; ; attempt++) {
      const resource = await this.readOnce(path, options);
      if (resource !== null) return resource;
      if (attempt === RESTARTS) {
        throw new RequestFailure(
          "changed",
          `${path} keeps changing while it is read`,
          "Wait until Python is done with it.",
        );
      }
    }
  }

  /** Null when the resource changed in the middle. */
  private async readOnce(path: string, { signal, onProgress }: ReadOptions): Promise<Resource | null> {
    const first = await this.piece(path, 0, signal);
    const { total, dtype, shape, etag } = first.result;
    onProgress?.(first.bytes.length, total);
    if (first.bytes.length === total) return { bytes: first.bytes, dtype, shape };

    const bytes = new Uint8Array(total);
    bytes.set(first.bytes);
    let loaded = first.bytes.length;
    let next = loaded;
    let changed = false;
    const lane = async () => {
      while (next < total && !changed) {
        const offset = next;
        next += PIECE_BYTES;
        const piece = await this.piece(path, offset, signal).catch((error: unknown) => {
          next = total; // the other lane need not go on
          if (error instanceof RequestFailure && error.code === "range") return null; // shorter than it was
          throw error;
        });
        if (!piece || piece.result.etag !== etag || piece.bytes.length !== Math.min(PIECE_BYTES, total - offset)) {
          changed = true;
          return;
        }
        bytes.set(piece.bytes, offset);
        loaded += piece.bytes.length;
        onProgress?.(loaded, total);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    return changed ? null : { bytes, dtype, shape };
  }

  private async piece(
    path: string,
    offset: number,
    signal?: AbortSignal,
  ): Promise<{ result: PieceResult; bytes: Uint8Array<ArrayBuffer> }> {
    const { result, buffers } = await this.requests.send("read", { path, offset, length: PIECE_BYTES }, signal);
    return { result: parsePiece(result), bytes: buffers[0] ?? new Uint8Array() };
  }
}
