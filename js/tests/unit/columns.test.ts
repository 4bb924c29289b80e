import { beforeEach, describe, expect, it } from "vitest";
import { columnPath, readColumn, readGenes, readPoints, resolveField } from "../../src/data/columns";
import { FORMAT, type Manifest, readManifest } from "../../src/data/manifest";
import { CellNames } from "../../src/data/names";
import type { ReadOptions, Resource, Source } from "../../src/data/source";

const MANIFEST: Manifest = {
  format: FORMAT,
  id: "pbmc",
  name: "pbmc",
  n_cells: 4,
  n_genes: 10,
  embeddings: [{ key: "X_umap", dimensions: 2, path: "embeddings/X_umap.f32", min: [0, 0], max: [1, 1], n_placed: 4 }],
  fields: [
    {
      key: "louvain",
      kind: "categorical",
      path: "obs/louvain.codes.u8",
      missing: 255,
      n_categories: 2,
      categories: ["a", "b"],
      colors: ["#ff0000", "#00ff00"],
    },
    {
      key: "barcode",
      kind: "categorical",
      path: "obs/barcode.codes.u16",
      missing: 65535,
      n_categories: 2000,
      categories_path: "obs/barcode.categories.json",
    },
    { key: "clone", kind: "categorical", path: "obs/clone.codes.u32", missing: 4294967295, n_categories: 70000 },
    { key: "n counts", kind: "continuous", path: "obs/n%20counts.values.f32" },
    { key: "CD3D", kind: "continuous", path: "obs/CD3D.values.f32" },
    { key: "gene:X", kind: "continuous", path: "obs/gene%3AX.values.f32" },
  ],
  layers: ["raw", "X", "log/1p"],
  default_layer: "raw",
  cell_names: { path: "cells/names.{block}.json", block: 2 },
};

/** Resources in memory, handed out as views at an offset, as a host's message buffers are. */
class MemorySource implements Source {
  readonly resources = new Map<string, Resource>();
  readonly asked: { path: string; signal?: AbortSignal }[] = [];

  add(path: string, values: Uint8Array | Uint16Array | Uint32Array | Float32Array, offset = 0): void {
    const bytes = new Uint8Array(new ArrayBuffer(values.byteLength + offset + 3), offset, values.byteLength);
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    const dtype = values.constructor.name.replace("Array", "").toLowerCase();
    this.resources.set(path, { bytes, dtype, shape: [values.length] });
  }

  addJson(path: string, value: unknown): void {
    const bytes = Uint8Array.from(new TextEncoder().encode(JSON.stringify(value)));
    this.resources.set(path, { bytes, dtype: null, shape: [] });
  }

  async read(path: string, { signal }: ReadOptions = {}): Promise<Resource> {
    this.asked.push({ path, signal });
    const resource = this.resources.get(path);
    if (resource === undefined) throw new Error(`There is no ${path}.`);
    return resource;
  }
}

describe("what color_by names", () => {
  it.each([
    ["louvain", "obs", "louvain"],
    ["obs:louvain", "obs", "louvain"],
    ["CD3D", "obs", "CD3D"], // also a gene: the obs column wins
    ["gene:CD3D", "gene", "CD3D"],
    ["MS4A1", "gene", "MS4A1"],
    ["gene:MS4A1", "gene", "MS4A1"],
    ["gene:louvain", "gene", "louvain"],
    ["gene:X", "obs", "gene:X"], // an obs column of exactly this name comes before the prefix
    ["gene:gene:X", "gene", "gene:X"],
    ["obs:MS4A1", "gene", "obs:MS4A1"],
  ])("%s is %s %s", (name, kind, key) => {
    expect(resolveField(MANIFEST, name)).toEqual({ kind, key });
  });
});

describe("the path of a column", () => {
  it.each([
    ["louvain", null, "obs/louvain.codes.u8"],
    ["louvain", "X", "obs/louvain.codes.u8"],
    ["n counts", null, "obs/n%20counts.values.f32"],
    ["MS4A1", null, "var/MS4A1.values.f32"],
    ["MS4A1", "raw", "var/MS4A1.values.f32"],
    ["MS4A1", "X", "layers/X/var/MS4A1.values.f32"],
    ["HLA/A*", "log/1p", "layers/log%2F1p/var/HLA%2FA%2A.values.f32"],
  ])("of %s in layer %s is %s", (name, layer, path) => {
    expect(columnPath(MANIFEST, name, layer)).toBe(path);
  });

  it("is one for all names of a column", () => {
    expect(columnPath(MANIFEST, "obs:louvain", null)).toBe(columnPath(MANIFEST, "louvain", null));
    expect(columnPath(MANIFEST, "gene:MS4A1", null)).toBe(columnPath(MANIFEST, "MS4A1", "raw"));
  });
});

