import type { Server, TransportName } from "../channel/messages";
import { RequestFailure, type Requests } from "../channel/requests";
import { LinkedAbort } from "./abort";
import { CommPieces } from "./comm";
import { HttpRanges, type Road } from "./http";
import { candidates, closedRoads, findRoad, obstacle, type PageAddress, type Rung } from "./probe";
import type { ReadOptions, Resource, Source } from "./source";
import { Changed, Transfer } from "./transfer";

const PATIENCE = 400; // ms that a read waits for the search for a better road
const WORTH_IT = 8 * 1024 * 1024; // bytes still missing for which a transfer changes to HTTP in the middle
const FIRST_PAUSE = 10_000; // ms after a failure until the next search; doubled until HTTP has brought something
const LONGEST_PAUSE = 300_000;
const STUCK = 1000; // ms without a byte after which a transfer over the comm changes to HTTP
const RESTARTS = 2;
const TAKE_HTTP = new DOMException("HTTP goes on", "AbortError");

export interface LadderOptions {
  /** Where the data server is; null where there is none. Asked anew after a failure. */
  readonly connect: () => Promise<Server | null>;
  readonly page: PageAddress;
  /** Told whenever the road changes, and once when the first is known. */
  readonly onTransport: (name: TransportName, base: string | null, reason: string | null) => void;
}

/**
 * Reads resources over the best carrier there is: HTTP where the browser reaches the data server, else the comm, which
 * always works. Where a carrier fails in the middle the next goes on at the same byte.
 */
export class LadderSource implements Source {
  private readonly comm: CommPieces;
  private http: HttpRanges | null = null;
  /** Of every road that was taken: a read that began on one that was left may still go on there. */
  private readonly taken: HttpRanges[] = [];
  private patience: Promise<void> = Promise.resolve();
  private pause = FIRST_PAUSE;
  private notBefore = 0;
  private told: TransportName | null = null;
  private readonly attempts = new Set<{ transfer: Transfer; abort: AbortController }>();
  private readonly disposed = new AbortController();

  constructor(
    requests: Requests,
    private readonly options: LadderOptions,
  ) {
    this.comm = new CommPieces(requests, (transfer) => {
      return this.http !== null && (transfer.total ?? 0) - transfer.loaded > WORTH_IT;
    });
  }

  /** Bytes that HTTP has brought, by road. */
  get carried(): Record<string, { bytes_received: number; bytes_sent: number }> {
    const counts: Record<string, { bytes_received: number; bytes_sent: number }> = {};
    for (const { road, bytesReceived } of this.taken) {
      const { bytes_received } = counts[road.name] ?? { bytes_received: 0 };
      counts[road.name] = { bytes_received: bytes_received + bytesReceived, bytes_sent: 0 };
    }
    return counts;
  }

  /** What the last search found at each way to the server. */
  looked: readonly Rung[] = [];

  /** The road that HTTP takes now; null where there is none. */
  get road(): Road | null {
    return this.http?.road ?? null;
  }

  /** The road that HTTP took last, also when it is no longer taken; null where there never was one. */
  get lastRoad(): Road | null {
    return this.taken.at(-1)?.road ?? null;
  }

  /** Ask the server by HTTP whether it is there: null where it is, else why not. */
  async ping(): Promise<string | null> {
    const road = this.lastRoad;
    return road === null ? "there is no road" : obstacle(road, this.disposed.signal);
  }

  async read(path: string, options: ReadOptions = {}): Promise<Resource> {
    this.disposed.signal.throwIfAborted();
    if (performance.now() >= this.notBefore) this.search();
    await this.patience;
    const transfer = new Transfer(path, options.onProgress);
    for (let restarts = 0; !transfer.complete; ) {
      const { http } = this;
      const abort = new LinkedAbort([options.signal, this.disposed.signal]);
      abort.signal.throwIfAborted();
      const attempt = { transfer, abort };
      this.attempts.add(attempt);
      try {
        await (http ?? this.comm).fill(transfer, abort.signal);
        if (http !== null) this.pause = FIRST_PAUSE; // it does carry
      } catch (error) {
        options.signal?.throwIfAborted();
        this.disposed.signal.throwIfAborted();
        if (error instanceof Changed && restarts++ < RESTARTS) transfer.restart();
        else if (error instanceof Changed) throw keepsChanging(path);
        else if (abort.signal.reason === TAKE_HTTP) continue;
        else if (http === null || error instanceof RequestFailure) throw error;
        else this.leave(http, error);
      } finally {
        this.attempts.delete(attempt);
        abort.letGo();
      }
    }
    return transfer.finish();
  }

  dispose(): void {
    this.disposed.abort(new DOMException("the widget was closed", "AbortError"));
  }

  /** Look for a road. Reads wait for it, but not for long, and none longer because it came later. */
  private search(): void {
    this.notBefore = Number.POSITIVE_INFINITY; // one search at a time
    this.patience = shortly(this.find());
  }

  /** Never throws. */
  private async find(): Promise<void> {
    let reason = "Python's data server does not run";
    try {
      const server = await this.options.connect();
      if (server !== null) {
        const roads = candidates(server, this.options.page);
        this.looked = closedRoads(server, this.options.page);
        const road = await findRoad(roads, this.disposed.signal, (rung) => {
          this.looked = [...this.looked, rung];
        });
        if (this.disposed.signal.aborted) return;
        if (road !== null) return this.take(road);
        reason =
          roads.length === 0
            ? "the page's address is not this machine's and there is no Jupyter proxy"
            : `no data server of this widget answers at ${roads.map(({ base }) => base).join(" or ")}`;
      }
    } catch (error) {
      if (this.disposed.signal.aborted) return;
      reason = `Python does not say where its data server is: ${wordsOf(error)}`;
    }
    this.rest();
    this.tell("comm", null, reason);
  }

  private take(road: Road): void {
    this.http = new HttpRanges(road);
    this.taken.push(this.http);
    this.tell(road.name, road.base, null);
    // What began over the comm may wait there for a cell to end.
    const begun = [...this.attempts].map(({ transfer, abort }) => ({ transfer, abort, loaded: transfer.loaded }));
    setTimeout(() => {
      for (const { transfer, abort, loaded } of begun) if (transfer.loaded === loaded) abort.abort(TAKE_HTTP);
    }, STUCK);
  }

  /** HTTP has failed; several reads may find out at once. */
  private leave(http: HttpRanges, error: unknown): void {
    if (this.http !== http) return;
    this.http = null;
    this.rest();
    this.tell("comm", null, `the data server at ${http.road.base} no longer answers as it should: ${wordsOf(error)}`);
  }

  /** No search for a while. */
  private rest(): void {
    this.notBefore = performance.now() + this.pause;
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
  }

  private tell(name: TransportName, base: string | null, reason: string | null): void {
    if (name === this.told) return;
    this.told = name;
    this.options.onTransport(name, base, reason);
  }
}

async function shortly(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((done) => {
    timer = setTimeout(done, PATIENCE);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function keepsChanging(path: string): RequestFailure {
  return new RequestFailure("changed", `${path} keeps changing while it is read`, "Wait until Python is done with it.");
}
