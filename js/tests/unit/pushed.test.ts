import { beforeEach, describe, expect, it } from "vitest";
import { PIECE_BYTES } from "../../src/channel/messages";
import { pattern, same } from "../fakes/bytes";
import { Roads } from "../fakes/roads";

const PATH = "embeddings/X_umap.f32";

describe("what Python sends where nobody could ask for it", () => {
  let roads: Roads;

  beforeEach(async () => {
    roads = await Roads.start();
    roads.place = async () => null;
    roads.open();
    roads.python.pause(); // a cell is running
  });

  const piece = (bytes: Uint8Array, offset = 0, etag = "1") => ({
    path: PATH,
    offset,
    version: 0,
    total: bytes.length,
    dtype: "float32",
    shape: [bytes.length / 4],
    etag,
  });
  const push = (bytes: Uint8Array, etag = "1") => {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      roads.source.take(piece(bytes, at, etag), bytes.subarray(at, at + PIECE_BYTES));
    }
  };

  it("takes it in place of the answer that does not come, and tells Python that none is needed", async () => {
    const bytes = pattern(2 * PIECE_BYTES + 100);
    const reading = roads.source.read(PATH);
    await expect.poll(() => roads.python.reads.length).toBe(1);
    push(bytes);
    const read = await reading;
    expect(same(read.bytes, bytes)).toBe(true);
    expect([read.dtype, read.shape]).toEqual(["float32", [bytes.length / 4]]);
    expect(roads.python.outstanding.size).toBe(0);
  });

  it("gives it to all who wait for it", async () => {
    const both = [roads.source.read(PATH), roads.source.read(PATH)];
    await expect.poll(() => roads.python.reads.length).toBe(2);
    push(pattern(100));
    for (const { bytes } of await Promise.all(both)) expect(same(bytes, pattern(100))).toBe(true);
  });

  it("keeps it until somebody reads it, once", async () => {
    push(pattern(100));
    expect(same((await roads.source.read(PATH)).bytes, pattern(100))).toBe(true);
    expect(roads.python.reads).toEqual([]);
    roads.python.add(PATH, pattern(50));
    const reading = roads.source.read(PATH);
    await expect.poll(() => roads.python.reads.length).toBe(1);
    roads.python.resume();
    expect((await reading).bytes.length).toBe(50);
  });

  it("takes nothing of which a part was lost, or that is another by now", async () => {
    const bytes = pattern(3 * PIECE_BYTES);
    roads.source.take(piece(bytes, 0), bytes.subarray(0, PIECE_BYTES));
    roads.source.take(piece(bytes, 2 * PIECE_BYTES), bytes.subarray(2 * PIECE_BYTES));
    roads.source.take(piece(bytes, PIECE_BYTES, "2"), bytes.subarray(PIECE_BYTES, 2 * PIECE_BYTES));
    const reading = roads.source.read(PATH);
    await expect.poll(() => roads.python.reads.length).toBe(1);
    push(pattern(100, 9)); // from its beginning again
    expect(same((await reading).bytes, pattern(100, 9))).toBe(true);
  });

  it("leaves it to HTTP where that has come", async () => {
    roads.place = async () => roads.server.place;
    roads.open();
    roads.add(PATH, pattern(1000));
    await roads.source.read(PATH);
    push(pattern(1000, 5));
    expect(same((await roads.source.read(PATH)).bytes, pattern(1000))).toBe(true);
  });
});
