import { PIECE_BYTES, type Piece, type Server, type TransportName } from "../channel/messages";
import { RequestFailure, type Requests } from "../channel/requests";
import { LinkedAbort } from "./abort";
import { CommPieces } from "./comm";
import { explain, type Measured } from "./explain";
import { HttpRanges, type Road } from "./http";
import { Choice, type Meter, type Turn } from "./meter";
import { type Found, obstacle, type PageAddress, type Rung } from "./probe";
import { Pushed } from "./pushed";
import { RoadSearch } from "./road-search";
import type { ReadOptions, Resource, Source } from "./source";
import { Changed, Transfer } from "./transfer";

const SMALL = 1024 * 1024; // bytes: a resource that is known to have fewer does not wait for a search
const LINGER = 50; // ms, as long as a round trip by the comm, until what it has not begun to bring changes to HTTP
const STUCK = 2000; // ms without a piece after which a transfer over the comm changes to HTTP, if that has one sooner
const RESTARTS = 2;
/** Why an attempt is given up for another way to go on. */
const GO_ON = new DOMException("another carrier goes on", "AbortError");

export interface LadderOptions {
  /** Where the data server is; null where there is none. Asked anew after a failure. */
  readonly connect: () => Promise<Server | null>;
  readonly page: PageAddress;
  /**
   * Told whenever the road changes, and once when the first is known: with the server's address where the page reaches
   * it, also where the comm is quicker, and with the reason why it is the comm.
   */
  readonly onTransport: (name: TransportName, base: string | null, reason: string | null) => void;
}

/** One carrier's turn at a transfer. */
interface Attempt {
  readonly transfer: Transfer;
  readonly abort: LinkedAbort;
  /** Looks whether the comm brings anything, where HTTP could. */
  watch?: ReturnType<typeof setInterval>;
}

/**
 * Reads resources over the best carrier there is: HTTP where the browser reaches the data server, else the comm, which
 * always works; the comm, too, where it was seen to be quicker. Where a carrier fails in the middle the next goes on at
 * the same byte. What Python sends unasked is taken where it comes first.
 */
export class LadderSource implements Source {
  private readonly comm: CommPieces;
  private http: HttpRanges | null = null;
  /** Of every road that was taken: a read that began on one that was left may still go on there. */
  private readonly taken: HttpRanges[] = [];
  private choice: Choice | null = null;
  private readonly pushed = new Pushed();
  /** What has come unasked for transfers that were under way. */
  private readonly given = new WeakMap<Transfer, Resource>();
  private readonly search: RoadSearch;
  private told: { readonly name: TransportName; readonly base: string | null } | null = null;
  private readonly attempts = new Set<Attempt>();
  private readonly disposed = new AbortController();
  private readonly started = performance.now();

