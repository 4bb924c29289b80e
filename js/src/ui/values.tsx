import { Funnel, X } from "lucide-preact";
import { useState } from "preact/hooks";
import type { ContinuousColumn } from "../state/column";
import { filterKeeping, isRanged, type Span, spanOf, withEnds } from "../state/editing";
import type { Store } from "../state/store";
import { Button, SMALL_ICON, TextButton } from "./button";
import { ColorBar } from "./colorbar";
import { parseNumber } from "./entries";
import { Entry } from "./entry";
import { cells, formatExactly, formatValue } from "./format";
import { Histogram } from "./histogram";
import { LegendRow } from "./legend-row";

/** The values of the column: how they are spread, what their colours are, which of them are in sight. */
export function Values({ store, column }: { store: Store; column: ContinuousColumn }) {
  const span = spanOf(store.filters.value[column.field]);
  const keep = (kept: Span) => store.setFilter(column.field, filterKeeping(kept));
  return (
    <div class="values">
      {column.range === null ? (
        <p class="rest">No finite values</p>
      ) : (
        <>
          {column.range[0] < column.range[1] ? (
            <Histogram
              store={store}
              column={column}
              range={column.range}
              span={span}
              onBrush={(min, max) => keep(withEnds(span, min, max))}
            />
          ) : (
            <p class="rest">{`All values are ${formatValue(column.range[0])}`}</p>
          )}
          <ColorBar store={store} column={column} />
          {column.range[0] < column.range[1] && (
            <Ends range={column.range} span={span} onChange={(min, max) => keep(withEnds(span, min, max))} />
          )}
        </>
      )}
      {column.missingCount > 0 && (
        <ul>
          <LegendRow
            name="missing"
            color="var(--missing)"
            count={column.missingCount}
            all={column.missingCount}
            shown={span.missing}
            hint={`Click to hide or show ${cells(column.missingCount)} without a value`}
            onClick={() => keep({ ...span, missing: !span.missing })}
          />
        </ul>
      )}
    </div>
  );
}

/** The ends of the range that is in sight, to type. */
function Ends(props: {
  range: readonly [number, number];
  span: Span;
  onChange: (min: number | null, max: number | null) => void;
}) {
  const { range, span, onChange } = props;
  const { min, max } = span;
  const [asked, setAsked] = useState(false);
  if (!isRanged(span) && !asked) {
    return (
      <TextButton class="filter" title="Show only cells with some of the values" onClick={() => setAsked(true)}>
        <Funnel {...SMALL_ICON} /> Filter
      </TextButton>
    );
  }
  const parse = (isInOrder: (value: number) => boolean) => (text: string) => {
    if (text.trim() === "") return null;
    const value = parseNumber(text);
    return value !== undefined && isInOrder(value) ? value : undefined;
  };
  return (
    <div class="span">
      <span>from</span>
      <Entry
        label="From"
        text={min === null ? "" : formatExactly(min)}
        placeholder={formatValue(range[0])}
        parse={parse((value) => max === null || value <= max)}
        expected={max === null ? "a number" : `a number up to ${formatExactly(max)}`}
        onCommit={(value) => onChange(value, max)}
      />
      <span>to</span>
      <Entry
        label="To"
        text={max === null ? "" : formatExactly(max)}
        placeholder={formatValue(range[1])}
        parse={parse((value) => min === null || value >= min)}
        expected={min === null ? "a number" : `a number from ${formatExactly(min)}`}
        onCommit={(value) => onChange(min, value)}
      />
      <Button
        label="Show all values"
        onClick={() => {
          setAsked(false);
          onChange(null, null);
        }}
      >
        <X {...SMALL_ICON} />
      </Button>
    </div>
  );
}
