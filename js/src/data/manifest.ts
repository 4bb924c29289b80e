import type { ReadOptions, Source } from "./source";

export const FORMAT = "cellucid-manifest-1";

export interface Manifest {
  readonly format: typeof FORMAT;
  readonly id: string;
  readonly name: string;
  readonly n_cells: number;
  readonly n_genes: number;
  readonly embeddings: readonly EmbeddingEntry[];
  readonly fields: readonly FieldEntry[];
  readonly layers: readonly string[];
  readonly default_layer: string | null;
}

export interface EmbeddingEntry {
  readonly key: string;
  readonly dimensions: number;
  readonly path: string;
  readonly min: readonly [number, number];
  readonly max: readonly [number, number];
  readonly n_placed: number;
}

export type FieldEntry = CategoricalEntry | ContinuousEntry;

export interface CategoricalEntry {
  readonly key: string;
  readonly kind: "categorical";
  readonly path: string;
  readonly missing: number;
  readonly n_categories: number;
  readonly categories?: readonly string[];
  readonly colors?: readonly string[];
  /** Where the categories are when there are too many for the manifest. */
  readonly categories_path?: string;
}

export interface ContinuousEntry {
  readonly key: string;
  readonly kind: "continuous";
  readonly path: string;
}

export async function readManifest(source: Source, options?: ReadOptions): Promise<Manifest> {
  const manifest = await readJson<Manifest>(source, "manifest.json", options);
  if (manifest.format !== FORMAT) {
    throw new Error(`The dataset speaks ${JSON.stringify(manifest.format)}; this viewer reads ${FORMAT}.`);
  }
  return manifest;
}

export async function readJson<T>(source: Source, path: string, options?: ReadOptions): Promise<T> {
  const { bytes } = await source.read(path, options);
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}
