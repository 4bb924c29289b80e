import { effect } from "@preact/signals-core";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { type Box, Camera2D } from "../../src/scene/camera";

function lookingAt(box: Box, width = 640, height = 480): Camera2D {
  const camera = new Camera2D();
  camera.resize(width, height);
  camera.fit(box);
  return camera;
}

const BOX: Box = { min: [-3, 2], max: [7, 12] };
const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const anyCamera = fc
  .record({
    x: number(-1e3, 1e3),
    y: number(-1e3, 1e3),
    width: number(1e-2, 1e3),
    height: number(1e-2, 1e3),
    plot: fc.tuple(fc.integer({ min: 60, max: 2000 }), fc.integer({ min: 60, max: 2000 })),
    zooms: fc.array(fc.tuple(fc.nat(600), fc.nat(400), number(0.2, 5)), { maxLength: 5 }),
    pan: fc.tuple(number(-300, 300), number(-300, 300)),
  })
  .map(({ x, y, width, height, plot, zooms, pan }) => {
    const camera = lookingAt({ min: [x, y], max: [x + width, y + height] }, ...plot);
    for (const zoom of zooms) camera.zoomAt(...zoom);
    camera.pan(...pan);
    return camera;
  });

describe("the camera", () => {
  it("finds the way back from the plane to the plot", () => {
    fc.assert(
      fc.property(anyCamera, number(0, 2000), number(0, 2000), (camera, x, y) => {
        const [backX, backY] = camera.project(...camera.unproject(x, y));
        expect(backX).toBeCloseTo(x, 3);
        expect(backY).toBeCloseTo(y, 3);
      }),
    );
  });

  it("has y up", () => {
    const camera = lookingAt(BOX);
    expect(camera.project(2, 12)[1]).toBeLessThan(camera.project(2, 2)[1]);
    expect(camera.project(7, 7)[0]).toBeGreaterThan(camera.project(-3, 7)[0]);
  });

  it("keeps what is under the pointer when it zooms", () => {
    fc.assert(
      fc.property(anyCamera, number(0, 600), number(0, 400), number(0.01, 100), (camera, x, y, factor) => {
        const under = camera.unproject(x, y);
        camera.zoomAt(x, y, factor);
        const [afterX, afterY] = camera.project(...under);
        expect(afterX).toBeCloseTo(x, 2);
        expect(afterY).toBeCloseTo(y, 2);
      }),
    );
  });

  it("zooms within bounds, and keeps still when it has reached one", () => {
    const camera = lookingAt(BOX);
    camera.zoomAt(100, 100, 1e9);
    const { zoom } = camera.pose.value;
    const before = camera.unproject(30, 40);
    camera.zoomAt(30, 40, 2);
    expect(camera.pose.value.zoom).toBe(zoom);
    expect(camera.unproject(30, 40)).toEqual([expect.closeTo(before[0], 9), expect.closeTo(before[1], 9)]);
    camera.zoomAt(100, 100, 1e-12);
    expect(camera.pose.value.zoom).toBeGreaterThan(0);
  });

  it("pans what is seen with the pointer", () => {
    const camera = lookingAt(BOX);
    const [x, y] = camera.project(1, 5);
    camera.pan(30, -12);
    expect(camera.project(1, 5)).toEqual([expect.closeTo(x + 30, 6), expect.closeTo(y - 12, 6)]);
  });

  it("fits a box into the plot, centred, with a margin, filling one side of it", () => {
    const box = fc.tuple(number(-1e4, 1e4), number(-1e4, 1e4), number(1e-3, 1e4), number(1e-3, 1e4));
    const plot = fc.tuple(fc.integer({ min: 100, max: 3000 }), fc.integer({ min: 100, max: 3000 }));
    fc.assert(
      fc.property(box, plot, ([x, y, spanX, spanY], [width, height]) => {
        const camera = lookingAt({ min: [x, y], max: [x + spanX, y + spanY] }, width, height);
        const [left, bottom] = camera.project(x, y);
        const [right, top] = camera.project(x + spanX, y + spanY);
        const margins = [left, top, width - right, height - bottom];
        for (const margin of margins) expect(margin).toBeGreaterThan(10);
        expect(left).toBeCloseTo(width - right, 3);
        expect(top).toBeCloseTo(height - bottom, 3);
        expect(Math.min(left, top)).toBeLessThan(40);
      }),
    );
  });

  it("comes back to the box it fitted last", () => {
    const camera = lookingAt(BOX);
    const { pose } = camera;
    const fitted = pose.value;
    camera.zoomAt(20, 30, 8);
    camera.pan(500, 2);
    camera.fit();
    expect(pose.value).toEqual(fitted);
  });

  it.each<[string, Box]>([
    ["one cell", { min: [5, -2], max: [5, -2] }],
    ["cells on a level line", { min: [0, 3], max: [10, 3] }],
    ["cells on an upright line", { min: [4, 0], max: [4, 1e-3] }],
    ["one cell far away", { min: [1e7, 1e7], max: [1e7, 1e7] }],
  ])("shows %s in the middle", (_name, box) => {
    const camera = lookingAt(box);
    expect(camera.scale).toBeGreaterThan(0);
    expect(Number.isFinite(camera.scale)).toBe(true);
    const [x, y] = camera.project((box.min[0] + box.max[0]) / 2, (box.min[1] + box.max[1]) / 2);
    expect([x, y]).toEqual([320, 240]);
    for (const [cornerX, cornerY] of [camera.project(...box.min), camera.project(...box.max)]) {
      expect(cornerX).toBeGreaterThanOrEqual(0);
      expect(cornerX).toBeLessThanOrEqual(640);
      expect(cornerY).toBeGreaterThanOrEqual(0);
      expect(cornerY).toBeLessThanOrEqual(480);
    }
  });

  it("keeps its centre and what fits when the plot is resized", () => {
    const camera = lookingAt(BOX);
    camera.resize(200, 900);
    expect(camera.unproject(100, 450)).toEqual([expect.closeTo(2, 9), expect.closeTo(7, 9)]);
    const [left, bottom] = camera.project(...BOX.min);
    const [right, top] = camera.project(...BOX.max);
    expect(Math.min(left, top)).toBeGreaterThan(0);
    expect(right).toBeLessThan(200);
    expect(bottom).toBeLessThan(900);
  });

  it("survives a plot without room", () => {
    const camera = lookingAt(BOX, 0, 0);
    expect(camera.project(2, 7)).toEqual([0, 0]);
    expect(camera.unproject(0, 0)).toEqual([2, 7]);
  });

  it("tells of a new size and not of the same", () => {
    const camera = lookingAt(BOX);
    const told = vi.fn();
    const stop = effect(() => told(camera.size.value));
    camera.resize(640, 480);
    expect(told).toHaveBeenCalledTimes(1);
    camera.resize(640, 481);
    expect(told).toHaveBeenCalledTimes(2);
    stop();
  });
});
