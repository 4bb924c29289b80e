import type { Points, Pose } from "../state/store";

/** How many times as large as at the centre a cell is drawn at most, however near it is. */
export const MOST_MAGNIFIED = 4;

export type Vector = Pose["center"];

/**
 * A camera's numbers: with v the place seen from the centre along `right`, `up` and `toward`, a cell is drawn at
 * `middle` + (v.x, −v.y) · scale · s, and s = 1 / (1 − v.z · nearness) times as large as one at the centre.
 */
export interface Projection {
  readonly center: Vector;
  readonly right: Vector;
  readonly up: Vector;
  /** Towards the viewer. */
  readonly toward: Vector;
  /** Pixels a data unit at the centre. */
  readonly scale: number;
  /** One over the viewer's distance from the centre in data units; 0 in a plane, which has no perspective. */
  readonly nearness: number;
  /** The plot's middle in pixels. */
  readonly middle: readonly [number, number];
}

type Axes = Pick<Projection, "right" | "up" | "toward">;

const PLANE: Axes = { right: [1, 0, 0], up: [0, 1, 0], toward: [0, 0, 1] };
/** Of an image, whose rows are counted from the top. */
const IMAGE: Axes = { ...PLANE, up: [0, -1, 0] };

/** The viewer's own axes: of a plane those of the data, else a turntable's, with matplotlib's angles in degrees. */
export function viewAxes(
  axes: 2 | 3,
  { azimuth, elevation }: Pick<Pose, "azimuth" | "elevation">,
  yDown = false,
): Axes {
  if (axes === 2) return yDown ? IMAGE : PLANE;
  const a = (azimuth * Math.PI) / 180;
  const e = (elevation * Math.PI) / 180;
  const [sinA, cosA, sinE, cosE] = [Math.sin(a), Math.cos(a), Math.sin(e), Math.cos(e)];
  return {
    right: [-sinA, cosA, 0],
    up: [-sinE * cosA, -sinE * sinA, cosE],
    toward: [cosE * cosA, cosE * sinA, sinE],
  };
}

/** Whether two projections show every place at the same pixel. */
export function isSameView(one: Projection, other: Projection): boolean {
  const numbers = ({ center, right, up, toward, scale, nearness, middle }: Projection) =>
    [center, right, up, toward, scale, nearness, middle].flat();
  const others = numbers(other);
  return numbers(one).every((number, index) => number === others[index]);
}

/** A place as the viewer sees it. */
export interface Seen {
  readonly x: number;
  readonly y: number;
  /** Data units in front of the centre. */
  readonly depth: number;
  /** How large a thing appears there: 1 at the centre. */
  readonly size: number;
}

/** Where a place is seen; null for what lies behind the viewer or has no place. */
export function see(projection: Projection, x: number, y: number, z: number): Seen | null {
  const { center, right, up, toward, scale, nearness, middle } = projection;
  const dx = x - center[0];
  const dy = y - center[1];
  const dz = z - center[2];
  const depth = dx * toward[0] + dy * toward[1] + dz * toward[2];
  const front = 1 - depth * nearness;
  if (!(front > 0)) return null;
  return {
    x: middle[0] + ((dx * right[0] + dy * right[1] + dz * right[2]) * scale) / front,
    y: middle[1] - ((dx * up[0] + dy * up[1] + dz * up[2]) * scale) / front,
    depth,
    size: 1 / front,
  };
}

/** Whether a cell has a place: all its coordinates are finite, also those that are not drawn. */
export function isPlaced({ coords, stride }: Pick<Points, "coords" | "stride">, cell: number): boolean {
  const at = cell * stride;
  // The sum of float32 numbers is a float64 that does not overflow.
  return Number.isFinite(coords[at] + coords[at + 1] + (stride === 3 ? coords[at + 2] : 0));
}

/** Where one cell is seen; null for a cell without a place, too. */
export function seeCell(projection: Projection, points: Points, cell: number): Seen | null {
  if (!isPlaced(points, cell)) return null;
  const { coords, stride, axes } = points;
  const at = cell * stride;
  return see(projection, coords[at], coords[at + 1], axes === 3 ? coords[at + 2] : 0);
}

/** Where all cells are seen, x0, y0, x1, y1, … in pixels; NaN for those without a place or behind the viewer. */
export function seeAll(projection: Projection, points: Points): Float64Array<ArrayBuffer> {
  const { scale, nearness } = projection;
  const [middleX, middleY] = projection.middle;
  const [centerX, centerY, centerZ] = projection.center;
  const [rightX, rightY, rightZ] = projection.right;
  const [upX, upY, upZ] = projection.up;
  const [towardX, towardY, towardZ] = projection.toward;
  const { coords, stride, axes } = points;
  const places = new Float64Array((2 * coords.length) / stride).fill(Number.NaN);
  for (let at = 0, cell = 0; at < coords.length; at += stride, cell++) {
    if (!isPlaced(points, cell)) continue;
    // As in `see`, without an object a cell: a million of them take four times as long.
    const dx = coords[at] - centerX;
    const dy = coords[at + 1] - centerY;
    const dz = (axes === 3 ? coords[at + 2] : 0) - centerZ;
    const front = 1 - (dx * towardX + dy * towardY + dz * towardZ) * nearness;
    if (!(front > 0)) continue;
    places[2 * cell] = middleX + ((dx * rightX + dy * rightY + dz * rightZ) * scale) / front;
    places[2 * cell + 1] = middleY - ((dx * upX + dy * upY + dz * upZ) * scale) / front;
  }
  return places;
}
