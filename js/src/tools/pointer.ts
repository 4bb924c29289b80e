import { box } from "./box";
import { cellAt, Hover } from "./hover";
import { STEERING } from "./keys";
import { lasso } from "./lasso";
import { navigate, pan } from "./navigate";
import { type Meant, meaningOf } from "./press";
import type { Gesture, PointerAt, Tool, ToolContext } from "./tool";

const TOOLS: Record<Meant["tool"], Tool> = { navigate, pan, lasso, box };
const CLICK = 6; // CSS pixels: a shorter drag is a click
const RECENT = 700; // ms: a wheel turned this soon after the pointer moved over the plot means the plot
const SPIN = 300; // ms: turns of one spin of the wheel belong together

export interface Click {
  readonly cell: number;
  readonly button: number;
  readonly shift: boolean;
  readonly ctrl: boolean;
}

/**
 * Turns pointers, wheel and keys over the plot into what the tools do.
 *
 * A drag does what press.ts says. The wheel zooms where the pointer is, but a page that is being scrolled past the plot
 * keeps scrolling. Arrow keys pan a plane and turn an orbit, + and − zoom, a double click shows all cells. The cell under
 * a pointer that presses nothing is the store's hover.
 *
 * @returns takes the listeners off again.
 */
export function handlePointer(plot: HTMLElement, context: ToolContext, onClick: (click: Click) => void): () => void {
  const { store, camera } = context;
  const off = new AbortController();
  const { signal } = off;
  const hover = new Hover(context);
  let drag: { id: number; gesture: Gesture; from: PointerAt; farthest: number } | null = null;
  let space = false;
  let movedAt = Number.NEGATIVE_INFINITY;
  let turnedAt = Number.NEGATIVE_INFINITY;

  const at = (event: MouseEvent): PointerAt => {
    const box = plot.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const inside = ({ x, y }: PointerAt): PointerAt => {
    const [width, height] = camera.size.value;
    return { x: Math.min(Math.max(x, 0), width), y: Math.min(Math.max(y, 0), height) };
  };

  plot.addEventListener(
    "pointerdown",
    (event) => {
      if (drag !== null) return;
      camera.stop();
      plot.focus({ preventScroll: true });
      plot.setPointerCapture(event.pointerId);
      const from = at(event);
      drag = { id: event.pointerId, gesture: begin(event, from), from, farthest: 0 };
    },
    { signal },
  );
  plot.addEventListener(
    "pointermove",
    (event) => {
      movedAt = event.timeStamp;
      if (drag === null && event.buttons === 0) hover.move(at(event));
      if (drag?.id !== event.pointerId) return;
      // A further button of a mouse comes as a move. The right one while drawing: never mind.
      if (event.button === 2) return cancel();
      // All points that the browser has put into one event, so that a fast hand keeps its corners.
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length > 0 ? moves : [event]) {
        const to = inside(at(move));
        drag.farthest = Math.max(drag.farthest, Math.hypot(to.x - drag.from.x, to.y - drag.from.y));
        drag.gesture.move(to);
      }
      if (drag.farthest >= CLICK) hover.leave();
    },
    { signal },
  );
  plot.addEventListener(
    "pointerup",
    (event) => {
      if (drag?.id !== event.pointerId) return;
      const { gesture, from, farthest } = drag;
      drag = null;
      if (farthest < CLICK) {
        gesture.cancel();
        click(event, from);
      } else {
        gesture.end();
      }
    },
    { signal },
  );
  plot.addEventListener("pointercancel", () => cancel(), { signal });
  plot.addEventListener("pointerleave", () => hover.leave(), { signal });
  plot.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
  plot.addEventListener(
    "wheel",
    (event) => {
      const meant =
        event.ctrlKey ||
        event.metaKey ||
        plot.matches(":focus") ||
        event.timeStamp - movedAt < RECENT ||
        event.timeStamp - turnedAt < SPIN;
      if (!meant) return;
      turnedAt = event.timeStamp;
      event.preventDefault();
      event.stopPropagation();
      if (drag !== null) return; // the outline is in pixels: the cells must not move under it
      const { x, y } = at(event);
      camera.zoomAt(x, y, Math.exp(-Math.max(-240, Math.min(240, pixels(event))) * (event.ctrlKey ? 0.01 : 0.002)));
    },
    { signal, passive: false },
  );
  plot.addEventListener("dblclick", () => store.tool.value === "navigate" && camera.moveTo(camera.fitted(), true), {
    signal,
  });
  plot.addEventListener(
    "keydown",
    (event) => {
      if (!press(event)) return;
      event.preventDefault(); // or the page scrolls
      event.stopPropagation();
    },
    { signal },
  );
  const releaseSpace = () => {
    space = false;
  };
  plot.addEventListener("keyup", (event) => event.key === " " && releaseSpace(), { signal });
  plot.addEventListener("blur", releaseSpace, { signal });

  function begin(event: PointerEvent, from: PointerAt): Gesture {
    const { button, shiftKey: shift, altKey: alt } = event;
    const held = { button, shift, alt, ctrl: event.ctrlKey || event.metaKey, space };
    const { tool, combine } = meaningOf(held, store.tool.value, camera.axes, store.combine.value);
    return TOOLS[tool](context, from, combine);
  }

  /** Whether a key is ours; if so it has been done. */
  function press({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    if (key === "Escape" && drag !== null) {
      cancel();
      return true;
    }
    if (ctrlKey || metaKey || altKey) return false;
    if (key === " ") {
      space = true;
      return true;
    }
    if (!Object.hasOwn(STEERING, key)) return false;
    if (drag === null) STEERING[key](camera); // the outline is in pixels: the cells must not move under it
    return true;
  }

  function click(event: PointerEvent, where: PointerAt): void {
    const cell = event.button > 2 ? null : cellAt(context, where);
    if (cell === null) return;
    const { button, shiftKey: shift } = event;
    onClick({ cell, button, shift, ctrl: event.ctrlKey || event.metaKey });
  }

  function cancel(): void {
    drag?.gesture.cancel();
    drag = null;
  }

  return () => {
    cancel();
    hover.dispose();
    off.abort();
  };
}

/** The wheel's turn in pixels, whatever unit the browser gives. */
function pixels(event: WheelEvent): number {
  return (
    event.deltaY *
    (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 400 : 1)
  );
}
