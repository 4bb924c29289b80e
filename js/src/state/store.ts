import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { Bitset } from "./bitset";
import type { Column } from "./column";
import { type Filters, visibleCells } from "./filters";
import { type Limits, limitsOf } from "./limits";
import { type Marks, NO_MARKS } from "./marks";
import type { OtherNames } from "./search";

/** What there is to choose from. */
export interface DatasetInfo {
  readonly name: string;
  readonly n_cells: number;
  readonly n_genes: number;
  readonly embeddings: readonly Pick<EmbeddingInfo, "key" | "dimensions">[];
  readonly fields: readonly { readonly key: string; readonly kind: "categorical" | "continuous" }[];
  /** The matrices that genes can come from. */
  readonly layers: readonly string[];
  readonly default_layer: string | null;
}

/** One of the datasets to choose from. */
export interface DatasetChoice {
  readonly id: string;
  readonly name: string;
  /** Null where its folder does not say. */
  readonly n_cells: number | null;
}

export interface EmbeddingInfo {
  readonly key: string;
  /** Columns: 1, 2 or 3. */
  readonly dimensions: number;
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly n_placed: number;
  /** The second axis points downwards, as in an image. */
  readonly y_down?: boolean;
}

/** A box in data coordinates; z is 0 to 0 where there are two dimensions. */
export interface Box {
  readonly min: readonly [number, number, number];
  readonly max: readonly [number, number, number];
  /** How far from the middle the farthest cell lies, where that is known: an orbit fits it, or else the box's corners. */
  readonly radius?: number;
  /** The second axis of a plane points downwards. */
  readonly yDown?: boolean | undefined;
}

/** Where the cells are, in data coordinates; a cell with a non-finite coordinate is not placed. */
export interface Points extends Box {
  readonly key: string;
  /** The coordinates of cell i begin at i * stride. */
  readonly coords: Float32Array<ArrayBuffer>;
  /** Numbers a cell: 2 or 3. */
  readonly stride: 2 | 3;
  /** Axes that are drawn: 3 is an orbit, 2 a plane of the first two coordinates. */
  readonly axes: 2 | 3;
  /** The `dimension` trait that these points are of. */
  readonly dimension: number;
  readonly placed: number;
}

/** Where a camera looks from. A plane uses neither center[2] nor the angles. */
export interface Pose {
  readonly center: readonly [number, number, number];
  /** 1 fits the box. */
  readonly zoom: number;
  /** Degrees, as in matplotlib. */
  readonly azimuth: number;
  /** Degrees above the plane of x and y, −90 to 90. */
  readonly elevation: number;
}

/** The pose that was set last: by a view (its origin), or by Python (null). A null pose is the fitted one. */
export interface SharedPose {
  readonly pose: Pose | null;
  readonly origin: object | null;
}

export interface Selection {
  readonly cells: Bitset;
  /** The tool that made it; null when it came from Python. */
  readonly source: string | null;
}

export interface Hover {
  readonly cell: number | null;
  readonly origin: "viewer" | "python";
}

export const TOOLS = ["navigate", "lasso", "box"] as const;
export type ToolName = (typeof TOOLS)[number];

/** What a new selection does to the one that is there. */
export type Combine = "replace" | "add" | "subtract" | "intersect";

export const THEMES = ["auto", "light", "dark"] as const;
export type ThemeName = (typeof THEMES)[number];

/** The road that the data take. Without Python they are files: of the page's host, or of a folder on the disk. */
export type Transport = "direct" | "proxy" | "colab" | "override" | "comm" | "files" | "folder";

/** Something a person should read: what happened and what to do about it. */
export interface Notice {
  readonly key: string;
  readonly title: string;
  readonly text: string;
  readonly retry?: () => void;
  /** Nothing can be drawn: shown in place of the plot. */
  readonly fatal?: boolean;
}

export interface Progress {
  readonly label: string;
  readonly loaded: number;
  /** Bytes; null until the first have arrived. */
  readonly total: number | null;
  /** Python has not answered for a while. */
  readonly waiting: boolean;
  /** Stops it and goes back to what is on the screen; undefined where there is no back. */
  readonly cancel?: (() => void) | undefined;
}

/** The traits that the store mirrors, as they are at the start. */
export interface Settings {
  readonly dataset: string;
  readonly embedding: string;
  readonly dimension: number;
  readonly colorBy: string | null;
  readonly layer: string | null;
  readonly colormap: string;
  readonly colorLimits: Limits | null;
  readonly pointSize: number;
  /** Null is what suits the number of cells. */
  readonly opacity: number | null;
  readonly filters: Filters;
  readonly tool: ToolName;
  readonly height: number;
  readonly theme: ThemeName;
}

export const DEFAULTS: Settings = {
  dataset: "",
  embedding: "",
  dimension: 2,
  colorBy: null,
  layer: null,
  colormap: "viridis",
  colorLimits: null,
  pointSize: 1,
  opacity: null,
  filters: {},
  tool: "navigate",
  height: 520,
  theme: "auto",
};

/** Everything the views of one widget share. No DOM, no GL: what is shown follows from these signals. */
export class Store {
  // Mirrored traits.
  readonly datasetId: Signal<string>;
  readonly embedding: Signal<string>;
  readonly dimension: Signal<number>;
  readonly colorBy: Signal<string | null>;
  readonly layer: Signal<string | null>;
  readonly colormap: Signal<string>;
  readonly colorLimits: Signal<Limits | null>;
  readonly pointSize: Signal<number>;
  readonly opacity: Signal<number | null>;
  readonly filters: Signal<Filters>;
  readonly tool: Signal<ToolName>;
  readonly height: Signal<number>;
  readonly theme: Signal<ThemeName>;
  readonly camera: Signal<SharedPose> = signal({ pose: null, origin: null });
  readonly hover: Signal<Hover> = signal({ cell: null, origin: "viewer" });

