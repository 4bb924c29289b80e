import { type Model, NotebookApp } from "./host/notebook";

// Jupyter evaluates this module once for each widget, marimo once for each page: apps are found by their widget's id.
const apps = new Map<string, NotebookApp>();

function appOf(model: Model): NotebookApp {
  const id = String(model.get("viewer_id"));
  const app = apps.get(id) ?? new NotebookApp(model);
  apps.set(id, app);
  return app;
}

function initialize({ model }: { model: Model }): () => void {
  const app = appOf(model);
  return () => {
    apps.delete(String(model.get("viewer_id")));
    app.dispose();
  };
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  return appOf(model).addView(el);
}

export default { initialize, render };
