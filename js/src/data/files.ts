import type { Codes } from "./columns";
import { type AddedListing, type AddedPoints, type Additions, readAdditions } from "./export/additions";
import { type Floats, readCodes, readPoints, readValues } from "./export/arrays";
import { type Node, readListing } from "./export/documents";
import {
  type Export,
  IDENTITY,
  readExport,
  type StoredCodes,
  type StoredField,
  type StoredValues,
} from "./export/manifests";
import { defaultPalette } from "./export/palettes";
import { CountedPlace, ExportError, type FileOptions, type Place } from "./export/place";
import { type EmbeddingEntry, type FieldEntry, FORMAT, type Manifest } from "./manifest";
import { type ReadOptions, type Resource, type Source, segment } from "./source";

const INLINE_CATEGORIES = 1_000; // fields with more keep them in a resource of their own
const NAMES_A_BLOCK = 1_024;
const MATRIX = "X"; // what the one matrix of an export is called where nothing says which it was
const MOST_OTHER_COLUMNS = 8;
const LONGEST_NAMES = 40; // characters on average: Ensembl's ids have 15, descriptions 50 and more

type Maker = (options: FileOptions) => Promise<Resource>;

/** A categorical field as it is shown. Labels that read the same are one category. */
interface Categories {
  readonly stored: StoredCodes;
  readonly categories: readonly string[];
  readonly colors: readonly string[];
  /** The code of each label, and of missing. */
  readonly codes: Codes;
}

/**
 * The resources of an export folder, made here of its files: what `FolderDataset` in Python makes of them, bit for bit.
 *
 * But for one thing: an embedding is measured only when it is asked for, as it has to be fetched for that.
 */
export class FilesSource implements Source {
  readonly manifest: Manifest;
  /** Bytes of files, as they are stored. */
  bytesRead = 0;
  private readonly place: Place;
  /** What is known without reading anything more. */
  private readonly known = new Map<string, unknown>();
  private readonly makers = new Map<string, Maker>();
  private names: Promise<readonly string[]> | null = null;
  /** The embedding that was measured last: its coordinates are what is read next. */
  private measured: { readonly key: string; readonly coords: Floats } | null = null;

  private constructor(
    place: Place,
    private readonly stored: Export,
    private readonly additions: Additions,
    points: readonly AddedPoints[],
  ) {
    this.place = new CountedPlace(place, (bytes) => {
      this.bytesRead += bytes;
    });
    const embeddings = points.map(({ key, dimensions }) => ({ key, dimensions, path: `${embeddingPath(key)}.f32` }));
    for (const one of points) this.listPoints(one);
    const fields = [...stored.fields].map(([key, field]) => this.listField(key, field));
    const layer = stored.geneNames.length > 0 ? (additions.layer ?? MATRIX) : null;
    this.manifest = {
      format: FORMAT,
      id: stored.id,
      name: stored.name,
      n_cells: stored.n_cells,
      n_genes: stored.geneNames.length,
      embeddings,
      fields,
      layers: layer === null ? [] : [layer],
      default_layer: layer,
      cell_names: additions.cellNames && { path: "cells/names.{block}.json", block: NAMES_A_BLOCK },
    };
    this.known.set("manifest.json", this.manifest);
    this.known.set("var/genes.json", this.listGenes());
    this.makers.set("var/other_names.json", async (options) => json(await this.listOtherNames(options)));
  }

  /** Open an export; throws an `ExportError` that names the file where it cannot be shown. */
  static async open(place: Place, options: FileOptions = {}): Promise<FilesSource> {
    const stored = await readExport(place, options);
    const additions = await readAdditions(place, stored, options);
    const taken = new Set(additions.points.flatMap(({ key, path }) => [`key ${key}`, `path ${path}`]));
    const others = stored.points.filter(({ key, path }) => !taken.has(`key ${key}`) && !taken.has(`path ${path}`));
    const points = [...additions.points, ...others.map((one) => ({ ...one, placement: null }))];
    // What it begins with must place some cells.
    for (const [skipped] of points.entries()) {
      const source = new FilesSource(place, stored, additions, points.slice(skipped));
      if (await source.placesCells(points[skipped], options)) return source;
      console.warn(`cellucid: no cell has finite coordinates in ${points[skipped].key}, which is left out`);
    }
    throw new ExportError(
      `${place.name}: no cell has finite coordinates in ${points.map(({ key }) => key).join(", ")}, so there is ` +
        "nothing to draw. Export the data again from an embedding without NaN.",
    );
  }

