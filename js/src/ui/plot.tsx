import { useLayoutEffect, useRef } from "preact/hooks";
import { activeFilters } from "../state/filters";
import type { Store } from "../state/store";
import type { ViewState } from "../state/view";
import { type Click, handlePointer } from "../tools/pointer";
import type { ToolContext } from "../tools/tool";
import { TextButton } from "./button";
import { cells } from "./format";
import { Notices } from "./notices";
import { Tooltip } from "./tooltip";

export interface WidgetParts extends ToolContext {
  /** Holds the canvas that the scene paints. */
  readonly plot: HTMLElement;
  readonly onClick: (click: Click) => void;
}

/** The plot and what lies over it. */
export function Stage(parts: WidgetParts) {
  const { store, view, camera, plot } = parts;
  return (
    <div class={store.tool.value === "navigate" ? "stage" : "stage drawing"}>
      <Plot {...parts} />
      <Waiting store={store} />
      <Empty store={store} />
      <Outline view={view} />
      <Tooltip store={store} camera={camera} plot={plot} />
      <Notices store={store} />
    </div>
  );
}

function Plot({ plot, onClick, ...context }: WidgetParts) {
  const slot = useRef<HTMLDivElement>(null);
  // Once: an element that is put in anew loses the focus.
  useLayoutEffect(() => {
    slot.current?.replaceChildren(plot);
    return handlePointer(plot, context, onClick);
  }, []);
  return <div ref={slot} />;
}

/** What is said in the plot while there are no cells to see. */
function Waiting({ store }: { store: Store }) {
  if (store.points.value !== null) return null;
  return (
    <p class="waiting">
      {store.progress.value?.waiting
        ? "Python is running a cell. The cells appear as soon as it is done."
        : `Loading ${cells(store.n_cells)}…`}
    </p>
  );
}

/** What is said in the plot when every cell is hidden. */
function Empty({ store }: { store: Store }) {
  if (store.points.value === null || store.n_cells === 0 || store.visibleCount.value > 0) return null;
  const filtered = activeFilters(store.filters.value).length > 0;
  const all = `the ${cells(store.n_cells)}`;
  if (!filtered) return <p class="empty">Python has hidden all {all}</p>;
  const reset = () => {
    store.filters.value = {};
  };
  return (
    <div class="empty">
      <p role="status">
        {store.n_cells === 1 ? "The cell does not pass the filters" : `None of ${all} pass the filters`}
      </p>
      <TextButton onClick={reset}>Reset filters</TextButton>
    </div>
  );
}

function Outline({ view }: { view: ViewState }) {
  const outline = view.outline.value;
  if (outline === null) return null;
  const corners = Array.from(
    { length: outline.length / 2 },
    (_, index) => `${outline[2 * index]},${outline[2 * index + 1]}`,
  );
  return (
    <svg class="outline" aria-hidden="true">
      <path d={`M${corners.join("L")}`} />
      <line x1={outline.at(-2)} y1={outline.at(-1)} x2={outline[0]} y2={outline[1]} />
    </svg>
  );
}
