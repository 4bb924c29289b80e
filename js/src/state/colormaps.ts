/** Viridis, matplotlib's default: 33 stops of its 256 colours (CC0), evenly spaced; between them linear in sRGB. */
const VIRIDIS = [
  "#440154",
  "#470d60",
  "#48186a",
  "#482374",
  "#472d7b",
  "#453781",
  "#424086",
  "#3e4989",
  "#3b528b",
  "#375b8d",
  "#33638d",
  "#2f6b8e",
  "#2c728e",
  "#297a8e",
  "#26828e",
  "#23898e",
  "#21918c",
  "#1f978b",
  "#1f9f88",
  "#21a685",
  "#27ad81",
  "#31b57b",
  "#3dbc74",
  "#4cc26c",
  "#5cc863",
  "#6ece58",
  "#81d34d",
  "#95d840",
  "#aadc32",
  "#c0df25",
  "#d5e21a",
  "#eae51a",
  "#fde725",
];

export const COLORMAP_SIZE = 256;

/** A colormap as 256 RGBA texels. */
export function colormapTexels(stops: readonly string[] = VIRIDIS): Uint8Array<ArrayBuffer> {
  const texels = new Uint8Array(4 * COLORMAP_SIZE);
  for (let index = 0; index < COLORMAP_SIZE; index++) {
    const at = (index / (COLORMAP_SIZE - 1)) * (stops.length - 1);
    const left = Math.min(Math.floor(at), stops.length - 2);
    const from = parseColor(stops[left]);
    const to = parseColor(stops[left + 1]);
    for (let channel = 0; channel < 3; channel++) {
      texels[4 * index + channel] = Math.round(from[channel] + (to[channel] - from[channel]) * (at - left));
    }
    texels[4 * index + 3] = 255;
  }
  return texels;
}

/** The same as a CSS gradient, from left to right or bottom to top. */
export function colormapGradient(direction: string): string {
  return `linear-gradient(${direction}, ${VIRIDIS.join(", ")})`;
}

/** `#rrggbb` as three numbers from 0 to 255. */
export function parseColor(color: string): [number, number, number] {
  const value = /^#[0-9a-f]{6}$/i.test(color) ? Number.parseInt(color.slice(1), 16) : 0x808080;
  return [value >> 16, (value >> 8) & 255, value & 255];
}
