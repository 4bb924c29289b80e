import { afterEach, describe, expect, it } from "vitest";
import { userEvent } from "vitest/browser";
import { Bitset } from "../../src/state/bitset";
import { mountWidget } from "./mounted";
import { mouse } from "./mouse";

describe("the settings", () => {
  it("set how things look, and take it all back", async () => {
    const { store, root, find, has, texts } = mountWidget({ colorBy: "gene:CD3E" });
    find('[aria-label="Settings"]').click();
    await expect.poll(() => has(".settings [role=radiogroup]")).toBe(true);
    find('[aria-label="Point size"]').focus();
    await userEvent.keyboard("{End}");
    expect(store.pointSize.value).toBe(4);
    find('.settings input[aria-label="Opacity"]').focus();
    await userEvent.keyboard("{Home}{ArrowRight}");
    expect(store.opacity.value).toBe(0.01);
    await expect.poll(() => texts(".settings .value")).toEqual(["4×", "1 % · automatic"]);
    const layer = find<HTMLSelectElement>('[aria-label="Genes from"]');
    expect([...layer.options].map(({ text }) => text)).toEqual(["automatic (log1p)", "raw", "log1p"]);
    await userEvent.selectOptions(layer, "raw");
    expect(store.layer.value).toBe("raw");
    const dark = [...root.querySelectorAll<HTMLInputElement>(".settings input[type=radio]")].find(
      ({ value }) => value === "dark",
    );
    dark?.click();
    expect(store.theme.value).toBe("dark");

    find(".settings .value .words").click();
    expect(store.opacity.value).toBeNull();
    find(".settings .reset").click();
    expect([store.pointSize.value, store.opacity.value, store.layer.value, store.theme.value]).toEqual([
      1,
      null,
      null,
      "auto",
    ]);
    await expect.poll(() => find<HTMLButtonElement>(".settings .reset").disabled).toBe(true);
  });

  it("close when the focus goes elsewhere", async () => {
    const { find, has, root } = mountWidget();
    find('[aria-label="Settings"]').click();
    await expect.poll(() => has(".settings")).toBe(true);
    find(".plot").focus();
    await expect.poll(() => has(".settings")).toBe(false);
    expect(root.activeElement).toBe(find(".plot"));
  });
});

describe("the status line", () => {
  it("says how many cells are in sight, and which have no place", async () => {
    const { store, texts, find } = mountWidget();
    expect(texts(".status .shown")).toEqual(["100 cells"]);
    store.setFilter("louvain", { hide: ["B cells"] });
    await expect.poll(() => texts(".status .shown")).toEqual(["75 of 100 shown"]);
    store.marks.value = { ...store.marks.value, hidden: Bitset.fromPositions(100, [99, 0]) };
    await expect.poll(() => texts(".status .shown")).toEqual(["74 of 100 shown"]);
    expect(find(".status .shown").title).toBe("Python has hidden 2 cells");
    const points = store.points.value;
    if (points !== null) store.points.value = { ...points, placed: 93 };
    await expect.poll(() => find(".status").innerText).toContain("7 not placed");
  });

  it("says what is under way, and how far it is", async () => {
    const { store, texts, find } = mountWidget();
    store.progress.value = { label: "CD3E", loaded: 25, total: 100, waiting: false };
    await expect.poll(() => texts(".status [role=status]")).toEqual(["Loading CD3E"]);
    const bar = find(".progress").getBoundingClientRect();
    expect(bar.width / find(".status").getBoundingClientRect().width).toBeCloseTo(0.25, 1);
    store.progress.value = { label: "CD3E", loaded: 0, total: null, waiting: true };
    await expect.poll(() => texts(".status [role=status]")).toEqual(["Waiting for Python"]);
  });

  it("says by which road the data come", async () => {
    const { store, find } = mountWidget();
    for (const [road, word] of [
      ["direct", "straight from Python"],
      ["proxy", "Jupyter's proxy"],
      ["comm", "notebook's own connection"],
    ] as const) {
      store.transport.value = road;
      await expect.poll(() => find(".status .road").ariaLabel).toContain(word);
    }
  });

  it("has a chip for each filter, to switch off and to take away", async () => {
    const { store, find, texts, root } = mountWidget({
      filters: { louvain: { hide: ["B cells", "T cells"] }, "gene:CD3E": { min: 1 }, n_counts: {} },
    });
    expect(texts(".chips .text")).toEqual(["louvain: 2 hidden", "CD3E ≥ 1"]);
    find(".chips .text").click();
    expect(store.filters.value.louvain).toEqual({ hide: ["B cells", "T cells"], enabled: false });
    await expect.poll(() => find(".chips .text").ariaPressed).toBe("false");
    const visible = store.visibleCount.value;
    expect(visible).toBe(66);
    find(".chips .text").click();
    expect(store.filters.value.louvain).toEqual({ hide: ["B cells", "T cells"] });
    expect(store.visibleCount.value).toBeLessThan(visible);
    root.querySelectorAll<HTMLElement>(".chips .remove")[1].click();
    await expect.poll(() => texts(".chips .text")).toEqual(["louvain: 2 hidden"]);
    expect(Object.keys(store.filters.value).sort()).toEqual(["louvain", "n_counts"]);
    store.filterColumns.value = new Map();
    await expect.poll(() => find(".chip").ariaBusy).toBe("true");
  });

  it("offers to take the filters away where they leave nothing", async () => {
    const { store, find, has } = mountWidget();
    store.setFilter("n_counts", { min: 1000 });
    await expect.poll(() => has(".empty")).toBe(true);
    expect(find(".empty").innerText).toContain("None of the 100 cells pass the filters");
    find(".empty button").click();
    expect(store.filters.value).toEqual({});
    await expect.poll(() => has(".empty")).toBe(false);
  });
});

