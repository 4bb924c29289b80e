import { ExportError, type FileOptions, type Place, segments } from "./place";

/** A folder on the person's disk, of which files are looked up one by one: there may be thirty thousand genes in it. */
abstract class DiskPlace implements Place {
  abstract readonly name: string;
  protected abstract open(parts: readonly string[]): Promise<File | null>;
  abstract folders(): Promise<readonly string[]>;
  abstract folder(path: string): Place;

  async read(path: string, { signal, onProgress }: FileOptions = {}): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const file = await this.open(segments(path));
      if (file === null) return null;
      const bytes = new Uint8Array(await file.arrayBuffer());
      signal?.throwIfAborted();
      onProgress?.(bytes.length, bytes.length);
      return bytes;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ExportError) throw error;
      const words = error instanceof Error ? error.message : String(error);
      throw new ExportError(`${this.name}/${path}: the browser cannot read it (${words}). Choose the folder again.`);
    }
  }
}

/** A folder that was chosen in an `<input webkitdirectory>`: the browser has listed all files below it. */
export class ListedPlace extends DiskPlace {
  private constructor(
    private readonly files: ReadonlyMap<string, File>,
    /** Where it is below the folder that was chosen, with a slash at its end. */
    private readonly at: string,
    readonly name: string,
  ) {
    super();
  }

  /** Null where no file was chosen: of an empty folder the browser says no more. */
  static of(files: Iterable<File>): ListedPlace | null {
    const byPath = new Map([...files].map((file) => [file.webkitRelativePath.replace(/^[^/]*\//, ""), file]));
    const [first] = byPath.values();
    return first === undefined ? null : new ListedPlace(byPath, "", first.webkitRelativePath.split("/")[0]);
  }

  async folders(): Promise<readonly string[]> {
    const below = [...this.files.keys()].filter((path) => path.startsWith(this.at));
    const inside = below.map((path) => path.slice(this.at.length).split("/")).filter((parts) => parts.length > 1);
    return [...new Set(inside.map(([folder]) => folder))].sort();
  }

  folder(path: string): ListedPlace {
    const parts = segments(path);
    return new ListedPlace(this.files, `${this.at}${parts.join("/")}/`, parts[parts.length - 1]);
  }

  protected async open(parts: readonly string[]): Promise<File | null> {
    return this.files.get(this.at + parts.join("/")) ?? null;
  }
}

/** A folder that was chosen with `showDirectoryPicker`. */
export class HandlePlace extends DiskPlace {
  constructor(
    private readonly root: FileSystemDirectoryHandle,
    private readonly below: readonly string[] = [],
  ) {
    super();
  }

  get name(): string {
    return this.below.at(-1) ?? this.root.name;
  }

  async folders(): Promise<readonly string[]> {
    const found: string[] = [];
    const here = await this.find([]);
    // Not in TypeScript's library yet: https://developer.mozilla.org/docs/Web/API/FileSystemDirectoryHandle/values
    const entries = (here as unknown as { values(): AsyncIterable<FileSystemHandle> } | null)?.values();
    for await (const { kind, name } of entries ?? []) if (kind === "directory") found.push(name);
    return found.sort();
  }

  folder(path: string): HandlePlace {
    return new HandlePlace(this.root, [...this.below, ...segments(path)]);
  }

  protected async open(parts: readonly string[]): Promise<File | null> {
    const folder = await this.find(parts.slice(0, -1));
    const file = await there(folder?.getFileHandle(parts[parts.length - 1]));
    return (await file?.getFile()) ?? null;
  }

  private async find(parts: readonly string[]): Promise<FileSystemDirectoryHandle | null> {
    let folder: FileSystemDirectoryHandle | null = this.root;
    for (const part of [...this.below, ...parts]) folder = await there(folder?.getDirectoryHandle(part));
    return folder;
  }
}

/** A folder that was dropped on the page. */
class DroppedPlace extends DiskPlace {
  constructor(
    private readonly root: FileSystemDirectoryEntry,
    private readonly below: readonly string[] = [],
  ) {
    super();
  }

  get name(): string {
    return this.below.at(-1) ?? this.root.name;
  }

  async folders(): Promise<readonly string[]> {
    const here =
      this.below.length === 0
        ? this.root
        : await there(
            new Promise<FileSystemEntry>((done, failed) =>
              this.root.getDirectory(this.below.join("/"), {}, done, failed),
            ),
          );
    if (here === null) return [];
    const reader = (here as FileSystemDirectoryEntry).createReader();
    const found: string[] = [];
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
      if (some.length === 0) return found.sort(); // which is how the end is told
      found.push(...some.filter(({ isDirectory }) => isDirectory).map(({ name }) => name));
    }
  }

  folder(path: string): DroppedPlace {
    return new DroppedPlace(this.root, [...this.below, ...segments(path)]);
  }

  protected async open(parts: readonly string[]): Promise<File | null> {
    const path = [...this.below, ...parts].join("/");
    const found = new Promise<FileSystemEntry>((done, failed) => this.root.getFile(path, {}, done, failed));
    const entry = (await there(found)) as FileSystemFileEntry | null;
    return entry === null ? null : new Promise((done, failed) => entry.file(done, failed));
  }
}

/** Something that was dropped on the page: a folder, or a file that has no place. */
export interface Dropped {
  readonly name: string;
  readonly place: Place | null;
}

/** What was dropped. The items are asked at once: after the event they are empty. */
export async function droppedOf(items: readonly DataTransferItem[]): Promise<Dropped[]> {
  const asked = items.map((item) => ({ handle: handleOf(item), entry: item.webkitGetAsEntry() }));
  const found = asked.map(async ({ handle, entry }): Promise<Dropped[]> => {
    const given = await handle;
    const isFolder = (given?.kind ?? (entry?.isDirectory ? "directory" : "file")) === "directory";
    const name = given?.name ?? entry?.name;
    if (name === undefined) return []; // a text, say
    if (!isFolder) return [{ name, place: null }];
    if (given) return [{ name, place: new HandlePlace(given as FileSystemDirectoryHandle) }];
    return [{ name, place: new DroppedPlace(entry as FileSystemDirectoryEntry) }];
  });
  return (await Promise.all(found)).flat();
}

/** Chromium's way, by which also a page reads that was opened as a file: of an entry it reads nothing there. */
async function handleOf(item: DataTransferItem): Promise<FileSystemHandle | null> {
  const asking = item as DataTransferItem & { getAsFileSystemHandle?(): Promise<FileSystemHandle | null> };
  try {
    return (await asking.getAsFileSystemHandle?.()) ?? null;
  } catch {
    return null; // the entry has it
  }
}

/** What was looked up, or null where there is no such thing. */
async function there<T>(found: Promise<T> | undefined): Promise<T | null> {
  try {
    return (await found) ?? null;
  } catch (error) {
    if (error instanceof DOMException && ["NotFoundError", "TypeMismatchError"].includes(error.name)) return null;
    throw error;
  }
}
