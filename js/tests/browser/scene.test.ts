import { describe, expect, it, vi } from "vitest";
import type { Panel, Scene } from "../../src/scene/scene";
import { Bitset } from "../../src/state/bitset";
import type { Points, Store } from "../../src/state/store";
import {
  CLOSE,
  categorical,
  cellsAt,
  contexts,
  continuous,
  difference,
  expectColor,
  inkOf,
  mapped,
  nextFrame,
  onScreenWithRatio,
  painted,
  panelOver,
  pixel,
  pixelAt,
  type Rgba,
  rgba,
  storeWith,
  THEME,
  useScenes,
} from "./picture";

const viridis = (t: number): Rgba => mapped("viridis", t);

describe("the scene", () => {
  const { sceneOf, show } = useScenes();

  it("draws cells where they are, grey without a column, and nothing elsewhere", async () => {
    const [, scene, panel] = show(cellsAt([1, 1], [9, 3]));
    await painted(scene);
    expectColor(pixelAt(panel, 1, 1), rgba(THEME.plain));
    expectColor(pixelAt(panel, 9, 3), rgba(THEME.plain));
    expect(pixelAt(panel, 1, 9)[3]).toBe(0);
    expect(pixelAt(panel, 9, 7)[3]).toBe(0);
    expect(pixelAt(panel, 1, 1, 8)[3]).toBe(0);
    expect(scene.drawn).toBe(1);
  });

  it("gives each category its colour, and missing cells grey", async () => {
    const column = categorical(Uint8Array.of(0, 1, 255, 2), ["#ff0000", "#00ff00", "#0000ff"], 255);
    const [, scene, panel] = show(cellsAt([1, 1], [9, 1], [1, 9], [9, 9]), column);
    await painted(scene);
    expectColor(pixelAt(panel, 1, 1), rgba("#ff0000"));
    expectColor(pixelAt(panel, 9, 1), rgba("#00ff00"));
    expectColor(pixelAt(panel, 1, 9), rgba(THEME.missing));
    expectColor(pixelAt(panel, 9, 9), rgba("#0000ff"));
  });

  it.each([
    [300, Uint16Array.of(0, 255, 256, 299, 65535), 65535],
    [70_000, Uint32Array.of(0, 299, 65536, 69_999, 4294967295), 4294967295],
  ])("tells %i categories apart", async (count, codes, missing) => {
    const colors = Array.from(
      { length: count },
      (_, index) => `#${((index * 2311 + 97) % 0xffffff).toString(16).padStart(6, "0")}`,
    );
    const [, scene, panel] = show(cellsAt([1, 1], [3, 1], [5, 1], [7, 1], [9, 1]), categorical(codes, colors, missing));
    await painted(scene);
    for (let cell = 0; cell < 4; cell++) expectColor(pixelAt(panel, 1 + 2 * cell, 1), rgba(colors[codes[cell]]));
    expectColor(pixelAt(panel, 9, 1), rgba(THEME.missing));
  });

  it("colours values from the lowest to the highest, infinite ones as the ends", async () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    const column = continuous(-5, 15, 5, nan, infinity, -infinity);
    const [, scene, panel] = show(cellsAt([1, 1], [3, 1], [5, 1], [7, 1], [9, 1], [9, 9]), column);
    await painted(scene);
    expectColor(pixelAt(panel, 1, 1), viridis(0));
    expectColor(pixelAt(panel, 3, 1), viridis(1));
    expectColor(pixelAt(panel, 5, 1), viridis(0.5), 6);
    expectColor(pixelAt(panel, 7, 1), rgba(THEME.missing));
    expectColor(pixelAt(panel, 9, 1), viridis(1));
    expectColor(pixelAt(panel, 9, 9), viridis(0));
  });

  it("gives the middle colour where all values are the same", async () => {
    const [, scene, panel] = show(cellsAt([1, 1], [9, 9]), continuous(3, 3));
    await painted(scene);
    expectColor(pixelAt(panel, 1, 1), viridis(0.5), 6);
  });

  it("puts high values on top and missing ones at the back where cells overlap", async () => {
    const overlapping = cellsAt([5, 5], [5, 5], [5, 5]);
    const [store, scene, panel] = show(overlapping, continuous(9, 1, Number.NaN));
    await painted(scene);
    expectColor(pixelAt(panel, 5, 5), viridis(1));
    store.column.value = categorical(Uint8Array.of(1, 0, 255), ["#ff0000", "#00ff00"], 255);
    await painted(scene);
    expectColor(pixelAt(panel, 5, 5), rgba("#ff0000"));
    store.column.value = null;
    await painted(scene);
    expectColor(pixelAt(panel, 5, 5), rgba(THEME.plain));
  });

  it("dims the others while cells are selected, and puts a ring round those", async () => {
    const column = categorical(Uint8Array.of(0, 0), ["#ff0000"], 255);
    const [store, scene, panel] = show(cellsAt([2, 5], [8, 5]), column);
    await painted(scene);
    const unselected = pixelAt(panel, 8, 5, 5);
    store.select(Bitset.fromPositions(2, [1]), "lasso", "replace");
    await painted(scene);
    expectColor(pixelAt(panel, 8, 5), rgba("#ff0000"));
    expectColor(pixelAt(panel, 2, 5), rgba("#ff0000", Math.round(0.15 * 255)), 8);
    const [red, green, blue, alpha] = pixelAt(panel, 8, 5, 5);
    expectColor([red, green, blue, 255], rgba(THEME.ring), 20);
    expect(alpha).toBeGreaterThan(unselected[3] + 60);
    expect(pixelAt(panel, 2, 5, 5)[3]).toBeLessThan(20);
    store.clearSelection("clear");
    await painted(scene);
    expectColor(pixelAt(panel, 2, 5), rgba("#ff0000"));
  });

  it("dims a crowd of others as much as a single one", async () => {
    const crowd = Array.from({ length: 50 }, (): [number, number] => [5, 5]);
    const codes = Uint8Array.from({ length: 51 }, () => 0);
    const [store, scene, panel] = show(cellsAt([1, 1], ...crowd), categorical(codes, ["#ff0000"], 255));
    store.select(Bitset.fromPositions(51, [0]), "lasso", "replace");
    await painted(scene);
    expectColor(pixelAt(panel, 5, 5), rgba("#ff0000", Math.round(0.15 * 255)), 8);
    expectColor(pixelAt(panel, 1, 1), rgba("#ff0000"));
  });

  it("outlines a selected group without covering its colours", async () => {
    // Two cells whose rings would reach into each other.
    const column = categorical(Uint8Array.of(0, 1), ["#ff0000", "#00ff00"], 255);
    const [store, scene, panel] = show(cellsAt([5, 5], [5.3, 5]), column);
    store.select(Bitset.fromPositions(2, [0, 1]), "lasso", "replace");
    await painted(scene);
    const [centre, edge] = [pixelAt(panel, 5, 5), pixelAt(panel, 5, 5, -6)];
    expectColor(centre, rgba("#ff0000"));
    expectColor(pixelAt(panel, 5.3, 5), rgba("#00ff00"));
    expect(edge[2]).toBeGreaterThan(100);
    for (let right = -2; right <= 8; right++) expect(pixelAt(panel, 5, 5, right)[2]).toBeLessThan(20);
  });

  it("gives small points no ring", async () => {
    const [store, scene, panel] = show(cellsAt([2, 5], [8, 5]), categorical(Uint8Array.of(0, 0), ["#ff0000"], 255));
    store.pointSize.value = 0.4;
    store.select(Bitset.fromPositions(2, [1]), "lasso", "replace");
    await painted(scene);
    for (let right = 0; right < 8; right++) expect(pixelAt(panel, 8, 5, right)[2]).toBeLessThan(20);
  });

  it("puts selected cells over the others", async () => {
    const column = categorical(Uint8Array.of(0, 1), ["#ff0000", "#00ff00"], 255);
    const [store, scene, panel] = show(cellsAt([5, 5], [5, 5]), column);
    store.select(Bitset.fromPositions(2, [0]), "lasso", "replace");
    await painted(scene);
    expectColor(pixelAt(panel, 5, 5), rgba("#ff0000"));
  });

  it("draws no cell without a place, and counts those that have one", async () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    const [, scene, panel] = show(cellsAt([nan, 5], [5, nan], [nan, nan], [infinity, 5], [1, 1], [5, -infinity]));
    await painted(scene);
    expect(scene.countPlaced()).toBe(1);
    const all = inkOf(panel.canvas);
    const [, alone, onlyOne] = show(cellsAt([1, 1]));
    await painted(alone);
    expect(all).toBe(inkOf(onlyOne.canvas));
  });

  it("tells neighbours apart deep in a zoom, far from the origin", async () => {
    // A thousandth apart at a thousand, where float32 has steps of 6e-5; 40 pixels on the screen.
    const coordinates = Array.from({ length: 5 }, (_, index): [number, number] => [1000 + index * 1e-3, 1000.002]);
    const points: Points = { ...cellsAt(...coordinates), min: [0, 0, 0], max: [2000, 2000, 0] };
    const panel = panelOver(points);
    const column = continuous(0, 1, 2, 3, 4);
    const [store, scene] = show(points, column, panel);
    store.pointSize.value = 0.01; // points grow with the zoom
    await painted(scene);
    const { camera } = panel;
    camera.moveTo({ ...camera.fitted(), center: [1000.002, 1000.002, 0], zoom: 4e5 }, false);
    expect(camera.scale).toBeCloseTo(40_000, 0);
    await painted(scene);
    for (let cell = 0; cell < 5; cell++) {
      expectColor(pixelAt(panel, points.coords[2 * cell], points.coords[2 * cell + 1]), viridis(cell / 4), 6);
    }
    expect(pixelAt(panel, 1000.0025, 1000.002)[3]).toBe(0);
    // The camera's centre itself is finer than a float32: half a step of it are 12 pixels here.
    camera.moveTo({ ...camera.fitted(), center: [1000.002 + 3e-5, 1000.002, 0], zoom: 4e6 }, false);
    await painted(scene);
    expectColor(pixelAt(panel, points.coords[4], points.coords[5]), viridis(0.5), 6);
  });

  it("draws device pixels, and points of the same size to the eye", async () => {
    const [, scene, panel] = show(cellsAt([2, 2], [8, 8]));
    await painted(scene);
    const ink = inkOf(panel.canvas);
    onScreenWithRatio(2);
    scene.invalidate(panel);
    await painted(scene);
    expect([panel.canvas.width, panel.canvas.height]).toEqual([512, 512]);
    expectColor(pixelAt(panel, 2, 2), rgba(THEME.plain));
    expectColor(pixelAt(panel, 8, 8), rgba(THEME.plain));
    expect(inkOf(panel.canvas) / ink).toBeGreaterThan(3);
    expect(inkOf(panel.canvas) / ink).toBeLessThan(5);
  });

  it("paints panels of different sizes with one context", async () => {
    const column = categorical(Uint8Array.of(0, 1), ["#ff0000", "#00ff00"], 255);
    const [store, scene, small] = show(cellsAt([1, 1], [9, 9]), column);
    const wide = panelOver(undefined, 500, 300);
    scene.add(wide);
    await painted(scene);
    store.pointSize.value = 1.5; // again, now that the shared canvas is larger than the small panel
    await painted(scene);
    for (const panel of [small, wide]) {
      expectColor(pixelAt(panel, 1, 1), rgba("#ff0000"));
      expectColor(pixelAt(panel, 9, 9), rgba("#00ff00"));
      expect(pixelAt(panel, 1, 9)[3]).toBe(0);
    }
    expect(contexts()).toHaveLength(1);
    expect(scene.drawn).toBe(4);
  });

  it("paints only what has changed, and once a frame", async () => {
    const [store, scene, panel] = show(cellsAt([1, 1]));
    const other = panelOver();
    scene.add(other);
    await painted(scene);
    const { drawn } = scene;
    panel.camera.pan(20, 0);
    panel.camera.pan(20, 0);
    await painted(scene);
    expect(scene.drawn).toBe(drawn + 1);
    store.pointSize.value = 2;
    store.pointSize.value = 3;
    await painted(scene);
    expect(scene.drawn).toBe(drawn + 3);
    await nextFrame();
    expect(scene.drawn).toBe(drawn + 3);
  });

  it("moves no coordinates when colours, the selection or the camera change", async () => {
    const [store, scene, panel] = show(cellsAt([1, 1], [2, 2], [3, 3]), continuous(1, 2, 3));
    await painted(scene);
    const upload = vi.spyOn(WebGL2RenderingContext.prototype, "bufferData");
    store.column.value = categorical(Uint8Array.of(0, 1, 0), ["#ff0000", "#00ff00"], 255);
    await painted(scene);
    expectColor(pixelAt(panel, 2, 2), rgba("#00ff00"));
    expect(upload).toHaveBeenCalledTimes(1); // one byte a cell
    expect((upload.mock.calls[0] as unknown[])[1]).toHaveProperty("byteLength", 3);
    store.select(Bitset.fromPositions(3, [1]), "lasso", "replace");
    panel.camera.pan(5, 5);
    store.pointSize.value = 2;
    await painted(scene);
    expect(upload).toHaveBeenCalledTimes(1);
  });

  it("uploads only those rows of the selection that have changed", async () => {
    const n = 200_000; // four rows of 65,536
    const coords = new Float32Array(2 * n).fill(1e6); // far out of the picture
    const points: Points = { ...cellsAt(), coords, placed: n };
    const [store, scene] = show(points);
    await painted(scene);
    const upload = vi.spyOn(WebGL2RenderingContext.prototype, "texSubImage2D");
    const rows = () => upload.mock.calls.map((call) => (call as unknown as number[])[3]);
    store.select(Bitset.fromPositions(n, [70_000]), "lasso", "replace");
    await painted(scene);
    expect(rows()).toEqual([1]);
    upload.mockClear();
    store.select(Bitset.fromPositions(n, [0, 199_999]), "lasso", "add");
    await painted(scene);
    expect(rows()).toEqual([0, 3]);
    upload.mockClear();
    store.column.value = null;
    store.select(store.selection.value.cells, "lasso", "replace");
    await painted(scene);
    expect(rows()).toEqual([]);
  });

  it("finds the selected ones among many cells", async () => {
    const n = 150_000;
    const coords = new Float32Array(2 * n).fill(1e6); // far out of the picture
    const picked = [0, 31, 32, 65_535, 65_536, 149_999];
    picked.forEach((cell, index) => {
      coords.set([1 + 1.5 * index, 1], 2 * cell);
    });
    const [store, scene, panel] = show({ ...cellsAt(), coords, placed: n });
    store.pointSize.value = 4;
    store.select(Bitset.fromPositions(n, picked), "lasso", "replace");
    await painted(scene);
    for (let index = 0; index < picked.length; index++) expect(pixelAt(panel, 1 + 1.5 * index, 1)[3]).toBe(255);
  });

  it("keeps its picture when the context is lost, and draws the next change", async () => {
    const [store, scene, panel] = show(cellsAt([5, 5]), categorical(Uint8Array.of(0), ["#ff0000"], 255));
    await painted(scene);
    contexts()[0].getExtension("WEBGL_lose_context")?.loseContext();
    await expect.poll(contexts).toHaveLength(0);
    expectColor(pixelAt(panel, 5, 5), rgba("#ff0000"));
    store.column.value = categorical(Uint8Array.of(0), ["#0000ff"], 255);
    await painted(scene);
    expectColor(pixelAt(panel, 5, 5), rgba("#0000ff"));
    expect(contexts()).toHaveLength(1);
    expect(scene.countPlaced()).toBe(1);
  });

  it("draws a change that met the context just as it was lost", async () => {
    const [store, scene, panel] = show(cellsAt([5, 5]), categorical(Uint8Array.of(0), ["#ff0000"], 255));
    await painted(scene);
    const [gl] = contexts();
    requestAnimationFrame(() => gl.getExtension("WEBGL_lose_context")?.loseContext());
    store.column.value = categorical(Uint8Array.of(0), ["#0000ff"], 255);
    await expect.poll(() => difference(pixelAt(panel, 5, 5), rgba("#0000ff"))).toBeLessThanOrEqual(CLOSE);
  });

  it("shares eight contexts between ten widgets; each keeps its picture and comes back", async () => {
    const shown: [Store, Scene, Panel][] = [];
    for (let index = 0; index < 10; index++) {
      shown.push(show(cellsAt([5, 5]), categorical(Uint8Array.of(0), [`#${index}0ff00`], 255)));
      await painted(shown[index][1]);
    }
    expect(contexts()).toHaveLength(8);
    shown.forEach(([, , panel], index) => {
      expectColor(pixelAt(panel, 5, 5), rgba(`#${index}0ff00`));
    });
    const [store, scene, panel] = shown[0];
    expect(scene.countPlaced()).toBe(0);
    store.column.value = categorical(Uint8Array.of(0), ["#ffffff"], 255);
    await painted(scene);
    expectColor(pixelAt(panel, 5, 5), rgba("#ffffff"));
    expect(contexts()).toHaveLength(8);
    // 8 and 9 took those of 0 and 1; 0, coming back, took that of 2, which had not drawn for longest.
    expect(shown.map(([, each]) => each.countPlaced())).toEqual([1, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("gives its context back when it is disposed or shows nothing more", async () => {
    const [, first, panel] = show(cellsAt([5, 5]));
    const [, second] = show(cellsAt([5, 5]));
    await Promise.all([painted(first), painted(second)]);
    const [one, two] = contexts();
    first.remove(panel);
    second.dispose();
    second.dispose();
    expect(contexts()).toHaveLength(0);
    expect([one.isContextLost(), two.isContextLost()]).toEqual([true, true]);
    first.add(panel);
    await painted(first);
    expectColor(pixelAt(panel, 5, 5), rgba(THEME.plain));
  });

  it("paints nothing into a plot without room, and does not say that it has", async () => {
    const panel = panelOver(undefined, 0, 0);
    const told = vi.fn();
    const scene = sceneOf(storeWith(cellsAt([5, 5])), told);
    scene.add(panel);
    await painted(scene);
    expect(scene.drawn).toBe(0);
    expect(told).not.toHaveBeenCalled();
    panel.camera.resize(256, 256);
    await painted(scene);
    expectColor(pixel(panel.canvas, 128, 128), rgba(THEME.plain));
    expect(told).toHaveBeenCalledTimes(1);
  });
});
