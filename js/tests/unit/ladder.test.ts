import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import { PIECE_BYTES, type Server } from "../../src/channel/messages";
import { Requests } from "../../src/channel/requests";
import { encodePath } from "../../src/data/http";
import { LadderSource } from "../../src/data/ladder";
import type { PageAddress } from "../../src/data/probe";
import { pattern, same } from "../fakes/bytes";
import { FakeModel } from "../fakes/model";
import { FakePython } from "../fakes/python";
import { FakeServer, json } from "../fakes/server";

const PATH = "embeddings/X_umap.f32";
const LOCAL: PageAddress = { origin: "http://localhost:8888", hostname: "localhost", baseUrl: null };

describe("the ladder of carriers", () => {
  let server: FakeServer;
  let python: FakePython;
  let source: LadderSource;
  let roads: [string, string | null][];
  let onRoad: () => void;
  let place: () => Promise<Server | null>;

  const open = (page: PageAddress = LOCAL) => {
    const model = new FakeModel();
    python = new FakePython(model);
    const carrier = new CommCarrier(model, "p1");
    // The host has shown already that it carries buffers well.
    carrier.encoding.saw("down", "buffers", PIECE_BYTES, performance.now());
    source = new LadderSource(new Requests(carrier), {
      connect: () => place(),
      page,
      onTransport: (name, base) => {
        roads.push([name, base]);
        onRoad();
      },
    });
    const opened = source;
    onTestFinished(() => opened.dispose());
  };
  /** The resource on both roads. */
  const add = (path: string, bytes: Uint8Array, etag = "1") => {
    server.add(path, bytes, etag);
    python.add(path, bytes, etag);
  };
  const resources = () => server.asked.filter(({ path }) => path.startsWith("/d/"));

  beforeEach(async () => {
    server = await FakeServer.start();
    place = async () => server.place;
    roads = [];
    onRoad = () => {};
    open();
  });
  afterEach(() => server.stop());

  it("takes the server where the page is on this machine, and tells so once", async () => {
    add(PATH, pattern(100_000));
    const { bytes, dtype, shape } = await source.read(PATH);
    expect(same(bytes, pattern(100_000))).toBe(true);
    expect({ dtype, shape }).toEqual({ dtype: "uint8", shape: [100_000] });
    await source.read(PATH);
    expect(roads).toEqual([["direct", `http://127.0.0.1:${server.port}/`]]);
    expect(python.reads).toEqual([]);
    expect(source.carried).toEqual({ direct: { bytes_received: 200_000, bytes_sent: 0 } });
  });

  it("shows the token to nobody who does not know it", async () => {
    const tokens: unknown[] = [];
    const stranger = createServer((request, response) => {
      tokens.push(request.headers["x-cellucid-token"], request.url?.includes(server.token));
      json(response, 200, { status: "ok", answer: "0".repeat(64) });
    });
    await new Promise<void>((listening) => stranger.listen(0, "127.0.0.1", listening));
    onTestFinished(() => void stranger.close());
    const { port } = stranger.address() as { port: number };
    place = async () => ({ ...server.place, port });
    open();
    add(PATH, pattern(10));
    await source.read(PATH);
    expect(tokens).toEqual([undefined, false]);
    expect(roads.at(-1)).toEqual(["comm", null]);
    expect(python.reads).toHaveLength(1);
  });

  it.each([
    ["nobody there", async () => ({ ...server.place, port: 1 })],
    ["no server at all", async () => null],
    ["a server that cannot be asked for", () => Promise.reject(new Error("no kernel"))],
  ])("takes the comm with %s", async (_name, connect) => {
    place = connect;
    open();
    add(PATH, pattern(1000));
    expect(same((await source.read(PATH)).bytes, pattern(1000))).toBe(true);
    expect(roads.at(-1)).toEqual(["comm", null]);
  });

  it("takes the comm where the page is somewhere else, and never looks at this machine", async () => {
    open({ origin: "https://hub.example.org", hostname: "hub.example.org", baseUrl: null });
    const before = server.asked.length;
    add(PATH, pattern(10));
    await source.read(PATH);
    expect(server.asked.length).toBe(before);
    expect(roads.at(-1)).toEqual(["comm", null]);
  });

  it("goes on over the comm with what is missing when the connection is cut in the middle", async () => {
    const length = 3 * PIECE_BYTES;
    add(PATH, pattern(length));
    server.instead = (request, response) => {
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
    const { bytes } = await source.read(PATH, { onProgress: (loaded) => told.push(loaded) });
    expect(same(bytes, pattern(length))).toBe(true);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    const asked = python.reads.map(({ offset }) => offset);
    expect(asked[0]).toBeGreaterThan(0);
    expect(asked[0]).toBeLessThanOrEqual(length / 2);
    expect(asked.length).toBeLessThanOrEqual(Math.ceil((length - asked[0]) / PIECE_BYTES));
    expect(roads.map(([name]) => name)).toEqual(["direct", "comm"]);
    expect(source.carried.direct.bytes_received).toBe(asked[0]);
  });

  it("asks on where an answer ends too early, and hears what Python has to say", async () => {
    const length = PIECE_BYTES;
    add(PATH, pattern(length));
    server.instead = (request, response) => {
      if (!request.url?.startsWith("/d/") || request.headers.range?.startsWith("bytes=0-") === false) return false;
      const { bytes } = server.resources.get(PATH) ?? { bytes: new Uint8Array() };
      response.writeHead(206, {
        ETag: '"1"',
        "X-Cellucid-Length": length,
        "Content-Length": length,
        "Content-Range": `bytes 0-${length - 1}/${length}`,
      });
      response.write(bytes.subarray(0, 1000), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    expect(same((await source.read(PATH)).bytes, pattern(length))).toBe(true);
    expect(resources().map(({ range }) => range?.split("-")[0])).toEqual(["bytes=0", "bytes=1000"]);

    const begin = server.instead;
    server.instead = (request, response) => {
      if (!begin(request, response)) return false;
      server.resources.delete(PATH); // the file changed while it was read
      return true;
    };
    await expect(source.read(PATH)).rejects.toMatchObject({ code: "dataset" });
    expect(roads.map(([name]) => name)).toEqual(["direct"]);
    expect(python.reads).toEqual([]);
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
    add(PATH, pattern(5));
    server.instead = (request, response) => {
      if (!request.url?.startsWith("/d/")) return false;
      response.writeHead(status, headers as Record<string, string>);
      response.end(body);
      return true;
    };
    expect(same((await source.read(PATH)).bytes, pattern(5))).toBe(true);
    expect(roads.at(-1)).toEqual(["comm", null]);
    const asked = resources().length;
    await source.read(PATH);
    expect(resources().length).toBe(asked);
  });

  it("takes Python's no over HTTP for an answer", async () => {
    await expect(source.read("obs/none.codes.u8")).rejects.toMatchObject({
      code: "dataset",
      message: "there is no resource 'obs/none.codes.u8'",
    });
    expect(roads.map(([name]) => name)).toEqual(["direct"]);
    expect(python.reads).toEqual([]);
  });

  it("reads anew what changes in the middle", async () => {
    const length = 5 * 1024 * 1024; // more than one range
    server.add(PATH, pattern(length), "old");
    server.instead = (request) => {
      if (request.headers.range?.startsWith("bytes=4194304-")) server.add(PATH, pattern(1000, 7), "new");
      return false;
    };
    const { bytes } = await source.read(PATH);
    expect(same(bytes, pattern(1000, 7))).toBe(true);
    expect(roads.map(([name]) => name)).toEqual(["direct"]);
  });

  it("reads a resource of no bytes", async () => {
    server.add(PATH, new Uint8Array());
    expect((await source.read(PATH)).bytes.length).toBe(0);
  });

  it("stops asking when it is aborted", async () => {
    add(PATH, pattern(40 * 1024 * 1024));
    const abort = new AbortController();
    const reason = new Error("enough");
    const reading = source.read(PATH, { signal: abort.signal, onProgress: () => abort.abort(reason) });
    await expect(reading).rejects.toBe(reason);
    expect(resources()).toHaveLength(1);
    expect(python.reads).toEqual([]);
    expect(roads.map(([name]) => name)).toEqual(["direct"]);
  });

  it("takes what the comm cannot bring to HTTP as soon as there is a road", async () => {
    let go = (_: Server) => {};
    place = () => new Promise((found) => (go = found));
    open();
    add(PATH, pattern(1000));
    python.pause(); // a cell is running
    const reading = source.read(PATH);
    await expect.poll(() => python.reads.length).toBe(1);
    go(server.place);
    expect(same((await reading).bytes, pattern(1000))).toBe(true);
  });

  it("takes a long transfer to HTTP in the middle, and asks for no byte twice", async () => {
    let go = (_: Server) => {};
    place = () => new Promise((found) => (go = found));
    open();
    const length = 5 * PIECE_BYTES;
    add(PATH, pattern(length));
    python.beforeRead = ({ offset }) => {
      if (offset !== PIECE_BYTES) return;
      python.held.add(PATH); // the comm is slow, until there is a road
      go(server.place);
    };
    onRoad = () => python.release();
    expect(same((await source.read(PATH)).bytes, pattern(length))).toBe(true);
    const pieces = python.reads.map(({ offset }) => offset);
    expect(pieces.length).toBeLessThan(5);
    expect(resources()[0].range).toMatch(new RegExp(`^bytes=${pieces.length * PIECE_BYTES}-`));
  });

  it("takes to HTTP also what the comm was bringing, and then no longer does", async () => {
    let go = (_: Server) => {};
    place = () => new Promise((found) => (go = found));
    open();
    const length = 6 * PIECE_BYTES;
    add(PATH, pattern(length));
    python.grow(PATH, 3 * PIECE_BYTES);
    const reading = source.read(PATH);
    await expect.poll(() => python.reads.at(-1)?.offset, { timeout: 10_000 }).toBe(4 * PIECE_BYTES);
    onRoad = () => python.grow(PATH, 4 * PIECE_BYTES); // the first of the two that are asked for, and a cell begins
    go(server.place);
    expect(same((await reading).bytes, pattern(length))).toBe(true);
    expect(resources()[0].range).toMatch(new RegExp(`^bytes=${4 * PIECE_BYTES}-`));
  }, 30_000);

  describe("where Python sends what nobody could ask for", () => {
    const piece = (bytes: Uint8Array, offset = 0, etag = "1") => ({
      path: PATH,
      offset,
      version: 0,
      total: bytes.length,
      dtype: "float32",
      shape: [bytes.length / 4],
      etag,
    });
    const push = (bytes: Uint8Array, etag = "1") => {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        source.take(piece(bytes, at, etag), bytes.subarray(at, at + PIECE_BYTES));
      }
    };
    beforeEach(() => {
      place = async () => null;
      open();
      python.pause(); // a cell is running
    });

    it("takes it in place of the answer that does not come, and tells Python that none is needed", async () => {
      const bytes = pattern(2 * PIECE_BYTES + 100);
      const reading = source.read(PATH);
      await expect.poll(() => python.reads.length).toBe(1);
      push(bytes);
      const read = await reading;
      expect(same(read.bytes, bytes)).toBe(true);
      expect([read.dtype, read.shape]).toEqual(["float32", [bytes.length / 4]]);
      expect(python.outstanding.size).toBe(0);
    });

    it("gives it to all who wait for it", async () => {
      const both = [source.read(PATH), source.read(PATH)];
      await expect.poll(() => python.reads.length).toBe(2);
      push(pattern(100));
      for (const { bytes } of await Promise.all(both)) expect(same(bytes, pattern(100))).toBe(true);
    });

    it("keeps it until somebody reads it, once", async () => {
      push(pattern(100));
      expect(same((await source.read(PATH)).bytes, pattern(100))).toBe(true);
      expect(python.reads).toEqual([]);
      python.add(PATH, pattern(50));
      const reading = source.read(PATH);
      await expect.poll(() => python.reads.length).toBe(1);
      python.resume();
      expect((await reading).bytes.length).toBe(50);
    });

    it("takes nothing of which a part was lost, or that is another by now", async () => {
      const bytes = pattern(3 * PIECE_BYTES);
      source.take(piece(bytes, 0), bytes.subarray(0, PIECE_BYTES));
      source.take(piece(bytes, 2 * PIECE_BYTES), bytes.subarray(2 * PIECE_BYTES));
      source.take(piece(bytes, PIECE_BYTES, "2"), bytes.subarray(PIECE_BYTES, 2 * PIECE_BYTES));
      const reading = source.read(PATH);
      await expect.poll(() => python.reads.length).toBe(1);
      push(pattern(100, 9)); // from its beginning again
      expect(same((await reading).bytes, pattern(100, 9))).toBe(true);
    });

    it("leaves it to HTTP where that has come", async () => {
      place = async () => server.place;
      open();
      add(PATH, pattern(1000));
      await source.read(PATH);
      push(pattern(1000, 5));
      expect(same((await source.read(PATH)).bytes, pattern(1000))).toBe(true);
    });
  });

  it("does not let what is small wait for the search", async () => {
    place = () => new Promise(() => {});
    open();
    add(PATH, pattern(1000));
    const start = performance.now();
    const reading = source.read(PATH, { size: 1000 });
    expect(python.reads).toHaveLength(1);
    expect(same((await reading).bytes, pattern(1000))).toBe(true);
    expect(performance.now() - start).toBeLessThan(400); // no longer than a large one waits
  });

  it("looks again as soon as it is told that the network is back", async () => {
    place = async () => ({ ...server.place, port: 1 });
    open();
    add(PATH, pattern(10));
    await source.read(PATH);
    expect(roads.at(-1)?.[0]).toBe("comm");
    place = async () => server.place;
    source.lookAgain();
    await expect.poll(() => roads.at(-1)?.[0]).toBe("direct");
  });

  it("looks again by itself for a server that was only silent", async () => {
    let silent = true;
    server.instead = () => silent;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    add(PATH, pattern(10));
    const reading = source.read(PATH);
    while (roads.length === 0) await vi.advanceTimersByTimeAsync(100);
    await reading;
    expect(roads.at(-1)?.[0]).toBe("comm");
    silent = false;
    const before = server.asked.length;
    await vi.advanceTimersByTimeAsync(9900);
    expect(server.asked.length).toBe(before);
    while (roads.length === 1) await vi.advanceTimersByTimeAsync(100);
    expect(roads.at(-1)?.[0]).toBe("direct");
  });

  it.each([
    ["shorter, as by a box that packs", (length: number) => length / 2],
    ["longer, as by one that unpacks", (length: number) => length * 2],
  ])("keeps nothing of a body that came whole and is %s", async (_name, other) => {
    const length = 100_000;
    add(PATH, pattern(length));
    server.instead = (request, response) => {
      if (!request.url?.startsWith("/d/")) return false;
      response.writeHead(206, {
        ETag: '"1"',
        "X-Cellucid-Length": length,
        "Content-Range": `bytes 0-${length - 1}/${length}`,
      });
      response.end(pattern(other(length), 77)); // chunked: nothing else says how long it is
      return true;
    };
    expect(same((await source.read(PATH)).bytes, pattern(length))).toBe(true);
    expect(python.reads.map(({ offset }) => offset)).toEqual([0]);
    expect(roads.at(-1)?.[0]).toBe("comm");
  });

  it.each([
    ["a proxy", 206, '"1"'],
    ["Python itself, which says the whole for a part that is all of it", 200, 'W/"1"'],
  ])("takes bodies that %s has packed, and that say so, for what they hold", async (_name, status, etag) => {
    const bytes = pattern(100_000);
    add(PATH, bytes);
    server.instead = (request, response) => {
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
    expect(same((await source.read(PATH)).bytes, bytes)).toBe(true);
    expect(roads.map(([name]) => name)).toEqual(["direct"]);
  });

  it("says what a person can do where Jupyter has no proxy, or asks to log in again", async () => {
    const page = { origin: `http://127.0.0.1:${server.port}`, hostname: "hub.example.org", baseUrl: "/" };
    let status = 404;
    server.instead = (request, response) => {
      if (!request.url?.startsWith("/proxy/")) return false;
      request.url = request.url.replace(/^\/proxy\/\d+/, "");
      if (status === 0) server.answer(request, response);
      else response.writeHead(status, { "Content-Type": "text/html" }).end("<html>");
      return true;
    };
    open(page);
    add(PATH, pattern(5));
    await source.read(PATH);
    expect(roads.at(-1)?.[0]).toBe("comm");
    expect(source.described).toContain(
      "Straight from Python: the page comes from hub.example.org: the browser would ask for access to the local network",
    );
    expect(source.described.at(-1)).toMatch(/with jupyter-server-proxy installed where Jupyter runs\.$/);

    status = 0;
    source.lookAgain();
    await expect.poll(() => roads.at(-1)?.[0]).toBe("proxy");
    expect(source.described.some((line) => /^Jupyter's proxy: [\d.]+ ms/.test(line))).toBe(true);
    status = 200;
    await source.read(PATH);
    expect(roads.at(-1)?.[0]).toBe("comm");
    expect(source.described.at(-1)).toBe("Reload the page, which logs you in again.");
  });

  it.each([302, 502, 504, 599])("goes on over the comm where a proxy answers %i", async (status) => {
    add(PATH, pattern(5));
    server.instead = (request, response) => {
      if (!request.url?.startsWith("/d/")) return false;
      response.writeHead(status, { Location: "http://127.0.0.1:1/log-in", "Content-Type": "text/html" });
      response.end("<html>");
      return true;
    };
    expect(same((await source.read(PATH)).bytes, pattern(5))).toBe(true);
    expect(roads.at(-1)).toEqual(["comm", null]);
  });

  it("leaves a server that has gone silent as soon as it does not answer to its name either", async () => {
    add(PATH, pattern(5));
    let silent = false;
    server.instead = (request, response) => {
      if (request.url?.startsWith("/d/"))
        silent = true; // and never answers
      else if (silent) response.destroy();
      return silent;
    };
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const reading = source.read(PATH);
    while (!silent) await vi.advanceTimersByTimeAsync(10);
    await vi.advanceTimersByTimeAsync(5100);
    while (roads.length < 2) await vi.advanceTimersByTimeAsync(10);
    await vi.advanceTimersByTimeAsync(100);
    expect(same((await reading).bytes, pattern(5))).toBe(true);
    expect(roads.at(-1)?.[0]).toBe("comm");
  });

  it("does not take for silent a server that brings something else, as a browser asks six things at a time", async () => {
    const other = "var/A.values.f32";
    const length = 1000;
    add(PATH, pattern(length));
    add(other, pattern(10));
    await source.read(other);
    let coming = true;
    let asked = 0;
    const waiting: (() => void)[] = [];
    server.instead = (request, response) => {
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
        waiting.push(() => server.answer(request, response)); // in the browser's queue, as it were
      }
      return true;
    };
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const both = Promise.all([source.read(PATH), source.read(other)]);
    while (coming) await vi.advanceTimersByTimeAsync(20);
    await vi.advanceTimersByTimeAsync(100);
    const [slow, quick] = await both;
    expect([slow.bytes.length, quick.bytes.length]).toEqual([length, 10]);
    expect(asked).toBeGreaterThan(1); // the challenge, too
    expect(roads.map(([name]) => name)).toEqual(["direct"]);
    expect(python.reads).toEqual([]);
  });

  it("looks again by itself for a server that has failed in the middle, as the comm may wait for a cell", async () => {
    add(PATH, pattern(10));
    await source.read(PATH);
    python.pause(); // a cell is running
    let asked = false;
    server.instead = (request) => {
      asked ||= request.url?.startsWith("/d/") === true;
      return asked; // and never answers
    };
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const reading = source.read(PATH);
    while (!asked) await vi.advanceTimersByTimeAsync(10);
    while (roads.length < 2) await vi.advanceTimersByTimeAsync(100);
    expect(python.reads).toHaveLength(1);
    server.instead = () => false;
    await vi.advanceTimersByTimeAsync(9000);
    expect(roads).toHaveLength(2);
    while (roads.length < 3) await vi.advanceTimersByTimeAsync(100);
    await vi.advanceTimersByTimeAsync(100);
    expect(same((await reading).bytes, pattern(10))).toBe(true);
    expect(roads.at(-1)?.[0]).toBe("direct");
  });

  it("takes the comm where HTTP is slow and the comm was seen to be quicker, and says so", async () => {
    const length = 3 * PIECE_BYTES;
    add(PATH, pattern(length));
    let slow = true;
    server.instead = (request, response) => {
      if (!slow || !request.url?.startsWith("/d/")) return false;
      setTimeout(() => {
        slow = false;
        server.answer(request, response);
        slow = true;
      }, 1500); // as if 4 MiB took so long
      return true;
    };
    expect(same((await source.read(PATH)).bytes, pattern(length))).toBe(true);
    expect(python.reads.map(({ offset }) => offset / PIECE_BYTES)).toEqual([1, 2]);
    expect(roads).toEqual([
      ["direct", `http://127.0.0.1:${server.port}/`],
      ["comm", `http://127.0.0.1:${server.port}/`],
    ]);
    expect(source.road?.name).toBe("direct"); // events still go there
    const speeds = source.measured.map(({ name, mb_per_s }) => [name, mb_per_s ?? 0] as const);
    expect(speeds.map(([name]) => name)).toEqual(["direct", "comm"]);
    expect(speeds[1][1]).toBeGreaterThan(2 * speeds[0][1]);

    python.pause(); // a cell is running: what the comm does not bring HTTP does
    slow = false;
    expect(same((await source.read(PATH)).bytes, pattern(length))).toBe(true);
    expect(roads.at(-1)?.[0]).toBe("direct");
  }, 30_000);

  it("does not try the comm for long where a cell is running", async () => {
    const length = 5 * PIECE_BYTES;
    add(PATH, pattern(length));
    add("small", pattern(10));
    await source.read("small");
    python.pause(); // a cell is running
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    let slow = true;
    server.instead = (request, response) => {
      if (!slow || !request.url?.startsWith("/d/")) return false;
      setTimeout(() => {
        slow = false;
        server.answer(request, response);
      }, 4000); // as if 4 MiB took so long: the rest would take 16 s
      return true;
    };
    const reading = source.read(PATH);
    while (python.reads.length === 0) await vi.advanceTimersByTimeAsync(50);
    const begun = performance.now();
    const before = resources().length;
    while (resources().length === before) await vi.advanceTimersByTimeAsync(100);
    expect(performance.now() - begun).toBeLessThan(5000); // of the page's clock
    expect(same((await reading).bytes, pattern(length))).toBe(true);
    expect(roads.map(([name]) => name)).toEqual(["direct"]);
  }, 30_000);

  it("brings by HTTP what the comm does not, however slow HTTP is", async () => {
    const length = 3 * PIECE_BYTES;
    add(PATH, pattern(length));
    add("small", pattern(10));
    await source.read("small");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    let late = false;
    server.instead = (request, response) => {
      if (late || !request.url?.startsWith("/d/")) return false;
      setTimeout(() => {
        late = true;
        server.answer(request, response);
        late = false;
      }, 4000); // as if 4 MiB took so long
      return true;
    };
    const read = async () => {
      let there = false;
      const reading = source.read(PATH, { size: length }).finally(() => {
        there = true;
      });
      for (let tenths = 0; tenths < 600 && !there; tenths++) await vi.advanceTimersByTimeAsync(100);
      expect(there).toBe(true);
      expect(same((await reading).bytes, pattern(length))).toBe(true);
    };
    await read();
    expect(roads.at(-1)?.[0]).toBe("comm");
    python.pause(); // a cell is running
    await read();
    expect(roads.at(-1)?.[0]).toBe("direct");
  }, 30_000);

  it("keeps to the comm where each of its pieces takes seconds, and HTTP would need longer", async () => {
    const length = 3 * PIECE_BYTES;
    add(PATH, pattern(length));
    add("small", pattern(10));
    await source.read("small");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    python.delay = (bytes) => bytes / 1500;
    let late = false;
    server.instead = (request, response) => {
      if (late || !request.url?.startsWith("/d/")) return false;
      setTimeout(() => {
        late = true;
        server.answer(request, response);
        late = false;
      }, 8000); // as if 4 MiB took so long
      return true;
    };
    for (let times = 0; times < 2; times++) {
      let there = false;
      const reading = source.read(PATH).finally(() => {
        there = true;
      });
      while (!there) await vi.advanceTimersByTimeAsync(100);
      expect(same((await reading).bytes, pattern(length))).toBe(true);
    }
    expect(roads.map(([name]) => name)).toEqual(["direct", "comm"]);
  }, 30_000);

  it("tells that HTTP has failed also where the comm was quicker by then", async () => {
    const other = "var/A.values.f32";
    add(PATH, pattern(2 * PIECE_BYTES));
    add(other, pattern(2 * PIECE_BYTES));
    let cut = () => {};
    let slow = true;
    server.instead = (request, response) => {
      if (!slow || !request.url?.startsWith("/d/")) return false;
      if (request.url.includes("A.values")) {
        cut = () => response.destroy();
        return true;
      }
      setTimeout(() => {
        slow = false;
        server.answer(request, response);
        slow = true;
      }, 2500); // as if 4 MiB took so long
      return true;
    };
    const reading = source.read(other);
    await expect.poll(() => resources().length, { timeout: 10_000 }).toBe(1);
    await source.read(PATH);
    const base = `http://127.0.0.1:${server.port}/`;
    expect(roads.at(-1)).toEqual(["comm", base]);
    cut();
    expect(same((await reading).bytes, pattern(2 * PIECE_BYTES))).toBe(true);
    expect(roads.at(-1)).toEqual(["comm", null]);
  }, 30_000);

  it("ends everything when it is disposed", async () => {
    server.instead = (request) => request.url?.startsWith("/d/") ?? false; // never answers
    add(PATH, pattern(10));
    const reading = source.read(PATH);
    await expect.poll(() => resources().length).toBe(1);
    source.dispose();
    await expect(reading).rejects.toThrow("the widget was closed");
  });

  it("asks for paths that a proxy may decode once", async () => {
    expect(encodePath("obs/a%2Fb%20%25.codes.u8")).toBe("obs/a%252Fb%2520%2525.codes.u8");
    server.add("obs/a%2Fb.codes.u8", pattern(3));
    expect((await source.read("obs/a%2Fb.codes.u8")).bytes.length).toBe(3);
  });
});
