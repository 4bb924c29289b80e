import type { CommCarrier } from "./comm";
import type { Way } from "./encoding";
import { type Ack, type EventPayloads, OWN_EVENTS, type Upstream } from "./messages";
import type { Packable } from "./packed";

const LATE = 300; // ms without an ack after which an event goes by HTTP, too
const LONGEST_REST = 30_000; // ms
const QUIET = 1_500; // ms without an ack after which the person is told that Python does not hear
const PATIENCE = [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000]; // ms until it goes by the comm again, where that is all there is
const MOST = 100; // events of one post
const BATCH = 8 * 1024 * 1024; // bytes of one post

/** An event with its buffers, as it travels. */
export interface Posted extends Packable {
  readonly message: Extract<Upstream, { kind: "event" }>;
}

/** One that Python has not acknowledged: when and how it first went by the comm. */
interface Kept extends Posted {
  readonly sent: number;
  readonly way: Way;
}

/** What pages say of themselves: nobody waits for Python to hear of it. */
const QUIET_EVENTS: ReadonlySet<string> = new Set<keyof EventPayloads>([
  "ready",
  "closed",
  "transport",
  "console",
  "answer",
]);

/** Brings events to Python beside the comm, and returns what Python acknowledges. */
export type Post = (batch: readonly Posted[]) => Promise<Ack[]>;

export interface EventsOptions {
  /** The way beside the comm; null while there is none. */
  readonly post?: () => Post | null;
  /** Told each time that something had to be sent again, as there was no answer for seconds. */
  readonly onLate?: () => void;
  /** Told which of a person's doings Python has not heard of yet, soon and whenever that changes; null where none waits. */
  readonly onUnheard?: (events: readonly string[] | null) => void;
}

/**
 * Sends what happens in the viewer, numbered from 1. What Python has not acknowledged is kept, and sent again: by HTTP
 * soon, as a cell may be running, else by the comm. Python takes each number once, in order.
 */
