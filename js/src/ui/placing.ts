/** A box in pixels, of the page or of whatever both boxes in question are in. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where a panel goes, and how high it may become. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly maxHeight: number;
}

const GAP = 4; // pixels between a panel and what it belongs to

/** Below an anchor where there is room, else above it, else where there is more; always within the bounds. */
export function besideAnchor(anchor: Area, { width, height }: Size, bounds: Area): Place {
  const left = clamp(anchor.left, bounds.left, bounds.right - width);
  const below = bounds.bottom - anchor.bottom - GAP;
  const above = anchor.top - GAP - bounds.top;
  const roof = bounds.bottom - bounds.top;
  if (height <= below || below >= above) {
    const top = clamp(anchor.bottom + GAP, bounds.top, bounds.bottom);
    return { left, top, maxHeight: clamp(below, 0, roof) };
  }
  const maxHeight = clamp(above, 0, roof);
  return { left, top: bounds.top + maxHeight - Math.min(height, maxHeight), maxHeight };
}

/**
 * Where a label goes that belongs to a spot and keeps clear of it by `gap`: above, below, right or left, the first that
 * has room; within 0 to `bounds`. Null where there is none: it is no help where it hides what it is about.
 */
export function besideSpot(
  [x, y]: readonly [number, number],
  { width, height }: Size,
  bounds: Size,
  gap: number,
): { left: number; top: number } | null {
  const left = clamp(x - width / 2, 0, bounds.width - width);
  const top = clamp(y - height / 2, 0, bounds.height - height);
  const places = [
    { left, top: y - gap - height },
    { left, top: y + gap },
    { left: x + gap, top },
    { left: x - gap - width, top },
  ];
  const fits = (place: { left: number; top: number }) =>
    place.left >= 0 && place.top >= 0 && place.left + width <= bounds.width && place.top + height <= bounds.height;
  return places.find(fits) ?? null;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(Math.min(value, high), low);
}
