import { Lasso, List, Maximize, Minus, Move, Plus, SquareDashed, SquaresIntersect, X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import type { Combine, Store, ToolName } from "../state/store";
import type { ViewState } from "../state/view";
import { Button, ICON } from "./button";
import { DatasetMenu } from "./datasets";
import { EmbeddingChoice } from "./embedding";
import { FieldSearch } from "./field-search";
import { formatCount } from "./format";
import { Settings } from "./settings";

export function Toolbar({ store, view, showAll }: { store: Store; view: ViewState; showAll: () => void }) {
  return (
    <header class="toolbar" role="toolbar" aria-label="Plot tools">
      <DatasetMenu store={store} view={view} />
      <FieldSearch store={store} view={view} />
      <EmbeddingChoice store={store} />
      <span class="rule" />
      <Tools store={store} />
      <Button label="Show all cells (R)" class="show-all" onClick={showAll}>
        <Maximize {...ICON} />
      </Button>
      <span class="gap" />
      <Selected store={store} />
      {store.column.value !== null && (
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
      )}
      <Settings store={store} view={view} />
    </header>
  );
}

function Tools({ store }: { store: Store }) {
  const deep = store.points.value?.axes === 3;
  return (
    <>
      <ToolButton store={store} name="navigate" label={`Move: drag to ${deep ? "turn" : "pan"}, wheel to zoom (V)`}>
        <Move {...ICON} />
      </ToolButton>
      <ToolButton store={store} name="lasso" label="Lasso: draw round cells to select them (L)">
        <Lasso {...ICON} />
      </ToolButton>
      <ToolButton store={store} name="box" label="Box: drag a rectangle over cells to select them (B)">
        <SquareDashed {...ICON} />
      </ToolButton>
      {store.tool.value !== "navigate" && (
        <>
          <span class="rule" />
          <CombineButton store={store} how="add" label="Add to the selection (or hold Shift)">
            <Plus {...ICON} />
          </CombineButton>
          <CombineButton store={store} how="subtract" label="Subtract from the selection (or hold Alt)">
            <Minus {...ICON} />
          </CombineButton>
          <CombineButton store={store} how="intersect" label="Keep only what is also selected (or hold Shift and Alt)">
            <SquaresIntersect {...ICON} />
          </CombineButton>
          <span class="rule" />
        </>
      )}
    </>
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