describe("reading a column", () => {
  let source: MemorySource;
  beforeEach(() => {
    source = new MemorySource();
  });

  it("takes codes of one byte, with categories from the manifest", async () => {
    source.add("obs/louvain.codes.u8", Uint8Array.of(0, 1, 255, 0));
    const column = await readColumn(source, MANIFEST, "louvain", null);
    expect(column).toEqual({
      kind: "categorical",
      label: "louvain",
      field: "louvain",
      codes: Uint8Array.of(0, 1, 255, 0),
      missing: 255,
      categories: ["a", "b"],
      colors: ["#ff0000", "#00ff00"],
    });
  });

  it("takes codes of two bytes, with categories from where the manifest says", async () => {
    source.add("obs/barcode.codes.u16", Uint16Array.of(0, 1999, 65535, 300));
    source.addJson("obs/barcode.categories.json", { categories: ["AAAC"], colors: ["#123456"] });
    const column = await readColumn(source, MANIFEST, "barcode", null);
    expect(column).toMatchObject({ codes: Uint16Array.of(0, 1999, 65535, 300), categories: ["AAAC"] });
    expect(source.asked.map(({ path }) => path)).toEqual(["obs/barcode.codes.u16", "obs/barcode.categories.json"]);
  });

  it("takes codes of four bytes, with categories from their usual place", async () => {
    source.add("obs/clone.codes.u32", Uint32Array.of(69999, 4294967295, 0, 65536));
    source.addJson("obs/clone.categories.json", { categories: ["c"], colors: ["#123456"] });
    const column = await readColumn(source, MANIFEST, "clone", null);
    expect(column).toMatchObject({ codes: Uint32Array.of(69999, 4294967295, 0, 65536), missing: 4294967295 });
  });

  it("takes values as they are, and says which matrix a gene's come from", async () => {
    const values = Float32Array.of(1.5, Number.NaN, Number.POSITIVE_INFINITY, -0);
    for (const path of ["obs/CD3D", "var/MS4A1", "layers/X/var/MS4A1"]) source.add(`${path}.values.f32`, values);
    expect(await readColumn(source, MANIFEST, "CD3D", "X")).toEqual({
      kind: "continuous",
      label: "CD3D",
      field: "CD3D",
      layer: null,
      values,
    });
    expect(await readColumn(source, MANIFEST, "MS4A1", null)).toMatchObject({
      field: "gene:MS4A1",
      layer: "raw",
      values,
    });
    expect(await readColumn(source, MANIFEST, "gene:MS4A1", "X")).toMatchObject({ label: "MS4A1", layer: "X" });
  });

  it.each([1, 2, 3, 5])("copes with bytes that start %i into a buffer", async (offset) => {
    source.add("obs/clone.codes.u32", Uint32Array.of(1, 2, 3, 4), offset);
    source.addJson("obs/clone.categories.json", { categories: [], colors: [] });
    source.add("obs/CD3D.values.f32", Float32Array.of(1, 2, 3, 4), offset);
    expect(await readColumn(source, MANIFEST, "clone", null)).toMatchObject({ codes: Uint32Array.of(1, 2, 3, 4) });
    expect(await readColumn(source, MANIFEST, "CD3D", null)).toMatchObject({ values: Float32Array.of(1, 2, 3, 4) });
  });

  it.each([
    ["louvain", "obs/louvain.codes.u8", Uint8Array.of(0, 1, 1), "3 bytes, expected 4"],
    ["barcode", "obs/barcode.codes.u16", new Uint16Array(5), "10 bytes, expected 8"],
    ["CD3D", "obs/CD3D.values.f32", new Float32Array(3), "12 bytes, expected 16"],
  ])("of %s from %s refuses a wrong length, and names the path", async (name, path, values, problem) => {
    source.add(path, values);
    source.addJson("obs/barcode.categories.json", { categories: [], colors: [] });
    await expect(readColumn(source, MANIFEST, name, null)).rejects.toThrow(`${path} has ${problem}`);
  });

  it("refuses codes of an unknown type, and names the path", async () => {
    source.add("obs/louvain.codes.u8", new Float32Array(4));
    await expect(readColumn(source, MANIFEST, "louvain", null)).rejects.toThrow(
      "obs/louvain.codes.u8 has codes of type float32",
    );
  });

  it.each([
    [{ categories: ["a", 1], colors: [] }, "categories"],
    [{ categories: [] }, "colors"],
  ])("refuses %j for categories, and says what is wrong", async (listing, part) => {
    source.add("obs/barcode.codes.u16", new Uint16Array(4));
    source.addJson("obs/barcode.categories.json", listing);
    await expect(readColumn(source, MANIFEST, "barcode", null)).rejects.toThrow(
      `${part} in obs/barcode.categories.json: expected a list of texts, got `,
    );
  });

  it("passes an abort on to everything it reads", async () => {
    source.add("obs/barcode.codes.u16", new Uint16Array(4));
    source.addJson("obs/barcode.categories.json", { categories: [], colors: [] });
    const { signal } = new AbortController();
    await readColumn(source, MANIFEST, "barcode", null, { signal });
    expect(source.asked.map((read) => read.signal)).toEqual([signal, signal]);
  });
});

