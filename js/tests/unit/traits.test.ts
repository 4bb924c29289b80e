import { beforeEach, describe, expect, it } from "vitest";
import { mirrorTraits } from "../../src/host/traits";
import { Store } from "../../src/state/store";
import { FakeModel } from "../fakes/model";

describe("traits and the store", () => {
  let model: FakeModel;
  let store: Store;
  let stop: () => void;

  beforeEach(() => {
    model = new FakeModel({ embedding: "X_umap", color_by: null, layer: null, point_size: 1, height: 400 });
    store = new Store(3, { embedding: "X_umap", colorBy: null, layer: null, pointSize: 1, height: 400 });
    stop = mirrorTraits(model, store);
  });

  it("save nothing at the start", () => {
    expect(model.saved).toEqual([]);
  });

  it.each([
    ["embedding", "X_tsne", () => store.embedding.value],
    ["color_by", "louvain", () => store.colorBy.value],
    ["layer", "raw", () => store.layer.value],
    ["point_size", 2, () => store.pointSize.value],
    ["height", 300, () => store.height.value],
  ])("take %s from Python and do not echo it", (name, value, read) => {
    model.change(name, value);
    expect(read()).toBe(value);
    expect(model.saved).toEqual([]);
  });

  it("save what the viewer changes, once, and nothing else", () => {
    store.colorBy.value = "louvain";
    expect(model.saved).toEqual([{ color_by: "louvain" }]);
    expect(model.get("color_by")).toBe("louvain");
    store.colorBy.value = "louvain";
    expect(model.saved).toHaveLength(1);
    store.colorBy.value = null;
    expect(model.saved.slice(1)).toEqual([{ color_by: null }]);
  });

  it("take what Python made of a value, and leave it at that", () => {
    store.colorBy.value = "obs:louvain";
    model.change("color_by", "louvain");
    expect(store.colorBy.value).toBe("louvain");
    expect(model.saved).toEqual([{ color_by: "obs:louvain" }]);
  });

  it("part without a trace", () => {
    stop();
    model.change("color_by", "louvain");
    store.pointSize.value = 3;
    expect(store.colorBy.value).toBeNull();
    expect(model.saved).toEqual([]);
    expect(model.listenerCount).toBe(0);
  });
});