  readonly datasets: Signal<readonly DatasetChoice[]> = signal([]);
  /** The dataset that a person has chosen, until it is shown: by a store of its own. */
  readonly opening: ReadonlySignal<DatasetChoice | null>;

  // What was loaded.
  readonly dataset: Signal<DatasetInfo | null> = signal(null);
  readonly points: Signal<Points | null> = signal(null);
  readonly column: Signal<Column | null> = signal(null);
  /** The columns that the filters ask for, by the filter's key; one that is still loading is not there. */
  readonly filterColumns: Signal<ReadonlyMap<string, Column>> = signal(new Map());
  /** Names of the genes of the matrix in use; null until `genesWanted` and loaded. */
  readonly genes: Signal<readonly string[] | null> = signal(null);
  readonly genesWanted: Signal<boolean> = signal(false);
  /** Other names of these genes, a list for each column that has some; null until `otherNamesWanted` and loaded. */
  readonly otherNames: Signal<readonly OtherNames[] | null> = signal(null);
  readonly otherNamesWanted: Signal<boolean> = signal(false);
  /** The name of the cell under the pointer; null while it is not known. */
  readonly hoveredName: Signal<string | null> = signal(null);
  readonly progress: Signal<Progress | null> = signal(null);
  readonly notices: Signal<readonly Notice[]> = signal([]);
  readonly transport: Signal<Transport | null> = signal(null);
  /** Lets the person choose other data; null where Python does. */
  readonly openOther: Signal<(() => void) | null> = signal(null);
  /** What is known of that road and of the others, a line each. */
  readonly connection: Signal<readonly string[]> = signal([]);
  /** Of which events Python has not heard for a while, as it is busy; null while it hears. */
  readonly unheard: Signal<readonly string[] | null> = signal(null);
  /** Whether Python, which was there, is there no more. */
  readonly gone: Signal<boolean> = signal(false);

  readonly combine: Signal<Combine> = signal("replace");
  readonly selection: Signal<Selection>;
  readonly selectedCount: ReadonlySignal<number>;
  /** What Python says about single cells. */
  readonly marks: Signal<Marks> = signal(NO_MARKS);
  /** The cells that pass every filter; null when all do. */
  readonly visible: ReadonlySignal<Bitset | null>;
  readonly visibleCount: ReadonlySignal<number>;
  /** The ends of the colour bar; null where there is no colour bar. */
  readonly limits: ReadonlySignal<readonly [number, number] | null>;

  constructor(
    readonly n_cells: number,
    settings: Partial<Settings> = {},
  ) {
    const start = { ...DEFAULTS, ...settings };
    this.datasetId = signal(start.dataset);
    this.opening = computed(() => {
      const id = this.datasetId.value;
      return id === start.dataset ? null : (this.datasets.value.find((choice) => choice.id === id) ?? null);
    });
    this.embedding = signal(start.embedding);
    this.dimension = signal(start.dimension);
    this.colorBy = signal(start.colorBy);
    this.layer = signal(start.layer);
    this.colormap = signal(start.colormap);
    this.colorLimits = signal(start.colorLimits);
    this.pointSize = signal(start.pointSize);
    this.opacity = signal(start.opacity);
    this.filters = signal(start.filters);
    this.tool = signal(start.tool);
    this.height = signal(start.height);
    this.theme = signal(start.theme);
    this.selection = signal({ cells: Bitset.empty(n_cells), source: null });
    this.selectedCount = computed(() => this.selection.value.cells.count);
    this.visible = computed(() =>
      visibleCells(n_cells, this.filters.value, this.filterColumns.value, this.marks.value.hidden),
    );
    this.visibleCount = computed(() => this.visible.value?.count ?? n_cells);
    this.limits = computed(() => {
      const column = this.column.value;
      return column?.kind === "continuous" ? limitsOf(column, this.colorLimits.value) : null;
    });
  }

  /** Take the cells that a tool caught, combined with those selected before. Hidden cells cannot be caught. */
  select(cells: Bitset, source: string, how: Combine = this.combine.value): void {
    const before = this.selection.value.cells;
    const visible = this.visible.value;
    const caught = visible === null ? cells : cells.intersection(visible);
    const combined = {
      replace: () => caught,
      add: () => before.union(caught),
      subtract: () => before.without(caught),
      intersect: () => before.intersection(caught),
    };
    this.selection.value = { cells: combined[how](), source };
  }

  clearSelection(source: string): void {
    this.selection.value = { cells: Bitset.empty(this.n_cells), source };
  }

  /** Change one field's filter, which keeps its place among the others; undefined takes it away. */
  setFilter(field: string, filter: Filters[string] | undefined): void {
    const { [field]: _, ...others } = this.filters.value;
    this.filters.value = filter === undefined ? others : { ...this.filters.value, [field]: filter };
  }

  /** Show another embedding, or another number of its dimensions, all of it. */
  showEmbedding(key: string, dimension?: number): void {
    const info = this.dataset.value?.embeddings.find((embedding) => embedding.key === key);
    batch(() => {
      this.camera.value = { pose: null, origin: null }; // the old one means nothing there
      this.embedding.value = key;
      this.dimension.value = dimension ?? info?.dimensions ?? 2;
    });
  }

  /** Show a notice; one with the same key is replaced. */
  notify(notice: Notice): void {
    this.notices.value = [...this.notices.peek().filter(({ key }) => key !== notice.key), notice];
  }

  dismiss(key: string): void {
    const notices = this.notices.peek();
    if (notices.some((notice) => notice.key === key))
      this.notices.value = notices.filter((notice) => notice.key !== key);
  }
}
