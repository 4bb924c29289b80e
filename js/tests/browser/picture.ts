import { afterEach, beforeEach, expect, onTestFinished, vi } from "vitest";
import { Camera } from "../../src/scene/camera";
import { type Panel, Scene } from "../../src/scene/scene";
import { colormapTexels } from "../../src/state/colormaps";
import { type Column, categoricalColumn, continuousColumn } from "../../src/state/column";
import { type Box, type Points, Store } from "../../src/state/store";

export type Rgba = [number, number, number, number];

export const THEME = { missing: "#d3d3d3", plain: "#8f8f8f", ring: "#1976d2", background: "#ffffff" };
export const CLOSE = 3; // of 255: what rounding and premultiplied alpha may change
const POOL = Symbol.for("cellucid.contexts.1");

/** The contexts in use on this page. */
export function contexts(): WebGL2RenderingContext[] {
  const pool = (globalThis as { [POOL]?: { leases: { gl: WebGL2RenderingContext }[] } })[POOL];
  return (pool?.leases ?? []).map(({ gl }) => gl);
}

const SQUARE: Box = { min: [0, 0, 0], max: [10, 10, 0] };
const CUBE: Box = { min: [-5, -5, -5], max: [5, 5, 5] };

/** Cells of a plane at these coordinates; the box is 0 to 10 in both directions. */
export function cellsAt(...coordinates: [number, number][]): Points {
  return { ...pointsOf(coordinates, 2), ...SQUARE };
}

/** Cells of a space at these coordinates; the box is −5 to 5 in all directions. */
export function cellsIn(...coordinates: [number, number, number][]): Points {
  return { ...pointsOf(coordinates, 3), ...CUBE };
}

function pointsOf(coordinates: readonly number[][], axes: 2 | 3): Omit<Points, keyof Box> {
  const placed = coordinates.filter((place) => place.every(Number.isFinite)).length;
  const coords = Float32Array.from(coordinates.flat());
  return { key: "X_umap", coords, stride: axes, axes, dimension: axes, placed };
}

export function storeWith(points: Points): Store {
  const store = new Store(points.coords.length / points.stride, { embedding: "X_umap", height: 400 });
  store.points.value = points;
  return store;
}

/** A panel of 256 x 256 CSS pixels over the box from 0 to 10: 20 pixels a unit. */
export function panelOver(box: Box = SQUARE, width = 256, height = 256, axes: 2 | 3 = 2): Panel {
  const camera = new Camera();
  camera.resize(width, height);
  camera.show(box, axes, null);
  return { canvas: document.createElement("canvas"), camera, theme: () => THEME };
}

/** A panel of 400 x 400 CSS pixels over the cube from −5 to 5, seen from the front, along y: x to the right, z up. */
export function panelInFrontOf(box: Box = CUBE): Panel {
  const panel = panelOver(box, 400, 400, 3);
  panel.camera.moveTo({ ...panel.camera.fitted(), azimuth: -90, elevation: 0 }, false);
  return panel;
}

/** Scenes for the tests of a `describe`: put away after each, which must leave no context and no error behind. */
export function useScenes() {
  const scenes: Scene[] = [];
  const errors: unknown[] = [];
  beforeEach(() => {
    errors.length = 0;
  });
  afterEach(() => {
    for (const scene of scenes.splice(0)) scene.dispose();
    vi.restoreAllMocks();
    expect(contexts()).toHaveLength(0);
    expect(errors).toEqual([]);
  });

  function sceneOf(store: Store, onPainted?: () => void): Scene {
    const scene = new Scene(store, (error) => errors.push(error), onPainted);
    scenes.push(scene);
    return scene;
  }
  /** Cells in a panel, which is painted in the next frame. */
  function show(points: Points, column: Column | null = null, panel?: Panel): [Store, Scene, Panel] {
    const store = storeWith(points);
    store.column.value = column;
    const scene = sceneOf(store);
    const shown = panel ?? (points.axes === 3 ? panelInFrontOf() : panelOver());
    scene.add(shown);
    return [store, scene, shown];
  }
  return { sceneOf, show };
}

export function categorical(
  codes: Uint8Array | Uint16Array | Uint32Array,
  colors: readonly string[],
  missing = 255,
): Column {
  return categoricalColumn({
    label: "louvain",
    field: "louvain",
    codes: codes as Uint8Array<ArrayBuffer>,
    missing,
    categories: colors.map((_, index) => `c${index}`),
    colors,
  });
}

/** Every cell a category of its own, in these colours. */
export function inColors(...colors: string[]): Column {
  return categorical(Uint8Array.from(colors.keys()), colors);
}

export function continuous(...values: number[]): Column {
  return continuousColumn({ label: "CD3D", field: "CD3D", layer: null, values: Float32Array.from(values) });
}

/** A colormap's colour, from 0 to 1. */
export function mapped(name: string, t: number): Rgba {
  return [...colormapTexels(name).slice(4 * Math.round(255 * t), 4 * Math.round(255 * t) + 4)] as Rgba;
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
  return pixelIn(panel, [x, y, 0], right, down);
}

/** The same of a space. */
export function pixelIn(panel: Panel, place: readonly [number, number, number], right = 0, down = 0): Rgba {
  const ratio = panel.canvas.width / panel.camera.size.value[0];
  const [cssX, cssY] = panel.camera.project(...place);
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

export function expectColor(found: Rgba, expected: Rgba, within = CLOSE): void {
  expect(difference(found, expected), `${found} is not ${expected}`).toBeLessThanOrEqual(within);
}

/** Another screen, for this test. */
export function onScreenWithRatio(ratio: number): void {
  const before = Object.getOwnPropertyDescriptor(window, "devicePixelRatio");
  Object.defineProperty(window, "devicePixelRatio", { value: ratio, configurable: true });
  onTestFinished(() => {
    if (before) Object.defineProperty(window, "devicePixelRatio", before);
  });
}
