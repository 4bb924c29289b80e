import { createServer } from "node:http";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { PIECE_BYTES, type Server } from "../../src/channel/messages";
import { encodePath } from "../../src/data/http";
import { pattern, same } from "../fakes/bytes";
import { stopClock } from "../fakes/clock";
import { Roads } from "../fakes/roads";
import { json } from "../fakes/server";

const PATH = "embeddings/X_umap.f32";

describe("the ladder of carriers", () => {
  let roads: Roads;

  beforeEach(async () => {
    roads = await Roads.start();
  });

  it("takes the server where the page is on this machine, and tells so once", async () => {
    roads.add(PATH, pattern(100_000));
    const { bytes, dtype, shape } = await roads.source.read(PATH);
    expect(same(bytes, pattern(100_000))).toBe(true);
    expect({ dtype, shape }).toEqual({ dtype: "uint8", shape: [100_000] });
    await roads.source.read(PATH);
    expect(roads.told).toEqual([["direct", `http://127.0.0.1:${roads.server.port}/`]]);
    expect(roads.python.reads).toEqual([]);
    expect(roads.source.carried).toEqual({ direct: { bytes_received: 200_000, bytes_sent: 0 } });
  });

  it("shows the token to nobody who does not know it", async () => {
    const tokens: unknown[] = [];
    const stranger = createServer((request, response) => {
      tokens.push(request.headers["x-cellucid-token"], request.url?.includes(roads.server.token));
      json(response, 200, { status: "ok", answer: "0".repeat(64) });
    });
    await new Promise<void>((listening) => stranger.listen(0, "127.0.0.1", listening));
    onTestFinished(() => void stranger.close());
    const { port } = stranger.address() as { port: number };
    roads.place = async () => ({ ...roads.server.place, port });
    roads.open();
    roads.add(PATH, pattern(10));
    await roads.source.read(PATH);
    expect(tokens).toEqual([undefined, false]);
    expect(roads.told.at(-1)).toEqual(["comm", null]);
    expect(roads.python.reads).toHaveLength(1);
  });

  it.each([
    ["nobody there", async () => ({ ...roads.server.place, port: 1 })],
    ["no server at all", async () => null],
    ["a server that cannot be asked for", () => Promise.reject(new Error("no kernel"))],
  ])("takes the comm with %s", async (_name, connect) => {
    roads.place = connect;
    roads.open();
    roads.add(PATH, pattern(1000));
    expect(same((await roads.source.read(PATH)).bytes, pattern(1000))).toBe(true);
    expect(roads.told.at(-1)).toEqual(["comm", null]);
  });

  it("takes the comm where the page is somewhere else, and never looks at this machine", async () => {
    roads.open({ origin: "https://hub.example.org", hostname: "hub.example.org", baseUrl: null });
    const before = roads.server.asked.length;
    roads.add(PATH, pattern(10));
    await roads.source.read(PATH);
    expect(roads.server.asked.length).toBe(before);
    expect(roads.told.at(-1)).toEqual(["comm", null]);
  });

  it("takes Python's no over HTTP for an answer", async () => {
    await expect(roads.source.read("obs/none.codes.u8")).rejects.toMatchObject({
      code: "dataset",
      message: "there is no resource 'obs/none.codes.u8'",
    });
    expect(roads.told.map(([name]) => name)).toEqual(["direct"]);
    expect(roads.python.reads).toEqual([]);
  });

  it("reads anew what changes in the middle", async () => {
    const length = 5 * 1024 * 1024; // more than one range
    roads.server.add(PATH, pattern(length), "old");
    roads.server.instead = (request) => {
      if (request.headers.range?.startsWith("bytes=4194304-")) roads.server.add(PATH, pattern(1000, 7), "new");
      return false;
    };
    const { bytes } = await roads.source.read(PATH);
    expect(same(bytes, pattern(1000, 7))).toBe(true);
    expect(roads.told.map(([name]) => name)).toEqual(["direct"]);
  });

  it("reads a resource of no bytes", async () => {
    roads.server.add(PATH, new Uint8Array());
    expect((await roads.source.read(PATH)).bytes.length).toBe(0);
  });

  it("stops asking when it is aborted", async () => {
    roads.add(PATH, pattern(40 * 1024 * 1024));
    const abort = new AbortController();
    const reason = new Error("enough");
    const reading = roads.source.read(PATH, { signal: abort.signal, onProgress: () => abort.abort(reason) });
    await expect(reading).rejects.toBe(reason);
    expect(roads.asked()).toHaveLength(1);
    expect(roads.python.reads).toEqual([]);
    expect(roads.told.map(([name]) => name)).toEqual(["direct"]);
  });

  it("takes what the comm cannot bring to HTTP as soon as there is a road", async () => {
    let go = (_: Server) => {};
    roads.place = () => new Promise((found) => (go = found));
    roads.open();
    roads.add(PATH, pattern(1000));
    roads.python.pause(); // a cell is running
    const reading = roads.source.read(PATH);
    await expect.poll(() => roads.python.reads.length).toBe(1);
    go(roads.server.place);
    expect(same((await reading).bytes, pattern(1000))).toBe(true);
  });

  it("takes a long transfer to HTTP in the middle, and asks for no byte twice", async () => {
    let go = (_: Server) => {};
    roads.place = () => new Promise((found) => (go = found));
    roads.open();
    const length = 5 * PIECE_BYTES;
    roads.add(PATH, pattern(length));
    roads.python.beforeRead = ({ offset }) => {
      if (offset !== PIECE_BYTES) return;
      roads.python.held.add(PATH); // the comm is slow, until there is a road
      go(roads.server.place);
    };
    roads.onRoad = () => roads.python.release();
    expect(same((await roads.source.read(PATH)).bytes, pattern(length))).toBe(true);
    const pieces = roads.python.reads.map(({ offset }) => offset);
    expect(pieces.length).toBeLessThan(5);
    expect(roads.asked()[0].range).toMatch(new RegExp(`^bytes=${pieces.length * PIECE_BYTES}-`));
  });

  it("takes to HTTP also what the comm was bringing, and then no longer does", async () => {
    let go = (_: Server) => {};
    roads.place = () => new Promise((found) => (go = found));
    roads.open();
    const length = 6 * PIECE_BYTES;
    roads.add(PATH, pattern(length));
    roads.python.grow(PATH, 3 * PIECE_BYTES);
    const reading = roads.source.read(PATH);
    await expect.poll(() => roads.python.reads.at(-1)?.offset, { timeout: 10_000 }).toBe(4 * PIECE_BYTES);
    roads.onRoad = () => roads.python.grow(PATH, 4 * PIECE_BYTES); // the first of the two that are asked for, and a cell begins
    go(roads.server.place);
    expect(same((await reading).bytes, pattern(length))).toBe(true);
    expect(roads.asked()[0].range).toMatch(new RegExp(`^bytes=${4 * PIECE_BYTES}-`));
  }, 30_000);

  it("does not let what is small wait for the search", async () => {
    roads.place = () => new Promise(() => {});
    roads.open();
    roads.add(PATH, pattern(1000));
    const start = performance.now();
    const reading = roads.source.read(PATH, { size: 1000 });
    expect(roads.python.reads).toHaveLength(1);
    expect(same((await reading).bytes, pattern(1000))).toBe(true);
    expect(performance.now() - start).toBeLessThan(400); // no longer than a large one waits
  });

  it("looks again as soon as it is told that the network is back", async () => {
    roads.place = async () => ({ ...roads.server.place, port: 1 });
    roads.open();
    roads.add(PATH, pattern(10));
    await roads.source.read(PATH);
    expect(roads.told.at(-1)?.[0]).toBe("comm");
    roads.place = async () => roads.server.place;
    roads.source.lookAgain();
    await expect.poll(() => roads.told.at(-1)?.[0]).toBe("direct");
  });

  it("looks again by itself for a server that was only silent", async () => {
    let silent = true;
    roads.server.instead = () => silent;
    stopClock();
    roads.add(PATH, pattern(10));
    const reading = roads.source.read(PATH);
    while (roads.told.length === 0) await vi.advanceTimersByTimeAsync(100);
    await reading;
    expect(roads.told.at(-1)?.[0]).toBe("comm");
    silent = false;
    const before = roads.server.asked.length;
    await vi.advanceTimersByTimeAsync(9900);
    expect(roads.server.asked.length).toBe(before);
    while (roads.told.length === 1) await vi.advanceTimersByTimeAsync(100);
    expect(roads.told.at(-1)?.[0]).toBe("direct");
  });

  it("says what a person can do where Jupyter has no proxy, or asks to log in again", async () => {
    const page = { origin: `http://127.0.0.1:${roads.server.port}`, hostname: "hub.example.org", baseUrl: "/" };
    let status = 404;
    roads.server.instead = (request, response) => {
      if (!request.url?.startsWith("/proxy/")) return false;
      request.url = request.url.replace(/^\/proxy\/\d+/, "");
      if (status === 0) roads.server.answer(request, response);
      else response.writeHead(status, { "Content-Type": "text/html" }).end("<html>");
      return true;
    };
    roads.open(page);
    roads.add(PATH, pattern(5));
    await roads.source.read(PATH);
    expect(roads.told.at(-1)?.[0]).toBe("comm");
    expect(roads.source.described).toContain(
      "Straight from Python: the page comes from hub.example.org: the browser would ask for access to the local network",
    );
    expect(roads.source.described.at(-1)).toMatch(/with jupyter-server-proxy installed where Jupyter runs\.$/);

    status = 0;
    roads.source.lookAgain();
    await expect.poll(() => roads.told.at(-1)?.[0]).toBe("proxy");
    expect(roads.source.described.some((line) => /^Jupyter's proxy: [\d.]+ ms/.test(line))).toBe(true);
    status = 200;
    await roads.source.read(PATH);
    expect(roads.told.at(-1)?.[0]).toBe("comm");
    expect(roads.source.described.at(-1)).toBe("Reload the page, which logs you in again.");
  });

  it("ends everything when it is disposed", async () => {
    roads.server.instead = (request) => request.url?.startsWith("/d/") ?? false; // never answers
    roads.add(PATH, pattern(10));
    const reading = roads.source.read(PATH);
    await expect.poll(() => roads.asked().length).toBe(1);
    roads.source.dispose();
    await expect(reading).rejects.toThrow("the widget was closed");
  });

  it("asks for paths that a proxy may decode once", async () => {
    expect(encodePath("obs/a%2Fb%20%25.codes.u8")).toBe("obs/a%252Fb%2520%2525.codes.u8");
    roads.server.add("obs/a%2Fb.codes.u8", pattern(3));
    expect((await roads.source.read("obs/a%2Fb.codes.u8")).bytes.length).toBe(3);
  });
});
