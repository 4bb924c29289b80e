/** A set of cells, one bit each: cell i is bit i % 32 of word i >> 5, which in memory is bit i % 8 of byte i >> 3. */
export class Bitset {
  readonly words: Uint32Array<ArrayBuffer>;
  readonly count: number;

  private constructor(
    readonly size: number,
    words: Uint32Array<ArrayBuffer>,
  ) {
    this.words = words;
    this.count = countBits(words);
  }

  static empty(size: number): Bitset {
    return new Bitset(size, new Uint32Array(wordsFor(size)));
  }

  /** The cells for which `test` holds. */
  static where(size: number, test: (cell: number) => boolean): Bitset {
    const words = new Uint32Array(wordsFor(size));
    for (let cell = 0; cell < size; cell++) {
      if (test(cell)) words[cell >>> 5] |= 1 << (cell & 31);
    }
    return new Bitset(size, words);
  }

  static fromPositions(size: number, positions: ArrayLike<number>): Bitset {
    const words = new Uint32Array(wordsFor(size));
    for (let i = 0; i < positions.length; i++) {
      const cell = positions[i];
      if (!(cell < size)) throw new RangeError(`cell ${cell} of ${size}`);
      words[cell >>> 5] |= 1 << (cell & 31);
    }
    return new Bitset(size, words);
  }

  /** From ceil(size / 8) bytes, as numpy's packbits(bitorder="little") writes them. */
  static fromBytes(size: number, bytes: Uint8Array): Bitset {
    if (bytes.length !== bytesFor(size)) throw new RangeError(`${bytes.length} bytes for ${size} cells`);
    const words = new Uint32Array(wordsFor(size));
    new Uint8Array(words.buffer).set(bytes);
    if (size & 31 && words[words.length - 1] >>> (size & 31)) throw new RangeError(`cells behind the last of ${size}`);
    return new Bitset(size, words);
  }

  has(cell: number): boolean {
    return cell < this.size && ((this.words[cell >>> 5] >>> (cell & 31)) & 1) === 1;
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.words.buffer, 0, bytesFor(this.size)).slice();
  }

  toPositions(): Uint32Array<ArrayBuffer> {
    const positions = new Uint32Array(this.count);
    let next = 0;
    for (let index = 0; index < this.words.length; index++) {
      for (let word = this.words[index]; word !== 0; word &= word - 1) {
        positions[next++] = index * 32 + 31 - Math.clz32(word & -word);
      }
    }
    return positions;
  }

  union(other: Bitset): Bitset {
    return this.combine(other, (a, b) => a | b);
  }

  without(other: Bitset): Bitset {
    return this.combine(other, (a, b) => a & ~b);
  }

  intersection(other: Bitset): Bitset {
    return this.combine(other, (a, b) => a & b);
  }

  equals(other: Bitset): boolean {
    return this.size === other.size && this.words.every((word, index) => word === other.words[index]);
  }

  private combine(other: Bitset, operation: (a: number, b: number) => number): Bitset {
    if (other.size !== this.size) throw new RangeError(`sets of ${this.size} and ${other.size} cells`);
    const words = new Uint32Array(this.words.length);
    for (let index = 0; index < words.length; index++) words[index] = operation(this.words[index], other.words[index]);
    return new Bitset(this.size, words);
  }
}

function wordsFor(size: number): number {
  return (size + 31) >>> 5;
}

function bytesFor(size: number): number {
  return (size + 7) >>> 3;
}

function countBits(words: Uint32Array): number {
  let count = 0;
  for (let index = 0; index < words.length; index++) {
    let word = words[index];
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += (((word + (word >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
  }
  return count;
}
