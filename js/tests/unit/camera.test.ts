import { effect } from "@preact/signals-core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Camera } from "../../src/scene/camera";
import type { Box, Points, Pose } from "../../src/state/store";

type Place = readonly [number, number, number];

function lookingAt(box: Box, width = 640, height = 480, axes: 2 | 3 = 2): Camera {
  const camera = new Camera();
  camera.resize(width, height);
  camera.show(box, axes, null);
  return camera;
}

const BOX: Box = { min: [-3, 2, 0], max: [7, 12, 0] };
const IMAGE: Box = { ...BOX, yDown: true };
const CUBE: Box = { min: [-1, -2, -3], max: [3, 4, 5] };
const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const plot = fc.tuple(fc.integer({ min: 60, max: 2000 }), fc.integer({ min: 60, max: 2000 }));
const anyBox = fc
  .tuple(
    number(-1e3, 1e3),
    number(-1e3, 1e3),
    number(-1e3, 1e3),
    number(1e-2, 1e3),
    number(1e-2, 1e3),
    number(1e-2, 1e3),
  )
  .map(([x, y, z, dx, dy, dz]): Box => ({ min: [x, y, z], max: [x + dx, y + dy, z + dz] }));
const moves = fc.record({
  zooms: fc.array(fc.tuple(fc.nat(600), fc.nat(400), number(0.2, 5)), { maxLength: 5 }),
  pan: fc.tuple(number(-300, 300), number(-300, 300)),
  turn: fc.tuple(number(-2000, 2000), number(-500, 500)),
});
const cameraOf = (axes: 2 | 3) =>
  fc.tuple(anyBox, plot, moves).map(([box, size, { zooms, pan, turn }]) => {
    const camera = lookingAt(box, ...size, axes);
    camera.orbit(...turn);
    for (const zoom of zooms) camera.zoomAt(...zoom);
    camera.pan(...pan);
    return camera;
  });
const anyCamera = fc.oneof(cameraOf(2), cameraOf(3));

/** The definition of docs/design/0002-two-roads.md, written down anew. */
function projectByTheBook(pose: Pose, box: Box, [width, height]: readonly [number, number], place: Place) {
  const [a, e] = [(pose.azimuth / 180) * Math.PI, (pose.elevation / 180) * Math.PI];
  const diagonal = Math.sqrt([0, 1, 2].reduce((sum, axis) => sum + (box.max[axis] - box.min[axis]) ** 2, 0));
  const [x, y, z] = place.map((coordinate, axis) => coordinate - pose.center[axis]);
  const right = -Math.sin(a) * x + Math.cos(a) * y;
  const up = -Math.sin(e) * Math.cos(a) * x - Math.sin(e) * Math.sin(a) * y + Math.cos(e) * z;
  const toward = Math.cos(e) * Math.cos(a) * x + Math.cos(e) * Math.sin(a) * y + Math.sin(e) * z;
  const distance = (3 * diagonal) / 2;
  const radius = box.radius ?? diagonal / 2;
  const outline = diagonal > 0 ? radius / Math.sqrt(1 - (radius / distance) ** 2) : 0.5; // of a sphere in perspective
  const scale = ((Math.min(width, height) - 56) / (2 * outline)) * pose.zoom;
  const s = distance / (distance - toward);
  return { at: [width / 2 + right * scale * s, height / 2 - up * scale * s], toward, behind: toward >= distance };
}

describe("a camera over an image", () => {
  it("shows the second axis downwards and the first to the right", () => {
    const [camera, upwards] = [lookingAt(IMAGE), lookingAt(BOX)];
    const [x, y] = camera.project(-3, 2);
    const [right, below] = camera.project(7, 12);
    expect(right).toBeGreaterThan(x);
    expect(below).toBeGreaterThan(y);
    expect(upwards.project(-3, 12)).toEqual([x, y]);
  });

  it("moves, zooms and finds places as over any plane", () => {
    const camera = lookingAt(IMAGE);
    const place = camera.unproject(200, 130);
    camera.zoomAt(200, 130, 3);
    expect(camera.project(...place)[0]).toBeCloseTo(200, 6);
    expect(camera.project(...place)[1]).toBeCloseTo(130, 6);
    camera.pan(15, -20);
    expect(camera.project(...place)[0]).toBeCloseTo(215, 6);
    expect(camera.project(...place)[1]).toBeCloseTo(110, 6);
  });
});

