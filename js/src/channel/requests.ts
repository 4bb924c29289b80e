import type { CommCarrier } from "./comm";
import type { HostEncoding } from "./encoding";
import type { RequestParams, Upstream } from "./messages";

const PATIENCE = 5_000; // ms without an answer until Python is pinged; doubled each time
const LONGEST = 300_000;

export interface Answer {
  readonly result: Record<string, unknown>;
  readonly buffers: Uint8Array<ArrayBuffer>[];
}

/** Python's answer to a request that it cannot fulfil. */
export class RequestFailure extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

export interface RequestOptions {
  /** Aborts: of a request that a newer one makes pointless, or whose asker has gone. */
  readonly signal?: AbortSignal;
  /** ms; without it a request waits as long as the widget lives, as Python may be busy with a cell. */
  readonly timeout?: number;
}

interface Waiting {
  readonly request: Extract<Upstream, { kind: "request" }>;
  sent: number;
  resolve(answer: Answer): void;
  reject(reason: unknown): void;
}

/**
 * Asks Python, and matches answers to questions.
 *
 * A connection that breaks takes what is on its way along. Answers keep their order: one that a later ping's overtakes
 * was lost, or Python is still at it. Then the question is sent again, and Python answers no number twice while it works
 * on it. Time alone says nothing: a piece may be long on its way.
 */
export class Requests {
  private next = 1;
  private disposed = false;
  private hopeless: RequestFailure | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private pinged = 0; // the last ping: no other's answer counts
  private patience = PATIENCE;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly stop: () => void;

  constructor(private readonly carrier: CommCarrier) {
    this.stop = carrier.listen((message, buffers, way) => {
      if (message.kind !== "reply" && message.kind !== "error") return;
      const entry = this.waiting.get(message.id);
      const bytes = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (entry !== undefined) this.encoding.saw("down", way, bytes, entry.sent);
      this.waiting.delete(message.id);
      this.patience = PATIENCE;
      this.watch();
      if (message.kind === "reply") entry?.resolve({ result: message.result, buffers });
      else entry?.reject(new RequestFailure(message.error.code, message.error.message, message.error.hint));
    });
  }

  /** How the host carries bytes best. */
  get encoding(): HostEncoding {
    return this.carrier.encoding;
  }

  /** Rejects with a RequestFailure, or with the signal's reason when it aborts; Python is told not to answer then. */
  send<M extends keyof RequestParams>(
    method: M,
    params: RequestParams[M],
    { signal, timeout }: RequestOptions = {},
  ): Promise<Answer> {
    const { page } = this.carrier;
    const id = this.next++;
    return new Promise((resolve, reject) => {
      if (this.disposed) return reject(closed());
      if (this.hopeless !== null) return reject(this.hopeless);
      if (signal?.aborted) return reject(signal.reason);
      const giveUp = (reason: unknown) => {
        this.waiting.delete(id);
        this.carrier.send({ kind: "cancel", page, id });
        settled(reject)(reason);
      };
      const cancel = () => giveUp(signal?.reason);
      const late = () => giveUp(new RequestFailure("timeout", `no answer to ${method} within ${timeout} ms`, ""));
      const timer = timeout === undefined ? undefined : setTimeout(late, timeout);
      const settled = <T>(then: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", cancel);
          then(value);
        };
      };
      signal?.addEventListener("abort", cancel, { once: true });
      const text = this.encoding.choose("down") === "text" ? ({ text: true } as const) : {};
      const request = { kind: "request", page, id, method, params, ...text } as const;
      this.waiting.set(id, { request, sent: performance.now(), resolve: settled(resolve), reject: settled(reject) });
      this.carrier.send(request);
      if (this.timer === undefined) this.watch();
    });
  }

  /** Nobody will answer: what waits fails, and so does what is asked from now on, until null takes it back. */
  giveUp(why: RequestFailure | null): void {
    this.hopeless = why;
    if (why === null) return;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of waiting) reject(why);
  }

  dispose(): void {
    this.disposed = true;
    this.stop();
    clearTimeout(this.timer);
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of waiting) reject(closed());
  }

  private watch(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ping(), this.patience);
  }

  private ping(): void {
    this.timer = undefined;
    this.waiting.delete(this.pinged);
    const before = [...this.waiting.values()];
    if (before.length === 0) return;
    const id = this.next++;
    const request = { kind: "request", page: this.carrier.page, id, method: "ping", params: {} } as const;
    const resolve = () => {
      for (const entry of before) {
        if (!this.waiting.has(entry.request.id)) continue;
        entry.sent = performance.now();
        this.carrier.send(entry.request);
      }
    };
    this.pinged = id;
    this.waiting.set(id, { request, sent: performance.now(), resolve, reject: () => {} });
    this.carrier.send(request);
    this.patience = Math.min(2 * this.patience, LONGEST);
    this.watch();
  }
}

function closed(): DOMException {
  return new DOMException("the widget was closed", "AbortError");
}
