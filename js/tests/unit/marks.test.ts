import { beforeEach, describe, expect, it } from "vitest";
import { CommCarrier } from "../../src/channel/comm";
import { Requests } from "../../src/channel/requests";
import { MarksLink } from "../../src/host/marks";
import { Bitset } from "../../src/state/bitset";
import { Store } from "../../src/state/store";
import { FakeModel } from "../fakes/model";
import { FakePython } from "../fakes/python";

const N = 100;
const some = (...cells: number[]) => Bitset.fromPositions(N, cells);

describe("marks", () => {
  let python: FakePython;
  let store: Store;
  let link: MarksLink;
  let model: FakeModel;
  let errors: unknown[];

  const shown = () => ({
    hidden: [...(store.marks.value.hidden?.toPositions() ?? [])],
    highlights: store.marks.value.highlights.map(({ color, cells }) => [color, [...cells.toPositions()]]),
  });

  beforeEach(() => {
    model = new FakeModel();
    python = new FakePython(model, N);
    store = new Store(N);
    const carrier = new CommCarrier(model, "p1");
    errors = [];
    link = new MarksLink(store, carrier, new Requests(carrier), (error) => errors.push(error));
    return () => link.dispose();
  });

  it("are asked for when the page begins, so that those set before it are there", async () => {
    python.marks = { revision: 4, hidden: some(7), highlights: [{ color: "#00ff00", cells: some(1, 2) }] };
    await link.fetch();
    expect(shown()).toEqual({ hidden: [7], highlights: [["#00ff00", [1, 2]]] });
    expect(store.visibleCount.value).toBe(N - 1);
  });

  it("follow Python's, many cells or few, and are gone when Python's are", () => {
    const many = Bitset.where(N, (cell) => cell % 2 === 0);
    python.mark(many, [
      { color: "#ff0000", cells: many },
      { color: "#0000ff", cells: some(99) },
    ]);
    expect(shown().hidden).toHaveLength(50);
    expect(shown().highlights[1]).toEqual(["#0000ff", [99]]);
    python.mark(some(), []);
    expect(shown()).toEqual({ hidden: [], highlights: [] });
    expect(store.visible.value).toBeNull();
    expect(errors).toEqual([]);
  });

  it("of an older revision come too late", async () => {
    const asked = link.fetch();
    python.mark(some(3), []);
    python.marks = { revision: 0, hidden: some(), highlights: [] };
    await asked;
    expect(shown().hidden).toEqual([3]);
  });

  it("that are no cells of these data change nothing and are told", () => {
    python.mark(some(3), []);
    model.deliver(
      {
        kind: "command",
        command: "marks",
        payload: { revision: 9, n_cells: N, hidden: { encoding: "deltas", count: 1 }, highlights: [] },
        page: null,
        without: null,
      },
      [new Uint8Array(Uint32Array.of(N).buffer)],
    );
    expect(errors).toHaveLength(1);
    expect(shown().hidden).toEqual([3]);
  });

  it("end with the page", async () => {
    const asked = link.fetch();
    link.dispose();
    python.mark(some(3), []);
    await asked;
    expect(errors).toEqual([]);
    expect(model.listenerCount).toBe(1); // the carrier's own
  });
});
