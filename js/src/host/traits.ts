import { batch, effect, type Signal } from "@preact/signals-core";
import type { CommCarrier } from "../channel/comm";
import type { Events } from "../channel/events";
import { type Ack, type News, parseTraits, parseUpdate } from "../channel/messages";
import type { Pose, Store } from "../state/store";

/** The part of anywidget's model that carries traits. Change listeners are promised no arguments. */
export interface TraitModel {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

const CAMERA_PAUSE = 200; // ms: how often a moving camera is told

/** Which trait is which signal: all that is mirrored as it is, in both directions. */
function mirrored(store: Store): [string, Signal<unknown>][] {
  return [
    ["dataset", store.datasetId],
    ["embedding", store.embedding],
    ["dimension", store.dimension],
    ["color_by", store.colorBy],
    ["layer", store.layer],
    ["colormap", store.colormap],
    ["color_limits", store.colorLimits],
    ["point_size", store.pointSize],
    ["opacity", store.opacity],
    ["filters", store.filters],
    ["tool", store.tool],
    ["height", store.height],
    ["theme", store.theme],
  ] as [string, Signal<unknown>][];
}

/** The mirrored traits as the viewer has them. */
export function traitsOf(store: Store): Record<string, unknown> {
  return Object.fromEntries(mirrored(store).map(([name, value]) => [name, value.peek()]));
}

/** What Python says at the moment: which traits, or all; what it had taken of this page's changes. */
interface Speech {
  readonly names: ReadonlySet<string> | null;
  readonly taken: number;
  readonly stale: boolean;
}

/**
 * Keeps the store, the model of the host and Python's traits the same.
 *
 * The model never saves: ipywidgets counts a message that is lost with its connection as pending for ever, and a busy
 * kernel hears no comm. What changes in the page goes as a numbered event, one at a time; what changes meanwhile is
 * told with the next, or before any other event.
 *
 * Python's order counts, and who comes last wins. So a value of Python's that was sent before it had taken what was set
 * here is not taken: ours will come last.
 */
export class TraitsLink {
  /** By Python's clock: every change until then is here. */
  seen = 0;
  /** The latest news. */
  private now = 0;
  private readonly signals: Map<string, Signal<unknown>>;
  /** Values as they are here, by trait; the model may hold another for a moment. */
  private readonly own = new Map<string, unknown>();
  /** Changed here, and not told yet. */
  private readonly untold = new Set<string>();
  /** The number of the last event that told a trait. */
  private readonly toldIn = new Map<string, number>();
  /** The event that Python has not acknowledged. */
  private telling: number | null = null;
  private speech: Speech | null = null;
  private setting: string | null = null;
  private planned = false;
  private cameraTimer: ReturnType<typeof setTimeout> | undefined;
  private cameraOf: { embedding: string; dimension: number } | null = null;
  private readonly stops: (() => void)[];
  private disposed = false;

  constructor(
    private readonly model: TraitModel,
    private readonly store: Store,
    private readonly carrier: CommCarrier,
    private readonly events: Events,
    private readonly onRefused: (error: unknown) => void,
  ) {
    this.signals = new Map(mirrored(store));
    for (const name of [...this.signals.keys(), "camera"]) this.own.set(name, model.get(name));
    // All of them first: what one says may need another.
    batch(() => {
      for (const [name, value] of this.signals) value.value = model.get(name);
    });
    this.takeCamera();
    this.hearUpdate(); // this page may begin in the middle of one
    this.stops = [
      // The first of an update's traits, whose listeners are all called before anything else happens.
      listen(model, "_updates", () => this.hearUpdate()),
      ...[...this.own.keys()].map((name) => listen(model, name, () => this.changed(name))),
      ...[...this.signals].map(([name, value]) =>
        effect(() => {
          // What came from the model goes no further.
          if (!same(value.value, this.own.get(name))) this.change(name, value.value);
        }),
      ),
      effect(() => this.watchCamera()),
      events.before(() => this.tell()),
      carrier.listen((message) => {
        if (message.kind === "ack") this.acknowledged(message);
        else if (message.kind === "command" && message.command === "traits") this.hear(message.payload);
      }),
    ];
  }

  dispose(): void {
    this.tell();
    this.disposed = true;
    clearTimeout(this.cameraTimer);
    for (const stop of this.stops) stop();
  }

  /** A message of ipywidgets, whose values are in the model already. */
  private hearUpdate(): void {
    const given = this.model.get("_updates");
    if (given === undefined) return;
    const { names, ...news } = parseUpdate(given, this.carrier.page);
    const speech = this.speechOf(news, names === null ? null : new Set(names));
    this.speech = speech;
    queueMicrotask(() => {
      if (this.speech === speech) this.speech = null;
    });
  }

