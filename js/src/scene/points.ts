import type { Bitset } from "../state/bitset";
import { colormapTexels, parseColor } from "../state/colormaps";
import { type Column, drawOrder } from "../state/column";
import type { Points } from "../state/store";
import { makeProgram, uniformsOf } from "./program";

const WORDS_A_ROW = 2048; // 32 cells a word: rows of 65,536 cells, far below any texture limit
const COLORS_A_ROW = 1024;
/** Stands for "not placed" and "missing" on the GPU, where NaN is not reliably told from numbers. */
const NOWHERE = 3e38;

const VERTEX = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;

layout(location = 0) in vec2 position;
layout(location = 1) in float value;   // a category's code, or a continuous value

uniform vec2 centerHigh;   // the camera's centre as two floats: deep zooms need more digits than one has
uniform vec2 centerLow;
uniform vec2 scale;        // data units to clip space
uniform float diameter;    // device pixels
uniform int kind;          // 0 no column, 1 categorical, 2 continuous
uniform float categories;
uniform vec2 limits;
uniform sampler2D lookup;
uniform vec3 missing;
uniform usampler2D selection;
uniform int layer;         // 0 every cell, 1 those not selected, 2 those selected, 3 the rings behind these
uniform vec3 ringColor;

out vec3 color;

bool isSelected() {
  int word = gl_VertexID >> 5;
  uint bits = texelFetch(selection, ivec2(word % ${WORDS_A_ROW}, word / ${WORDS_A_ROW}), 0).r;
  return ((bits >> uint(gl_VertexID & 31)) & 1u) == 1u;
}

void main() {
  bool selected = layer != 0 && isSelected();
  if (position.x > 1e38 || (layer == 1 && selected) || (layer >= 2 && !selected)) {
    gl_Position = vec4(2.0, 2.0, 0.0, 1.0);
    gl_PointSize = 1.0;
    color = vec3(0.0);
    return;
  }
  gl_Position = vec4(((position - centerHigh) - centerLow) * scale, 0.0, 1.0);
  gl_PointSize = diameter + 1.0;   // half a pixel of soft edge on each side
  color = missing;
  if (layer == 3) {
    color = ringColor;
  } else if (kind == 1 && value < categories) {
    int code = int(value + 0.5);
    color = texelFetch(lookup, ivec2(code % ${COLORS_A_ROW}, code / ${COLORS_A_ROW}), 0).rgb;
  } else if (kind == 2 && value < 1e38) {
    float t = limits.y > limits.x ? clamp((value - limits.x) / (limits.y - limits.x), 0.0, 1.0) : 0.5;
    color = texelFetch(lookup, ivec2(int(t * 255.0 + 0.5), 0), 0).rgb;
  }
}`;

const FRAGMENT = `#version 300 es
precision highp float;

uniform float diameter;
uniform float opacity;

in vec3 color;
out vec4 result;

