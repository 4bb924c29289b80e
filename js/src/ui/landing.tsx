import { type Signal, signal } from "@preact/signals-core";
import "@preact/signals"; // lets components follow signals
import { FolderOpen } from "lucide-preact";
import { render } from "preact";
import { ICON } from "./button";
import { CONTROLS } from "./styles/controls";
import { LANDING } from "./styles/landing";
import { THEME } from "./styles/theme";

/** What is to be said in place of a plot. */
export type LandingState =
  /** Of the data beside the page (null), or of a folder. */
  | { readonly kind: "reading"; readonly name: string | null }
  /** No data lie beside the page; or it was opened as a file, which may read nothing that does. */
  | { readonly kind: "empty"; readonly beside: "nothing" | "file" }
  | { readonly kind: "failed"; readonly title: string; readonly text: string };

interface Actions {
  choose(): void;
}

/** The page without Python while it has nothing to show: where a folder is chosen. */
export class Landing {
  private readonly state: Signal<LandingState> = signal({ kind: "reading", name: null });
  private readonly dropping = signal(false);
  private readonly hidden = signal(false);
  private readonly input = document.createElement("input");

  constructor(private readonly actions: Actions) {
    this.input.type = "file";
    this.input.webkitdirectory = true;
    this.input.hidden = true;
  }

  mount(parent: HTMLElement): void {
    const element = document.createElement("div");
    element.className = "cellucid-landing";
    parent.append(element);
    const root = element.attachShadow({ mode: "open" });
    const style = document.createElement("style");
    style.textContent = THEME + CONTROLS + LANDING;
    const body = document.createElement("div");
    root.append(style, body, this.input);
    render(<Page {...this.actions} state={this.state} dropping={this.dropping} hidden={this.hidden} />, body);
  }

  say(state: LandingState): void {
    this.state.value = state;
  }

  /** A plot takes its place. */
  hide(): void {
    this.hidden.value = true;
  }

  /** A folder is held over the page. */
  showDropping(dropping: boolean): void {
    this.dropping.value = dropping;
  }

  /** Let the browser ask for a folder, and list the files in it; none where the person has thought better of it. */
  pickFiles(): Promise<File[]> {
    const { input } = this;
    input.value = ""; // or the same folder again would be no change
    return new Promise((resolve) => {
      const done = () => resolve([...(input.files ?? [])]);
      for (const event of ["change", "cancel"]) input.addEventListener(event, done, { once: true });
      input.click();
    });
  }
}

interface PageParts extends Actions {
  readonly state: Signal<LandingState>;
  readonly dropping: Signal<boolean>;
  readonly hidden: Signal<boolean>;
}

function Page({ state: { value: state }, dropping, hidden, choose }: PageParts) {
  return (
    <>
      {!hidden.value && (
        <main class="widget">
          {state.kind === "reading" && state.name === null ? (
            <p class="looking" role="status">
              Looking for data…
            </p>
          ) : (
            <Invitation state={state} choose={choose} />
          )}
        </main>
      )}
      {dropping.value && (
        <div class="widget dropping">
          <p>
            <FolderOpen {...ICON} /> Let go to open the folder
          </p>
        </div>
      )}
    </>
  );
}

function Invitation({ state, choose }: { state: LandingState; choose: () => void }) {
  const reading = state.kind === "reading";
  return (
    <div class="invitation">
      <Cells />
      <h1>Open a folder of cells</h1>
      <p>
        An export, as <code>cellucid prepare</code> or the Cellucid package writes it, or a folder of several. It is
        read in this browser; nothing is uploaded.
      </p>
      <button type="button" class="primary" disabled={reading} onClick={choose}>
        <FolderOpen {...ICON} />
        Choose a folder
      </button>
      <p class="or" role="status">
        {state.kind === "reading" ? `Reading ${state.name}…` : "or drop it anywhere on this page"}
      </p>
      {state.kind === "failed" && (
        <div class="failure" role="alert">
          <p class="title">{state.title}</p>
          <p>{state.text}</p>
        </div>
      )}
      <Aside state={state} />
    </div>
  );
}

function Aside({ state }: { state: LandingState }) {
  return (
    <footer>
      {state.kind === "empty" && state.beside === "file" && (
        <p>
          This page was opened as a file, and browsers let such a page read nothing that lies beside it. Choose the
          folder here, or serve it with
          <code>python -m http.server</code>
        </p>
      )}
      {state.kind === "empty" && state.beside === "nothing" && (
        <p>
          No data lie beside this page. To publish a folder of exports with it
          <code>cellucid page my_exports</code>
        </p>
      )}
      <p>
        To make an export of an .h5ad file
        <code>cellucid prepare data.h5ad my_export</code>
      </p>
    </footer>
  );
}

const GOLDEN_ANGLE = 2.399_963; // its multiples fill a disc evenly
const CLUSTERS = [
  { x: 34, y: 36, cells: 26, color: "#1f77b4" },
  { x: 74, y: 22, cells: 18, color: "#ff7f0e" },
  { x: 84, y: 52, cells: 14, color: "#2ca02c" },
] as const;

/** Three clusters. */
function Cells() {
  return (
    <svg class="cells" viewBox="0 0 112 72" aria-hidden="true">
      {CLUSTERS.flatMap(({ x, y, cells, color }) =>
        Array.from({ length: cells }, (_, index) => {
          const [angle, away] = [index * GOLDEN_ANGLE, 4.2 * Math.sqrt(index)];
          return (
            <circle
              key={`${color} ${index}`}
              cx={(x + away * Math.cos(angle) * 1.15).toFixed(1)}
              cy={(y + away * Math.sin(angle)).toFixed(1)}
              r="1.8"
              fill={color}
            />
          );
        }),
      )}
    </svg>
  );
}