describe("the camera", () => {
  it("finds the way back from the data to the plot", () => {
    fc.assert(
      fc.property(anyCamera, number(0, 2000), number(0, 2000), (camera, x, y) => {
        const [backX, backY] = camera.project(...camera.unproject(x, y));
        expect(backX).toBeCloseTo(x, 3);
        expect(backY).toBeCloseTo(y, 3);
      }),
    );
  });

  it("has y up in a plane", () => {
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
    expect(camera.unproject(30, 40)).toEqual(before);
    camera.zoomAt(100, 100, 1e-12);
    expect(camera.pose.value.zoom).toBeGreaterThan(0);
  });

  it("stays where Python has put it beyond those bounds, and comes back from there", () => {
    const camera = lookingAt(BOX);
    camera.moveTo({ ...camera.fitted(), zoom: 1e6 }, false);
    expect(camera.pose.value.zoom).toBe(1e6);
    camera.zoomAt(0, 0, 2);
    expect(camera.pose.value.zoom).toBe(1e6);
    camera.zoomAt(0, 0, 0.5);
    expect(camera.pose.value.zoom).toBe(5e5);
  });

  it("pans what is seen with the pointer", () => {
    fc.assert(
      fc.property(anyCamera, number(-300, 300), number(-300, 300), (camera, dx, dy) => {
        const under = camera.unproject(100, 80);
        camera.pan(dx, dy);
        const [x, y] = camera.project(...under);
        expect(x).toBeCloseTo(100 + dx, 2);
        expect(y).toBeCloseTo(80 + dy, 2);
      }),
    );
  });

  it("fits a plane's box into the plot, centred, with a margin, filling one side of it", () => {
    const size = fc.tuple(fc.integer({ min: 100, max: 3000 }), fc.integer({ min: 100, max: 3000 }));
    fc.assert(
      fc.property(anyBox, size, (box, [width, height]) => {
        const camera = lookingAt(box, width, height);
        const [left, bottom] = camera.project(...box.min);
        const [right, top] = camera.project(...box.max);
        const margins = [left, top, width - right, height - bottom];
        for (const margin of margins) expect(margin).toBeGreaterThan(10);
        expect(left).toBeCloseTo(width - right, 3);
        expect(top).toBeCloseTo(height - bottom, 3);
        expect(Math.min(left, top)).toBeLessThan(40);
      }),
    );
  });

  it("comes back to the box that it shows", () => {
    for (const axes of [2, 3] as const) {
      const camera = lookingAt(CUBE, 640, 480, axes);
      const fitted = camera.pose.value;
      camera.zoomAt(20, 30, 8);
      camera.orbit(50, 20);
      camera.pan(500, 2);
      camera.fit();
      expect(camera.pose.value).toEqual(fitted);
      expect(camera.fitted()).toEqual(fitted);
    }
  });

  it("begins where matplotlib does, in the middle of the box", () => {
    expect(lookingAt(CUBE, 640, 480, 3).pose.value).toEqual({
      center: [1, 1, 1],
      zoom: 1,
      azimuth: -60,
      elevation: 30,
    });
    expect(lookingAt(CUBE, 640, 480, 2).pose.value).toEqual({
      center: [1, 1, 0],
      zoom: 1,
      azimuth: -60,
      elevation: 30,
    });
  });

  it("shows other data from a given pose", () => {
    const camera = lookingAt(BOX);
    const pose = { center: [1, 2, 3], zoom: 2, azimuth: 10, elevation: -20 } as const;
    camera.show(CUBE, 3, pose);
    expect(camera.axes).toBe(3);
    expect(camera.pose.value).toEqual(pose);
    expect(camera.project(1, 2, 3)).toEqual([320, 240]);
  });

  it.each<[string, Box]>([
    ["one cell", { min: [5, -2, 1], max: [5, -2, 1] }],
    ["cells on a level line", { min: [0, 3, 1], max: [10, 3, 1] }],
    ["cells on an upright line", { min: [4, 0, 1], max: [4, 1e-3, 1] }],
    ["one cell far away", { min: [1e7, 1e7, 1e7], max: [1e7, 1e7, 1e7] }],
  ])("shows %s in the middle", (_name, box) => {
    for (const axes of [2, 3] as const) {
      const camera = lookingAt(box, 640, 480, axes);
      expect(camera.scale).toBeGreaterThan(0);
      expect(Number.isFinite(camera.scale)).toBe(true);
      const middle = box.min.map((low, axis) => (low + box.max[axis]) / 2);
      expect(camera.project(middle[0], middle[1], middle[2])).toEqual([320, 240]);
      for (const [x, y] of [camera.project(...box.min), camera.project(...box.max)]) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(640);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y).toBeLessThanOrEqual(480);
      }
    }
  });

  it("keeps its centre and what fits when the plot is resized", () => {
    const camera = lookingAt(BOX);
    camera.resize(200, 900);
    expect(camera.unproject(100, 450)).toEqual([2, 7, 0]);
    const [left, bottom] = camera.project(...BOX.min);
    const [right, top] = camera.project(...BOX.max);
    expect(Math.min(left, top)).toBeGreaterThan(0);
    expect(right).toBeLessThan(200);
    expect(bottom).toBeLessThan(900);
  });

  it("survives a plot without room", () => {
    for (const axes of [2, 3] as const) {
      const camera = lookingAt(BOX, 0, 0, axes);
      expect(camera.project(2, 7)).toEqual([0, 0]);
      expect(camera.unproject(0, 0)).toEqual([2, 7, 0]);
    }
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

  it("moves to a smaller box so that it fits as all did, and keeps the angles", () => {
    fc.assert(
      fc.property(anyCamera, anyBox, (camera, box) => {
        const { azimuth, elevation } = camera.pose.value;
        const pose = camera.poseFor(box);
        const [width, height] = camera.size.value;
        const alone = lookingAt(box, width, height, camera.axes);
        expect(pose).toMatchObject({ azimuth, elevation, center: alone.pose.value.center });
        camera.moveTo(pose, false);
        if (pose.zoom > 0.2 && pose.zoom < 1e5) expect(camera.scale / alone.scale).toBeCloseTo(1, 9);
      }),
    );
  });

  it("goes to a box without extent at the zoom that it has", () => {
    for (const axes of [2, 3] as const) {
      const camera = lookingAt(CUBE, 640, 480, axes);
      camera.zoomAt(10, 10, 7);
      const pose = camera.poseFor({ min: [2, 3, 0], max: [2, 3, 0] });
      expect(pose).toEqual({ ...camera.pose.value, center: [2, 3, 0] });
    }
  });
});

