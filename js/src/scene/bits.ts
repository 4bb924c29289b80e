import type { Bitset } from "../state/bitset";
import { nearest } from "./program";

export const WORDS_A_ROW = 2048; // 32 cells a word: rows of 65,536 cells, far below any texture limit

/** A set of cells on the GPU: one bit a cell, in a texture of words. */
export class BitTexture {
  private readonly texture: WebGLTexture;
  private shown: Bitset | null = null;

  /** @param unit the texture unit that is ours */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly unit: number,
  ) {
    this.texture = gl.createTexture();
    this.bind();
    nearest(gl);
    this.allocate(1); // a texture without an image must not be drawn with, not even by a shader that leaves it alone
  }

  /** Upload the rows that differ from what is there. */
  set(cells: Bitset): void {
    const { gl, shown } = this;
    if (cells === shown) return;
    this.shown = cells;
    this.bind();
    const rows = Math.max(1, Math.ceil(cells.words.length / WORDS_A_ROW));
    const before = shown?.size === cells.size ? shown : null;
    if (before === null) this.allocate(rows);
    for (let row = 0; row < rows; row++) {
      const words = rowOf(cells, row);
      const old = before === null ? null : rowOf(before, row);
      if (old?.every((word, index) => word === words[index])) continue;
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row, words.length, 1, gl.RED_INTEGER, gl.UNSIGNED_INT, words);
    }
  }

  bind(): void {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + this.unit);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
  }

  private allocate(rows: number): void {
    const { gl } = this;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32UI, WORDS_A_ROW, rows, 0, gl.RED_INTEGER, gl.UNSIGNED_INT, null);
  }
}

function rowOf({ words }: Bitset, row: number): Uint32Array<ArrayBuffer> {
  return words.subarray(row * WORDS_A_ROW, (row + 1) * WORDS_A_ROW);
}
