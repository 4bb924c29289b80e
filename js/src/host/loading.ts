import { batch, effect, untracked } from "@preact/signals-core";
import { RequestFailure } from "../channel/requests";
import {
  type ColumnData,
  columnPath,
  readColumn,
  readGenes,
  readOtherNames,
  readPoints,
  resolveField,
} from "../data/columns";
import { type EmbeddingEntry, type Manifest, readEmbedding, readManifest } from "../data/manifest";
import { CellNames } from "../data/names";
import type { ReadOptions, Source } from "../data/source";
import { type Column, categoricalColumn, continuousColumn } from "../state/column";
import { activeFilters } from "../state/filters";
import type { Progress, Store } from "../state/store";
import { Arriving } from "./arriving";
import { Cache } from "./cache";
import { pointsOf } from "./points";

const PATIENCE = 1500; // ms without an answer until the status line says that Python is busy
const REST = 80; // ms: a pointer that stays so long on a cell wants to know its name

const FILTER = "filter ";

interface Shown {
  readonly name: string | null;
  readonly layer: string | null;
  readonly column: Column | null;
}

/** Brings what the traits ask for from the source into the store; the newest wish of a kind wins. */
export class Loading {
  private manifest: Manifest | null = null;
  private readonly running = new Map<string, AbortController>();
  private readonly embeddings = new Cache<Float32Array<ArrayBuffer>>((coords) => coords.byteLength);
  private readonly columns = new Cache<Column>((column) =>
    column.kind === "categorical" ? column.codes.byteLength : column.values.byteLength,
  );
  private readonly stops: (() => void)[] = [];
  private readonly names: CellNames;
  /** What was last read for each filter. */
  private readonly filterPaths = new Map<string, string>();
  private rest: ReturnType<typeof setTimeout> | undefined;
  /** How far the loads are, by their kind; what was told last comes last. */
  private readonly progress = new Map<string, Progress>();
  /** The column that came last, and what it was asked for by. */
  private shown: Shown = { name: null, layer: null, column: null };

  constructor(
    private readonly store: Store,
    private readonly source: Source,
    private readonly onFailure: (message: string, hint: string | null) => void,
    private readonly onIdle: () => void = () => {},
    /** Milliseconds without an answer until Python is said to be busy; null where there is no Python. */
    private readonly patience: number | null = PATIENCE,
  ) {
    this.names = new CellNames(source);
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return this.manifest !== null && this.running.size === 0;
  }

  /** Load the manifest, then whatever the store asks for, now and later. */
  start(): void {
    void this.load("dataset", "the dataset", true, async (options) => {
      this.manifest = await readManifest(this.source, options);
      this.store.dataset.value = this.manifest;
      const { store } = this;
      this.shown = { name: null, layer: store.layer.peek(), column: null };
      this.stops.push(
        effect(() => this.loadPoints(store.embedding.value, store.dimension.value)),
        effect(() => this.loadColumn(store.colorBy.value, store.layer.value)),
        effect(() => this.loadFilters(activeFilters(store.filters.value), store.layer.value)),
        effect(() => {
          if (store.genesWanted.value) this.loadGenes(store.layer.value);
        }),
        effect(() => {
          if (store.otherNamesWanted.value) this.loadOtherNames(store.layer.value);
        }),
        effect(() => this.loadName(store.hover.value.cell)),
      );
    });
  }

  /** Keep only what is shown: nobody looks. */
  forget(): void {
    this.embeddings.clear();
    this.columns.clear();
  }

  dispose(): void {
    clearTimeout(this.rest);
    for (const stop of this.stops) stop();
    for (const controller of this.running.values()) controller.abort();
  }

  private loadPoints(key: string, dimension: number): void {
    const { manifest } = this;
    if (!manifest || key === "") return;
    const shown = this.store.points.peek();
    if (shown?.key === key && shown.dimension === dimension && !this.running.has("points")) return;
    void this.load("points", key, shown === null, async (options) => {
      const entry = await this.embedding(manifest, key, options);
      const coords = this.embeddings.get(key) ?? (await readPoints(this.source, manifest, entry, options));
      options.signal?.throwIfAborted(); // a newer wish may have been fulfilled while this answer was on its way
      this.embeddings.put(key, coords);
      this.store.points.value = pointsOf(entry, dimension, coords);
    });
  }