  /** Whether a gene can be shown. */
  hasGene(name: string): boolean {
    return this.stored.genes.has(name);
  }

  async read(path: string, { signal, onProgress }: ReadOptions = {}): Promise<Resource> {
    if (this.known.has(path)) return json(this.known.get(path));
    const make = this.makers.get(path) ?? this.makerOfGene(path) ?? this.makerOfCellNames(path);
    if (make === null) throw new ExportError(`${this.place.name}: there is no ${path} in this export.`);
    const [made] = await Promise.all([
      make({ signal, onProgress: onProgress && ((loaded, total) => onProgress(loaded, total, null)) }),
      this.checkUnchanged(signal),
    ]);
    return made;
  }

  /** Numbers that were written since must not be read by the manifests of before. */
  private async checkUnchanged(signal: AbortSignal | undefined): Promise<void> {
    const now = await this.place.read(IDENTITY, { signal });
    const before = this.stored.identity;
    if (now?.length !== before.length || now.some((byte, index) => byte !== before[index])) {
      throw new ExportError(`${this.place.name} has changed since this page opened it. Reload the page.`);
    }
  }

  // -- embeddings

  private listPoints(points: AddedPoints): void {
    const path = embeddingPath(points.key);
    this.makers.set(`${path}.json`, async (options) => {
      const entry = await this.measure(points, options);
      if (entry.n_placed > 0) return json(entry);
      throw new ExportError(`The embedding ${points.key} cannot be shown: no cell has finite coordinates there.`);
    });
    this.makers.set(`${path}.f32`, async (options) => {
      const { measured } = this;
      this.measured = null;
      const coords = measured?.key === points.key ? measured.coords : await this.readPoints(points, options);
      return array(coords, "float32", [this.stored.n_cells, points.dimensions]);
    });
  }

  private readPoints({ path, dimensions, placement }: AddedPoints, options: FileOptions): Promise<Floats> {
    return readPoints(this.place, path, this.stored.n_cells, dimensions, placement, options);
  }

  private async measure(points: AddedPoints, options: FileOptions): Promise<EmbeddingEntry> {
    const { key, dimensions } = points;
    const coords = this.measured?.key === key ? this.measured.coords : await this.readPoints(points, options);
    this.measured = { key, coords };
    return { key, dimensions, path: `${embeddingPath(key)}.f32`, ...extentOf(coords, dimensions), ...isImage(points) };
  }

  private async placesCells(points: AddedPoints, options: FileOptions): Promise<boolean> {
    return (await this.measure(points, options)).n_placed > 0;
  }

  // -- fields

  private listField(key: string, stored: StoredField): FieldEntry {
    const folder = `obs/${segment(key)}`;
    if (!("labels" in stored)) {
      const path = `${folder}.values.f32`;
      this.makers.set(path, (options) => this.readValues(stored, options));
      return { key, kind: "continuous", path };
    }
    const shown = this.categoriesOf(key, stored);
    const { categories, colors, codes } = shown;
    const path = `${folder}.codes.u${8 * codes.BYTES_PER_ELEMENT}`;
    this.makers.set(path, async (options) => {
      const read = await readCodes(this.place, stored, this.stored.n_cells, codes, options);
      return array(read, `uint${8 * codes.BYTES_PER_ELEMENT}`, [read.length]);
    });
    const entry = {
      key,
      kind: "categorical",
      path,
      missing: codes[codes.length - 1],
      n_categories: categories.length,
    } as const;
    if (categories.length <= INLINE_CATEGORIES) return { ...entry, categories, colors };
    const listing = `${folder}.categories.json`;
    this.known.set(listing, { categories, colors });
    return { ...entry, categories_path: listing };
  }

  private categoriesOf(key: string, stored: StoredCodes): Categories {
    const { labels } = stored;
    const all = this.additions.colors(key, labels.length) ?? defaultPalette(labels.length);
    const colors = new Map<string, string>();
    for (const [index, label] of labels.entries()) if (!colors.has(label)) colors.set(label, all[index]);
    const codeOf = new Map([...colors.keys()].map((label, code) => [label, code]));
    // The largest code of the smallest type that has one for each is the one of missing, as in Python.
    const Type = codeOf.size < 0xff ? Uint8Array : codeOf.size < 0xffff ? Uint16Array : Uint32Array;
    const codes = Type.from([...labels.map((label) => codeOf.get(label) as number), -1]);
    return { stored, categories: [...colors.keys()], colors: [...colors.values()], codes };
  }