export class Events {
  private seq = 0;
  private kept: Kept[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private posting = false;
  private disposed = false;
  private attempt = 0;
  private rest = LATE; // ms after a post that failed; doubled each time
  private notBefore = 0; // of the next post
  private told: string | null = null; // of what Python has not heard
  private since = 0; // when something was last sent by the comm, or Python last answered
  private readonly firsts = new Set<() => void>();
  private readonly stop: () => void;

  constructor(
    private readonly carrier: CommCarrier,
    private readonly options: EventsOptions = {},
  ) {
    this.stop = carrier.listen((message) => {
      if (message.kind === "ack") this.acknowledged(message.seq);
    });
  }

  /** Send an event that Python must hear of; returns its number, which acks speak of. */
  send<E extends keyof EventPayloads>(event: E, payload: EventPayloads[E], buffers: Uint8Array[] = []): number {
    for (const first of this.firsts) first();
    this.seq++;
    const message = this.message(event, payload, this.seq);
    const sent = performance.now();
    if (this.kept.length === 0) this.since = sent;
    this.kept.push({ message, buffers, sent, way: this.carrier.send(message, buffers) });
    this.look(LATE);
    return this.seq;
  }

  /** Have something done, and perhaps sent, before the next event; returns what ends it. */
  before(first: () => void): () => void {
    this.firsts.add(first);
    return () => this.firsts.delete(first);
  }

  /** Send an event of a page's own script, by a name that is not ours: it comes to hooks and waits of that name. */
  sendOwn(event: string, payload: Record<string, unknown>): number {
    if (!/^[A-Za-z0-9_:.-]{1,64}$/.test(event) || OWN_EVENTS.has(event) || event === "message") {
      throw new TypeError(`an event of your own cannot have the name ${JSON.stringify(event)}`);
    }
    return this.send(event as keyof EventPayloads, payload as never);
  }

  /** Send an event of which only the latest counts: it has no number, and nobody answers. */
  tell<E extends keyof EventPayloads>(event: E, payload: EventPayloads[E]): void {
    this.carrier.send(this.message(event, payload, 0));
  }

  /** Events that Python has not acknowledged. */
  get unacknowledged(): number {
    return this.kept.length;
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.stop();
  }

  private message<E extends keyof EventPayloads>(event: E, payload: EventPayloads[E], seq: number): Posted["message"] {
    return { kind: "event", page: this.carrier.page, seq, event, payload } as Posted["message"];
  }

  /** Python has taken all up to a number; where that is less than we wait for, it misses some. */
  private acknowledged(seq: number): void {
    const missing = this.kept.length > 0 && seq < this.kept[0].message.seq;
    if (missing && performance.now() - this.since > LATE) this.sendAll();
    else this.taken(seq);
  }

  private taken(seq: number): void {
    const before = this.kept.length;
    this.learn(seq);
    this.kept = this.kept.filter(({ message }) => message.seq > seq);
    if (this.kept.length === before) return;
    this.since = performance.now();
    if (this.told !== null) this.tellUnheard();
    if (this.kept.length > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.attempt = 0;
  }

  /** How fast the host is: of an event that the comm alone has brought. */
  private learn(seq: number): void {
    const kept = this.kept.find(({ message }) => message.seq === seq);
    if (kept === undefined || this.posting || this.attempt > 0) return;
    const bytes = kept.buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.carrier.encoding.saw("up", kept.way, bytes, kept.sent);
  }

  private tellUnheard(): void {
    const [first] = this.kept;
    const quiet = first !== undefined && performance.now() - first.sent >= QUIET;
    const names = quiet ? [...new Set(this.kept.filter(isPersons).map(({ message }) => message.event))] : null;
    const told = names?.join(" ") ?? null;
    if (told === this.told) return;
    this.told = told;
    this.options.onUnheard?.(names);
  }

  private look(after: number): void {
    if (!this.disposed) this.timer ??= setTimeout(() => void this.check(), after);
  }

  private async check(): Promise<void> {
    this.timer = undefined;
    if (this.kept.length === 0 || this.posting) return;
    const waited = performance.now() - this.since;
    if (waited < LATE - 1) {
      this.look(LATE - waited);
      return;
    }
    const post = performance.now() < this.notBefore ? null : (this.options.post?.() ?? null);
    if (post === null || !(await this.postTo(post))) this.sendAgain();
    this.tellUnheard();
    if (this.kept.length > 0) this.look(LATE);
  }

  /** Whether Python has taken something. */
  private async postTo(post: Post): Promise<boolean> {
    this.posting = true;
    try {
      let bytes = 0;
      const batch = this.kept.filter(({ buffers }, index) => {
        bytes += buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
        return index === 0 || (bytes <= BATCH && index < MOST);
      });
      const acks = await post(batch);
      if (this.disposed) return true;
      this.rest = LATE;
      for (const ack of acks) this.carrier.hear(ack);
      return acks.length > 0;
    } catch (error) {
      this.notBefore = performance.now() + this.rest;
      this.rest = Math.min(2 * this.rest, LONGEST_REST);
      console.debug("cellucid: events could not be posted", error);
      return false;
    } finally {
      this.posting = false;
    }
  }

  /** By the comm, once more and ever more patiently: messages get lost where a connection breaks. */
  private sendAgain(): void {
    const patience = PATIENCE[Math.min(this.attempt, PATIENCE.length - 1)];
    if (performance.now() - this.since < patience) return;
    this.attempt++;
    this.options.onLate?.();
    this.sendAll();
  }

  private sendAll(): void {
    this.since = performance.now();
    for (const { message, buffers } of this.kept) this.carrier.send(message, buffers);
  }
}

/** Whether an event tells what a person did. */
function isPersons({ message }: Kept): boolean {
  return !QUIET_EVENTS.has(message.event);
}
