import { Node, readDocument } from "./documents";
import { ExportError, type FileOptions, type Place } from "./place";

export const IDENTITY = "dataset_identity.json";
const OBS = "obs_manifest.json";
const VAR = "var_manifest.json";

const MAX_CELLS = 2 ** 28; // more than anybody has shown; one float32 for each is 1 GiB
const CODES = { uint8: ["u8", 0xff], uint16: ["u16", 0xffff], uint32: ["u32", 0xffff_ffff] } as const;
const VALUES = ["float32", "uint8", "uint16"] as const;

/** Written by Cellucid 0.0.9 (A), by 0.9.1 and 0.9.2 (B), by 0.9.3 and 0.9.4 (C). */
export type Dialect = "A" | "B" | "C";

/** One number for each cell: float32, or codes between two values. */
export interface StoredValues {
  readonly path: string;
  readonly dtype: (typeof VALUES)[number];
  /** What the lowest and the highest code stand for; null where the values are stored as they are. */
  readonly range: readonly [number, number] | null;
}

/** One category for each cell. */
export interface StoredCodes {
  readonly path: string;
  readonly dtype: keyof typeof CODES;
  /** What the codes stand for; a label may be there twice. */
  readonly labels: readonly string[];
  readonly missing: number;
}

export type StoredField = StoredValues | StoredCodes;

/** Coordinates. */
export interface StoredPoints {
  readonly key: string;
  readonly dimensions: number;
  readonly path: string;
}

/** What the manifests of an export folder say, whichever Cellucid wrote it. */
export interface Export {
  /** The identity as it is written: of another export it is another. */
  readonly identity: Uint8Array;
  readonly id: string;
  readonly name: string;
  readonly createdAt: string | null;
  /** The version of the package that wrote it, if it says one. */
  readonly writtenBy: unknown;
  readonly n_cells: number;
  /** The one to begin with first. */
  readonly points: readonly StoredPoints[];
  readonly fields: ReadonlyMap<string, StoredField>;
  readonly genes: ReadonlyMap<string, StoredValues>;
  /** All genes in their order; a name that several have is not among `genes`. */
  readonly geneNames: readonly string[];
}

/** Read the manifests of a folder. The rules are those of `cellucid.dataset.folder.manifests`. */
export async function readExport(place: Place, options?: FileOptions): Promise<Export> {
  const [bytes, obs, variables] = await Promise.all([
    place.read(IDENTITY, options),
    readDocument(place, OBS, options),
    readDocument(place, VAR, options),
  ]);
  for (const [path, found] of [[IDENTITY, bytes] as const, [OBS, obs] as const]) {
    if (found === null) throw new ExportError(`${place.name}/${path}: there is no such file.`);
  }
  const identity = Node.parse(`${place.name}/${IDENTITY}`, bytes as Uint8Array);
  return describe(bytes as Uint8Array, identity, obs as Node, variables);
}

function describe(bytes: Uint8Array, identity: Node, obs: Node, variables: Node | null): Export {
  const dialect = dialectOf(identity, obs, variables);
  const n_cells = obs.at("n_points").integer(1, MAX_CELLS);
  for (const node of [identity.find("stats")?.find("n_cells"), variables?.find("n_points")]) {
    if (node && node.value !== n_cells) throw node.expected(`the ${n_cells} cells of ${OBS}`);
  }
  const id = identity.at("id").key();
  return {
    identity: bytes,
    id,
    name: identity.find("name")?.text() ?? id,
    createdAt: identity.find("created_at")?.text() ?? null,
    writtenBy: identity.find("cellucid_data_version")?.value ?? null,
    n_cells,
    points: pointsOf(identity, dialect),
    fields: fieldsOf(identity, obs, dialect),
    ...genesOf(variables, dialect),
  };
}

function dialectOf(identity: Node, obs: Node, variables: Node | null): Dialect {
  const version = identity.at("version");
  const number = version.integer(1, 1_000_000);
  if (number === 3) return "C";
  if (number !== 2) {
    throw version.fail(
      `this is version ${number} of the export format, and 2 and 3 can be read; export the data again with cellucid.prepare`,
    );
  }
  // A and B have the same versions everywhere; only the paths tell them apart.
  const schemas = obs.find("_obsSchemas");
  const patterns = [schemas?.find("continuous"), schemas?.find("categorical"), variables?.find("_varSchema")].flatMap(
    (schema) => ["pathPattern", "codesPathPattern"].map((name) => schema?.find(name)),
  );
  return patterns.some((pattern) => pattern?.text().includes("{index}")) ? "B" : "A";
}

// -- embeddings

function pointsOf(identity: Node, dialect: Dialect): readonly StoredPoints[] {
  const embeddings = identity.at("embeddings");
  const found =
    dialect === "C"
      ? embeddings
          .at("items")
          .items()
          .map(([key, item]) => ({
            key,
            dimensions: item.at("dimension").integer(1, 3),
            path: item.at("file").text(),
          }))
      : embeddings
          .at("files")
          .items()
          .map(([key, file]) => {
            const dimensions = ["1d", "2d", "3d"].indexOf(key) + 1;
            if (dimensions === 0) throw file.fail("expected the keys '1d', '2d' and '3d'");
            return { key: `X_umap_${dimensions}d`, dimensions, path: file.text() };
          });
  if (found.length === 0) throw embeddings.fail("there is no embedding to show");
  const first = firstOf(embeddings, dialect);
  // What the folder begins with, then the plane before the space, and lines last.
  const rank = ({ key, dimensions }: StoredPoints) =>
    (first === key || first === dimensions ? 0 : 4) + [2, 0, 1][dimensions - 1];
  return found.sort((a, b) => rank(a) - rank(b));
}

