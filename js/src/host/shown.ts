import { type PageAddress, pageAddress } from "../data/probe";
import { type Model, NotebookApp } from "./notebook";

/** A widget on this page: its app, made anew in place when Python looks at other data. */
export class Shown {
  private app: NotebookApp;
  /** Where the views are, and what takes each away. */
  private readonly views = new Map<HTMLElement, () => void>();

  constructor(
    private readonly model: Model,
    private readonly page: PageAddress = pageAddress(),
  ) {
    this.app = new NotebookApp(model, page);
    model.on("change:_version", this.restart);
  }

  add(parent: HTMLElement): () => void {
    this.views.set(parent, this.app.addView(parent));
    return () => {
      this.views.get(parent)?.();
      this.views.delete(parent);
    };
  }

  dispose(): void {
    this.model.off("change:_version", this.restart);
    this.app.dispose();
  }

  private readonly restart = (): void => {
    this.app.dispose();
    this.app = new NotebookApp(this.model, this.page);
    for (const parent of this.views.keys()) this.views.set(parent, this.app.addView(parent));
  };
}
