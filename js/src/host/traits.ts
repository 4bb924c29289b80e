import { batch, effect, type Signal } from "@preact/signals-core";
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

/** Make the store a mirror of the model's traits, now and from now on; returns what ends it. */
export function mirrorTraits(model: TraitModel, store: Store): () => void {
  const save = saverOf(model);
  const pairs = mirrored(store);
  // All of them first: what one says may need another.
  batch(() => {
    for (const [name, value] of pairs) value.value = model.get(name);
  });
  const stops = pairs.map(([name, value]) => {
    const take = () => {
      if (!same(value.peek(), model.get(name))) value.value = model.get(name);
    };
    const stop = effect(() => {
      // What came from the model goes no further.
      if (same(value.value, model.get(name))) return;
      model.set(name, value.value);
      save();
    });
    return [listen(model, name, take), stop];
  });
  const all = [...stops.flat(), mirrorCamera(model, store, save)];
  return () => {
    for (const stop of all) stop();
  };
}

/** The camera: a pose of one view that Python hears of, or Python's for all views. */
function mirrorCamera(model: TraitModel, store: Store, save: () => void): () => void {
  const take = () => {
    const pose = poseOf(model.get("camera"));
    if (pose !== null) store.camera.value = { pose, origin: null };
  };
  take();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    timer = undefined;
    const { pose, origin } = store.camera.peek();
    if (pose === null || origin === null) return;
    const points = store.points.peek();
    if (points === null) return;
    const camera = cameraOf(pose, points.axes);
    if (same(camera, model.get("camera"))) return;
    model.set("camera", camera);
    model.set("_camera_of", [points.key, points.dimension]); // by now Python may show something else
    save();
  };
  const stop = effect(() => {
    const { pose, origin } = store.camera.value;
    if (pose !== null && origin !== null) timer ??= setTimeout(tell, CAMERA_PAUSE);
  });
  const silence = listen(model, "camera", () => {
    const pose = poseOf(model.get("camera"));
    // Our own words come back as a change of the model.
    if (!same(pose, store.camera.peek().pose)) take();
  });
  return () => {
    clearTimeout(timer);
    silence();
    stop();
  };
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

/** Saves once for all that changes in one go. */
function saverOf(model: TraitModel): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      model.save_changes();
    });
  };
}
