import { Bitset } from "../state/bitset";

const MAX_BANDS = 2048;

/** Points on something flat: `stride` numbers each, of which x and y come first. One with a NaN is never inside. */
export interface Flat {
  readonly values: Float32Array | Float64Array;
  readonly stride: 2 | 3;
}

/**
 * The points inside a closed polygon, by the even-odd rule: a region that the outline winds round twice is outside.
 *
 * Horizontal bands hold the edges that reach into them, so that a point is tested against few edges; the test itself
 * is the textbook one (W. R. Franklin's pnpoly), in float64, so that any other even-odd test gives the same cells.
 *
 * @param outline the polygon's corners, x0, y0, x1, y1, …
 */
export function pointsInside({ values, stride }: Flat, outline: ArrayLike<number>): Bitset {
  const size = values.length / stride;
  const corners = outline.length / 2;
  if (corners < 3) return Bitset.empty(size);
  const [low, high] = extent(outline, 1);
  const [left, right] = extent(outline, 0);
  const bands = Math.min(MAX_BANDS, corners * 4);
  const perUnit = high > low ? bands / (high - low) : 0;
  const bandOf = (y: number) => Math.min(Math.max(Math.floor((y - low) * perUnit), 0), bands - 1);
  const edges = edgesByBand(outline, corners, bands, bandOf);

  return Bitset.where(size, (cell) => {
    const x = values[stride * cell];
    const y = values[stride * cell + 1];
    if (!(x >= left && x <= right && y >= low && y <= high)) return false;
    let inside = false;
    for (const corner of edges[bandOf(y)]) {
      const previous = corner === 0 ? corners - 1 : corner - 1;
      const xi = outline[2 * corner];
      const yi = outline[2 * corner + 1];
      const xj = outline[2 * previous];
      const yj = outline[2 * previous + 1];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
    return inside;
  });
}

/** The points in a rectangle, its border included; its corners are any two opposite ones. */
export function pointsBetween(
  { values, stride }: Flat,
  a: readonly [number, number],
  b: readonly [number, number],
): Bitset {
  const [left, right] = [Math.min(a[0], b[0]), Math.max(a[0], b[0])];
  const [low, high] = [Math.min(a[1], b[1]), Math.max(a[1], b[1])];
  return Bitset.where(values.length / stride, (cell) => {
    const x = values[stride * cell];
    const y = values[stride * cell + 1];
    return x >= left && x <= right && y >= low && y <= high;
  });
}

/** For each band the edges that reach into it; an edge is named by the corner where it ends. */
function edgesByBand(
  outline: ArrayLike<number>,
  corners: number,
  bands: number,
  bandOf: (y: number) => number,
): Uint32Array[] {
  const lists: number[][] = Array.from({ length: bands }, () => []);
  for (let corner = 0; corner < corners; corner++) {
    const previous = corner === 0 ? corners - 1 : corner - 1;
    const from = bandOf(Math.min(outline[2 * corner + 1], outline[2 * previous + 1]));
    const to = bandOf(Math.max(outline[2 * corner + 1], outline[2 * previous + 1]));
    for (let band = from; band <= to; band++) lists[band].push(corner);
  }
  return lists.map((list) => Uint32Array.from(list));
}

function extent(values: ArrayLike<number>, offset: number): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let index = offset; index < values.length; index += 2) {
    low = Math.min(low, values[index]);
    high = Math.max(high, values[index]);
  }
  return [low, high];
}
