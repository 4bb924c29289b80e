import { effect } from "@preact/signals-core";
import type { CommCarrier } from "../channel/comm";
import type { Events } from "../channel/events";
import { type Ack, parseSelection } from "../channel/messages";
import type { Requests } from "../channel/requests";
import type { Store } from "../state/store";
import { decodeCells, encodeCells } from "./cells";

/**
 * Keeps the store's selection and Python's the same.
 *
 * Python orders selections by revision. Between sending one and its ack this page ignores what Python sends: that was
 * sent before Python saw ours, so ours is newer. What comes after the ack is newer than ours.
 */
export class SelectionLink {
  private revision = -1; // asks anew
  private unacknowledged: number | null = null;
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
        else if (message.kind === "ack") this.acknowledged(message);
      }),
    ];
  }

  /** The last revision of Python's that is here. */
  get seen(): number {
    return Math.max(0, this.revision);
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
    const { encoding, count, bytes } = encodeCells(cells);
    this.unacknowledged = this.events.send("selection", { source, encoding, count }, [bytes]);
  }

  private hear(payload: unknown, buffers: Uint8Array<ArrayBuffer>[]): void {
    try {
      this.take(payload, buffers);
    } catch (error) {
      this.onError(error);
    }
  }

  private take(payload: unknown, buffers: Uint8Array<ArrayBuffer>[]): void {
    const sent = parseSelection(payload);
    const { revision } = sent;
    if (this.unacknowledged !== null || revision <= this.revision) return;
    if (sent.n_cells !== this.store.n_cells) return; // this page starts anew in a moment
    const cells = decodeCells(this.store.n_cells, sent, buffers[0]);
    this.revision = revision;
    if (!cells.equals(this.store.selection.peek().cells)) this.store.selection.value = { cells, source: null };
  }

  private acknowledged({ seq, revision, error }: Ack): void {
    if (this.unacknowledged === null || seq < this.unacknowledged) return;
    const ours = seq === this.unacknowledged;
    this.unacknowledged = null;
    if (ours && error === null) {
      this.revision = revision;
      return;
    }
    if (ours) this.onError(new Error(`Python refused the selection: ${error}`));
    // Else its own ack was lost, and what it said: Python has the last word.
    this.revision = -1;
    void this.fetch();
  }
}
