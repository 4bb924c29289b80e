import type { CommCarrier } from "../channel/comm";
import type { LadderSource } from "../data/ladder";
import { SILENT } from "../data/probe";

const BEAT = 10_000; // ms between two looks, while the page is seen
const AGAIN = 1_000; // ms until the second look, which makes it certain

/** The part of anywidget's model that tells when ipywidgets has given up a comm, as it does when a kernel restarts. */
export interface LiveModel {
  on(event: "comm_live_update", listener: () => void): void;
  off(event: "comm_live_update", listener: () => void): void;
}

/**
 * Finds out that the kernel has ended: ipywidgets says so for a restart, and for a crash or a shutdown the data server
 * no longer answers. That is certain only where no proxy is in between; asking one would also count as activity and
 * keep an idle Hub from resting.
 */
export class KernelWatch {
  private gone = false;
  private looking = false;
  private readonly silence: () => void;
  private readonly beat: ReturnType<typeof setInterval>;

  constructor(
    private readonly model: LiveModel,
    carrier: CommCarrier,
    private readonly source: Pick<LadderSource, "lastRoad" | "ping">,
    private readonly tell: (gone: boolean) => void,
  ) {
    model.on("comm_live_update", this.left);
    this.silence = carrier.listen(() => this.say(false)); // it speaks
    this.beat = setInterval(() => {
      if (document.visibilityState === "visible") void this.check();
    }, BEAT);
  }

  /** Look whether the data server still answers. A proxy that does not may have troubles of its own. */
  async check(): Promise<void> {
    if (this.looking || this.source.lastRoad?.name !== "direct") return;
    this.looking = true;
    const obstacle = await this.source.ping();
    if (obstacle === null) this.say(false);
    else if (obstacle !== SILENT) {
      await new Promise((done) => setTimeout(done, AGAIN));
      const still = await this.source.ping();
      if (still !== null && still !== SILENT) this.say(true);
    }
    this.looking = false;
  }

  dispose(): void {
    clearInterval(this.beat);
    this.silence();
    this.model.off("comm_live_update", this.left);
  }

  private readonly left = (): void => {
    this.say(true);
    this.dispose(); // what still comes was sent before, and the next kernel knows nothing of this widget
  };

  private say(gone: boolean): void {
    if (gone === this.gone) return;
    this.gone = gone;
    this.tell(gone);
  }
}
