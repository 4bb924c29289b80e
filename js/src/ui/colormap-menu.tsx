import type { RefObject } from "preact";
import { useId } from "preact/hooks";
import { COLORMAPS, colormapGradient } from "../state/colormaps";
import type { Store } from "../state/store";
import { Popover } from "./popover";

const REVERSED = "_r"; // as matplotlib marks it

/** The colours to choose from; each is tried on the cells as soon as it is chosen. */
export function ColormapMenu(props: { store: Store; anchor: RefObject<HTMLElement>; onClose: () => void }) {
  const { store, anchor, onClose } = props;
  const group = useId();
  const current = store.colormap.value;
  const reversed = current.endsWith(REVERSED);
  const base = reversed ? current.slice(0, -REVERSED.length) : current;
  const choose = (name: string, backwards: boolean) => {
    store.colormap.value = backwards ? name + REVERSED : name;
  };
  return (
    <Popover anchor={anchor} label="Colours" class="colormaps" onClose={onClose}>
      <div role="radiogroup" aria-label="Colours">
        {COLORMAPS.map((name) => (
          <label key={name}>
            <input
              type="radio"
              name={group}
              data-first={name === base ? "" : undefined}
              checked={name === base}
              onChange={() => choose(name, reversed)}
            />
            <span
              class="swatch"
              style={{ background: colormapGradient(reversed ? name + REVERSED : name, "to right") }}
            />
            <span class="name">{name}</span>
          </label>
        ))}
      </div>
      <label class="reverse">
        <input type="checkbox" checked={reversed} onChange={() => choose(base, !reversed)} />
        <span class="name">Reversed</span>
      </label>
    </Popover>
  );
}
