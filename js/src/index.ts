import type { Model } from "./host/notebook";
import { Shown } from "./host/shown";

// Jupyter evaluates this module once for each widget, marimo once for each page: apps are found by their widget's id.
const shown = new Map<string, Shown>();

function find(model: Model): Shown {
  const id = String(model.get("viewer_id"));
  const found = shown.get(id) ?? new Shown(model);
  shown.set(id, found);
  return found;
}

function initialize({ model }: { model: Model }): () => void {
  const widget = find(model);
  return () => {
    shown.delete(String(model.get("viewer_id")));
    widget.dispose();
  };
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  return find(model).add(el);
}

export default { initialize, render };
