import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { COLORMAP_SIZE, colormapGradient, colormapTexels } from "../state/colormaps";
import type { ContinuousColumn } from "../state/column";
import type { Limit, Limits } from "../state/limits";
import type { Store } from "../state/store";
import { ColormapMenu } from "./colormap-menu";
import { areInOrder, parseLimit } from "./entries";
import { Entry } from "./entry";
import { formatExactly, formatValue } from "./format";

/** The colours from the lower to the upper limit. The bar opens the choice of colours, the limits can be typed. */
export function ColorBar({ store, column }: { store: Store; column: ContinuousColumn }) {
  const anchor = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const name = store.colormap.value;
  const ends = store.limits.value ?? [0, 1];
  const limits = store.colorLimits.value ?? [null, null];
  const change = (low: Limit, high: Limit) => {
    store.colorLimits.value = low === null && high === null ? null : [low, high];
  };
  return (
    <div class="colorbar">
      <button
        ref={anchor}
        type="button"
        class="bar"
        style={{ background: ends[0] < ends[1] ? colormapGradient(name, "to right") : middleOf(name) }}
        title={`${name}: choose other colours`}
        aria-label={`Colours: ${name}`}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      />
      {open && <ColormapMenu store={store} anchor={anchor} onClose={() => setOpen(false)} />}
      <div class="ends">
        <LimitField
          label="Lower limit of the colours"
          limit={limits[0]}
          value={ends[0]}
          isInOrder={(low) => areInOrder(column, [low, limits[1]] as Limits)}
          onCommit={(low) => change(low, limits[1])}
        />
        <LimitField
          label="Upper limit of the colours"
          limit={limits[1]}
          value={ends[1]}
          isInOrder={(high) => areInOrder(column, [limits[0], high] as Limits)}
          onCommit={(high) => change(limits[0], high)}
        />
      </div>
    </div>
  );
}

/** What all cells have where all values are the same. */
function middleOf(name: string): string {
  const [red, green, blue] = colormapTexels(name).subarray(4 * (COLORMAP_SIZE >> 1));
  return `rgb(${red}, ${green}, ${blue})`;
}

/** A limit as a label; a click makes it a field. */
function LimitField(props: {
  label: string;
  limit: Limit;
  /** What it comes to in the column's unit. */
  value: number;
  isInOrder: (limit: Limit) => boolean;
  onCommit: (limit: Limit) => void;
}) {
  const { label, limit, value, isInOrder, onCommit } = props;
  const button = useRef<HTMLButtonElement>(null);
  const [editing, setEditing] = useState(false);
  const back = useRef(false); // a key ended it: the focus goes to the label that takes the field's place
  useLayoutEffect(() => {
    if (back.current) button.current?.focus({ preventScroll: true });
    back.current = false;
  }, [editing]);
  if (!editing) {
    return (
      <button
        ref={button}
        type="button"
        class="limit"
        title={`${label}${limit === null ? ", the data's own" : ""}: click to change`}
        aria-label={`${label}: ${formatValue(value)}`}
        onClick={() => setEditing(true)}
      >
        {typeof limit === "string" && `${limit} = `}
        {formatValue(value)}
      </button>
    );
  }
  const parse = (text: string) => {
    const parsed = parseLimit(text);
    return parsed === undefined || !isInOrder(parsed) ? undefined : parsed;
  };
  return (
    <Entry
      label={label}
      class="limit"
      text={limit === null ? "" : typeof limit === "number" ? formatExactly(limit) : limit}
      placeholder={formatValue(value)}
      parse={parse}
      expected="a number, a percentile such as p99, or nothing for the data's own; the lower limit below the upper one"
      onCommit={onCommit}
      onDone={(byKey) => {
        back.current = byKey;
        setEditing(false);
      }}
    />
  );
}
