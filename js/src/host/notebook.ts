import { answerAsks } from "../channel/asked";
import { CommCarrier, type MessageModel } from "../channel/comm";
import { Events } from "../channel/events";
import { parsePushed, type TransportName } from "../channel/messages";
import { RequestFailure, Requests } from "../channel/requests";
import { Seen } from "../channel/seen";
import { LadderSource } from "../data/ladder";
import { postOn } from "../data/post";
import { type PageAddress, pageAddress } from "../data/probe";
import { Scene } from "../scene/scene";
import { type DatasetChoice, Store } from "../state/store";
import { KernelWatch, type LiveModel } from "./alive";
import { obeyCommands } from "./commands";
import { snapshot } from "./diagnosis";
import { tellDrawn, tellNotDrawn } from "./drawing";
import { linkHover } from "./hover";
import { type Inspection, inspect, isSettled } from "./inspection";
import { Loading } from "./loading";
import { MarksLink } from "./marks";
import { SelectionLink } from "./selection";
import { findServer } from "./server";
import { listen, type TraitModel, TraitsLink } from "./traits";
import { View } from "./view";
import { forwardWarnings } from "./warnings";

export type Model = MessageModel & TraitModel & LiveModel;

/** One widget on one page: everything that its views share. */
export class NotebookApp {
  readonly store: Store;
  private readonly carrier: CommCarrier;
  readonly events: Events;
  readonly requests: Requests;
  readonly scene: Scene;
  readonly source: LadderSource;
  readonly loading: Loading;
  private readonly selection: SelectionLink;
  private readonly marks: MarksLink;
  private readonly traits: TraitsLink;
  private readonly seen: Seen;
  readonly views = new Set<View>();
  private readonly kernel: KernelWatch;
  private readonly stops: (() => void)[];
  private readonly started = performance.now();
  private settledAfter: number | null = null;
  private announced = false;
  private left = false;
  private disposed = false;

  /** Sets up, and returns without waiting: hosts drop the messages of a widget whose set-up takes over two seconds. */
  constructor(
    readonly model: Model,
    private readonly page: PageAddress = pageAddress(),
  ) {
    this.store = new Store(Number(model.get("n_cells")), { dataset: String(model.get("dataset")) });
    const listDatasets = () => {
      this.store.datasets.value = model.get("datasets") as DatasetChoice[];
    };
    listDatasets();
    this.carrier = new CommCarrier(model);
    this.events = new Events(this.carrier, {
      post: () => postOn(this.source, String(model.get("viewer_id"))),
      onLate: () => void this.kernel.check(),
      onUnheard: (events) => {
        this.store.unheard.value = events;
      },
    });
    this.requests = new Requests(this.carrier);
    this.scene = new Scene(
      this.store,
      (error) => this.sceneFailed(error),
      () => this.painted(),
    );
    this.source = new LadderSource(this.requests, {
      connect: findServer(model, this.requests),
      page,
      onTransport: (name, base, reason) => this.takeRoad(name, base, reason),
    });
    this.loading = new Loading(
      this.store,
      this.source,
      (message, hint) => this.complain(message, hint),
      () => {
        this.store.connection.value = this.source.described;
        this.announce();
      },
    );
    this.selection = new SelectionLink(this.store, this.carrier, this.events, this.requests, (error) =>
      this.failed("selection", "The selection here is not the one in Python", error),
    );
    this.marks = new MarksLink(this.store, this.carrier, this.requests, (error) =>
      this.failed("marks", "Highlights and hidden cells here are not those in Python", error),
    );
    this.traits = new TraitsLink(model, this.store, this.carrier, this.events, (error) =>
      this.failed("traits", "Python did not take what you set", error),
    );
    this.seen = new Seen(this.carrier, () => ({
      updates: this.traits.seen,
      selection: this.selection.seen,
      marks: this.marks.seen,
    }));
    // A page that is reloaded or closed takes its views along without a word.
    const hide = () => this.leave();
    const comeBack = (event: PageTransitionEvent) => event.persisted && this.announce();
    addEventListener("pagehide", hide);
    addEventListener("pageshow", comeBack);
    const start = setTimeout(() => {
      void this.selection.fetch();
      void this.marks.fetch();
      this.loading.start();
    });
    this.kernel = new KernelWatch(model, this.carrier, this.source, (gone) => this.showWhetherGone(gone));
    this.stops = [
      () => this.kernel.dispose(),
      listen(model, "_updates", () => this.seen.plan()),
      linkHover(model, this.store, this.carrier, this.events),
      this.takeWhatIsPushed(),
      this.lookAgain(),
      obeyCommands(this.carrier, this.store, {
        resetView: () => this.eachView((view) => view.goTo(null)),
        zoomTo: (box) => this.eachView((view) => view.goTo(box)),
        message: (detail) => this.eachView((view) => view.tell(detail)),
      }),
      answerAsks(this.carrier, this.events, {
        ping: async () => ({ result: { t: Date.now() } }),
        debug_snapshot: () => snapshot(this),
      }),
      forwardWarnings(this.carrier, this.events),
      listen(model, "errors", () => this.showErrors()),
      listen(model, "datasets", listDatasets),
      () => clearTimeout(start),
      () => removeEventListener("pagehide", hide),
      () => removeEventListener("pageshow", comeBack),
    ];
  }

