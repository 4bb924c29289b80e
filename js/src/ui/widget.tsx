import "@preact/signals"; // lets components follow the store's signals
import { render } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Store } from "../state/store";
import type { ViewState } from "../state/view";
import { type Click, handlePointer } from "../tools/pointer";
import type { ToolContext } from "../tools/tool";
import { cells } from "./format";
import { Legend } from "./legend";
import { Notices } from "./notices";
import { StatusLine } from "./status";
import { STYLES } from "./styles";
import { Toolbar } from "./toolbar";

export interface WidgetParts extends ToolContext {
  /** Holds the canvas that the scene paints. */
  readonly plot: HTMLElement;
  readonly onClick: (click: Click) => void;
}

/** Put the widget's interface into a shadow root; returns what takes it out again. */
export function mount(root: ShadowRoot, parts: WidgetParts): () => void {
  const style = document.createElement("style");
  style.textContent = STYLES;
  const body = document.createElement("div");
  body.style.height = "100%";
  root.replaceChildren(style, body);
  render(<Widget {...parts} />, body);
  return () => {
    render(null, body);
    root.replaceChildren();
  };
}

function Widget(parts: WidgetParts) {
  const { store, view, camera } = parts;
  const showAll = () => camera.fit();
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLSelectElement) return;
    if (!pressKey(event.key, store, view, showAll)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys that no control below has used, as in any application window
    <div class="widget" onKeyDown={onKeyDown}>
      <Toolbar store={store} view={view} showAll={showAll} />
      <div class="body">
        <div class={store.tool.value === "navigate" ? "stage" : "stage drawing"}>
          <Plot {...parts} />
          <Waiting store={store} />
          <Outline view={view} />
          <Notices store={store} />
        </div>
        <Legend store={store} view={view} />
      </div>
      <StatusLine store={store} />
    </div>
  );
}

function Plot({ plot, onClick, ...context }: WidgetParts) {
  const slot = useRef<HTMLDivElement>(null);
  // Once: an element that is put in anew loses the focus.
  useLayoutEffect(() => {
    slot.current?.replaceChildren(plot);
    return handlePointer(plot, context, onClick);
  }, []);
  return <div ref={slot} />;
}

/** What a key does; false when it does nothing here. */
function pressKey(key: string, store: Store, view: ViewState, showAll: () => void): boolean {
  switch (key.toLowerCase()) {
    case "v":
      store.tool.value = "navigate";
      return true;
    case "l":
      store.tool.value = "lasso";
      return true;
    case "r":
      showAll();
      return true;
    case "escape":
      if (view.legendOpen.value) view.legendOpen.value = false;
      else if (store.tool.value !== "navigate") store.tool.value = "navigate";
      else return false;
      return true;
    default:
      return false;
  }
}

/** What is said in the plot while there are no cells to see. */
function Waiting({ store }: { store: Store }) {
  if (store.points.value !== null) return null;
  return (
    <p class="waiting">
      {store.progress.value?.waiting
        ? "Python is running a cell. The cells appear as soon as it is done."
        : `Loading ${cells(store.n_cells)}…`}
    </p>
  );
}

function Outline({ view }: { view: ViewState }) {
  const outline = view.outline.value;
  if (outline === null) return null;
  const corners = Array.from(
    { length: outline.length / 2 },
    (_, index) => `${outline[2 * index]},${outline[2 * index + 1]}`,
  );
  return (
    <svg class="outline" aria-hidden="true">
      <path d={`M${corners.join("L")}`} />
      <line x1={outline.at(-2)} y1={outline.at(-1)} x2={outline[0]} y2={outline[1]} />
    </svg>
  );
}
