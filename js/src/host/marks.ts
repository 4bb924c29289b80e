import type { CommCarrier } from "../channel/comm";
import { parseMarks } from "../channel/messages";
import type { Requests } from "../channel/requests";
import type { Store } from "../state/store";
import { decodeCells } from "./cells";

/** Keeps the store's marks those of Python, which alone sets them. */
export class MarksLink {
  private revision = -1;
  private disposed = false;
  private readonly stop: () => void;

  constructor(
    private readonly store: Store,
    carrier: CommCarrier,
    private readonly requests: Requests,
    private readonly onError: (error: unknown) => void,
  ) {
    this.stop = carrier.listen((message, buffers) => {
      if (message.kind !== "command" || message.command !== "marks") return;
      try {
        this.take(message.payload, buffers);
      } catch (error) {
        onError(error);
      }
    });
  }

  /** The last revision of Python's that is here. */
  get seen(): number {
    return Math.max(0, this.revision);
  }

  /** Take Python's marks as they are now. */
  async fetch(): Promise<void> {
    try {
      const { result, buffers } = await this.requests.send("marks", {});
      this.take(result, buffers);
    } catch (error) {
      if (!this.disposed) this.onError(error);
    }
  }

  dispose(): void {
    this.disposed = true;
    this.stop();
  }

  private take(payload: unknown, buffers: Uint8Array<ArrayBuffer>[]): void {
    const { revision, n_cells, hidden, highlights } = parseMarks(payload);
    if (revision <= this.revision) return;
    if (n_cells !== this.store.n_cells) return; // this page starts anew in a moment
    const marks = {
      hidden: hidden.count === 0 ? null : decodeCells(n_cells, hidden, buffers[0]),
      highlights: highlights.map((group, index) => ({
        color: group.color,
        cells: decodeCells(n_cells, group, buffers[index + 1]),
      })),
    };
    this.revision = revision;
    this.store.marks.value = marks;
  }
}
