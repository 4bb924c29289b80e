import type { Camera2D } from "../scene/camera";

/** The cell nearest to a CSS pixel of the plot, within `reach` CSS pixels; null when there is none. */
export function pickCell(xy: Float32Array, camera: Camera2D, x: number, y: number, reach: number): number | null {
  const [dataX, dataY] = camera.unproject(x, y);
  let best: number | null = null;
  let nearest = (reach / camera.scale) ** 2;
  for (let cell = 0; cell < xy.length / 2; cell++) {
    const dx = xy[2 * cell] - dataX;
    const dy = xy[2 * cell + 1] - dataY;
    const distance = dx * dx + dy * dy;
    if (distance <= nearest) {
      nearest = distance;
      best = cell;
    }
  }
  return best;
}
