import { Check, CircleSlash, Dna, Hash, Tags } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { closest } from "../state/closest";
import type { Field } from "../state/fields";
import { type Match, search } from "../state/search";
import type { Store } from "../state/store";
import { ICON, SMALL_ICON } from "./button";
import { formatCount } from "./format";
import { Highlighted, OptionList } from "./option-list";

const ROWS = 60; // more than anybody reads; the rest is counted
const IN_SIGHT = 11; // rows that are seen without scrolling
const GUESSES = 3;

const KINDS = {
  categorical: { icon: Tags, text: "categories" },
  continuous: { icon: Hash, text: "numbers" },
  gene: { icon: Dna, text: "gene" },
} as const;

/** A row to choose; a null field is no colour. */
type Row = Omit<Match, "field"> & {
  readonly field: Field | null;
  /** The heading above it. */
  readonly heading?: string | undefined;
};

/** All that a person can choose from now, and what is said below it. */
interface Listing {
  readonly rows: readonly Row[];
  readonly note: string | null;
  /** Something is wrong with the query: it is said above the rows. */
  readonly complaint: string | null;
  /** Names that are not loaded yet may have the query in them. */
  readonly incomplete?: boolean;
}

/** One field of text over obs columns and genes. */
export function FieldList(props: {
  store: Store;
  current: Field | null;
  recent: readonly Field[];
  onChoose: (field: Field | null) => void;
}) {
  const { store, current, recent, onChoose } = props;
  const [text, setText] = useState("");
  const query = text.trim();
  const { rows, note, complaint, incomplete } = listing(store, query, recent);
  // A guess is nobody's word: Enter takes one only after the arrow keys have gone there.
  const begin = complaint !== null ? -1 : query === "" ? rows.findIndex(({ field }) => isSame(field, current)) : 0;

  useEffect(() => {
    store.genesWanted.value = true;
  }, []);
  useEffect(() => {
    if (incomplete) store.otherNamesWanted.value = true;
  }, [incomplete]);
  return (
    <OptionList
      label="Columns and genes"
      query={{ label: "Search obs columns and genes", placeholder: "Column or gene", text, onInput: setText }}
      rows={rows.map((row) => ({
        key: row.field === null ? "" : `${row.field.kind} ${row.field.key}`,
        text: row.field?.key ?? "",
        heading: row.heading,
        content: <FieldRow row={row} length={query.length} shown={isSame(row.field, current)} />,
      }))}
      begin={begin}
      complaint={complaint}
      note={note}
      onChoose={(row) => onChoose(rows[row].field)}
    />
  );
}

function FieldRow({ row, length, shown }: { row: Row; length: number; shown: boolean }) {
  const { field, at, other } = row;
  const title = [field?.key, other?.name].filter(Boolean).join("  ");
  return (
    <>
      <Kind field={field} />
      <span class="name" title={title || undefined}>
        <Highlighted text={field?.key ?? "No colour"} at={at} length={length} />
        {other !== undefined && (
          <small>
            {" "}
            <Highlighted text={other.name} at={other.at} length={length} />
          </small>
        )}
      </span>
      {shown && <Check {...SMALL_ICON} aria-hidden={false} aria-label="shown" class="mark" />}
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
  const otherNames = store.otherNames.value;
  const { best, more } = search(query, obs, genes ?? [], ROWS, otherNames ?? []);
  const incomplete = genes !== null && otherNames === null && best.length < IN_SIGHT;
  if (best.length > 0 || loading !== null || incomplete) {
    const rest = more > 0 ? `${formatCount(more)} more` : null;
    return {
      rows: best,
      note: loading ?? (incomplete ? "Looking among other names of genes…" : rest),
      complaint: null,
      incomplete,
    };
  }
  const guesses = closest(query, [...obs.map(({ key }) => key), ...(genes ?? [])], GUESSES);
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

function isSame(a: Field | null, b: Field | null): boolean {
  return a === b || (a !== null && b !== null && a.key === b.key && a.kind === b.kind);
}
