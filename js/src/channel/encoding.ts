/** A message's bytes go as buffers beside it, or as base64 text in it. */
export type Way = "buffers" | "text";
export type Direction = "up" | "down";

/** Bytes that show how fast a host is: of fewer, the way to Python and back takes most of the time. */
export const SAMPLE_BYTES = 256 * 1024;

const SMALL = 16 * 1024; // bytes: of fewer, the way to Python and back takes all of the time
const FAST = 8_000; // bytes a ms: above this nothing is worth trying
const AGAIN = 8; // samples, of which one goes the other way: a cell may have been running the last time

/**
 * How a host carries bytes best: as buffers, or as text where it turns buffers into lists of numbers.
 *
 * Buffers go first. Where they arrive as lists of numbers all goes as text from then on. Where they are only slow, text
 * is tried once and the faster stays. Up goes as down does until something large has gone up.
 */
export class HostEncoding {
  private readonly rates = { up: { buffers: 0, text: 0 }, down: { buffers: 0, text: 0 } }; // bytes a ms; 0 while unknown
  private readonly samples = { up: 0, down: 0 }; // since the other way was last tried
  private readonly arrived = { up: 0, down: 0 }; // when the last answer came
  private trip = Number.POSITIVE_INFINITY; // ms to Python and back
  private numbers = false;

  /** How the next message should go. */
  choose(direction: Direction, bytes = Number.POSITIVE_INFINITY): Way {
    if (bytes < SMALL) return "buffers";
    if (this.numbers) return "text";
    const { buffers, text } = this.ratesOf(direction);
    if (buffers === 0 || buffers > FAST) return "buffers";
    const better = this.better(direction);
    return text === 0 || this.samples[direction] < AGAIN - 1 ? better : better === "text" ? "buffers" : "text";
  }

  /** Whether it is not known yet how bytes go down best. */
  get undecided(): boolean {
    const { buffers, text } = this.rates.down;
    return !this.numbers && (buffers === 0 || (buffers <= FAST && text === 0));
  }

  /** Bytes have gone so, and the answer to what was sent then is here: for `down` it has them. */
  saw(direction: Direction, way: Way, bytes: number, sent: number): void {
    const now = performance.now();
    // Of several on their way at a time, each travels when the one before it has come.
    const ms = now - Math.max(sent + (Number.isFinite(this.trip) ? this.trip : 0), this.arrived[direction]);
    this.arrived[direction] = now;
    if (bytes < SMALL) this.trip = Math.min(this.trip, now - sent);
    if (bytes < SAMPLE_BYTES) return;
    this.samples[direction] = way === this.better(direction) ? this.samples[direction] + 1 : 0;
    this.rates[direction][way] = bytes / Math.max(ms, 1);
  }

  /** A buffer has arrived as a list of numbers. */
  sawNumbers(): void {
    this.numbers = true;
  }

  private ratesOf(direction: Direction): { buffers: number; text: number } {
    const { up, down } = this.rates;
    return direction === "down" ? down : { buffers: up.buffers || down.buffers, text: up.text || down.text };
  }

  private better(direction: Direction): Way {
    const { buffers, text } = this.ratesOf(direction);
    return buffers > 0 && buffers <= FAST && (text === 0 || text > buffers) ? "text" : "buffers";
  }
}
