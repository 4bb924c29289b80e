import { makeProgram } from "./program";

const VERTEX = `#version 300 es
void main() {
  // One triangle that covers the viewport.
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision lowp float;
out vec4 result;
void main() {
  result = vec4(0.0);
}`;

/** Fades everything drawn so far, however many points lie over each other: single faint points would add up again. */
export class FadePass {
  private readonly program: WebGLProgram;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.program = makeProgram(gl, VERTEX, FRAGMENT);
  }

  /** @param rest the part of every pixel that stays, from 0 to 1 */
  draw(rest: number): void {
    const { gl } = this;
    gl.useProgram(this.program);
    gl.disable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendColor(0, 0, 0, rest);
    gl.blendFunc(gl.ZERO, gl.CONSTANT_ALPHA);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}
