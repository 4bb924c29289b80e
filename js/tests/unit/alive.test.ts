import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import type { Road } from "../../src/data/http";
import { SILENT } from "../../src/data/probe";
import { KernelWatch } from "../../src/host/alive";
import { FakeModel } from "../fakes/model";

describe("a kernel that ends", () => {
  let model: FakeModel;
  let watch: KernelWatch;
  let told: boolean[];
  let obstacle: string | null;
  let looks: number;
  let lastRoad: Road | null;
  const road = (name: Road["name"]): Road => ({ name, base: "http://x/", server: {} as Road["server"] });
  const seconds = (count: number) => vi.advanceTimersByTimeAsync(1000 * count);

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("document", { visibilityState: "visible" });
    model = new FakeModel();
    [told, obstacle, looks, lastRoad] = [[], null, 0, road("direct")];
    const source = {
      get lastRoad() {
        return lastRoad;
      },
      ping: async () => {
        looks++;
        return obstacle;
      },
    };
    watch = new KernelWatch(model, new CommCarrier(model, "p1"), source, (gone) => told.push(gone));
  });

  afterEach(() => {
    watch.dispose();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const speak = () => model.deliver({ kind: "ack", page: "p1", seq: 1, revision: 0, error: null });

  it("by a restart is told at once, and for good", () => {
    model.emit("comm_live_update");
    expect(told).toEqual([true]);
    speak();
    expect(told).toEqual([true]);
  });

  it("by a crash is told when the server refused twice", async () => {
    await seconds(30);
    expect(told).toEqual([]);
    obstacle = "nobody answers there";
    await seconds(10);
    expect(told).toEqual([]);
    await seconds(1);
    expect(told).toEqual([true]);
  });

  it("is not one that is only busy", async () => {
    obstacle = SILENT;
    await seconds(60);
    expect(told).toEqual([]);
  });

  it("is taken back when the server answers again, or Python speaks", async () => {
    obstacle = "nobody answers there";
    await seconds(11);
    obstacle = null;
    await seconds(10);
    expect(told).toEqual([true, false]);
    obstacle = "nobody answers there";
    await seconds(11);
    speak();
    expect(told).toEqual([true, false, true, false]);
  });

  it("is not looked for through a proxy, which has troubles of its own, nor in a page that nobody sees", async () => {
    lastRoad = road("proxy");
    obstacle = "the server there answers 502";
    await watch.check();
    await seconds(60);
    lastRoad = road("direct");
    vi.stubGlobal("document", { visibilityState: "hidden" });
    await seconds(60);
    expect([told, looks]).toEqual([[], 0]);
  });

  it("cannot be looked for where there never was a server", async () => {
    lastRoad = null;
    await watch.check();
    expect(looks).toBe(0);
  });

  it("is no matter of a widget that has been closed", async () => {
    watch.dispose();
    obstacle = "nobody answers there";
    model.emit("comm_live_update");
    await seconds(60);
    expect([told, looks]).toEqual([[], 0]);
  });
});
