import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { Bitset } from "./bitset";
import type { Column } from "./column";

/** What there is to choose from. */
export interface DatasetInfo {
  readonly name: string;
  readonly n_cells: number;
  readonly n_genes: number;
  readonly embeddings: readonly { readonly key: string; readonly n_placed: number }[];
  readonly fields: readonly { readonly key: string; readonly kind: "categorical" | "continuous" }[];
}

/** Where the cells are: x0, y0, x1, y1, … in data coordinates; a cell with a non-finite coordinate is not placed. */
export interface Points {
  readonly key: string;
  readonly xy: Float32Array<ArrayBuffer>;
  readonly min: readonly [number, number];
  readonly max: readonly [number, number];
  readonly placed: number;
}

export interface Selection {
  readonly cells: Bitset;
  /** The tool that made it; null when it came from Python. */
  readonly source: string | null;
}

export type ToolName = "navigate" | "lasso";

/** What a new selection does to the one that is there. */
export type Combine = "replace" | "add" | "subtract";

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
}

/** Everything the views of one widget share. No DOM, no GL: what is shown follows from these signals. */
export class Store {
  // Mirrored traits.
  readonly embedding: Signal<string>;
  readonly colorBy: Signal<string | null>;
  readonly layer: Signal<string | null>;
  readonly pointSize: Signal<number>;
  readonly height: Signal<number>;

  readonly dataset: Signal<DatasetInfo | null> = signal(null);
  readonly points: Signal<Points | null> = signal(null);
  readonly column: Signal<Column | null> = signal(null);
  readonly progress: Signal<Progress | null> = signal(null);
  readonly notices: Signal<readonly Notice[]> = signal([]);

  readonly tool: Signal<ToolName> = signal("navigate");
  readonly combine: Signal<Combine> = signal("replace");
  readonly selection: Signal<Selection>;
  readonly selectedCount: ReadonlySignal<number>;

  constructor(
    readonly n_cells: number,
    traits: { embedding: string; colorBy: string | null; layer: string | null; pointSize: number; height: number },
  ) {
    this.embedding = signal(traits.embedding);
    this.colorBy = signal(traits.colorBy);
    this.layer = signal(traits.layer);
    this.pointSize = signal(traits.pointSize);
    this.height = signal(traits.height);
    this.selection = signal({ cells: Bitset.empty(n_cells), source: null });
    this.selectedCount = computed(() => this.selection.value.cells.count);
  }

  /** Take the cells that a tool caught, combined with those selected before. */
  select(cells: Bitset, source: string, how: Combine = this.combine.value): void {
    const before = this.selection.value.cells;
    const after = how === "add" ? before.union(cells) : how === "subtract" ? before.without(cells) : cells;
    this.selection.value = { cells: after, source };
  }

  clearSelection(source: string): void {
    this.selection.value = { cells: Bitset.empty(this.n_cells), source };
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
