import { computed } from "@preact/signals-core";
import { Search } from "lucide-preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { availableCells, type Counts, countsAmong } from "../state/available";
import { Bitset } from "../state/bitset";
import type { CategoricalColumn } from "../state/column";
import { filterHiding, type Hiding, hidingOf, isolated, toggled } from "../state/editing";
import type { Store } from "../state/store";
import { SMALL_ICON } from "./button";
import { formatCount } from "./format";
import { LegendRow } from "./legend-row";

const MAX_ROWS = 300; // more than anybody reads; the rest is counted
const MANY = 30; // categories, above which they can be searched
const AGAIN = 300; // ms: a second click so soon is a double click
const HINT = "Click to hide or show, double-click to see nothing else, Alt+click to select";

/** The categories of the column: what is in sight, what is selected. */
export function Categories({ store, column }: { store: Store; column: CategoricalColumn }) {
  const [query, setQuery] = useState("");
  const last = useRef<{ name: string | null; at: number; before: Hiding } | null>(null);
  const counts = useCounts(store, column);
  const hiding = hidingOf(store.filters.value[column.field]);
  const names = useMemo(() => matching(column, query), [column, query]);

  const show = (hidden: Hiding) => store.setFilter(column.field, filterHiding(column, hidden));
  const select = (name: string | null, add: boolean) => {
    const code = name === null ? -1 : column.categories.indexOf(name);
    const belongs = (cell: number) =>
      code < 0 ? column.codes[cell] >= column.categories.length : column.codes[cell] === code;
    const cells = Bitset.where(store.n_cells, belongs);
    const visible = store.visible.value;
    if (visible !== null && cells.intersection(visible).count === 0) return; // what is out of sight cannot be caught
    store.select(cells, "category", add ? "add" : "replace");
  };
  const click = (name: string | null, event: MouseEvent) => {
    if (event.altKey) return select(name, event.shiftKey);
    const before = last.current;
    if (before?.name === name && event.timeStamp - before.at < AGAIN) {
      last.current = null;
      show(isolated(column, before.before, name)); // as it was before the first of the two clicks
    } else {
      last.current = { name, at: event.timeStamp, before: hiding };
      show(toggled(hiding, name));
    }
  };
  const clear = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || query === "") return;
    event.stopPropagation(); // it closes nothing else
    event.preventDefault();
    setQuery("");
  };
  const row = (name: string | null, color: string, count: number, all: number, shown: boolean) => (
    <LegendRow
      key={name}
      name={name ?? "missing"}
      color={color}
      count={count}
      all={all}
      shown={shown}
      hint={HINT}
      onClick={(event) => click(name, event)}
      onAltEnter={(event) => select(name, event.shiftKey)}
    />
  );
  const more = names.length - MAX_ROWS;
  return (
    <>
      {column.categories.length > MANY && (
        <label class="query">
          <Search {...SMALL_ICON} />
          <input
            type="search"
            aria-label={`Search the categories of ${column.label}`}
            placeholder={`Search ${formatCount(column.categories.length)} categories`}
            autocomplete="off"
            spellcheck={false}
            value={query}
            onInput={(event) => setQuery(event.currentTarget.value)}
            onKeyDown={clear}
          />
        </label>
      )}
      <ul>
        {names
          .slice(0, MAX_ROWS)
          .map(({ name, code }) =>
            row(name, column.colors[code], counts.categories[code], column.counts[code], !hiding.names.has(name)),
          )}
        {more > 0 && <li class="rest">and {formatCount(more)} more categories</li>}
        {names.length === 0 && query !== "" && <li class="rest">No category matches “{query}”</li>}
        {column.missingCount > 0 &&
          query === "" &&
          row(null, "var(--missing)", counts.missing, column.missingCount, !hiding.missing)}
      </ul>
    </>
  );
}

/** The cells of each category that other filters leave. */
function useCounts(store: Store, column: CategoricalColumn): Counts {
  const counts = useMemo(() => {
    const available = availableCells(store, column.field);
    const all = { categories: column.counts, missing: column.missingCount };
    return computed(() => (available.value === null ? all : countsAmong(column, available.value)));
  }, [store, column]);
  return counts.value;
}

function matching(column: CategoricalColumn, query: string): { name: string; code: number }[] {
  const wanted = query.trim().toLowerCase();
  return column.categories
    .map((name, code) => ({ name, code }))
    .filter(({ name }) => name.toLowerCase().includes(wanted));
}
