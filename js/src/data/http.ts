import type { Server, TransportName } from "../channel/messages";
import { RequestFailure } from "../channel/requests";
import { LinkedAbort } from "./abort";
import { type Gate, gateOf } from "./gate";
import { Meter } from "./meter";
import { type Carrier, Changed, type Description, type Transfer, type Yields } from "./transfer";

const LEAST_RANGE = 4 * 1024 * 1024; // bytes that are asked for at a time, while nobody knows how fast they come
const MOST_RANGE = 32 * 1024 * 1024; // proxies hold whole answers in memory
const RANGE_MS = 1000; // that a range is to take
const FIRST_BYTE = 30_000; // ms: Python may be reading a gene from a slow disk
const SUSPICIOUS = 5_000; // ms without a first byte, after which the server is asked whether it is there at all
const NEXT_BYTE = 10_000; // ms
/** What Python refuses with; anything else under these numbers is somebody else's. */
const REFUSALS: Readonly<Record<number, string>> = { 404: "dataset", 409: "changed", 500: "internal" };

export const LOG_IN = "a page to log in answers there";

/** A way by which the browser has reached the data server. */
export interface Road {
  readonly name: Exclude<TransportName, "comm">;
  /** The server's address, with a slash at its end. */
  readonly base: string;
  readonly server: Server;
}

/** HTTP does not bring the data: no answer, a cut one, or one of somebody else. */
export class HttpFailed extends Error {}

/** A body was cut: the connection broke, or Python could not go on, which its answer to the next request explains. */
class Cut extends HttpFailed {}

/** Brings resources over HTTP, straight into the transfer's memory. */
export class HttpRanges implements Carrier {
  bytesReceived = 0;
  readonly meter = new Meter();
  private readonly gate: Gate;

  constructor(
    readonly road: Road,
    /** Why the server cannot be reached, asked anew; null where it answers. */
    private readonly ping: () => Promise<string | null> = async () => null,
  ) {
    this.gate = gateOf(road.base);
  }

  async fill(transfer: Transfer, signal: AbortSignal, yields: Yields = () => false): Promise<void> {
    for (let cut = false; !transfer.complete; ) {
      if (transfer.loaded > 0 && yields(transfer.left ?? 0)) return;
      const { loaded } = transfer;
      try {
        await this.next(transfer, signal);
        cut = false;
      } catch (error) {
        if (cut || !(error instanceof Cut) || transfer.loaded === loaded) throw error; // asked on once, not for ever
        cut = true;
      }
    }
  }

  private async next(transfer: Transfer, given: AbortSignal): Promise<void> {
    const { base, server } = this.road;
    const { loaded, etag } = transfer;
    const abort = new LinkedAbort([given]);
    const watch = new Watch(abort, () => this.silence());
    let leave = () => {};
    try {
      leave = await this.gate.enter(abort.signal);
      watch.begin();
      const start = performance.now();
      const answer = await fetch(base + server.path.replace(/^\//, "") + encodePath(transfer.path), {
        headers: {
          "X-Cellucid-Token": server.token,
          Range: `bytes=${loaded}-${loaded + this.rangeBytes - 1}`,
          ...(etag === null ? {} : { "If-Range": `"${etag}"` }),
        },
        credentials: "same-origin", // Jupyter's proxy wants Jupyter's cookie; another origin gets none
        cache: "no-store",
        redirect: "error",
        signal: abort.signal,
      });
      if (answer.status === 416 && etag !== null) {
        // A long resource that is another now: only a part of the new one may be asked for.
        const now = describe(answer);
        if (now.etag !== etag) throw new Changed(`${transfer.path} changed while it was read`);
      }
      if (isPage(answer)) throw new HttpFailed(LOG_IN);
      if (!answer.ok) throw await refusal(answer);
      const described = describe(answer);
      transfer.describe(described);
      const expected = expectedBytes(answer, loaded, described.total);
      await this.receive(answer, transfer, expected, watch);
      this.meter.saw(expected, performance.now() - start);
    } catch (error) {
      if (watch.stalled !== null) throw new HttpFailed(`no byte of ${transfer.path} came: ${watch.stalled}`);
      // All that fetch says of a connection that breaks in the middle.
      if (error instanceof TypeError && transfer.loaded > loaded) throw new Cut(error.message);
      throw error;
    } finally {
      watch.end();
      abort.letGo();
      abort.abort(); // of a body that nobody reads to its end
      leave();
    }
  }

  /**
   * Why the server does not answer. Null also where it brings something else to the page meanwhile: other pages may have
   * all of the browser's connections for it, and what waits for one, the question too, is not on its way yet.
   */
  private async silence(): Promise<string | null> {
    const before = this.gate.received;
    const obstacle = await this.ping();
    return this.gate.received > before ? null : obstacle;
  }

