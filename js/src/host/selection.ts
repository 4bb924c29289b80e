import { effect } from "@preact/signals-core";
import type { CommCarrier } from "../channel/comm";
import type { Events } from "../channel/events";
import { type Encoding, parseSelection } from "../channel/messages";
import type { Requests } from "../channel/requests";
import { Bitset } from "../state/bitset";
import type { Store } from "../state/store";

/**
 * Keeps the store's selection and Python's the same.
 *
 * Python orders selections by revision. Between sending one and its ack this page ignores what Python sends: that was
 * sent before Python saw ours, so ours is newer. What comes after the ack is newer than ours.
 */
export class SelectionLink {
  private revision = -1;
  private unacknowledged: number | null = null;
  private disposed = false;
  private readonly stops: (() => void)[];

  constructor(
    private readonly store: Store,
    carrier: CommCarrier,
    private readonly events: Events,
    private readonly requests: Requests,
    private readonly onError: (error: unknown) => void,
  ) {
    this.stops = [
      effect(() => this.publish()),
      carrier.listen((message, buffers) => {
        if (message.kind === "command" && message.command === "selection") this.hear(message.payload, buffers);
        else if (message.kind === "ack" && message.seq === this.unacknowledged) this.settled(message);
      }),
    ];
  }

  /** Take Python's selection as it is now. */
  async fetch(): Promise<void> {
    try {
      const { result, buffers } = await this.requests.send("selection", {});
      this.take(result, buffers);
    } catch (error) {
      if (!this.disposed) this.onError(error);
    }
  }

  dispose(): void {
    this.disposed = true;
    for (const stop of this.stops) stop();
  }

  private publish(): void {
    const { cells, source } = this.store.selection.value;
    if (source === null) return;
    const { encoding, bytes } = encodeCells(cells);
    this.unacknowledged = this.events.send("selection", { source, encoding, count: cells.count }, [bytes]);
  }

  private hear(payload: unknown, buffers: Uint8Array<ArrayBuffer>[]): void {
    try {
      this.take(payload, buffers);
    } catch (error) {
      this.onError(error);
    }
  }

  private take(payload: unknown, buffers: Uint8Array<ArrayBuffer>[]): void {
    const { revision, encoding, count } = parseSelection(payload);
    if (this.unacknowledged !== null || revision <= this.revision) return;
    const cells = decodeCells(this.store.n_cells, encoding, buffers[0] ?? new Uint8Array());
    if (cells.count !== count) throw new Error(`${count} cells announced, ${cells.count} sent`);
    this.revision = revision;
    if (!cells.equals(this.store.selection.peek().cells)) this.store.selection.value = { cells, source: null };
  }

  private settled({ revision, error }: { revision: number; error: string | null }): void {
    this.unacknowledged = null;
    if (error === null) {
      this.revision = revision;
      return;
    }
    this.onError(new Error(`Python refused the selection: ${error}`));
    this.revision = -1;
    void this.fetch();
  }
}

/** A bitmap or ascending positions, whichever is smaller. */
export function encodeCells(cells: Bitset): { encoding: Encoding; bytes: Uint8Array } {
  if (4 * cells.count <= (cells.size + 7) >>> 3) {
    return { encoding: "positions", bytes: new Uint8Array(cells.toPositions().buffer) };
  }
  return { encoding: "bitmap", bytes: cells.toBytes() };
}

export function decodeCells(size: number, encoding: Encoding, bytes: Uint8Array<ArrayBuffer>): Bitset {
  if (encoding === "bitmap") return Bitset.fromBytes(size, bytes);
  return Bitset.fromPositions(size, new Uint32Array(bytes.slice().buffer));
}
