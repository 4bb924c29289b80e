import { effect } from "@preact/signals-core";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import { Events } from "../../src/channel/events";
import type { EventPayloads } from "../../src/channel/messages";
import { cameraOf, poseOf, same, TraitsLink } from "../../src/host/traits";
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

/** A widget's traits, its viewer's store, and what Python hears. */
function linked(during?: (model: FakeModel) => void) {
  const model = new FakeModel({ ...TRAITS });
  const store = new Store(3);
  const carrier = new CommCarrier(model, "p1");
  const events = new Events(carrier);
  const refused: unknown[] = [];
  const make = () => new TraitsLink(model, store, carrier, events, (error) => refused.push(error));
  let made: TraitsLink | null = null;
  if (during !== undefined) {
    model.on("change:_updates", () => {
      made ??= make();
    });
    during(model);
  }
  const link = made ?? make();
  const told = () =>
    model.messages.flatMap((message) =>
      message.kind === "event" && message.event === "traits" ? [message.payload as EventPayloads["traits"]] : [],
    );
  const acknowledge = (seq: number, error: string | null = null) =>
    model.deliver({ kind: "ack", page: "p1", seq, revision: 0, error });
  const command = (values: object, { now, since = 0, taken = 0 }: { now: number; since?: number; taken?: number }) =>
    model.deliver({
      kind: "command",
      command: "traits",
      payload: { values, now, since, taken },
      page: "p1",
      without: null,
    });
  return { model, store, events, link, refused, told, acknowledge, command };
}

const soon = () => new Promise<void>((done) => setTimeout(done));

