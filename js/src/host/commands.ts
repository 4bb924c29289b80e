import type { CommCarrier } from "../channel/comm";
import type { Box, Store } from "../state/store";

/** What Python may tell every view to do once. */
export interface Commands {
  resetView(): void;
  zoomTo(box: Box): void;
  message(value: unknown): void;
}

/** Carries out Python's commands; one that is for another embedding than the one shown has come too late. */
export function obeyCommands(carrier: CommCarrier, store: Store, commands: Commands): () => void {
  return carrier.listen((message) => {
    if (message.kind !== "command") return;
    const { command, payload } = message;
    if (command === "reset_view") commands.resetView();
    else if (command === "message") commands.message(payload.message);
    else if (command === "zoom_to" && payload.embedding === store.points.peek()?.key) {
      const box = boxOf(payload);
      if (box === null) console.warn("cellucid: dropped a zoom to no box", payload);
      else commands.zoomTo(box);
    }
  });
}

function boxOf({ min, max }: Record<string, unknown>): Box | null {
  const [low, high] = [cornerOf(min), cornerOf(max)];
  return low === null || high === null ? null : { min: low, max: high };
}

function cornerOf(value: unknown): Box["min"] | null {
  if (!Array.isArray(value) || value.length < 2 || !value.every(Number.isFinite)) return null;
  return [value[0], value[1], value[2] ?? 0];
}
