import { type CategoricalEntry, type ListedEmbedding, type Manifest, readJson, texts } from "./manifest";
import { type ReadOptions, type Resource, type Source, segment } from "./source";

export type Codes = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

export type ColumnData =
  | {
      kind: "categorical";
      label: string;
      field: string;
      codes: Codes;
      missing: number;
      categories: readonly string[];
      colors: readonly string[];
    }
  | { kind: "continuous"; label: string; field: string; layer: string | null; values: Float32Array<ArrayBuffer> };

/**
 * What `color_by` names: an obs column wins a clash, `obs:` and `gene:` are explicit. The rule of `Dataset.resolve_field`,
 * but for a gene whose own name begins with `gene:`, which Python writes out as `gene:gene:…`.
 */
export function resolveField(manifest: Manifest, name: string): { kind: "obs" | "gene"; key: string } {
  const isField = (key: string) => manifest.fields.some((field) => field.key === key);
  if (isField(name)) return { kind: "obs", key: name };
  if (name.startsWith("obs:") && isField(name.slice(4))) return { kind: "obs", key: name.slice(4) };
  return { kind: "gene", key: name.startsWith("gene:") ? name.slice(5) : name };
}

/** The path of the column that `color_by` and `layer` name; two names of one column share it. */
export function columnPath(manifest: Manifest, name: string, layer: string | null): string {
  const { kind, key } = resolveField(manifest, name);
  if (kind === "obs") return entryOf(manifest, key).path;
  return `${geneFolder(manifest, layer)}/${segment(key)}.values.f32`;
}

/** Read the column that `color_by` and `layer` name. */
export async function readColumn(
  source: Source,
  manifest: Manifest,
  name: string,
  layer: string | null,
  options?: ReadOptions,
): Promise<ColumnData> {
  const { kind, key } = resolveField(manifest, name);
  const path = columnPath(manifest, name, layer);
  const entry = kind === "obs" ? entryOf(manifest, key) : null;
  if (entry?.kind === "categorical") {
    const [resource, labels] = await Promise.all([
      source.read(path, { ...options, size: manifest.n_cells }),
      readCategories(source, entry, options),
    ]);
    const codes = asCodes(resource, manifest.n_cells, path);
    return { kind: "categorical", label: key, field: key, codes, missing: entry.missing, ...labels };
  }
  const values = asFloats(await source.read(path, { ...options, size: 4 * manifest.n_cells }), manifest.n_cells, path);
  return kind === "gene"
    ? { kind: "continuous", label: key, field: `gene:${key}`, layer: layer ?? manifest.default_layer, values }
    : { kind: "continuous", label: key, field: key, layer: null, values };
}

/** Read the names of the genes that can be shown from a matrix. */
export async function readGenes(
  source: Source,
  manifest: Manifest,
  layer: string | null,
  options?: ReadOptions,
): Promise<readonly string[]> {
  const path = `${geneFolder(manifest, layer)}/genes.json`;
  const { genes } = await readJson(source, path, options);
  return texts(genes, `genes in ${path}`);
}

/** Read the other names of the genes that can be shown from a matrix: a list for each column that has some. */
export async function readOtherNames(
  source: Source,
  manifest: Manifest,
  layer: string | null,
  options?: ReadOptions,
): Promise<readonly (readonly string[])[]> {
  const path = `${geneFolder(manifest, layer)}/other_names.json`;
  const { columns } = await readJson(source, path, options);
  if (!Array.isArray(columns)) throw new Error(`columns in ${path}: expected a list.`);
  return columns.map((column: { names?: unknown } | null) => texts(column?.names, `names in ${path}`));
}

/** Read the coordinates of an embedding: those of the first cell, then those of the second, … */
export async function readPoints(
  source: Source,
  manifest: Manifest,
  entry: ListedEmbedding,
  options?: ReadOptions,
): Promise<Float32Array<ArrayBuffer>> {
  const length = manifest.n_cells * entry.dimensions;
  return asFloats(await source.read(entry.path, { ...options, size: 4 * length }), length, entry.path);
}

function geneFolder(manifest: Manifest, layer: string | null): string {
  return layer === null || layer === manifest.default_layer ? "var" : `layers/${segment(layer)}/var`;
}

function entryOf(manifest: Manifest, key: string): Manifest["fields"][number] {
  const entry = manifest.fields.find((field) => field.key === key);
  if (entry === undefined) throw new Error(`There is no obs column ${JSON.stringify(key)}.`);
  return entry;
}

async function readCategories(
  source: Source,
  entry: CategoricalEntry,
  options: ReadOptions = {},
): Promise<{ categories: readonly string[]; colors: readonly string[] }> {
  if (entry.categories && entry.colors) return { categories: entry.categories, colors: entry.colors };
  // The progress that is told is that of the codes.
  const { signal } = options;
  const path = entry.categories_path ?? `obs/${segment(entry.key)}.categories.json`;
  const { categories, colors } = await readJson(source, path, { signal });
  return { categories: texts(categories, `categories in ${path}`), colors: texts(colors, `colors in ${path}`) };
}

function asFloats(resource: Resource, length: number, path: string): Float32Array<ArrayBuffer> {
  return new Float32Array(aligned(resource, 4, length, path), 0, length);
}

function asCodes(resource: Resource, length: number, path: string): Codes {
  switch (resource.dtype) {
    case "uint8":
      return new Uint8Array(aligned(resource, 1, length, path), 0, length);
    case "uint16":
      return new Uint16Array(aligned(resource, 2, length, path), 0, length);
    case "uint32":
      return new Uint32Array(aligned(resource, 4, length, path), 0, length);
    default:
      throw new Error(`${path} has codes of type ${resource.dtype}; expected uint8, uint16 or uint32.`);
  }
}

/** The bytes as a buffer of their own: a view into a message may start at any offset, a typed array may not. */
function aligned(resource: Resource, itemsize: number, length: number, path: string): ArrayBuffer {
  const { bytes } = resource;
  if (bytes.byteLength !== itemsize * length) {
    throw new Error(`${path} has ${bytes.byteLength} bytes, expected ${itemsize * length}.`);
  }
  return bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}