describe("the tooltip", () => {
  it("has the cell's name, and its value in the colour of the cell", async () => {
    const { store, texts, has, find } = mountWidget({ colorBy: "louvain" });
    store.hover.value = { cell: 27, origin: "python" };
    await expect.poll(() => texts(".tooltip .name")).toEqual(["Cell 27"]);
    store.hoveredName.value = "AAACCTG-1";
    await expect.poll(() => texts(".tooltip .name")).toEqual(["AAACCTG-1"]);
    expect(texts(".tooltip .what")).toEqual(["T cells"]);
    store.colorBy.value = "n_counts";
    await expect.poll(() => texts(".tooltip .value")).toEqual(["n_counts\n27"]);
    store.hover.value = { cell: 0, origin: "python" };
    await expect.poll(() => texts(".tooltip .what")).toEqual(["missing"]);
    expect(getComputedStyle(find(".tooltip .dot")).backgroundColor).not.toBe("");
    store.setFilter("n_counts", { min: 50 });
    await expect.poll(() => has(".tooltip")).toBe(false); // a hidden cell is not pointed at
  });

  it("stays in the plot, whichever cell it is of", async () => {
    const { store, find, has } = mountWidget({ colorBy: "louvain" }, 420);
    store.hoveredName.value = "a cell with a name that is rather long-1-2-3";
    for (const cell of [0, 9, 90, 99, 44]) {
      store.hover.value = { cell, origin: "python" };
      store.hoveredName.value = `cell ${cell} has a name that is rather long`;
      await expect.poll(() => has(".tooltip") && find(".tooltip").innerText.includes(`cell ${cell} `)).toBe(true);
      await expect.poll(() => getComputedStyle(find(".tooltip")).visibility).toBe("visible");
      const box = find(".tooltip").getBoundingClientRect();
      const plot = find(".plot").getBoundingClientRect();
      expect(box.left).toBeGreaterThanOrEqual(plot.left);
      expect(box.right).toBeLessThanOrEqual(plot.right);
      expect(box.top).toBeGreaterThanOrEqual(plot.top);
      expect(box.bottom).toBeLessThanOrEqual(plot.bottom);
    }
  });
});

describe("the lower edge", () => {
  afterEach(() => mouse.letGo());

  it("changes the height when it is dragged, and tells it once", async () => {
    const { store, at, host } = mountWidget();
    const told: number[] = [];
    store.height.subscribe((height) => told.push(height));
    const [x, y] = at(".resize");
    await mouse.move([x, y]);
    await mouse.press();
    await mouse.move([x, y + 30], [x, y + 100]);
    expect(host.offsetHeight).toBe(500);
    expect(told).toEqual([400]);
    await mouse.release();
    expect(told).toEqual([400, 500]);
  });

  it("stays within what a height may be", async () => {
    const { store, at, find } = mountWidget();
    const [x, y] = at(".resize");
    await mouse.drag([
      [x, y],
      [x, 5],
    ]);
    expect(store.height.value).toBe(160);
    find(".resize").focus();
    await userEvent.keyboard("{ArrowUp}");
    expect(store.height.value).toBe(160);
    await userEvent.keyboard("{ArrowDown}");
    expect(store.height.value).toBe(176);
    await expect.poll(() => find(".resize").ariaValueNow).toBe("176");
  });
});
