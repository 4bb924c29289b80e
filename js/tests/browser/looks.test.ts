import { describe, expect, it, vi } from "vitest";
import type { Panel } from "../../src/scene/scene";
import { Bitset } from "../../src/state/bitset";
import type { Points } from "../../src/state/store";
import {
  categorical,
  cellsAt,
  cellsIn,
  continuous,
  difference,
  expectColor,
  inColors,
  inkOf,
  mapped,
  painted,
  pixelIn,
  rgba,
  THEME,
  useScenes,
} from "./picture";

type Place = readonly [number, number, number];

const RING = rgba(THEME.ring);
const only = (size: number, ...cells: number[]) => Bitset.fromPositions(size, cells);

/** Three cells side by side, in a plane and in a space. */
const WORLDS: [string, Points, Place[]][] = [
  [
    "a plane",
    cellsAt([2, 5], [5, 5], [8, 5]),
    [
      [2, 5, 0],
      [5, 5, 0],
      [8, 5, 0],
    ],
  ],
  [
    "a space",
    cellsIn([-3, 0, 0], [0, 0, 0], [3, 0, 0]),
    [
      [-3, 0, 0],
      [0, 0, 0],
      [3, 0, 0],
    ],
  ],
];

/** How far from a cell's middle, in CSS pixels to the right, there is a pixel of about this colour. */
function reachOf(panel: Panel, place: Place, color: [number, number, number, number]): number[] {
  const offsets = Array.from({ length: 24 }, (_, right) => right);
  return offsets.filter((right) => {
    const found = pixelIn(panel, place, right);
    return found[3] > 200 && difference(found, [color[0], color[1], color[2], found[3]]) < 60;
  });
}

