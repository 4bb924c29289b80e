import { colormapTexels, parseColor } from "../state/colormaps";
import type { Column } from "../state/column";
import { nearest } from "./program";

export const COLORS_A_ROW = 1024;

/** The colours of a column on the GPU: one texel a category, or those of a colormap. */
export class LookupTexture {
  private readonly texture: WebGLTexture;
  private shown: readonly string[] | string | null = null;

  /** @param unit the texture unit that is ours */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly unit: number,
  ) {
    this.texture = gl.createTexture();
    this.bind();
    nearest(gl);
    this.upload(new Uint8Array(4));
  }

  set(column: Column, colormap: string): void {
    const colors = column.kind === "categorical" ? column.colors : colormap;
    if (colors === this.shown) return;
    const texels = typeof colors === "string" ? colormapTexels(colors) : paletteTexels(colors);
    this.shown = colors;
    this.bind();
    this.upload(texels);
  }

  bind(): void {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + this.unit);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
  }

  private upload(texels: Uint8Array<ArrayBuffer>): void {
    const { gl } = this;
    const rows = Math.ceil(texels.length / 4 / COLORS_A_ROW);
    const padded = new Uint8Array(4 * COLORS_A_ROW * rows);
    padded.set(texels);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, COLORS_A_ROW, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, padded);
  }
}

function paletteTexels(colors: readonly string[]): Uint8Array<ArrayBuffer> {
  const texels = new Uint8Array(4 * Math.max(colors.length, 1));
  colors.forEach((color, index) => {
    texels.set([...parseColor(color), 255], 4 * index);
  });
  return texels;
}
