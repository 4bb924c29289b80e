import { type FieldEntry, FORMAT, type Manifest } from "../../src/data/manifest";
import { FakeModel } from "./model";
import { FakePython } from "./python";

let widgets = 0;

const GENES = ["CD3D", "CD3E", "MS4A1", "NKG7"];

/** What `gene_ids` has of these. */
const OTHER_NAMES = ["ENSG00000167286", "ENSG00000198851", "ENSG00000156738", ""];

/** A hundred cells on a grid of ten by ten, at 0.5, 1.5, … 9.5 in both directions: cell 10 * row + column. */
export const CELLS = 100;

/**
 * A widget as Python opens it: its model, and Python behind it with a small dataset.
 *
 * `louvain` has four categories in quarters of the grid and one missing cell; `n_counts` is the cell's number, NaN for
 * the first; `barcode` has a thousand categories, of which a hundred are used. `X_umap_3d` has the column as its height.
 */
export function openFake(traits: Record<string, unknown> = {}): { model: FakeModel; python: FakePython } {
  const model = new FakeModel({
    viewer_id: `viewer-${widgets++}`,
    n_cells: CELLS,
    dataset: "grid",
    datasets: [{ id: "grid", name: "grid", n_cells: CELLS }],
    embedding: "X_umap",
    dimension: 2,
    camera: { center: [5, 5], zoom: 1 },
    color_by: null,
    layer: null,
    colormap: "viridis",
    color_limits: null,
    point_size: 1,
    opacity: null,
    filters: {},
    hovered: null,
    tool: "navigate",
    height: 400,
    theme: "auto",
    errors: [],
    _boot: {},
    _version: 0,
    _hover_wanted: false,
    ...traits,
  });
  const python = new FakePython(model, CELLS);
  const cells = Array.from({ length: CELLS }, (_, cell) => cell);
  const xy = Float32Array.from(cells.flatMap((cell) => [(cell % 10) + 0.5, Math.floor(cell / 10) + 0.5]));
  const quarter = (cell: number) => (cell === 99 ? 255 : (cell % 10 < 5 ? 0 : 1) + (cell < 50 ? 0 : 2));
  const barcodes = Array.from({ length: 1000 }, (_, index) => `barcode ${index}`);
  const fields: FieldEntry[] = [
    {
      key: "louvain",
      kind: "categorical",
      path: "obs/louvain.codes.u8",
      missing: 255,
      n_categories: 4,
      categories: ["B cells", "T cells", "NK cells", "Monocytes"],
      colors: ["#ff0000", "#00ff00", "#0000ff", "#ffff00"],
    },
    {
      key: "barcode",
      kind: "categorical",
      path: "obs/barcode.codes.u16",
      missing: 65535,
      n_categories: 1000,
      categories: barcodes,
      colors: barcodes.map(() => "#336699"),
    },
    { key: "n_counts", kind: "continuous", path: "obs/n_counts.values.f32" },
  ];
  const manifest: Manifest = {
    format: FORMAT,
    id: "grid",
    name: "grid",
    n_cells: CELLS,
    n_genes: 1234,
    embeddings: [
      {
        key: "X_umap",
        dimensions: 2,
        path: "embeddings/X_umap.f32",
        min: [0.5, 0.5],
        max: [9.5, 9.5],
        n_placed: CELLS,
      },
      {
        key: "X_umap_3d",
        dimensions: 3,
        path: "embeddings/X_umap_3d.f32",
        min: [0.5, 0.5, 0],
        max: [9.5, 9.5, 9],
        n_placed: CELLS,
      },
      { key: "X_pca", dimensions: 2, path: "embeddings/X_pca.f32", min: [0.5, 0.5], max: [9.5, 9.5], n_placed: CELLS },
    ],
    fields,
    layers: ["X"],
    default_layer: "X",
    cell_names: { path: "cells/names.{block}.json", block: 1024 },
  };
  python.add("manifest.json", manifest);
  python.add("embeddings/X_umap.f32", xy);
  python.add(
    "embeddings/X_umap_3d.f32",
    Float32Array.from(cells.flatMap((cell) => [xy[2 * cell], xy[2 * cell + 1], cell % 10])),
  );
  python.add("var/genes.json", { genes: GENES, ambiguous: 0 });
  python.add("var/other_names.json", { columns: [{ column: "gene_ids", names: OTHER_NAMES }] });
  python.add(
    "var/CD3E.values.f32",
    Float32Array.from(cells, (cell) => cell % 3),
  );
  python.add("cells/names.0.json", { names: cells.map((cell) => `cell-${cell}`) });
  python.add("embeddings/X_pca.f32", xy);
  python.add("obs/louvain.codes.u8", Uint8Array.from(cells, quarter));
  python.add(
    "obs/barcode.codes.u16",
    Uint16Array.from(cells, (cell) => 10 * cell),
  );
  python.add(
    "obs/n_counts.values.f32",
    Float32Array.from(cells, (cell) => (cell === 0 ? Number.NaN : cell)),
  );
  return { model, python };
}