void main() {
  float away = length(gl_PointCoord - 0.5) * (diameter + 1.0);
  float cover = clamp(diameter * 0.5 + 0.5 - away, 0.0, 1.0);
  if (cover == 0.0) discard;
  float alpha = cover * opacity;
  result = vec4(color * alpha, alpha);
}`;

const UNIFORMS = [
  "centerHigh",
  "centerLow",
  "scale",
  "diameter",
  "kind",
  "categories",
  "limits",
  "lookup",
  "missing",
  "selection",
  "layer",
  "opacity",
  "ringColor",
] as const;

/** How a frame is to be drawn. Lengths in device pixels. */
export interface Frame {
  readonly center: readonly [number, number];
  /** Device pixels a data unit. */
  readonly scale: number;
  readonly width: number;
  readonly height: number;
  readonly diameter: number;
  readonly opacity: number;
  /** Round the selected cells; 0 where the points are too small to carry one. */
  readonly ringWidth: number;
  readonly missing: string;
  readonly ringColor: string;
}

/** Which cells to draw. */
export type Layer = "all" | "unselected" | "selected" | "rings";

const LAYERS: Record<Layer, number> = { all: 0, unselected: 1, selected: 2, rings: 3 };

/** Draws the cells as round points. Uploads what changed and nothing else: a new colour moves no coordinates. */
export class PointsPass {
  private readonly program: WebGLProgram;
  private readonly uniforms: Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;
  private readonly positions: WebGLBuffer;
  private readonly values: WebGLBuffer;
  private readonly order: WebGLBuffer;
  private readonly lookup: WebGLTexture;
  private readonly bits: WebGLTexture;
  private shown: { points?: Points | null; column?: Column | null; selection?: Bitset } = {};
  private count = 0;
  private ordered = false;
  private kind = 0;
  private categories = 0;
  private limits: readonly [number, number] = [0, 1];

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.program = makeProgram(gl, VERTEX, FRAGMENT);
    this.uniforms = uniformsOf(gl, this.program, UNIFORMS);
    this.positions = gl.createBuffer();
    this.values = gl.createBuffer();
    this.order = gl.createBuffer();
    this.lookup = gl.createTexture();
    this.bits = gl.createTexture();
  }

  setPoints(points: Points | null): void {
    if (points === this.shown.points) return;
    this.shown.points = points;
    this.count = points === null ? 0 : points.xy.length / 2;
    if (points === null) return;
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.positions);
    gl.bufferData(gl.ARRAY_BUFFER, placedOnly(points), gl.STATIC_DRAW);
  }

  setColumn(column: Column | null): void {
    if (column === this.shown.column) return;
    this.shown.column = column;
    this.ordered = false;
    this.kind = 0;
    if (column === null) return;
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.values);
    if (column.kind === "categorical") {
      this.kind = 1;
      this.categories = column.categories.length;
      // Codes of four bytes go up as floats, which are exact to 16 million; WebGL has no float view of a uint32.
      const { codes } = column;
      gl.bufferData(gl.ARRAY_BUFFER, codes instanceof Uint32Array ? Float32Array.from(codes) : codes, gl.STATIC_DRAW);
      this.uploadLookup(paletteTexels(column.colors));
    } else {
      this.kind = 2;
      this.limits = column.range ?? [0, 1];
      gl.bufferData(gl.ARRAY_BUFFER, numbersOnly(column.values), gl.STATIC_DRAW);
      this.uploadLookup(colormapTexels());
    }
    const order = drawOrder(column);
    this.ordered = order !== null;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.order);
    if (order !== null) gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, order, gl.STATIC_DRAW);
  }

  setSelection(cells: Bitset): void {
    const before = this.shown.selection;
    if (cells === before) return;
    this.shown.selection = cells;
    const { gl } = this;
    const rows = Math.max(1, Math.ceil(cells.words.length / WORDS_A_ROW));
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.bits);
    if (before?.size !== cells.size) {
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32UI, WORDS_A_ROW, rows, 0, gl.RED_INTEGER, gl.UNSIGNED_INT, null);
      nearest(gl);
    }
    for (let row = 0; row < rows; row++) {
      const words = cells.words.subarray(row * WORDS_A_ROW, (row + 1) * WORDS_A_ROW);
      const old =
        before?.size === cells.size ? before.words.subarray(row * WORDS_A_ROW, (row + 1) * WORDS_A_ROW) : null;
      if (old?.every((word, index) => word === words[index])) continue;
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row, words.length, 1, gl.RED_INTEGER, gl.UNSIGNED_INT, words);
    }
  }

  draw(frame: Frame, layer: Layer): void {
    const { gl, uniforms } = this;
    if (this.count === 0) return;
    gl.useProgram(this.program);
    const high = frame.center.map(Math.fround);
    gl.uniform2f(uniforms.centerHigh, high[0], high[1]);
    gl.uniform2f(uniforms.centerLow, frame.center[0] - high[0], frame.center[1] - high[1]);
    gl.uniform2f(uniforms.scale, (2 * frame.scale) / frame.width, (2 * frame.scale) / frame.height);
    gl.uniform1f(uniforms.diameter, frame.diameter + (layer === "rings" ? 2 * frame.ringWidth : 0));
    gl.uniform1f(uniforms.opacity, layer === "all" || layer === "unselected" ? frame.opacity : 1);
    gl.uniform1i(uniforms.layer, LAYERS[layer]);
    gl.uniform1i(uniforms.kind, this.kind);
    gl.uniform1f(uniforms.categories, this.categories);
    gl.uniform2f(uniforms.limits, this.limits[0], this.limits[1]);
    gl.uniform3fv(uniforms.missing, unit(frame.missing));
    gl.uniform3fv(uniforms.ringColor, unit(frame.ringColor));
    gl.uniform1i(uniforms.lookup, 0);
    gl.uniform1i(uniforms.selection, 1);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.lookup);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.bits);

    gl.bindBuffer(gl.ARRAY_BUFFER, this.positions);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    if (this.kind === 0) {
      gl.disableVertexAttribArray(1);
    } else {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.values);
      gl.enableVertexAttribArray(1);
      gl.vertexAttribPointer(1, 1, this.valueType, false, 0, 0);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.ordered ? this.order : null);

    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    if (this.ordered) gl.drawElements(gl.POINTS, this.count, gl.UNSIGNED_INT, 0);
    else gl.drawArrays(gl.POINTS, 0, this.count);
  }

  /** Cells that have a place, counted in the GPU's own copy of the coordinates. */
  countPlaced(): number {
    if (this.count === 0) return 0;
    const { gl } = this;
    const copy = new Float32Array(2 * this.count);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.positions);
    gl.getBufferSubData(gl.ARRAY_BUFFER, 0, copy);
    let placed = 0;
    for (let index = 0; index < copy.length; index += 2) if (copy[index] < NOWHERE / 2) placed++;
    return placed;
  }

  private get valueType(): number {
    const { column } = this.shown;
    if (column?.kind === "categorical" && column.codes instanceof Uint8Array) return this.gl.UNSIGNED_BYTE;
    if (column?.kind === "categorical" && column.codes instanceof Uint16Array) return this.gl.UNSIGNED_SHORT;
    return this.gl.FLOAT;
  }

  private uploadLookup(texels: Uint8Array<ArrayBuffer>): void {
    const { gl } = this;
    const rows = Math.ceil(texels.length / 4 / COLORS_A_ROW);
    const padded = new Uint8Array(4 * COLORS_A_ROW * rows);
    padded.set(texels);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.lookup);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, COLORS_A_ROW, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, padded);
    nearest(gl);
  }
}

function nearest(gl: WebGL2RenderingContext): void {
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
}

/** Coordinates with cells that have no place moved out of every view. */
function placedOnly(points: Points): Float32Array<ArrayBuffer> {
  if (points.placed === points.xy.length / 2) return points.xy;
  const xy = points.xy.slice();
  for (let index = 0; index < xy.length; index += 2) {
    if (!Number.isFinite(xy[index]) || !Number.isFinite(xy[index + 1])) xy.fill(NOWHERE, index, index + 2);
  }
  return xy;
}

function numbersOnly(values: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return values.map((value) => (Number.isNaN(value) ? NOWHERE : Math.min(Math.max(value, -1e38), 0.9e38)));
}

function paletteTexels(colors: readonly string[]): Uint8Array<ArrayBuffer> {
  const texels = new Uint8Array(4 * Math.max(colors.length, 1));
  colors.forEach((color, index) => {
    texels.set([...parseColor(color), 255], 4 * index);
  });
  return texels;
}

function unit(color: string): number[] {
  return parseColor(color).map((channel) => channel / 255);
}
