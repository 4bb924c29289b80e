/** How far a file is: bytes that are there, and how many there will be; null where nobody has said. */
export type FileProgress = (loaded: number, total: number | null) => void;

export interface FileOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: FileProgress | undefined;
}

/** A folder, wherever it is: on the host that this page came from, or on the person's disk. */
export interface Place {
  /** What a person calls it. */
  readonly name: string;
  /** The bytes of a file in it; null where there is none. */
  read(path: string, options?: FileOptions): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Names of the folders in it, in their order; none where nobody can tell, as on a host. */
  folders(): Promise<readonly string[]>;
  /** A folder in it, whether or not it is there. */
  folder(path: string): Place;
}

/** A folder of which is known how much was read. */
export class CountedPlace implements Place {
  constructor(
    private readonly place: Place,
    private readonly counted: (bytes: number) => void,
  ) {}

  get name(): string {
    return this.place.name;
  }

  async read(path: string, options?: FileOptions): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = await this.place.read(path, options);
    this.counted(bytes?.length ?? 0);
    return bytes;
  }

  folders(): Promise<readonly string[]> {
    return this.place.folders();
  }

  folder(path: string): CountedPlace {
    return new CountedPlace(this.place.folder(path), this.counted);
  }
}

/** A file that cannot be read or is not what it should be: says which one and why. */
export class ExportError extends Error {}

/** The segments of a path in an export, if it leads to something inside of it. */
export function segments(path: string): string[] {
  const found = path.split("/").filter((part) => part !== "" && part !== ".");
  const leaves =
    /^[/\\]|^[A-Za-z]:/.test(path) ||
    path.includes("\0") ||
    /\p{Surrogate}/u.test(path) ||
    /(^|[/\\])\.\.($|[/\\])/.test(path);
  if (leaves || found.length === 0) {
    throw new ExportError(`${path}: a path in an export must be relative and lead to a file inside of it.`);
  }
  return found;
}

/** Read a body to its end. */
export async function readAll(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  heard: (loaded: number) => void = () => {},
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const reader = body.getReader();
  let loaded = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    loaded += value.length;
    heard(loaded);
  }
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(loaded);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
