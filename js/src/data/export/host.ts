import { ExportError, type FileOptions, type Place, readAll, segments } from "./place";

const MISSING = new Set([403, 404, 410]); // buckets that may not be listed say 403 of what they do not have
const SOME = 64; // bytes in which a page is told from data

/** A folder on the host that this page came from. */
export class HostPlace implements Place {
  /** @param base Its address, with a slash at its end. */
  constructor(
    private readonly base: string,
    readonly name: string = nameOf(base),
  ) {}

  async read(path: string, { signal, onProgress }: FileOptions = {}): Promise<Uint8Array<ArrayBuffer> | null> {
    const answer = await this.ask(path, signal);
    if (MISSING.has(answer.status)) return null;
    if (!answer.ok) throw new ExportError(`${this.name}/${path}: the host answered ${answer.status}.`);
    const length = answer.headers.get("Content-Length");
    // Of a body that is compressed on its way this is the compressed length.
    const total = length === null || answer.headers.has("Content-Encoding") ? null : Number(length);
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes =
        answer.body === null ? new Uint8Array() : await readAll(answer.body, (loaded) => onProgress?.(loaded, total));
    } catch (error) {
      signal?.throwIfAborted();
      throw new ExportError(`${this.name}/${path}: the connection to the host broke (${wordsOf(error)}).`);
    }
    return isPage(bytes) ? null : bytes;
  }

  async folders(): Promise<readonly string[]> {
    return [];
  }

  folder(path: string): HostPlace {
    const found = segments(path);
    return new HostPlace(`${this.base}${found.map(encodeURIComponent).join("/")}/`, found.at(-1));
  }

  private async ask(path: string, signal: AbortSignal | undefined): Promise<Response> {
    const address = this.base + segments(path).map(encodeURIComponent).join("/");
    try {
      // Asked whether it has changed: numbers must not be read by a manifest of another time.
      return await fetch(address, { cache: "no-cache", signal: signal ?? null });
    } catch (error) {
      signal?.throwIfAborted();
      throw new ExportError(`${this.name}/${path}: the host did not answer (${wordsOf(error)}).`);
    }
  }
}

/** Some hosts answer with a page of theirs, and 200, where there is no file; no file of an export begins so. */
function isPage(bytes: Uint8Array): boolean {
  return /^\s*<(!doctype|html)\b/i.test(new TextDecoder("latin1").decode(bytes.subarray(0, SOME)));
}

function nameOf(base: string): string {
  const { host, pathname } = new URL(base);
  const name = pathname.split("/").at(-2) || host;
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // such as 100%, which browsers leave as it is
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
