import { STOPS } from "./stops";

/** The colormaps by matplotlib's names, the usual first; each is also there reversed, with `_r` behind its name. */
export const COLORMAPS: readonly string[] = Object.keys(STOPS);

export const COLORMAP_SIZE = 256;

const REVERSED = /_r$/;

/** Whether a name is one of ours, reversed or not. */
export function isColormap(name: string): boolean {
  return COLORMAPS.includes(name.replace(REVERSED, ""));
}

/** A colormap as 256 RGBA texels. */
export function colormapTexels(name: string): Uint8Array<ArrayBuffer> {
  const stops = stopsOf(name).map(parseColor);
  const texels = new Uint8Array(4 * COLORMAP_SIZE);
  for (let index = 0; index < COLORMAP_SIZE; index++) {
    const at = (index / (COLORMAP_SIZE - 1)) * (stops.length - 1);
    const left = Math.min(Math.floor(at), stops.length - 2);
    const from = stops[left];
    const to = stops[left + 1];
    for (let channel = 0; channel < 3; channel++) {
      texels[4 * index + channel] = Math.round(from[channel] + (to[channel] - from[channel]) * (at - left));
    }
    texels[4 * index + 3] = 255;
  }
  return texels;
}

/** The same as a CSS gradient, from low to high in a direction such as `to right`. */
export function colormapGradient(name: string, direction: string): string {
  return `linear-gradient(${direction}, ${stopsOf(name).join(", ")})`;
}

/** `#rrggbb` as three numbers from 0 to 255. */
export function parseColor(color: string): [number, number, number] {
  const value = /^#[0-9a-f]{6}$/i.test(color) ? Number.parseInt(color.slice(1), 16) : 0x808080;
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** `#rrggbb`, from low to high. A name that we do not know, which another version of Python may, is the usual one. */
function stopsOf(name: string): string[] {
  const known = isColormap(name) ? name.replace(REVERSED, "") : COLORMAPS[0];
  const stops = STOPS[known as keyof typeof STOPS].match(/\w{6}/g) ?? [];
  const colors = Array.from(stops, (stop) => `#${stop}`);
  return REVERSED.test(name) ? colors.reverse() : colors;
}
