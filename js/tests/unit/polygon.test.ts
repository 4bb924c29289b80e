import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pointsBetween, pointsInside } from "../../src/tools/polygon";

const flat = (values: Float32Array | Float64Array) => ({ values, stride: 2 }) as const;

/** The textbook even-odd test of one point against every edge. */
function insideByTheBook(x: number, y: number, outline: ArrayLike<number>): boolean {
  const corners = outline.length / 2;
  let inside = false;
  for (let i = 0, j = corners - 1; i < corners; j = i++) {
    const [xi, yi, xj, yj] = [outline[2 * i], outline[2 * i + 1], outline[2 * j], outline[2 * j + 1]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return corners >= 3 && inside;
}

function expectByTheBook(points: number[], outline: number[]): void {
  const xy = Float32Array.from(points);
  const expected: number[] = [];
  for (let cell = 0; cell < xy.length / 2; cell++) {
    if (insideByTheBook(xy[2 * cell], xy[2 * cell + 1], outline)) expected.push(cell);
  }
  expect([...pointsInside(flat(xy), outline).toPositions()]).toEqual(expected);
}

/** Repeatable numbers from 0 to 1 (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pairs = (coordinate: fc.Arbitrary<number>, minLength: number, maxLength: number) =>
  fc.array(fc.tuple(coordinate, coordinate), { minLength, maxLength }).map((list) => list.flat());

describe("the points inside an outline", () => {
  it("of a square are those in it, each border belonging to one side", () => {
    const square = [0, 0, 4, 0, 4, 4, 0, 4];
    const xy = Float32Array.of(2, 2, -1, 2, 5, 2, 2, -1, 2, 5, 0.5, 3.5, 0, 0, 4, 4);
    expect([...pointsInside(flat(xy), square).toPositions()]).toEqual([0, 5, 6]);
  });

  it("do not include what a self-crossing outline winds round twice", () => {
    const twice = [0, 0, 6, 0, 6, 6, 0, 6, 0, 0, 2, 2, 4, 2, 4, 4, 2, 4, 2, 2];
    expect([...pointsInside(flat(Float32Array.of(1, 3, 3, 3, 5, 5)), twice).toPositions()]).toEqual([0, 2]);
  });

  it("are none for fewer than three corners or an outline without area", () => {
    const xy = Float32Array.of(0, 0, 1, 1, 0.5, 0.5);
    for (const outline of [
      [],
      [0, 0],
      [0, 0, 1, 1],
      [0, 0, 1, 1, 0, 0],
      [1, 1, 1, 1, 1, 1],
      [0, 0.5, 1, 0.5, 2, 0.5],
    ]) {
      expect(pointsInside(flat(xy), outline).count).toBe(0);
    }
  });

  it("never include a cell that is not placed", () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    const xy = Float32Array.of(nan, 1, 1, nan, nan, nan, infinity, 1, 1, -infinity, 1, 1);
    expect([...pointsInside(flat(xy), [0, 0, 4, 0, 4, 4, 0, 4]).toPositions()]).toEqual([5]);
  });

  it("are none of none", () => {
    expect(pointsInside(flat(new Float32Array()), [0, 0, 1, 0, 1, 1]).size).toBe(0);
  });

  it("are the textbook's, for any outline on a grid: crossing, concave, with level edges and repeated corners", () => {
    // Halves and wholes: points fall on corners, on level edges and between them.
    const half = fc.integer({ min: -9, max: 9 }).map((n) => n / 2);
    fc.assert(fc.property(pairs(half, 1, 60), pairs(fc.integer({ min: -4, max: 4 }), 0, 14), expectByTheBook), {
      numRuns: 2000,
    });
  });

  it("are the textbook's, for any outline", () => {
    // A thousand and a billionth apart: no point is nearer to an edge's end than float64 can tell.
    const coordinate = fc.integer({ min: -(2 ** 40), max: 2 ** 40 }).map((n) => n * 2 ** -30);
    const near = fc.oneof({ arbitrary: coordinate, weight: 20 }, fc.constant(Number.NaN));
    fc.assert(fc.property(pairs(near, 1, 60), pairs(coordinate, 3, 40), expectByTheBook), { numRuns: 1000 });
  });

  it("are the textbook's at the borders of the bands that make it fast", () => {
    const corner = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(pairs(corner, 3, 12), (outline) => {
        const ys = outline.filter((_, index) => index % 2 === 1);
        const [low, high] = [Math.min(...ys), Math.max(...ys)];
        const bands = 2 * outline.length;
        const points: number[] = [];
        for (let band = 0; band <= bands; band++) {
          const border = low + (band * (high - low)) / bands;
          for (const y of [border, border - 1e-4, border + 1e-4]) points.push(-500, y, 0.5, y, 333, y);
        }
        for (let index = 0; index < outline.length; index += 2) points.push(outline[index], outline[index + 1]);
        expectByTheBook(points, outline);
      }),
      { numRuns: 500 },
    );
  });

  it("are the textbook's deep in a zoom, far from the origin", () => {
    const offset = fc.integer({ min: 0, max: 64 }).map((n) => 1000 + n * 2 ** -14); // neighbours in float32
    const corner = fc.integer({ min: 0, max: 2 ** 22 }).map((n) => 1000 + n * 2 ** -30);
    fc.assert(fc.property(pairs(offset, 1, 40), pairs(corner, 3, 12), expectByTheBook), { numRuns: 500 });
  });

  it("are the textbook's for 200,000 points and an outline of 300 corners", () => {
    const random = numbers(1);
    const xy = Float32Array.from({ length: 400_000 }, () => 20 * random() - 10);
    const outline = Array.from({ length: 300 }, (_, corner) => {
      const angle = (corner / 300) * 6 * Math.PI; // three rounds: it crosses itself
      const radius = 3 + 6 * random();
      return [radius * Math.cos(angle), radius * Math.sin(angle)];
    }).flat();
    const inside = pointsInside(flat(xy), outline);
    expect(inside.count).toBeGreaterThan(10_000);
    for (let cell = 0; cell < 200_000; cell += 37) {
      expect(inside.has(cell)).toBe(insideByTheBook(xy[2 * cell], xy[2 * cell + 1], outline));
    }
  });

  it("are found among numbers of three a point by the first two, in either precision", () => {
    const square = [0, 0, 4, 0, 4, 4, 0, 4];
    const values = [2, 2, 9, -1, 2, 2, 1, 3, Number.NaN, 2, 5, 2];
    for (const numbers of [Float32Array.from(values), Float64Array.from(values)]) {
      expect([...pointsInside({ values: numbers, stride: 3 }, square).toPositions()]).toEqual([0, 2]);
    }
  });
});

describe("the points in a rectangle", () => {
  it("are those in it and on its border, whichever corners it is given by", () => {
    const xy = flat(Float32Array.of(1, 2, 3, 4, 2, 3, 0.99, 3, 2, 4.01, 1, 4, Number.NaN, 3, 2, Number.NaN));
    for (const [a, b] of [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [3, 4],
        [1, 2],
      ],
      [
        [1, 4],
        [3, 2],
      ],
    ] as [[number, number], [number, number]][]) {
      expect([...pointsBetween(xy, a, b).toPositions()]).toEqual([0, 1, 2, 5]);
    }
  });

  it("are by any corners those between them", () => {
    const coordinate = fc.integer({ min: -6, max: 6 });
    fc.assert(
      fc.property(pairs(coordinate, 0, 40), fc.tuple(coordinate, coordinate, coordinate, coordinate), (points, at) => {
        const [x0, y0, x1, y1] = at;
        const between = (value: number, a: number, b: number) => (value - a) * (value - b) <= 0;
        const expected: number[] = [];
        for (let cell = 0; cell < points.length / 2; cell++) {
          if (between(points[2 * cell], x0, x1) && between(points[2 * cell + 1], y0, y1)) expected.push(cell);
        }
        const found = pointsBetween(flat(Float32Array.from(points)), [x0, y0], [x1, y1]);
        expect([...found.toPositions()]).toEqual(expected);
      }),
    );
  });
});
