const LARGE = 2 * 1024 * 1024; // bytes: of fewer, the way to Python and back takes most of the time
const FAST = 8_000; // bytes a ms: above this nothing is worth trying
const AGAIN = 8; // large messages, of which one tries the other way: a cell may have been running the last time

/** How a host carries bytes best: as buffers, or as base64 text where it turns buffers into lists of numbers. */
export class HostEncoding {
  private readonly rates = { buffers: 0, text: 0 }; // bytes a ms, as seen last; 0 while unknown
  private large = 0;

  /** How the next message should go. */
  choose(bytes: number): "buffers" | "text" {
    const { buffers, text } = this.rates;
    if (bytes < LARGE || buffers === 0 || buffers > FAST) return "buffers";
    const better = text === 0 || text > buffers ? "text" : "buffers";
    return text === 0 || ++this.large % AGAIN > 0 ? better : better === "text" ? "buffers" : "text";
  }

  /** What was seen: so many bytes needed so long to arrive and be acknowledged. */
  saw(how: "buffers" | "text", bytes: number, ms: number): void {
    if (bytes >= LARGE) this.rates[how] = bytes / Math.max(ms, 1);
  }
}

const CHUNK = 0x8000; // arguments of one call

/** Base64, as RFC 4648 has it. */
export function toBase64(bytes: Uint8Array): string {
  const native = bytes as { toBase64?: () => string };
  if (native.toBase64 !== undefined) return native.toBase64();
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}
