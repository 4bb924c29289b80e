import { Check, ChevronDown, Database } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import type { DatasetChoice, Store } from "../state/store";
import type { ViewState } from "../state/view";
import { ICON, SMALL_ICON } from "./button";
import { Select } from "./choices";
import { cells } from "./format";
import { Highlighted, OptionList } from "./option-list";
import { Popover } from "./popover";

const MANY = 10; // a list that is longer is searched

/** The name of the dataset that is shown, and a menu of those it lies beside; nothing where it lies alone. */
export function DatasetMenu({ store, view }: { store: Store; view: ViewState }) {
  const anchor = useRef<HTMLButtonElement>(null);
  const { current, others } = choiceOf(store);
  if (!others) return null;
  const open = view.datasetsOpen.value;
  const close = () => {
    view.datasetsOpen.value = false;
  };
  const { name, aside } = current;
  return (
    <>
      <button
        ref={anchor}
        data-control="dataset"
        type="button"
        class="field dataset"
        title={`Dataset: ${aside ?? name}`}
        aria-label={`Dataset: ${aside === null ? name : `${name}, ${aside}`}`}
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-busy={store.opening.value !== null}
        onClick={() => {
          view.datasetsOpen.value = !open;
        }}
      >
        <Database {...ICON} />
        <span class="name">
          {name}
          {aside !== null && <small> {aside}</small>}
        </span>
        <ChevronDown {...SMALL_ICON} class="more" />
      </button>
      {open && (
        <Popover anchor={anchor} label="Datasets" class="options datasets" onClose={close}>
          <DatasetList
            store={store}
            onChoose={(id) => {
              close();
              store.datasetId.value = id;
            }}
          />
        </Popover>
      )}
    </>
  );
}

/** The same choice in a column too narrow for the name in the toolbar. */
export function DatasetSelect({ store }: { store: Store }) {
  const { current, others } = choiceOf(store);
  if (!others) return null;
  return (
    <Select
      label="Dataset"
      value={current.id}
      options={named(store.datasets.value).map(({ id, name, aside, n_cells }) => ({
        value: id,
        text: [aside ?? name, ...(n_cells === null ? [] : [cells(n_cells)])].join(" · "),
      }))}
      onChange={(id) => {
        store.datasetId.value = id;
      }}
    />
  );
}

function DatasetList({ store, onChoose }: { store: Store; onChoose: (id: string) => void }) {
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const all = named(store.datasets.value);
  const found = all.filter((dataset) => [dataset.name, dataset.id].some((word) => word.toLowerCase().includes(wanted)));
  const current = store.datasetId.value;
  const query = {
    label: "Search datasets",
    placeholder: "Dataset",
    text,
    onInput: setText,
  };
  return (
    <OptionList
      label="Datasets"
      query={all.length > MANY ? query : undefined}
      rows={found.map(({ id, name, aside, n_cells }) => ({
        key: id,
        text: name,
        content: (
          <>
            <span class="slot">
              {id === current && <Check {...SMALL_ICON} aria-hidden={false} aria-label="shown" class="mark" />}
            </span>
            <span class="name" title={aside ?? name}>
              <Highlighted text={name} at={name.toLowerCase().indexOf(wanted)} length={wanted.length} />
              {aside !== null && <small> {aside}</small>}
            </span>
            {n_cells !== null && <span class="count">{cells(n_cells)}</span>}
          </>
        ),
      }))}
      begin={wanted === "" ? found.findIndex(({ id }) => id === current) : 0}
      complaint={found.length === 0 ? `No dataset matches “${text.trim()}”.` : null}
      onChoose={(row) => onChoose(found[row].id)}
    />
  );
}

/** A dataset with its id beside its name, where others have that name. */
type Named = DatasetChoice & { readonly aside: string | null };

function named(datasets: readonly DatasetChoice[]): Named[] {
  const count = new Map<string, number>();
  for (const { name } of datasets) count.set(name, (count.get(name) ?? 0) + 1);
  return datasets.map((dataset) => ({ ...dataset, aside: (count.get(dataset.name) ?? 0) > 1 ? dataset.id : null }));
}

/** What a person has chosen, be it shown already or being opened; and whether there is anything else. */
function choiceOf(store: Store): { current: Named; others: boolean } {
  const id = store.datasetId.value;
  const all = named(store.datasets.value);
  const current = all.find((dataset) => dataset.id === id);
  return { current: current ?? { id, name: id, n_cells: null, aside: null }, others: all.length > 1 };
}