describe.each(WORLDS)("in %s", (name, points, [left, middle, right]) => {
  const { show } = useScenes();
  const plain = inColors("#ff0000", "#ff0000", "#ff0000");

  it("hidden cells are gone: also the selected, the highlighted and the hovered", async () => {
    const [store, scene, panel] = show(points, plain);
    store.marks.value = { hidden: only(3, 1), highlights: [{ color: "#00ff00", cells: only(3, 1) }] };
    store.selection.value = { cells: only(3, 0, 1), source: null };
    store.hover.value = { cell: 1, origin: "python" };
    await painted(scene);
    for (const offset of [-6, -4, 0, 4, 6]) expect(pixelIn(panel, middle, offset)).toEqual([0, 0, 0, 0]);
    expect(pixelIn(panel, left)[3]).toBe(255);
    expect(pixelIn(panel, right)[3]).toBeGreaterThan(20);
    store.marks.value = { hidden: null, highlights: [] };
    await painted(scene);
    expect(pixelIn(panel, middle)[3]).toBe(255);
  });

  it("a filter hides the cells that do not pass, and uploads nothing but that", async () => {
    const [store, scene, panel] = show(points, plain);
    store.filterColumns.value = new Map([["n_counts", continuous(1, 5, 9)]]);
    await painted(scene);
    const upload = vi.spyOn(WebGL2RenderingContext.prototype, "bufferData");
    store.setFilter("n_counts", { min: 4, max: 6 });
    await painted(scene);
    expect([left, middle, right].map((place) => pixelIn(panel, place)[3] > 0)).toEqual([false, true, false]);
    store.setFilter("n_counts", { min: 4 });
    await painted(scene);
    expect([left, middle, right].map((place) => pixelIn(panel, place)[3] > 0)).toEqual([false, true, true]);
    expect(upload).not.toHaveBeenCalled();
  });

  it("highlighted cells have a ring of their colour and keep their own, the later colour where both have one", async () => {
    const [store, scene, panel] = show(points, plain);
    store.marks.value = {
      hidden: null,
      highlights: [
        { color: "#00ff00", cells: only(3, 0, 1) },
        { color: "#0000ff", cells: only(3, 1) },
      ],
    };
    await painted(scene);
    expect(reachOf(panel, left, rgba("#00ff00")).length).toBeGreaterThanOrEqual(1);
    expect(reachOf(panel, left, rgba("#0000ff"))).toEqual([]);
    expect(reachOf(panel, middle, rgba("#0000ff")).length).toBeGreaterThanOrEqual(1);
    expect(reachOf(panel, middle, rgba("#00ff00"))).toEqual([]);
    expect(reachOf(panel, right, rgba("#00ff00"))).toEqual([]);
    const own = pixelIn(panel, right);
    for (const place of [left, middle]) expect(difference(pixelIn(panel, place), own)).toBeLessThan(4);
  });

  it("small highlighted cells have a ring, too, two pixels wide", async () => {
    const [store, scene, panel] = show(points, plain);
    store.pointSize.value = 0.2;
    store.marks.value = { hidden: null, highlights: [{ color: "#0000ff", cells: only(3, 1) }] };
    await painted(scene);
    const ring = reachOf(panel, middle, rgba("#0000ff"));
    expect(ring.length).toBeGreaterThanOrEqual(1);
    expect(ring.at(-1)).toBeGreaterThanOrEqual(2);
    expect(ring.at(-1)).toBeLessThan(5);
  });

  it("highlighted cells are in front and in full colour while others are selected or faint", async () => {
    const [store, scene, panel] = show(points, plain);
    await painted(scene);
    const own = pixelIn(panel, middle);
    store.marks.value = { hidden: null, highlights: [{ color: "#00ff00", cells: only(3, 1) }] };
    store.selection.value = { cells: only(3, 0), source: null };
    store.opacity.value = 0.2;
    await painted(scene);
    expectColor(pixelIn(panel, middle), own, 4);
    expect(reachOf(panel, middle, rgba("#00ff00")).length).toBeGreaterThanOrEqual(1);
    expect(pixelIn(panel, right)[3]).toBeLessThan(20);
  });

  it("the hovered cell has a ring, which goes with it and leaves nothing behind", async () => {
    const [store, scene, panel] = show(points, plain);
    await painted(scene);
    const before = picture(panel);
    const { drawn } = scene;
    store.hover.value = { cell: 1, origin: "viewer" };
    await painted(scene);
    const ring = reachOf(panel, middle, RING);
    expect(ring.length).toBeGreaterThanOrEqual(1);
    expect(ring[0]).toBeGreaterThan(3);
    expect(ring.at(-1)).toBeLessThan(12);
    store.hover.value = { cell: 2, origin: "viewer" };
    await painted(scene);
    expect(reachOf(panel, middle, RING)).toEqual([]);
    expect(reachOf(panel, right, RING).length).toBeGreaterThanOrEqual(1);
    store.hover.value = { cell: null, origin: "viewer" };
    await painted(scene);
    expectSame(picture(panel), before);
    // None of this drew the cells again.
    expect(scene.drawn).toBe(drawn);
  });

  it("the ring of the hovered cell follows the camera", async () => {
    const [store, scene, panel] = show(points, plain);
    store.hover.value = { cell: 1, origin: "python" };
    await painted(scene);
    panel.camera.pan(23, -31);
    await painted(scene);
    expect(reachOf(panel, middle, RING).length).toBeGreaterThanOrEqual(1);
    store.hover.value = { cell: null, origin: "python" };
    await painted(scene);
    expect(reachOf(panel, middle, RING)).toEqual([]);
  });

  it("a ring at the border of the plot is cut off there", async () => {
    const [store, scene, panel] = show(points, plain);
    const [x] = panel.camera.project(...left);
    panel.camera.pan(-x, 0);
    await painted(scene);
    const before = picture(panel);
    store.hover.value = { cell: 0, origin: "viewer" };
    await painted(scene);
    expect(reachOf(panel, left, RING).length).toBeGreaterThanOrEqual(1);
    store.hover.value = { cell: null, origin: "viewer" };
    await painted(scene);
    expectSame(picture(panel), before);
  });

  it("a cell beyond the last has no ring", async () => {
    const [store, scene, panel] = show(points, plain);
    await painted(scene);
    const before = picture(panel);
    for (const cell of [3, 1000]) {
      store.hover.value = { cell, origin: "python" };
      await painted(scene);
      expectSame(picture(panel), before);
    }
  });

  it("limits and colormap change the colours, and upload nothing a cell", async () => {
    const [store, scene, panel] = show(points, continuous(0, 50, 100));
    const near = name === "a space" ? 70 : 6; // a space's depth fades them
    await painted(scene);
    const upload = vi.spyOn(WebGL2RenderingContext.prototype, "bufferData");
    store.colorLimits.value = [50, null];
    await painted(scene);
    expect(difference(pixelIn(panel, left), pixelIn(panel, middle))).toBeLessThan(3);
    expectColor(pixelIn(panel, middle), mapped("viridis", 0), near);
    store.colorLimits.value = [0, 50];
    store.colormap.value = "magma_r";
    await painted(scene);
    expectColor(pixelIn(panel, left), mapped("magma_r", 0), near);
    expectColor(pixelIn(panel, middle), mapped("magma_r", 1), near);
    expectColor(pixelIn(panel, right), mapped("magma_r", 1), near);
    expect(upload).not.toHaveBeenCalled();
  });

  it("other colours of the same categories upload nothing a cell", async () => {
    const codes = Uint8Array.of(0, 1, 2);
    const [store, scene, panel] = show(points, categorical(codes, ["#ff0000", "#ff0000", "#ff0000"]));
    await painted(scene);
    const upload = vi.spyOn(WebGL2RenderingContext.prototype, "bufferData");
    store.column.value = categorical(codes, ["#ff0000", "#0000ff", "#ff0000"]);
    await painted(scene);
    expect(pixelIn(panel, middle)[2]).toBeGreaterThan(180);
    expect(pixelIn(panel, middle)[0]).toBeLessThan(80);
    expect(upload).not.toHaveBeenCalled();
  });

  it("opacity 1 is opaque, 0 draws nothing, and null is what suits the crowd", async () => {
    const [store, scene, panel] = show(points, plain);
    for (const [opacity, alpha] of [
      [1, 255],
      [0.5, 128],
      [0.1, 26],
    ]) {
      store.opacity.value = opacity;
      await painted(scene);
      expect(Math.abs(pixelIn(panel, middle)[3] - alpha)).toBeLessThanOrEqual(2);
    }
    store.opacity.value = 0;
    await painted(scene);
    expect(inkOf(panel.canvas)).toBe(0);
    store.opacity.value = null;
    await painted(scene);
    expect(pixelIn(panel, middle)[3]).toBe(255);
  });
});

