import { Check, CircleSlash, Dna, Hash, Search, Tags } from "lucide-preact";
import { Fragment } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { closest } from "../state/closest";
import type { Field } from "../state/fields";
import { type Match, search } from "../state/search";
import type { Store } from "../state/store";
import { ICON, SMALL_ICON } from "./button";
import { formatCount } from "./format";

const ROWS = 60; // more than anybody reads; the rest is counted
const GUESSES = 3;
const PAGE = 8; // rows that Page Up and Page Down go

const KINDS = {
  categorical: { icon: Tags, text: "categories" },
  continuous: { icon: Hash, text: "numbers" },
  gene: { icon: Dna, text: "gene" },
} as const;

/** A row to choose; a null field is no colour. */
interface Row {
  readonly field: Field | null;
  /** Where the query is in the name; −1 for nowhere. */
  readonly at: number;
  /** The heading above it. */
  readonly heading?: string;
}

/** All that a person can choose from now, and what is said below it. */
interface Listing {
  readonly rows: readonly Row[];
  readonly note: string | null;
  /** Something is wrong with the query: it is said above the rows. */
  readonly complaint: string | null;
}

/** One field of text over obs columns and genes: the combobox pattern of WAI-ARIA. */
export function FieldList(props: {
  store: Store;
  current: Field | null;
  recent: readonly Field[];
  onChoose: (field: Field | null) => void;
}) {
  const { store, current, recent, onChoose } = props;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState("");
  const { rows, note, complaint } = listing(store, query.trim(), recent);
  const [chosen, setChosen] = useState<number | null>(null);
  // A guess is nobody's word: Enter takes one only after the arrow keys have gone there.
  const begin =
    complaint !== null ? -1 : query.trim() === "" ? rows.findIndex(({ field }) => isSame(field, current)) : 0;
  const active = Math.min(chosen ?? begin, rows.length - 1);

  useEffect(() => {
    store.genesWanted.value = true;
  }, []);
  useLayoutEffect(() => {
    const option = list.current?.querySelector<HTMLElement>("[aria-selected=true]");
    if (list.current && option) keepInSight(list.current, option);
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return; // the keys are the input method's
    if (event.key === "Enter") {
      if (active >= 0) onChoose(rows[active].field);
    } else {
      const to = stepFrom(active, rows.length, event.key);
      if (to === null) return;
      setChosen(to);
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <>
      <div class="query">
        <Search {...ICON} />
        <input
          data-first
          type="text"
          role="combobox"
          aria-label="Search obs columns and genes"
          aria-autocomplete="list"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={active < 0 ? undefined : `${id}-${active}`}
          placeholder="Column or gene"
          autocomplete="off"
          spellcheck={false}
          value={query}
          onInput={(event) => {
            setQuery(event.currentTarget.value);
            setChosen(null);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div class="found" ref={list}>
        {complaint !== null && (
          <p class="note" role="status">
            {complaint}
          </p>
        )}
        <div role="listbox" id={`${id}-list`} aria-label="Columns and genes">
          {rows.map(({ field, at, heading }, index) => (
            <Fragment key={field === null ? "" : `${field.kind} ${field.key}`}>
              {heading && (
                <p class="heading" role="presentation">
                  {heading}
                </p>
              )}
              {/* biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the combobox, which names the active option */}
              {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the combobox's */}
              <div
                role="option"
                id={`${id}-${index}`}
                aria-selected={index === active}
                // The focus stays in the text.
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => onChoose(field)}
              >
                <Kind field={field} />
                <span class="name" title={field?.key}>
                  <Highlighted text={field?.key ?? "No colour"} at={at} length={query.trim().length} />
                </span>
                {isSame(field, current) && (
                  <Check {...SMALL_ICON} aria-hidden={false} aria-label="shown" class="mark" />
                )}
              </div>
            </Fragment>
          ))}
        </div>
        {note !== null && <p class="note">{note}</p>}
      </div>
    </>
  );
}

function listing(store: Store, query: string, recent: readonly Field[]): Listing {
  const obs = store.dataset.value?.fields ?? [];
  const genes = store.genes.value;
  const loading = genes === null ? "Loading the genes…" : null;
  if (query === "") {
    const others = obs.filter((field) => !recent.some((used) => isSame(used, field)));
    const rows = [
      { field: null, at: -1 },
      ...headed(recent, "Recent"),
      ...headed(others.slice(0, ROWS), recent.length > 0 ? "Columns" : undefined),
    ];
    const more = others.length > ROWS ? `${formatCount(others.length - ROWS)} more columns. ` : "";
    const invitation = `Type to search ${formatCount(genes?.length ?? store.dataset.value?.n_genes ?? 0)} genes`;
    return { rows, note: more + (loading ?? invitation), complaint: null };
  }
  const { best, more } = search(query, obs, genes ?? [], ROWS);
  if (best.length > 0 || genes === null) {
    const rest = more > 0 ? `${formatCount(more)} more` : null;
    return { rows: best as readonly Match[], note: loading ?? rest, complaint: null };
  }
  const guesses = closest(query, [...obs.map(({ key }) => key), ...genes], GUESSES);
  const rows = guesses.map((key) => ({ field: obs.find((field) => field.key === key) ?? gene(key), at: -1 }));
  const near = rows.length > 0 ? ` Closest: ${guesses.join(", ")}` : "";
  return { rows, note: null, complaint: `No gene or column matches “${query}”.${near}` };
}

const gene = (key: string): Field => ({ key, kind: "gene" });

function headed(fields: readonly Field[], heading: string | undefined): Row[] {
  return fields.map((field, index) => ({ field, at: -1, heading: index === 0 ? heading : undefined }));
}

function Kind({ field }: { field: Field | null }) {
  if (field === null) return <CircleSlash {...ICON} />;
  const { icon: Icon, text } = KINDS[field.kind];
  return <Icon {...ICON} aria-hidden={false} role="img" aria-label={text} />;
}

function Highlighted({ text, at, length }: { text: string; at: number; length: number }) {
  if (at < 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + length)}</mark>
      {text.slice(at + length)}
    </>
  );
}

/** Where a key goes from a row; null where it goes nowhere. */
function stepFrom(active: number, rows: number, key: string): number | null {
  const within = (row: number) => Math.min(Math.max(row, 0), rows - 1);
  if (rows === 0) return null;
  switch (key) {
    case "ArrowDown":
      return (active + 1) % rows;
    case "ArrowUp":
      return active <= 0 ? rows - 1 : active - 1;
    case "PageDown":
      return within(active + PAGE);
    case "PageUp":
      return within(active - PAGE);
    case "Home":
      return 0;
    case "End":
      return rows - 1;
    default:
      return null;
  }
}

function isSame(a: Field | null, b: Field | null): boolean {
  return a === b || (a !== null && b !== null && a.key === b.key && a.kind === b.kind);
}

/** Scroll a list, and not the page, until an item of it is seen. */
function keepInSight(list: HTMLElement, item: HTMLElement): void {
  const [outer, inner] = [list.getBoundingClientRect(), item.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}
