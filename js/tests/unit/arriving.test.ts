import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Arriving } from "../../src/host/arriving";
import { continuousColumn } from "../../src/state/column";

const ABOUT = { label: "CD3E", field: "gene:CD3E", layer: "raw" };
const bytesOf = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

describe("a gene on its way", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is a column of what is there, and of no value elsewhere", () => {
    const bytes = bytesOf([3, Number.NaN, 1, 2, 9, 9]);
    const arriving = new Arriving(ABOUT);
    vi.advanceTimersByTime(500);
    const column = arriving.take(4 * 4 + 3, bytes); // a part ends anywhere
    expect(column).toMatchObject({ kind: "continuous", ...ABOUT, range: [1, 3], missingCount: 1 });
    expect([...(column?.values ?? [])]).toEqual([3, Number.NaN, 1, 2, Number.NaN, Number.NaN]);
    bytes.fill(0);
    expect(column?.values[0]).toBe(3); // the picture keeps what it shows
  });

  it("is shown twice a second at most, of very many cells less often, and not at the end", () => {
    const few = new Arriving(ABOUT);
    const bytes = bytesOf([0, 1, 2, 3]);
    const shown = [];
    for (let time = 0; time <= 2000; time += 50) {
      if (few.take(12, bytes) !== null) shown.push(time);
      vi.advanceTimersByTime(50);
    }
    expect(shown).toEqual([500, 1000, 1500, 2000]);
    vi.advanceTimersByTime(500);
    expect(few.take(16, bytes)).toBeNull(); // the whole is shown by whoever asked for it

    const values = new Float32Array(2_000_000);
    values[0] = 1;
    const many = new Arriving(ABOUT);
    vi.advanceTimersByTime(500);
    expect(many.take(8, new Uint8Array(values.buffer))).not.toBeNull();
    vi.advanceTimersByTime(1999);
    expect(many.take(12, new Uint8Array(values.buffer))).toBeNull();
    vi.advanceTimersByTime(1);
    expect(many.take(12, new Uint8Array(values.buffer))).not.toBeNull();
  });

  it("is not shown while all values are one, which has another legend", () => {
    const arriving = new Arriving(ABOUT);
    vi.advanceTimersByTime(500);
    expect(arriving.take(8, bytesOf([0, 0, 5, 0]))).toBeNull();
    vi.advanceTimersByTime(500);
    expect(arriving.take(12, bytesOf([0, 0, 5, 0]))?.range).toEqual([0, 5]);
    vi.advanceTimersByTime(500);
    expect(arriving.take(4, bytesOf([Number.NaN, 1]))).toBeNull();
  });

  it("that is whole is as if it had come at once", () => {
    const values = Float32Array.of(3, 1, Number.NaN);
    const arriving = new Arriving(ABOUT);
    vi.advanceTimersByTime(500);
    const part = arriving.take(8, new Uint8Array(values.buffer));
    const whole = continuousColumn({ ...ABOUT, values });
    expect(Object.keys(part ?? {}).sort()).toEqual(Object.keys(whole).sort());
    expect(part?.values.length).toBe(whole.values.length);
  });
});