describe("limits", () => {
  const { show } = useScenes();
  const three = cellsAt([2, 5], [5, 5], [8, 5]);
  const colorsOf = (panel: Panel) => [2, 5, 8].map((x) => pixelIn(panel, [x, 5, 0]));

  it("may be percentiles of the data", async () => {
    const [store, scene, panel] = show(three, continuous(0, 10, 1000));
    store.colorLimits.value = ["p0", "p50"];
    await painted(scene);
    expectColor(colorsOf(panel)[0], mapped("viridis", 0));
    expectColor(colorsOf(panel)[1], mapped("viridis", 1));
  });

  it("that are one number part the values below it from those above", async () => {
    const [store, scene, panel] = show(three, continuous(4, 5, 6));
    store.colorLimits.value = [5, 5];
    await painted(scene);
    const colors = colorsOf(panel);
    [0, 0.5, 1].forEach((t, cell) => {
      expectColor(colors[cell], mapped("viridis", t), 6);
    });
  });

  it("leave missing values grey", async () => {
    const [store, scene, panel] = show(three, continuous(Number.NaN, 5, 6));
    store.colorLimits.value = [0, 5];
    await painted(scene);
    expectColor(colorsOf(panel)[0], rgba(THEME.missing));
  });
});

describe("a crowd", () => {
  const { show } = useScenes();

  it("has no ring for a cell without a place", async () => {
    const { NaN: nan } = Number;
    const [store, scene, panel] = show(cellsAt([5, 5], [nan, 5], [nan, nan]));
    await painted(scene);
    const before = picture(panel);
    for (const cell of [1, 2]) {
      store.hover.value = { cell, origin: "python" };
      await painted(scene);
      expectSame(picture(panel), before);
    }
  });

  it("of a hundred thousand, filtered to a few, shows exactly those", async () => {
    const n = 100_000;
    const coords = new Float32Array(2 * n).fill(5);
    const few = [0, 31, 32, 65_535, 65_536, 99_999];
    few.forEach((cell, index) => {
      coords.set([1 + 1.5 * index, 1], 2 * cell);
    });
    const [store, scene, panel] = show({ ...cellsAt(), coords, placed: n });
    store.pointSize.value = 4;
    store.opacity.value = 1;
    await painted(scene);
    expect(pixelIn(panel, [5, 5, 0])[3]).toBe(255);
    const kept = Bitset.fromPositions(n, few);
    store.marks.value = { hidden: Bitset.where(n, (cell) => !kept.has(cell)), highlights: [] };
    await painted(scene);
    expect(pixelIn(panel, [5, 5, 0])[3]).toBe(0);
    for (let index = 0; index < few.length; index++)
      expect(pixelIn(panel, [1 + 1.5 * index, 1, 0])[3]).toBeGreaterThan(200);
  });

  it("of highlights in many colours has each cell's own", async () => {
    const places = Array.from({ length: 100 }, (_, cell): [number, number] => [cell % 10, Math.floor(cell / 10)]);
    const [store, scene, panel] = show(cellsAt(...places), categorical(new Uint8Array(100), ["#ffffff"]));
    const color = (cell: number) =>
      cell % 2 === 0 ? `#00${(16 + cell).toString(16)}ff` : `#ff${(16 + cell).toString(16)}00`;
    store.marks.value = {
      hidden: null,
      highlights: places.map((_, cell) => ({ color: color(cell), cells: only(100, cell) })),
    };
    await painted(scene);
    for (let cell = 0; cell < 100; cell += 7) {
      expect(reachOf(panel, [...places[cell], 0], rgba(color(cell))).length).toBeGreaterThanOrEqual(1);
    }
  });
});

/** The same picture, but for the rounding of translucent pixels by the browser when it moves a canvas off the GPU. */
function expectSame(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  const largest = found.reduce((most, channel, index) => Math.max(most, Math.abs(channel - expected[index])), 0);
  expect(largest).toBeLessThanOrEqual(2);
}

function picture({ canvas }: Panel): number[] {
  return [...(canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [])];
}
