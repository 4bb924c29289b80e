import { BadMessage } from "./messages";

const CHUNK = 0x8000; // arguments of one call

interface Native {
  fromBase64?(text: string): Uint8Array<ArrayBuffer>;
}

/** The bytes of a buffer, as hosts hand it over: an ArrayBuffer, a view, a list of numbers, base64 text. */
export function bytesOf(buffer: unknown): Uint8Array<ArrayBuffer> {
  if (ArrayBuffer.isView(buffer)) {
    const view = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    return isArrayBuffer(buffer.buffer) ? (view as Uint8Array<ArrayBuffer>) : view.slice();
  }
  if (isArrayBuffer(buffer)) return new Uint8Array(buffer);
  if (typeof buffer === "string") return fromBase64(buffer);
  if (Array.isArray(buffer)) return new Uint8Array(buffer as number[]);
  if (isWrittenView(buffer))
    return bytesOf(buffer.buffer).subarray(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
  throw new BadMessage(`a buffer arrived as ${Object.prototype.toString.call(buffer)}`);
}

/** Whether a host wrote a buffer number by number, on its way here. */
export function isNumbers(buffer: unknown): boolean {
  return Array.isArray(buffer) || (isWrittenView(buffer) && Array.isArray(buffer.buffer));
}

/** The bytes of base64, as RFC 4648 has it. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    const native = Uint8Array as Native;
    if (native.fromBase64 !== undefined) return native.fromBase64(text);
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
    return bytes;
  } catch {
    throw new BadMessage("a buffer arrived as text that is not base64");
  }
}

/** Base64, as RFC 4648 has it. */
export function toBase64(bytes: Uint8Array): string {
  const native = bytes as { toBase64?: () => string };
  if (native.toBase64 !== undefined) return native.toBase64();
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

/** Also one of another frame, which is no instance of this one's class. */
function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === "[object ArrayBuffer]";
}

/** A view as VS Code writes it into JSON. */
function isWrittenView(value: unknown): value is { buffer: unknown; byteOffset: number; byteLength: number } {
  return (
    typeof value === "object" && value !== null && "buffer" in value && "byteOffset" in value && "byteLength" in value
  );
}
