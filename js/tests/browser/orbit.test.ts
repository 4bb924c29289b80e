import { describe, expect, it, vi } from "vitest";
import type { Panel } from "../../src/scene/scene";
import { Bitset } from "../../src/state/bitset";
import type { Pose } from "../../src/state/store";
import {
  cellsIn,
  continuous,
  expectColor,
  inColors,
  inkOf,
  mapped,
  onScreenWithRatio,
  painted,
  panelInFrontOf,
  panelOver,
  pixel,
  pixelIn,
  type Rgba,
  rgba,
  THEME,
  useScenes,
} from "./picture";

/** Where a cell of the cube is in device pixels, after the definition in docs/design/0002-two-roads.md. */
function placeByTheBook(pose: Pose, size: number, ratio: number, place: readonly number[]): [number, number] {
  const [a, e] = [(pose.azimuth * Math.PI) / 180, (pose.elevation * Math.PI) / 180];
  const [x, y, z] = place.map((coordinate, axis) => coordinate - pose.center[axis]);
  const diagonal = 10 * Math.sqrt(3);
  const right = -x * Math.sin(a) + y * Math.cos(a);
  const up = -(x * Math.cos(a) + y * Math.sin(a)) * Math.sin(e) + z * Math.cos(e);
  const toward = (x * Math.cos(a) + y * Math.sin(a)) * Math.cos(e) + z * Math.sin(e);
  const fitted = diagonal / Math.sqrt(1 - 1 / 9); // the sphere round the box, in perspective
  const scale = ((size - 56) / fitted) * pose.zoom * (1 / (1 - toward / (1.5 * diagonal)));
  return [(size / 2 + right * scale) * ratio, (size / 2 - up * scale) * ratio];
}

/** The middle of what has been painted in about this colour. */
function middleOf({ canvas }: Panel, [red, green, blue]: Rgba): [number, number] {
  const { width, height } = canvas;
  const data = canvas.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
  let [x, y, weight] = [0, 0, 0];
  for (let index = 0; index < width * height; index++) {
    const channels = [data[4 * index], data[4 * index + 1], data[4 * index + 2]];
    const far = Math.max(...[red, green, blue].map((channel, at) => Math.abs(channel - channels[at])));
    if (data[4 * index + 3] === 0 || far > 140) continue;
    const alpha = data[4 * index + 3];
    [x, y, weight] = [
      x + alpha * ((index % width) + 0.5),
      y + alpha * (Math.floor(index / width) + 0.5),
      weight + alpha,
    ];
  }
  expect(weight, "pixels of the cell's colour").toBeGreaterThan(0);
  return [x / weight, y / weight];
}

/** What a colour is at a depth: 0 at the front of the box, 1 at its back, fading to white by half. */
function faded(color: string, far: number): Rgba {
  const [red, green, blue] = rgba(color).map((channel) => channel + (255 - channel) * 0.5 * far);
  return [red, green, blue, 255];
}

/** How far to the back of the box lies what is so many units in front of the centre. */
const farAt = (depth: number) => 0.5 - depth / (10 * Math.sqrt(3));

