import { expect, onTestFinished } from "vitest";
import type { Inspection } from "../../src/host/inspection";
import module from "../../src/index";
import { openFake } from "../fakes/dataset";
import type { FakeModel } from "../fakes/model";
import type { FakePython } from "../fakes/python";

/** A widget on the page, as anywidget puts it there. */
export interface OpenWidget {
  readonly model: FakeModel;
  readonly python: FakePython;
  /** The output that holds the view. */
  readonly output: HTMLElement;
  readonly close: () => void;
}

/** Open a widget with one view in an output of some width; it is closed when the test is over. */
export function openWidget(
  traits: Record<string, unknown> = {},
  { width = 900, attached = true, prepare = (_python: FakePython) => {} } = {},
): OpenWidget {
  const { model, python } = openFake(traits);
  prepare(python);
  const output = addOutput(width);
  if (!attached) output.remove(); // as JupyterLab does until the view is made
  const closeModel = module.initialize({ model });
  const closeView = module.render({ model, el: output });
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    closeView();
    closeModel();
    output.remove();
  };
  onTestFinished(close);
  return { model, python, output, close };
}

export function addOutput(width = 900): HTMLElement {
  const output = document.createElement("div");
  output.style.width = `${width}px`;
  document.body.style.margin = "0";
  document.body.append(output);
  onTestFinished(() => output.remove());
  return output;
}

export function rootOf(output: HTMLElement): ShadowRoot {
  const root = output.querySelector(".cellucid")?.shadowRoot;
  if (!root) throw new Error("There is no view here.");
  return root;
}

export function find<E extends HTMLElement = HTMLElement>(output: HTMLElement, selector: string): E {
  const element = rootOf(output).querySelector<E>(selector);
  if (element === null) throw new Error(`There is no ${selector}.`);
  return element;
}

/** Words in the view's interface. */
export function textOf(output: HTMLElement, selector: string): string[] {
  return [...rootOf(output).querySelectorAll<HTMLElement>(selector)].map((element) => element.innerText.trim());
}

export function inspect(output: HTMLElement): Inspection {
  const element = output.querySelector(".cellucid") as (Element & { cellucid: { inspect(): Inspection } }) | null;
  if (element === null) throw new Error("There is no view here.");
  return element.cellucid.inspect();
}

export async function settled(output: HTMLElement): Promise<void> {
  await expect.poll(() => inspect(output).settled, { timeout: 10_000 }).toBe(true);
}
