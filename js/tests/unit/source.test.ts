import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import { SAMPLE_BYTES } from "../../src/channel/encoding";
import { PIECE_BYTES } from "../../src/channel/messages";
import { RequestFailure, Requests } from "../../src/channel/requests";
import { LadderSource } from "../../src/data/ladder";
import { segment } from "../../src/data/source";
import { pattern, same } from "../fakes/bytes";
import { stopClock } from "../fakes/clock";
import { FakeModel } from "../fakes/model";
import { FakePython } from "../fakes/python";

describe("a resource read over the comm", () => {
  let model: FakeModel;
  let python: FakePython;
  let source: LadderSource;
  const PATH = "embeddings/X_umap.f32";

  beforeEach(() => {
    model = new FakeModel();
    python = new FakePython(model);
    const carrier = new CommCarrier(model, "p1");
    // The host has shown already that it carries buffers well.
    carrier.encoding.saw("down", "buffers", PIECE_BYTES, performance.now());
    source = new LadderSource(new Requests(carrier), {
      connect: async () => null,
      page: { origin: "http://localhost:8888", hostname: "localhost", baseUrl: "/" },
      onTransport: () => {},
    });
    return () => source.dispose();
  });

  it.each([0, 1, 700, PIECE_BYTES])("of %i bytes takes one piece", async (length) => {
    python.add(PATH, pattern(length));
    const { bytes, dtype, shape } = await source.read(PATH);
    expect(same(bytes, pattern(length))).toBe(true);
    expect({ dtype, shape }).toEqual({ dtype: "uint8", shape: [length] });
    expect(python.reads).toEqual([{ path: PATH, offset: 0, length: PIECE_BYTES }]);
  });

  it.each([PIECE_BYTES + 1, 3 * PIECE_BYTES, 4 * PIECE_BYTES + 123])(
    "of %i bytes arrives whole, and every byte once",
    async (length) => {
      python.add(PATH, pattern(length));
      const { bytes } = await source.read(PATH);
      expect(same(bytes, pattern(length))).toBe(true);
      const offsets = python.reads.map(({ offset }) => offset);
      expect(offsets).toEqual(Array.from({ length: Math.ceil(length / PIECE_BYTES) }, (_, i) => i * PIECE_BYTES));
    },
  );

  it("has two pieces in flight and never more", async () => {
    python.add(PATH, pattern(5 * PIECE_BYTES));
    await source.read(PATH);
    expect(python.mostOutstanding).toBe(2);
  });

  it("that Python is still making comes in pieces as long as what there is, one at a time", async () => {
    const length = 2 * PIECE_BYTES + 100;
    python.add(PATH, pattern(length));
    python.grow(PATH, 10);
    const told: number[] = [];
    const read = source.read(PATH, { onProgress: (loaded) => told.push(loaded) });
    for (const there of [10, 1000, PIECE_BYTES + 1000]) {
      python.grow(PATH, there);
      await vi.waitFor(() => expect(told.at(-1)).toBe(there));
      expect(python.outstanding.size).toBe(1);
    }
    expect(python.reads.map(({ offset }) => offset)).toEqual([0, 10, 1000, PIECE_BYTES + 1000]);
    python.grow(PATH, length);
    expect(same((await read).bytes, pattern(length))).toBe(true);
  });

  it("of which a piece is shorter than those before goes on from there, and nothing comes twice", async () => {
    const length = 6 * PIECE_BYTES;
    python.add(PATH, pattern(length));
    python.grow(PATH, 2 * PIECE_BYTES + 7);
    let bytes = 0;
    const read = source.read(PATH, { onProgress: (loaded) => (bytes = loaded) });
    await vi.waitFor(() => expect(bytes).toBe(2 * PIECE_BYTES + 7));
    // The piece that was in flight beside the short one is not wanted any more.
    await vi.waitFor(() => expect(model.messages.filter(({ kind }) => kind === "cancel")).toHaveLength(1));
    await vi.waitFor(() => expect(python.reads.at(-1)?.offset).toBe(2 * PIECE_BYTES + 7));
    python.grow(PATH, length);
    expect(same((await read).bytes, pattern(length))).toBe(true);
    const offsets = python.reads.map(({ offset }) => offset);
    const before = [0, 1, 2, 3].map((piece) => piece * PIECE_BYTES);
    const after = [0, 1, 2, 3].map((piece) => (piece + 2) * PIECE_BYTES + 7);
    expect(offsets).toEqual([...before, ...after]);
    expect(python.mostOutstanding).toBe(2);
  });

  it("that is given up while Python makes it is cancelled, and nothing more is asked for", async () => {
    python.add(PATH, pattern(1000));
    python.grow(PATH, 10);
    const abort = new AbortController();
    const read = source.read(PATH, { signal: abort.signal });
    await vi.waitFor(() => expect(python.reads).toHaveLength(2));
    abort.abort(new Error("enough"));
    await expect(read).rejects.toThrow("enough");
    expect(python.outstanding.size).toBe(0);
    python.grow(PATH, 1000);
    await new Promise((done) => setTimeout(done, 20));
    expect(python.reads).toHaveLength(2);
  });

  it.each([
    ["nothing", 0],
    ["more than was asked for", 200],
  ])("of which %s comes is read anew", async (_name, short) => {
    python.add(PATH, pattern(100));
    const { deliver } = model;
    let lies = 1;
    model.deliver = (message, buffers) => {
      const isPiece = (message as { result?: { total?: number } }).result?.total === 100;
      deliver.call(model, message, isPiece && lies-- > 0 ? [new ArrayBuffer(short)] : buffers);
    };
    expect(same((await source.read(PATH)).bytes, pattern(100))).toBe(true);
    expect(python.reads).toHaveLength(2);
  });

  it("tells how far it is, forwards only, up to the whole", async () => {
    const length = 3 * PIECE_BYTES + 5;
    python.add(PATH, pattern(length));
    const told: number[] = [];
    await source.read(PATH, {
      onProgress: (loaded, total) => {
        expect(total).toBe(length);
        told.push(loaded);
      },
    });
    expect(told).toHaveLength(4);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(length);
  });

  it.each([
    ["keeps its length", 3 * PIECE_BYTES],
    ["grows", 4 * PIECE_BYTES],
    ["shrinks to one piece", 10],
  ])("that changes in the middle and %s is read anew", async (_name, length) => {
    python.add(PATH, pattern(3 * PIECE_BYTES), "old");
    python.beforeRead = ({ offset }) => {
      if (offset === 2 * PIECE_BYTES) python.add(PATH, pattern(length, 99), "new");
    };
    const { bytes } = await source.read(PATH);
    expect(same(bytes, pattern(length, 99))).toBe(true);
  });

  it("that keeps changing fails, and says what to do", async () => {
    let version = 0;
    python.beforeRead = () => python.add(PATH, pattern(2 * PIECE_BYTES), String(version++));
    const failure = await source.read(PATH).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RequestFailure);
    expect(failure).toMatchObject({ code: "changed", message: `${PATH} keeps changing while it is read` });
    expect((failure as RequestFailure).hint).not.toBe("");
  });

  it("that is not there fails with Python's words", async () => {
    await expect(source.read("obs/none.codes.u8")).rejects.toMatchObject({
      code: "not_found",
      message: "There is no obs/none.codes.u8.",
    });
  });

  it("is asked for no further once a piece has failed", async () => {
    python.add(PATH, pattern(10 * PIECE_BYTES));
    python.beforeRead = ({ offset }) => {
      if (offset === PIECE_BYTES) python.broken.add(PATH);
      else python.broken.delete(PATH);
    };
    await expect(source.read(PATH)).rejects.toMatchObject({ code: "not_found" });
    const asked = python.reads.length;
    // The piece that was in flight beside the failed one is answered; nothing follows it.
    for (let turn = 0; turn < 5; turn++) await new Promise((done) => setTimeout(done));
    expect(python.reads.length).toBe(asked);
    expect(asked).toBe(3);
  });

  it("is asked for no further once it is aborted", async () => {
    python.add(PATH, pattern(10 * PIECE_BYTES));
    const abort = new AbortController();
    const reason = new Error("enough");
    await expect(
      source.read(PATH, {
        signal: abort.signal,
        onProgress: (loaded) => loaded >= 2 * PIECE_BYTES && abort.abort(reason),
      }),
    ).rejects.toBe(reason);
    const asked = python.reads.length;
    expect(asked).toBeLessThan(6);
    for (let turn = 0; turn < 5; turn++) await new Promise((done) => setTimeout(done));
    expect(python.reads.length).toBe(asked);
    expect(model.messages.some(({ kind }) => kind === "cancel")).toBe(true);
  });

  it("is read beside others without mixing them up", async () => {
    python.add("a", pattern(2 * PIECE_BYTES, 1));
    python.add("b", pattern(2 * PIECE_BYTES, 2));
    const [a, b] = await Promise.all([source.read("a"), source.read("b")]);
    expect(same(a.bytes, pattern(2 * PIECE_BYTES, 1))).toBe(true);
    expect(same(b.bytes, pattern(2 * PIECE_BYTES, 2))).toBe(true);
  });
});

