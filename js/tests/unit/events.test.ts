import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import { Events, type Post, type Posted } from "../../src/channel/events";
import type { Ack, Upstream } from "../../src/channel/messages";
import { FakeModel } from "../fakes/model";

type Event = Extract<Upstream, { kind: "event" }>;

vi.spyOn(console, "debug").mockImplementation(() => {}); // roads that break are what is tried here

const click = (cell: number) => ({ cell, button: 0, shift: false, ctrl: false }) as const;
const ackOf = (seq: number): Ack => ({ kind: "ack", page: "p1", seq, revision: 0, error: null });

describe("events", () => {
  let model: FakeModel;
  let post: Post | null;
  let late: number;
  let unheard: (readonly string[] | null)[];
  let events: Events;
  const numbers = () => model.messages.map((message) => (message as Event).seq);

  beforeEach(() => {
    vi.useFakeTimers();
    model = new FakeModel();
    [post, late, unheard] = [null, 0, []];
    events = new Events(new CommCarrier(model, "p1"), {
      post: () => post,
      onLate: () => late++,
      onUnheard: (names) => unheard.push(names),
    });
  });

  afterEach(() => {
    events.dispose();
    vi.useRealTimers();
  });

  it("are numbered from 1, but for those of which the latest counts", () => {
    events.send("click", click(1));
    events.tell("hover", { cell: 4 });
    events.send("click", click(2));
    expect(numbers()).toEqual([1, 0, 2]);
  });

  it("go again after an outage of any length, and all of them as soon as Python says what it misses", async () => {
    events.send("click", click(1));
    await vi.advanceTimersByTimeAsync(600_000);
    model.sent.length = 0;
    events.send("click", click(2));
    model.deliver(ackOf(0)); // the second alone has arrived
    expect(numbers()).toEqual([2, 1, 2]);
    model.deliver(ackOf(2));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(numbers()).toEqual([2, 1, 2]);
  });

  it("of a script have a name of their own", () => {
    events.sendOwn("note", { text: "hello" });
    expect(model.messages).toMatchObject([{ kind: "event", seq: 1, event: "note", payload: { text: "hello" } }]);
    for (const name of ["selection", "answer", "message", "", "a b", "x".repeat(65)]) {
      expect(() => events.sendOwn(name, {})).toThrow("cannot have the name");
    }
  });

  it("go once where Python answers, whatever comes later", async () => {
    const posted = vi.fn();
    post = posted;
    events.send("click", click(1));
    events.send("click", click(2));
    await vi.advanceTimersByTimeAsync(100);
    model.deliver(ackOf(2));
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect([numbers(), posted.mock.calls, late]).toEqual([[1, 2], [], 0]);
  });

  it("go by HTTP where the comm brings no answer, all that are left, in order, one request at a time", async () => {
    const batches: number[][] = [];
    let answer: (acks: Ack[]) => void = () => {};
    post = (batch) => {
      batches.push(batch.map(({ message }) => message.seq));
      return new Promise((done) => {
        answer = done;
      });
    };
    for (const cell of [1, 2, 3]) events.send("click", click(cell));
    model.deliver(ackOf(1));
    await vi.advanceTimersByTimeAsync(310);
    expect(batches).toEqual([[2, 3]]);
    events.send("click", click(4));
    await vi.advanceTimersByTimeAsync(5000);
    expect(batches).toHaveLength(1);
    answer([ackOf(2), ackOf(3)]);
    await vi.advanceTimersByTimeAsync(310);
    expect(batches).toEqual([[2, 3], [4]]);
    answer([ackOf(4)]);
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(batches).toHaveLength(2);
    expect(numbers()).toEqual([1, 2, 3, 4]);
    expect(late).toBe(0);
  });

  it("go by HTTP as soon as a road is found", async () => {
    events.send("click", click(1));
    await vi.advanceTimersByTimeAsync(2000);
    const posted = vi.fn((batch: readonly Posted[]) => Promise.resolve(batch.map(({ message }) => ackOf(message.seq))));
    post = posted;
    await vi.advanceTimersByTimeAsync(310);
    expect(posted).toHaveBeenCalledOnce();
  });

  it("are posted by eight megabytes at a time", async () => {
    const batches: number[] = [];
    post = (batch) => {
      batches.push(batch.length);
      return Promise.resolve(batch.map(({ message }) => ackOf(message.seq)));
    };
    const payload = { source: "lasso", encoding: "bitmap", count: 1 } as const;
    for (let turn = 0; turn < 5; turn++) events.send("selection", payload, [new Uint8Array(3 << 20)]);
    events.send("selection", payload, [new Uint8Array(9 << 20)]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(batches).toEqual([2, 2, 1, 1]);
  });

  it("go by the comm again where that is all there is, ever more patiently", async () => {
    events.send("click", click(1));
    events.send("click", click(2));
    await vi.advanceTimersByTimeAsync(4900);
    expect([numbers(), late]).toEqual([[1, 2], 0]);
    await vi.advanceTimersByTimeAsync(500);
    expect([numbers(), late]).toEqual([[1, 2, 1, 2], 1]);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(numbers().length).toBeLessThan(50);
    model.deliver(ackOf(1));
    expect(unheard.at(-1)).toEqual(["click"]);
    model.deliver(ackOf(2));
    expect(unheard.at(-1)).toBeNull();
  });

  it("of a person wait in sight while Python hears nothing", async () => {
    events.send("ready", { n_cells: 1, dimensions: 2 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(unheard).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(unheard).toEqual([[]]);
    events.send("click", click(1));
    events.send("click", click(2));
    await vi.advanceTimersByTimeAsync(400);
    expect(unheard).toEqual([[], ["click"]]);
    await vi.advanceTimersByTimeAsync(60_000);
    model.deliver(ackOf(3));
    expect(unheard).toEqual([[], ["click"], null]);
  });

  it("that go by HTTP are heard", async () => {
    post = async (batch) => batch.map(({ message }) => ackOf(message.seq));
    events.send("click", click(1));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(unheard).toEqual([]);
  });

  it("are posted ever more rarely where nobody takes them, and at once again when somebody does", async () => {
    let posts = 0;
    post = async () => {
      posts++;
      throw new Error("refused");
    };
    events.send("click", click(1));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(posts).toBeGreaterThan(5);
    expect(posts).toBeLessThan(40);
    post = async (batch) => [ackOf(batch.at(-1)?.message.seq ?? 0)];
    await vi.advanceTimersByTimeAsync(31_000);
    expect(events.unacknowledged).toBe(0);
    events.send("click", click(2));
    await vi.advanceTimersByTimeAsync(400);
    expect(events.unacknowledged).toBe(0);
  });

  it("of a widget that is closed are sent no more", async () => {
    events.send("click", click(1));
    events.dispose();
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(numbers()).toEqual([1]);
  });

  it("are taken once and in order, whichever road breaks when", async () => {
    const step = fc.oneof(
      { arbitrary: fc.record({ send: fc.constant(true) }), weight: 2 },
      { arbitrary: fc.record({ wait: fc.integer({ min: 1, max: 900 }) }), weight: 2 },
      fc.record({ comm: fc.boolean() }),
      fc.record({ http: fc.constantFrom("works", "fails", "loses the answer", "is not there") }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const page = new FakeModel();
        const taken: number[] = [];
        // As python/cellucid/channel/conversation.py does it.
        const take = ({ message }: { message: Upstream }) => {
          if ((message as Event).seq === taken.length + 1) taken.push((message as Event).seq);
          return ackOf(taken.length);
        };
        let comm = true;
        let http = "works";
        page.onSend = (sent) => {
          const ack = take(comm ? sent : { message: { seq: -1 } as Event });
          if (comm) setTimeout(() => page.deliver(ack), 20);
        };
        const roads = (batch: readonly Posted[]) => {
          if (http === "fails") return Promise.reject(new Error("cut"));
          const acks = batch.map(take);
          return http === "works" ? Promise.resolve(acks) : Promise.reject(new Error("cut"));
        };
        const sender = new Events(new CommCarrier(page, "p1"), {
          post: () => (http === "is not there" ? null : roads),
        });
        let sent = 0;
        for (const each of steps) {
          if ("send" in each) sent = sender.send("click", click(1));
          if ("wait" in each) await vi.advanceTimersByTimeAsync(each.wait);
          if ("comm" in each) comm = each.comm;
          if ("http" in each) http = each.http;
        }
        comm = true;
        http = "works";
        await vi.advanceTimersByTimeAsync(60_000);
        sender.dispose();
        expect(taken).toEqual(Array.from({ length: sent }, (_, index) => index + 1));
      }),
      { numRuns: 300 },
    );
  });
});
