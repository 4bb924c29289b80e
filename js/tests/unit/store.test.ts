import { effect } from "@preact/signals-core";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Bitset } from "../../src/state/bitset";
import { Store } from "../../src/state/store";

const some = (...cells: number[]) => Bitset.fromPositions(10, cells);

describe("the store", () => {
  let store: Store;
  const selected = () => [...store.selection.value.cells.toPositions()];

  beforeEach(() => {
    store = new Store(10, { embedding: "X_umap", colorBy: null, layer: null, pointSize: 1, height: 400 });
  });

  it("starts with nothing selected", () => {
    expect(selected()).toEqual([]);
    expect(store.selectedCount.value).toBe(0);
    expect(store.selection.value.source).toBeNull();
  });

  it("replaces the selection, adds to it and subtracts from it", () => {
    store.select(some(1, 2, 3), "lasso", "replace");
    expect(selected()).toEqual([1, 2, 3]);
    store.select(some(3, 4), "lasso", "add");
    expect(selected()).toEqual([1, 2, 3, 4]);
    store.select(some(0, 2, 9), "lasso", "subtract");
    expect(selected()).toEqual([1, 3, 4]);
    store.select(some(0), "lasso", "replace");
    expect(selected()).toEqual([0]);
    expect(store.selectedCount.value).toBe(1);
    expect(store.selection.value.source).toBe("lasso");
  });

  it("combines as the toolbar says where the gesture does not", () => {
    store.select(some(1), "lasso");
    store.combine.value = "add";
    store.select(some(2), "lasso");
    expect(selected()).toEqual([1, 2]);
    store.combine.value = "subtract";
    store.select(some(1), "lasso");
    expect(selected()).toEqual([2]);
  });

  it("tells who cleared the selection", () => {
    store.select(some(1), "lasso");
    store.clearSelection("clear");
    expect(selected()).toEqual([]);
    expect(store.selection.value.source).toBe("clear");
  });

  it("keeps notices in order, one of a key", () => {
    store.notify({ key: "a", title: "A", text: "" });
    store.notify({ key: "b", title: "B", text: "" });
    store.notify({ key: "a", title: "A again", text: "" });
    expect(store.notices.value.map(({ title }) => title)).toEqual(["B", "A again"]);
    store.dismiss("b");
    expect(store.notices.value.map(({ key }) => key)).toEqual(["a"]);
  });

  it("tells nobody when there was no such notice", () => {
    const told = vi.fn();
    const stop = effect(() => told(store.notices.value));
    store.dismiss("none");
    expect(told).toHaveBeenCalledTimes(1);
    stop();
  });
});
