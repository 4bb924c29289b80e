import { beforeEach, describe, expect, it, vi } from "vitest";
import { cameraOf, mirrorTraits, poseOf, same } from "../../src/host/traits";
import { type Points, type Pose, Store } from "../../src/state/store";
import { FakeModel } from "../fakes/model";

const TRAITS = {
  embedding: "X_umap",
  dimension: 2,
  camera: { center: [1, 2], zoom: 1 },
  color_by: null,
  layer: null,
  colormap: "viridis",
  color_limits: null,
  point_size: 1,
  opacity: null,
  filters: {},
  tool: "navigate",
  height: 400,
  theme: "auto",
};
const POSE: Pose = { center: [3, 4, 0], zoom: 2, azimuth: -60, elevation: 30 };
const SPACE = { axes: 3 } as unknown as Points;

const saved = () => new Promise<void>((done) => queueMicrotask(done));

describe("traits and the store", () => {
  let model: FakeModel;
  let store: Store;
  let stop: () => void;

  beforeEach(() => {
    model = new FakeModel({ ...TRAITS });
    store = new Store(3);
    stop = mirrorTraits(model, store);
  });

  it("are the same at the start, and nothing is saved", async () => {
    expect(store.height.value).toBe(400);
    expect(store.camera.value.pose?.center).toEqual([1, 2, 0]);
    await saved();
    expect(model.saved).toEqual([]);
  });

  it.each([
    ["embedding", "X_tsne", () => store.embedding.value],
    ["dimension", 3, () => store.dimension.value],
    ["color_by", "louvain", () => store.colorBy.value],
    ["layer", "raw", () => store.layer.value],
    ["colormap", "magma_r", () => store.colormap.value],
    ["color_limits", [0, "p99"], () => store.colorLimits.value],
    ["point_size", 2, () => store.pointSize.value],
    ["opacity", 0, () => store.opacity.value],
    ["filters", { louvain: { hide: ["B"] } }, () => store.filters.value],
    ["tool", "box", () => store.tool.value],
    ["height", 300, () => store.height.value],
    ["theme", "dark", () => store.theme.value],
  ])("take %s from Python and do not echo it", async (name, value, read) => {
    model.change(name, value);
    expect(read()).toEqual(value);
    await saved();
    expect(model.saved).toEqual([]);
  });

  it("save what the viewer changes, once for what changes together, and nothing else", async () => {
    store.colorBy.value = "louvain";
    store.filters.value = { louvain: { hide: ["B"] } };
    await saved();
    expect(model.saved).toEqual([{ color_by: "louvain", filters: { louvain: { hide: ["B"] } } }]);
    store.filters.value = { louvain: { hide: ["B"] } };
    await saved();
    expect(model.saved).toHaveLength(1);
    store.colorBy.value = null;
    await saved();
    expect(model.saved.slice(1)).toEqual([{ color_by: null }]);
  });

  it("take what Python made of a value, and leave it at that", async () => {
    store.colorBy.value = "obs:louvain";
    await saved();
    model.change("color_by", "louvain");
    await saved();
    expect(store.colorBy.value).toBe("louvain");
    expect(model.saved).toEqual([{ color_by: "obs:louvain" }]);
  });

  it("keep an equal value of Python's as it is, so that nothing is drawn anew", () => {
    model.change("filters", { louvain: { hide: ["B"] } });
    const before = store.filters.value;
    model.change("filters", { louvain: { hide: ["B"] } });
    expect(store.filters.value).toBe(before);
  });

  it("part without a trace", async () => {
    stop();
    model.change("color_by", "louvain");
    store.pointSize.value = 3;
    store.camera.value = { pose: POSE, origin: {} };
    await new Promise((done) => setTimeout(done, 250));
    expect(store.colorBy.value).toBeNull();
    expect(model.saved).toEqual([]);
    expect(model.listenerCount).toBe(0);
  });
});

describe("the camera and the store", () => {
  let model: FakeModel;
  let store: Store;

  beforeEach(() => {
    vi.useFakeTimers();
    model = new FakeModel({ ...TRAITS });
    store = new Store(3);
    store.points.value = { key: "X_umap", axes: 2, dimension: 2 } as Points;
    mirrorTraits(model, store);
    return () => vi.useRealTimers();
  });

  it("tell Python where a view looks, a few times a second and always at the end", async () => {
    for (let zoom = 1; zoom <= 30; zoom++) {
      store.camera.value = { pose: { ...POSE, zoom }, origin: "a view" as unknown as object };
      await vi.advanceTimersByTimeAsync(20);
    }
    await vi.advanceTimersByTimeAsync(1000);
    expect(model.saved.length).toBeGreaterThan(1);
    expect(model.saved.length).toBeLessThan(6);
    expect(model.saved.at(-1)).toEqual({ camera: { center: [3, 4], zoom: 30 }, _camera_of: ["X_umap", 2] });
  });

  it("take Python's for every view, and do not echo it", async () => {
    model.change("camera", { center: [7, 8], zoom: 5 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.camera.value).toEqual({ pose: { ...POSE, center: [7, 8, 0], zoom: 5 }, origin: null });
    expect(model.saved).toEqual([]);
  });

  it("speak of angles in three dimensions only", () => {
    expect(cameraOf(POSE, 2)).toEqual({ center: [3, 4], zoom: 2 });
    expect(cameraOf(POSE, 3)).toEqual({ center: [3, 4, 0], zoom: 2, azimuth: -60, elevation: 30 });
    expect(poseOf(cameraOf({ ...POSE, center: [1, 2, 3], azimuth: 5 }, 3))).toEqual({
      ...POSE,
      center: [1, 2, 3],
      azimuth: 5,
    });
  });

  it("tell the angles of a space", async () => {
    store.points.value = SPACE;
    store.camera.value = { pose: POSE, origin: {} };
    await vi.advanceTimersByTimeAsync(1000);
    expect(model.saved).toMatchObject([{ camera: { center: [3, 4, 0], zoom: 2, azimuth: -60, elevation: 30 } }]);
  });

  it.each([null, {}, { center: 3, zoom: 1 }, { center: [1, 2] }])("make nothing of %j", (camera) => {
    expect(poseOf(camera)).toBeNull();
  });
});

describe("equality of JSON", () => {
  it.each([
    [{ a: [1, { b: null }] }, { a: [1, { b: null }] }, true],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, false],
    [{ a: undefined }, { b: 1 }, false],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [null, {}, false],
    [Number.NaN, Number.NaN, true],
    ["1", 1, false],
  ])("of %j and %j is %s", (a, b, equal) => {
    expect(same(a, b)).toBe(equal);
    expect(same(b, a)).toBe(equal);
  });
});