describe("a resource read over the comm of a host that nobody knows yet", () => {
  const PATH = "embeddings/X_umap.f32";
  const LENGTH = 2 * PIECE_BYTES;
  let model: FakeModel;
  let python: FakePython;
  let source: LadderSource;

  beforeEach(() => {
    stopClock(); // the host is as quick as the test says
    model = new FakeModel();
    python = new FakePython(model);
    python.add(PATH, pattern(LENGTH));
    source = new LadderSource(new Requests(new CommCarrier(model, "p1")), {
      connect: async () => null,
      page: { origin: "http://localhost:8888", hostname: "localhost", baseUrl: "/" },
      onTransport: () => {},
    });
    return () => source.dispose();
  });

  async function reads(): Promise<void> {
    const reading = source.read(PATH);
    await vi.runAllTimersAsync();
    expect(same((await reading).bytes, pattern(LENGTH))).toBe(true);
  }

  /** The reads: their lengths, and whether they asked for text. */
  const asked = () =>
    model.messages.flatMap((message) => {
      if (message.kind !== "request" || message.method !== "read") return [];
      return [[(message.params as { length: number }).length, message.text ?? false]];
    });

  it("is measured by a short piece, and the rest follows in large ones", async () => {
    await reads();
    expect(asked()).toEqual([
      [SAMPLE_BYTES, false],
      [PIECE_BYTES, false],
      [PIECE_BYTES, false],
    ]);
  });

  it("is read as text from the piece on that came as numbers", async () => {
    python.writeNumbers = true;
    await reads();
    expect(asked()).toEqual([
      [SAMPLE_BYTES, false],
      [PIECE_BYTES, true],
      [PIECE_BYTES, true],
    ]);
  });

  it("is read as text where buffers are slow, as they are in VS Code", async () => {
    python.delay = (bytes, way) => bytes / (way === "text" ? 12_000 : 1_300);
    await reads();
    expect(asked()).toEqual([
      [SAMPLE_BYTES, false],
      [SAMPLE_BYTES, true],
      [SAMPLE_BYTES, true],
      [PIECE_BYTES, true],
      [PIECE_BYTES, true],
    ]);
  });
});

