import type { Camera } from "../scene/camera";

const STEP = 40; // CSS pixels
const FACTOR = 1.25;

/** What the keys of the plot do to the camera. Arrows go to what lies in their direction. */
export const STEERING: Readonly<Record<string, (camera: Camera) => void>> = {
  ArrowLeft: (camera) => go(camera, -1, 0),
  ArrowRight: (camera) => go(camera, 1, 0),
  ArrowUp: (camera) => go(camera, 0, -1),
  ArrowDown: (camera) => go(camera, 0, 1),
  "+": (camera) => zoom(camera, FACTOR),
  "=": (camera) => zoom(camera, FACTOR), // the same key without Shift
  "-": (camera) => zoom(camera, 1 / FACTOR),
};

function go(camera: Camera, right: number, down: number): void {
  const [dx, dy] = [-STEP * right, -STEP * down];
  if (camera.axes === 3) camera.orbit(dx, dy);
  else camera.pan(dx, dy);
}

function zoom(camera: Camera, factor: number): void {
  const [width, height] = camera.size.peek();
  camera.zoomAt(width / 2, height / 2, factor);
}
