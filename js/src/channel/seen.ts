import type { CommCarrier } from "./comm";
import type { SeenNumbers } from "./messages";

const PAUSE = 200; // ms between what comes and the word of it

/** Tells Python what has come here, a few times a second at most: what has not, it sends again. */
export class Seen {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly look = () => this.plan();

  constructor(
    private readonly carrier: CommCarrier,
    private readonly last: () => Omit<SeenNumbers, "commands" | "epoch">,
  ) {
    carrier.arrivals.add(this.look);
    this.plan();
  }

  /** Something has come. */
  plan(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const { page, epoch, commands } = this.carrier;
      this.carrier.send({ kind: "seen", page, ...this.last(), epoch, commands });
    }, PAUSE);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.carrier.arrivals.delete(this.look);
  }
}
