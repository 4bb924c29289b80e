import type { Scene } from "../scene/scene";
import type { Pose, Store } from "../state/store";
import type { Loading } from "./loading";
import { traitsOf } from "./traits";
import type { View } from "./view";

/** Bytes by one carrier; over the comm some may have travelled as text. */
interface Carried {
  readonly bytes_received: number;
  readonly bytes_sent: number;
  readonly text_received?: number;
  readonly text_sent?: number;
}

/** What the viewer did, for tests, the demo and a person at the console. */
export interface Inspection {
  /** Nothing is being loaded or waits to be drawn; with Python, the first road is chosen. */
  readonly settled: boolean;
  /** Placed cells in the GPU's memory. */
  readonly cells_drawn: number;
  /** How often a view was painted. */
  readonly frames: number;
  readonly selected: number;
  /** Cells that pass the filters. */
  readonly visible: number;
  readonly camera: Pose & { readonly scale: number; readonly axes: number };
  readonly hovered: number | null;
  /** The traits that are mirrored, as the viewer has them. */
  readonly traits: Record<string, unknown>;
  /** The road that the data take; null while it is not known. */
  readonly transport: string | null;
  /** The plot in CSS pixels of the page. */
  readonly plot: { left: number; top: number; width: number; height: number };
  readonly carriers: Record<string, Carried>;
  readonly notices: readonly string[];
  /** ms from the start of the viewer until the road was chosen, and until all was drawn for the first time. */
  readonly milestones?: { readonly road: number | null; readonly settled: number | null };
}

interface Shown {
  readonly store: Store;
  readonly scene: Scene;
  readonly loading: Loading;
  readonly views: ReadonlySet<View>;
}

/** Whether nothing is being loaded, moves or waits to be drawn, and something was. */
export function isSettled({ scene, loading, views }: Shown): boolean {
  const still = [...views].every(({ camera }) => !camera.moving.peek());
  return still && loading.idle && scene.settled && scene.drawn > 0;
}

/** What one of the views shows. */
export function inspect(view: View, shown: Shown, carriers: Inspection["carriers"]): Inspection {
  const { store, scene } = shown;
  const { camera } = view;
  const box = (view.element.shadowRoot?.querySelector(".plot") ?? view.element).getBoundingClientRect();
  return {
    settled: isSettled(shown),
    cells_drawn: scene.countPlaced(),
    frames: scene.drawn,
    selected: store.selectedCount.value,
    visible: store.visibleCount.value,
    camera: { ...camera.pose.value, scale: camera.scale, axes: camera.axes },
    hovered: store.hover.value.cell,
    traits: traitsOf(store),
    transport: store.transport.value,
    plot: { left: box.left, top: box.top, width: box.width, height: box.height },
    carriers,
    notices: store.notices.value.map(({ title, text }) => `${title}. ${text}`),
  };
}
