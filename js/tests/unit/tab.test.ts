import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TabModel } from "../../src/host/tab";
import { eventsOf, ViewerGone } from "../../src/host/tabserver";

type Posted = { content: unknown; buffers: number[] };

/** A data server that speaks to a tab as `python/cellucid/server/viewers.py` does. */
class FakeTabServer {
  state: Record<string, unknown> = { _updates: { now: 0 }, opacity: null, tool: "navigate" };
  epoch = "first";
  readonly posted: Posted[] = [];
  readonly streams: ServerResponse[] = [];
  readonly asked: URL[] = [];
  readonly buffers = new Map<number, Uint8Array>();
  /** Answers in its place when it returns true. */
  instead: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  private readonly http: Server = createServer((request, response) => this.answer(request, response));

  async start(): Promise<string> {
    await new Promise<void>((listening) => this.http.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((closed) => this.http.close(closed));
  }

  say(id: number, content: unknown, method = "custom", buffers: number[] = []): void {
    this.streams.at(-1)?.write(`id: ${id}\ndata: ${JSON.stringify({ method, content, buffers })}\n\n`);
  }

  /** Sends half an event and breaks off. */
  breakOff(): void {
    this.streams.at(-1)?.write("id: 99\ndata: {");
    this.streams.at(-1)?.destroy();
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://x");
    this.asked.push(url);
    if (this.instead(request, response)) return;
    if (request.headers["x-cellucid-token"] !== "T") response.writeHead(401).end('{"error": "token"}');
    else if (url.searchParams.get("viewerId") !== "V") response.writeHead(404).end('{"error": "not_found"}');
    else if (url.pathname === "/_cellucid/state") response.end(JSON.stringify(this.state));
    else if (url.pathname === "/_cellucid/commands") {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write(`event: epoch\ndata: ${this.epoch}\n\n`);
      this.streams.push(response);
    } else if (url.pathname.startsWith("/_cellucid/commands/")) {
      const bytes = this.buffers.get(Number(url.pathname.split("/")[3]));
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes ?? '{"error": "not_found"}');
    } else if (url.pathname === "/_cellucid/events") {
      const parts: Buffer[] = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        const body = Buffer.concat(parts);
        this.posted.push(...JSON.parse(body.subarray(4, 4 + body.readUInt32LE(0)).toString()).messages);
        response.end('{"acks": []}');
      });
    }
  }
}

