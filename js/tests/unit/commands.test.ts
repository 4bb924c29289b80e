import { beforeEach, describe, expect, it, vi } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import { obeyCommands } from "../../src/host/commands";
import { type Points, Store } from "../../src/state/store";
import { FakeModel } from "../fakes/model";
import { FakePython } from "../fakes/python";

describe("Python's commands", () => {
  let python: FakePython;
  let store: Store;
  const done = { resetView: vi.fn(), zoomTo: vi.fn(), message: vi.fn() };

  beforeEach(() => {
    vi.clearAllMocks();
    const model = new FakeModel();
    python = new FakePython(model, 10);
    store = new Store(10, { embedding: "X_umap", dimension: 2 });
    store.points.value = { key: "X_umap", dimension: 2 } as Points;
    return obeyCommands(new CommCarrier(model, "p1"), store, done);
  });

  it("show all cells", () => {
    python.command("reset_view", {});
    expect(done.resetView).toHaveBeenCalledOnce();
  });

  it("zoom to a box of the embedding that is shown, in two dimensions and three", () => {
    python.command("zoom_to", { embedding: "X_umap", dimension: 2, min: [0, 1], max: [2, 3] });
    store.points.value = { key: "X_umap", dimension: 3 } as Points;
    python.command("zoom_to", { embedding: "X_umap", dimension: 3, min: [0, 1, 2], max: [3, 4, 5] });
    expect(done.zoomTo.mock.calls).toEqual([
      [{ min: [0, 1, 0], max: [2, 3, 0] }],
      [{ min: [0, 1, 2], max: [3, 4, 5] }],
    ]);
  });

  it("zoom to points that are on their way once they are there, and once", async () => {
    store.embedding.value = "X_tsne";
    python.command("zoom_to", { embedding: "X_tsne", dimension: 2, min: [0, 1], max: [2, 3] });
    await Promise.resolve();
    expect(done.zoomTo).not.toHaveBeenCalled();
    store.points.value = { key: "X_tsne", dimension: 2 } as Points;
    await Promise.resolve();
    expect(done.zoomTo.mock.calls).toEqual([[{ min: [0, 1, 0], max: [2, 3, 0] }]]);
    store.points.value = { key: "X_tsne", dimension: 2 } as Points;
    await Promise.resolve();
    expect(done.zoomTo).toHaveBeenCalledOnce();
  });

  it("zoom to nothing when somebody looks elsewhere before the points have come", async () => {
    store.embedding.value = "X_tsne";
    python.command("zoom_to", { embedding: "X_tsne", dimension: 2, min: [0, 1], max: [2, 3] });
    store.embedding.value = "X_umap";
    store.embedding.value = "X_tsne";
    store.points.value = { key: "X_tsne", dimension: 2 } as Points;
    await Promise.resolve();
    expect(done.zoomTo).not.toHaveBeenCalled();
  });

  it.each([{ min: [0], max: [1] }, { min: [0, null], max: [1, 1] }, { max: [1, 1] }])("drop a zoom to %j", (box) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    python.command("zoom_to", { embedding: "X_umap", dimension: 2, ...box });
    expect(done.zoomTo).not.toHaveBeenCalled();
    expect(warn).toHaveBeenCalledOnce();
    warn.mockRestore();
  });

  it("pass messages on, and overlook what a newer Python may say", () => {
    python.command("message", { message: { type: "mine", values: [1] } });
    python.command("dance", {});
    expect(done.message.mock.calls).toEqual([[{ type: "mine", values: [1] }]]);
  });
});
