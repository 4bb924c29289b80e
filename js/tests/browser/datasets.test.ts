import { describe, expect, it } from "vitest";
import { userEvent } from "vitest/browser";
import type { DatasetChoice } from "../../src/state/store";
import { type Mounted, mountWidget } from "./mounted";
import { mouse } from "./mouse";
import { addOutput, find, inspect, openWidget, rootOf, settled, textOf } from "./widget";

const CHOICES: DatasetChoice[] = [
  { id: "a", name: "Tumour", n_cells: 12_345 },
  { id: "b", name: "Normal", n_cells: 1 },
  { id: "c", name: "Blood", n_cells: null },
];
const options = ({ texts }: Mounted) => texts(".datasets [role=option]");

function mountSeveral(choices = CHOICES, width = 900): Mounted {
  const widget = mountWidget({ dataset: choices[0]?.id ?? "" }, width);
  widget.store.datasets.value = choices;
  return widget;
}

async function open(widget: Mounted): Promise<Mounted> {
  await expect.poll(() => widget.has(".toolbar .dataset")).toBe(true);
  widget.find(".toolbar .dataset").click();
  await expect.poll(() => widget.has(".datasets")).toBe(true);
  return widget;
}

describe("the menu of datasets", () => {
  it("is not there where there is one", async () => {
    const widget = mountSeveral(CHOICES.slice(0, 1));
    expect(widget.has(".dataset")).toBe(false);
    widget.find('[aria-label="Settings"]').click();
    await expect.poll(() => widget.has(".settings")).toBe(true);
    expect(widget.has('[aria-label="Dataset"]')).toBe(false);
  });

  it("names what is shown, and lists all with their cells", async () => {
    const widget = await open(mountSeveral());
    expect(widget.texts(".toolbar .dataset")).toEqual(["Tumour"]);
    expect(widget.find(".toolbar .dataset").getAttribute("aria-label")).toBe("Dataset: Tumour");
    expect(widget.find(".toolbar .dataset").ariaExpanded).toBe("true");
    expect(widget.texts(".datasets .name")).toEqual(["Tumour", "Normal", "Blood"]);
    expect(widget.texts(".datasets .count")).toEqual(["12,345 cells", "1 cell"]);
    expect(widget.find('.datasets [aria-label="shown"]').closest("[role=option]")?.textContent).toContain("Tumour");
    expect(widget.has(".datasets input")).toBe(false);
  });

  it("is chosen from by the keys alone, and gives the focus back", async () => {
    const widget = mountSeveral();
    await expect.poll(() => widget.has(".toolbar .dataset")).toBe(true);
    widget.find(".toolbar .dataset").focus();
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => widget.root.activeElement?.getAttribute("role")).toBe("listbox");
    const active = () => {
      const id = widget.root.activeElement?.getAttribute("aria-activedescendant");
      return widget.root.getElementById(id ?? "")?.innerText;
    };
    expect(active()).toContain("Tumour");
    await userEvent.keyboard("{End}{ArrowUp}");
    expect(active()).toContain("Normal");
    await userEvent.keyboard("{Enter}");
    expect(widget.store.datasetId.value).toBe("b");
    await expect.poll(() => widget.has(".datasets")).toBe(false);
    expect(widget.root.activeElement).toBe(widget.find(".toolbar .dataset"));
  });

  it("goes to a name by its first letter, which is no shortcut then", async () => {
    const widget = await open(mountSeveral());
    const active = () => widget.find(".datasets [aria-selected=true] .name").innerText;
    await userEvent.keyboard("b");
    await expect.poll(active).toBe("Blood");
    await userEvent.keyboard("N");
    await expect.poll(active).toBe("Normal");
    await userEvent.keyboard("lz");
    await expect.poll(active).toBe("Normal");
    await userEvent.keyboard(" ");
    expect([widget.store.datasetId.value, widget.store.tool.value]).toEqual(["b", "navigate"]);
  });

  it("says what is being opened until it is there, and goes back where Python says so", async () => {
    const widget = await open(mountSeveral());
    await mouse.click(widget.at(".datasets [role=option]:nth-of-type(2)"));
    await expect.poll(() => widget.texts(".status .loading")).toEqual(["Opening Normal"]);
    expect(widget.texts(".toolbar .dataset")).toEqual(["Normal"]);
    expect(widget.find(".toolbar .dataset").ariaBusy).toBe("true");
    widget.store.datasetId.value = "a";
    await expect.poll(() => widget.texts(".toolbar .dataset")).toEqual(["Tumour"]);
    expect(widget.has(".status .loading")).toBe(false);
  });

  it("closes with Escape, before anything else does", async () => {
    const widget = await open(mountSeveral());
    widget.store.tool.value = "lasso";
    widget.find(".plot").focus();
    widget.view.datasetsOpen.value = true;
    await userEvent.keyboard("{Escape}");
    await expect.poll(() => widget.has(".datasets")).toBe(false);
    expect([widget.store.tool.value, widget.store.datasetId.value]).toEqual(["lasso", "a"]);
  });

  it("tells those of one name apart by their ids", async () => {
    const widget = await open(mountSeveral(["x", "y"].map((id) => ({ id, name: "Tiny demo", n_cells: 12 }))));
    expect(widget.texts(".datasets .name")).toEqual(["Tiny demo x", "Tiny demo y"]);
    expect(widget.texts(".toolbar .dataset")).toEqual(["Tiny demo x"]);
  });

  it("is searched where it is long, by name and id", async () => {
    const many = Array.from({ length: 30 }, (_, index) => ({
      id: `id-${index}`,
      name: `Donor ${index}`,
      n_cells: 100,
    }));
    const widget = await open(mountSeveral(many));
    await expect.poll(() => widget.root.activeElement?.getAttribute("aria-label")).toBe("Search datasets");
    await userEvent.keyboard("R 2");
    await expect.poll(() => options(widget)).toHaveLength(11);
    expect(widget.texts(".datasets mark")[0]).toBe("r 2");
    await userEvent.keyboard("{Backspace}{Backspace}{Backspace}id-7");
    await expect.poll(() => widget.texts(".datasets .name")).toEqual(["Donor 7"]);
    await userEvent.keyboard("7");
    await expect.poll(() => widget.texts(".datasets .note")).toEqual(["No dataset matches “id-77”."]);
    await userEvent.keyboard("{Enter}{Backspace}{Enter}");
    expect(widget.store.datasetId.value).toBe("id-7");
  });

  it.each([200, 320, 420, 640])("is among the settings in a column of %s pixels", async (width) => {
    const widget = mountSeveral(CHOICES, width);
    await expect.poll(() => widget.has(".toolbar .dataset")).toBe(true);
    expect(getComputedStyle(widget.find(".toolbar .dataset")).display).toBe("none");
    widget.find('[aria-label="Settings"]').click();
    await expect.poll(() => widget.has(".settings")).toBe(true);
    const select = widget.find<HTMLSelectElement>('.settings select[aria-label="Dataset"]');
    expect([...select.options].map(({ text }) => text)).toEqual(["Tumour · 12,345 cells", "Normal · 1 cell", "Blood"]);
    const [inner, panel] = [select, widget.find(".settings")].map((element) => element.getBoundingClientRect());
    expect(inner.right).toBeLessThanOrEqual(panel.right);
    select.value = "c";
    select.dispatchEvent(new Event("change", { bubbles: true }));
    expect(widget.store.datasetId.value).toBe("c");
  });

  it("leaves the toolbar in one line whatever the names", async () => {
    const long = CHOICES.map((choice) => ({ ...choice, name: `${choice.name} ${"of many donors ".repeat(9)}` }));
    const widget = mountSeveral(long, 700);
    widget.store.tool.value = "lasso";
    widget.store.clearSelection("clear");
    await expect.poll(() => widget.has(".toolbar .dataset")).toBe(true);
    const toolbar = widget.find(".toolbar");
    expect(toolbar.scrollWidth).toBeLessThanOrEqual(toolbar.clientWidth);
    expect(widget.find(".toolbar .field:not(.dataset)").clientWidth).toBeGreaterThanOrEqual(64);
  });
});

