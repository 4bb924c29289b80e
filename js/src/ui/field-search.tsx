import { batch } from "@preact/signals-core";
import { ChevronDown, Search } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import { type Field, fieldNamed, nameOf } from "../state/fields";
import type { Store } from "../state/store";
import type { ViewState } from "../state/view";
import { ICON, SMALL_ICON } from "./button";
import { FieldList } from "./field-list";
import { Popover } from "./popover";

const RECENT = 5;

/** Shows what colours the cells; opens the search for something else. */
export function FieldSearch({ store, view }: { store: Store; view: ViewState }) {
  const anchor = useRef<HTMLButtonElement>(null);
  const [recent, setRecent] = useState<readonly Field[]>([]);
  const obs = store.dataset.value?.fields ?? [];
  const name = store.colorBy.value;
  const current = name === null ? null : fieldNamed(name, obs);
  const open = view.searchOpen.value;
  const close = () => {
    view.searchOpen.value = false;
  };
  const choose = (field: Field | null) => {
    close();
    colorBy(store, field);
    if (field === null) return;
    setRecent([field, ...recent.filter(({ key, kind }) => key !== field.key || kind !== field.kind)].slice(0, RECENT));
  };
  return (
    <>
      <button
        ref={anchor}
        type="button"
        class="field"
        title="Colour the cells by… ( / )"
        aria-label={`Colour the cells by: ${current?.key ?? "no colour"}`}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => {
          view.searchOpen.value = !open;
        }}
      >
        <Search {...ICON} />
        <span class="name">{current?.key ?? "No colour"}</span>
        <ChevronDown {...SMALL_ICON} class="more" />
      </button>
      {open && (
        <Popover anchor={anchor} label="Colour the cells by" class="options search" onClose={close}>
          <FieldList store={store} current={current} recent={recent} onChoose={choose} />
        </Popover>
      )}
    </>
  );
}

/** Colour by another field. Limits that are numbers mean nothing there; percentiles do. */
function colorBy(store: Store, field: Field | null): void {
  const name = field && nameOf(field, store.dataset.peek()?.fields ?? []);
  if (name === store.colorBy.peek()) return;
  batch(() => {
    store.colorBy.value = name;
    if (store.colorLimits.peek()?.some((limit) => typeof limit === "number")) store.colorLimits.value = null;
  });
}
