import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Camera } from "../../src/scene/camera";
import type { Box, Points } from "../../src/state/store";
import { cellsBetween, cellsInside } from "../../src/tools/caught";

const BOX: Box = { min: [-10, -10, -10], max: [10, 10, 10] };
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

const coordinate = fc.oneof(
  { arbitrary: fc.double({ min: -10, max: 10, noNaN: true }).map(Math.fround), weight: 30 },
  fc.constantFrom(nan, infinity),
);
const places = fc.array(fc.tuple(coordinate, coordinate, coordinate), { minLength: 1, maxLength: 40 });
const pixel = fc.integer({ min: 0, max: 400 });
const turn = fc.tuple(fc.integer({ min: -900, max: 900 }), fc.integer({ min: -300, max: 300 }));

function pointsAt(cells: readonly (readonly number[])[], axes: 2 | 3): Points {
  const placed = cells.filter((place) => place.every(Number.isFinite)).length;
  return { key: "X", coords: Float32Array.from(cells.flat()), stride: 3, axes, dimension: axes, placed, ...BOX };
}

function cameraOver(axes: 2 | 3, [dx, dy]: readonly [number, number]): Camera {
  const camera = new Camera();
  camera.resize(400, 400);
  camera.show(BOX, axes, null);
  camera.orbit(dx, dy);
  camera.zoomAt(150, 250, 1.7);
  return camera;
}

/** The textbook even-odd test. */
function isInside(x: number, y: number, outline: readonly number[]): boolean {
  let inside = false;
  for (let i = 0, j = outline.length - 2; i < outline.length; j = i, i += 2) {
    const [xi, yi, xj, yj] = [outline[i], outline[i + 1], outline[j], outline[j + 1]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/** Placed cells whose place on the screen passes a test, one after the other. */
function byHand(points: Points, camera: Camera, test: (x: number, y: number) => boolean): number[] {
  const cells = Array.from({ length: points.coords.length / 3 }, (_, cell) => cell);
  return cells.filter((cell) => {
    const [x, y, z] = points.coords.subarray(3 * cell, 3 * cell + 3);
    return [x, y, z].every(Number.isFinite) && test(...camera.project(x, y, z));
  });
}

describe("what is caught", () => {
  it("in an orbit by a lasso are the cells that are seen in it, at all depths", () => {
    const outline = fc.array(fc.tuple(pixel, pixel), { minLength: 3, maxLength: 12 }).map((corners) => corners.flat());
    fc.assert(
      fc.property(places, outline, turn, (cells, corners, angles) => {
        const [points, camera] = [pointsAt(cells, 3), cameraOver(3, angles)];
        const expected = byHand(points, camera, (x, y) => isInside(x, y, corners));
        expect([...cellsInside(points, camera, corners).toPositions()]).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it("in an orbit by a rectangle are the cells that are seen in it", () => {
    fc.assert(
      fc.property(places, fc.tuple(pixel, pixel, pixel, pixel), turn, (cells, [x0, y0, x1, y1], angles) => {
        const [points, camera] = [pointsAt(cells, 3), cameraOver(3, angles)];
        const within = (value: number, a: number, b: number) => value >= Math.min(a, b) && value <= Math.max(a, b);
        const expected = byHand(points, camera, (x, y) => within(x, x0, x1) && within(y, y0, y1));
        const found = cellsBetween(points, camera, { x: x0, y: y0 }, { x: x1, y: y1 });
        expect([...found.toPositions()]).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it("in an orbit is nothing behind the viewer", () => {
    const camera = cameraOver(3, [0, 0]);
    camera.moveTo({ center: [0, 0, 0], zoom: 1, azimuth: 0, elevation: 0 }, false); // along x
    const points = pointsAt(
      [
        [0, 0, 0],
        [51, 0, 0],
        [53, 0, 0],
      ],
      3,
    ); // the viewer is at x = 52
    expect([...cellsBetween(points, camera, { x: 0, y: 0 }, { x: 400, y: 400 }).toPositions()]).toEqual([0, 1]);
  });

  it("in a plane is tested in the data's own coordinates, both borders of a rectangle included", () => {
    fc.assert(
      fc.property(places, fc.tuple(pixel, pixel, pixel, pixel), (cells, [x0, y0, x1, y1]) => {
        const [points, camera] = [pointsAt(cells, 2), cameraOver(2, [0, 0])];
        const [left, low] = camera.unproject(Math.min(x0, x1), Math.max(y0, y1));
        const [right, high] = camera.unproject(Math.max(x0, x1), Math.min(y0, y1));
        const expected = cells.flatMap(([x, y, z], cell) =>
          [x, y, z].every(Number.isFinite) && x >= left && x <= right && y >= low && y <= high ? [cell] : [],
        );
        const found = cellsBetween(points, camera, { x: x0, y: y0 }, { x: x1, y: y1 });
        expect([...found.toPositions()]).toEqual(expected);
        const around = cellsInside(points, camera, [x0, y0, x1, y0, x1, y1, x0, y1]);
        expect(around.without(found).count).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it("in a plane has a place, also in the coordinate that is left out", () => {
    const points = pointsAt(
      [
        [0, 0, 0],
        [0, 0, nan],
        [0, 0, infinity],
      ],
      2,
    );
    const camera = cameraOver(2, [0, 0]);
    expect([...cellsInside(points, camera, [0, 0, 400, 0, 400, 400, 0, 400]).toPositions()]).toEqual([0]);
  });
});
