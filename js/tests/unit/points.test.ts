import { describe, expect, it } from "vitest";
import { pointsOf } from "../../src/host/points";

const PLANE = { key: "X_umap", dimensions: 2, min: [0, -1], max: [8, 1], n_placed: 3 };
const SPACE = { key: "X_3d", dimensions: 3, min: [0, -1, 5], max: [8, 1, 6], n_placed: 2 };
const FLAT = Float32Array.of(0, -1, 8, 1, 4, 0);
const DEEP = Float32Array.of(0, -1, 5, 8, 1, 6, 4, 0, Number.NaN);

describe("points of an embedding", () => {
  it("are a plane in two columns", () => {
    expect(pointsOf(PLANE, 2, FLAT)).toEqual({
      key: "X_umap",
      coords: FLAT,
      stride: 2,
      axes: 2,
      dimension: 2,
      min: [0, -1, 0],
      max: [8, 1, 0],
      placed: 3,
    });
  });

  it("are a space in three, or the plane of the first two, with the same coordinates", () => {
    expect(pointsOf(SPACE, 3, DEEP)).toMatchObject({ stride: 3, axes: 3, dimension: 3, max: [8, 1, 6] });
    expect(pointsOf(SPACE, 3, DEEP).radius).toBeCloseTo(Math.hypot(4, 1, 0.5), 6);
    const plane = pointsOf(SPACE, 2, DEEP);
    expect(plane).toMatchObject({ stride: 3, axes: 2, dimension: 2, min: [0, -1, 0], max: [8, 1, 0] });
    expect(plane.coords).toBe(DEEP);
  });

  it("are never more than there are columns", () => {
    expect(pointsOf(PLANE, 3, FLAT)).toMatchObject({ axes: 2, dimension: 2 });
  });

  it("lie in a band in one dimension, each cell at a place of its own", () => {
    const many = Float32Array.from({ length: 200 }, (_, index) => (index % 2 ? 0 : index / 25));
    const band = pointsOf({ ...PLANE, n_placed: 100 }, 1, many);
    expect(band).toMatchObject({ stride: 2, axes: 2, dimension: 1, min: [0, -0.5, 0], max: [8, 0.5, 0] });
    const across = Array.from({ length: 100 }, (_, cell) => band.coords[2 * cell + 1]);
    expect(new Set(across).size).toBe(100);
    expect(Math.min(...across)).toBeGreaterThanOrEqual(-0.5);
    expect(Math.max(...across)).toBeLessThanOrEqual(0.5);
    expect(band.coords[2 * 50]).toBe(many[2 * 50]);
  });

  it("lie in a band where there is one column, whatever is asked for", () => {
    const line = { key: "pseudotime", dimensions: 1, min: [0], max: [4], n_placed: 2 };
    for (const dimension of [1, 2]) {
      const band = pointsOf(line, dimension, Float32Array.of(0, Number.NaN, 4));
      expect(band).toMatchObject({
        stride: 2,
        axes: 2,
        dimension: 1,
        min: [0, -0.25, 0],
        max: [4, 0.25, 0],
        placed: 2,
      });
      expect([band.coords[0], band.coords[4]]).toEqual([0, 4]);
      expect([...band.coords].map(Number.isNaN)).toEqual([false, false, true, true, false, false]);
    }
  });

  it("point downwards where the embedding says so", () => {
    expect(pointsOf({ ...PLANE, y_down: true }, 2, FLAT).yDown).toBe(true);
    expect(pointsOf(PLANE, 2, FLAT).yDown).toBe(undefined);
  });

  it("leave a cell that lacks any coordinate without a place", () => {
    const band = pointsOf(SPACE, 1, DEEP);
    expect([...band.coords].map(Number.isNaN)).toEqual([false, false, false, false, false, true]);
  });
});
