import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import vectors from "../../../tests/vectors/cells.json";
import { CommCarrier } from "../../src/channel/comm";
import { Events } from "../../src/channel/events";
import type { Encoding, Upstream } from "../../src/channel/messages";
import { Requests } from "../../src/channel/requests";
import { decodeCells, encodeCells } from "../../src/host/cells";
import { SelectionLink } from "../../src/host/selection";
import { Bitset } from "../../src/state/bitset";
import { Store } from "../../src/state/store";
import { FakeModel } from "../fakes/model";

const N = 100;
const some = (...cells: number[]) => Bitset.fromPositions(N, cells);

describe("a selection between the viewer and Python", () => {
  let model: FakeModel;
  let store: Store;
  let link: SelectionLink;
  let errors: unknown[];

  const selected = () => [...store.selection.value.cells.toPositions()];
  const events = () => model.messages.filter((message) => message.kind === "event");
  const requests = () => model.messages.filter((message) => message.kind === "request");
  const payload = (revision: number, cells: Bitset) => {
    const { encoding, bytes } = encodeCells(cells);
    return [{ revision, n_cells: cells.size, encoding, count: cells.count }, [bytes.slice().buffer]] as const;
  };
  const command = (revision: number, cells: Bitset) => {
    const [announced, buffers] = payload(revision, cells);
    model.deliver({ kind: "command", command: "selection", payload: announced, page: null, without: null }, buffers);
  };
  const ack = (event: Upstream, revision: number, error: string | null = null) => {
    const { seq } = event as Extract<Upstream, { kind: "event" }>;
    model.deliver({ kind: "ack", page: "p1", seq, revision, error });
  };

  beforeEach(() => {
    model = new FakeModel();
    store = new Store(N, { embedding: "X_umap", colorBy: null, layer: null, pointSize: 1, height: 400 });
    const carrier = new CommCarrier(model, "p1");
    errors = [];
    link = new SelectionLink(store, carrier, new Events(carrier), new Requests(carrier), (error) => errors.push(error));
  });

  afterEach(() => {
    link.dispose();
    vi.useRealTimers();
  });

  it("begins with nothing to say", () => {
    expect(model.sent).toEqual([]);
  });

  it("is told by one event a gesture, with the cells in one buffer", () => {
    store.select(some(1, 5, 99), "lasso", "replace");
    expect(events()).toEqual([
      {
        kind: "event",
        page: "p1",
        seq: 1,
        event: "selection",
        payload: { source: "lasso", encoding: "deltas", count: 3 },
      },
    ]);
    expect([...new Uint8Array(model.sent[0].buffers[0])]).toEqual([1, 3, 93]);
    ack(events()[0], 1);
    expect(model.sent).toHaveLength(1);
    expect(selected()).toEqual([1, 5, 99]);
  });

  it("is told when it is cleared", () => {
    store.clearSelection("clear");
    expect(events()).toMatchObject([{ payload: { source: "clear", encoding: "deltas", count: 0 } }]);
  });

  it("whose ack was lost is asked for when a later ack comes", () => {
    store.select(some(1), "lasso", "replace");
    const [sent] = events() as Extract<Upstream, { kind: "event" }>[];
    model.deliver({ kind: "ack", page: "p1", seq: sent.seq + 1, revision: 7, error: null });
    expect(requests().map((message) => message.kind === "request" && message.method)).toEqual(["selection"]);
    expect(errors).toEqual([]);
  });

  it("comes from Python without an echo", () => {
    command(1, some(3, 4));
    expect(selected()).toEqual([3, 4]);
    expect(store.selection.value.source).toBeNull();
    command(
      2,
      Bitset.where(N, () => true),
    );
    expect(store.selectedCount.value).toBe(N);
    expect(model.sent).toEqual([]);
  });

  it("of another number of cells is ignored, as this page ends in a moment", () => {
    command(3, Bitset.fromPositions(50, [1, 2]));
    expect([selected(), errors]).toEqual([[], []]);
  });

  it("of an old revision is ignored", () => {
    command(5, some(1));
    command(5, some(2));
    command(4, some(3));
    expect(selected()).toEqual([1]);
  });

  it("that Python sends while ours is not acknowledged is older than ours", () => {
    store.select(some(7), "lasso", "replace");
    command(3, some(8));
    expect(selected()).toEqual([7]);
    ack(events()[0], 4);
    expect(selected()).toEqual([7]);
    command(3, some(8));
    expect(selected()).toEqual([7]);
  });

  it("that Python sends after the ack is newer than ours", () => {
    store.select(some(7), "lasso", "replace");
    ack(events()[0], 4);
    command(5, some(9));
    expect(selected()).toEqual([9]);
  });

  it("waits for the ack of its last gesture, not of one before", () => {
    store.select(some(1), "lasso", "replace");
    store.select(some(2), "lasso", "replace");
    const [first, second] = events();
    ack(first, 1);
    command(2, some(3));
    expect(selected()).toEqual([2]);
    ack(second, 3);
    command(4, some(4));
    expect(selected()).toEqual([4]);
  });

  it("that Python refuses is reported, and Python's taken instead", async () => {
    command(6, some(1));
    store.select(some(2), "lasso", "replace");
    ack(events()[0], 6, "the hook said no");
    expect(errors).toHaveLength(1);
    expect(String(errors[0])).toContain("the hook said no");
    expect(requests()).toMatchObject([{ method: "selection" }]);
    const [result, buffers] = payload(6, some(1));
    model.deliver({ kind: "reply", page: "p1", id: 1, result }, buffers);
    await expect.poll(selected).toEqual([1]);
    expect(events()).toHaveLength(1);
  });

  it("is fetched at the start, unless the person was faster", async () => {
    const early = link.fetch();
    const [result, buffers] = payload(2, some(10, 11));
    model.deliver({ kind: "reply", page: "p1", id: 1, result }, buffers);
    await early;
    expect(selected()).toEqual([10, 11]);

    const late = link.fetch();
    store.select(some(12), "lasso", "replace");
    const [older, cells] = payload(3, some(13));
    model.deliver({ kind: "reply", page: "p1", id: 2, result: older }, cells);
    await late;
    expect(selected()).toEqual([12]);
    expect(errors).toEqual([]);
  });

  it("that cannot be fetched is reported", async () => {
    const fetched = link.fetch();
    model.deliver({ kind: "error", page: "p1", id: 1, error: { code: "gone", message: "closed", hint: "" } });
    await fetched;
    expect(String(errors[0])).toContain("closed");
  });

  it("is no longer told or taken when the link is disposed", () => {
    link.dispose();
    store.select(some(1), "lasso", "replace");
    command(9, some(2));
    expect(model.sent).toEqual([]);
    expect(selected()).toEqual([1]);
  });
});

