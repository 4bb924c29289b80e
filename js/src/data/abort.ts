/** An AbortController that also aborts when others do, until it is let go. */
export class LinkedAbort extends AbortController {
  private readonly stops: (() => void)[] = [];

  constructor(signals: readonly (AbortSignal | undefined)[]) {
    super();
    for (const signal of signals) {
      if (signal === undefined) continue;
      const abort = () => this.abort(signal.reason);
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort, { once: true });
      this.stops.push(() => signal.removeEventListener("abort", abort));
    }
  }

  /** Follow the others no longer. */
  letGo(): void {
    for (const stop of this.stops) stop();
  }
}
