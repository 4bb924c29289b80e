import { effect } from "@preact/signals-core";
import type { CommCarrier } from "../channel/comm";
import type { Events } from "../channel/events";
import type { Store } from "../state/store";
import { listen, type TraitModel } from "./traits";

const PAUSE = 100; // ms between two hovers that Python hears of; the last one is always told

/** Tells Python which cell the pointer is over, while anybody there listens; shows the one that Python points at. */
export function linkHover(model: TraitModel, store: Store, carrier: CommCarrier, events: Events): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    timer = undefined;
    const { cell, origin } = store.hover.peek();
    if (origin !== "viewer" || cell === model.get("hovered")) return;
    model.set("hovered", cell); // for widgets that are linked in the page
    if (model.get("_hover_wanted")) events.tell("hover", { cell });
  };
  const stops = [
    effect(() => {
      if (store.hover.value.origin === "viewer") timer ??= setTimeout(tell, PAUSE);
    }),
    carrier.listen((message) => {
      // In another page. Python does not send the trait: the page that told it would get it back.
      if (message.kind !== "command" || message.command !== "hover") return;
      const { cell } = message.payload;
      const isCell = Number.isSafeInteger(cell) && (cell as number) >= 0 && (cell as number) < store.n_cells;
      if (cell === null || isCell) model.set("hovered", cell);
    }),
    listen(model, "hovered", () => {
      const cell = model.get("hovered") as number | null;
      if (cell !== store.hover.peek().cell) store.hover.value = { cell, origin: "python" };
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
    // What is only set here would travel with whatever is saved next, by then of other cells perhaps.
    if (store.hover.peek().origin === "viewer" && model.get("hovered") !== null) model.set("hovered", null);
  };
}