describe("a widget whose dataset is changed", () => {
  const several = [
    { id: "grid", name: "grid", n_cells: 100 },
    { id: "other", name: "other", n_cells: 100 },
  ];

  it("tells Python of a choice, and begins afresh with what Python then says", async () => {
    const { model, python, output } = openWidget({ datasets: several });
    await settled(output);
    const page = python.events[0].page;
    find(output, ".toolbar .dataset").focus();
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => rootOf(output).activeElement?.getAttribute("role")).toBe("listbox");
    await userEvent.keyboard("{ArrowDown}{Enter}");
    await expect.poll(() => python.heard("traits").at(-1)?.values).toEqual({ dataset: "other" });
    expect(textOf(output, ".status .loading")).toEqual(["Opening other"]);
    const before = output.offsetHeight;
    model.update({ dataset: "other", datasets: several, _version: 1 });
    expect(output.offsetHeight).toBe(before);
    await settled(output);
    expect(inspect(output).traits.dataset).toBe("other");
    expect(textOf(output, ".toolbar .dataset")).toEqual(["other"]);
    expect(textOf(output, ".status .loading")).toEqual([]);
    expect(rootOf(output).activeElement).toBe(find(output, ".toolbar .dataset"));
    expect(python.events.at(-1)?.page).not.toBe(page);
  });

  it("keeps the focus of the plot, and takes none that was elsewhere", async () => {
    const { model, output } = openWidget({ datasets: several });
    await settled(output);
    find(output, ".plot").focus();
    model.update({ dataset: "other", _version: 1 });
    expect(rootOf(output).activeElement).toBe(find(output, ".plot"));
    const button = document.createElement("button");
    addOutput().append(button);
    button.focus();
    model.update({ dataset: "grid", _version: 2 });
    expect(document.activeElement).toBe(button);
    await settled(output);
  });
});
