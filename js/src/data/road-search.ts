import type { Server, TransportName } from "../channel/messages";
import { candidates, closedRoads, type Found, findRoad, type PageAddress, type Rung, SILENT, type Way } from "./probe";

const PATIENCE = 400; // ms that reads wait for a search
const FIRST_PAUSE = 10_000; // ms after a failure until the next search; doubled until HTTP has brought something
const LONGEST_PAUSE = 300_000;
const MOST_UNASKED = 40_000; // ms of pause before a search that nobody's read begins: a Hub's idle server is to rest

export interface RoadSearchOptions {
  /** Where the data server is; null where there is none. Asked anew by each search. */
  readonly connect: () => Promise<Server | null>;
  readonly page: PageAddress;
  readonly signal: AbortSignal;
  readonly onFound: (found: Found) => void;
  /** Told why HTTP leads nowhere, in one sentence. */
  readonly onNone: (reason: string) => void;
}

/** Looks for a road to the data server: when a read needs one, and again after pauses that grow; one search at a time. */
export class RoadSearch {
  /** What the last search found at each way to the server. */
  looked: readonly Rung[] = [];
  /** Reads wait for a search, but not for long, and none longer because it came later. */
  patience: Promise<void> = Promise.resolve();
  private pause = FIRST_PAUSE;
  /** When the next may begin; never while one is under way, nor while the road that it has found is open. */
  private notBefore = 0;
  private again: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: RoadSearchOptions) {}

  /** Somebody reads: look for a road where that is due. */
  wanted(): void {
    if (performance.now() >= this.notBefore) this.begin();
  }

  /** Something has changed that may open a road: begin at once if the last search is over and has led nowhere. */
  lookAgain(): void {
    if (this.notBefore === 0 || this.notBefore === Number.POSITIVE_INFINITY) return;
    this.pause = FIRST_PAUSE;
    this.begin();
  }

  /** The road that was found does carry. */
  carries(): void {
    this.pause = FIRST_PAUSE;
  }

  /** The road that was found is no good any more. */
  lost(name: TransportName, reason: string): void {
    this.looked = this.looked.map((rung) => (rung.name === name ? { ...rung, reason, ms: null } : rung));
    this.lookAgainLater(); // the read that has failed may wait by the comm for a cell to end
    this.rest();
  }

  stop(): void {
    clearTimeout(this.again);
  }

  private begin(): void {
    clearTimeout(this.again);
    this.notBefore = Number.POSITIVE_INFINITY;
    this.patience = shortly(this.find());
  }

  /** Never throws. */
  private async find(): Promise<void> {
    const { connect, page, signal, onFound, onNone } = this.options;
    let reason = "Python's data server does not run";
    try {
      const server = await connect();
      if (server !== null) {
        const ways = candidates(server, page);
        this.looked = closedRoads(server, page);
        const found = await findRoad(ways, signal, (rung) => {
          this.looked = [...this.looked, rung];
        });
        if (signal.aborted) return;
        if (found !== null) return onFound(found);
        reason = whyNone(ways, this.looked);
      }
    } catch (error) {
      if (signal.aborted) return;
      reason = `Python does not say where its data server is: ${error instanceof Error ? error.message : String(error)}`;
    }
    // Who was silent may have been busy; who has refused will refuse again.
    if (this.looked.some((rung) => rung.reason === SILENT)) this.lookAgainLater();
    this.rest();
    onNone(reason);
  }

  /** Search unasked when the pause is over; a few times only. */
  private lookAgainLater(): void {
    if (this.pause > MOST_UNASKED) return;
    this.again = setTimeout(() => this.begin(), this.pause);
  }

  /** No search for a while. */
  private rest(): void {
    this.notBefore = performance.now() + this.pause;
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
  }
}

function whyNone(ways: readonly Way[], looked: readonly Rung[]): string {
  if (ways.length === 0) return "the page's address is not this machine's and there is no Jupyter proxy";
  const tried = looked.filter(({ name }) => ways.some((way) => way.name === name));
  const where = tried.map(({ name, base, reason }) => `${base ?? name} (${reason})`).join(", nor at ");
  return `no data server of this widget answers at ${where}`;
}

async function shortly(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((done) => {
    timer = setTimeout(done, PATIENCE);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
