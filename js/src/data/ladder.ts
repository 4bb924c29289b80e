import { PIECE_BYTES, type Piece, type Server, type TransportName } from "../channel/messages";
import { RequestFailure, type Requests } from "../channel/requests";
import { LinkedAbort } from "./abort";
import { CommPieces } from "./comm";
import { HttpRanges, LOG_IN, type Road } from "./http";
import { Choice, type Meter, type Turn } from "./meter";
import {
  candidates,
  closedRoads,
  type Found,
  findRoad,
  NO_PROXY,
  obstacle,
  type PageAddress,
  type Rung,
  SILENT,
  type Way,
} from "./probe";
import { Pushed } from "./pushed";
import type { ReadOptions, Resource, Source } from "./source";
import { Changed, Transfer } from "./transfer";

const SMALL = 1024 * 1024; // bytes: a resource that is known to have fewer does not wait for the search
const PATIENCE = 400; // ms that any other read waits for the search for a better road
const LINGER = 50; // ms, as long as a round trip by the comm, until what it has not begun to bring changes to HTTP
const FIRST_PAUSE = 10_000; // ms after a failure until the next search; doubled until HTTP has brought something
const LONGEST_PAUSE = 300_000;
const MOST_UNASKED = 40_000; // ms of pause before a search that nobody's read begins: a Hub's idle server is to rest
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

/** How quick a carrier was; null where that was not seen. */
export interface Measured {
  readonly name: TransportName;
  /** Until a small answer was there. */
  readonly ms: number | null;
  /** Megabytes a second of large transfers. */
  readonly mb_per_s: number | null;
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
  private patience: Promise<void> = Promise.resolve();
  private pause = FIRST_PAUSE;
  private notBefore = 0;
  private again: ReturnType<typeof setTimeout> | undefined;
  private told: { readonly name: TransportName; readonly base: string | null } | null = null;
  private readonly attempts = new Set<Attempt>();
  private readonly disposed = new AbortController();
  private readonly started = performance.now();

  constructor(
    requests: Requests,
    private readonly options: LadderOptions,
  ) {
    this.comm = new CommPieces(requests);
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
    const measured = this.measured.map((one) => `${NAMES[one.name]}: ${speedOf(one)}`);
    const closed = this.looked
      .filter(({ name, reason }) => reason !== null && name !== "colab")
      .map(({ name, reason }) => `${NAMES[name]}: ${reason}`);
    const advice = this.http === null ? adviceFor(this.looked) : null;
    return [...measured.filter((line) => !line.endsWith(": ")), ...closed, ...(advice === null ? [] : [advice])];
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
    if (performance.now() >= this.notBefore) this.search();
    if (options.size === undefined || options.size > SMALL) await this.patience;
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
        if (carrier === http) this.pause = FIRST_PAUSE; // it does carry
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
    if (this.http !== null || this.told === null || this.notBefore === Number.POSITIVE_INFINITY) return;
    this.pause = FIRST_PAUSE;
    this.search();
  }

  dispose(): void {
    this.disposed.abort(new DOMException("the widget was closed", "AbortError"));
    clearTimeout(this.again);
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

  /** Look for a road. Reads wait for it, but not for long, and none longer because it came later. */
  private search(): void {
    clearTimeout(this.again);
    this.notBefore = Number.POSITIVE_INFINITY; // one search at a time
    this.patience = shortly(this.find());
  }

  /** Never throws. */
  private async find(): Promise<void> {
    let reason = "Python's data server does not run";
    try {
      const server = await this.options.connect();
      if (server !== null) {
        const ways = candidates(server, this.options.page);
        this.looked = closedRoads(server, this.options.page);
        const found = await findRoad(ways, this.disposed.signal, (rung) => {
          this.looked = [...this.looked, rung];
        });
        if (this.disposed.signal.aborted) return;
        if (found !== null) return this.begin(found);
        reason = whyNone(ways, this.looked);
      }
    } catch (error) {
      if (this.disposed.signal.aborted) return;
      reason = `Python does not say where its data server is: ${wordsOf(error)}`;
    }
    // Who was silent may have been busy; who has refused will refuse again.
    if (this.looked.some((rung) => rung.reason === SILENT)) this.lookAgainLater();
    this.rest();
    this.tell("comm", null, reason);
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
    const { name } = http.road;
    this.looked = this.looked.map((rung) =>
      rung.name === name ? { ...rung, reason: wordsOf(error), ms: null } : rung,
    );
    this.lookAgainLater(); // the read that has failed may wait by the comm for a cell to end
    this.rest();
    this.tell("comm", null, `the data server at ${http.road.base} no longer answers as it should: ${wordsOf(error)}`);
  }

  /** Search unasked when the pause is over; a few times only. */
  private lookAgainLater(): void {
    if (this.pause > MOST_UNASKED) return;
    this.again = setTimeout(() => this.http === null && this.search(), this.pause);
  }

  /** No search for a while. */
  private rest(): void {
    this.notBefore = performance.now() + this.pause;
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
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

const NAMES: Readonly<Record<TransportName, string>> = {
  direct: "Straight from Python",
  proxy: "Jupyter's proxy",
  colab: "Colab's proxy",
  override: "The address that was set",
  comm: "The notebook's own connection",
};

/** The one thing to do where the comm is all there is; null where nothing helps. */
function adviceFor(looked: readonly Rung[]): string | null {
  const said = (name: TransportName) => looked.find((rung) => rung.name === name)?.reason ?? null;
  if (said("override") !== null) return "Check the address in CELLUCID_CLIENT_SERVER_URL.";
  if (said("proxy") === NO_PROXY)
    return "Large data come faster with jupyter-server-proxy installed where Jupyter runs.";
  if (said("proxy") === LOG_IN) return "Reload the page, which logs you in again.";
  return null;
}

function speedOf({ ms, mb_per_s }: Measured): string {
  return [ms === null ? [] : `${ms} ms`, mb_per_s === null ? [] : `${mb_per_s} MB/s`].flat().join(", ");
}

/** Why HTTP leads nowhere, in one sentence. */
function whyNone(ways: readonly Way[], looked: readonly Rung[]): string {
  if (ways.length === 0) return "the page's address is not this machine's and there is no Jupyter proxy";
  const tried = looked.filter(({ name }) => ways.some((way) => way.name === name));
  const where = tried.map(({ name, base, reason }) => `${base ?? name} (${reason})`).join(", nor at ");
  return `no data server of this widget answers at ${where}`;
}

function speed({ latency, rate }: Meter): string {
  return rate === null ? `${rounded(latency ?? 0)} ms` : `${rounded(rate / 1000)} MB/s`;
}

function rounded(value: number): number {
  return Math.round(10 * value) / 10;
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
