import type { Bitset } from "../state/bitset";
import { parseColor } from "../state/colormaps";
import { type Column, drawOrder } from "../state/column";
import type { Points } from "../state/store";
import { BitTexture } from "./bits";
import { LookupTexture } from "./lookup";
import { makeProgram, uniformsOf } from "./program";
import { isPlaced, type Projection } from "./projection";
import { POINTS_FRAGMENT, POINTS_VERTEX } from "./shaders";

/** Stands for "not placed" and "missing" on the GPU, where NaN is not reliably told from numbers. */
const NOWHERE = 3e38;
const UNITS = { lookup: 0, selection: 1, visible: 2 } as const;

const UNIFORMS = [
  "centerHigh",
  "centerLow",
  "right",
  "up",
  "toward",
  "scale",
  "nearness",
  "fading",
  "background",
  "diameter",
  "wider",
  "kind",
  "categories",
  "limits",
  "lookup",
  "missing",
  "painted",
  "paint",
  "filtered",
  "visible",
  "selection",
  "part",
  "opacity",
  "edge",
] as const;

/** How a frame is to be drawn. Lengths in device pixels. */
export interface Frame {
  readonly projection: Projection;
  readonly width: number;
  readonly height: number;
  /** Near cells cover far ones. */
  readonly deep: boolean;
  readonly diameter: number;
  /** The ends of the colour bar. */
  readonly limits: readonly [number, number] | null;
  /** Of cells to which no column gives a colour. */
  readonly missing: string;
  readonly background: string;
  /** What the farthest cells lose to the background, from 0 to 1. */
  readonly fading: number;
}

/** Some cells by their positions, in a buffer of the GPU. */
export interface Listed {
  readonly buffer: WebGLBuffer;
  readonly first: number;
  readonly count: number;
}

/** Which of the visible cells to draw, and how. */
export interface Layer {
  readonly part: keyof typeof PARTS;
  /** These alone; else all, in the column's order. */
  readonly listed?: Listed;
  readonly opacity: number;
  /** Discs in one colour, so many device pixels larger all round than the cells, whatever their depth. */
  readonly ring?: { readonly color: string; readonly width: number };
}

const PARTS = { all: 0, unselected: 1, selected: 2 };
const EDGES = { whole: 0, solid: 1, soft: 2 };