  /** What is known of an embedding; of chosen components Python is asked, and they are to be chosen from then on. */
  private async embedding(manifest: Manifest, key: string, options: ReadOptions): Promise<EmbeddingEntry> {
    const isIt = (embedding: { key: string }) => embedding.key === key;
    const known = [manifest, this.manifest].map((said) => said?.embeddings.find(isIt));
    for (const one of known) if (one !== undefined && "n_placed" in one) return one;
    const entry = await readEmbedding(this.source, key, options);
    options.signal?.throwIfAborted();
    const embeddings = known[0] === undefined ? [...manifest.embeddings, entry] : manifest.embeddings;
    this.manifest = { ...manifest, embeddings: embeddings.map((one) => (isIt(one) ? entry : one)) };
    this.store.dataset.value = this.manifest;
    return entry;
  }

  private loadColumn(name: string | null, layer: string | null): void {
    if (this.manifest === null) return;
    if (name === null || (name === this.shown.name && layer === this.shown.layer)) {
      this.drop("column");
      this.show(name === null ? { name, layer, column: null } : this.shown);
      return;
    }
    const read = async (options: ReadOptions) => {
      try {
        const column = await this.column(name, layer, this.painting(name, layer, options));
        this.show({ name, layer, column });
      } catch (error) {
        this.show(this.shown); // what had arrived is no picture
        throw error;
      }
    };
    void this.load("column", name, false, read, () => this.keepColumn());
  }

  private show(shown: Shown): void {
    this.shown = shown;
    this.store.column.value = shown.column;
  }

  /** Give up the column that is loading for the one that came last; Python hears of it as of any choice. */
  private keepColumn(): void {
    this.drop("column");
    batch(() => {
      this.store.colorBy.value = this.shown.name;
      this.store.layer.value = this.shown.layer;
    });
  }

  /** Options with which a gene is painted while it arrives. */
  private painting(name: string, layer: string | null, options: ReadOptions): ReadOptions {
    const manifest = this.manifest as Manifest;
    const { kind, key } = resolveField(manifest, name);
    if (kind !== "gene") return options;
    const arriving = new Arriving({ label: key, field: `gene:${key}`, layer: layer ?? manifest.default_layer });
    return {
      ...options,
      onProgress: (loaded, total, bytes) => {
        options.onProgress?.(loaded, total, bytes);
        const column = options.signal?.aborted || bytes === null ? null : arriving.take(loaded, bytes);
        if (column !== null) this.store.column.value = column;
      },
    };
  }

  /** The columns that filters ask for; one that is no longer asked for goes, one that is still loading hides nothing. */
  private loadFilters(filters: readonly (readonly [string, unknown])[], layer: string | null): void {
    const wanted = new Set(filters.map(([field]) => field));
    const columns = this.store.filterColumns.peek();
    const there = (field: string) => {
      const column = columns.get(field);
      const matrix = column?.kind === "continuous" ? column.layer : null; // null: it is not of a gene
      return column !== undefined && (matrix === null || matrix === (layer ?? this.manifest?.default_layer));
    };
    for (const kind of [...this.running.keys()]) {
      if (kind.startsWith(FILTER) && !wanted.has(kind.slice(FILTER.length))) this.drop(kind);
    }
    const kept = [...columns].filter(([field]) => wanted.has(field) && there(field));
    if (kept.length < columns.size) this.store.filterColumns.value = new Map(kept);
    for (const field of wanted) {
      if (there(field)) continue;
      const path = columnPath(this.manifest as Manifest, field, layer);
      if (this.running.has(FILTER + field) && this.filterPaths.get(field) === path) continue; // another filter has changed
      this.filterPaths.set(field, path);
      void this.load(FILTER + field, field, false, async (options) => {
        const column = await this.column(field, layer, options);
        this.store.filterColumns.value = new Map(this.store.filterColumns.peek()).set(field, column);
      });
    }
  }

