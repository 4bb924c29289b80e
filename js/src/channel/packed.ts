import type { Upstream } from "./messages";

/** A message with its buffers, as it travels. */
export interface Packable {
  readonly message: Upstream;
  readonly buffers: readonly Uint8Array[];
}

/**
 * Several messages in one run of bytes: four bytes with the length of a JSON head (little-endian), the head, the buffers.
 * `python/cellucid/channel/posted.py` unpacks it.
 */
export function pack(batch: readonly Packable[]): Uint8Array<ArrayBuffer> {
  const messages = batch.map(({ message, buffers }) => ({
    content: message,
    buffers: buffers.map(({ byteLength }) => byteLength),
  }));
  const head = new TextEncoder().encode(JSON.stringify({ messages }));
  const all = [head, ...batch.flatMap(({ buffers }) => buffers)];
  const packed = new Uint8Array(4 + all.reduce((sum, { byteLength }) => sum + byteLength, 0));
  new DataView(packed.buffer).setUint32(0, head.length, true);
  let at = 4;
  for (const bytes of all) {
    packed.set(bytes, at);
    at += bytes.byteLength;
  }
  return packed;
}