/** Draws the cells as round points. Uploads what changed and nothing else: a new colour moves no coordinates. */
export class PointsPass {
  private readonly program: WebGLProgram;
  private readonly uniforms: Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;
  private readonly positions: WebGLBuffer;
  private readonly values: WebGLBuffer;
  private readonly order: WebGLBuffer;
  private readonly lookup: LookupTexture;
  private readonly selection: BitTexture;
  private readonly visible: BitTexture;
  private points: Points | null = null;
  private column: Column | null = null;
  private ordered = false;
  private filtered = false;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.program = makeProgram(gl, POINTS_VERTEX, POINTS_FRAGMENT);
    this.uniforms = uniformsOf(gl, this.program, UNIFORMS);
    this.positions = gl.createBuffer();
    this.values = gl.createBuffer();
    this.order = gl.createBuffer();
    this.lookup = new LookupTexture(gl, UNITS.lookup);
    this.selection = new BitTexture(gl, UNITS.selection);
    this.visible = new BitTexture(gl, UNITS.visible);
  }

  setPoints(points: Points): void {
    const { coords, stride } = points;
    // The same coordinates in two dimensions and in three are one upload.
    const there = this.points?.coords === coords && this.points.stride === stride;
    this.points = points;
    if (there) return;
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.positions);
    gl.bufferData(gl.ARRAY_BUFFER, placedOnly(points), gl.STATIC_DRAW);
  }

  setColumn(column: Column | null, colormap: string): void {
    if (column !== null) this.lookup.set(column, colormap);
    const before = this.column;
    this.column = column;
    if (column === null || (before !== null && perCell(before) === perCell(column))) return;
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.values);
    gl.bufferData(gl.ARRAY_BUFFER, attributeOf(column), gl.STATIC_DRAW);
    const order = drawOrder(column);
    this.ordered = order !== null;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.order);
    if (order !== null) gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, order, gl.STATIC_DRAW);
  }

  setSelection(cells: Bitset): void {
    this.selection.set(cells);
  }

  /** The cells that are to be seen; null for all. */
  setVisible(cells: Bitset | null): void {
    this.filtered = cells !== null;
    if (cells !== null) this.visible.set(cells);
  }

  draw(frame: Frame, layer: Layer): void {
    const { gl, uniforms } = this;
    if (this.count === 0 || layer.listed?.count === 0) return;
    gl.useProgram(this.program);
    this.setUniforms(frame, layer);
    this.bind(layer);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    if (!frame.deep || layer.ring !== undefined) {
      gl.uniform1i(uniforms.edge, EDGES.whole);
      this.drawPoints(layer);
      return;
    }
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL); // of cells on one spot the last, as in a plane
    gl.uniform1i(uniforms.edge, EDGES.solid);
    this.drawPoints(layer);
    // The soft edges afterwards and without a depth: what lies behind them has to be there for them to blend with.
    gl.depthMask(false);
    gl.uniform1i(uniforms.edge, EDGES.soft);
    this.drawPoints(layer);
    gl.depthMask(true);
    gl.disable(gl.DEPTH_TEST);
  }

  /** Cells that have a place, counted in the GPU's own copy of the coordinates. */
  countPlaced(): number {
    if (this.points === null || this.count === 0) return 0;
    const { gl } = this;
    const { stride } = this.points;
    const copy = new Float32Array(stride * this.count);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.positions);
    gl.getBufferSubData(gl.ARRAY_BUFFER, 0, copy);
    let placed = 0;
    for (let index = 0; index < copy.length; index += stride) if (copy[index] < NOWHERE / 2) placed++;
    return placed;
  }

  private get count(): number {
    return this.points === null ? 0 : this.points.coords.length / this.points.stride;
  }

  private setUniforms(frame: Frame, layer: Layer): void {
    const { gl, uniforms, column } = this;
    const { center, right, up, toward, scale, nearness } = frame.projection;
    const high = center.map(Math.fround);
    gl.uniform3f(uniforms.centerHigh, high[0], high[1], high[2]);
    gl.uniform3f(uniforms.centerLow, center[0] - high[0], center[1] - high[1], center[2] - high[2]);
    gl.uniform3f(uniforms.right, ...right);
    gl.uniform3f(uniforms.up, ...up);
    gl.uniform3f(uniforms.toward, ...toward);
    gl.uniform2f(uniforms.scale, (2 * scale) / frame.width, (2 * scale) / frame.height);
    gl.uniform1f(uniforms.nearness, nearness);
    gl.uniform1f(uniforms.fading, frame.fading);
    gl.uniform3fv(uniforms.background, unit(frame.background));
    gl.uniform1f(uniforms.diameter, frame.diameter);
    gl.uniform1f(uniforms.wider, 2 * (layer.ring?.width ?? 0));
    gl.uniform1i(uniforms.kind, column === null ? 0 : column.kind === "categorical" ? 1 : 2);
    gl.uniform1f(uniforms.categories, column?.kind === "categorical" ? column.categories.length : 0);
    gl.uniform2f(uniforms.limits, ...(frame.limits ?? [0, 1]));
    gl.uniform3fv(uniforms.missing, unit(frame.missing));
    gl.uniform1i(uniforms.painted, layer.ring === undefined ? 0 : 1);
    gl.uniform3fv(uniforms.paint, unit(layer.ring?.color ?? frame.missing));
    gl.uniform1i(uniforms.filtered, this.filtered ? 1 : 0);
    gl.uniform1i(uniforms.part, PARTS[layer.part]);
    gl.uniform1f(uniforms.opacity, layer.opacity);
    for (const name of ["lookup", "selection", "visible"] as const) {
      gl.uniform1i(uniforms[name], UNITS[name]);
      this[name].bind();
    }
  }

  private bind({ listed }: Layer): void {
    const { gl, points, column } = this;
    if (points === null) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.positions);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, points.axes, gl.FLOAT, false, points.stride * Float32Array.BYTES_PER_ELEMENT, 0);
    if (column === null) {
      gl.disableVertexAttribArray(1);
    } else {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.values);
      gl.enableVertexAttribArray(1);
      gl.vertexAttribPointer(1, 1, typeOf(gl, column), false, 0, 0);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, listed?.buffer ?? (this.isOrdered ? this.order : null));
  }

  private get isOrdered(): boolean {
    return this.column !== null && this.ordered;
  }

  private drawPoints({ listed }: Layer): void {
    const { gl } = this;
    if (listed !== undefined) gl.drawElements(gl.POINTS, listed.count, gl.UNSIGNED_INT, 4 * listed.first);
    else if (this.isOrdered) gl.drawElements(gl.POINTS, this.count, gl.UNSIGNED_INT, 0);
    else gl.drawArrays(gl.POINTS, 0, this.count);
  }
}

/** Coordinates with cells that have no place moved out of every view. */
function placedOnly(points: Points): Float32Array<ArrayBuffer> {
  const { coords, stride, placed } = points;
  const cells = coords.length / stride;
  if (placed === cells) return coords;
  const moved = coords.slice();
  for (let cell = 0; cell < cells; cell++) {
    if (!isPlaced(points, cell)) moved.fill(NOWHERE, cell * stride, (cell + 1) * stride);
  }
  return moved;
}

function perCell(column: Column): ArrayBufferView {
  return column.kind === "categorical" ? column.codes : column.values;
}

/** What the column says about each cell, as the GPU takes it. */
function attributeOf(column: Column): ArrayBufferView<ArrayBuffer> {
  if (column.kind === "continuous") {
    return column.values.map((value) => (Number.isNaN(value) ? NOWHERE : Math.min(Math.max(value, -1e38), 0.9e38)));
  }
  // Codes of four bytes go up as floats, which are exact to 16 million; WebGL has no float view of a uint32.
  return column.codes instanceof Uint32Array ? Float32Array.from(column.codes) : column.codes;
}

function typeOf(gl: WebGL2RenderingContext, column: Column): number {
  if (column.kind === "categorical" && column.codes instanceof Uint8Array) return gl.UNSIGNED_BYTE;
  if (column.kind === "categorical" && column.codes instanceof Uint16Array) return gl.UNSIGNED_SHORT;
  return gl.FLOAT;
}

function unit(color: string): number[] {
  return parseColor(color).map((channel) => channel / 255);
}
