import { batch, effect, type Signal } from "@preact/signals-core";
import type { CommCarrier } from "../channel/comm";
import type { Events } from "../channel/events";
import { type Ack, parseTraits } from "../channel/messages";
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

/**
 * Keeps the store, the model of the host and Python's traits the same.
 *
 * The model never saves: ipywidgets counts a message that is lost with its connection as pending for ever, and a busy
 * kernel hears no comm. What changes in the page goes as a numbered event, one at a time; what changes meanwhile is
 * told with the next, or before any other event.
 */
export class TraitsLink {
  /** The last of Python's updates whose values are here. */
  seen: number;
  private readonly pairs: Map<string, Signal<unknown>>;
  /** Changed here, and not told yet. */
  private readonly untold = new Set<string>();
  /** Told by the event of this number, which Python has not acknowledged. */
  private telling: { seq: number; names: ReadonlySet<string> } | null = null;
  private pythonSpeaks = false;
  private planned = false;
  private cameraTimer: ReturnType<typeof setTimeout> | undefined;
  private cameraOf: { embedding: string; dimension: number } | null = null;
  private readonly stops: (() => void)[];
  private disposed = false;

  constructor(
    private readonly model: TraitModel,
    private readonly store: Store,
    carrier: CommCarrier,
    private readonly events: Events,
    private readonly onRefused: (error: unknown) => void,
  ) {
    this.seen = this.updates;
    this.pairs = new Map(mirrored(store));
    // All of them first: what one says may need another.
    batch(() => {
      for (const [name, value] of this.pairs) value.value = model.get(name);
    });
    this.takeCamera();
    this.stops = [
      // The first of an update's traits, whose listeners are all called before anything else happens.
      listen(model, "_updates", () => this.hearPython()),
      ...[...this.pairs].flatMap(([name, value]) => [
        listen(model, name, () => this.changed(name)),
        effect(() => {
          // What came from the model goes no further.
          if (!same(value.value, model.get(name))) this.set(name, value.value);
        }),
      ]),
      listen(model, "camera", () => this.changed("camera")),
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

  private get updates(): number {
    return Number(this.model.get("_updates") ?? 0);
  }

  /** An update of Python's: what changes until its listeners have been called is Python's. */
  private hearPython(): void {
    this.seen = Math.max(this.seen, this.updates);
    this.pythonSpeaks = true;
    queueMicrotask(() => {
      this.pythonSpeaks = false;
    });
  }

  /** What another page has changed, or an update that was lost on its way. */
  private hear(payload: Record<string, unknown>): void {
    const { values, updates } = parseTraits(payload);
    this.seen = Math.max(this.seen, updates);
    this.pythonSpeaks = true;
    batch(() => {
      for (const [name, value] of Object.entries(values)) {
        const newer = this.untold.has(name) || this.telling?.names.has(name);
        if (!newer && !same(value, this.model.get(name))) this.model.set(name, value);
      }
    });
    this.pythonSpeaks = false;
  }

  /** A trait of the model has another value: Python's, the store's own, or that of a widget linked in the page. */
  private changed(name: string): void {
    const value = this.model.get(name);
    if (this.pythonSpeaks) this.untold.delete(name);
    else this.plan(name);
    if (name === "camera") {
      this.cameraOf = null; // of what this page shows, unless it says otherwise
      // Our own words come back as a change of the model.
      if (!same(poseOf(value), this.store.camera.peek().pose)) this.takeCamera();
    } else {
      const signal = this.pairs.get(name);
      if (signal !== undefined && !same(signal.peek(), value)) signal.value = value;
    }
  }

  /** Change a trait for a person; the model's listeners are called, those of linked widgets too. */
  private set(name: string, value: unknown): void {
    const speaking = this.pythonSpeaks;
    this.pythonSpeaks = false;
    this.model.set(name, value);
    this.pythonSpeaks = speaking;
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
    const names = new Set(this.untold);
    this.untold.clear();
    const values = Object.fromEntries([...names].map((name) => [name, this.model.get(name)]));
    const camera_of = names.has("camera") ? this.cameraOf : null;
    const seq = this.events.send("traits", { values, seen: this.updates, camera_of });
    this.telling = { seq, names };
  }

  private acknowledged({ seq, error }: Ack): void {
    if (this.telling === null || seq < this.telling.seq) return;
    if (seq === this.telling.seq && error !== null) this.onRefused(new Error(error));
    this.telling = null;
    this.tell();
  }

  // -- the camera: a pose of one view that Python hears of, or Python's for all views

  private takeCamera(): void {
    const pose = poseOf(this.model.get("camera"));
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
    if (same(camera, this.model.get("camera"))) return;
    this.set("camera", camera);
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
