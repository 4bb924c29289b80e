import { effect, type Signal } from "@preact/signals-core";
import type { Store } from "../state/store";

/** The part of anywidget's model that carries traits. Change listeners are promised no arguments. */
export interface TraitModel {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

/** Which trait is which signal: all that is mirrored, in both directions. */
function mirrored(store: Store): [string, Signal<unknown>][] {
  return [
    ["embedding", store.embedding],
    ["color_by", store.colorBy],
    ["layer", store.layer],
    ["point_size", store.pointSize],
    ["height", store.height],
  ] as [string, Signal<unknown>][];
}

/** Make the store a mirror of the model's traits; returns what ends it. */
export function mirrorTraits(model: TraitModel, store: Store): () => void {
  const stops = mirrored(store).map(([name, value]) => {
    const take = () => {
      value.value = model.get(name);
    };
    model.on(`change:${name}`, take);
    const stop = effect(() => {
      // Values are plain, so a value that came from the model is equal to it and goes no further.
      if (value.value === model.get(name)) return;
      model.set(name, value.value);
      model.save_changes();
    });
    return () => {
      model.off(`change:${name}`, take);
      stop();
    };
  });
  return () => {
    for (const stop of stops) stop();
  };
}
