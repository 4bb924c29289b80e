import { effect } from "@preact/signals-core";
import type { CommCarrier } from "../channel/comm";
import type { Events, Sent } from "../channel/events";
import { type Encoding, parseSelection } from "../channel/messages";
import type { Requests } from "../channel/requests";
import { Bitset } from "../state/bitset";
import type { Store } from "../state/store";

const PATIENCE = [5_000, 10_000, 20_000, 40_000]; // ms until a selection without an ack is sent again

/**
 * Keeps the store's selection and Python's the same.
 *
 * Python orders selections by revision. Between sending one and its ack this page ignores what Python sends: that was
 * sent before Python saw ours, so ours is newer. What comes after the ack is newer than ours. A selection whose ack does
 * not come is sent again: messages get lost where a connection breaks, and wait where a cell is running.
 */
export class SelectionLink {
  private revision = -1;
  private unacknowledged: Sent | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly stops: (() => void)[];
  private disposed = false;

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
        else if (message.kind === "ack" && message.seq === this.unacknowledged?.seq) this.settled(message);
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
    clearTimeout(this.timer);
    for (const stop of this.stops) stop();
  }

  private publish(): void {
    const { cells, source } = this.store.selection.value;
    if (source === null) return;
    const { encoding, bytes } = encodeCells(cells);
    this.unacknowledged = this.events.send("selection", { source, encoding, count: cells.count }, [bytes]);
    this.expectAck(this.unacknowledged, 0);
  }

  private expectAck(sent: Sent, attempt: number): void {
    clearTimeout(this.timer);
    if (attempt === PATIENCE.length) return;
    this.timer = setTimeout(() => {
      this.store.notify({
        key: "unanswered",
        title: "Python has not taken the selection yet",
        text: "It may be busy with a cell. If the kernel was restarted, run the widget's cell again.",
      });
      sent.again();
      this.expectAck(sent, attempt + 1);
    }, PATIENCE[attempt]);
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
    clearTimeout(this.timer);
    this.store.dismiss("unanswered");
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
