import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { PIECE_BYTES } from "../../src/channel/messages";
import { pattern, same } from "../fakes/bytes";
import { stopClock } from "../fakes/clock";
import { Roads } from "../fakes/roads";

const PATH = "embeddings/X_umap.f32";

describe("the ladder where HTTP fails", () => {
  let roads: Roads;

  beforeEach(async () => {
    roads = await Roads.start();
  });

  it("goes on over the comm with what is missing when the connection is cut in the middle", async () => {
    const length = 3 * PIECE_BYTES;
    roads.add(PATH, pattern(length));
    roads.server.instead = (request, response) => {
      if (!request.url?.startsWith("/d/")) return false;
      const half = pattern(length).subarray(0, length / 2);
      response.writeHead(206, {
        ETag: '"1"',
        "X-Cellucid-Length": length,
        "Content-Length": length,
        "Content-Range": `bytes 0-${length - 1}/${length}`,
      });
      response.write(half, () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    const told: number[] = [];
    const { bytes } = await roads.source.read(PATH, { onProgress: (loaded) => told.push(loaded) });
    expect(same(bytes, pattern(length))).toBe(true);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    const asked = roads.python.reads.map(({ offset }) => offset);
    expect(asked[0]).toBeGreaterThan(0);
    expect(asked[0]).toBeLessThanOrEqual(length / 2);
    expect(asked.length).toBeLessThanOrEqual(Math.ceil((length - asked[0]) / PIECE_BYTES));
    expect(roads.told.map(([name]) => name)).toEqual(["direct", "comm"]);
    expect(roads.source.carried.direct.bytes_received).toBe(asked[0]);
  });

  it("asks on where an answer ends too early, and hears what Python has to say", async () => {
    const length = PIECE_BYTES;
    roads.add(PATH, pattern(length));
    roads.server.instead = (request, response) => {
      if (!request.url?.startsWith("/d/") || request.headers.range?.startsWith("bytes=0-") === false) return false;
      const { bytes } = roads.server.resources.get(PATH) ?? { bytes: new Uint8Array() };
      response.writeHead(206, {
        ETag: '"1"',
        "X-Cellucid-Length": length,
        "Content-Length": length,
        "Content-Range": `bytes 0-${length - 1}/${length}`,
      });
      response.write(bytes.subarray(0, 1000), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    expect(same((await roads.source.read(PATH)).bytes, pattern(length))).toBe(true);
    expect(roads.asked().map(({ range }) => range?.split("-")[0])).toEqual(["bytes=0", "bytes=1000"]);

    const begin = roads.server.instead;
    roads.server.instead = (request, response) => {
      if (!begin(request, response)) return false;
      roads.server.resources.delete(PATH); // the file changed while it was read
      return true;
    };
    await expect(roads.source.read(PATH)).rejects.toMatchObject({ code: "dataset" });
    expect(roads.told.map(([name]) => name)).toEqual(["direct"]);
    expect(roads.python.reads).toEqual([]);
  });

  it.each([
    ["a log-in page", 200, "<html>Log in", { "Content-Type": "text/html" }],
    ["a proxy's own error", 599, "too long", {}],
    ["a token that is no longer good", 401, JSON.stringify({ error: "token", message: "", hint: "" }), {}],
    ["another version's headers", 206, "xxxxx", { ETag: '"1"' }],
    [
      "another part than was asked for",
      206,
      "xx",
      { ETag: '"1"', "X-Cellucid-Length": "5", "Content-Range": "bytes 3-4/5" },
    ],
    ["a dataset that is served no more", 404, JSON.stringify({ error: "not_found", message: "", hint: "" }), {}],
  ])("leaves HTTP for the comm on %s", async (_name, status, body, headers) => {
    roads.add(PATH, pattern(5));
    roads.server.instead = (request, response) => {
      if (!request.url?.startsWith("/d/")) return false;
      response.writeHead(status, headers as Record<string, string>);
      response.end(body);
      return true;
    };
    expect(same((await roads.source.read(PATH)).bytes, pattern(5))).toBe(true);
    expect(roads.told.at(-1)).toEqual(["comm", null]);
    const asked = roads.asked().length;
    await roads.source.read(PATH);
    expect(roads.asked().length).toBe(asked);
  });

  it.each([
    ["shorter, as by a box that packs", (length: number) => length / 2],
    ["longer, as by one that unpacks", (length: number) => length * 2],
  ])("keeps nothing of a body that came whole and is %s", async (_name, other) => {
    const length = 100_000;
    roads.add(PATH, pattern(length));
    roads.server.instead = (request, response) => {
      if (!request.url?.startsWith("/d/")) return false;
      response.writeHead(206, {
        ETag: '"1"',
        "X-Cellucid-Length": length,
        "Content-Range": `bytes 0-${length - 1}/${length}`,
      });
      response.end(pattern(other(length), 77)); // chunked: nothing else says how long it is
      return true;
    };
    expect(same((await roads.source.read(PATH)).bytes, pattern(length))).toBe(true);
    expect(roads.python.reads.map(({ offset }) => offset)).toEqual([0]);
    expect(roads.told.at(-1)?.[0]).toBe("comm");
  });

  it.each([
    ["a proxy", 206, '"1"'],
    ["Python itself, which says the whole for a part that is all of it", 200, 'W/"1"'],
  ])("takes bodies that %s has packed, and that say so, for what they hold", async (_name, status, etag) => {
    const bytes = pattern(100_000);
    roads.add(PATH, bytes);
    roads.server.instead = (request, response) => {
      if (!request.url?.startsWith("/d/")) return false;
      response.writeHead(status, {
        ETag: etag,
        "X-Cellucid-Length": bytes.length,
        ...(status === 206 ? { "Content-Range": `bytes 0-${bytes.length - 1}/${bytes.length}` } : {}),
        "Content-Encoding": "gzip",
      });
      response.end(gzipSync(bytes));
      return true;
    };
    expect(same((await roads.source.read(PATH)).bytes, bytes)).toBe(true);
    expect(roads.told.map(([name]) => name)).toEqual(["direct"]);
  });

  it.each([302, 502, 504, 599])("goes on over the comm where a proxy answers %i", async (status) => {
    roads.add(PATH, pattern(5));
    roads.server.instead = (request, response) => {
      if (!request.url?.startsWith("/d/")) return false;
      response.writeHead(status, { Location: "http://127.0.0.1:1/log-in", "Content-Type": "text/html" });
      response.end("<html>");
      return true;
    };
    expect(same((await roads.source.read(PATH)).bytes, pattern(5))).toBe(true);
    expect(roads.told.at(-1)).toEqual(["comm", null]);
  });

  it("leaves a server that has gone silent as soon as it does not answer to its name either", async () => {
    roads.add(PATH, pattern(5));
    let silent = false;
    roads.server.instead = (request, response) => {
      if (request.url?.startsWith("/d/"))
        silent = true; // and never answers
      else if (silent) response.destroy();
      return silent;
    };
    stopClock();
    const reading = roads.source.read(PATH);
    while (!silent) await vi.advanceTimersByTimeAsync(10);
    await vi.advanceTimersByTimeAsync(5100);
    while (roads.told.length < 2) await vi.advanceTimersByTimeAsync(10);
    await vi.advanceTimersByTimeAsync(100);
    expect(same((await reading).bytes, pattern(5))).toBe(true);
    expect(roads.told.at(-1)?.[0]).toBe("comm");
  });

  it("does not take for silent a server that brings something else, as a browser asks six things at a time", async () => {
    const other = "var/A.values.f32";
    const length = 1000;
    roads.add(PATH, pattern(length));
    roads.add(other, pattern(10));
    await roads.source.read(other);
    let coming = true;
    let asked = 0;
    const waiting: (() => void)[] = [];
    roads.server.instead = (request, response) => {
      if (!coming) return false;
      if (request.url?.startsWith("/d/") && !request.url.includes("A.values")) {
        response.writeHead(206, {
          ETag: '"1"',
          "X-Cellucid-Length": length,
          "Content-Length": length,
          "Content-Range": `bytes 0-${length - 1}/${length}`,
        });
        let sent = 0;
        const more = () => {
          response.write(pattern(length).subarray(sent, sent + 50));
          sent += 50;
          if (sent < length) return void setTimeout(more, 500);
          coming = false;
          response.end();
          for (const go of waiting) go();
        };
        more();
      } else {
        asked++;
        waiting.push(() => roads.server.answer(request, response)); // in the browser's queue, as it were
      }
      return true;
    };
    stopClock();
    const both = Promise.all([roads.source.read(PATH), roads.source.read(other)]);
    while (coming) await vi.advanceTimersByTimeAsync(20);
    await vi.advanceTimersByTimeAsync(100);
    const [slow, quick] = await both;
    expect([slow.bytes.length, quick.bytes.length]).toEqual([length, 10]);
    expect(asked).toBeGreaterThan(1); // the challenge, too
    expect(roads.told.map(([name]) => name)).toEqual(["direct"]);
    expect(roads.python.reads).toEqual([]);
  });

  it("reads four things at a time for all widgets of a page, so that a challenge never waits in the browser", async () => {
    const paths = Array.from({ length: 12 }, (_, index) => `var/${index}.values.f32`);
    const [one, other] = [0, 1].map(() => {
      roads.open();
      for (const path of paths) roads.add(path, pattern(10));
      return roads.source;
    });
    await Promise.all([one.read(paths[0]), other.read(paths[0])]);
    await expect.poll(() => roads.told.map(([name]) => name)).toEqual(["direct", "direct"]);
    let [now, most] = [0, 0];
    const held = new WeakSet<object>();
    roads.server.instead = (request, response) => {
      if (!request.url?.startsWith("/d/") || held.has(request)) return false;
      held.add(request);
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        roads.server.answer(request, response);
      }, 20);
      return true;
    };
    const all = await Promise.all(paths.map((path, index) => (index % 2 === 0 ? one : other).read(path)));
    expect(all.map(({ bytes }) => bytes.length)).toEqual(paths.map(() => 10));
    expect([most, now]).toEqual([4, 0]);
  });

  it("lets what waits for its turn go to the comm with the others where the server has gone silent", async () => {
    const paths = Array.from({ length: 9 }, (_, index) => `var/${index}.values.f32`);
    for (const path of paths) roads.add(path, pattern(10));
    await roads.source.read(paths[0]);
    let silent = false;
    roads.server.instead = (request, response) => {
      silent ||= request.url?.startsWith("/d/") === true;
      if (request.url?.startsWith("/_cellucid/")) response.destroy();
      return true;
    };
    stopClock();
    let done = false;
    const reading = Promise.all(paths.map((path) => roads.source.read(path))).finally(() => {
      done = true;
    });
    while (!silent) await vi.advanceTimersByTimeAsync(1);
    await vi.advanceTimersByTimeAsync(5100);
    while (!done) await vi.advanceTimersByTimeAsync(1);
    expect((await reading).map(({ bytes }) => bytes.length)).toEqual(paths.map(() => 10));
    expect(roads.asked()).toHaveLength(1 + 4); // those that waited were never asked for
    expect(roads.python.reads).toHaveLength(9);
  });

  it("looks again by itself for a server that has failed in the middle, as the comm may wait for a cell", async () => {
    roads.add(PATH, pattern(10));
    await roads.source.read(PATH);
    roads.python.pause(); // a cell is running
    let asked = false;
    roads.server.instead = (request) => {
      asked ||= request.url?.startsWith("/d/") === true;
      return asked; // and never answers
    };
    stopClock();
    const reading = roads.source.read(PATH);
    while (!asked) await vi.advanceTimersByTimeAsync(10);
    while (roads.told.length < 2) await vi.advanceTimersByTimeAsync(100);
    expect(roads.python.reads).toHaveLength(1);
    roads.server.instead = () => false;
    await vi.advanceTimersByTimeAsync(9000);
    expect(roads.told).toHaveLength(2);
    while (roads.told.length < 3) await vi.advanceTimersByTimeAsync(100);
    await vi.advanceTimersByTimeAsync(100);
    expect(same((await reading).bytes, pattern(10))).toBe(true);
    expect(roads.told.at(-1)?.[0]).toBe("direct");
  });
});