  private async readValues(stored: StoredValues, options: FileOptions): Promise<Resource> {
    const values = await readValues(this.place, stored, this.stored.n_cells, options);
    return array(values, "float32", [values.length]);
  }

  // -- names of genes and cells

  private makerOfGene(path: string): Maker | null {
    const [, quoted] = /^var\/([^/]+)\.values\.f32$/.exec(path) ?? [];
    if (quoted === undefined) return null;
    const name = decodeURIComponent(quoted);
    const stored = this.stored.genes.get(name);
    if (stored !== undefined) return (options) => this.readValues(stored, options);
    const why = this.stored.geneNames.includes(name) ? "several genes have this name" : "it is not in this export";
    throw new ExportError(`The gene ${name} cannot be shown: ${why}.`);
  }

  /** Places of the genes whose names no other has. */
  private clearGenes(): number[] {
    const { geneNames } = this.stored;
    const count = new Map<string, number>();
    for (const name of geneNames) count.set(name, (count.get(name) ?? 0) + 1);
    return [...geneNames.keys()].filter((place) => count.get(geneNames[place]) === 1);
  }

  private listGenes(): object {
    const { geneNames } = this.stored;
    const genes = this.clearGenes().map((place) => geneNames[place]);
    return { genes, ambiguous: new Set(geneNames).size - genes.length };
  }

  private async listOtherNames(options: FileOptions): Promise<object> {
    const { geneNames } = this.stored;
    const listing = await this.readListing(this.additions.geneNames, options);
    const clear = this.clearGenes();
    const columns = (listing?.entries() ?? []).map((column) => {
      const all = column.at("names").texts(geneNames.length, "genes");
      const names = clear.map((place) => (all[place] === geneNames[place] ? "" : all[place]));
      return { column: column.at("column").text(), names };
    });
    const shown = columns.filter(({ names }) => {
      const length = names.reduce((sum, name) => sum + [...name].length, 0);
      return length > 0 && length <= LONGEST_NAMES * names.length;
    });
    return { columns: shown.slice(0, MOST_OTHER_COLUMNS) };
  }

  private makerOfCellNames(path: string): Maker | null {
    const [, number] = /^cells\/names\.(\d+)\.json$/.exec(path) ?? [];
    if (number === undefined || this.additions.cellNames === null) return null;
    return async () => {
      this.names ??= this.readCellNames(); // all in one file; whoever asks first does not end it for the others
      try {
        const at = Number(number) * NAMES_A_BLOCK;
        return json({ names: (await this.names).slice(at, at + NAMES_A_BLOCK) });
      } catch (error) {
        this.names = null; // another try may do
        throw error;
      }
    };
  }

  private async readCellNames(): Promise<readonly string[]> {
    const listing = await this.readListing(this.additions.cellNames, {});
    return listing?.texts(this.stored.n_cells, "cells") ?? [];
  }

  private async readListing(stored: AddedListing | null, options: FileOptions): Promise<Node | null> {
    return stored && readListing(this.place, stored.path, stored.nbytes, options);
  }
}

function embeddingPath(key: string): string {
  return `embeddings/${segment(key)}`;
}

/** Where the placed cells are, and how many. */
function extentOf(coords: Floats, dimensions: number): { min: number[]; max: number[]; n_placed: number } {
  const min = new Array<number>(dimensions).fill(Number.POSITIVE_INFINITY);
  const max = new Array<number>(dimensions).fill(Number.NEGATIVE_INFINITY);
  let n_placed = 0;
  for (let at = 0; at < coords.length; at += dimensions) {
    let placed = true;
    for (let axis = 0; axis < dimensions; axis++) placed &&= Number.isFinite(coords[at + axis]);
    if (!placed) continue;
    n_placed++;
    for (let axis = 0; axis < dimensions; axis++) {
      const value = coords[at + axis];
      if (value < min[axis]) min[axis] = value;
      if (value > max[axis]) max[axis] = value;
    }
  }
  return { min, max, n_placed };
}

/** The coordinates are pixels: squidpy, scanpy and spaceranger count rows from the top. */
function isImage({ key, dimensions }: AddedPoints): { y_down?: true } {
  const [name] = key.toLowerCase().split(":");
  return dimensions > 1 && /^(x_)?spatial(_.*)?$/s.test(name) ? { y_down: true } : {};
}

function json(content: unknown): Resource {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  return { bytes, dtype: null, shape: [bytes.length] };
}

function array(values: Floats | Codes, dtype: string, shape: readonly number[]): Resource {
  return { bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength), dtype, shape };
}
