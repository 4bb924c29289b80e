import { beforeEach, describe, expect, it, vi } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import { RequestFailure, Requests } from "../../src/channel/requests";
import { FakeModel } from "../fakes/model";

const READ = { path: "manifest.json", offset: 0, length: 1 };

describe("requests", () => {
  let model: FakeModel;
  let requests: Requests;
  const ids = () => model.messages.flatMap((message) => (message.kind === "request" ? [message.id] : []));
  const cancelled = () => model.messages.flatMap((message) => (message.kind === "cancel" ? [message.id] : []));
  const reply = (id: number, result: object, buffers: unknown[] = []) =>
    model.deliver({ kind: "reply", page: "p1", id, result }, buffers);

  beforeEach(() => {
    model = new FakeModel();
    requests = new Requests(new CommCarrier(model, "p1"));
  });

  it("get their own answers, in whatever order these arrive", async () => {
    const answers = [requests.send("read", READ), requests.send("read", READ), requests.send("selection", {})];
    const [first, second, third] = ids();
    reply(third, { n: 3 }, [Uint8Array.of(7)]);
    model.deliver({ kind: "error", page: "p1", id: first, error: { code: "not_found", message: "none", hint: "ask" } });
    reply(second, { n: 2 });
    const [failed, two, three] = await Promise.allSettled(answers);
    expect(two).toMatchObject({ value: { result: { n: 2 }, buffers: [] } });
    expect(three).toMatchObject({ value: { result: { n: 3 }, buffers: [Uint8Array.of(7)] } });
    const { reason } = failed as PromiseRejectedResult;
    expect(reason).toBeInstanceOf(RequestFailure);
    expect(reason).toMatchObject({ code: "not_found", message: "none", hint: "ask" });
  });

  it("have numbers that are never used again", async () => {
    const first = requests.send("read", READ);
    reply(ids()[0], {});
    await first;
    void requests.send("read", READ);
    expect(new Set(ids()).size).toBe(2);
  });

  it("tell Python when they are aborted, and reject with the reason", async () => {
    const abort = new AbortController();
    const answer = requests.send("read", READ, { signal: abort.signal });
    const reason = new Error("another column was chosen");
    abort.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(cancelled()).toEqual(ids());
  });

  it("ignore an answer that comes after they were aborted", async () => {
    const abort = new AbortController();
    const answer = requests.send("read", READ, { signal: abort.signal });
    const next = requests.send("read", READ);
    abort.abort();
    const [first, second] = ids();
    reply(first, { late: true });
    reply(second, { late: false });
    await expect(answer).rejects.toMatchObject({ name: "AbortError" });
    await expect(next).resolves.toMatchObject({ result: { late: false } });
  });

  it("are not sent when they were aborted before", async () => {
    const reason = new Error("too late");
    await expect(requests.send("read", READ, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(model.sent).toEqual([]);
  });

  it("give up after their own time, and tell Python so", async () => {
    vi.useFakeTimers();
    const answer = requests.send("ping", {}, { timeout: 1000 });
    const quick = requests.send("ping", {}, { timeout: 1000 });
    reply(ids()[1], {});
    const late = expect(answer).rejects.toMatchObject({ code: "timeout", message: "no answer to ping within 1000 ms" });
    await vi.advanceTimersByTimeAsync(1000);
    await late;
    await quick;
    expect(cancelled()).toEqual([ids()[0]]);
    vi.useRealTimers();
  });

  it("are sent again when Python has answered a later ping, and not before", async () => {
    vi.useFakeTimers();
    const answer = requests.send("selection", {});
    await vi.advanceTimersByTimeAsync(5_000);
    expect(model.messages).toMatchObject([{ method: "selection" }, { method: "ping" }]);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(model.messages.slice(1)).toEqual(Array(ids().length - 1).fill(expect.objectContaining({ method: "ping" })));
    expect(ids().length).toBeLessThan(25);
    const last = ids().length;
    reply(ids()[1], {});
    expect(ids()).toHaveLength(last); // only the last ping counts
    reply(ids()[last - 1], {});
    expect(ids()).toHaveLength(last + 1);
    expect(model.messages[last]).toEqual(model.messages[0]);
    reply(ids()[0], {});
    await answer;
    model.sent.length = 0;
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(model.sent).toEqual([]);
    vi.useRealTimers();
  });

  it("cancel nothing when the signal aborts after the answer", async () => {
    const abort = new AbortController();
    const answer = requests.send("read", READ, { signal: abort.signal });
    reply(ids()[0], {});
    await answer;
    abort.abort();
    expect(cancelled()).toEqual([]);
  });

  it("are rejected when the widget closes, and cancel nothing then", async () => {
    const abort = new AbortController();
    const answers = [requests.send("read", READ, { signal: abort.signal }), requests.send("selection", {})];
    requests.dispose();
    abort.abort();
    for (const answer of answers) await expect(answer).rejects.toMatchObject({ name: "AbortError" });
    expect(cancelled()).toEqual([]);
  });
});
