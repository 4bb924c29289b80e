import { effect, untracked } from "@preact/signals-core";
import { RequestFailure } from "../channel/requests";
import { type ColumnData, columnPath, readColumn, readPoints } from "../data/columns";
import { type Manifest, readManifest } from "../data/manifest";
import type { ReadOptions, Source } from "../data/source";
import { type Column, categoricalColumn, continuousColumn } from "../state/column";
import type { Points, Store } from "../state/store";

const PATIENCE = 1500; // ms without an answer until the status line says that Python is busy
const CACHE_BYTES = 256 * 1024 * 1024;

/** Brings what the traits ask for from the source into the store; the newest wish of a kind wins. */
export class Loading {
  private manifest: Manifest | null = null;
  private readonly running = new Map<string, AbortController>();
  private readonly embeddings = new Cache<Float32Array<ArrayBuffer>>((xy) => xy.byteLength);
  private readonly columns = new Cache<Column>((column) =>
    column.kind === "categorical" ? column.codes.byteLength : column.values.byteLength,
  );
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly store: Store,
    private readonly source: Source,
    private readonly onFailure: (message: string, hint: string | null) => void,
    private readonly onIdle: () => void = () => {},
  ) {}

  /** Nothing is under way. */
  get idle(): boolean {
    return this.manifest !== null && this.running.size === 0;
  }

  /** Load the manifest, then whatever the store asks for, now and later. */
  start(): void {
    void this.load("dataset", "the dataset", true, async (options) => {
      this.manifest = await readManifest(this.source, options);
      this.store.dataset.value = this.manifest;
      this.stops.push(effect(() => this.loadPoints(this.store.embedding.value)));
      this.stops.push(effect(() => this.loadColumn(this.store.colorBy.value, this.store.layer.value)));
    });
  }

  /** Keep only what is shown: nobody looks. */
  forget(): void {
    this.embeddings.clear();
    this.columns.clear();
  }

  dispose(): void {
    for (const stop of this.stops) stop();
    for (const controller of this.running.values()) controller.abort();
  }

  private loadPoints(key: string): void {
    const { manifest } = this;
    const entry = manifest?.embeddings.find((embedding) => embedding.key === key);
    if (!manifest || !entry) return; // Python has refused the name already
    void this.load("points", key, this.store.points.peek() === null, async (options) => {
      const xy = this.embeddings.get(key) ?? (await readPoints(this.source, manifest, entry, options));
      options.signal?.throwIfAborted(); // a newer wish may have been fulfilled while this answer was on its way
      this.embeddings.put(key, xy);
      const points: Points = { key, xy, min: entry.min, max: entry.max, placed: entry.n_placed };
      this.store.points.value = points;
    });
  }

  private loadColumn(name: string | null, layer: string | null): void {
    const { manifest } = this;
    if (manifest === null) return;
    if (name === null) {
      this.running.get("column")?.abort();
      this.store.dismiss("column");
      this.store.column.value = null;
      return;
    }
    void this.load("column", name, false, async (options) => {
      const path = columnPath(manifest, name, layer);
      const column = this.columns.get(path) ?? toColumn(await readColumn(this.source, manifest, name, layer, options));
      options.signal?.throwIfAborted();
      this.columns.put(path, column);
      this.store.column.value = column;
    });
  }

  /** Run one load of a kind, aborting the one before; tell how it goes and how it ended. */
  private async load(
    kind: string,
    label: string,
    fatal: boolean,
    work: (options: ReadOptions) => Promise<void>,
  ): Promise<void> {
    const { store } = this;
    untracked(() => this.running.get(kind)?.abort());
    const controller = new AbortController();
    this.running.set(kind, controller);
    const tell = (loaded: number, total: number | null, waiting: boolean) => {
      if (this.running.get(kind) === controller) store.progress.value = { label, loaded, total, waiting };
    };
    const patience = setTimeout(() => tell(0, null, true), PATIENCE);
    try {
      await work({
        signal: controller.signal,
        onProgress: (loaded, total) => {
          clearTimeout(patience);
          tell(loaded, total, false);
        },
      });
      store.dismiss(kind);
    } catch (error) {
      if (controller.signal.aborted) return;
      const hint = error instanceof RequestFailure && error.hint ? error.hint : null;
      const message = error instanceof Error ? error.message : String(error);
      const retry = () => void this.load(kind, label, fatal, work);
      store.notify({
        key: kind,
        title: `Could not load ${label}`,
        text: [message, hint].filter(Boolean).join(" "),
        retry,
        fatal,
      });
      this.onFailure(`Could not load ${label}: ${message}`, hint);
    } finally {
      clearTimeout(patience);
      if (this.running.get(kind) === controller) this.running.delete(kind);
      if (this.running.size === 0) {
        store.progress.value = null;
        this.onIdle();
      }
    }
  }
}

function toColumn(data: ColumnData): Column {
  return data.kind === "categorical" ? categoricalColumn(data) : continuousColumn(data);
}

/** What was read before, least recently used first, bounded in bytes. */
class Cache<T> {
  private readonly kept = new Map<string, T>();

  constructor(private readonly size: (value: T) => number) {}

  get(key: string): T | undefined {
    return this.kept.get(key);
  }

  put(key: string, value: T): void {
    this.kept.delete(key);
    this.kept.set(key, value);
    let bytes = 0;
    for (const each of this.kept.values()) bytes += this.size(each);
    for (const [oldest, each] of this.kept) {
      if (bytes <= CACHE_BYTES || oldest === key) break;
      this.kept.delete(oldest);
      bytes -= this.size(each);
    }
  }

  clear(): void {
    this.kept.clear();
  }
}
