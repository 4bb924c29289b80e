import type { Camera } from "../scene/camera";
import { isPlaced, MOST_MAGNIFIED, type Projection, seeAll, seeCell } from "../scene/projection";
import type { Bitset } from "../state/bitset";
import type { Points } from "../state/store";

const CELLS_A_TILE = 4;
const MOST_TILES = 1024; // a side

/** A pointer in CSS pixels of the plot, and how far it reaches. */
export interface Probe {
  readonly x: number;
  readonly y: number;
  readonly reach: number;
}

/**
 * The cell under a pointer, of those that are visible (null: all); null when it reaches none.
 *
 * In a plane the one nearest to the pointer, and of several on one spot the last, which is drawn over the others; in an
 * orbit the one nearest to the viewer.
 */
export function pickCell(points: Points, camera: Camera, visible: Bitset | null, probe: Probe): number | null {
  return camera.axes === 3 ? pickInOrbit(points, camera, visible, probe) : pickInPlane(points, camera, visible, probe);
}

function pickInPlane(points: Points, camera: Camera, visible: Bitset | null, { x, y, reach }: Probe): number | null {
  const { coords, stride } = points;
  const [dataX, dataY] = camera.unproject(x, y);
  const radius = reach / camera.scale;
  const { side, starts, cells } = tilesOf(points);
  const left = tileAt(points, 0, side, dataX - radius);
  const right = tileAt(points, 0, side, dataX + radius);
  const low = tileAt(points, 1, side, dataY - radius);
  const high = tileAt(points, 1, side, dataY + radius);
  let best: number | null = null;
  let nearest = radius * radius;
  for (let row = low; row <= high; row++) {
    const end = starts[row * side + right + 1];
    for (let index = starts[row * side + left]; index < end; index++) {
      const cell = cells[index];
      const dx = coords[cell * stride] - dataX;
      const dy = coords[cell * stride + 1] - dataY;
      const distance = dx * dx + dy * dy;
      if (distance > nearest || (distance === nearest && best !== null && cell < best)) continue;
      if (visible !== null && !visible.has(cell)) continue;
      nearest = distance;
      best = cell;
    }
  }
  return best;
}

function pickInOrbit(points: Points, camera: Camera, visible: Bitset | null, { x, y, reach }: Probe): number | null {
  const { projection } = camera;
  const places = placesOf(projection, points);
  const farthest = reach * MOST_MAGNIFIED;
  let best: number | null = null;
  let nearest = Number.NEGATIVE_INFINITY;
  for (let cell = 0; cell < places.length / 2; cell++) {
    const dx = places[2 * cell] - x;
    const dy = places[2 * cell + 1] - y;
    if (!(dx <= farthest && dx >= -farthest && dy <= farthest && dy >= -farthest)) continue;
    const seen = seeCell(projection, points, cell);
    if (seen === null || seen.depth < nearest || (visible !== null && !visible.has(cell))) continue;
    // A cell in front of the centre is larger, and may be met as far from its middle.
    const magnified = Math.min(Math.max(seen.size, 1), MOST_MAGNIFIED);
    if (Math.hypot(dx, dy) > reach * magnified) continue;
    nearest = seen.depth;
    best = cell;
  }
  return best;
}

/** Kept for as long as nothing moves, which is when pointers look for cells. */
const placesSeen = new WeakMap<Projection, { points: Points; places: Float64Array }>();

function placesOf(projection: Projection, points: Points): Float64Array {
  let seen = placesSeen.get(projection);
  if (seen?.points !== points) {
    seen = { points, places: seeAll(projection, points) };
    placesSeen.set(projection, seen);
  }
  return seen.places;
}

/** The cells of a plane by tiles, so that a pointer looks at its neighbourhood alone. */
interface Tiles {
  /** Tiles in a row, and rows. */
  readonly side: number;
  /** Tile t holds the cells from starts[t] to starts[t + 1]. */
  readonly starts: Uint32Array;
  readonly cells: Uint32Array;
}

const known = new WeakMap<Points, Tiles>();

function tilesOf(points: Points): Tiles {
  const tiles = known.get(points) ?? makeTiles(points);
  known.set(points, tiles);
  return tiles;
}

function makeTiles(points: Points): Tiles {
  const { coords, stride } = points;
  const size = coords.length / stride;
  const side = Math.min(Math.max(Math.ceil(Math.sqrt(size / CELLS_A_TILE)), 1), MOST_TILES);
  const elsewhere = side * side;
  const tiles = new Uint32Array(size);
  const starts = new Uint32Array(elsewhere + 2);
  for (let cell = 0; cell < size; cell++) {
    const [x, y] = [coords[cell * stride], coords[cell * stride + 1]];
    tiles[cell] = isPlaced(points, cell) ? tileAt(points, 1, side, y) * side + tileAt(points, 0, side, x) : elsewhere;
    starts[tiles[cell] + 1]++;
  }
  for (let tile = 0; tile < elsewhere; tile++) starts[tile + 1] += starts[tile];
  const next = starts.slice();
  const cells = new Uint32Array(starts[elsewhere]);
  for (let cell = 0; cell < size; cell++) if (tiles[cell] !== elsewhere) cells[next[tiles[cell]]++] = cell;
  return { side, starts, cells };
}

/** The row or column of tiles at a coordinate; what lies outside of the box belongs to the nearest. */
function tileAt({ min, max }: Points, axis: 0 | 1, side: number, coordinate: number): number {
  const span = max[axis] - min[axis];
  const tile = span > 0 ? Math.floor(((coordinate - min[axis]) / span) * side) : 0;
  return Math.min(Math.max(tile, 0), side - 1);
}