describe("the orbit", () => {
  it("projects as the design says, and knows what is behind the viewer", () => {
    const place = fc.tuple(number(-3e3, 3e3), number(-3e3, 3e3), number(-3e3, 3e3));
    fc.assert(
      fc.property(anyBox, plot, moves, place, (box, size, { turn, pan, zooms }, at) => {
        const camera = lookingAt(box, ...size, 3);
        camera.orbit(...turn);
        camera.pan(...pan);
        for (const zoom of zooms) camera.zoomAt(...zoom);
        const expected = projectByTheBook(camera.pose.value, box, size, at);
        const [x, y] = camera.project(...at);
        expect(Number.isNaN(x)).toBe(expected.behind);
        expect(camera.depth(...at)).toBeCloseTo(expected.toward, 6);
        if (expected.behind) return;
        const close = (found: number, right: number) => Math.abs(found - right) <= 1e-7 * Math.max(1, Math.abs(right));
        expect([close(x, expected.at[0]), close(y, expected.at[1])]).toEqual([true, true]);
      }),
    );
  });

  it("projects all cells as it does each", () => {
    const coordinate = fc.oneof({ arbitrary: number(-2e3, 2e3), weight: 30 }, fc.constantFrom(Number.NaN, Infinity));
    const places = fc.array(fc.tuple(coordinate, coordinate, coordinate), { maxLength: 30 });
    fc.assert(
      fc.property(anyCamera, places, (camera, cells) => {
        const coords = Float32Array.from(cells.flat());
        const points: Points = {
          ...{ key: "X", coords, stride: 3, axes: camera.axes, dimension: camera.axes, placed: cells.length },
          ...CUBE,
        };
        const all = camera.projectAll(points);
        for (let cell = 0; cell < cells.length; cell++) {
          const [x, y, z] = coords.subarray(3 * cell, 3 * cell + 3);
          const placed = [x, y, z].every(Number.isFinite);
          expect([...all.slice(2 * cell, 2 * cell + 2)]).toEqual(
            placed ? camera.project(x, y, z) : [Number.NaN, Number.NaN],
          );
        }
      }),
    );
  });

  it("shows what is near larger than what is far, and everything at the centre at one scale", () => {
    const camera = lookingAt(CUBE, 640, 480, 3);
    camera.moveTo({ ...camera.fitted(), azimuth: -90, elevation: 0 }, false); // along y
    const width = (y: number) => camera.project(2, y, 1)[0] - camera.project(1, y, 1)[0];
    expect(width(1)).toBeCloseTo(camera.scale, 9);
    expect(width(-2)).toBeGreaterThan(camera.scale);
    expect(width(4)).toBeLessThan(camera.scale);
    expect(camera.depth(1, -2, 1)).toBeCloseTo(3, 9);
    expect(camera.depth(1, 4, 1)).toBeCloseTo(-3, 9);
  });

  it("fits the box however it is turned", () => {
    const size = fc.integer({ min: 200, max: 900 });
    fc.assert(
      fc.property(anyBox, size, size, number(-900, 900), number(-225, 225), (box, width, height, dx, dy) => {
        const camera = lookingAt(box, width, height, 3);
        camera.orbit(dx, dy);
        for (const x of [box.min[0], box.max[0]])
          for (const y of [box.min[1], box.max[1]])
            for (const z of [box.min[2], box.max[2]]) {
              const [px, py] = camera.project(x, y, z);
              expect(Math.min(px, py, width - px, height - py)).toBeGreaterThan(0);
            }
      }),
    );
  });

  it("fits the cells and not the empty corners of their box", () => {
    const camera = lookingAt({ ...CUBE, radius: 3 }, 640, 480, 3);
    const { center } = camera.pose.value;
    let farthest = 0;
    for (let turn = 0; turn < 1000; turn++) {
      const [x, z] = [3 * Math.cos(turn / 79.6), 3 * Math.sin(turn / 79.6)];
      const [, y] = camera.project(center[0] + x, center[1], center[2] + z);
      farthest = Math.max(farthest, Math.abs(240 - y));
      camera.orbit(1, turn % 2 === 0 ? 9 : -9);
    }
    expect(farthest).toBeLessThanOrEqual(240 - 28);
    expect(farthest).toBeGreaterThan(0.9 * (240 - 28));
  });

  it("follows the hand: what is in front moves with it", () => {
    const camera = lookingAt(CUBE, 640, 480, 3);
    const { center } = camera.pose.value;
    const { toward } = camera.projection;
    const front: Place = [center[0] + toward[0], center[1] + toward[1], center[2] + toward[2]];
    camera.orbit(25, 0);
    expect(camera.project(...front)[0]).toBeGreaterThan(320);
    expect(camera.pose.value.azimuth).toBeCloseTo(-70, 9);
    camera.fit();
    camera.orbit(0, 25);
    expect(camera.project(...front)[1]).toBeGreaterThan(240);
    expect(camera.pose.value.elevation).toBeCloseTo(40, 9);
  });

  it("turns round and round, but never over the top", () => {
    const camera = lookingAt(CUBE, 640, 480, 3);
    camera.orbit(0, 1e4);
    expect(camera.pose.value.elevation).toBe(90);
    camera.orbit(0, -1e5);
    expect(camera.pose.value.elevation).toBe(-90);
    const before = camera.project(1, 2, 3);
    camera.orbit(900, 0);
    expect(camera.project(1, 2, 3)).toEqual([expect.closeTo(before[0], 6), expect.closeTo(before[1], 6)]);
    expect(Math.abs(camera.pose.value.azimuth)).toBeLessThanOrEqual(180);
    camera.moveTo({ ...camera.fitted(), elevation: 100 }, false);
    expect(camera.pose.value.elevation).toBe(90);
  });

  it("keeps z up on the screen", () => {
    fc.assert(
      fc.property(cameraOf(3), (camera) => {
        fc.pre(Math.abs(camera.pose.value.elevation) < 85);
        const [x, y, z] = camera.pose.value.center;
        const step = 0.1 / camera.projection.nearness;
        const [below, above] = [camera.project(x, y, z), camera.project(x, y, z + step)];
        expect(above[1]).toBeLessThan(below[1]);
        expect(above[0]).toBeCloseTo(below[0], 3);
      }),
    );
  });

  it("is none in a plane", () => {
    const camera = lookingAt(CUBE);
    const { pose } = camera;
    const before = pose.value;
    camera.orbit(100, 100);
    expect(pose.value).toBe(before);
    expect(camera.project(1, 2, 99)).toEqual(camera.project(1, 2));
    expect(camera.depth(1, 2, 99)).toBe(0);
  });
});

