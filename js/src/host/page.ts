import { pack } from "../channel/packed";
import { LinkedAbort } from "../data/abort";
import type { PageAddress } from "../data/probe";
import type { Model } from "./notebook";

const FIRST_REST = 300; // ms after something that failed; doubled each time
const LONGEST_REST = 10_000;
const SILENCE = 75_000; // ms without a word until the stream is taken for dead: Python says something every 60 s
const PATIENCE = 20_000; // ms for an answer
const SLOWEST = 50; // bytes a ms of a post
const HIDDEN = 5_000; // ms until a page that nobody sees listens no more: browsers have six connections for a server
const BATCH = 8 * 1024 * 1024; // bytes of one post
const MOST = 100; // messages of one post
const WAITING = 1_000; // messages that wait while Python cannot be reached; of more the oldest are let go of
const WAITING_BYTES = 32 * 1024 * 1024;
const FAREWELL = 30_000; // bytes: of posts on their way browsers send 64 KiB in all on for a page that has gone

type Listener = (...given: never[]) => void;

/** Where a viewer in a tab is served. */
export interface TabAddress {
  /** Of the data server, as this browser reaches it, with a slash at its end. */
  readonly base: string;
  readonly viewerId: string;
  readonly token: string;
}

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

/** The server itself says that it does not know this viewer, or this token, any more. */
export class ViewerGone extends Error {}

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

/** An answer of the server's own that says no. */
class Refused extends Error {}

async function ask(
  { base, viewerId, token }: TabAddress,
  path: string,
  query: Record<string, string>,
  options: RequestInit,
): Promise<Response> {
  const answer = await fetch(`${base}_cellucid/${path}?${new URLSearchParams({ viewerId, ...query })}`, {
    cache: "no-store",
    credentials: "same-origin",
    redirect: "error",
    ...options,
    headers: { ...(options.headers as Record<string, string>), "X-Cellucid-Token": token },
  });
  if (answer.status === 404 || answer.status === 401) {
    const { error } = (await answer.json().catch(() => ({}))) as { error?: unknown };
    if (error === "not_found" || error === "token") throw new ViewerGone(`the server answered ${answer.status}`);
    throw new TypeError(`somebody else answered ${answer.status}`);
  }
  if (answer.status >= 400 && answer.status < 500) throw new Refused(`the server answered ${answer.status}`);
  if (!answer.ok) throw new TypeError(`the server answered ${answer.status}`);
  return answer;
}

async function stateOf(address: TabAddress): Promise<Record<string, unknown>> {
  const answer = await ask(address, "state", {}, { signal: AbortSignal.timeout(PATIENCE) });
  return (await answer.json()) as Record<string, unknown>;
}

/** Call back once the page has been hidden for a while; returns what ends that. */
function whenHidden(hidden: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") timer = setTimeout(hidden, HIDDEN);
  };
  look();
  document.addEventListener("visibilitychange", look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}

/** Resolves once somebody sees the page, or it has ended. */
function seen(ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.visibilityState === "hidden" && !ended.aborted) return;
      document.removeEventListener("visibilitychange", look);
      ended.removeEventListener("abort", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    ended.addEventListener("abort", look);
    look();
  });
}

/** The events of a stream: messages, the epoch of their numbers, and null for a sign of life. */
export async function* eventsOf(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<{ id: number; data: string } | { epoch: string } | null> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (text + value).split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        const [, id, data] = /^id: (\d+)\ndata: (.*)$/s.exec(part) ?? [];
        const [, epoch] = /^event: epoch\ndata: (.*)$/.exec(part) ?? [];
        if (id !== undefined) yield { id: Number(id), data };
        else yield epoch === undefined ? null : { epoch };
      }
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** Where this page was served from; its token is taken out of the address bar, and kept for a reload. */
export function tabAddress(): TabAddress | null {
  const url = new URL(location.href);
  const viewerId = url.searchParams.get("viewerId");
  const token = url.searchParams.get("viewerToken") ?? url.searchParams.get("viewer_token");
  if (viewerId === null || token === null) return null;
  for (const name of ["viewerToken", "viewer_token"]) url.searchParams.delete(name);
  history.replaceState(null, "", url);
  try {
    sessionStorage.setItem(`cellucid ${location.pathname} ${viewerId}`, token);
  } catch {
    // A browser that stores nothing: a reload needs the whole address.
  }
  return { base: new URL(".", url.origin + url.pathname).href, viewerId, token };
}

/** The page's own server is the one that has the data. */
export function tabPage({ base }: TabAddress): PageAddress {
  return { origin: location.origin, hostname: location.hostname, baseUrl: null, own: base };
}

function lengthOf(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function newTabName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
