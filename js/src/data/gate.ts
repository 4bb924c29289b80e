/**
 * How many answers a page reads from one server at a time. Over HTTP/1.1 a browser has six connections for a server, and
 * holds back what is more, without a word to the page. Two are left for what is short: challenges, events, what a tab
 * hears.
 */

const AT_ONCE = 4;
const GATES = Symbol.for("cellucid.gates.1"); // shared by every widget on the page, whichever evaluation of this module

/** One server's. */
export class Gate {
  /** Bytes that the server has brought to the page. */
  received = 0;
  private reading = 0;
  private readonly waiting: (() => void)[] = [];

  /** Wait for a turn, first come, first served; what is returned ends it. Throws the signal's reason. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.reading < AT_ONCE) this.reading++;
    else await this.turn(signal);
    return () => this.leave();
  }

  private turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        this.waiting.splice(this.waiting.indexOf(go), 1);
        reject(signal.reason);
      };
      this.waiting.push(go);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** Who waits next takes the place. */
  private leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.reading--;
    else next();
  }
}

/** The gate of the server that an address belongs to. */
export function gateOf(address: string): Gate {
  const page = globalThis as { [GATES]?: Map<string, Gate> };
  page[GATES] ??= new Map();
  const { origin } = new URL(address);
  const gate = page[GATES].get(origin) ?? new Gate();
  page[GATES].set(origin, gate);
  return gate;
}
