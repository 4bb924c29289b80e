import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Bitset } from "../../src/state/bitset";

const SIZES = [0, 1, 7, 8, 9, 31, 32, 33, 64, 100];

const ascending = (cells: Iterable<number>) => [...cells].sort((a, b) => a - b);

/** A size with some of its cells. */
const someCells = fc
  .constantFrom(...SIZES)
  .chain((size) =>
    fc.record({ size: fc.constant(size), cells: size === 0 ? fc.constant([]) : fc.array(fc.nat(size - 1)) }),
  );

/** A size with two sets of its cells. */
const twoSets = fc.constantFrom(...SIZES).chain((size) => {
  const set = size === 0 ? fc.constant([] as number[]) : fc.array(fc.nat(size - 1));
  return fc.tuple(fc.constant(size), set, set);
});

describe("a set of cells", () => {
  it("holds just the cells it is made of", () => {
    fc.assert(
      fc.property(someCells, ({ size, cells }) => {
        const bits = Bitset.fromPositions(size, cells);
        const expected = new Set(cells);
        expect(bits.count).toBe(expected.size);
        expect([...bits.toPositions()]).toEqual(ascending(expected));
        for (let cell = 0; cell < size + 40; cell++) expect(bits.has(cell)).toBe(expected.has(cell));
      }),
    );
  });

  it("is the same by a test, by positions and by bytes", () => {
    fc.assert(
      fc.property(someCells, ({ size, cells }) => {
        const bits = Bitset.fromPositions(size, cells);
        const expected = new Set(cells);
        expect(Bitset.where(size, (cell) => expected.has(cell)).equals(bits)).toBe(true);
        expect(Bitset.fromBytes(size, bits.toBytes()).equals(bits)).toBe(true);
        expect(Bitset.fromPositions(size, bits.toPositions()).equals(bits)).toBe(true);
      }),
    );
  });

  it("writes cell i as bit i % 8 of byte i // 8, as numpy's packbits does", () => {
    fc.assert(
      fc.property(someCells, ({ size, cells }) => {
        const bytes = new Uint8Array(Math.ceil(size / 8));
        for (const cell of cells) bytes[Math.floor(cell / 8)] |= 2 ** (cell % 8);
        expect(Bitset.fromPositions(size, cells).toBytes()).toEqual(bytes);
      }),
    );
  });

  it("joins, takes away and meets as sets do", () => {
    fc.assert(
      fc.property(twoSets, ([size, a, b]) => {
        const left = Bitset.fromPositions(size, a);
        const right = Bitset.fromPositions(size, b);
        const inB = new Set(b);
        expect([...left.union(right).toPositions()]).toEqual(ascending(new Set([...a, ...b])));
        expect([...left.without(right).toPositions()]).toEqual(ascending(new Set(a.filter((cell) => !inB.has(cell)))));
        expect([...left.intersection(right).toPositions()]).toEqual(
          ascending(new Set(a.filter((cell) => inB.has(cell)))),
        );
        expect(left.equals(right)).toBe(`${ascending(new Set(a))}` === `${ascending(inB)}`);
      }),
    );
  });

  it("is left as it was by operations on it", () => {
    const bits = Bitset.fromPositions(40, [0, 31, 39]);
    bits.union(Bitset.fromPositions(40, [5]));
    bits.without(bits);
    bits.toBytes().fill(0);
    expect([...bits.toPositions()]).toEqual([0, 31, 39]);
  });

  it("can be full to its last cell", () => {
    for (const size of SIZES) {
      const all = Bitset.where(size, () => true);
      expect(all.count).toBe(size);
      expect(all.has(size)).toBe(false);
      expect(Bitset.empty(size).count).toBe(0);
      expect(Bitset.empty(size).union(all).equals(all)).toBe(true);
    }
  });

  it("copes with a million cells", () => {
    const size = 1_000_000;
    const thirds = Bitset.where(size, (cell) => cell % 3 === 0);
    const fives = Bitset.where(size, (cell) => cell % 5 === 0);
    expect(thirds.count).toBe(333_334);
    expect(thirds.intersection(fives).count).toBe(66_667);
    expect(thirds.union(fives).count).toBe(333_334 + 200_000 - 66_667);
    expect(thirds.without(fives).count).toBe(333_334 - 66_667);
    expect(Bitset.fromBytes(size, thirds.toBytes()).equals(thirds)).toBe(true);
    const positions = thirds.toPositions();
    expect(positions.every((cell, index) => cell === 3 * index)).toBe(true);
  });

  it("refuses what cannot be a set of its size", () => {
    expect(() => Bitset.fromPositions(3, [3])).toThrow(RangeError);
    expect(() => Bitset.fromPositions(3, [Number.NaN])).toThrow(RangeError);
    expect(() => Bitset.fromBytes(9, new Uint8Array(1))).toThrow(RangeError);
    expect(() => Bitset.fromBytes(9, new Uint8Array(3))).toThrow(RangeError);
    expect(() => Bitset.fromBytes(9, Uint8Array.of(0, 2))).toThrow(RangeError);
    expect(() => Bitset.fromBytes(31, Uint8Array.of(0, 0, 0, 128))).toThrow(RangeError);
    expect(() => Bitset.empty(3).union(Bitset.empty(4))).toThrow(RangeError);
    expect(Bitset.empty(3).equals(Bitset.empty(4))).toBe(false);
  });
});
