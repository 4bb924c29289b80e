import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Choice, Meter } from "../../src/data/meter";

const MB = 1_000_000;

describe("a meter", () => {
  it("tells how long so many bytes may take by what it saw last", () => {
    const meter = new Meter();
    expect([meter.latency, meter.rate, meter.expected(MB)]).toEqual([null, null, 0]);
    meter.saw(100, 50);
    meter.saw(100, 40);
    meter.saw(100, 90);
    expect(meter.latency).toBe(40);
    meter.saw(10 * MB, 1000);
    expect(meter.expected(20 * MB)).toBe(2040);
    meter.saw(10 * MB, 3000);
    expect(meter.rate).toBeCloseTo((10_000 + 10_000 / 3) / 2);
  });
});

describe("the choice between HTTP and the comm", () => {
  let http: Meter;
  let comm: Meter;
  let choice: Choice;

  beforeEach(() => {
    vi.useFakeTimers();
    [http, comm] = [new Meter(), new Meter()];
    choice = new Choice({ http, comm });
  });
  afterEach(() => void vi.useRealTimers());

  it("is HTTP, and no question of it while that is quick", () => {
    expect(choice.turn(100 * MB)).toEqual({ carrying: "http", within: null });
    http.saw(10 * MB, 50);
    comm.saw(10 * MB, 1);
    expect(choice.turn(100 * MB)).toEqual({ carrying: "http", within: null });
  });

  it("is questioned once where HTTP needs over two seconds, with as much time as HTTP needs", () => {
    http.saw(MB, 1000);
    expect(choice.turn(1.5 * MB)).toEqual({ carrying: "http", within: null });
    expect(choice.turn(10 * MB)).toEqual({ carrying: "comm", within: 10_000 });
    comm.sawTooLate(MB, 10_000);
    expect(choice.turn(10 * MB)).toEqual({ carrying: "http", within: null });
    vi.advanceTimersByTime(300_000);
    expect(choice.turn(10 * MB).carrying).toBe("comm");
  });

  it("falls to the comm where that is quicker by more than a little, and does not flap", () => {
    http.saw(MB, 1000);
    choice.turn(10 * MB);
    comm.saw(10 * MB, 8000);
    expect(choice.turn(10 * MB).carrying).toBe("http");
    comm.saw(10 * MB, 2000);
    expect(choice.turn(10 * MB).carrying).toBe("comm");
    expect(choice.turn(0).carrying).toBe("comm"); // one carries all
    comm.saw(10 * MB, 12_000);
    expect(choice.turn(10 * MB).carrying).toBe("comm");
    comm.saw(10 * MB, 90_000);
    comm.saw(10 * MB, 90_000);
    expect(choice.turn(10 * MB).carrying).toBe("http");
  });

  it("is HTTP again where a cell keeps the comm", () => {
    http.saw(MB, 1000);
    comm.saw(10 * MB, 100);
    expect(choice.turn(10 * MB).carrying).toBe("comm");
    choice.leaveComm();
    expect(choice.carrying).toBe("http");
    expect(choice.turn(10 * MB)).toEqual({ carrying: "http", within: null }); // though it was quicker before
    vi.advanceTimersByTime(300_000);
    expect(choice.turn(10 * MB).carrying).toBe("comm");
  });
});