describe("cells on their way", () => {
  it.each(vectors)("are those that Python reads and writes: $name", ({ n_cells, positions, encoding, hex }) => {
    const cells = Bitset.fromPositions(n_cells, positions);
    const encoded = encodeCells(cells);
    expect(encoded).toMatchObject({ encoding, count: positions.length });
    expect(Buffer.from(encoded.bytes).toString("hex")).toBe(hex);
    const bytes = new Uint8Array(Buffer.from(hex, "hex"));
    expect(decodeCells(n_cells, { encoding: encoding as Encoding, count: positions.length }, bytes).equals(cells)).toBe(
      true,
    );
  });

  it("take the smaller of a bitmap and deltas", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4000 }), fc.nat(), (size, seed) => {
        const cells = Bitset.where(size, (cell) => (cell * 7919 + seed) % 997 < seed % 90);
        const gaps = [...cells.toPositions()].map((position, index, all) => position - (index && all[index - 1] + 1));
        const deltas = gaps.reduce((sum, gap) => sum + Math.max(1, Math.ceil(gap.toString(2).length / 7)), 0);
        const { encoding, bytes } = encodeCells(cells);
        expect(bytes.length).toBe(Math.min(deltas, Math.ceil(size / 8)));
        expect(bytes.length).toBe(encoding === "bitmap" ? Math.ceil(size / 8) : deltas);
      }),
    );
  });

  it("arrive as they left, also from a buffer that starts at an odd byte", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 60 }), (size, every) => {
        const cells = Bitset.where(size, (cell) => cell % every === 0);
        const { encoding, bytes } = encodeCells(cells);
        const shifted = new Uint8Array(bytes.length + 1);
        shifted.set(bytes, 1);
        expect(decodeCells(size, { encoding, count: cells.count }, shifted.subarray(1)).equals(cells)).toBe(true);
      }),
    );
  });

  it("are refused when they cannot be cells of this dataset", () => {
    for (const bytes of [[100], [1, 0x80], [0x80, 0x80, 0x80, 0x80, 0x80, 0]]) {
      expect(() => decodeCells(100, { encoding: "deltas", count: 1 }, Uint8Array.from(bytes))).toThrow(RangeError);
    }
    expect(() => decodeCells(100, { encoding: "bitmap", count: 0 }, new Uint8Array(12))).toThrow(RangeError);
  });
});
