import { beforeEach, describe, expect, it } from "vitest";
import { answerAsks } from "../../src/channel/asked";
import { CommCarrier } from "../../src/channel/comm";
import { Events } from "../../src/channel/events";
import { RequestFailure } from "../../src/channel/requests";
import { FakeModel } from "../fakes/model";

describe("what Python asks", () => {
  let model: FakeModel;
  let stop: () => void;
  let signals: AbortSignal[];

  const ask = (id: number, method: string, page: string | null = "p1") =>
    model.deliver({ kind: "command", command: "ask", payload: { id, method, params: { x: id } }, page, without: null });
  const answers = () => model.messages.map((message) => (message as { payload: unknown }).payload);
  const rest = () => new Promise((done) => setTimeout(done));

  beforeEach(() => {
    model = new FakeModel();
    signals = [];
    const carrier = new CommCarrier(model, "p1");
    stop = answerAsks(carrier, new Events(carrier), {
      double: async ({ x }) => ({ result: { x: 2 * Number(x) }, buffers: [Uint8Array.of(1, 2)] }),
      refuse: async () => {
        throw new RequestFailure("busy", "not now", "Wait.");
      },
      crash: async () => {
        throw new TypeError("oh");
      },
      wait: (_, signal) => {
        signals.push(signal);
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    });
  });

  it("is answered by an event with buffers", async () => {
    ask(1, "double");
    await rest();
    expect(answers()).toEqual([{ id: 1, result: { x: 2 }, error: null }]);
    expect([...new Uint8Array(model.sent[0].buffers[0])]).toEqual([1, 2]);
  });

  it.each([
    ["refuse", { code: "busy", message: "not now", hint: "Wait." }],
    ["crash", { code: "internal", message: "oh", hint: "" }],
    ["dance", { code: "unknown", message: "this viewer cannot dance", hint: "Update cellucid." }],
    ["constructor", { code: "unknown", message: "this viewer cannot constructor", hint: "Update cellucid." }],
  ])("has an answer also where it fails: %s", async (method, error) => {
    ask(3, method);
    await rest();
    expect(answers()).toEqual([{ id: 3, result: null, error }]);
  });

  it("is not answered by a page that was not asked", async () => {
    ask(1, "double", "p2");
    await rest();
    expect(answers()).toEqual([]);
  });

  it("is answered once, however often it arrives", async () => {
    ask(1, "wait");
    ask(1, "wait");
    expect(signals).toHaveLength(1);
  });

  it("is stopped when Python gives up, or the widget ends, and has no answer then", async () => {
    ask(1, "wait");
    ask(2, "wait");
    model.deliver({ kind: "command", command: "give_up", payload: { id: 1 }, page: "p1", without: null });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    stop();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    ask(3, "double");
    await rest();
    expect(answers()).toEqual([]);
  });
});
