import { type Node, readDocument } from "./documents";
import { IDENTITY } from "./manifests";
import { ExportError, type FileOptions, type Place } from "./place";

const DATASETS = "datasets.json";

/** One export in a folder. */
export interface Found {
  /** What it is chosen by: its id, or its place where others have that id. */
  readonly key: string;
  readonly id: string;
  readonly name: string;
  /** Null where the folder does not say. */
  readonly n_cells: number | null;
  /** Where it is in the folder. */
  readonly at: string;
  readonly place: Place;
  /** `datasets.json` says to begin with it. */
  readonly isDefault: boolean;
}

/**
 * The exports of a folder: it is one itself, or holds several, listed in `datasets.json` or just side by side. One that
 * is broken is left out, unless all are. None where there is nothing of the kind.
 */
export async function findExports(place: Place, options?: FileOptions): Promise<Found[]> {
  const [identity, list] = await Promise.all([
    readDocument(place, IDENTITY, options),
    readDocument(place, DATASETS, options),
  ]);
  if (identity !== null) return toldApart([foundIn(place, identity)]);
  return toldApart(list === null ? await sideBySide(place, options) : listed(place, list));
}

/** The export with an id, or in a folder of that name; where none is named, the one to begin with. */
export function choose(found: readonly Found[], wanted: string | null): Found | null {
  if (wanted === null) return found.find(({ isDefault }) => isDefault) ?? found[0] ?? null;
  for (const name of ["key", "id", "at"] as const) {
    const fitting = found.filter((one) => one[name] === wanted);
    if (fitting.length > 0) return fitting.length === 1 ? fitting[0] : null;
  }
  return null;
}

function foundIn(place: Place, identity: Node): Found {
  const id = identity.at("id").key();
  const stats = identity.find("stats")?.value;
  const n_cells = countOf(
    typeof stats === "object" && stats !== null ? (stats as { n_cells?: unknown }).n_cells : null,
  );
  return { key: id, id, name: identity.find("name")?.text() ?? id, n_cells, at: place.name, place, isDefault: false };
}

async function sideBySide(place: Place, options?: FileOptions): Promise<Found[]> {
  const names = (await place.folders()).filter((name) => !name.startsWith(".")); // those are being written
  const looked = await Promise.all(
    names.map(async (name) => {
      const folder = place.folder(name);
      return attempt(async () => {
        const identity = await readDocument(folder, IDENTITY, options);
        return identity && foundIn(folder, identity);
      });
    }),
  );
  return whole(looked);
}

async function attempt<T>(work: () => Promise<T>): Promise<T | ExportError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ExportError) return error;
    throw error;
  }
}

function listed(place: Place, document: Node): Found[] {
  const first = document.find("default")?.value;
  const entries = document.at("datasets").entries();
  if (entries.length === 0) throw document.fail("it lists no dataset");
  const looked = entries.map((entry) => {
    try {
      const path = entry.at("path").text();
      const id = entry.at("id").key();
      const name = entry.find("name")?.text() ?? id;
      const isDefault = first !== undefined && first !== null && entry.at("id").value === first;
      const n_cells = countOf(entry.find("n_cells")?.value);
      const here = /^\.\/?$/.test(path); // the folder itself
      const at = path.replace(/\/+$/, "");
      return { key: id, id, name, n_cells, at, place: here ? place : place.folder(path), isDefault };
    } catch (error) {
      if (error instanceof ExportError) return error;
      throw error;
    }
  });
  const found = whole(looked);
  const last = new Map(found.map((one) => [`${one.id}\n${one.at}`, one])); // what is listed twice is there once
  return [...last.values()];
}

/** Those that can be read; throws where none can. */
function whole(looked: readonly (Found | ExportError | null)[]): Found[] {
  const found = looked.filter((one): one is Found => one !== null && !(one instanceof ExportError));
  const broken = looked.filter((one) => one instanceof ExportError);
  if (found.length === 0 && broken.length > 0) throw broken[0];
  for (const { message } of broken) console.warn(`cellucid: left out of the datasets: ${message}`);
  return found;
}

function toldApart(found: readonly Found[]): Found[] {
  const count = (id: string) => found.filter((one) => one.id === id).length;
  return found.map((one) => {
    if (count(one.id) === 1) return one;
    return { ...one, key: count(one.at) > 0 ? `${one.at}/` : one.at };
  });
}

/** A number of cells that somebody has written down, which is shown and never relied on. */
function countOf(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : null;
}
