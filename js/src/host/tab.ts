import { pack } from "../channel/packed";
import { LinkedAbort } from "../data/abort";
import type { Model } from "./notebook";
import { ask, eventsOf, PATIENCE, Refused, stateOf, type TabAddress, ViewerGone } from "./tabserver";
import { seen, whenHidden } from "./visibility";

const FIRST_REST = 300; // ms after something that failed; doubled each time
const LONGEST_REST = 10_000;
const SILENCE = 75_000; // ms without a word until the stream is taken for dead: Python says something every 60 s
const SLOWEST = 50; // bytes a ms of a post
const BATCH = 8 * 1024 * 1024; // bytes of one post
const MOST = 100; // messages of one post
const WAITING = 1_000; // messages that wait while Python cannot be reached; of more the oldest are let go of
const WAITING_BYTES = 32 * 1024 * 1024;
const FAREWELL = 30_000; // bytes: of posts on their way browsers send 64 KiB in all on for a page that has gone

type Listener = (...given: never[]) => void;

interface Outgoing {
  readonly content: unknown;
  readonly buffers: Uint8Array[];
}

/** What is said in one of the stream's events. */
interface Said {
  readonly method: "custom" | "update";
  readonly content: Record<string, unknown>;
  /** Lengths. */
  readonly buffers: readonly number[];
}

/**
 * The model of a widget in a browser tab: the traits as Python says them, and messages, over HTTP.
 *
 * It does what anywidget's model does, so that the rest of the viewer knows no difference. Losing a message is allowed,
 * as on the comm: those that matter are acknowledged and sent again above.
 */
export class TabModel implements Model {
  private readonly values = new Map<string, unknown>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly tab = newTabName();
  private readonly ended = new AbortController();
  private outgoing: Outgoing[] = [];
  private underWay: readonly Outgoing[] = []; // in a post that is not answered yet
  private posting = false;
  private leaving = false;
  private heard = 0; // the number of the stream's last event
  private epoch: string | null = null; // of these numbers

  private constructor(
    private readonly address: TabAddress,
    state: Record<string, unknown>,
  ) {
    this.take(state);
    void this.listenOn();
    const { signal } = this.ended;
    addEventListener("pagehide", () => this.leave(true), { signal });
    addEventListener("pageshow", () => this.leave(false), { signal });
  }

  /** Fetch the traits, and begin to listen; throws `ViewerGone` where there is no such viewer. */
  static async open(address: TabAddress): Promise<TabModel> {
    return new TabModel(address, await stateOf(address));
  }

  get(name: string): unknown {
    return this.values.get(name);
  }

  set(name: string, value: unknown): void {
    this.values.set(name, value);
    this.tell(`change:${name}`);
  }

  /** Nothing is saved so: what a person sets is told by events. */
  save_changes(): void {}

