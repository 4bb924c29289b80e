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
    const focused = [...this.views.keys()].map(focusIn);
    const release = [...this.views.keys()].map(keepHeight);
    this.app.dispose();
    this.app = new NotebookApp(this.model, this.page);
    for (const parent of this.views.keys()) this.views.set(parent, this.app.addView(parent));
    for (const [index, parent] of [...this.views.keys()].entries()) {
      focus(parent, focused[index]);
      release[index]();
    }
  };
}

/** How to find the control in a view that has the focus, the plot where it has no name; null where none has it. */
function focusIn(parent: HTMLElement): string | null {
  const focused = rootOf(parent)?.activeElement;
  if (!(focused instanceof HTMLElement)) return null;
  const { control } = focused.dataset;
  return control === undefined ? ".plot" : `[data-control="${control}"]`;
}

/** Give the focus back; or it falls to the page, whose next key is the notebook's. */
function focus(parent: HTMLElement, selector: string | null): void {
  if (selector !== null) rootOf(parent)?.querySelector<HTMLElement>(selector)?.focus({ preventScroll: true });
}

/** Keep an output as high as it is while it is empty, or the page scrolls away; returns what lets go. */
function keepHeight(parent: HTMLElement): () => void {
  const { minHeight } = parent.style;
  parent.style.minHeight = `${parent.offsetHeight}px`;
  return () => {
    parent.style.minHeight = minHeight;
  };
}

function rootOf(parent: HTMLElement): ShadowRoot | null {
  return parent.querySelector(".cellucid")?.shadowRoot ?? null;
}
