import { ExportError } from "./place";

const MOST_FROM_A_BYTE = 1_040; // deflate makes at most 1,032 bytes of one

/**
 * The content of a file, of which its manifest says the length.
 *
 * Hosts send files whose name ends with `.gz` as they are, or say that they are encoded so, and then the browser has
 * inflated them. So what is there decides: gzip's first bytes, and the length.
 */
export async function unpack(
  file: string,
  stored: Uint8Array<ArrayBuffer>,
  nbytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const fits = stored.length === nbytes;
  const zipped = stored[0] === 0x1f && stored[1] === 0x8b;
  const named = file.endsWith(".gz");
  if (fits && !(zipped && named)) return stored;
  if (!zipped) {
    const what = named && stored.length < nbytes ? "it is no gzip file, and has" : "it has";
    throw new ExportError(`${file}: ${what} ${stored.length} bytes instead of the ${nbytes} that its manifest says.`);
  }
  try {
    return await inflate(stored, nbytes);
  } catch (error) {
    if (fits) return stored; // inflated already, and it only happens to begin so
    const words = error instanceof Error ? error.message : String(error);
    throw new ExportError(`${file}: it is not a gzip file of the ${nbytes} bytes that its manifest says (${words}).`);
  }
}

async function inflate(zipped: Uint8Array<ArrayBuffer>, nbytes: number): Promise<Uint8Array<ArrayBuffer>> {
  if (nbytes > zipped.length * MOST_FROM_A_BYTE) throw new RangeError(`${zipped.length} bytes cannot hold as many`);
  const reader = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const content = new Uint8Array(nbytes);
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (filled + value.length > nbytes) {
      void reader.cancel().catch(() => {});
      throw new RangeError("it holds more");
    }
    content.set(value, filled);
    filled += value.length;
  }
  if (filled < nbytes) throw new RangeError(`it holds ${filled}`);
  return content;
}
