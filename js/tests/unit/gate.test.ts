import { afterEach, describe, expect, it, vi } from "vitest";
import { gateOf } from "../../src/data/gate";

const never = new AbortController().signal;

describe("the gate before a server", () => {
  let servers = 0;
  const fresh = () => gateOf(`http://127.0.0.1:${++servers}/`);
  afterEach(() => vi.resetModules());

  it("lets four in, and then in turn who waits when one leaves", async () => {
    const gate = fresh();
    const entered: number[] = [];
    const leaving: (() => void)[] = [];
    const enter = async (who: number) => {
      leaving[who] = await gate.enter(never);
      entered.push(who);
    };
    const all = Promise.all([0, 1, 2, 3, 4, 5, 6].map(enter));
    await Promise.resolve();
    await vi.waitFor(() => expect(entered).toEqual([0, 1, 2, 3]));
    leaving[2]();
    await vi.waitFor(() => expect(entered).toEqual([0, 1, 2, 3, 4]));
    leaving[0]();
    leaving[4]();
    await all;
    expect(entered).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const who of [1, 3, 5, 6]) leaving[who]();
    await Promise.all([0, 1, 2, 3].map(enter)); // all places are free again
  });

  it("gives no place to who has given up waiting", async () => {
    const gate = fresh();
    const [first] = await Promise.all([0, 1, 2, 3].map(() => gate.enter(never)));
    const abort = new AbortController();
    const waiting = gate.enter(abort.signal);
    const next = gate.enter(never);
    abort.abort(new Error("not any more"));
    await expect(waiting).rejects.toThrow("not any more");
    await expect(gate.enter(abort.signal)).rejects.toThrow("not any more");
    first();
    (await next)();
    abort.abort();
    (await gate.enter(never))();
  });

  it("is one for all addresses of a server, and for every widget's own copy of the viewer", async () => {
    const gate = fresh();
    expect(gateOf(`http://127.0.0.1:${servers}/a/b/`)).toBe(gate);
    expect(fresh()).not.toBe(gate);
    vi.resetModules();
    const copy = await import("../../src/data/gate");
    expect(copy.gateOf).not.toBe(gateOf);
    expect(copy.gateOf(`http://127.0.0.1:${servers - 1}/`)).toBe(gate);
  });
});
