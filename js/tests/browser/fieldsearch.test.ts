import { describe, expect, it } from "vitest";
import { userEvent } from "vitest/browser";
import { GENES, type Mounted, mountWidget, OTHER_NAMES } from "./mounted";
import { mouse } from "./mouse";
import { find, inspect, openWidget, rootOf, settled, textOf } from "./widget";

const options = ({ texts }: Mounted) => texts(".search [role=option]");
const active = ({ root }: Mounted) => {
  const id = root.querySelector("[role=combobox]")?.getAttribute("aria-activedescendant");
  return id ? (root.getElementById(id)?.innerText.trim() ?? null) : null;
};

async function open(widget: Mounted): Promise<Mounted> {
  widget.find(".field").click();
  await expect.poll(() => widget.root.activeElement?.getAttribute("role")).toBe("combobox");
  return widget;
}

async function type(widget: Mounted, text: string): Promise<void> {
  await userEvent.keyboard(text);
  await expect.poll(() => widget.find<HTMLInputElement>("[role=combobox]").value).toBe(text);
}

describe("the field search", () => {
  it("opens by its button and by the slash, and says what there is", async () => {
    const widget = mountWidget({ colorBy: "louvain" });
    expect(widget.texts(".field")).toEqual(["louvain"]);
    widget.find(".plot").focus();
    await userEvent.keyboard("/");
    await expect
      .poll(() => options(widget))
      .toEqual(["No colour", "louvain", "barcode", "n_counts", "constant", "empty"]);
    expect(active(widget)).toBe("louvain");
    await expect.poll(() => widget.texts(".search .note")).toEqual(["Type to search 105 genes"]);
    expect(widget.find(".field").getAttribute("aria-expanded")).toBe("true");
  });

  it("asks for the genes when it opens, not before, and says that they are on their way", async () => {
    const widget = mountWidget();
    expect(widget.store.genesWanted.value).toBe(false);
    await open(widget);
    await expect.poll(() => widget.store.genesWanted.value).toBe(true);
    widget.store.genes.value = null;
    await expect.poll(() => widget.texts(".search .note")).toEqual(["Loading the genes…"]);
    await type(widget, "CD3X");
    expect(options(widget)).toEqual([]);
    expect(widget.texts(".search .note")).toEqual(["Loading the genes…"]);
    widget.store.genes.value = GENES;
    await expect.poll(() => widget.texts(".search .note")[0]).toContain("No gene or column");
  });

  it("finds columns and genes, marks where the query is, and colours by the first with Enter", async () => {
    const widget = await open(mountWidget());
    await type(widget, "cd3");
    expect(options(widget)).toEqual(["CD34", "CD3D", "CD3E"]);
    expect(widget.texts(".search mark")).toEqual(["CD3", "CD3", "CD3"]);
    expect(active(widget)).toBe("CD34");
    await userEvent.keyboard("e{Enter}");
    expect(widget.store.colorBy.value).toBe("CD3E");
    await expect.poll(() => widget.has(".search")).toBe(false);
    expect(widget.texts(".field")).toEqual(["CD3E"]);
  });

  it("goes through the rows with the arrow keys, round and round, and to the ends", async () => {
    const widget = await open(mountWidget());
    const afterKeys = async (keys: string) => {
      await userEvent.keyboard(keys);
      return active(widget);
    };
    expect(active(widget)).toBe("No colour");
    expect(await afterKeys("{ArrowDown}")).toBe("louvain");
    expect(await afterKeys("{ArrowUp}{ArrowUp}")).toBe("empty");
    expect(await afterKeys("{ArrowDown}")).toBe("No colour");
    expect(await afterKeys("{End}")).toBe("empty");
    expect(await afterKeys("{Home}{ArrowDown}")).toBe("louvain");
    await userEvent.keyboard("{Enter}");
    expect(widget.store.colorBy.value).toBe("louvain");
  });

  it("keeps the active row in sight", async () => {
    const widget = await open(mountWidget());
    await type(widget, "rpl");
    expect(options(widget)).toHaveLength(60);
    expect(widget.texts(".search .note")).toEqual(["40 more"]);
    await userEvent.keyboard("{End}");
    const list = widget.find(".found").getBoundingClientRect();
    const row = widget.find("[aria-selected=true]").getBoundingClientRect();
    expect(row.bottom).toBeLessThanOrEqual(list.bottom);
    expect(row.top).toBeGreaterThan(list.top);
    expect(scrollY).toBe(0);
  });

  it("takes a click on a row, and the focus goes back to the button", async () => {
    const widget = await open(mountWidget());
    widget.find(".field").focus();
    await userEvent.keyboard("{Escape}");
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => widget.has(".search")).toBe(true);
    await mouse.click(widget.at(".search [role=option]:nth-of-type(2)"));
    expect(widget.store.colorBy.value).toBe("louvain");
    await expect.poll(() => widget.root.activeElement).toBe(widget.find(".field"));
  });

  it("says which names are closest when there is none, and Enter takes none of them unasked", async () => {
    const widget = await open(mountWidget());
    await type(widget, "CD3X");
    expect(widget.texts(".search .note")).toEqual(["No gene or column matches “CD3X”. Closest: CD3D, CD3E, CD34"]);
    expect(options(widget)).toEqual(["CD3D", "CD3E", "CD34"]);
    await userEvent.keyboard("{Enter}");
    expect(widget.store.colorBy.value).toBeNull();
    await userEvent.keyboard("{ArrowDown}{ArrowDown}{Enter}");
    expect(widget.store.colorBy.value).toBe("CD3E");
  });

  it("says plainly that there is nothing like it", async () => {
    const widget = await open(mountWidget());
    await type(widget, "zzzzzz");
    expect(widget.texts(".search .note")).toEqual(["No gene or column matches “zzzzzz”."]);
  });

  it("finds a gene by another name, which it shows beside it, and colours by the gene", async () => {
    const widget = await open(mountWidget());
    await type(widget, "cd20");
    await expect.poll(() => options(widget)).toEqual(["MS4A1 CD20"]);
    expect(widget.texts(".search mark")).toEqual(["CD20"]);
    expect(widget.find(".search [role=option] .name").title).toBe("MS4A1  CD20");
    expect(getComputedStyle(widget.find(".search small")).color).toBe(
      getComputedStyle(widget.find(".search .query")).color,
    );
    await userEvent.keyboard("{Enter}");
    expect(widget.store.colorBy.value).toBe("MS4A1");
    expect(widget.texts(".field")).toEqual(["MS4A1"]);
  });

  it("asks for the other names when the shown ones do not fill the list, not before, and says that it looks", async () => {
    const widget = await open(mountWidget());
    await type(widget, "rpl");
    expect(widget.store.otherNamesWanted.value).toBe(false);
    await userEvent.keyboard("{Backspace}{Backspace}{Backspace}t3");
    await expect.poll(() => widget.store.otherNamesWanted.value).toBe(true);
    widget.store.otherNames.value = null;
    await expect.poll(() => widget.texts(".search .note")).toEqual(["Looking among other names of genes…"]);
    expect(options(widget)).toEqual([]);
    widget.store.otherNames.value = OTHER_NAMES;
    await expect.poll(() => options(widget)).toEqual(["CD3E T3E"]);
    expect(widget.has(".search .note")).toBe(false);
  });

  it("looks through 36,000 genes and two other names of each", async () => {
    const widget = mountWidget();
    widget.store.genesWanted.value = true;
    widget.store.otherNamesWanted.value = true;
    await open(widget);
    const genes = Array.from({ length: 36_000 }, (_, index) => `GENE${index}`);
    widget.store.genes.value = genes;
    widget.store.otherNames.value = [0, 1].map((column) => genes.map((_, index) => `ENS${column}G${36_000 + index}`));
    await type(widget, "ens1g71999");
    await expect.poll(() => options(widget)).toEqual(["GENE35999 ENS1G71999"]);
  });

  it("names a gene as such only where an obs column has its name", async () => {
    const widget = await open(mountWidget());
    await type(widget, "n_counts");
    expect(options(widget)).toEqual(["n_counts", "n_counts"]);
    await userEvent.keyboard("{ArrowDown}{Enter}");
    expect(widget.store.colorBy.value).toBe("gene:n_counts");
    expect(widget.texts(".field")).toEqual(["n_counts"]);
    await open(widget);
    await type(widget, "n_counts");
    await userEvent.keyboard("{Enter}");
    expect(widget.store.colorBy.value).toBe("n_counts");
  });

  it("drops limits that are numbers, and keeps percentiles", async () => {
    const widget = await open(mountWidget({ colorBy: "n_counts", colorLimits: [0, "p99"] }));
    await userEvent.keyboard("CD3E{Enter}");
    expect(widget.store.colorLimits.value).toBeNull();
    widget.store.colorLimits.value = ["p1", "p99"];
    await open(widget);
    await userEvent.keyboard("n_counts{Enter}");
    expect(widget.store.colorLimits.value).toEqual(["p1", "p99"]);
  });

  it("has what was used last on top", async () => {
    const widget = mountWidget();
    for (const name of ["CD3E", "louvain"]) {
      await open(widget);
      await userEvent.keyboard(`${name}{Enter}`);
    }
    await open(widget);
    expect(options(widget).slice(0, 4)).toEqual(["No colour", "louvain", "CD3E", "barcode"]);
    expect(widget.texts(".search .heading")).toEqual(["Recent", "Columns"]);
  });

  it("closes with Escape and with a press elsewhere, and changes nothing", async () => {
    const widget = await open(mountWidget({ tool: "lasso" }));
    await type(widget, "cd3");
    await userEvent.keyboard("{Escape}");
    await expect.poll(() => widget.has(".search")).toBe(false);
    expect(widget.store.tool.value).toBe("lasso");
    await open(widget);
    await mouse.click(widget.at(".status"));
    await expect.poll(() => widget.has(".search")).toBe(false);
    expect(widget.store.colorBy.value).toBeNull();
  });

  it.each([
    ["a small widget", 380, 160],
    ["a large one", 900, 600],
  ])("stays inside %s", async (_name, width, height) => {
    const widget = await open(mountWidget({ height }, width));
    await userEvent.keyboard("rpl");
    await expect.poll(() => options(widget)).toHaveLength(60);
    const [panel, box] = [".search", ".widget"].map((selector) => widget.find(selector).getBoundingClientRect());
    expect(panel.left).toBeGreaterThanOrEqual(box.left);
    expect(panel.right).toBeLessThanOrEqual(box.right);
    expect(panel.bottom).toBeLessThanOrEqual(box.bottom);
    expect(panel.height).toBeGreaterThan(80);
  });
});

