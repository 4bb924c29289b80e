import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Camera } from "../../src/scene/camera";
import { Bitset } from "../../src/state/bitset";
import type { Box, Points } from "../../src/state/store";
import { pickCell } from "../../src/tools/pick";

const BOX: Box = { min: [-10, -10, -10], max: [10, 10, 10] };
const { NaN: nan } = Number;

// Also outside of the box, which an embedding's extent may leave cells of.
const coordinate = fc.oneof(
  { arbitrary: fc.double({ min: -14, max: 14, noNaN: true }).map(Math.fround), weight: 30 },
  { arbitrary: fc.integer({ min: -10, max: 10 }), weight: 10 },
  fc.constant(nan),
);
const places = fc.array(fc.tuple(coordinate, coordinate, coordinate), { minLength: 1, maxLength: 200 });
const pixel = fc.integer({ min: 0, max: 300 });

function pointsAt(cells: readonly (readonly number[])[], axes: 2 | 3): Points {
  const placed = cells.filter((place) => place.every(Number.isFinite)).length;
  return { key: "X", coords: Float32Array.from(cells.flat()), stride: 3, axes, dimension: axes, placed, ...BOX };
}

function cameraOver(axes: 2 | 3, zoom = 1): Camera {
  const camera = new Camera();
  camera.resize(300, 300);
  camera.show(BOX, axes, null);
  camera.orbit(70, -20);
  camera.zoomAt(100, 200, zoom);
  return camera;
}

/** Placed and visible cells with their place on the screen. */
function seen(points: Points, camera: Camera, visible: Bitset | null) {
  const cells = Array.from({ length: points.coords.length / 3 }, (_, cell) => cell);
  return cells.flatMap((cell) => {
    const [x, y, z] = points.coords.subarray(3 * cell, 3 * cell + 3);
    if (![x, y, z].every(Number.isFinite) || visible?.has(cell) === false) return [];
    return [{ cell, at: camera.project(x, y, z), depth: camera.depth(x, y, z) }];
  });
}

describe("the cell under a pointer", () => {
  it("of a plane is the nearest that is visible, within reach", () => {
    const zoom = fc.double({ min: 0.3, max: 30, noNaN: true });
    fc.assert(
      fc.property(
        places,
        pixel,
        pixel,
        zoom,
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        (cells, x, y, factor, reach, seed) => {
          const [points, camera] = [pointsAt(cells, 2), cameraOver(2, factor)];
          const visible = seed % 2 === 0 ? null : Bitset.where(cells.length, (cell) => (cell * 7 + seed) % 3 > 0);
          const found = pickCell(points, camera, visible, { x, y, reach });
          const away = seen(points, camera, visible).map(({ cell, at }) => ({
            cell,
            far: Math.hypot(at[0] - x, at[1] - y),
          }));
          const nearest = Math.min(...away.map(({ far }) => far));
          const clear = Math.abs(nearest - reach) > 1e-6;
          if (clear) expect(found === null).toBe(nearest > reach);
          if (found !== null) expect(away.find(({ cell }) => cell === found)?.far).toBeCloseTo(nearest, 6);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("of several on one spot of a plane is the last, which is drawn over the others", () => {
    const points = pointsAt(Array(40).fill([3, 3, 0]), 2);
    const camera = cameraOver(2);
    const [x, y] = camera.project(3, 3);
    expect(pickCell(points, camera, null, { x, y, reach: 6 })).toBe(39);
    expect(pickCell(points, camera, Bitset.fromPositions(40, [4, 7]), { x, y, reach: 6 })).toBe(7);
  });

  it("of an orbit is the one nearest to the viewer of those within reach", () => {
    fc.assert(
      fc.property(places, pixel, pixel, fc.integer({ min: 1, max: 60 }), fc.nat(), (cells, x, y, reach, seed) => {
        const [points, camera] = [pointsAt(cells, 3), cameraOver(3)];
        const visible = seed % 2 === 0 ? null : Bitset.where(cells.length, (cell) => (cell * 5 + seed) % 3 > 0);
        const found = pickCell(points, camera, visible, { x, y, reach });
        const all = seen(points, camera, visible).map(({ cell, at, depth }) => ({
          cell,
          depth,
          far: Math.hypot(at[0] - x, at[1] - y),
        }));
        // Cells in front of the centre are drawn larger, and reached as much farther.
        const larger = (depth: number) => Math.max(1, 1 / (1 - depth * camera.projection.nearness));
        const reached = all.filter(({ far, depth }) => far <= reach * larger(depth));
        const front = Math.max(...reached.map(({ depth }) => depth));
        expect(found === null).toBe(reached.length === 0);
        if (found !== null) expect(all.find(({ cell }) => cell === found)?.depth).toBeCloseTo(front, 9);
      }),
      { numRuns: 500 },
    );
  });

  it("is found anew when the camera has moved or other points are shown", () => {
    const camera = cameraOver(3);
    const first = pointsAt([[1, 2, 3]], 3);
    const [x, y] = camera.project(1, 2, 3);
    expect(pickCell(first, camera, null, { x, y, reach: 6 })).toBe(0);
    expect(
      pickCell(
        pointsAt(
          [
            [9, 9, 9],
            [1, 2, 3],
          ],
          3,
        ),
        camera,
        null,
        { x, y, reach: 6 },
      ),
    ).toBe(1);
    camera.orbit(200, 0);
    expect(pickCell(first, camera, null, { x, y, reach: 6 })).toBeNull();
    const [nextX, nextY] = camera.project(1, 2, 3);
    expect(pickCell(first, camera, null, { x: nextX, y: nextY, reach: 6 })).toBe(0);
  });

  it.each([2, 3] as const)("is none where no cell has a place (%i axes)", (axes) => {
    const points = pointsAt(
      [
        [nan, 0, 0],
        [0, 0, nan],
      ],
      axes,
    );
    expect(pickCell(points, cameraOver(axes), null, { x: 150, y: 150, reach: 1000 })).toBeNull();
    expect(pickCell(pointsAt([], axes), cameraOver(axes), null, { x: 150, y: 150, reach: 1000 })).toBeNull();
  });

  it("is found where all cells lie on one spot or on a line", () => {
    const camera = cameraOver(2);
    for (const box of [
      { min: [1, 1, 0], max: [1, 1, 0] },
      { min: [1, -5, 0], max: [1, 5, 0] },
    ] as const) {
      const points: Points = { ...pointsAt([[1, 1, 0]], 2), ...box };
      const [x, y] = camera.project(1, 1);
      expect(pickCell(points, camera, null, { x: x + 3, y, reach: 6 })).toBe(0);
      expect(pickCell(points, camera, null, { x: x + 30, y, reach: 6 })).toBeNull();
    }
  });
});
