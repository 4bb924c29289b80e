import type { CommCarrier } from "./comm";
import type { RequestParams } from "./messages";

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

interface Waiting {
  resolve(answer: Answer): void;
  reject(reason: unknown): void;
}

/** Asks Python, and matches answers to questions. */
export class Requests {
  private next = 1;
  private disposed = false;
  private readonly waiting = new Map<number, Waiting>();
  private readonly stop: () => void;

  constructor(private readonly carrier: CommCarrier) {
    this.stop = carrier.listen((message, buffers) => {
      if (message.kind !== "reply" && message.kind !== "error") return;
      const entry = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      if (message.kind === "reply") entry?.resolve({ result: message.result, buffers });
      else entry?.reject(new RequestFailure(message.error.code, message.error.message, message.error.hint));
    });
  }

  /** Rejects with a RequestFailure, or with the signal's reason when it aborts; Python is told not to answer then. */
  send<M extends keyof RequestParams>(method: M, params: RequestParams[M], signal?: AbortSignal): Promise<Answer> {
    const { page } = this.carrier;
    const id = this.next++;
    return new Promise((resolve, reject) => {
      if (this.disposed) return reject(closed());
      if (signal?.aborted) return reject(signal.reason);
      const cancel = () => {
        this.waiting.delete(id);
        this.carrier.send({ kind: "cancel", page, id });
        reject(signal?.reason);
      };
      const settled = <T>(then: (value: T) => void) => {
        return (value: T) => {
          signal?.removeEventListener("abort", cancel);
          then(value);
        };
      };
      signal?.addEventListener("abort", cancel, { once: true });
      this.waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
      this.carrier.send({ kind: "request", page, id, method, params });
    });
  }

  dispose(): void {
    this.disposed = true;
    this.stop();
    for (const { reject } of this.waiting.values()) reject(closed());
    this.waiting.clear();
  }
}

function closed(): DOMException {
  return new DOMException("the widget was closed", "AbortError");
}
