import { WORDS_A_ROW } from "./bits";
import { COLORS_A_ROW } from "./lookup";
import { MOST_MAGNIFIED } from "./projection";

export const POINTS_VERTEX = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;

layout(location = 0) in vec3 position; // z is 0 in a plane
layout(location = 1) in float value;   // a category's code, or a continuous value

// The camera: projection.ts says what its numbers mean.
uniform vec3 centerHigh;   // its centre as two floats: deep zooms need more digits than one has
uniform vec3 centerLow;
uniform vec3 right;
uniform vec3 up;
uniform vec3 toward;
uniform vec2 scale;        // data units to clip space
uniform float nearness;
uniform float fading;      // what the farthest cells lose to the background
uniform vec3 background;

uniform float diameter;    // device pixels, at the centre
uniform float wider;       // device pixels that are added to it, as near as far
uniform int kind;          // 0 no column, 1 categorical, 2 continuous
uniform float categories;
uniform vec2 limits;
uniform sampler2D lookup;
uniform vec3 missing;
uniform bool painted;      // in one colour, for rings
uniform vec3 paint;
uniform bool filtered;
uniform usampler2D visible;
uniform usampler2D selection;
uniform int part;          // 0 every cell, 1 those not selected, 2 those selected

out vec3 color;
flat out float size;

bool has(usampler2D cells) {
  int word = gl_VertexID >> 5;
  uint bits = texelFetch(cells, ivec2(word % ${WORDS_A_ROW}, word / ${WORDS_A_ROW}), 0).r;
  return ((bits >> uint(gl_VertexID & 31)) & 1u) == 1u;
}

bool isShown() {
  if (position.x > 1e38) return false;
  if (filtered && !has(visible)) return false;
  return part == 0 || has(selection) == (part == 2);
}

vec3 columnColor() {
  if (kind == 1 && value < categories) {
    int code = int(value + 0.5);
    return texelFetch(lookup, ivec2(code % ${COLORS_A_ROW}, code / ${COLORS_A_ROW}), 0).rgb;
  }
  if (kind == 2 && value < 1e38) {
    float t = limits.y != limits.x ? (value - limits.x) / (limits.y - limits.x) : 0.5 + sign(value - limits.x);
    return texelFetch(lookup, ivec2(int(clamp(t, 0.0, 1.0) * 255.0 + 0.5), 0), 0).rgb;
  }
  return missing;
}

void main() {
  vec3 from = (position - centerHigh) - centerLow;
  vec3 seen = vec3(dot(right, from), dot(up, from), dot(toward, from));
  float front = 1.0 - seen.z * nearness; // the viewer's distance; 1 at the centre
  if (!isShown() || front <= 0.0) {
    gl_Position = vec4(2.0, 2.0, 0.0, 1.0);
    gl_PointSize = 1.0;
    color = vec3(0.0);
    size = 0.0;
    return;
  }
  // Of depths, any between near and far will do that grow with the distance: these never leave the clip space.
  gl_Position = vec4(seen.xy * scale / front, (front - 1.0) / (front + 1.0), 1.0);
  size = diameter * min(1.0 / front, ${MOST_MAGNIFIED.toFixed(1)}) + wider;
  gl_PointSize = size + 1.0;   // half a pixel of soft edge on each side
  // The box reaches a third of the viewer's distance to both sides of the centre.
  float far = clamp(0.5 - 1.5 * seen.z * nearness, 0.0, 1.0);
  color = painted ? paint : mix(columnColor(), background, fading * far);
}`;

export const POINTS_FRAGMENT = `#version 300 es
precision highp float;

uniform float opacity;
uniform int edge;          // 0 the whole of a point, 1 what is solid of it, 2 its soft edge alone

in vec3 color;
flat in float size;
out vec4 result;

void main() {
  float away = length(gl_PointCoord - 0.5) * (size + 1.0);
  float cover = clamp(size * 0.5 + 0.5 - away, 0.0, 1.0);
  if (cover == 0.0 || (edge != 0 && (cover < 0.5) != (edge == 2))) discard;
  float alpha = (edge == 1 ? 1.0 : cover) * opacity;
  result = vec4(color * alpha, alpha);
}`;
