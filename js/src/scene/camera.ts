import { type Signal, signal } from "@preact/signals-core";

export interface Box {
  readonly min: readonly [number, number];
  readonly max: readonly [number, number];
}

/** Centre in data coordinates, y up; `zoom` 1 fits the box. */
export interface CameraPose {
  readonly center: readonly [number, number];
  readonly zoom: number;
}

const MARGIN = 28; // CSS pixels kept free round the fitted box
const MIN_ZOOM = 0.2;
const MAX_ZOOM = 1e5; // beyond, float32 coordinates no longer tell neighbours apart

/** Looks at a plane of data coordinates: pans, zooms, and converts between the plane and CSS pixels of the plot. */
export class Camera2D {
  readonly pose: Signal<CameraPose> = signal({ center: [0, 0], zoom: 1 });
  readonly size: Signal<readonly [number, number]> = signal([0, 0]);
  private box: Box = { min: [-1, -1], max: [1, 1] };

  /** CSS pixels a data unit. */
  get scale(): number {
    return this.fitScale * this.pose.value.zoom;
  }

  /** Look at a box, all of it. */
  fit(box: Box = this.box): void {
    this.box = box;
    this.pose.value = {
      center: [(box.min[0] + box.max[0]) / 2, (box.min[1] + box.max[1]) / 2],
      zoom: 1,
    };
  }

  /** The plot's size in CSS pixels. The centre stays where it is. */
  resize(width: number, height: number): void {
    const [before, beforeHeight] = this.size.peek();
    if (width !== before || height !== beforeHeight) this.size.value = [width, height];
  }

  /** Move what is seen by CSS pixels, y down. */
  pan(dx: number, dy: number): void {
    const { center, zoom } = this.pose.value;
    this.pose.value = { center: [center[0] - dx / this.scale, center[1] + dy / this.scale], zoom };
  }

  /** Zoom by a factor; the data under the CSS pixel (x, y) stay there. */
  zoomAt(x: number, y: number, factor: number): void {
    const { center, zoom } = this.pose.value;
    const [dataX, dataY] = this.unproject(x, y);
    const after = Math.min(Math.max(zoom * factor, MIN_ZOOM), MAX_ZOOM);
    const keep = zoom / after;
    this.pose.value = {
      center: [dataX + (center[0] - dataX) * keep, dataY + (center[1] - dataY) * keep],
      zoom: after,
    };
  }

  /** Data coordinates to CSS pixels of the plot. */
  project(x: number, y: number): [number, number] {
    const [width, height] = this.size.value;
    const { center } = this.pose.value;
    return [width / 2 + (x - center[0]) * this.scale, height / 2 - (y - center[1]) * this.scale];
  }

  /** CSS pixels of the plot to data coordinates. */
  unproject(x: number, y: number): [number, number] {
    const [width, height] = this.size.value;
    const { center } = this.pose.value;
    return [center[0] + (x - width / 2) / this.scale, center[1] - (y - height / 2) / this.scale];
  }

  private get fitScale(): number {
    const [width, height] = this.size.value;
    const spanX = this.box.max[0] - this.box.min[0];
    const spanY = this.box.max[1] - this.box.min[1];
    const fits = Math.min(
      Math.max(width - 2 * MARGIN, 1) / (spanX || Number.MIN_VALUE),
      Math.max(height - 2 * MARGIN, 1) / (spanY || Number.MIN_VALUE),
    );
    return Number.isFinite(fits) ? fits : 1; // one cell, or all on one spot
  }
}
