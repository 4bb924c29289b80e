import type { EmbeddingInfo, Points } from "../state/store";

const GOLDEN = 0.618_033_988_749_895; // its multiples fill an interval evenly, whichever comes first
const BAND = 1 / 8; // width of the band that one dimension is spread in, as part of its length

/** The points of an embedding that are drawn in so many dimensions. */
export function pointsOf(entry: EmbeddingInfo, dimension: number, coords: Float32Array<ArrayBuffer>): Points {
  const { key, n_placed: placed } = entry;
  if (dimension === 1 || entry.dimensions === 1) return spread(entry, coords);
  const stride = entry.dimensions === 3 ? 3 : 2;
  const axes = dimension === 3 && stride === 3 ? 3 : 2;
  const [min, max] = [corner(entry.min, axes), corner(entry.max, axes)];
  const points = { key, coords, stride, axes, dimension: axes, placed, min, max, yDown: entry.y_down } as const;
  return axes === 3 ? { ...points, radius: radiusOf(points) } : points;
}

/** How far the farthest cell lies from the middle of the box. */
function radiusOf({ coords, min, max }: Pick<Points, "coords" | "min" | "max">): number {
  const [x, y, z] = min.map((low, axis) => (low + max[axis]) / 2);
  let farthest = 0;
  for (let at = 0; at < coords.length; at += 3) {
    const away = (coords[at] - x) ** 2 + (coords[at + 1] - y) ** 2 + (coords[at + 2] - z) ** 2;
    if (away > farthest && away < Number.POSITIVE_INFINITY) farthest = away; // NaN is never larger
  }
  return Math.sqrt(farthest);
}

function corner([x, y, z]: readonly number[], axes: 2 | 3): Points["min"] {
  return [x, y, axes === 3 ? z : 0];
}

/** The first coordinate alone: the cells lie in a band, spread across it so that they do not hide each other. */
function spread(entry: EmbeddingInfo, coords: Float32Array): Points {
  const stride = entry.dimensions;
  const [low] = entry.min;
  const [high] = entry.max;
  const width = (high - low || 1) * BAND;
  const band = new Float32Array((coords.length / stride) * 2);
  for (let cell = 0; cell < band.length / 2; cell++) {
    const place = coords.subarray(cell * stride, (cell + 1) * stride);
    band[2 * cell] = place[0];
    band[2 * cell + 1] = place.every(Number.isFinite) ? (((cell + 1) * GOLDEN) % 1) * width - width / 2 : Number.NaN;
  }
  return {
    key: entry.key,
    coords: band,
    stride: 2,
    axes: 2,
    dimension: 1,
    min: [low, -width / 2, 0],
    max: [high, width / 2, 0],
    placed: entry.n_placed,
  };
}