describe("the scene in three dimensions", () => {
  const { show } = useScenes();

  it("draws each cell where the camera's definition says, from every side", async () => {
    const places: [number, number, number][] = [
      [4, -3, 2],
      [-4, 1, 4],
      [1, 4, -4],
    ];
    const colors = ["#ff0000", "#00ff00", "#0000ff"];
    const panel = panelOver({ min: [-5, -5, -5], max: [5, 5, 5] }, 400, 400, 3);
    const [, scene] = show(cellsIn(...places), inColors(...colors), panel);
    const { camera } = panel;
    const poses: Partial<Pose>[] = [
      {},
      { azimuth: 25, elevation: -50, zoom: 1.5, center: [0.5, -0.4, 0.3] },
      { azimuth: 170, elevation: 85 },
      { azimuth: -120, elevation: 0, zoom: 0.6 },
    ];
    for (const ratio of [1, 2]) {
      onScreenWithRatio(ratio);
      for (const pose of poses) {
        camera.moveTo({ ...camera.fitted(), ...pose }, false);
        await painted(scene);
        places.forEach((place, cell) => {
          const expected = placeByTheBook(camera.pose.value, 400, ratio, place);
          const found = middleOf(panel, rgba(colors[cell]));
          expect(Math.hypot(found[0] - expected[0], found[1] - expected[1])).toBeLessThan(0.6);
        });
      }
    }
  });

  it("covers far cells with near ones, in whichever order they come", async () => {
    for (const [near, far] of [
      [0, 1],
      [1, 0],
    ]) {
      const places: [number, number, number][] = [];
      places[near] = [0, -3, 0];
      places[far] = [0, 3, 0];
      const colors: string[] = [];
      [colors[near], colors[far]] = ["#ff0000", "#0000ff"];
      const [, scene, panel] = show(cellsIn(...places), inColors(...colors));
      await painted(scene);
      expectColor(pixelIn(panel, [0, 0, 0]), faded("#ff0000", farAt(3)));
      panel.camera.moveTo({ ...panel.camera.pose.value, azimuth: 90 }, false); // from behind
      await painted(scene);
      expectColor(pixelIn(panel, [0, 0, 0]), faded("#0000ff", farAt(3)));
    }
  });

  it("covers far cells with near ones of low values, and of cells on one spot shows the high one", async () => {
    const [store, scene, panel] = show(cellsIn([0, -3, 0], [0, 3, 0], [3, 0, 0], [3, 0, 0]), continuous(1, 9, 9, 1));
    await painted(scene);
    const at = (t: number, far: number) => faded(`#${mapped("viridis", t).slice(0, 3).map(hex).join("")}`, far);
    expectColor(pixelIn(panel, [0, 0, 0]), at(0, farAt(3)));
    expectColor(pixelIn(panel, [3, 0, 0]), at(1, farAt(0)));
    store.column.value = continuous(1, 9, 1, 9);
    await painted(scene);
    expectColor(pixelIn(panel, [3, 0, 0]), at(1, farAt(0)));
  });

  it("fades what is far to the background, by half at most", async () => {
    const [, scene, panel] = show(cellsIn([-3, -5, 0], [0, 0, 0], [3, 5, 0]), inColors(...Array(3).fill("#ff0000")));
    await painted(scene);
    const green = [-3, 0, 3].map((x, cell) => pixelIn(panel, [x, 5 * (cell - 1), 0])[1]);
    expect(green[0]).toBeLessThan(green[1] - 20);
    expect(green[1]).toBeLessThan(green[2] - 20);
    expectColor(pixelIn(panel, [-3, -5, 0]), faded("#ff0000", farAt(5)));
    expectColor(pixelIn(panel, [0, 0, 0]), faded("#ff0000", 0.5));
    expectColor(pixelIn(panel, [3, 5, 0]), faded("#ff0000", farAt(-5)));
  });

  it("fades to the background that there is", async () => {
    const dark: Panel = { ...panelInFrontOf(), theme: () => ({ ...THEME, background: "#000000" }) };
    const [, scene, panel] = show(cellsIn([0, 0, 0]), inColors("#ff0000"), dark);
    await painted(scene);
    expectColor(pixelIn(panel, [0, 0, 0]), rgba("#bf0000"));
  });

  it("draws near cells larger", async () => {
    const ink = async (depth: number) => {
      const [store, scene, panel] = show(cellsIn([0, -depth, 0]));
      store.pointSize.value = 4;
      await painted(scene);
      return inkOf(panel.canvas);
    };
    const [near, middle, far] = [await ink(8), await ink(0), await ink(-8)];
    // Diameters go with 1 / (1 - depth / D), areas with their squares.
    const distance = 15 * Math.sqrt(3);
    expect(near / middle / (1 - 8 / distance) ** -2).toBeCloseTo(1, 0.9);
    expect(far / middle / (1 + 8 / distance) ** -2).toBeCloseTo(1, 0.9);
    expect(near).toBeGreaterThan(1.5 * middle);
    expect(middle).toBeGreaterThan(1.3 * far);
  });

  it("draws nothing that lies behind the viewer or has no place", async () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    const [, scene, panel] = show(cellsIn([0, -26.1, 0], [0.1, -40, 0], [0, 0, nan], [nan, 0, 0], [0, infinity, 0]));
    await painted(scene);
    expect(inkOf(panel.canvas)).toBe(0);
    expect(scene.countPlaced()).toBe(2);
  });

  it("puts selected cells in front of the others, and the near one in front of the far", async () => {
    const colors = ["#ff0000", "#00ff00", "#0000ff"];
    const [store, scene, panel] = show(cellsIn([0, -4, 0], [0, 0, 0], [0, 4, 0]), inColors(...colors));
    store.select(Bitset.fromPositions(3, [1, 2]), "lasso", "replace");
    await painted(scene);
    expectColor(pixelIn(panel, [0, 0, 0]), faded("#00ff00", 0.5));
    store.select(Bitset.fromPositions(3, [2]), "lasso", "replace");
    await painted(scene);
    expectColor(pixelIn(panel, [0, 0, 0]), faded("#0000ff", farAt(-4)));
  });

  it("dims the others, however many lie behind each other", async () => {
    const crowd = Array.from({ length: 20 }, (_, index): [number, number, number] => [0, index / 5 - 2, 0]);
    const [store, scene, panel] = show(cellsIn([3, 0, 0], ...crowd), inColors(...Array(21).fill("#ff0000")));
    store.select(Bitset.fromPositions(21, [0]), "lasso", "replace");
    await painted(scene);
    expect(pixelIn(panel, [0, 0, 0])[3]).toBeCloseTo(0.15 * 255, -1);
    expect(pixelIn(panel, [3, 0, 0])[3]).toBe(255);
  });

  it("blends the soft edge of a near cell with what lies behind it, in whichever order they come", async () => {
    for (const nearFirst of [true, false]) {
      const places: [number, number, number][] = [
        [0.6, -1, 0],
        [0, 1, 0],
      ];
      const colors = ["#ff0000", "#0000ff"];
      const order = nearFirst ? [0, 1] : [1, 0];
      const [store, scene, panel] = show(
        cellsIn(...order.map((cell) => places[cell])),
        inColors(...order.map((cell) => colors[cell])),
      );
      store.pointSize.value = 4;
      await painted(scene);
      const [x, y] = panel.camera.project(0, 1, 0).map(Math.round);
      let mixtures = 0;
      for (const down of [-6, -4, -2, 0, 2, 4, 6]) {
        const row = Array.from({ length: 101 }, (_, right) => pixel(panel.canvas, x + right - 50, y + down));
        // The near one's left edge lies on the far one, and the ground shows nowhere between the two.
        const [blue, red] = [row.findIndex(isBlue), row.findIndex(isRed)];
        expect(blue).toBeGreaterThanOrEqual(0);
        const before = row.slice(blue + 1, red); // its own edge is soft, too
        expect(before.filter(isBlue).length).toBeGreaterThanOrEqual(4);
        mixtures += before.filter((each) => !isBlue(each)).length;
        expect(before.map(([, , , alpha]) => alpha)).toEqual(Array(before.length).fill(255));
      }
      expect(mixtures).toBeGreaterThanOrEqual(1);
    }
  });

  it("gives cells a soft edge", async () => {
    const [store, scene, panel] = show(cellsIn([0.01, 0, 0.02]), inColors("#ff0000"));
    store.pointSize.value = 4;
    await painted(scene);
    const { width, height } = panel.canvas;
    const data = panel.canvas.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
    const faint = [...data].filter((alpha, index) => index % 4 === 3 && alpha > 10 && alpha < 120);
    expect(faint.length).toBeGreaterThan(8);
  });

  it("makes the whole picture faint, whatever lies behind what", async () => {
    const [store, scene, panel] = show(cellsIn([0, -3, 0], [0, 3, 0]), inColors("#ff0000", "#0000ff"));
    store.opacity.value = 0.4;
    await painted(scene);
    const [red, green, blue] = faded("#ff0000", farAt(3));
    expectColor(pixelIn(panel, [0, 0, 0]), [red, green, blue, 102], 4);
    store.opacity.value = 0;
    await painted(scene);
    expect(inkOf(panel.canvas)).toBe(0);
  });

  it("moves no coordinates when it becomes a plane", async () => {
    const points = cellsIn([3, 4, -2], [-3, 0, 2]);
    const [store, scene, panel] = show(points, inColors("#ff0000", "#00ff00"));
    await painted(scene);
    const upload = vi.spyOn(WebGL2RenderingContext.prototype, "bufferData");
    store.points.value = { ...points, axes: 2, dimension: 2 };
    panel.camera.show(points, 2, null);
    await painted(scene);
    expect(upload).not.toHaveBeenCalled();
    expectColor(pixelIn(panel, [3, 4, 0]), rgba("#ff0000"));
    expectColor(pixelIn(panel, [-3, 0, 0]), rgba("#00ff00"));
    expect(scene.countPlaced()).toBe(2);
  });

  it("leaves the plane beside it as it is", async () => {
    // One context draws both: what one leaves behind must not show in the other.
    const [store, scene, space] = show(cellsIn([0, -3, 0], [0, 3, 0]), inColors("#ff0000", "#0000ff"));
    const plane = panelOver({ min: [-5, -5, 0], max: [5, 5, 0] });
    scene.add(plane);
    for (const size of [1, 2]) {
      store.pointSize.value = size;
      await painted(scene);
      expectColor(pixelIn(space, [0, 0, 0]), faded("#ff0000", farAt(3)));
      expectColor(pixelIn(plane, [0, 3, 0]), rgba("#0000ff"));
    }
  });
});

const isRed = ([red, , blue]: Rgba) => red > 220 && blue < 150;
const isBlue = ([red, , blue]: Rgba) => blue > 220 && red < 150;

function hex(channel: number): string {
  return channel.toString(16).padStart(2, "0");
}
