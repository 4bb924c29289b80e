import { SAMPLE_BYTES } from "../channel/encoding";
import { PIECE_BYTES, type PieceResult, parsePiece } from "../channel/messages";
import { RequestFailure, type Requests } from "../channel/requests";
import { LinkedAbort } from "./abort";
import { Meter } from "./meter";
import { type Carrier, Changed, type Transfer, type Yields } from "./transfer";

const IN_FLIGHT = 2;

interface Piece {
  readonly result: PieceResult;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A piece that was asked for. */
interface Flight {
  readonly length: number;
  readonly piece: Promise<Piece>;
  readonly abort: LinkedAbort;
}

/**
 * Brings resources over the comm: one piece at first, which says how long the whole is, then the rest, two at a time. A
 * piece of what Python is still making is as long as what there is; then one is asked for at a time, from there on.
 * Pieces are short until they have shown how the host carries them best.
 */
export class CommPieces implements Carrier {
  readonly meter = new Meter();

  constructor(private readonly requests: Requests) {}

  async fill(transfer: Transfer, signal: AbortSignal, yields: Yields = () => false): Promise<void> {
    const { loaded } = transfer;
    const start = performance.now();
    await this.bring(transfer, signal, yields);
    this.meter.saw(transfer.loaded - loaded, performance.now() - start);
  }

  private async bring(transfer: Transfer, signal: AbortSignal, yields: Yields): Promise<void> {
    const flights: Flight[] = [];
    let atOnce = transfer.total === null ? 1 : IN_FLIGHT;
    let next = transfer.loaded;
    const more = () => {
      const { total } = transfer;
      return total === null ? next === 0 : next < total && !yields(total - next);
    };
    try {
      while (!transfer.complete) {
        while (flights.length < atOnce && more()) {
          const flight = this.start(transfer, next, signal);
          flights.push(flight);
          next += flight.length;
        }
        const [flight] = flights;
        if (flight === undefined) return; // another carrier goes on
        const piece = await flight.piece;
        flights.shift()?.abort.letGo();
        if (this.take(transfer, piece, flight.length)) {
          atOnce = IN_FLIGHT;
        } else {
          drop(flights.splice(0)); // they begin where nobody knows yet what will be there
          atOnce = 1;
          next = transfer.loaded;
        }
      }
    } finally {
      drop(flights);
    }
  }

  /** Take a piece; false where it is shorter than it was to be. */
  private take(transfer: Transfer, { result, bytes }: Piece, length: number): boolean {
    transfer.describe(result);
    const expected = Math.min(length, result.total - transfer.loaded);
    if (bytes.length > expected || (bytes.length === 0 && expected > 0))
      throw new Changed(`${bytes.length} bytes of ${transfer.path}, not ${expected}`);
    transfer.append(bytes);
    return bytes.length === expected;
  }

  private start(transfer: Transfer, offset: number, signal: AbortSignal): Flight {
    const abort = new LinkedAbort([signal]);
    const length = this.requests.encoding.undecided ? SAMPLE_BYTES : PIECE_BYTES;
    const piece = this.ask(transfer, offset, length, abort.signal);
    piece.catch(() => {}); // it is awaited in its turn, perhaps never
    return { length, piece, abort };
  }

  private async ask({ path }: Transfer, offset: number, length: number, signal: AbortSignal): Promise<Piece> {
    try {
      const { result, buffers } = await this.requests.send("read", { path, offset, length }, { signal });
      return { result: parsePiece(result), bytes: buffers[0] ?? new Uint8Array() };
    } catch (error) {
      // Shorter than it was when its length was told.
      if (offset > 0 && error instanceof RequestFailure && error.code === "range") throw new Changed(error.message);
      throw error;
    }
  }
}

/** Of pieces that nobody takes any more Python is told. */
function drop(flights: readonly Flight[]): void {
  for (const { abort } of flights) {
    abort.letGo();
    abort.abort();
  }
}