describe("a key in a path", () => {
  // Made with Python 3.11: urllib.parse.quote(key, safe="")
  it.each([
    ["louvain", "louvain"],
    ["", ""],
    ["cell type", "cell%20type"],
    ["a/b", "a%2Fb"],
    ["../..", "..%2F.."],
    ["100%", "100%25"],
    ["%2F", "%252F"],
    ["HLA-DRB1", "HLA-DRB1"],
    ["_.-~", "_.-~"],
    ["!'()*", "%21%27%28%29%2A"],
    ["a+b&c=d?e#f", "a%2Bb%26c%3Dd%3Fe%23f"],
    ['[x]{y}|\\^`"<>', "%5Bx%5D%7By%7D%7C%5C%5E%60%22%3C%3E"],
    [";:@,$", "%3B%3A%40%2C%24"],
    ["\t\n", "%09%0A"],
    ["\u0000\u007f", "%00%7F"],
    ["Größe", "Gr%C3%B6%C3%9Fe"],
    ["细胞", "%E7%BB%86%E8%83%9E"],
    ["🧬", "%F0%9F%A7%AC"],
    ["e\u0301", "e%CC%81"],
  ])("%j is %j, as Python writes it", (key, expected) => {
    expect(segment(key)).toBe(expected);
  });

  it("can be read back and is one segment of plain characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (key) => {
        const written = segment(key);
        return decodeURIComponent(written) === key && /^(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})*$/.test(written);
      }),
      { numRuns: 1000 },
    );
  });
});
