import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Direction, HostEncoding, SAMPLE_BYTES, type Way } from "../../src/channel/encoding";

describe("how a host carries bytes best", () => {
  let encoding: HostEncoding;
  /** So many bytes take so long; nothing else is on its way. */
  const sample = (direction: Direction, way: Way, ms: number, bytes = 1 << 20) => {
    const sent = performance.now();
    vi.advanceTimersByTime(ms);
    encoding.saw(direction, way, bytes, sent);
  };

  beforeEach(() => {
    vi.useFakeTimers();
    encoding = new HostEncoding();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is by buffers until one has been seen to be slow", () => {
    expect([encoding.choose("down"), encoding.undecided]).toEqual(["buffers", true]);
    sample("down", "buffers", 20); // 52 MB/s
    expect([encoding.choose("down"), encoding.undecided]).toEqual(["buffers", false]);
  });

  it("is tried by text where buffers are slow, and stays with the faster", () => {
    sample("down", "buffers", 800); // 1.3 MB/s, as in VS Code
    expect([encoding.choose("down"), encoding.undecided]).toEqual(["text", true]);
    sample("down", "text", 90);
    expect([encoding.choose("down"), encoding.undecided]).toEqual(["text", false]);
    encoding = new HostEncoding();
    sample("down", "buffers", 500); // as over a slow network
    sample("down", "text", 670);
    expect([encoding.choose("down"), encoding.undecided]).toEqual(["buffers", false]);
  });

  it("is looked at again now and then, as a cell may have been running", () => {
    sample("down", "buffers", 60_000);
    const chosen = Array.from({ length: 9 }, () => {
      const way = encoding.choose("down");
      sample("down", way, way === "text" ? 90 : 20);
      return way;
    });
    expect(chosen).toEqual([...Array(6).fill("text"), ...Array(3).fill("buffers")]);
  });

  it("stays text for good where buffers become lists of numbers", () => {
    encoding.sawNumbers();
    expect(encoding.undecided).toBe(false);
    for (let count = 0; count < 20; count++) {
      expect([encoding.choose("down"), encoding.choose("up")]).toEqual(["text", "text"]);
      sample("down", "text", 90);
    }
  });

  it("is up as it is down, until something large has gone up", () => {
    sample("down", "buffers", 800);
    sample("down", "text", 90);
    expect(encoding.choose("up", 100_000)).toBe("text");
    sample("up", "text", 1500);
    expect(encoding.choose("up")).toBe("buffers");
    expect(encoding.choose("down")).toBe("text");
  });

  it("is not judged by small messages, nor do they change", () => {
    sample("down", "buffers", 49, SAMPLE_BYTES - 1);
    expect(encoding.choose("down")).toBe("buffers");
    sample("up", "buffers", 800);
    expect(encoding.choose("up", 1000)).toBe("buffers");
  });

  it("is not judged by the way to Python and back", () => {
    sample("down", "buffers", 48, 100); // as in JupyterLab
    sample("down", "buffers", 52, SAMPLE_BYTES);
    expect(encoding.choose("down")).toBe("buffers");
    sample("down", "buffers", 300, SAMPLE_BYTES);
    expect(encoding.choose("down")).toBe("text");
  });

  it("is not judged by the time that a piece waits behind another", () => {
    const sent = performance.now();
    vi.advanceTimersByTime(400);
    encoding.saw("down", "buffers", 4 << 20, sent);
    vi.advanceTimersByTime(400);
    encoding.saw("down", "buffers", 4 << 20, sent); // at 10 MB/s, not at 5
    expect(encoding.choose("down")).toBe("buffers");
  });
});
