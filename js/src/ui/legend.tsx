import type { Column } from "../state/column";
import { filterHiding, filterKeeping, hidingOf, isRanged, spanOf } from "../state/editing";
import type { Store } from "../state/store";
import type { ViewState } from "../state/view";
import { TextButton } from "./button";
import { Categories } from "./categories";
import { Values } from "./values";

/** What the colours mean, and which of the cells are in sight by what colours them. */
export function Legend({ store, view }: { store: Store; view: ViewState }) {
  const column = store.column.value;
  if (column === null) return null;
  return (
    <aside class={view.legendOpen.value ? "legend open" : "legend"} aria-label={`Legend of ${column.label}`}>
      <header>
        <h2 title={column.label}>{column.label}</h2>
        {column.kind === "continuous" && column.layer !== null && (
          <small title={`Values come from ${column.layer}`}>{column.layer}</small>
        )}
        {hides(store, column) && (
          <TextButton title="Show all cells of this field" onClick={() => store.setFilter(column.field, undefined)}>
            Show all
          </TextButton>
        )}
      </header>
      {column.kind === "categorical" ? (
        <Categories key={column.field} store={store} column={column} />
      ) : (
        <Values key={column.field} store={store} column={column} />
      )}
    </aside>
  );
}

/** Whether the column's own filter hides anything now. */
function hides(store: Store, column: Column): boolean {
  const filter = store.filters.value[column.field];
  if (column.kind === "categorical") return filterHiding(column, hidingOf(filter)) !== undefined;
  const span = spanOf(filter);
  return isRanged(span) || filterKeeping(span) !== undefined;
}
