import { effect } from "@preact/signals-core";
import type { CommCarrier } from "../channel/comm";
import type { Events, Sent } from "../channel/events";
import { parseSelection } from "../channel/messages";
import type { Requests } from "../channel/requests";
import type { Store } from "../state/store";
import { decodeCells, encodeCells } from "./cells";

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
    const { encoding, count, bytes } = encodeCells(cells);
    this.unacknowledged = this.events.send("selection", { source, encoding, count }, [bytes]);
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
    const sent = parseSelection(payload);
    const { revision } = sent;
    if (this.unacknowledged !== null || revision <= this.revision) return;
    const cells = decodeCells(this.store.n_cells, sent, buffers[0]);
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