describe("a move that the eye can follow", () => {
  let frames: ((now: number) => void)[] = [];
  let reduced = false;
  const at = (now: number) => {
    for (const frame of frames.splice(0)) frame(now);
  };
  const target: Pose = { center: [2, 1, 0], zoom: 8, azimuth: -60, elevation: 30 };

  beforeEach(() => {
    frames = [];
    reduced = false;
    vi.stubGlobal("document", { hidden: false });
    vi.stubGlobal("matchMedia", (query: string) => ({ matches: reduced && query.includes("reduce") }));
    vi.stubGlobal("requestAnimationFrame", (frame: (now: number) => void) => frames.push(frame));
    vi.stubGlobal("cancelAnimationFrame", () => frames.splice(0));
  });
  afterEach(() => vi.unstubAllGlobals());

  it("ends exactly there, within a fifth of a second, and says when it moves", () => {
    const camera = lookingAt(CUBE);
    const told: boolean[] = [];
    const stop = effect(() => void told.push(camera.moving.value));
    const zooms: number[] = [];
    const watch = effect(() => void zooms.push(camera.pose.value.zoom));
    camera.moveTo(target, true);
    for (let now = 1000; now <= 1200; now += 20) at(now);
    expect(camera.pose.value).toEqual(target);
    expect(told).toEqual([false, true, false]);
    expect(zooms.length).toBeGreaterThan(6);
    expect(zooms).toEqual([...zooms].sort((a, b) => a - b));
    expect(frames).toEqual([]);
    stop();
    watch();
  });

  it("keeps on the screen what the zoom turns round", () => {
    const camera = lookingAt(CUBE);
    camera.zoomAt(200, 100, 6);
    const zoomed = camera.pose.value;
    camera.fit();
    const under = camera.unproject(200, 100);
    camera.moveTo(zoomed, true);
    for (let now = 0; now < 180; now += 30) {
      at(now);
      const [x, y] = camera.project(...under);
      expect([x, y]).toEqual([expect.closeTo(200, 6), expect.closeTo(100, 6)]);
    }
  });

  it("turns the short way round", () => {
    const camera = lookingAt(CUBE, 640, 480, 3);
    camera.moveTo({ ...camera.fitted(), azimuth: 170 }, false);
    camera.moveTo({ ...camera.fitted(), azimuth: -170 }, true);
    at(0);
    at(60);
    expect(Math.abs(camera.pose.value.azimuth)).toBeGreaterThan(170);
    at(500);
    expect(camera.pose.value.azimuth).toBe(-170);
  });

  it.each<[string, (camera: Camera) => void]>([
    ["a pan", (camera) => camera.pan(1, 1)],
    ["a turn", (camera) => camera.orbit(1, 1)],
    ["the wheel", (camera) => camera.zoomAt(5, 5, 1.1)],
    ["a press", (camera) => camera.stop()],
  ])("is ended where it is by %s", (_name, interrupt) => {
    const camera = lookingAt(CUBE, 640, 480, 3);
    camera.moveTo(target, true);
    at(0);
    at(60);
    interrupt(camera);
    expect(camera.moving.value).toBe(false);
    const stopped = camera.pose.value;
    at(200);
    expect(camera.pose.value).toBe(stopped);
    expect(stopped.zoom).toBeGreaterThan(1);
    expect(stopped.zoom).toBeLessThan(8);
  });

  it("gives way to the next", () => {
    const camera = lookingAt(CUBE);
    camera.moveTo(target, true);
    at(0);
    at(60);
    camera.fit();
    at(300);
    expect(camera.pose.value).toEqual(camera.fitted());
    expect(camera.moving.value).toBe(false);
  });

  it("is at once for whoever asked for less motion, and on a page that nobody sees", () => {
    const camera = lookingAt(CUBE);
    reduced = true;
    camera.moveTo(target, true);
    expect(camera.pose.value).toEqual(target);
    reduced = false;
    camera.fit();
    vi.stubGlobal("document", { hidden: true });
    camera.moveTo(target, true);
    expect(camera.pose.value).toEqual(target);
    expect(camera.moving.value).toBe(false);
  });
});