describe("traits and the store", () => {
  it("are the same at the start, and nothing is told", async () => {
    const { store, told } = linked();
    expect(store.height.value).toBe(400);
    expect(store.camera.value.pose?.center).toEqual([1, 2, 0]);
    await soon();
    expect(told()).toEqual([]);
  });

  it.each([
    ["embedding", "X_tsne", (store: Store) => store.embedding.value],
    ["dimension", 3, (store: Store) => store.dimension.value],
    ["color_by", "louvain", (store: Store) => store.colorBy.value],
    ["layer", "raw", (store: Store) => store.layer.value],
    ["colormap", "magma_r", (store: Store) => store.colormap.value],
    ["color_limits", [0, "p99"], (store: Store) => store.colorLimits.value],
    ["point_size", 2, (store: Store) => store.pointSize.value],
    ["opacity", 0, (store: Store) => store.opacity.value],
    ["filters", { louvain: { hide: ["B"] } }, (store: Store) => store.filters.value],
    ["tool", "box", (store: Store) => store.tool.value],
    ["height", 300, (store: Store) => store.height.value],
    ["theme", "dark", (store: Store) => store.theme.value],
  ])("take %s from Python and do not echo it", async (name, value, read) => {
    const { model, store, told } = linked();
    model.change(name, value);
    expect(read(store)).toEqual(value);
    await soon();
    expect(told()).toEqual([]);
  });

  it("tell what the viewer changes, once for what changes together, and save nothing", async () => {
    const { model, store, told, acknowledge } = linked();
    store.colorBy.value = "louvain";
    store.filters.value = { louvain: { hide: ["B"] } };
    expect(model.get("color_by")).toBe("louvain"); // at once, for widgets that are linked in the page
    await soon();
    const values = { color_by: "louvain", filters: { louvain: { hide: ["B"] } } };
    expect(told()).toEqual([{ values, camera_of: null }]);
    acknowledge(1);
    store.filters.value = { louvain: { hide: ["B"] } };
    await soon();
    expect(told()).toHaveLength(1);
    store.colorBy.value = null;
    await soon();
    expect(told().slice(1)).toEqual([{ values: { color_by: null }, camera_of: null }]);
    expect(model.saved).toEqual([]);
  });

  it("tell one thing at a time: what changes until Python has heard is told with the next", async () => {
    const { store, told, acknowledge } = linked();
    for (let size = 2; size < 20; size++) {
      store.pointSize.value = size;
      await soon();
    }
    store.theme.value = "dark";
    expect(told().map(({ values }) => values)).toEqual([{ point_size: 2 }]);
    acknowledge(1);
    expect(told().map(({ values }) => values)).toEqual([{ point_size: 2 }, { point_size: 19, theme: "dark" }]);
    acknowledge(1);
    acknowledge(2);
    await soon();
    expect(told()).toHaveLength(2);
  });

  it("are told before any event that follows", async () => {
    const { model, store, events, told } = linked();
    store.pointSize.value = 2;
    await soon();
    store.pointSize.value = 3; // Python has not acknowledged yet
    events.send("click", { cell: 1, button: 0, shift: false, ctrl: false });
    expect(told().map(({ values }) => values)).toEqual([{ point_size: 2 }, { point_size: 3 }]);
    expect(model.messages.at(-1)).toMatchObject({ seq: 3, event: "click" });
  });

  it("are told where a widget that is linked in the page changes them", async () => {
    const { model, store, told } = linked();
    model.set("point_size", 4);
    expect(store.pointSize.value).toBe(4);
    await soon();
    expect(told().map(({ values }) => values)).toEqual([{ point_size: 4 }]);
  });

  it("are told where Python's change of one makes the viewer change another", async () => {
    const { model, store, told } = linked();
    const stop = effect(() => {
      if (store.embedding.value === "X_tsne") store.tool.value = "lasso";
    });
    model.change("embedding", "X_tsne");
    await soon();
    expect(told()).toEqual([{ values: { tool: "lasso" }, camera_of: null }]);
    stop();
  });

  it("take what Python made of a value, and leave it at that", async () => {
    const { model, store, told } = linked();
    store.colorBy.value = "obs:louvain";
    await soon();
    model.update({ color_by: "louvain" }, { taken: { p1: 1, p2: 9 } });
    await soon();
    expect(store.colorBy.value).toBe("louvain");
    expect(told().map(({ values }) => values)).toEqual([{ color_by: "obs:louvain" }]);
  });

  it("keep what was set here where Python had not taken it yet: it comes last", async () => {
    const { model, store, told, acknowledge } = linked();
    store.pointSize.value = 2;
    await soon();
    store.tool.value = "box";
    model.update({ point_size: 9, tool: "lasso", height: 300 });
    expect([store.pointSize.value, store.tool.value, store.height.value]).toEqual([2, "box", 300]);
    expect([model.get("point_size"), model.get("tool")]).toEqual([2, "box"]);
    acknowledge(1); // by HTTP, before an update that is older
    model.update({ point_size: 9 });
    expect(store.pointSize.value).toBe(2);
    await soon();
    expect(told().map(({ values }) => values)).toEqual([{ point_size: 2 }, { tool: "box" }]);
    model.update({ point_size: 9, tool: "lasso" }, { taken: { p1: 2 } });
    expect([store.pointSize.value, store.tool.value]).toEqual([9, "lasso"]);
  });

  it("keep also what was told with an event before the last", async () => {
    const { model, store, events } = linked();
    store.opacity.value = 0.5;
    events.send("click", { cell: 1, button: 0, shift: false, ctrl: false });
    store.theme.value = "dark";
    events.send("click", { cell: 1, button: 0, shift: false, ctrl: false });
    model.update({ opacity: 0.1 });
    expect(store.opacity.value).toBe(0.5);
  });

  it("keep what was set here where the host brings Python's whole state again", async () => {
    const { model, store, told, acknowledge } = linked();
    store.pointSize.value = 5;
    await soon();
    for (let again = 0; again < 2; again++) {
      model.update({ ...TRAITS }, { now: 0, since: 0, names: null });
      expect(store.pointSize.value).toBe(5);
    }
    acknowledge(1);
    await soon();
    expect(told().map(({ values }) => values)).toEqual([{ point_size: 5 }]);
  });

  it("take what another page set, or what was lost, and do not echo it", async () => {
    const { model, store, link, told, command } = linked();
    command({ point_size: 7, errors: [1], camera: { center: [8, 9], zoom: 2 } }, { now: 5 });
    expect(store.pointSize.value).toBe(7);
    expect(model.get("errors")).toEqual([1]);
    expect(store.camera.value.pose?.center).toEqual([8, 9, 0]);
    expect(link.seen).toBe(5);
    await soon();
    expect(told()).toEqual([]);
  });

  it("notice that an update is missing, until it comes again", () => {
    const { model, store, link, command } = linked();
    model.update({ height: 300 }, { now: 3, since: 0 });
    expect(link.seen).toBe(3);
    model.update({ theme: "dark" }, { now: 6, since: 5 });
    expect([link.seen, store.theme.value]).toEqual([3, "dark"]);
    command({ tool: "box" }, { now: 5, since: 3 }); // made before the one that has come: nothing is taken of it
    expect([link.seen, store.tool.value]).toEqual([3, "navigate"]);
    command({ tool: "box", theme: "dark" }, { now: 6, since: 3 });
    expect([link.seen, store.tool.value]).toEqual([6, "box"]);
    command({ tool: "lasso" }, { now: 4, since: 3 });
    expect(store.tool.value).toBe("box");
  });

  it("tell what a linked widget changes while Python's update is heard", async () => {
    const { model, store, told } = linked();
    model.on("change:point_size", () => model.set("opacity", Number(model.get("point_size")) / 10));
    model.change("point_size", 5);
    expect(store.opacity.value).toBe(0.5);
    await soon();
    expect(told().map(({ values }) => values)).toEqual([{ opacity: 0.5 }]);
  });

  it("hear on after a listener of somebody else's has raised", async () => {
    const { model, store, told, command } = linked();
    model.on("change:height", () => {
      throw new Error("a linked widget's");
    });
    expect(() => command({ height: 300 }, { now: 1 })).toThrow("a linked widget's");
    model.set("tool", "box");
    await soon();
    expect(store.tool.value).toBe("box");
    expect(told().map(({ values }) => values)).toEqual([{ tool: "box" }]);
  });

  it("begin in the middle of an update without taking it for a person's", async () => {
    // A page that starts afresh does so at one of the changes of an update.
    const { store, told } = linked((model) => model.update({ tool: "box" }, { now: 4, since: 3 }));
    expect(store.tool.value).toBe("box");
    await soon();
    expect(told()).toEqual([]);
  });

  it("complain where Python cannot read them, and go on", async () => {
    const { store, told, acknowledge, refused } = linked();
    store.pointSize.value = 2;
    await soon();
    acknowledge(1, "traits.values: nested deeper than 32");
    expect(refused).toEqual([new Error("traits.values: nested deeper than 32")]);
    store.pointSize.value = 3;
    await soon();
    expect(told()).toHaveLength(2);
  });

  it("keep an equal value of Python's as it is, so that nothing is drawn anew", () => {
    const { model, store } = linked();
    model.change("filters", { louvain: { hide: ["B"] } });
    const before = store.filters.value;
    model.change("filters", { louvain: { hide: ["B"] } });
    expect(store.filters.value).toBe(before);
  });

  it("tell what is left and part without a trace", async () => {
    const { model, store, events, link, told } = linked();
    store.height.value = 500;
    link.dispose();
    events.dispose();
    expect(told().map(({ values }) => values)).toEqual([{ height: 500 }]);
    model.change("color_by", "louvain");
    store.pointSize.value = 3;
    store.camera.value = { pose: POSE, origin: {} };
    await new Promise((done) => setTimeout(done, 250));
    expect(store.colorBy.value).toBeNull();
    expect(told()).toHaveLength(1);
    expect(model.listenerCount).toBe(1); // the carrier's own
  });
});

