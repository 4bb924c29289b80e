import type { CommCarrier } from "./comm";
import type { EventPayloads } from "./messages";

/** Sends what happens in the viewer, numbered from 1. */
export class Events {
  private seq = 0;

  constructor(private readonly carrier: CommCarrier) {}

  /** Returns the event's number, which an ack repeats. */
  send<E extends keyof EventPayloads>(event: E, payload: EventPayloads[E], buffers: Uint8Array[] = []): number {
    this.seq++;
    this.carrier.send({ kind: "event", page: this.carrier.page, seq: this.seq, event, payload }, buffers);
    return this.seq;
  }
}
