import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Box, Points, Pose } from "../state/store";
import { between, wrapAngle } from "./flight";
import { type Projection, see, seeAll, type Vector, viewAxes } from "./projection";

const MARGIN = 28; // CSS pixels kept free round the fitted box
const MIN_ZOOM = 0.2; // of a hand's: Python may go further
const MAX_ZOOM = 1e5; // beyond, float32 coordinates no longer tell neighbours apart
const AZIMUTH = -60; // degrees: where matplotlib's 3D axes begin
const ELEVATION = 30;
const TURN = 0.4; // degrees a pixel
const FLIGHT = 180; // ms

const UNIT_BOX: Box = { min: [-1, -1, -1], max: [1, 1, 1] };

/**
 * Looks at data: moves, turns and zooms, and converts between data coordinates and CSS pixels of the plot.
 *
 * A plane (2 axes) is looked at from straight above and without perspective; 3 axes are an orbit. What it computes is
 * defined in docs/design/0002-two-roads.md.
 */
export class Camera {
  readonly pose: Signal<Pose> = signal({ center: [0, 0, 0], zoom: 1, azimuth: AZIMUTH, elevation: ELEVATION });
  readonly size: Signal<readonly [number, number]> = signal([0, 0]);
  private readonly flying = signal(false);
  /** It is on its way to a pose; a hand's moves are at once. */
  readonly moving: ReadonlySignal<boolean> = this.flying;
  private flight = 0;
  private box: Box = UNIT_BOX;
  private dimensions: 2 | 3 = 2;
  private readonly lens = computed((): Projection => {
    const pose = this.pose.value;
    const [width, height] = this.size.value;
    const distance = 1.5 * diagonal(this.box); // the viewer's from the centre: three times half the diagonal
    return {
      center: pose.center,
      ...viewAxes(this.dimensions, pose, this.box.yDown),
      scale: this.scale,
      nearness: this.dimensions === 3 && distance > 0 ? 1 / distance : 0,
      middle: [width / 2, height / 2],
    };
  });

  /** 3 is an orbit, 2 a plane. */
  get axes(): 2 | 3 {
    return this.dimensions;
  }

  /** CSS pixels a data unit, at the centre. */
  get scale(): number {
    return this.fitScale(this.box) * this.pose.value.zoom;
  }

  /** The numbers behind `project`, for whoever has many cells to see; the same object until something moves. */
  get projection(): Projection {
    return this.lens.value;
  }

  /** Look at other data, from a pose; null is the one that fits the box. */
  show(box: Box, axes: 2 | 3, pose: Pose | null): void {
    this.box = box;
    this.dimensions = axes;
    this.moveTo(pose ?? this.fitted(), false);
  }

  /** See all of the box. */
  fit(): void {
    this.moveTo(this.fitted(), false);
  }

  /** The pose that shows all of the box. */
  fitted(): Pose {
    return { center: this.middleOf(this.box), zoom: 1, azimuth: AZIMUTH, elevation: ELEVATION };
  }

  /** The pose that shows a box from where we look now; one without extent is shown at the zoom that there is. */
  poseFor(box: Box): Pose {
    const { zoom, ...angles } = this.pose.peek();
    const extent = this.dimensions === 3 ? diagonal(box) : Math.max(...this.spans(box));
    const fits = extent > 0 ? this.fitScale(box) / this.fitScale(this.box) : zoom;
    return { ...angles, center: this.middleOf(box), zoom: clamp(fits, MIN_ZOOM, MAX_ZOOM) };
  }

  /** Look from another pose: at once, or so that the eye can follow. */
  moveTo(pose: Pose, animate: boolean): void {
    this.stop();
    const target = { ...pose, elevation: clamp(pose.elevation, -90, 90) };
    if (!animate || isStill()) {
      this.pose.value = target;
      return;
    }
    const from = this.pose.peek();
    this.flying.value = true;
    let start: number | null = null;
    const step = (now: number) => {
      start ??= now;
      const part = Math.min((now - start) / FLIGHT, 1);
      if (part === 1) {
        batch(() => {
          this.flying.value = false;
          this.pose.value = target;
        });
        return;
      }
      this.flight = requestAnimationFrame(step);
      this.pose.value = between(from, target, 1 - (1 - part) ** 3);
    };
    this.flight = requestAnimationFrame(step);
  }

  /** Stay where we are, also in the middle of a move. */
  stop(): void {
    if (!this.flying.peek()) return;
    cancelAnimationFrame(this.flight);
    this.flying.value = false;
  }

  /** The plot's size in CSS pixels. The centre stays where it is. */
  resize(width: number, height: number): void {
    const [before, beforeHeight] = this.size.peek();
    if (width !== before || height !== beforeHeight) this.size.value = [width, height];
  }

