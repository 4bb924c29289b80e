import { describe, expect, it } from "vitest";
import { COLORMAPS, colormapGradient, colormapTexels, isColormap } from "../../src/state/colormaps";

const colorAt = (name: string, index: number) => [...colormapTexels(name).slice(4 * index, 4 * index + 4)];

// That the colours are matplotlib's is tested in tests/test_colormaps.py.
describe("colormaps", () => {
  it("begin with viridis, the usual one", () => {
    expect(COLORMAPS[0]).toBe("viridis");
    expect(colorAt("viridis", 0)).toEqual([0x44, 0x01, 0x54, 255]);
    expect(colorAt("viridis", 255)).toEqual([0xfd, 0xe7, 0x25, 255]);
  });

  it("have 256 opaque colours", () => {
    for (const name of COLORMAPS) {
      const texels = colormapTexels(name);
      expect(texels).toHaveLength(1024);
      expect(texels.filter((_, index) => index % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
    }
  });

  it("are there in the other direction with _r", () => {
    for (const name of COLORMAPS)
      for (const index of [0, 17, 128, 255]) expect(colorAt(`${name}_r`, index)).toEqual(colorAt(name, 255 - index));
  });

  it("are known by their names, as matplotlib writes them", () => {
    for (const name of COLORMAPS) expect([isColormap(name), isColormap(`${name}_r`)]).toEqual([true, true]);
    for (const name of ["jet", "Viridis", "viridis_r_r", "_r", ""]) expect(isColormap(name)).toBe(false);
  });

  it("that are not known are the usual one, in the direction asked for", () => {
    expect(colormapTexels("jet")).toEqual(colormapTexels("viridis"));
    expect(colormapTexels("jet_r")).toEqual(colormapTexels("viridis_r"));
  });

  it("are gradients for the legend", () => {
    expect(colormapGradient("viridis", "to right")).toMatch(/^linear-gradient\(to right, #440154, .*, #fde725\)$/);
    expect(colormapGradient("viridis_r", "to top")).toMatch(/^linear-gradient\(to top, #fde725, .*, #440154\)$/);
  });
});
