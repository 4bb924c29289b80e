import { onTestFinished } from "vitest";
import { Camera2D } from "../../src/scene/camera";
import type { Panel, Scene } from "../../src/scene/scene";
import { type Points, Store } from "../../src/state/store";

export type Rgba = [number, number, number, number];

export const THEME = { missing: "#d3d3d3", ring: "#1976d2" };
const POOL = Symbol.for("cellucid.contexts.1");

/** The contexts in use on this page. */
export function contexts(): WebGL2RenderingContext[] {
  const pool = (globalThis as { [POOL]?: { leases: { gl: WebGL2RenderingContext }[] } })[POOL];
  return (pool?.leases ?? []).map(({ gl }) => gl);
}

/** Cells at these coordinates; the box is 0 to 10 in both directions. */
export function cellsAt(...coordinates: [number, number][]): Points {
  const placed = coordinates.filter((pair) => pair.every(Number.isFinite)).length;
  return { key: "X_umap", xy: Float32Array.from(coordinates.flat()), min: [0, 0], max: [10, 10], placed };
}

export function storeWith(points: Points): Store {
  const traits = { embedding: "X_umap", colorBy: null, layer: null, pointSize: 1, height: 400 };
  const store = new Store(points.xy.length / 2, traits);
  store.points.value = points;
  return store;
}

/** A panel of 256 x 256 CSS pixels over the box from 0 to 10: 20 pixels a unit. */
export function panelOver(box = { min: [0, 0], max: [10, 10] } as const, width = 256, height = 256): Panel {
  const camera = new Camera2D();
  camera.resize(width, height);
  camera.fit(box);
  return { canvas: document.createElement("canvas"), camera, theme: () => THEME };
}

export async function nextFrame(): Promise<void> {
  await new Promise(requestAnimationFrame);
}

/** Waits until everything that changed has been painted. */
export async function painted(scene: Scene): Promise<void> {
  do await nextFrame();
  while (!scene.settled);
}

/** The picture's pixel at an offset in CSS pixels from where data coordinates are shown. */
export function pixelAt(panel: Panel, x: number, y: number, right = 0, down = 0): Rgba {
  const ratio = panel.canvas.width / panel.camera.size.value[0];
  const [cssX, cssY] = panel.camera.project(x, y);
  return pixel(panel.canvas, Math.floor((cssX + right) * ratio), Math.floor((cssY + down) * ratio));
}

export function pixel(canvas: HTMLCanvasElement, x: number, y: number): Rgba {
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no 2D context");
  return [...context.getImageData(x, y, 1, 1).data] as Rgba;
}

/** Pixels of the picture that are not empty. */
export function inkOf(canvas: HTMLCanvasElement): number {
  const data = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
  let ink = 0;
  for (let index = 3; index < data.length; index += 4) if (data[index] > 0) ink++;
  return ink;
}

export function rgba(color: string, alpha = 255): Rgba {
  const value = Number.parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255, alpha];
}

/** The largest difference of a channel. */
export function difference(a: Rgba, b: Rgba): number {
  return Math.max(...a.map((channel, index) => Math.abs(channel - b[index])));
}

/** Another screen, for this test. */
export function onScreenWithRatio(ratio: number): void {
  const before = Object.getOwnPropertyDescriptor(window, "devicePixelRatio");
  Object.defineProperty(window, "devicePixelRatio", { value: ratio, configurable: true });
  onTestFinished(() => {
    if (before) Object.defineProperty(window, "devicePixelRatio", before);
  });
}
