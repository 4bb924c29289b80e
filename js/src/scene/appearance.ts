/** How large and how opaque points are when nobody says: from their number and the plot's area. */

const INK = 0.5; // part of the plot that the points of an even cloud would cover
const MIN_DIAMETER = 1.8;
const MAX_DIAMETER = 9;
const LARGEST = 64;
const RING_FROM = 4.5; // CSS pixels: smaller points would be all ring

export interface Appearance {
  /** CSS pixels. */
  readonly diameter: number;
  readonly opacity: number;
  /** CSS pixels; 0 for none. */
  readonly ringWidth: number;
}

/**
 * @param cells placed cells
 * @param area the plot's, in square CSS pixels
 * @param zoom 1 = all cells fit
 * @param multiplier the `point_size` trait
 */
export function appearance(cells: number, area: number, zoom: number, multiplier: number): Appearance {
  const fitted = Math.sqrt((INK * area) / Math.max(cells, 1));
  const base = Math.min(Math.max(fitted, MIN_DIAMETER), MAX_DIAMETER);
  const diameter = Math.min(base * Math.max(zoom, 1) ** 0.35 * multiplier, LARGEST);
  const crowding = (cells * base * base) / Math.max(area * Math.max(zoom, 1) ** 1.3, 1);
  const opacity = Math.min(1, Math.max(0.55, 1 / Math.sqrt(Math.max(crowding, 1))));
  return { diameter, opacity, ringWidth: diameter >= RING_FROM ? 1.5 : 0 };
}
