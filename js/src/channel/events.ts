import type { CommCarrier } from "./comm";
import type { EventPayloads } from "./messages";

/** An event that was sent: its number, which an ack repeats, and how to send it again; Python takes a number once. */
export interface Sent {
  readonly seq: number;
  again(): void;
}

/** Sends what happens in the viewer, numbered from 1. */
export class Events {
  private seq = 0;

  constructor(private readonly carrier: CommCarrier) {}

  send<E extends keyof EventPayloads>(event: E, payload: EventPayloads[E], buffers: Uint8Array[] = []): Sent {
    this.seq++;
    const message = { kind: "event", page: this.carrier.page, seq: this.seq, event, payload } as const;
    const again = () => this.carrier.send(message, buffers);
    again();
    return { seq: this.seq, again };
  }
}