describe("the model of a tab", () => {
  let server: FakeTabServer;
  let base: string;
  let model: TabModel;
  let page: EventTarget & { visibilityState: string };
  const open = () => TabModel.open({ base, viewerId: "V", token: "T" });
  const connected = (count = 1) => vi.waitFor(() => expect(server.streams.length).toBe(count), { timeout: 5000 });

  beforeEach(async () => {
    vi.spyOn(console, "debug").mockImplementation(() => {});
    page = Object.assign(new EventTarget(), { visibilityState: "visible" });
    vi.stubGlobal("document", page);
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    server = new FakeTabServer();
    base = await server.start();
    model = await open();
    await connected();
  });

  afterEach(async () => {
    model.dispose();
    await server.stop();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  it("has the traits that Python has", () => {
    expect(model.get("tool")).toBe("navigate");
    expect(model.get("nothing")).toBeUndefined();
  });

  it("tells of what changes, once all of it is there, and of nothing else", async () => {
    const told: unknown[] = [];
    model.on("change:_updates", () => told.push(["_updates", model.get("opacity")]));
    model.on("change:opacity", () => told.push("opacity"));
    model.on("change:tool", () => told.push("tool"));
    server.say(1, { _updates: { now: 1 }, opacity: 0.5, tool: "navigate" }, "update");
    await vi.waitFor(() => expect(told).toEqual([["_updates", 0.5], "opacity"]));
  });

  it("is set by the page itself, whose listeners hear of it", () => {
    const told = vi.fn();
    model.on("change:tool", told);
    model.set("tool", "lasso");
    expect([model.get("tool"), told.mock.calls.length]).toEqual(["lasso", 1]);
    model.off("change:tool", told);
    model.set("tool", "box");
    expect(told).toHaveBeenCalledOnce();
  });

  it("hears messages in their order, those with buffers too", async () => {
    const heard: [unknown, number[][]][] = [];
    model.on("msg:custom", (content: unknown, buffers: ArrayBuffer[]) =>
      heard.push([content, buffers.map((buffer) => [...new Uint8Array(buffer)])]),
    );
    server.buffers.set(1, Uint8Array.of(1, 2, 3));
    server.say(1, "first", "custom", [1, 0, 2]);
    server.say(2, "second");
    await vi.waitFor(() =>
      expect(heard).toEqual([
        ["first", [[1], [], [2, 3]]],
        ["second", []],
      ]),
    );
  });

  it("goes on without a message whose buffers are no longer kept", async () => {
    const heard: unknown[] = [];
    model.on("msg:custom", (content: unknown) => heard.push(content));
    server.say(1, "lost", "custom", [1]);
    server.say(2, "second");
    await vi.waitFor(() => expect(heard).toEqual(["second"]));
  });

  it("says things in their order, those of one go together", async () => {
    model.send({ n: 1 });
    model.send({ n: 2 }, undefined, [new ArrayBuffer(3)]);
    await vi.waitFor(() => expect(server.posted.map(({ content }) => content)).toEqual([{ n: 1 }, { n: 2 }]));
    expect(server.posted[1].buffers).toEqual([3]);
    expect(server.asked.filter(({ pathname }) => pathname === "/_cellucid/events")).toHaveLength(1);
  });

  it("says again what did not arrive, and nothing twice", async () => {
    let failures = 2;
    server.instead = (request, response) => {
      if (request.method !== "POST" || failures-- <= 0) return false;
      response.destroy();
      return true;
    };
    model.send({ n: 1 });
    await vi.waitFor(() => expect(server.posted).toHaveLength(1), { timeout: 5000 });
    model.send({ n: 2 });
    await vi.waitFor(() => expect(server.posted.map(({ content }) => content)).toEqual([{ n: 1 }, { n: 2 }]));
  });

  it.each([
    ["messages", 5_000, 0, 1_000],
    ["bytes", 60, 1024 * 1024, 32],
  ])("keeps the newest %s of what it cannot say, and says them in their order", async (_what, sent, length, kept) => {
    let reached = false;
    server.instead = (request, response) => {
      if (request.method === "POST" && !reached) response.destroy();
      return request.method === "POST" && !reached;
    };
    model.send({ n: 0 });
    await vi.waitFor(() => expect(server.asked.some(({ pathname }) => pathname.endsWith("/events"))).toBe(true));
    for (let n = 1; n <= sent; n++) model.send({ n }, undefined, [new ArrayBuffer(length)]);
    reached = true;
    await vi.waitFor(() => expect(server.posted.at(-1)?.content).toEqual({ n: sent }), { timeout: 20_000 });
    const newest = Array.from({ length: kept }, (_, index) => ({ n: sent - kept + 1 + index }));
    expect(server.posted.map(({ content }) => content)).toEqual([{ n: 0 }, ...newest]);
  });

  it("says its last words at once when the page goes, with what has no answer yet", async () => {
    let held: ServerResponse | undefined;
    server.instead = (request, response) => {
      if (held !== undefined || !request.url?.startsWith("/_cellucid/events")) return false;
      held = response; // who has read nothing of it yet
      return true;
    };
    model.send({ n: 1 });
    await vi.waitFor(() => expect(held).toBeDefined());
    model.send({ n: 2 });
    page.dispatchEvent(new Event("pagehide"));
    model.send({ n: 3 });
    model.send({ n: 4 });
    await vi.waitFor(() =>
      expect(server.posted.map(({ content }) => content)).toEqual([1, 2, 3, 4].map((n) => ({ n }))),
    );
    page.dispatchEvent(new Event("pageshow")); // the browser had kept it
    held?.writeHead(200).end('{"acks": []}');
    model.send({ n: 5 });
    await vi.waitFor(() => expect(server.posted.at(-1)?.content).toEqual({ n: 5 }));
    expect(server.posted).toHaveLength(5);
  });

  it("lets go of what is refused, or it would stand before all else", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    let first = true;
    server.instead = (request, response) => {
      if (request.method !== "POST" || !first) return false;
      first = false;
      response.writeHead(400).end();
      return true;
    };
    model.send({ n: 1 });
    await vi.waitFor(() => expect(warned).toHaveBeenCalled());
    model.send({ n: 2 });
    await vi.waitFor(() => expect(server.posted.map(({ content }) => content)).toEqual([{ n: 2 }]));
    warned.mockRestore();
  });

  it("listens again where it left off when the stream breaks", async () => {
    const heard: unknown[] = [];
    model.on("msg:custom", (content: unknown) => heard.push(content));
    server.say(7, "first");
    await vi.waitFor(() => expect(heard).toEqual(["first"]));
    server.breakOff();
    await connected(2);
    const { searchParams } = server.asked.filter(({ pathname }) => pathname === "/_cellucid/commands")[1];
    expect(searchParams.get("after")).toBe("7");
    server.say(8, "second");
    await vi.waitFor(() => expect(heard).toEqual(["first", "second"]));
  });

  it("begins anew, with the traits of now, where Python had forgotten it", async () => {
    const restarted = vi.fn(() => model.get("opacity"));
    const heard: unknown[] = [];
    model.on("change:_version", restarted);
    model.on("msg:custom", (content: unknown) => heard.push(content));
    server.say(7, "first");
    await vi.waitFor(() => expect(heard).toEqual(["first"]));
    server.epoch = "second";
    server.state = { ...server.state, opacity: 0.75 };
    server.breakOff();
    await connected(2);
    await vi.waitFor(() => expect(restarted).toHaveReturnedWith(0.75));
    server.say(1, "second");
    await vi.waitFor(() => expect(heard).toEqual(["first", "second"]));
    server.breakOff();
    await connected(3);
    const { searchParams } = server.asked.filter(({ pathname }) => pathname === "/_cellucid/commands")[2];
    expect([searchParams.get("after"), searchParams.get("epoch")]).toEqual(["1", "second"]);
    expect(restarted).toHaveBeenCalledOnce();
  });

  it("does not listen while nobody sees it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    const see = (state: string) => {
      page.visibilityState = state;
      page.dispatchEvent(new Event("visibilitychange"));
    };
    const closed = new Promise((done) => server.streams[0].on("close", done));
    see("hidden");
    await vi.advanceTimersByTimeAsync(5_000);
    await closed;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.streams).toHaveLength(1);
    see("visible");
    await connected(2);
    vi.useRealTimers();
  });

  it("does not take the answer of somebody else for the end", async () => {
    const gone = vi.fn();
    model.on("comm_live_update", gone);
    let answers = 2;
    server.instead = (_, response) => {
      if (answers-- <= 0) return false;
      response.writeHead(404).end("<html>no such page</html>");
      return true;
    };
    server.breakOff();
    await connected(2);
    expect(gone).not.toHaveBeenCalled();
  });

  it("tells that the viewer is gone, and asks no more", async () => {
    const gone = vi.fn();
    model.on("comm_live_update", gone);
    server.instead = (_, response) => {
      response.writeHead(404).end('{"error": "not_found"}');
      return true;
    };
    server.breakOff();
    await vi.waitFor(() => expect(gone).toHaveBeenCalledOnce(), { timeout: 5000 });
    const asked = server.asked.length;
    await new Promise((done) => setTimeout(done, 800));
    expect(server.asked).toHaveLength(asked);
  });

  it("does not open where there is no such viewer, or with another token", async () => {
    await expect(TabModel.open({ base, viewerId: "other", token: "T" })).rejects.toThrow(ViewerGone);
    await expect(TabModel.open({ base, viewerId: "V", token: "guess" })).rejects.toThrow(ViewerGone);
  });
});

describe("a stream of events", () => {
  const stream = (...parts: Uint8Array[]) =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (const part of parts) controller.enqueue(part as Uint8Array<ArrayBuffer>);
        controller.close();
      },
    });

  it("is read however it is cut", async () => {
    const bytes = new TextEncoder().encode(
      'event: epoch\ndata: e-1\n\n: hello\n\nid: 1\ndata: {"gene": "β-actin 🧬"}\n\nid: 2\ndata: {}\n\nid: 3\ndata: {',
    );
    for (let at = 0; at <= bytes.length; at++) {
      const read = [];
      for await (const event of eventsOf(stream(bytes.slice(0, at), bytes.slice(at)))) read.push(event);
      expect(read).toEqual([{ epoch: "e-1" }, null, { id: 1, data: '{"gene": "β-actin 🧬"}' }, { id: 2, data: "{}" }]);
    }
  });
});
