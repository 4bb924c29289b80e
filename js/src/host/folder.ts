import { resolveField } from "../data/columns";
import type { FilesSource } from "../data/files";
import { Scene } from "../scene/scene";
import { type DatasetChoice, DEFAULTS, type Settings, Store } from "../state/store";
import { tellDrawn, tellNotDrawn } from "./drawing";
import { type Inspection, inspect } from "./inspection";
import { Loading } from "./loading";
import { View } from "./view";

/** Where a dataset of files lies, and beside which others. */
export interface FolderPlace {
  /** The page's own host, or the person's disk. */
  readonly road: "files" | "folder";
  /** The id that it is chosen by. */
  readonly id: string;
  readonly choices: readonly DatasetChoice[];
  /** What the address says to colour by; nothing where these data do not have it. */
  readonly colorBy: string | null;
  /** Lets the person choose another folder. */
  readonly openOther: () => void;
}

/** The viewer of an export folder, which fills its page. There is no Python: what is set stays here. */
export class FolderApp {
  /** The id of the dataset. */
  readonly shows: string;
  readonly store: Store;
  readonly views = new Set<View>();
  readonly scene: Scene;
  readonly loading: Loading;

  /** @param before The viewer of another dataset, of whose settings those are kept that fit. */
  constructor(
    private readonly source: FilesSource,
    { road, id, choices, colorBy, openOther }: FolderPlace,
    parent: HTMLElement,
    before: FolderApp | null,
  ) {
    this.shows = id;
    const settings = before === null ? begin(source, id, colorBy) : keep(before.store, source, id);
    this.store = new Store(source.manifest.n_cells, settings);
    this.store.datasets.value = choices;
    this.store.transport.value = road;
    this.store.openOther.value = openOther;
    this.scene = new Scene(
      this.store,
      (error) => tellNotDrawn(this.store, this.scene, error),
      () => tellDrawn(this.store),
    );
    this.loading = new Loading(this.store, source, console.warn, undefined, null);
    const view = new View(this.store, this.scene, parent, () => {});
    this.views.add(view);
    view.element.dataset.fills = "";
    Object.assign(view.element, { cellucid: { inspect: () => this.inspect(view) } });
    this.loading.start();
  }

  dispose(): void {
    for (const view of this.views) view.dispose();
    this.views.clear();
    this.loading.dispose();
    this.scene.dispose();
  }

  private inspect(view: View): Inspection {
    const { bytesRead } = this.source;
    return inspect(view, this, { files: { bytes_received: bytesRead, bytes_sent: 0 } });
  }
}

function begin(source: FilesSource, dataset: string, colorBy: string | null): Partial<Settings> {
  const [{ key, dimensions }] = source.manifest.embeddings;
  const known = colorBy !== null && has(source, colorBy) ? colorBy : null;
  return { dataset, embedding: key, dimension: dimensions, colorBy: known };
}

function has(source: FilesSource, field: string): boolean {
  const { kind, key } = resolveField(source.manifest, field);
  return kind === "obs" || source.hasGene(key);
}

/** What is set, as far as another dataset has it; nothing of single cells. */
function keep(store: Store, source: FilesSource, dataset: string): Settings {
  const { manifest } = source;
  const known = manifest.embeddings.find(({ key }) => key === store.embedding.peek()) ?? manifest.embeddings[0];
  const kindOf = (entries: readonly { key: string; kind: string }[], name: string) =>
    entries.find(({ key }) => key === name.replace(/^obs:/, ""))?.kind;
  const fits = (name: string) =>
    has(source, name) && kindOf(manifest.fields, name) === kindOf(store.dataset.peek()?.fields ?? [], name);
  const color = store.colorBy.peek();
  const colorBy = color !== null && has(source, color) ? color : null;
  const dimension = store.dimension.peek();
  return {
    ...DEFAULTS,
    dataset,
    embedding: known.key,
    dimension: known.key === store.embedding.peek() && dimension <= known.dimensions ? dimension : known.dimensions,
    colorBy,
    colormap: store.colormap.peek(),
    colorLimits: colorBy === color ? store.colorLimits.peek() : null,
    pointSize: store.pointSize.peek(),
    opacity: store.opacity.peek(),
    filters: Object.fromEntries(Object.entries(store.filters.peek()).filter(([name]) => fits(name))),
    tool: store.tool.peek(),
    theme: store.theme.peek(),
  };
}
