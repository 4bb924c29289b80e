import type { Highlight } from "../state/marks";
import type { Listed } from "./points";

/** The cells of each highlight on the GPU: a list, as they are few, and later ones come later. */
export class HighlightLists {
  /** Every highlight's cells in a row. */
  all: Listed;
  groups: readonly (Listed & Pick<Highlight, "color">)[] = [];
  private shown: readonly Highlight[] = [];

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.all = { buffer: gl.createBuffer(), first: 0, count: 0 };
  }

  set(highlights: readonly Highlight[]): void {
    if (highlights === this.shown) return;
    this.shown = highlights;
    const { gl } = this;
    const { buffer } = this.all;
    const positions = new Uint32Array(highlights.reduce((sum, { cells }) => sum + cells.count, 0));
    let first = 0;
    this.groups = highlights.map(({ color, cells }) => {
      const group = { buffer, first, count: cells.count, color };
      positions.set(cells.toPositions(), first);
      first += cells.count;
      return group;
    });
    this.all = { buffer, first: 0, count: positions.length };
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, positions, gl.STATIC_DRAW);
  }
}
