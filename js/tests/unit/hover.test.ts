import { beforeEach, describe, expect, it, vi } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import { Events } from "../../src/channel/events";
import { linkHover } from "../../src/host/hover";
import { Store } from "../../src/state/store";
import { FakeModel } from "../fakes/model";

describe("the cell under the pointer", () => {
  let model: FakeModel;
  let store: Store;
  let stop: () => void;

  const told = () => model.messages.map((message) => message.kind === "event" && message.payload);
  const point = (cell: number | null) => {
    store.hover.value = { cell, origin: "viewer" };
  };

  beforeEach(() => {
    vi.useFakeTimers();
    model = new FakeModel({ hovered: null, _hover_wanted: true });
    store = new Store(100);
    const carrier = new CommCarrier(model, "p1");
    stop = linkHover(model, store, carrier, new Events(carrier));
    return () => vi.useRealTimers();
  });

  it("in another page is shown here and not told", () => {
    const command = (cell: unknown) =>
      model.deliver({ kind: "command", command: "hover", payload: { cell }, page: null, without: "p2" });
    command(7);
    expect(store.hover.value).toEqual({ cell: 7, origin: "python" });
    for (const none of [100, -1, 0.5, "7", undefined]) command(none);
    expect(store.hover.value.cell).toBe(7);
    command(null);
    expect(store.hover.value.cell).toBe(null);
    vi.advanceTimersByTime(1000);
    expect(told()).toEqual([]);
  });

  it("is told ten times a second, and the last one always", () => {
    for (let cell = 0; cell < 50; cell++) {
      point(cell);
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(500);
    expect(told().length).toBeGreaterThan(2);
    expect(told().length).toBeLessThan(8);
    expect(told().at(-1)).toEqual({ cell: 49 });
    point(null);
    vi.advanceTimersByTime(500);
    expect(told().at(-1)).toEqual({ cell: null });
  });

  it("is not told while nobody listens, but linked widgets in the page follow", () => {
    model.change("_hover_wanted", false);
    point(5);
    vi.advanceTimersByTime(500);
    expect(told()).toEqual([]);
    expect(model.get("hovered")).toBe(5);
    expect(model.saved).toEqual([]);
  });

  it("is not told again for coming back before anybody heard", () => {
    point(0);
    vi.advanceTimersByTime(500);
    point(1);
    point(0);
    vi.advanceTimersByTime(500);
    expect(told()).toEqual([{ cell: 0 }]);
  });

  it("that Python points at is shown and not echoed", () => {
    model.change("hovered", 7);
    expect(store.hover.value).toEqual({ cell: 7, origin: "python" });
    vi.advanceTimersByTime(500);
    expect(told()).toEqual([]);
    model.change("hovered", null);
    expect(store.hover.value.cell).toBeNull();
  });

  it("is left without a trace", () => {
    point(3);
    stop();
    vi.advanceTimersByTime(500);
    expect(told()).toEqual([]);
    expect(model.listenerCount).toBe(1); // the carrier's own
  });
});