/** The key of the embedding to begin with, or how many dimensions it has. */
function firstOf(embeddings: Node, dialect: Dialect): string | number | null {
  const dimension = embeddings.given("default_dimension")?.integer(1, 3);
  if (dimension === undefined) return null;
  const named = dialect === "C" ? embeddings.find("defaults")?.find(`${dimension}d`) : null;
  return named?.text() ?? dimension;
}

// -- fields

function fieldsOf(identity: Node, obs: Node, dialect: Dialect): ReadonlyMap<string, StoredField> {
  const found = new Map<string, StoredField | null>(); // null is left out
  const owners = new Map<string, string>(); // by path
  for (const [kind, name] of [
    ["continuous", "_continuousFields"],
    ["categorical", "_categoricalFields"],
  ] as const) {
    const entries = obs.find(name)?.entries() ?? [];
    if (entries.length === 0) continue;
    const schema = obs.at("_obsSchemas").at(kind);
    for (const entry of entries) {
      const { index, at } = indexOf(entry, dialect);
      const key = entry.at(at).key();
      if (found.has(key)) throw entry.fail(`there are two fields ${JSON.stringify(key)}`);
      const stored =
        kind === "continuous"
          ? valuesOf(schema, key, index, entry, at + 1)
          : codesOf(schema, key, index, entry, at + 1);
      if (stored !== null) {
        // Cellucid 0.0.9 wrote both to one file, and the last one stayed.
        const other = owners.get(stored.path);
        if (other !== undefined) found.set(other, null);
        owners.set(stored.path, key);
      }
      found.set(key, stored);
    }
  }
  const shown = [...found].filter((field): field is [string, StoredField] => field[1] !== null);
  // The order of the table that they come from is in the identity alone.
  const listed = identity.given("obs_fields")?.entries() ?? [];
  const order = new Map(listed.map((field, place) => [field.at("key").key(), place]));
  const placeOf = (key: string) => order.get(key) ?? listed.length;
  return new Map(shown.sort(([a], [b]) => placeOf(a) - placeOf(b)));
}

/** An entry's number where the dialect has one, and where its key stands. */
function indexOf(entry: Node, dialect: Dialect): { index: number | null; at: number } {
  return dialect === "A" ? { index: null, at: 0 } : { index: entry.at(0).integer(0, 2 ** 31), at: 1 };
}

function pathOf(pattern: Node, key: string, index: number | null, ext = ""): string {
  const [placeholder, name] = index === null ? ["{key}", safeName(key)] : ["{index}", String(index)];
  const text = pattern.text();
  if (!text.includes(placeholder)) throw pattern.expected(`a path with ${placeholder}`);
  return text.replaceAll("{ext}", ext).replaceAll(placeholder, name);
}

/** A key as Cellucid 0.0.9 writes it into file names: `CD3/D` is `CD3_D`. */
export function safeName(key: string): string {
  return key.replace(/[^A-Za-z0-9._-]+/g, "_").replace(/^[._]+|[._]+$/g, "") || "field";
}

function valuesOf(schema: Node, key: string, index: number | null, entry: Node, at: number): StoredValues {
  const dtype = schema.at("dtype").oneOf(VALUES);
  const path = pathOf(schema.at("pathPattern"), key, index);
  if (dtype === "float32") return { path, dtype, range: null };
  const [low, high] = [entry.at(at).number(), entry.at(at + 1).number()];
  if (low > high) throw entry.fail(`the smallest value ${low} is larger than the largest, ${high}`);
  return { path, dtype, range: [low, high] };
}

/** Null where the codes cannot be shown: there are more categories than they can tell apart. */
function codesOf(schema: Node, key: string, index: number | null, entry: Node, at: number): StoredCodes | null {
  const labels = entry
    .at(at)
    .entries()
    .map((node) => node.label());
  const dtype = entry.at(at + 1).oneOf(Object.keys(CODES) as (keyof typeof CODES)[]);
  const [ext, largest] = CODES[dtype];
  const missing = entry.at(at + 2).integer(0, largest);
  if (labels.length > largest) return null;
  if (missing < labels.length) {
    throw entry.at(at + 2).fail(`the code of missing values, ${missing}, is one of the ${labels.length} categories'`);
  }
  return { path: pathOf(schema.at("codesPathPattern"), key, index, ext), dtype, labels, missing };
}

// -- genes

function genesOf(variables: Node | null, dialect: Dialect): Pick<Export, "genes" | "geneNames"> {
  const found = new Map<string, StoredValues>();
  const names: string[] = [];
  const owners = new Map<string, string>();
  const [lost, several] = [new Set<string>(), new Set<string>()];
  const entries = variables?.at("fields").entries() ?? [];
  for (const entry of entries) {
    const { index, at } = indexOf(entry, dialect);
    const key = entry.at(at).key();
    const stored = valuesOf((variables as Node).at("_varSchema"), key, index, entry, at + 1);
    const other = owners.get(stored.path);
    if (other !== undefined && other !== key) lost.add(other); // written over by this one, as with fields
    owners.set(stored.path, key);
    names.push(key);
    if (found.has(key)) several.add(key);
    found.set(key, stored);
  }
  for (const name of [...lost, ...several]) found.delete(name);
  return { genes: found, geneNames: names.filter((name) => !lost.has(name)) };
}
