import { useRef } from "preact/hooks";
import type { Store } from "../state/store";

const LOWEST = 160; // CSS pixels, as the `height` trait has it
const HIGHEST = 4000;
const STEP = 16; // CSS pixels a key

/** The widget's lower edge: dragged, or moved by the arrow keys, it changes the height. */
export function ResizeHandle({ store }: { store: Store }) {
  const drag = useRef<{ id: number; from: number; height: number } | null>(null);
  const height = store.height.value;
  const hostOf = (event: { currentTarget: EventTarget }) =>
    ((event.currentTarget as Element).getRootNode() as ShadowRoot).host as HTMLElement;
  const heightAt = (event: PointerEvent, { from, height: before }: { from: number; height: number }) =>
    within(Math.round(before + event.clientY - from));

  return (
    // biome-ignore lint/a11y/useSemanticElements: a window splitter, which <hr> is not
    <div
      class="resize"
      role="separator"
      tabIndex={0}
      aria-orientation="horizontal"
      aria-label="Height of the widget"
      aria-valuenow={height}
      aria-valuemin={LOWEST}
      aria-valuemax={HIGHEST}
      title="Drag to change the height"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { id: event.pointerId, from: event.clientY, height: hostOf(event).offsetHeight };
      }}
      onPointerMove={(event) => {
        // Python hears of the height once the hand lets go.
        if (drag.current?.id === event.pointerId) hostOf(event).style.height = `${heightAt(event, drag.current)}px`;
      }}
      onPointerUp={(event) => {
        if (drag.current?.id !== event.pointerId) return;
        store.height.value = heightAt(event, drag.current);
        drag.current = null;
      }}
      onPointerCancel={(event) => {
        drag.current = null;
        hostOf(event).style.height = `${store.height.peek()}px`;
      }}
      onKeyDown={(event) => {
        if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
        event.preventDefault();
        store.height.value = within(height + (event.key === "ArrowDown" ? STEP : -STEP));
      }}
    />
  );
}

function within(height: number): number {
  return Math.min(Math.max(height, LOWEST), HIGHEST);
}
