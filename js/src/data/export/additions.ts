import type { Node } from "./documents";
import { readDocument } from "./documents";
import type { Export, StoredPoints } from "./manifests";
import type { FileOptions, Place } from "./place";

const ADDITIONS = "additions.json";
const FORMAT = "cellucid-additions-1";
const MAX_NAMES_BYTES = 2 ** 31;

/** How coordinates lie in an embedding's own space: original = stored / scale + center. */
export interface Placement {
  readonly center: readonly number[];
  readonly scale: number;
}

/** An embedding as the data had it that were exported; no placement where the file has the original coordinates. */
export type AddedPoints = StoredPoints & { readonly placement: Placement | null };

/** A file with names, and how long it is, inflated. */
export interface AddedListing {
  readonly path: string;
  readonly nbytes: number;
}

/** What `cellucid.prepare` adds to a Cellucid export; see `cellucid.dataset.folder.additions`. */
export interface Additions {
  readonly points: readonly AddedPoints[];
  /** The colours of a field's categories, where they are known. */
  colors(key: string, categories: number): readonly string[] | null;
  /** The matrix that the genes come from. */
  readonly layer: string | null;
  readonly cellNames: AddedListing | null;
  readonly geneNames: AddedListing | null;
}

const NONE: Additions = { points: [], colors: () => null, layer: null, cellNames: null, geneNames: null };

/** Read what a folder has of ours; nothing where it was not written by `cellucid.prepare`, or for another export. */
export async function readAdditions(
  place: Place,
  { createdAt, writtenBy }: Pick<Export, "createdAt" | "writtenBy">,
  options?: FileOptions,
): Promise<Additions> {
  const document = await readDocument(place, ADDITIONS, options);
  if (document === null) return NONE;
  const isOfThisExport = () => {
    const writer = document.find("written_by")?.value ?? null; // not in the first exports
    return document.at("created_at").text() === createdAt && (writer === null || writer === writtenBy);
  };
  if (document.at("format").text() !== FORMAT || !isOfThisExport()) {
    console.warn(`cellucid: ${place.name}/${ADDITIONS} belongs to another export or version and is left aside`);
    return NONE;
  }
  const points = document.at("embeddings").entries().map(pointsOf);
  if (new Set(points.map(({ key }) => key)).size < points.length) {
    throw document.at("embeddings").fail("two embeddings have the same key");
  }
  return {
    points,
    colors: (key, categories) => colorsOf(document.at("colors").find(key), categories),
    layer: document.given("layer")?.text() ?? null,
    cellNames: listingOf(document.given("cell_names")),
    geneNames: listingOf(document.given("gene_names")), // not in the first exports
  };
}

function pointsOf(node: Node): AddedPoints {
  const dimensions = node.at("dimensions").integer(1, 3);
  const scale = node.given("scale")?.number() ?? null;
  const center =
    scale === null
      ? []
      : node
          .at("center")
          .entries()
          .map((one) => one.number());
  if (scale !== null && (scale <= 0 || center.length !== dimensions)) {
    throw node.expected(`a scale above 0 and a center of ${dimensions} numbers`);
  }
  const placement = scale === null ? null : { center, scale };
  return { key: node.at("key").text(), dimensions, path: node.at("file").text(), placement };
}

function colorsOf(node: Node | null, categories: number): readonly string[] | null {
  if (node === null) return null;
  const colors = node.entries().map((color) => hexOf(color.text()));
  const known = colors.filter((color) => color !== null);
  if (colors.length !== categories || known.length !== categories) throw node.fail(`expected ${categories} colours`);
  return known;
}

/** A colour as `#rrggbb`, without its opacity; null for what is none. */
function hexOf(color: string): string | null {
  if (!/^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(color)) return null;
  const digits = color.slice(1).toLowerCase();
  return `#${(digits.length < 6 ? digits.replace(/./g, "$&$&") : digits).slice(0, 6)}`;
}

function listingOf(node: Node | null): AddedListing | null {
  return node && { path: node.at("file").text(), nbytes: node.at("bytes").integer(0, MAX_NAMES_BYTES) };
}
