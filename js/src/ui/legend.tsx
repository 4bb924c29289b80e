import { colormapGradient } from "../state/colormaps";
import type { CategoricalColumn, ContinuousColumn } from "../state/column";
import type { Store } from "../state/store";
import type { ViewState } from "../state/view";
import { formatCount, formatValue } from "./format";

const MAX_ROWS = 300; // more than anybody reads; the rest is counted

export function Legend({ store, view }: { store: Store; view: ViewState }) {
  const column = store.column.value;
  if (column === null) return null;
  return (
    <aside class={view.legendOpen.value ? "legend open" : "legend"} aria-label={`Legend of ${column.label}`}>
      <h2 title={column.label}>
        {column.label}
        {column.kind === "continuous" && column.layer !== null && <small>{column.layer}</small>}
      </h2>
      {column.kind === "categorical" ? <Categories column={column} /> : <ColorBar column={column} />}
    </aside>
  );
}

function Categories({ column }: { column: CategoricalColumn }) {
  const more = column.categories.length - MAX_ROWS;
  return (
    <ul>
      {column.categories.slice(0, MAX_ROWS).map((name, index) => (
        <Row key={name} name={name} color={column.colors[index]} count={column.counts[index]} />
      ))}
      {more > 0 && <li class="rest">and {formatCount(more)} more categories</li>}
      <Missing count={column.missingCount} />
    </ul>
  );
}

function ColorBar({ column }: { column: ContinuousColumn }) {
  return (
    <>
      {column.range !== null && (
        <>
          <div class="bar" style={{ background: colormapGradient("to right") }} />
          <div class="ends">
            <span>{formatValue(column.range[0])}</span>
            <span>{formatValue(column.range[1])}</span>
          </div>
        </>
      )}
      <ul>
        {column.range === null && <li class="rest">No finite values</li>}
        <Missing count={column.missingCount} />
      </ul>
    </>
  );
}

function Missing({ count }: { count: number }) {
  return count === 0 ? null : <Row name="missing" color="var(--missing)" count={count} />;
}

function Row({ name, color, count }: { name: string; color: string; count: number }) {
  return (
    <li>
      <span class="dot" style={{ background: color }} />
      <span class="name" title={name}>
        {name}
      </span>
      <span class="count">{formatCount(count)}</span>
    </li>
  );
}