describe("the search of a widget", () => {
  const look = async (output: HTMLElement, query: string) => {
    await settled(output);
    find(output, ".field").click();
    await expect.poll(() => rootOf(output).activeElement?.getAttribute("role")).toBe("combobox");
    await userEvent.keyboard(query);
  };

  it("reads the other names of the genes of the layer once they are needed", async () => {
    const { python, output } = openWidget();
    const asked = () => python.reads.filter(({ path }) => path.endsWith("other_names.json")).length;
    await look(output, "cd3e");
    await expect.poll(() => textOf(output, ".search [role=option]")).toEqual(["CD3E"]);
    await expect.poll(asked).toBe(1);
    await userEvent.keyboard("{Backspace}{Backspace}{Backspace}{Backspace}ENSG00000198851");
    await expect.poll(() => textOf(output, ".search [role=option]")).toEqual(["CD3E ENSG00000198851"]);
    expect(asked()).toBe(1);
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => inspect(output).traits.color_by).toBe("CD3E");
  });

  it("does without those that cannot be read", async () => {
    const { output } = openWidget({}, { prepare: (python) => python.broken.add("var/other_names.json") });
    await look(output, "CD3X");
    await expect.poll(() => textOf(output, ".search .note")[0]).toContain("No gene or column matches “CD3X”.");
    expect(inspect(output).notices.join()).toContain("other names of the genes");
  });
});
