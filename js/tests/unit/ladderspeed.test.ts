import { beforeEach, describe, expect, it, vi } from "vitest";
import { PIECE_BYTES } from "../../src/channel/messages";
import { pattern, same } from "../fakes/bytes";
import { stopClock } from "../fakes/clock";
import { Roads } from "../fakes/roads";

const PATH = "embeddings/X_umap.f32";

describe("the ladder where a carrier is slow", () => {
  let roads: Roads;

  beforeEach(async () => {
    roads = await Roads.start();
  });

  it("takes the comm where HTTP is slow and the comm was seen to be quicker, and says so", async () => {
    const length = 3 * PIECE_BYTES;
    roads.add(PATH, pattern(length));
    roads.server.delay = 1500; // as if 4 MiB took so long
    expect(same((await roads.source.read(PATH)).bytes, pattern(length))).toBe(true);
    expect(roads.python.reads.map(({ offset }) => offset / PIECE_BYTES)).toEqual([1, 2]);
    expect(roads.told).toEqual([
      ["direct", `http://127.0.0.1:${roads.server.port}/`],
      ["comm", `http://127.0.0.1:${roads.server.port}/`],
    ]);
    expect(roads.source.road?.name).toBe("direct"); // events still go there
    const speeds = roads.source.measured.map(({ name, mb_per_s }) => [name, mb_per_s ?? 0] as const);
    expect(speeds.map(([name]) => name)).toEqual(["direct", "comm"]);
    expect(speeds[1][1]).toBeGreaterThan(2 * speeds[0][1]);

    roads.python.pause(); // a cell is running: what the comm does not bring HTTP does
    roads.server.delay = 0;
    expect(same((await roads.source.read(PATH)).bytes, pattern(length))).toBe(true);
    expect(roads.told.at(-1)?.[0]).toBe("direct");
  }, 30_000);

  it("does not try the comm for long where a cell is running", async () => {
    const length = 5 * PIECE_BYTES;
    roads.add(PATH, pattern(length));
    roads.add("small", pattern(10));
    await roads.source.read("small");
    roads.python.pause(); // a cell is running
    stopClock();
    roads.server.delay = 4000; // as if 4 MiB took so long: the rest would take 16 s
    const reading = roads.source.read(PATH);
    while (roads.python.reads.length === 0) await vi.advanceTimersByTimeAsync(50);
    roads.server.delay = 0;
    const begun = performance.now();
    const before = roads.asked().length;
    while (roads.asked().length === before) await vi.advanceTimersByTimeAsync(100);
    expect(performance.now() - begun).toBeLessThan(5000); // of the page's clock
    expect(same((await reading).bytes, pattern(length))).toBe(true);
    expect(roads.told.map(([name]) => name)).toEqual(["direct"]);
  }, 30_000);

  it("brings by HTTP what the comm does not, however slow HTTP is", async () => {
    const length = 3 * PIECE_BYTES;
    roads.add(PATH, pattern(length));
    roads.add("small", pattern(10));
    await roads.source.read("small");
    stopClock();
    roads.server.delay = 4000; // as if 4 MiB took so long
    const read = async () => {
      let there = false;
      const reading = roads.source.read(PATH, { size: length }).finally(() => {
        there = true;
      });
      for (let tenths = 0; tenths < 600 && !there; tenths++) await vi.advanceTimersByTimeAsync(100);
      expect(there).toBe(true);
      expect(same((await reading).bytes, pattern(length))).toBe(true);
    };
    await read();
    expect(roads.told.at(-1)?.[0]).toBe("comm");
    roads.python.pause(); // a cell is running
    await read();
    expect(roads.told.at(-1)?.[0]).toBe("direct");
  }, 30_000);

  it("keeps to the comm where each of its pieces takes seconds, and HTTP would need longer", async () => {
    const length = 3 * PIECE_BYTES;
    roads.add(PATH, pattern(length));
    roads.add("small", pattern(10));
    await roads.source.read("small");
    stopClock();
    roads.python.delay = (bytes) => bytes / 1500;
    roads.server.delay = 8000; // as if 4 MiB took so long
    for (let times = 0; times < 2; times++) {
      let there = false;
      const reading = roads.source.read(PATH).finally(() => {
        there = true;
      });
      while (!there) await vi.advanceTimersByTimeAsync(100);
      expect(same((await reading).bytes, pattern(length))).toBe(true);
    }
    expect(roads.told.map(([name]) => name)).toEqual(["direct", "comm"]);
  }, 30_000);

  it("tells that HTTP has failed also where the comm was quicker by then", async () => {
    const other = "var/A.values.f32";
    roads.add(PATH, pattern(2 * PIECE_BYTES));
    roads.add(other, pattern(2 * PIECE_BYTES));
    let cut = () => {};
    roads.server.delay = 2500; // as if 4 MiB took so long
    roads.server.instead = (request, response) => {
      if (!request.url?.includes("A.values")) return false;
      cut = () => response.destroy();
      return true;
    };
    const reading = roads.source.read(other);
    await expect.poll(() => roads.asked().length, { timeout: 10_000 }).toBe(1);
    await roads.source.read(PATH);
    const base = `http://127.0.0.1:${roads.server.port}/`;
    expect(roads.told.at(-1)).toEqual(["comm", base]);
    cut();
    expect(same((await reading).bytes, pattern(2 * PIECE_BYTES))).toBe(true);
    expect(roads.told.at(-1)).toEqual(["comm", null]);
  }, 30_000);
});