  /** What was lost on its way, once more. */
  private hear(payload: Record<string, unknown>): void {
    const { values, ...news } = parseTraits(payload);
    const before = this.speech;
    this.speech = this.speechOf(news, new Set(Object.keys(values)));
    try {
      batch(() => {
        for (const [name, value] of Object.entries(values)) {
          if (!same(value, this.model.get(name))) this.model.set(name, value);
        }
      });
    } finally {
      this.speech = before;
    }
  }

  private speechOf({ now, since, taken }: News, names: ReadonlySet<string> | null): Speech {
    const stale = now < this.now; // it has been overtaken
    this.now = Math.max(this.now, now);
    if (!stale && since <= this.seen) this.seen = Math.max(this.seen, now); // else something in between was lost
    return { names, taken, stale };
  }

  /** A trait of the model has another value: Python's, or that of a widget that is linked in the page. */
  private changed(name: string): void {
    if (this.setting === name) return;
    const value = this.model.get(name);
    const { speech } = this;
    if (speech === null || (speech.names !== null && !speech.names.has(name))) {
      if (name === "camera") this.cameraOf = null; // of what this page shows
      this.accept(name, value);
      this.plan(name);
      return;
    }
    const newer = this.untold.has(name) || (this.toldIn.get(name) ?? 0) > speech.taken;
    if (newer || speech.stale) this.setModel(name, this.own.get(name));
    else this.accept(name, value);
  }

  private accept(name: string, value: unknown): void {
    this.own.set(name, value);
    const signal = this.signals.get(name);
    if (name === "camera") {
      // Our own words may come back.
      if (!same(poseOf(value), this.store.camera.peek().pose)) this.takeCamera();
    } else if (signal !== undefined && !same(signal.peek(), value)) signal.value = value;
  }

  /** Change a trait for a person; widgets that are linked in the page follow. */
  private change(name: string, value: unknown): void {
    this.own.set(name, value);
    this.setModel(name, value);
    this.plan(name);
  }

  private setModel(name: string, value: unknown): void {
    const before = this.setting;
    this.setting = name;
    try {
      this.model.set(name, value);
    } finally {
      this.setting = before;
    }
  }

  private plan(name: string): void {
    this.untold.add(name);
    if (this.planned || this.telling !== null || this.disposed) return;
    this.planned = true;
    queueMicrotask(() => {
      this.planned = false;
      if (this.telling === null) this.tell();
    });
  }

  /** Tell Python of all that has changed here. */
  private tell(): void {
    if (this.untold.size === 0 || this.disposed) return;
    const names = [...this.untold];
    this.untold.clear();
    const values = Object.fromEntries(names.map((name) => [name, this.own.get(name)]));
    const camera_of = "camera" in values ? this.cameraOf : null;
    const seq = this.events.send("traits", { values, camera_of });
    for (const name of names) this.toldIn.set(name, seq);
    this.telling = seq;
  }

  private acknowledged({ seq, error }: Ack): void {
    if (this.telling === null || seq < this.telling) return;
    if (seq === this.telling && error !== null) this.onRefused(new Error(error));
    this.telling = null;
    this.tell();
  }

  // -- the camera: a pose of one view that Python hears of, or Python's for all views

  private takeCamera(): void {
    const pose = poseOf(this.own.get("camera"));
    if (pose !== null) this.store.camera.value = { pose, origin: null };
  }

  private watchCamera(): void {
    const { pose, origin } = this.store.camera.value;
    if (pose !== null && origin !== null) this.cameraTimer ??= setTimeout(() => this.setCamera(), CAMERA_PAUSE);
  }

  private setCamera(): void {
    this.cameraTimer = undefined;
    const { pose, origin } = this.store.camera.peek();
    const points = this.store.points.peek();
    if (pose === null || origin === null || points === null) return;
    const camera = cameraOf(pose, points.axes);
    if (same(camera, this.own.get("camera"))) return;
    this.change("camera", camera);
    this.cameraOf = { embedding: points.key, dimension: points.dimension }; // Python may show something else by now
  }
}

/** The trait of a pose: only what means something in so many dimensions. */
export function cameraOf({ center, zoom, azimuth, elevation }: Pose, axes: 2 | 3): object {
  return axes === 3 ? { center: [...center], zoom, azimuth, elevation } : { center: [center[0], center[1]], zoom };
}

/** The pose of a trait; null for what is none. */
export function poseOf(camera: unknown): Pose | null {
  const { center, zoom, azimuth, elevation } = (camera ?? {}) as Record<string, unknown>;
  if (!Array.isArray(center) || typeof zoom !== "number") return null;
  const [x, y, z = 0] = center as number[];
  const angle = (value: unknown, otherwise: number) => (typeof value === "number" ? value : otherwise);
  return { center: [x, y, z], zoom, azimuth: angle(azimuth, -60), elevation: angle(elevation, 30) };
}

/** Call back when a trait changes; returns what ends it. */
export function listen(model: TraitModel, name: string, changed: () => void): () => void {
  model.on(`change:${name}`, changed);
  return () => model.off(`change:${name}`, changed);
}

/** Whether two JSON values are equal. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => key in b && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}
