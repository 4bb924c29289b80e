import type { Camera } from "../scene/camera";
import { isPlaced } from "../scene/projection";
import { Bitset } from "../state/bitset";
import type { Points } from "../state/store";
import { type Flat, pointsBetween, pointsInside } from "./polygon";
import type { PointerAt } from "./tool";

/**
 * The cells inside an outline, x0, y0, x1, y1, … in CSS pixels of the plot.
 *
 * Of a plane they are tested in data coordinates, so that any other test of these gives the same cells; of an orbit where
 * they are seen, at all depths.
 */
export function cellsInside(points: Points, camera: Camera, outline: readonly number[]): Bitset {
  if (camera.axes === 3) return pointsInside(seenFlat(points, camera), outline);
  const corners = new Float64Array(outline.length);
  for (let index = 0; index < outline.length; index += 2) {
    corners.set(camera.unproject(outline[index], outline[index + 1]).slice(0, 2), index);
  }
  return placedOf(points, pointsInside(flat(points), corners));
}

/** The cells in the rectangle between two pointers, tested in the same way; those on its border are in it. */
export function cellsBetween(points: Points, camera: Camera, from: PointerAt, to: PointerAt): Bitset {
  if (camera.axes === 3) return pointsBetween(seenFlat(points, camera), [from.x, from.y], [to.x, to.y]);
  const [x0, y0] = camera.unproject(from.x, from.y);
  const [x1, y1] = camera.unproject(to.x, to.y);
  return placedOf(points, pointsBetween(flat(points), [x0, y0], [x1, y1]));
}

function flat({ coords, stride }: Points): Flat {
  return { values: coords, stride };
}

function seenFlat(points: Points, camera: Camera): Flat {
  return { values: camera.projectAll(points), stride: 2 };
}

/** Without the cells that only lack the coordinate that a plane leaves out: they are not placed, and so not drawn. */
function placedOf(points: Points, cells: Bitset): Bitset {
  if (points.stride === 2 || points.placed === cells.size) return cells;
  return Bitset.where(cells.size, (cell) => cells.has(cell) && isPlaced(points, cell));
}
