const LARGE = 256 * 1024; // bytes: of fewer, the way there and back takes most of the time

/** How quick a carrier is, as it was seen last. */
export class Meter {
  /** ms until a small answer is there; null while none was timed. */
  latency: number | null = null;
  /** Bytes a ms of large ones; null while none was timed. */
  rate: number | null = null;

  /** So many bytes have come so long after they were asked for. */
  saw(bytes: number, ms: number): void {
    if (bytes >= LARGE) this.rate = mean(this.rate, bytes / Math.max(ms, 1));
    else this.latency = this.latency === null ? ms : Math.min(this.latency, ms);
  }

  /** It was given so long for a large transfer, and has brought no more than so many bytes. */
  sawTooLate(bytes: number, ms: number): void {
    this.rate = mean(this.rate, Math.max(bytes, 1) / Math.max(ms, 1));
  }

  /** ms that so many bytes may take; what was never seen is free. */
  expected(bytes: number): number {
    return (this.latency ?? 0) + (this.rate === null ? 0 : bytes / this.rate);
  }
}

/** Half of it is what was seen last: one odd transfer does not decide. */
function mean(before: number | null, now: number): number {
  return before === null ? now : (before + now) / 2;
}

export type Carrying = "http" | "comm";

/** Whose turn it is, and the ms after which the other goes on; null where this is no trial. */
export interface Turn {
  readonly carrying: Carrying;
  readonly within: number | null;
}

const NOTICED = 2000; // ms: a transfer that is expected to take less is quick enough, whatever else there is
const MARGIN = 1.5; // times that the other one has to be quicker, so that the choice does not flap
const MANY = 1024 * 1024; // bytes
const AGAIN = 300_000; // ms until the other is tried again

/**
 * Whether HTTP or the comm carries, where both are there: HTTP, until the comm was seen to be quicker.
 *
 * HTTP is questioned only where it needs over two seconds for a transfer. Then the comm is tried once, for as long as that;
 * if it is quicker, by a margin, it carries from then on, and HTTP is tried again now and then.
 */
export class Choice {
  carrying: Carrying = "http";
  private notBefore = 0; // of the next trial
  private deafUntil = 0; // what was measured of the comm before does not count as long

  constructor(private readonly meters: Readonly<Record<Carrying, Meter>>) {}

  /** Which one is to bring so many bytes. A trial that this begins is the only one for a while. */
  turn(bytes: number): Turn {
    this.settle(bytes);
    if (!this.isDue(bytes)) return { carrying: this.carrying, within: null };
    this.notBefore = performance.now() + AGAIN;
    return { carrying: other(this.carrying), within: this.meters[this.carrying].expected(bytes) };
  }

  /** Which one would be the next to bring so many bytes. */
  next(bytes: number): Carrying {
    this.settle(bytes);
    return this.isDue(bytes) ? other(this.carrying) : this.carrying;
  }

  /** Look which one is quicker with so many bytes; as one carries all, few of them do not decide. */
  settle(bytes: number): void {
    const [here, there] = [this.meters[this.carrying], this.meters[other(this.carrying)]];
    if (here.rate === null || there.rate === null) return;
    const many = Math.max(bytes, MANY);
    if (this.carrying === "http" && (here.expected(many) < NOTICED || performance.now() < this.deafUntil)) return;
    if (MARGIN * there.expected(many) < here.expected(many)) this.carrying = other(this.carrying);
  }

  /** The comm has brought nothing for a while: a cell may be running. */
  leaveComm(): void {
    this.carrying = "http";
    this.notBefore = performance.now() + AGAIN;
    this.deafUntil = this.notBefore;
  }

  private isDue(bytes: number): boolean {
    const { rate } = this.meters[this.carrying];
    if (rate === null || performance.now() < this.notBefore) return false;
    return this.meters[this.carrying].expected(bytes) > NOTICED;
  }
}

function other(carrying: Carrying): Carrying {
  return carrying === "http" ? "comm" : "http";
}
