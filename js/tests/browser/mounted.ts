import { effect } from "@preact/signals-core";
import { onTestFinished } from "vitest";
import { Camera } from "../../src/scene/camera";
import { type Column, categoricalColumn, continuousColumn } from "../../src/state/column";
import { fieldNamed } from "../../src/state/fields";
import { type DatasetInfo, type Settings, Store } from "../../src/state/store";
import { ViewState } from "../../src/state/view";
import { mount } from "../../src/ui/widget";
import type { At } from "./mouse";
import { addOutput } from "./widget";

const CELLS = 100;
const cells = Array.from({ length: CELLS }, (_, cell) => cell);
export const GENES = ["CD3D", "CD3E", "CD34", "MS4A1", "n_counts", ...cells.map((index) => `RPL${index}`)];

/** Ensembl ids, and what some were called before. */
export const OTHER_NAMES = [
  GENES.map((_, index) => `ENSG${String(index).padStart(11, "0")}`),
  GENES.map((gene) => (gene === "MS4A1" ? "CD20" : gene === "CD3E" ? "T3E" : "")),
];

function categorical(field: string, categories: string[], codeOf: (cell: number) => number): Column {
  const codes = Uint16Array.from(cells, codeOf);
  const colors = categories.map((_, code) => `#${(0x100001 * (code % 16)).toString(16).padStart(6, "0")}`);
  return categoricalColumn({ label: field, field, codes, missing: 65535, categories, colors });
}

function continuous(field: string, readCell: (cell: number) => number, layer: string | null = null): Column {
  const label = field.replace("gene:", "");
  return continuousColumn({ label, field, layer, values: Float32Array.from(cells, readCell) });
}

/**
 * `louvain` has four categories in quarters of the grid and one cell without; `barcode` has a thousand; `n_counts` is the
 * cell's number, and missing for the first; `CD3E` is 0, 1, 2 in turn; `constant` is always 7, `empty` never anything.
 */
const COLUMNS: readonly Column[] = [
  categorical("louvain", ["B cells", "T cells", "NK cells", "Monocytes"], (cell) =>
    cell === 99 ? 65535 : (cell % 10 < 5 ? 0 : 1) + (cell < 50 ? 0 : 2),
  ),
  categorical(
    "barcode",
    Array.from({ length: 1000 }, (_, index) => `barcode ${index}`),
    (cell) => 10 * cell,
  ),
  continuous("n_counts", (cell) => (cell === 0 ? Number.NaN : cell)),
  continuous("constant", () => 7),
  continuous("empty", () => Number.NaN),
  continuous("gene:CD3E", (cell) => cell % 3, "log1p"),
  continuous("gene:n_counts", (cell) => cell % 2, "log1p"),
];

const DATASET: DatasetInfo = {
  name: "grid",
  n_cells: CELLS,
  n_genes: GENES.length,
  embeddings: [
    { key: "X_umap", dimensions: 2 },
    { key: "X_umap_3d", dimensions: 3 },
  ],
  fields: COLUMNS.filter(({ field }) => !field.startsWith("gene:")).map(({ field, kind }) => ({ key: field, kind })),
  layers: ["raw", "log1p"],
  default_layer: "log1p",
};

/** The interface on the page, over a store in the test's hands: no host, no scene, no Python. */
export interface Mounted {
  readonly store: Store;
  readonly view: ViewState;
  readonly camera: Camera;
  /** What holds the shadow root. */
  readonly host: HTMLElement;
  readonly root: ShadowRoot;
  find<E extends HTMLElement = HTMLElement>(selector: string): E;
  /** Words in the interface. */
  texts(selector: string): string[];
  has(selector: string): boolean;
  /** The middle of an element, or a fraction of its width, on the page. */
  at(selector: string, fraction?: number): At;
}

/** A widget of a hundred cells on a grid of ten by ten, at 0.5, 1.5, … 9.5 in both directions: cell 10 * row + column. */
export function mountWidget(settings: Partial<Settings> = {}, width = 900): Mounted {
  const store = new Store(CELLS, { embedding: "X_umap", height: 400, ...settings });
  const view = new ViewState();
  const camera = new Camera();
  const host = document.createElement("div");
  const plot = document.createElement("div");
  plot.className = "plot";
  plot.tabIndex = 0;
  addOutput(width).append(host);
  const root = host.attachShadow({ mode: "open" });
  const unmount = mount(root, { store, view, camera, plot, onClick: () => {} });
  const observer = new ResizeObserver(([{ contentRect }]) => camera.resize(contentRect.width, contentRect.height));
  observer.observe(plot);
  const stops = [
    effect(() => {
      host.style.height = `${store.height.value}px`;
    }),
    load(store),
  ];
  onTestFinished(() => {
    observer.disconnect();
    for (const stop of stops) stop();
    unmount();
  });
  const points = {
    key: "X_umap",
    coords: Float32Array.from(cells.flatMap((cell) => [(cell % 10) + 0.5, Math.floor(cell / 10) + 0.5])),
    ...({ stride: 2, axes: 2, dimension: 2, placed: CELLS, min: [0.5, 0.5, 0], max: [9.5, 9.5, 0] } as const),
  };
  camera.resize(plot.clientWidth, plot.clientHeight);
  camera.show(points, 2, null);
  store.points.value = points;
  store.dataset.value = DATASET;
  store.transport.value = "direct";

  const find = <E extends HTMLElement>(selector: string) => {
    const element = root.querySelector<E>(selector);
    if (element === null) throw new Error(`There is no ${selector}.`);
    return element;
  };
  return {
    ...{ store, view, camera, host, root, find },
    texts: (selector) => [...root.querySelectorAll<HTMLElement>(selector)].map((element) => element.innerText.trim()),
    has: (selector) => root.querySelector(selector) !== null,
    at: (selector, fraction = 0.5) => {
      const { left, top, width: wide, height } = find(selector).getBoundingClientRect();
      return [left + fraction * wide, top + height / 2];
    },
  };
}

/** Answer what the store asks for, as the host does, at once. */
function load(store: Store): () => void {
  const find = (name: string): Column | null => {
    const { key, kind } = fieldNamed(name, DATASET.fields);
    return COLUMNS.find(({ field }) => field === (kind === "gene" ? `gene:${key}` : key)) ?? null;
  };
  const stops = [
    effect(() => {
      store.column.value = store.colorBy.value === null ? null : find(store.colorBy.value);
    }),
    effect(() => {
      const columns = Object.keys(store.filters.value).flatMap((name): [string, Column][] => {
        const column = find(name);
        return column === null ? [] : [[name, column]];
      });
      store.filterColumns.value = new Map(columns);
    }),
    effect(() => {
      if (store.genesWanted.value) store.genes.value = GENES;
    }),
    effect(() => {
      if (store.otherNamesWanted.value) store.otherNames.value = OTHER_NAMES;
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
