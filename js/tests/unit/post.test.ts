import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Posted } from "../../src/channel/events";
import type { Road } from "../../src/data/http";
import { postOn } from "../../src/data/post";
import { obstacle } from "../../src/data/probe";
import { FakeServer, json } from "../fakes/server";

const BATCH: Posted[] = [
  { message: { kind: "event", page: "p1", seq: 1, event: "closed", payload: {} }, buffers: [new Uint8Array([1, 2])] },
];
const ACK = { kind: "ack", page: "p1", seq: 1, revision: 0, error: null };

describe("events by HTTP", () => {
  let server: FakeServer;
  let road: Road;
  let left: boolean;
  const source = {
    get road() {
      return left ? null : road;
    },
    get lastRoad() {
      return road;
    },
    ping: () => obstacle(road, new AbortController().signal),
  };
  const posts = () => server.asked.filter(({ path }) => path === "/_cellucid/events");

  beforeEach(async () => {
    server = await FakeServer.start();
    road = { name: "direct", base: `http://127.0.0.1:${server.port}/`, server: server.place };
    left = false;
    server.instead = (request, response) => {
      if (!request.url?.startsWith("/_cellucid/events")) return false;
      json(response, 200, { acks: [ACK] });
      return true;
    };
  });

  afterEach(() => server.stop());

  it("take the road that there is, and bring back what Python acknowledges", async () => {
    expect(await postOn(source, "v 1")?.(BATCH)).toEqual([ACK]);
    expect(server.asked).toMatchObject([{ path: "/_cellucid/events", token: server.token }]);
  });

  it("have no way where no road was found", () => {
    expect(postOn({ ...source, road: null, lastRoad: null }, "v1")).toBeNull();
  });

  it("go on where a read has failed, once the server has proved that it is Python's", async () => {
    left = true;
    expect(await postOn(source, "v1")?.(BATCH)).toEqual([ACK]);
    expect(server.asked.map(({ path }) => path)).toEqual(["/_cellucid/health", "/_cellucid/events"]);
  });

  it("show no token to a stranger who listens there by now", async () => {
    left = true;
    road = { ...road, server: { ...road.server, token: "of a kernel that has ended" } };
    await expect(postOn(source, "v1")?.(BATCH)).rejects.toThrow("the server there answers 403");
    expect(posts()).toEqual([]);
    expect(server.asked.map(({ token }) => token)).toEqual([undefined]);
  });

  it.each([
    ["a refusal", 404, { error: "unknown" }],
    ["what is not ours", 200, { hello: 1 }],
  ])("take %s for no answer", async (_, status, body) => {
    server.instead = (_request, response) => {
      json(response, status, body);
      return true;
    };
    await expect(postOn(source, "v1")?.(BATCH)).rejects.toThrow("events");
  });
});