  on(event: string, listener: Listener): void {
    const known = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, known.add(listener));
  }

  off(event: string, listener: Listener): void {
    this.listeners.get(event)?.delete(listener);
  }

  send(content: unknown, _callbacks?: unknown, buffers: ArrayBuffer[] = []): void {
    this.outgoing.push({ content, buffers: buffers.map((buffer) => new Uint8Array(buffer)) });
    this.letGoOfTheOldest();
    if (this.leaving) void this.sayLast();
    else void this.post();
  }

  dispose(): void {
    this.ended.abort();
  }

  private tell(event: string, ...given: unknown[]): void {
    for (const listener of [...(this.listeners.get(event) ?? [])])
      (listener as (...given: unknown[]) => void)(...given);
  }

  /** All of an update's values first, then who listens: the order of Python's names. */
  private take(state: Record<string, unknown>): void {
    const changed = Object.entries(state).filter(([name, value]) => {
      const differs = JSON.stringify(this.values.get(name)) !== JSON.stringify(value);
      this.values.set(name, value);
      return differs;
    });
    for (const [name] of changed) this.tell(`change:${name}`);
  }

  // -- up

  private async post(): Promise<void> {
    if (this.posting) return;
    this.posting = true;
    await Promise.resolve(); // what is said in one go travels together
    let rest = FIRST_REST;
    while ((this.underWay.length > 0 || this.outgoing.length > 0) && !this.ended.signal.aborted) {
      if (this.underWay.length === 0) this.underWay = this.takeNext();
      try {
        await this.sendNow(this.underWay);
        this.underWay = [];
        rest = FIRST_REST;
      } catch (error) {
        if (error instanceof ViewerGone || error instanceof Refused) {
          console.warn("cellucid: what was said was refused", error);
          this.underWay = [];
        } else {
          await this.pause(rest);
          rest = Math.min(2 * rest, LONGEST_REST);
        }
      }
    }
    this.posting = false;
  }

  private leave(leaving: boolean): void {
    this.leaving = leaving;
    if (!leaving) void this.post();
  }

  /** Nobody waits for an answer any more: what has none goes along, as the last words are taken only in their order. */
  private async sayLast(): Promise<void> {
    await Promise.resolve(); // what is said in one go travels together
    if (this.outgoing.length === 0) return;
    const words = [...this.underWay, ...this.outgoing.splice(0)];
    await this.sendNow(words).catch((error) => console.debug("cellucid: the last words did not arrive", error));
  }

  private takeNext(): Outgoing[] {
    let bytes = 0;
    const end = this.outgoing.findIndex(({ buffers }, index) => {
      bytes += lengthOf(buffers);
      return index > 0 && (bytes > BATCH || index >= MOST);
    });
    return this.outgoing.splice(0, end < 0 ? this.outgoing.length : end);
  }

  /** As on the comm what matters is said again until it is acknowledged: what is lost here is not lost for good. */
  private letGoOfTheOldest(): void {
    let bytes = this.outgoing.reduce((sum, { buffers }) => sum + lengthOf(buffers), 0);
    while (this.outgoing.length > WAITING || (this.outgoing.length > 1 && bytes > WAITING_BYTES)) {
      bytes -= lengthOf(this.outgoing.shift()?.buffers ?? []);
    }
  }

  private async sendNow(batch: readonly Outgoing[]): Promise<void> {
    const body = pack(batch.map(({ content, buffers }) => ({ message: content as never, buffers })));
    await ask(
      this.address,
      "events",
      { tab: this.tab },
      {
        method: "POST",
        headers: { "Content-Type": "application/octet-stream" },
        body,
        keepalive: body.length < FAREWELL, // the last words of a page that goes are among them
        signal: AbortSignal.timeout(Math.ceil(PATIENCE + body.length / SLOWEST)),
      },
    );
  }

  // -- down

  private async listenOn(): Promise<void> {
    let rest = FIRST_REST;
    while (!this.ended.signal.aborted) {
      await seen(this.ended.signal);
      try {
        await this.listenOnce(() => {
          rest = FIRST_REST;
        });
      } catch (error) {
        if (this.ended.signal.aborted) return;
        if (error instanceof ViewerGone) return this.tell("comm_live_update");
        console.debug("cellucid: the stream of messages broke", error);
      }
      await this.pause(rest);
      rest = Math.min(2 * rest, LONGEST_REST);
    }
  }

  /** Read the stream to its end. */
  private async listenOnce(heard: () => void): Promise<void> {
    const over = new LinkedAbort([this.ended.signal]);
    let timer = setTimeout(() => over.abort(), SILENCE);
    const stopLooking = whenHidden(() => over.abort());
    try {
      const query = { tab: this.tab, after: String(this.heard), epoch: this.epoch ?? "" };
      const answer = await ask(this.address, "commands", query, {
        headers: { Accept: "text/event-stream" }, // by which Jupyter's proxy knows not to wait for the end
        signal: over.signal,
      });
      if (answer.body === null) throw new TypeError("a stream without a body");
      for await (const event of eventsOf(answer.body)) {
        clearTimeout(timer);
        timer = setTimeout(() => over.abort(), SILENCE);
        heard();
        if (event !== null && "epoch" in event) await this.begin(event.epoch);
        else if (event !== null) await this.hear(event.id, event.data, over.signal);
      }
    } finally {
      clearTimeout(timer);
      stopLooking();
      over.letGo();
      over.abort();
    }
  }

  /** Where Python has forgotten this tab meanwhile, all begins anew, with the traits of now. */
  private async begin(epoch: string): Promise<void> {
    const before = this.epoch;
    if (epoch === before) return;
    this.heard = 0;
    if (before !== null) {
      this.take(await stateOf(this.address));
      this.tell("change:_version");
    }
    this.epoch = epoch;
  }

  private async hear(id: number, data: string, signal: AbortSignal): Promise<void> {
    const { method, content, buffers } = JSON.parse(data) as Said;
    const bytes = buffers.some((length) => length > 0)
      ? await this.fetchBuffers(id, buffers, signal)
      : buffers.map(() => new ArrayBuffer(0));
    this.heard = id;
    if (method === "update") this.take(content);
    else if (bytes !== null) this.tell("msg:custom", content, bytes);
  }

  /** Null for what Python no longer keeps: it is lost, as a message may be. */
  private async fetchBuffers(
    id: number,
    lengths: readonly number[],
    signal: AbortSignal,
  ): Promise<ArrayBuffer[] | null> {
    const query = { tab: this.tab };
    let bytes: ArrayBuffer;
    try {
      bytes = await (await ask(this.address, `commands/${id}`, query, { signal })).arrayBuffer();
    } catch (error) {
      if (error instanceof ViewerGone) return null;
      throw error;
    }
    let end = 0;
    return lengths.map((length) => {
      end += length;
      return bytes.slice(end - length, end);
    });
  }

  private pause(ms: number): Promise<void> {
    return new Promise((done) => setTimeout(done, ms));
  }
}

function lengthOf(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function newTabName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