  /** Add a view in `parent`; returns what takes it away. */
  addView(parent: HTMLElement): () => void {
    const view = new View(this.store, this.scene, parent, (click) => this.events.send("click", { ...click }));
    Object.assign(view.element, {
      cellucid: {
        inspect: () => this.inspect(view),
        send: (name: string, payload: Record<string, unknown> = {}) => this.events.sendOwn(name, payload),
      },
    });
    if (this.views.size === 0 && this.left) void this.selection.fetch(); // Python may have another one by now
    this.views.add(view);
    return () => {
      if (!this.views.delete(view)) return;
      view.dispose();
      if (this.views.size === 0) this.leave();
    };
  }

  dispose(): void {
    this.disposed = true;
    for (const view of this.views) view.dispose();
    this.views.clear();
    this.traits.dispose(); // which may have something to tell
    this.seen.dispose();
    for (const stop of this.stops) stop();
    this.selection.dispose();
    this.marks.dispose();
    this.events.dispose();
    this.loading.dispose();
    this.source.dispose();
    this.scene.dispose();
    this.requests.dispose();
    this.carrier.dispose();
  }

  /** The kernel has ended, or is back. */
  private showWhetherGone(gone: boolean): void {
    const inTab = this.page.own !== undefined;
    const title = inTab ? "The connection to Python has ended" : "The kernel of this plot has ended";
    const why = inTab ? "Python cannot be asked any more." : "The kernel that held these data has ended.";
    this.requests.giveUp(gone ? new RequestFailure("gone", why, "") : null);
    this.store.gone.value = gone;
    if (!gone) {
      this.store.dismiss("gone");
      void this.selection.fetch(); // what Python said meanwhile was not heard
      void this.marks.fetch();
    } else {
      const text = inTab
        ? "Where only the connection broke it comes back by itself; " +
          "else show the data again, and open the address that Python gives."
        : "Run the widget's cell again to connect it to Python.";
      this.store.notify({ key: "gone", title, text: `What is drawn stays. ${text}` });
    }
  }

  /** The last view is gone, at least for now. */
  private leave(): void {
    this.left = true;
    this.announced = false;
    this.loading.forget();
    this.events.send("closed", {});
  }

  private eachView(act: (view: View) => void): void {
    for (const view of this.views) act(view);
  }

  private get settled(): boolean {
    return isSettled(this);
  }

  private takeRoad(name: TransportName, base: string | null, reason: string | null): void {
    this.store.transport.value = name;
    this.store.connection.value = this.source.described;
    this.events.send("transport", { name, base, reason });
  }

  /** Python sends what is shown without being asked, where it hears nobody. */
  private takeWhatIsPushed(): () => void {
    const version = this.model.get("_version");
    return this.carrier.listen((message, buffers) => {
      if (message.kind !== "command" || message.command !== "piece") return;
      const piece = parsePushed(message.payload);
      if (piece.version === version) this.source.take(piece, buffers[0] ?? new Uint8Array());
    });
  }

  /** Look for a road as soon as there may be one. */
  private lookAgain(): () => void {
    const look = () => {
      if (document.visibilityState === "visible") this.source.lookAgain();
    };
    addEventListener("online", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("online", look);
      document.removeEventListener("visibilitychange", look);
    };
  }

  private inspect(view: View): Inspection {
    const { bytesReceived, bytesSent, asText } = this.carrier;
    const text = { text_received: asText.received, text_sent: asText.sent };
    const comm = { bytes_received: bytesReceived, bytes_sent: bytesSent, ...text };
    const milestones = { road: this.source.chosenAfter, settled: this.settledAfter };
    const shown = inspect(view, this, { comm, ...this.source.carried });
    return { ...shown, settled: shown.settled && shown.transport !== null, milestones };
  }

  private painted(): void {
    tellDrawn(this.store);
    this.announce();
  }

  /** Tell Python once that the first complete picture is there. */
  private announce(): void {
    if (this.announced || this.disposed || !this.settled) return;
    this.announced = true;
    this.settledAfter ??= performance.now() - this.started;
    this.events.send("ready", { n_cells: this.store.n_cells, dimensions: this.store.points.peek()?.dimension ?? 2 });
  }

  private sceneFailed(error: unknown): void {
    const told = tellNotDrawn(this.store, this.scene, error);
    if (told !== null) this.complain(told.message, told.hint || null);
  }

  private failed(key: string, title: string, error: unknown): void {
    if (error instanceof RequestFailure && error.code === "gone") return; // of which a notice tells
    const message = error instanceof Error ? error.message : String(error);
    this.store.notify({ key, title, text: message });
    this.complain(`${title}: ${message}`, null);
  }

  /** Tell Python, in no more words than a message may have. */
  private complain(message: string, hint: string | null): void {
    this.events.send("console", { level: "error", message: message.slice(0, 4000), hint });
  }

  /** What Python's side reports: raised by hooks and observers, which nobody would see otherwise. */
  private showErrors(): void {
    const last = (this.model.get("errors") as { source: string; message: string; hint: string }[]).at(-1);
    if (last === undefined || last.source === "viewer") return;
    this.store.notify({ key: "python", title: last.message, text: last.hint });
  }
}