  /** Move what is seen by CSS pixels, y down. */
  pan(dx: number, dy: number): void {
    this.stop();
    const pose = this.pose.peek();
    this.pose.value = { ...pose, center: this.beside(pose.center, -dx, -dy) };
  }

  /** Turn what is seen as a hand on its front does, by CSS pixels, y down. A plane does not turn. */
  orbit(dx: number, dy: number): void {
    if (this.dimensions === 2) return;
    this.stop();
    const pose = this.pose.peek();
    const azimuth = wrapAngle(pose.azimuth - TURN * dx);
    this.pose.value = { ...pose, azimuth, elevation: clamp(pose.elevation + TURN * dy, -90, 90) };
  }

  /** Zoom by a factor; what lies under the CSS pixel (x, y), at the centre's depth, stays there. */
  zoomAt(x: number, y: number, factor: number): void {
    this.stop();
    const pose = this.pose.peek();
    const { zoom } = pose;
    // From beyond the bounds, where Python may have put it, there is a way back and none further.
    const after = clamp(zoom * factor, Math.min(MIN_ZOOM, zoom), Math.max(MAX_ZOOM, zoom));
    const [width, height] = this.size.peek();
    const move = 1 - zoom / after;
    const center = this.beside(pose.center, (x - width / 2) * move, (y - height / 2) * move);
    this.pose.value = { ...pose, center, zoom: after };
  }

  /** Data coordinates to CSS pixels of the plot; NaN for what lies behind the viewer. */
  project(x: number, y: number, z = 0): [number, number] {
    const seen = see(this.projection, x, y, this.dimensions === 3 ? z : 0);
    return seen === null ? [Number.NaN, Number.NaN] : [seen.x, seen.y];
  }

  /** Data units that a place lies in front of the centre, negative behind it; 0 everywhere in a plane. */
  depth(x: number, y: number, z = 0): number {
    const { center, toward } = this.projection;
    const flat = this.dimensions === 2;
    return flat ? 0 : (x - center[0]) * toward[0] + (y - center[1]) * toward[1] + (z - center[2]) * toward[2];
  }

  /** All cells in CSS pixels of the plot, x0, y0, x1, y1, …; NaN for those that cannot be seen from here. */
  projectAll(points: Points): Float64Array<ArrayBuffer> {
    return seeAll(this.projection, points);
  }

  /** CSS pixels of the plot to data coordinates, at the centre's depth. */
  unproject(x: number, y: number): [number, number, number] {
    const [width, height] = this.size.value;
    return this.beside(this.pose.value.center, x - width / 2, y - height / 2);
  }

  /** The place that lies CSS pixels to the right of another and below it, seen at the centre's depth. */
  private beside(place: Vector, right: number, down: number): [number, number, number] {
    const { scale } = this;
    const axes = viewAxes(this.dimensions, this.pose.value, this.box.yDown);
    const along = (axis: 0 | 1 | 2) =>
      place[axis] + (axes.right[axis] * right) / scale - (axes.up[axis] * down) / scale;
    return [along(0), along(1), along(2)];
  }

  /** CSS pixels a data unit with which a box fits: its sides in a plane, in an orbit all there is, however it is turned. */
  private fitScale(box: Box): number {
    const [width, height] = this.size.value.map((side) => Math.max(side - 2 * MARGIN, 1));
    const [spanX, spanY] = this.spans(box);
    const fits =
      this.dimensions === 3
        ? Math.min(width, height) / (orbitSize(box) || Number.MIN_VALUE)
        : Math.min(width / (spanX || Number.MIN_VALUE), height / (spanY || Number.MIN_VALUE));
    return Number.isFinite(fits) ? fits : 1; // one cell, or all on one spot
  }

  private spans({ min, max }: Box): [number, number] {
    return [max[0] - min[0], max[1] - min[1]];
  }

  private middleOf({ min, max }: Box): [number, number, number] {
    const middle = (axis: 0 | 1 | 2) => (min[axis] + max[axis]) / 2;
    return [middle(0), middle(1), this.dimensions === 3 ? middle(2) : 0];
  }
}

/** How large a box looks at most while it is turned, in data units at the centre. */
function orbitSize(box: Box): number {
  const radius = box.radius ?? diagonal(box) / 2;
  const distance = 1.5 * diagonal(box);
  // What is near looks larger: the sphere's outline, seen from its distance.
  return distance > 0 ? (2 * radius) / Math.sqrt(1 - (radius / distance) ** 2) : 0;
}

function diagonal({ min, max }: Box): number {
  return Math.hypot(max[0] - min[0], max[1] - min[1], max[2] - min[2]);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Whether moves are not to be shown: the person asked for none, or nobody sees the page. */
function isStill(): boolean {
  return document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches;
}