describe("the camera and the store", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    return () => vi.useRealTimers();
  });

  const look = (store: Store, zoom: number) => {
    store.camera.value = { pose: { ...POSE, zoom }, origin: {} };
  };

  it("tell Python where a view looks, a few times a second and always at the end", async () => {
    const { model, store, told, acknowledge } = linked();
    store.points.value = { key: "X_umap", axes: 2, dimension: 2 } as Points;
    model.onSend = ({ message }) => message.kind === "event" && setTimeout(() => acknowledge(message.seq), 5);
    for (let zoom = 1; zoom <= 30; zoom++) {
      look(store, zoom);
      await vi.advanceTimersByTimeAsync(20);
    }
    await vi.advanceTimersByTimeAsync(1000);
    expect(told().length).toBeGreaterThan(1);
    expect(told().length).toBeLessThan(6);
    expect(told().at(-1)).toEqual({
      values: { camera: { center: [3, 4], zoom: 30 } },
      camera_of: { embedding: "X_umap", dimension: 2 },
    });
  });

  it("take Python's for every view, and do not echo it", async () => {
    const { model, store, told } = linked();
    model.change("camera", { center: [7, 8], zoom: 5 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.camera.value).toEqual({ pose: { ...POSE, center: [7, 8, 0], zoom: 5 }, origin: null });
    expect(told()).toEqual([]);
  });

  it("tell a linked widget's without saying of what it is", async () => {
    const { model, store, told, acknowledge } = linked();
    store.points.value = { key: "X_umap", axes: 2, dimension: 2 } as Points;
    look(store, 2);
    await vi.advanceTimersByTimeAsync(1000);
    acknowledge(1);
    model.set("camera", { center: [0, 0], zoom: 9 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(told().map(({ camera_of }) => camera_of?.embedding ?? null)).toEqual(["X_umap", null]);
    expect(store.camera.value.pose?.zoom).toBe(9);
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
    const { store, told } = linked();
    store.points.value = SPACE;
    store.camera.value = { pose: POSE, origin: {} };
    await vi.advanceTimersByTimeAsync(1000);
    expect(told()).toMatchObject([{ values: { camera: { center: [3, 4, 0], zoom: 2, azimuth: -60, elevation: 30 } } }]);
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
