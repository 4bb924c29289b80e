import { expect, it, onTestFinished, vi } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import type { Server } from "../../src/channel/messages";
import { Requests } from "../../src/channel/requests";
import { findServer } from "../../src/host/server";
import { FakeModel } from "../fakes/model";
import { FakePython } from "../fakes/python";

const HERE: Server = { port: 4000, token: "the token", path: "/d/key/", override: null, learned: null };

function open(boot: Server | null) {
  const model = new FakeModel({ _boot: boot ?? {} });
  const python = new FakePython(model);
  const requests = new Requests(new CommCarrier(model, "p1"));
  onTestFinished(() => requests.dispose());
  return { python, find: findServer(model, requests) };
}

it("asks Python anew where the server is, and takes its word that there is none", async () => {
  const { python, find } = open(HERE);
  expect(await find()).toEqual(HERE);
  python.server = { ...HERE, port: 5000 };
  expect((await find())?.port).toBe(5000);
  python.server = null;
  expect(await find()).toBeNull();
});

it("takes the server where it was last while a cell runs, as Python hears nothing then", async () => {
  const { python, find } = open(HERE);
  await find();
  python.pause();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const found = find();
  await vi.advanceTimersByTimeAsync(1000);
  expect(await found).toEqual(HERE);
  expect(python.outstanding.size).toBe(0);
});

it("waits for Python where nobody has said yet where the server is", async () => {
  const { python, find } = open(null);
  python.server = HERE;
  python.pause();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const found = find();
  await vi.advanceTimersByTimeAsync(3000);
  python.resume();
  expect(await found).toEqual(HERE);
});
