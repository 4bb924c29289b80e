import { X } from "lucide-preact";
import { fieldNamed } from "../state/fields";
import type { Filter } from "../state/filters";
import type { Store } from "../state/store";
import { formatFilter } from "./format";

const ICON = { size: 12, strokeWidth: 1.5, "aria-hidden": true } as const;

/** The filters that there are, each to be switched off, or taken away. */
export function FilterChips({ store }: { store: Store }) {
  const obs = store.dataset.value?.fields ?? [];
  const chips = Object.entries(store.filters.value).flatMap(([field, filter]) => {
    const text = formatFilter(fieldNamed(field, obs).key, filter);
    return text === null ? [] : [{ field, filter, text }];
  });
  if (chips.length === 0) return null;
  // A wheel that only turns up and down reaches the last of them too.
  const onWheel = (event: WheelEvent & { currentTarget: HTMLElement }) => {
    const list = event.currentTarget;
    if (list.scrollWidth <= list.clientWidth || event.deltaX !== 0) return;
    event.preventDefault();
    list.scrollLeft += event.deltaY;
  };
  return (
    <ul class="chips" aria-label="Filters" onWheel={onWheel}>
      {chips.map(({ field, filter, text }) => (
        <Chip key={field} store={store} field={field} filter={filter} text={text} />
      ))}
    </ul>
  );
}

function Chip({ store, field, filter, text }: { store: Store; field: string; filter: Filter; text: string }) {
  const { enabled = true, ...rest } = filter;
  const loading = enabled && !store.filterColumns.value.has(field);
  const toggle = () => store.setFilter(field, enabled ? { ...rest, enabled: false } : rest);
  return (
    <li class={enabled ? "chip" : "chip off"} aria-busy={loading}>
      <button
        type="button"
        class="text"
        aria-pressed={enabled}
        title={loading ? `Loading ${field}` : `${text}: click to switch ${enabled ? "off" : "on"}`}
        onClick={toggle}
      >
        {text}
      </button>
      <button
        type="button"
        class="remove"
        title="Remove the filter"
        aria-label={`Remove the filter ${text}`}
        onClick={() => store.setFilter(field, undefined)}
      >
        <X {...ICON} />
      </button>
    </li>
  );
}