  private loadGenes(layer: string | null): void {
    const { manifest } = this;
    if (manifest === null) return;
    this.store.genes.value = null;
    void this.load("genes", "the list of genes", false, async (options) => {
      const genes = await readGenes(this.source, manifest, layer, options);
      options.signal?.throwIfAborted();
      this.store.genes.value = genes;
    });
  }

  private loadOtherNames(layer: string | null): void {
    const { manifest, store } = this;
    if (manifest === null) return;
    store.otherNames.value = null;
    void this.load("other names", "other names of the genes", false, async (options) => {
      try {
        const names = await readOtherNames(this.source, manifest, layer, options);
        options.signal?.throwIfAborted();
        store.otherNames.value = names;
      } catch (error) {
        if (!options.signal?.aborted) store.otherNames.value = []; // the search goes on without
        throw error;
      }
    });
  }

  /** The name of the cell under the pointer, once it rests there. Without it the tooltip has the cell's number. */
  private loadName(cell: number | null): void {
    clearTimeout(this.rest);
    const { manifest, store } = this;
    store.hoveredName.value = null;
    if (manifest === null || cell === null) return;
    this.rest = setTimeout(async () => {
      try {
        const name = await this.names.read(manifest, cell);
        if (store.hover.peek().cell === cell) store.hoveredName.value = name;
      } catch (error) {
        console.debug("cellucid: no name for the cell under the pointer", error);
      }
    }, REST);
  }

  private async column(name: string, layer: string | null, options: ReadOptions): Promise<Column> {
    const manifest = this.manifest as Manifest;
    const path = columnPath(manifest, name, layer);
    const column = this.columns.get(path) ?? toColumn(await readColumn(this.source, manifest, name, layer, options));
    options.signal?.throwIfAborted();
    this.columns.put(path, column);
    return column;
  }

  /** Give up a load of a kind, and what was said about it. */
  private drop(kind: string): void {
    this.running.get(kind)?.abort();
    this.running.delete(kind);
    this.store.dismiss(kind);
    this.rested(kind);
  }

  /** Run one load of a kind, aborting the one before; tell how it goes and how it ended. */
  private async load(
    kind: string,
    label: string,
    fatal: boolean,
    work: (options: ReadOptions) => Promise<void>,
    cancel?: () => void,
  ): Promise<void> {
    const { store } = this;
    untracked(() => this.running.get(kind)?.abort());
    this.progress.delete(kind);
    this.showProgress();
    const controller = new AbortController();
    this.running.set(kind, controller);
    const tell = (loaded: number, total: number | null, waiting: boolean) => {
      if (this.running.get(kind) !== controller) return;
      this.progress.delete(kind);
      this.progress.set(kind, { label, loaded, total, waiting, cancel });
      this.showProgress();
    };
    const patience = this.patience === null ? undefined : setTimeout(() => tell(0, null, true), this.patience);
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
      const retry = () => void this.load(kind, label, fatal, work, cancel);
      store.notify({
        key: kind,
        title: `Could not load ${label}`,
        text: [message, hint].filter(Boolean).join(" "),
        retry,
        fatal: fatal && !(error instanceof RequestFailure && error.code === "gone"), // of which another notice tells
      });
      this.onFailure(`Could not load ${label}: ${message}`, hint);
    } finally {
      clearTimeout(patience);
      if (this.running.get(kind) === controller) this.running.delete(kind);
      this.rested(kind);
    }
  }

  /** A load has ended; unless it was for a newer one of its kind, there is nothing to say of it any more. */
  private rested(kind: string): void {
    if (!this.running.has(kind)) this.progress.delete(kind);
    this.showProgress();
    if (this.running.size === 0) this.onIdle();
  }

  private showProgress(): void {
    this.store.progress.value = [...this.progress.values()].at(-1) ?? null;
  }
}

function toColumn(data: ColumnData): Column {
  return data.kind === "categorical" ? categoricalColumn(data) : continuousColumn(data);
}