describe("reading an embedding", () => {
  it("takes two coordinates a cell, NaN kept", async () => {
    const source = new MemorySource();
    const xy = Float32Array.of(0, 1, 2, 3, Number.NaN, 5, 6, 7);
    source.add("embeddings/X_umap.f32", xy, 2);
    expect(await readPoints(source, MANIFEST, MANIFEST.embeddings[0])).toEqual(xy);
    source.add("embeddings/X_umap.f32", xy.subarray(0, 7));
    await expect(readPoints(source, MANIFEST, MANIFEST.embeddings[0])).rejects.toThrow(
      "embeddings/X_umap.f32 has 28 bytes, expected 32",
    );
  });

  it("takes three coordinates a cell in space", async () => {
    const source = new MemorySource();
    const xyz = Float32Array.from({ length: 12 }, (_, index) => index / 3);
    source.add("embeddings/X_umap_3d.f32", xyz, 1);
    const entry = { ...MANIFEST.embeddings[0], dimensions: 3, path: "embeddings/X_umap_3d.f32" };
    expect(await readPoints(source, MANIFEST, entry)).toEqual(xyz);
    source.add("embeddings/X_umap_3d.f32", xyz.subarray(0, 8));
    await expect(readPoints(source, MANIFEST, entry)).rejects.toThrow("has 32 bytes, expected 48");
  });
});

describe("the manifest", () => {
  it("is read when it speaks the format of this viewer, and refused otherwise", async () => {
    const source = new MemorySource();
    source.addJson("manifest.json", MANIFEST);
    expect(await readManifest(source)).toEqual(MANIFEST);
    source.addJson("manifest.json", { ...MANIFEST, format: "cellucid-manifest-9" });
    await expect(readManifest(source)).rejects.toThrow(/"cellucid-manifest-9".*reads cellucid-manifest-1/);
  });
});

describe("names", () => {
  let source: MemorySource;

  beforeEach(() => {
    source = new MemorySource();
  });

  it("of genes come from the matrix in use", async () => {
    source.addJson("var/genes.json", { genes: ["CD3E"], ambiguous: 0 });
    source.addJson("layers/log%2F1p/var/genes.json", { genes: ["MS4A1"], ambiguous: 2 });
    expect(await readGenes(source, MANIFEST, null)).toEqual(["CD3E"]);
    expect(await readGenes(source, MANIFEST, "raw")).toEqual(["CD3E"]);
    expect(await readGenes(source, MANIFEST, "log/1p")).toEqual(["MS4A1"]);
  });

  it.each([[{ genes: "CD3E" }], [{ genes: [1] }], [{}]])("of genes are refused as %j", async (listing) => {
    source.addJson("var/genes.json", listing);
    await expect(readGenes(source, MANIFEST, null)).rejects.toThrow(
      /^genes in var\/genes.json: expected a list of texts, got /,
    );
  });

  it.each([null, [], "genes", 3])("of genes are refused where %j stands for their object", async (listing) => {
    source.addJson("var/genes.json", listing);
    await expect(readGenes(source, MANIFEST, null)).rejects.toThrow("var/genes.json: expected a JSON object, got ");
  });

  it("of cells come by blocks, each read once while it is used", async () => {
    source.addJson("cells/names.0.json", { names: ["a", "b"] });
    source.addJson("cells/names.1.json", { names: ["c", "d"] });
    const names = new CellNames(source);
    const read = await Promise.all([0, 3, 1, 2].map((cell) => names.read(MANIFEST, cell)));
    expect(read).toEqual(["a", "d", "b", "c"]);
    expect(source.asked.map(({ path }) => path)).toEqual(["cells/names.0.json", "cells/names.1.json"]);
    expect(await names.read({ ...MANIFEST, cell_names: null }, 0)).toBeNull();
  });

  it("of cells are kept for the blocks that were used last", async () => {
    for (let block = 0; block < 40; block++) source.addJson(`cells/names.${block}.json`, { names: [`${block}`] });
    const names = new CellNames(source);
    const asked = async (block: number) => {
      const before = source.asked.length;
      expect(await names.read(MANIFEST, 2 * block)).toBe(`${block}`);
      return source.asked.length > before;
    };
    for (let block = 0; block < 32; block++) expect(await asked(block)).toBe(true);
    expect(await asked(0)).toBe(false); // and is now the last used
    expect(await asked(32)).toBe(true);
    expect(await asked(0)).toBe(false);
    expect(await asked(1)).toBe(true);
  });

  it("of cells are refused unless they are texts", async () => {
    source.addJson("cells/names.0.json", { names: [1, 2] });
    await expect(new CellNames(source).read(MANIFEST, 0)).rejects.toThrow(
      "names in cells/names.0.json: expected a list of texts, got [1,2].",
    );
  });

  it("of cells that could not be read are asked for again", async () => {
    const names = new CellNames(source);
    await expect(names.read(MANIFEST, 0)).rejects.toThrow("There is no cells/names.0.json");
    source.addJson("cells/names.0.json", { names: ["a"] });
    expect(await names.read(MANIFEST, 0)).toBe("a");
    expect(await names.read(MANIFEST, 1)).toBeNull();
  });
});
