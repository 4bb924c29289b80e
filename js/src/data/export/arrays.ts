import type { Codes } from "../columns";
import type { Placement } from "./additions";
import { readExactly } from "./documents";
import type { StoredCodes, StoredValues } from "./manifests";
import { ExportError, type FileOptions, type Place } from "./place";

const TYPES = { float32: Float32Array, uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array } as const;

export type Floats = Float32Array<ArrayBuffer>;

type ArrayNamed<Name extends keyof typeof TYPES> = InstanceType<(typeof TYPES)[Name]> & { buffer: ArrayBuffer };

/** An array of a file, little-endian as every browser is. */
async function readArray<Name extends keyof typeof TYPES>(
  place: Place,
  path: string,
  dtype: Name,
  length: number,
  options?: FileOptions,
): Promise<ArrayNamed<Name>> {
  const Type = TYPES[dtype];
  const bytes = await readExactly(place, path, length * Type.BYTES_PER_ELEMENT, options);
  return new Type(bytes.buffer, 0, length) as ArrayNamed<Name>;
}

/** Coordinates in the embedding's own space: those of the first cell, then those of the second, … */
export async function readPoints(
  place: Place,
  path: string,
  cells: number,
  dimensions: number,
  placement: Placement | null,
  options?: FileOptions,
): Promise<Floats> {
  const points = await readArray(place, path, "float32", cells * dimensions, options);
  if (placement === null) return points;
  const { scale, center } = placement;
  // In float64 and only then to float32, as `Placement.original` in Python: the same bits.
  return points.map((stored, index) => stored / scale + center[index % dimensions]);
}

/** One number for each cell, NaN for missing. */
export async function readValues(
  place: Place,
  { path, dtype, range }: StoredValues,
  cells: number,
  options?: FileOptions,
): Promise<Floats> {
  if (dtype === "float32") return readArray(place, path, dtype, cells, options);
  const codes = await readArray(place, path, dtype, cells, options);
  const values = valuesOfCodes(2 ** (8 * codes.BYTES_PER_ELEMENT) - 2, ...(range as [number, number]));
  const found = new Float32Array(cells);
  for (let cell = 0; cell < cells; cell++) found[cell] = values[codes[cell]];
  return found;
}

/** What each code stands for: as `dequantize` in Python, in float64 and then float32. The last is missing. */
function valuesOfCodes(steps: number, low: number, high: number): Floats {
  const step = (high - low) / steps;
  const values = Float32Array.from({ length: steps + 2 }, (_, code) => low + code * step);
  values[steps] = high;
  values[steps + 1] = Number.NaN;
  return values;
}

/** One category for each cell, in the codes of other categories: `to` has one for each label, and for missing. */
export async function readCodes(
  place: Place,
  { path, dtype, labels, missing }: StoredCodes,
  cells: number,
  to: Codes,
  options?: FileOptions,
): Promise<Codes> {
  const codes = await readArray(place, path, dtype, cells, options);
  const found = to.slice(0, 0).constructor as new (length: number) => Codes;
  const recoded = new found(cells);
  for (let cell = 0; cell < cells; cell++) {
    const code = codes[cell];
    if (code >= labels.length && code !== missing) {
      throw new ExportError(
        `${place.name}/${path}: cell ${cell} has the code ${code}, and there are ${labels.length} categories.`,
      );
    }
    recoded[cell] = to[Math.min(code, labels.length)];
  }
  return recoded;
}