  constructor(
    requests: Requests,
    private readonly options: LadderOptions,
  ) {
    this.comm = new CommPieces(requests);
    this.search = new RoadSearch({
      connect: options.connect,
      page: options.page,
      signal: this.disposed.signal,
      onFound: (found) => this.begin(found),
      onNone: (reason) => this.tell("comm", null, reason),
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
  get looked(): readonly Rung[] {
    return this.search.looked;
  }

  /** ms from the start until the first road was chosen; null while none is. */
  chosenAfter: number | null = null;

  /** What was seen of each carrier that was taken. */
  get measured(): Measured[] {
    const rows = [
      ...this.taken.map(({ road, meter }) => ({ name: road.name, meter })),
      { name: "comm", meter: this.comm.meter },
    ];
    const last = new Map(rows.map(({ name, meter }) => [name as TransportName, meter]));
    return [...last].map(([name, { latency, rate }]) => ({
      name,
      ms: latency === null ? null : rounded(latency),
      mb_per_s: rate === null ? null : rounded(rate / 1000),
    }));
  }

  /** For a person: how quick the carriers are, why others are not taken, and what to do where that helps; a line each. */
  get described(): string[] {
    return explain(this.measured, this.looked, this.http === null);
  }

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
    this.search.wanted();
    if (options.size === undefined || options.size > SMALL) await this.search.patience;
    const transfer = new Transfer(path, options.onProgress);
    for (let restarts = 0; !transfer.complete; ) {
      options.signal?.throwIfAborted();
      this.disposed.signal.throwIfAborted();
      const given = this.given.get(transfer) ?? this.pushed.give(path, transfer.etag);
      if (given !== null) return given;
      const { http } = this;
      const { carrying, within } = this.turn(transfer.left ?? options.size ?? 0);
      const carrier = http !== null && carrying === "http" ? http : this.comm;
      try {
        await this.attempt(transfer, carrier, within, options.signal);
        if (carrier === http) this.search.carries();
      } catch (error) {
        options.signal?.throwIfAborted();
        this.disposed.signal.throwIfAborted();
        if (error === GO_ON) continue;
        if (error instanceof Changed && restarts++ < RESTARTS) transfer.restart();
        else if (error instanceof Changed) throw keepsChanging(path);
        else if (carrier !== http || error instanceof RequestFailure) throw error;
        else this.leave(http, error);
      }
    }
    return transfer.finish();
  }

  /** Take a part of a resource that Python sends unasked. A page that reads by HTTP has no use for it. */
  take(piece: Piece, bytes: Uint8Array): void {
    if (this.http !== null || !this.pushed.take(piece, bytes)) return;
    const waiting = [...this.attempts].filter(({ transfer }) => transfer.path === piece.path);
    const fitting = waiting.filter(({ transfer }) => transfer.etag === null || transfer.etag === piece.etag);
    const resource = fitting.length > 0 ? this.pushed.give(piece.path, piece.etag) : null;
    if (resource === null) return;
    for (const { transfer, abort } of fitting) {
      this.given.set(transfer, resource); // Python sends it only once
      abort.abort(GO_ON);
    }
  }

  /** Something has changed that may open a road: the network is back, or somebody looks again. */
  lookAgain(): void {
    this.search.lookAgain();
  }

  dispose(): void {
    this.disposed.abort(new DOMException("the widget was closed", "AbortError"));
    this.search.stop();
    this.pushed.clear();
  }

  /** Whose turn it is to bring so many bytes. */
  private turn(left: number): Turn {
    return this.choice?.turn(left) ?? { carrying: "comm", within: null };
  }

  /** Let one carrier bring what it can of a transfer; of a trial, for so many ms. Throws GO_ON where it is given up. */
  private async attempt(
    transfer: Transfer,
    carrier: HttpRanges | CommPieces,
    within: number | null,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const abort = new LinkedAbort([signal, this.disposed.signal]);
    const attempt: Attempt = { transfer, abort };
    const { loaded } = transfer;
    const tooLate = () => {
      carrier.meter.sawTooLate(transfer.loaded - loaded, within ?? 0);
      abort.abort(GO_ON);
    };
    const trial = within === null ? undefined : setTimeout(tooLate, within);
    if (carrier === this.comm && this.http !== null) this.watch(attempt, this.http.meter);
    this.attempts.add(attempt);
    try {
      const mine = carrier === this.comm ? "comm" : "http";
      await carrier.fill(transfer, abort.signal, (left) => {
        return within === null && this.choice !== null && this.choice.next(left) !== mine;
      });
      this.choice?.settle(transfer.total ?? 0);
    } catch (error) {
      throw abort.signal.reason === GO_ON ? GO_ON : error; // browsers throw another one where a body is aborted
    } finally {
      clearTimeout(trial);
      clearInterval(attempt.watch);
      this.attempts.delete(attempt);
      abort.letGo();
      this.tellWhatCarries();
    }
  }

  /** The comm may be the quicker one, but a cell may be running: HTTP goes on with what it does not bring. */
  private watch(attempt: Attempt, http: Meter): void {
    const { transfer, abort } = attempt;
    let { loaded } = transfer;
    attempt.watch = setInterval(
      () => {
        if (transfer.loaded === loaded) {
          this.choice?.leaveComm();
          abort.abort(GO_ON);
        }
        loaded = transfer.loaded;
      },
      Math.max(STUCK, http.expected(PIECE_BYTES)),
    );
  }

  /** Take a road. */
  private begin({ road, ms }: Found): void {
    const http = new HttpRanges(road, () => this.ping());
    http.meter.saw(0, ms);
    this.http = http;
    this.taken.push(http);
    this.choice = new Choice({ http: http.meter, comm: this.comm.meter });
    this.pushed.clear();
    this.tell(road.name, road.base, null);
    // What began over the comm may wait there for a cell to end.
    const begun = [...this.attempts].map((attempt) => ({ attempt, loaded: attempt.transfer.loaded }));
    setTimeout(() => {
      for (const { attempt, loaded } of begun) {
        if (attempt.transfer.loaded === loaded) attempt.abort.abort(GO_ON);
        else if (this.attempts.has(attempt)) this.watch(attempt, http.meter); // the cell may begin only now
      }
    }, LINGER);
  }

  /** HTTP has failed; several reads may find out at once. */
  private leave(http: HttpRanges, error: unknown): void {
    if (this.http !== http) return;
    this.http = null;
    this.choice = null;
    const { name, base } = http.road;
    const reason = error instanceof Error ? error.message : String(error);
    this.search.lost(name, reason);
    this.tell("comm", null, `the data server at ${base} no longer answers as it should: ${reason}`);
  }

  /** Where the data server is reached: whether HTTP carries, or the comm because it is quicker. */
  private tellWhatCarries(): void {
    const { http, choice } = this;
    if (http === null || choice === null) return;
    if (choice.carrying === "http") {
      this.tell(http.road.name, http.road.base, null);
    } else {
      const [there, here] = [speed(http.meter), speed(this.comm.meter)];
      this.tell("comm", http.road.base, `it is quicker than ${http.road.name}: ${here}, not ${there}`);
    }
  }

  private tell(name: TransportName, base: string | null, reason: string | null): void {
    if (name === this.told?.name && base === this.told.base) return;
    this.told = { name, base };
    this.chosenAfter ??= rounded(performance.now() - this.started);
    this.options.onTransport(name, base, reason);
  }
}

function speed({ latency, rate }: Meter): string {
  return rate === null ? `${rounded(latency ?? 0)} ms` : `${rounded(rate / 1000)} MB/s`;
}

function rounded(value: number): number {
  return Math.round(10 * value) / 10;
}

function keepsChanging(path: string): RequestFailure {
  return new RequestFailure("changed", `${path} keeps changing while it is read`, "Wait until Python is done with it.");
}
