import { PIECE_BYTES, type PieceResult, parsePiece } from "../channel/messages";
import { RequestFailure, type Requests } from "../channel/requests";
import { type Carrier, Changed, type Transfer } from "./transfer";

const IN_FLIGHT = 2;

interface Piece {
  readonly result: PieceResult;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Brings resources over the comm: one piece at first, which says how long the whole is, then the rest, two at a time. */
export class CommPieces implements Carrier {
  constructor(
    private readonly requests: Requests,
    /** Asked between pieces: whether another carrier should go on. */
    private readonly yields: (transfer: Transfer) => boolean = () => false,
  ) {}

  async fill(transfer: Transfer, signal: AbortSignal): Promise<void> {
    if (transfer.total === null) this.take(transfer, await this.ask(transfer, 0, signal));
    const waiting: Promise<Piece>[] = [];
    let next = transfer.loaded;
    const more = () => next < (transfer.total ?? 0) && !this.yields(transfer);
    while (!transfer.complete) {
      while (waiting.length < IN_FLIGHT && more()) {
        const piece = this.ask(transfer, next, signal);
        piece.catch(() => {}); // it is awaited in its turn, perhaps never
        waiting.push(piece);
        next += PIECE_BYTES;
      }
      const piece = waiting.shift();
      if (piece === undefined) return; // another carrier goes on
      this.take(transfer, await piece);
    }
  }

  private take(transfer: Transfer, { result, bytes }: Piece): void {
    transfer.describe(result);
    const expected = Math.min(PIECE_BYTES, result.total - transfer.loaded);
    if (bytes.length !== expected) throw new Changed(`${bytes.length} bytes of ${transfer.path}, not ${expected}`);
    transfer.append(bytes);
  }

  private async ask({ path }: Transfer, offset: number, signal: AbortSignal): Promise<Piece> {
    try {
      const { result, buffers } = await this.requests.send("read", { path, offset, length: PIECE_BYTES }, { signal });
      return { result: parsePiece(result), bytes: buffers[0] ?? new Uint8Array() };
    } catch (error) {
      // Shorter than it was when its length was told.
      if (offset > 0 && error instanceof RequestFailure && error.code === "range") throw new Changed(error.message);
      throw error;
    }
  }
}
