import { effect } from "@preact/signals-core";
import { appearance } from "../scene/appearance";
import { pickCell } from "./pick";
import type { PointerAt, ToolContext } from "./tool";

const REACH = 6; // CSS pixels from a cell that still count as on it
const REST = 100; // ms after which cells that moved are taken to rest

/** Keeps the store's hover the cell under the pointer; looks at most once a frame, and not while the cells move. */
export class Hover {
  private at: PointerAt | null = null;
  private frame = 0;
  private resting: ReturnType<typeof setTimeout> | null = null;
  private readonly stop: () => void;

  constructor(private readonly context: ToolContext) {
    const { store, camera } = context;
    this.stop = effect(() => {
      for (const signal of [store.points, store.visible, camera.pose, camera.size]) void signal.value;
      this.wait();
    });
  }

  /** The pointer is here, with no button pressed. */
  move(at: PointerAt): void {
    this.at = at;
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.resting === null) this.look();
    });
  }

  /** The pointer has left the plot, or drags. */
  leave(): void {
    if (this.at === null) return; // then it points elsewhere: in another view of the widget
    this.at = null;
    this.point(null);
  }

  dispose(): void {
    this.stop();
    if (this.resting !== null) clearTimeout(this.resting);
    cancelAnimationFrame(this.frame);
    this.leave();
  }

  /** Other cells may come to lie under a pointer that stays where it is. */
  private wait(): void {
    if (this.resting !== null) clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.resting = null;
      this.look();
    }, REST);
  }

  private look(): void {
    if (this.at !== null) this.point(cellAt(this.context, this.at));
  }

  private point(cell: number | null): void {
    const { hover } = this.context.store;
    const { cell: before, origin } = hover.peek();
    // What Python points at stays until the pointer finds a cell.
    if (cell === before || (cell === null && origin === "python")) return;
    hover.value = { cell, origin: "viewer" };
  }
}

/** The visible cell at a pointer, as well as a hand can aim. */
export function cellAt({ store, camera }: ToolContext, { x, y }: PointerAt): number | null {
  const points = store.points.peek();
  if (points === null) return null;
  const [width, height] = camera.size.peek();
  const { diameter } = appearance(points.placed, width * height, camera.pose.peek().zoom, store.pointSize.peek());
  return pickCell(points, camera, store.visible.peek(), { x, y, reach: Math.max(REACH, diameter / 2) });
}
