import { ChevronDown, Lasso, List, Maximize, Minus, Move, Palette, Plus, X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import type { Combine, Store, ToolName } from "../state/store";
import type { ViewState } from "../state/view";
import { formatCount } from "./format";

const ICON = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;

export function Toolbar({ store, view, showAll }: { store: Store; view: ViewState; showAll: () => void }) {
  return (
    <header class="toolbar" role="toolbar" aria-label="Plot tools">
      <ColorBy store={store} />
      <EmbeddingChoice store={store} />
      <span class="rule" />
      <ToolButton store={store} name="navigate" label="Move: drag to pan, wheel to zoom (V)">
        <Move {...ICON} />
      </ToolButton>
      <ToolButton store={store} name="lasso" label="Lasso: draw round cells to select them (L)">
        <Lasso {...ICON} />
      </ToolButton>
      {store.tool.value === "lasso" && (
        <>
          <CombineButton store={store} how="add" label="Add to the selection (or hold Shift)">
            <Plus {...ICON} />
          </CombineButton>
          <CombineButton store={store} how="subtract" label="Subtract from the selection (or hold Alt)">
            <Minus {...ICON} />
          </CombineButton>
        </>
      )}
      <Button label="Show all cells (R)" onClick={showAll}>
        <Maximize {...ICON} />
      </Button>
      <span class="gap" />
      <Selected store={store} />
      <Button
        class="toggle-legend"
        label="Legend"
        pressed={view.legendOpen.value}
        onClick={() => {
          view.legendOpen.value = !view.legendOpen.value;
        }}
      >
        <List {...ICON} />
      </Button>
    </header>
  );
}

function ColorBy({ store }: { store: Store }) {
  const fields = store.dataset.value?.fields ?? [];
  const current = store.colorBy.value;
  const isField = fields.some(({ key }) => key === current);
  return (
    <label class="choice" title="Colour the cells by">
      <Palette {...ICON} class="lead" />
      <select
        aria-label="Colour the cells by"
        value={current ?? ""}
        onChange={(event) => {
          store.colorBy.value = event.currentTarget.value || null;
        }}
      >
        <option value="">No colour</option>
        {current !== null && !isField && <option value={current}>{current}</option>}
        {(["categorical", "continuous"] as const).map((kind) => (
          <optgroup key={kind} label={kind === "categorical" ? "Categories" : "Numbers"}>
            {fields
              .filter((field) => field.kind === kind)
              .map(({ key }) => (
                <option key={key} value={key}>
                  {key}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
      <ChevronDown {...ICON} size={14} class="more" />
    </label>
  );
}

function EmbeddingChoice({ store }: { store: Store }) {
  const embeddings = store.dataset.value?.embeddings ?? [];
  if (embeddings.length < 2) return null;
  return (
    <label class="choice" title="Embedding">
      <select
        class="plain"
        aria-label="Embedding"
        value={store.embedding.value}
        onChange={(event) => {
          store.embedding.value = event.currentTarget.value;
        }}
      >
        {embeddings.map(({ key }) => (
          <option key={key} value={key}>
            {key}
          </option>
        ))}
      </select>
      <ChevronDown {...ICON} size={14} class="more" />
    </label>
  );
}

function Selected({ store }: { store: Store }) {
  const count = store.selectedCount.value;
  if (count === 0) return null;
  return (
    <span class="selected">
      <span role="status">
        {formatCount(count)} <span class="word">selected</span>
      </span>
      <Button label="Clear the selection" onClick={() => store.clearSelection("clear")}>
        <X {...ICON} />
      </Button>
    </span>
  );
}

function ToolButton(props: { store: Store; name: ToolName; label: string; children: ComponentChildren }) {
  const { store, name, label, children } = props;
  const choose = () => {
    store.tool.value = name;
  };
  return (
    <Button label={label} pressed={store.tool.value === name} onClick={choose}>
      {children}
    </Button>
  );
}

function CombineButton(props: { store: Store; how: Combine; label: string; children: ComponentChildren }) {
  const { store, how, label, children } = props;
  const on = store.combine.value === how;
  const toggle = () => {
    store.combine.value = on ? "replace" : how;
  };
  return (
    <Button label={label} pressed={on} onClick={toggle}>
      {children}
    </Button>
  );
}

function Button(props: {
  label: string;
  onClick: () => void;
  children: ComponentChildren;
  pressed?: boolean;
  class?: string;
}) {
  return (
    <button
      type="button"
      class={`tool ${props.class ?? ""}`}
      title={props.label}
      aria-label={props.label}
      aria-pressed={props.pressed}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}
