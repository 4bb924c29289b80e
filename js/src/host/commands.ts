import { effect } from "@preact/signals-core";
import type { CommCarrier } from "../channel/comm";
import type { Box, Store } from "../state/store";

/** What Python may tell every view to do once. */
export interface Commands {
  resetView(): void;
  zoomTo(box: Box): void;
  message(value: unknown): void;
}

/** Where Python wants to look, and at which points. */
interface Zoom {
  readonly embedding: string;
  readonly dimension: number;
  readonly box: Box;
}

/** Carries out Python's commands. A zoom to points that are still on their way waits for them. */
export function obeyCommands(carrier: CommCarrier, store: Store, commands: Commands): () => void {
  let zoom: Zoom | null = null;
  const isOf = (embedding: string | undefined, dimension: number | undefined) =>
    embedding === zoom?.embedding && dimension === zoom?.dimension;
  const zoomNow = () => {
    const points = store.points.peek();
    if (zoom === null || !isOf(points?.key, points?.dimension)) return;
    const { box } = zoom;
    zoom = null;
    commands.zoomTo(box);
  };
  const stopWaiting = effect(() => {
    const wanted = isOf(store.embedding.value, store.dimension.value);
    if (store.points.value !== null && !wanted) zoom = null; // somebody looks elsewhere by now
    queueMicrotask(zoomNow); // once the views have taken the points
  });
  const stopListening = carrier.listen((message) => {
    if (message.kind !== "command") return;
    const { command, payload } = message;
    if (command === "message") commands.message(payload.message);
    else if (command === "reset_view") {
      zoom = null;
      commands.resetView();
    } else if (command === "zoom_to") {
      zoom = zoomOf(payload);
      if (zoom === null) carrier.warn(`dropped a zoom to no box: ${JSON.stringify(payload)}`);
      zoomNow();
    }
  });
  return () => {
    zoom = null;
    stopWaiting();
    stopListening();
  };
}

function zoomOf({ embedding, dimension, min, max }: Record<string, unknown>): Zoom | null {
  const [low, high] = [cornerOf(min), cornerOf(max)];
  if (typeof embedding !== "string" || typeof dimension !== "number" || low === null || high === null) return null;
  return { embedding, dimension, box: { min: low, max: high } };
}

function cornerOf(value: unknown): Box["min"] | null {
  if (!Array.isArray(value) || value.length < 2 || !value.every(Number.isFinite)) return null;
  return [value[0], value[1], value[2] ?? 0];
}