  private get rangeBytes(): number {
    const aMoment = RANGE_MS * (this.meter.rate ?? 0);
    return Math.round(Math.min(Math.max(aMoment, LEAST_RANGE), MOST_RANGE));
  }

  /** Take a body. One that ends before its end, or goes on after it, is not what Python has sent: nothing of it is kept. */
  private async receive(answer: Response, transfer: Transfer, expected: number, watch: Watch): Promise<void> {
    const { loaded } = transfer;
    const reader = answer.body?.getReader();
    let received = 0;
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) break;
      watch.touch();
      received += part.value.length;
      this.bytesReceived += part.value.length;
      this.gate.received += part.value.length;
      if (received > expected) {
        transfer.rewind(loaded);
        throw new HttpFailed(`more than the ${expected} bytes of ${transfer.path} that were due`);
      }
      transfer.append(part.value);
    }
    // A connection that breaks throws. Something on the way has made another body of it, packed or unpacked.
    if (received < expected) {
      transfer.rewind(loaded);
      throw new HttpFailed(`${received} bytes came for the ${expected} of ${transfer.path}`);
    }
  }
}

/** Aborts when nothing has come for too long. Until it begins only the server has to be there. */
class Watch {
  /** Why it was aborted; null where it was not. */
  stalled: string | null = null;
  private heard = false;
  private timers: ReturnType<typeof setTimeout>[];

  constructor(
    private readonly abort: AbortController,
    private readonly ping: () => Promise<string | null>,
  ) {
    this.timers = [this.question()];
  }

  /** The request leaves only now. */
  begin(): void {
    this.end();
    this.timers = [this.after(FIRST_BYTE), this.question()];
  }

  /** A byte has come. */
  touch(): void {
    this.heard = true;
    this.end();
    this.timers = [this.after(NEXT_BYTE)];
  }

  end(): void {
    for (const timer of this.timers.splice(0)) clearTimeout(timer);
  }

  private async ask(): Promise<void> {
    const obstacle = await this.ping();
    if (obstacle !== null && !this.heard && this.timers.length > 0) this.stall(obstacle);
  }

  private question(): ReturnType<typeof setTimeout> {
    return setTimeout(() => void this.ask(), SUSPICIOUS);
  }

  private after(patience: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.stall(`none within ${patience / 1000} s`), patience);
  }

  private stall(why: string): void {
    this.stalled = why;
    this.abort.abort();
  }
}

/** A resource's path in a URL: encoded once more, so that a proxy that decodes once changes nothing. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** What the answer says about the resource; the answer of another server says nothing. */
function describe(answer: Response): Description {
  const length = answer.headers.get("X-Cellucid-Length");
  // A weak one is of the same content, compressed on its way.
  const etag = /^(?:W\/)?"(.+)"$/.exec(answer.headers.get("ETag") ?? "")?.[1];
  if (length === null || !/^\d+$/.test(length) || etag === undefined) throw new HttpFailed("the answer is not ours");
  const shape = answer.headers.get("X-Cellucid-Shape") ?? "";
  return {
    total: Number(length),
    etag,
    dtype: answer.headers.get("X-Cellucid-Dtype"),
    shape: shape === "" ? [] : shape.split(",").map(Number),
  };
}

function expectedBytes(answer: Response, loaded: number, total: number): number {
  if (answer.status === 200) {
    if (loaded > 0) throw new HttpFailed("the whole came where the rest was due");
    return total;
  }
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.headers.get("Content-Range") ?? "");
  const [first, last, whole] = range?.slice(1).map(Number) ?? [];
  const due = first === loaded && whole === total && last >= first && last < total;
  if (!due) throw new HttpFailed("another part came than the one that was due");
  return last - first + 1;
}

/** Python's own no is an answer; any other is the carrier's failure. */
async function refusal(answer: Response): Promise<Error> {
  const failed = new HttpFailed(`the server answered ${answer.status}`);
  try {
    const { error, message, hint } = (await answer.json()) as Record<string, unknown>;
    // Not so `not_found`: the dataset is not served there any more, and the comm may have it.
    if (typeof error !== "string" || error !== REFUSALS[answer.status] || typeof message !== "string") return failed;
    return new RequestFailure(error, message, typeof hint === "string" ? hint : "");
  } catch {
    return failed;
  }
}

/** Whether an answer is for people: of an expired log-in it comes with the status 200. */
export function isPage(answer: Response): boolean {
  return answer.ok && /^text\/html/.test(answer.headers.get("Content-Type") ?? "");
}
