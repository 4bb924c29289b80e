import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { COLORMAP_SIZE, colormapTexels } from "../state/colormaps";
import type { Column } from "../state/column";
import type { Points, Store } from "../state/store";
import type { ToolContext } from "../tools/tool";
import { formatCount, formatValue } from "./format";
import { besideSpot, type Size } from "./placing";

const GAP = 12; // CSS pixels from the middle of the cell
const CLEAR = 8; // CSS pixels from the pointer's tip

/** The cell that is pointed at, by the pointer or by Python: its name and what colours it. */
export function Tooltip({ store, camera, plot }: Pick<ToolContext, "store" | "camera"> & { plot: HTMLElement }) {
  const label = useRef<HTMLDivElement>(null);
  const pointer = usePointer(plot);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const { cell } = store.hover.value;
  const column = store.column.value;
  const spot = cell === null ? null : spotOf(cell, store, camera);
  const name = store.hoveredName.value ?? (cell === null ? "" : `Cell ${formatCount(cell)}`);
  useLayoutEffect(() => {
    const { width = 0, height = 0 } = label.current?.getBoundingClientRect() ?? {};
    if (width !== size.width || height !== size.height) setSize({ width, height });
  });
  if (cell === null || spot === null) return null;
  const [width, height] = camera.size.value;
  const { x, y } = pointer.current;
  // The pointer may be at the rim of a large point. Python's cell has no pointer on it.
  const away = store.hover.value.origin === "viewer" ? Math.hypot(x - spot[0], y - spot[1]) + CLEAR : 0;
  const place = besideSpot(spot, size, { width, height }, Math.max(GAP, away));
  const style = place && size.width > 0 ? { left: `${place.left}px`, top: `${place.top}px` } : { visibility: "hidden" };
  return (
    <div ref={label} class="tooltip" role="tooltip" style={style}>
      <p class="name">{name}</p>
      {column !== null && <Value column={column} cell={cell} limits={store.limits.value} map={store.colormap.value} />}
    </div>
  );
}

function Value(props: { column: Column; cell: number; limits: readonly [number, number] | null; map: string }) {
  const { column, cell } = props;
  const { text, color } = shownOf(column, cell, props.limits, props.map);
  return (
    <p class="value">
      <span class="dot" style={{ background: color }} />
      {column.kind === "continuous" && <span>{column.label}</span>}
      <span class="what">{text}</span>
    </p>
  );
}

/** A cell's value and its colour. */
function shownOf(
  column: Column,
  cell: number,
  limits: readonly [number, number] | null,
  map: string,
): { text: string; color: string } {
  const missing = { text: "missing", color: "var(--missing)" };
  if (column.kind === "categorical") {
    const code = column.codes[cell];
    return code < column.categories.length ? { text: column.categories[code], color: column.colors[code] } : missing;
  }
  const value = column.values[cell];
  if (Number.isNaN(value)) return missing;
  const [low, high] = limits ?? [0, 1];
  const part = high > low ? Math.min(Math.max((value - low) / (high - low), 0), 1) : 0.5;
  const texel = 4 * Math.round(part * (COLORMAP_SIZE - 1));
  return {
    text: formatValue(value),
    color: `rgb(${colormapTexels(map)
      .subarray(texel, texel + 3)
      .join()})`,
  };
}

/** Where a cell is seen in the plot; null where it is not. */
function spotOf(cell: number, store: Store, camera: ToolContext["camera"]): [number, number] | null {
  const points = store.points.value;
  if (points === null || !(store.visible.value?.has(cell) ?? true)) return null;
  const [x, y] = camera.project(...coordinatesOf(points, cell));
  const [width, height] = camera.size.value;
  return x >= 0 && x <= width && y >= 0 && y <= height ? [x, y] : null; // NaN is nowhere
}

function coordinatesOf({ coords, stride, axes }: Points, cell: number): [number, number, number] {
  const at = cell * stride;
  return [coords[at], coords[at + 1], axes === 3 ? coords[at + 2] : 0];
}

/** Where the pointer is over the plot, without a word to anybody when it moves. */
function usePointer(plot: HTMLElement) {
  const at = useRef({ x: 0, y: 0 });
  useEffect(() => {
    const move = (event: PointerEvent) => {
      const box = plot.getBoundingClientRect();
      at.current = { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    plot.addEventListener("pointermove", move);
    return () => plot.removeEventListener("pointermove", move);
  }, [plot]);
  return at;
}
