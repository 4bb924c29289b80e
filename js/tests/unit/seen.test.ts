import { beforeEach, describe, expect, it, vi } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import { Seen } from "../../src/channel/seen";
import { FakeModel } from "../fakes/model";

describe("what has come to the page", () => {
  let model: FakeModel;
  let carrier: CommCarrier;
  let done: string[];

  const command = (number: number, name = `number ${number}`, epoch = 1) =>
    model.deliver({ kind: "command", command: name, payload: {}, number, epoch, page: "p1", without: null });
  const told = () => model.messages.filter(({ kind }) => kind === "seen");

  beforeEach(() => {
    vi.useFakeTimers();
    model = new FakeModel();
    carrier = new CommCarrier(model, "p1");
    done = [];
    carrier.listen((message) => {
      if (message.kind === "command") done.push(message.command);
    });
    return () => vi.useRealTimers();
  });

  it("is told at the start, and after a command, a few times a second at most", () => {
    new Seen(carrier, () => ({ updates: 3, selection: 2, marks: 0 }));
    vi.advanceTimersByTime(1000);
    expect(told()).toEqual([{ kind: "seen", page: "p1", updates: 3, selection: 2, marks: 0, epoch: 0, commands: 0 }]);
    for (let number = 1; number <= 10; number++) {
      command(number);
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(1000);
    expect(told()).toHaveLength(2);
    expect(told().at(-1)).toMatchObject({ commands: 10 });
    vi.advanceTimersByTime(60_000);
    expect(told()).toHaveLength(2);
  });

  it("is told again after a command that had come before: the word of it was lost", () => {
    const seen = new Seen(carrier, () => ({ updates: 0, selection: 0, marks: 0 }));
    command(1);
    vi.advanceTimersByTime(1000);
    command(1);
    vi.advanceTimersByTime(1000);
    expect(told()).toHaveLength(2);
    expect(done).toEqual(["number 1"]);
    seen.dispose();
    command(2);
    vi.advanceTimersByTime(1000);
    expect(told()).toHaveLength(2);
  });

  it("is carried out once and in order, however it comes", () => {
    for (const number of [1, 3, 1, 2, 2, 3, 5, 4, 4, 5]) command(number);
    expect(done).toEqual(["number 1", "number 2", "number 3", "number 4", "number 5"]);
    command(0, "hover");
    command(0, "hover");
    expect(done.slice(5)).toEqual(["hover", "hover"]);
  });

  it("is counted anew where Python has forgotten some, and what is older is not carried out any more", () => {
    command(1);
    command(1, "anew", 2);
    command(2, "late", 1);
    command(2, "next", 2);
    expect(done).toEqual(["number 1", "anew", "next"]);
  });
});
