import { effect } from "@preact/signals-core";
import { HostPlace } from "../data/export/host";
import { type Dropped, droppedOf, HandlePlace, ListedPlace } from "../data/export/picked";
import { ExportError, type Place } from "../data/export/place";
import { choose, type Found, findExports } from "../data/export/several";
import { FilesSource } from "../data/files";
import { Landing } from "../ui/landing";
import { FolderApp } from "./folder";

type PickFolder = (options: { id: string; mode: "read" }) => Promise<FileSystemDirectoryHandle>;

/** What is to be opened. */
interface Wanted {
  readonly place: Place;
  readonly road: "files" | "folder";
  /** The dataset, by its id; null for the one to begin with. */
  readonly id: string | null;
  readonly colorBy: string | null;
}

/** The page without Python: shows the exports beside it, or a folder that the person chooses. */
export class Site {
  private app: FolderApp | null = null;
  private stopFollowing = () => {};
  private readonly landing: Landing;
  /** Of what was asked for last: it is what is shown in the end. */
  private turn = 0;

  constructor(private readonly parent: HTMLElement) {
    this.landing = new Landing({ choose: () => void this.choose() });
    this.landing.mount(parent);
    this.hearDrops();
  }

  /** Show what lies beside the page, if anything does. */
  async start(): Promise<void> {
    if (location.protocol === "file:") {
      this.landing.say({ kind: "empty", beside: "file" }); // of which a page may read nothing
      return;
    }
    const place = new HostPlace(new URL(".", location.href.replace(/[?#].*$/s, "")).href);
    const { searchParams } = new URL(location.href);
    const [id, colorBy] = ["dataset", "color_by"].map((name) => searchParams.get(name));
    await this.open({ place, road: "files", id, colorBy }, () =>
      this.landing.say({ kind: "empty", beside: "nothing" }),
    );
  }

  /** Let the person choose a folder. */
  private async choose(): Promise<void> {
    const pick = (globalThis as { showDirectoryPicker?: PickFolder }).showDirectoryPicker;
    try {
      if (pick === undefined) await this.chooseListed();
      else await this.openFolder(new HandlePlace(await pick({ id: "cellucid", mode: "read" })));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      // Closed by the person; or not allowed here, as in a frame of another origin.
      if (error.name !== "AbortError") await this.chooseListed();
    }
  }

  private async chooseListed(): Promise<void> {
    const files = await this.landing.pickFiles();
    if (files.length > 0) await this.openFolder(ListedPlace.of(files) as Place);
  }

  private async openFolder(place: Place): Promise<void> {
    await this.open({ place, road: "folder", id: null, colorBy: null }, () =>
      this.complain(
        `There is no export in “${place.name}”`,
        "Neither it nor a folder in it has a dataset_identity.json. Choose the folder that cellucid prepare has written.",
      ),
    );
  }

  /** Show one of the exports in a place. */
  private async open(wanted: Wanted, none: () => void): Promise<void> {
    const turn = ++this.turn;
    const { place, road, id, colorBy } = wanted;
    this.landing.say({ kind: "reading", name: road === "folder" ? place.name : null });
    try {
      const found = await findExports(place);
      const chosen = choose(found, id) ?? choose(found, null);
      if (turn !== this.turn) return;
      if (chosen === null) return none();
      const source = await FilesSource.open(chosen.place);
      if (turn !== this.turn) return;
      const app = this.show(source, chosen, { found, road, colorBy, before: null });
      if (id !== null && choose(found, id) === null) {
        const text = `“${chosen.name}” is shown instead.`;
        app.store.notify({ key: "site", title: `There is no dataset “${id}” here`, text });
      } else if (colorBy !== null && app.store.colorBy.peek() === null) {
        const text = "The address asks for its colours. Choose others above the plot.";
        app.store.notify({ key: "site", title: `“${chosen.name}” has no column or gene “${colorBy}”`, text });
      }
    } catch (error) {
      const instead =
        road === "folder" ? "Write the export again, or choose another folder." : "Reload the page to try again.";
      if (turn === this.turn) this.complain("These data cannot be shown", `${wordsOf(error)} ${instead}`);
    }
  }

  private show(
    source: FilesSource,
    { key }: Found,
    {
      found,
      road,
      colorBy,
      before,
    }: Pick<Wanted, "road" | "colorBy"> & { found: readonly Found[]; before: FolderApp | null },
  ): FolderApp {
    this.stopFollowing();
    this.app?.dispose();
    this.landing.hide();
    const choices = found.map((one) => ({ id: one.key, name: one.name, n_cells: one.n_cells }));
    const openOther = () => void this.choose();
    const app = new FolderApp(source, { road, id: key, choices, colorBy, openOther }, this.parent, before);
    this.app = app;
    document.title = source.manifest.name;
    const stops = [
      effect(() => {
        const id = app.store.datasetId.value;
        if (id !== key) queueMicrotask(() => void this.switchTo(id, found, road));
      }),
      effect(() => {
        const isFirst = choose(found, null)?.key === key;
        remember(road === "files" ? { id: key, isFirst, colorBy: app.store.colorBy.value } : null);
      }),
    ];
    this.stopFollowing = () => {
      for (const stop of stops) stop();
    };
    return app;
  }

  /** Show another dataset of the same place; where it cannot be shown, what was shown stays. */
  private async switchTo(id: string, found: readonly Found[], road: "files" | "folder"): Promise<void> {
    const turn = ++this.turn;
    const { app } = this;
    const chosen = choose(found, id);
    if (app === null || chosen === null || app.store.datasetId.peek() !== id) return;
    try {
      const source = await FilesSource.open(chosen.place);
      if (turn !== this.turn || this.app !== app) return;
      this.show(source, chosen, { found, road, colorBy: null, before: app });
    } catch (error) {
      if (turn !== this.turn || this.app !== app) return;
      app.store.datasetId.value = app.shows;
      this.complain(`“${chosen.name}” cannot be shown`, wordsOf(error));
    }
  }

  /** Say what went wrong: over the plot, where there is one. */
  private complain(title: string, text: string): void {
    if (this.app === null) this.landing.say({ kind: "failed", title, text });
    else this.app.store.notify({ key: "site", title, text });
  }

  private hearDrops(): void {
    let inside = 0; // entered and not left, of nested elements
    const over = (by: number) => (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      inside = Math.max(0, inside + by);
      this.landing.showDropping(inside > 0);
    };
    addEventListener("dragenter", over(1));
    addEventListener("dragover", over(0));
    addEventListener("dragleave", over(-1));
    addEventListener("drop", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      inside = 0;
      this.landing.showDropping(false);
      void droppedOf([...event.dataTransfer.items]).then((dropped) => this.openDropped(dropped));
    });
  }

  private async openDropped(dropped: readonly Dropped[]): Promise<void> {
    const folder = dropped.find(({ place }) => place !== null);
    if (folder?.place) return this.openFolder(folder.place);
    const [file] = dropped;
    if (file === undefined) return;
    const isData = /\.(h5ad|h5mu|zarr|loom|rds|h5)$/i.test(file.name);
    this.complain(
      `“${file.name}” is a file, and this page opens folders`,
      isData
        ? `Make a folder of it with: cellucid prepare "${file.name}" my_export`
        : "Drop the folder that cellucid prepare has written, not the files in it.",
    );
  }
}

/** Let the address lead to what is shown; of a folder of the disk, which no address leads to, it says nothing. */
function remember(shown: { id: string; isFirst: boolean; colorBy: string | null } | null): void {
  const url = new URL(location.href);
  const { searchParams } = url;
  const says = { dataset: null as string | null, color_by: shown?.colorBy ?? null };
  // The one that a bare address leads to needs no name; which one that is may change, so a name that is there stays.
  if (shown !== null && (!shown.isFirst || searchParams.has("dataset"))) says.dataset = shown.id;
  for (const [name, value] of Object.entries(says)) {
    if (value !== null) searchParams.set(name, value);
    else if (searchParams.has(name)) searchParams.delete(name);
  }
  if (url.href !== location.href) history.replaceState(null, "", url);
}

function wordsOf(error: unknown): string {
  if (!(error instanceof ExportError)) console.error("cellucid: the folder could not be opened", error);
  return error instanceof Error ? error.message : String(error);
}
