import { type ReadOptions, type Source, segment } from "./source";

export const FORMAT = "cellucid-manifest-1";

export interface Manifest {
  readonly format: typeof FORMAT;
  readonly id: string;
  readonly name: string;
  readonly n_cells: number;
  readonly n_genes: number;
  readonly embeddings: readonly (EmbeddingEntry | ListedEmbedding)[];
  readonly fields: readonly FieldEntry[];
  readonly layers: readonly string[];
  readonly default_layer: string | null;
  /** Where the names of cells are, so many in a block; null where the dataset keeps none. */
  readonly cell_names: { readonly path: string; readonly block: number } | null;
}

/** An embedding that was not measured: `readEmbedding` says the rest. */
export interface ListedEmbedding {
  readonly key: string;
  readonly dimensions: number;
  readonly path: string;
}

export interface EmbeddingEntry extends ListedEmbedding {
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly n_placed: number;
  /** The second axis points downwards, as in an image. */
  readonly y_down?: boolean;
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
  const manifest = await readJson(source, "manifest.json", { size: 0, ...options }); // waits for no road
  if (manifest.format !== FORMAT) {
    throw new Error(`The dataset speaks ${JSON.stringify(manifest.format)}; this viewer reads ${FORMAT}.`);
  }
  return manifest as unknown as Manifest;
}

/** Read what is to be said of an embedding, where the manifest does not: of chosen components, or in an export. */
export async function readEmbedding(source: Source, key: string, options?: ReadOptions): Promise<EmbeddingEntry> {
  const entry = await readJson(source, `embeddings/${segment(key)}.json`, options);
  return entry as unknown as EmbeddingEntry;
}

/** Read a resource that is a JSON object. */
export async function readJson(source: Source, path: string, options?: ReadOptions): Promise<Record<string, unknown>> {
  const { bytes } = await source.read(path, options);
  const text = new TextDecoder().decode(bytes);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new Error(`${path}: expected a JSON object, got ${JSON.stringify(text.slice(0, 80))}.`);
}

/** Check that a value is a list of texts. */
export function texts(value: unknown, name: string): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new Error(`${name}: expected a list of texts, got ${String(JSON.stringify(value)).slice(0, 80)}.`);
}
