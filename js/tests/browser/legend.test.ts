import { afterEach, describe, expect, it } from "vitest";
import { userEvent } from "vitest/browser";
import { type Mounted, mountWidget } from "./mounted";
import { mouse } from "./mouse";

const names = ({ texts }: Mounted) => texts(".legend .row .name");
const counts = ({ texts }: Mounted) => texts(".legend .row .count");
const shown = ({ root }: Mounted) =>
  [...root.querySelectorAll(".legend .row")].map((row) => row.getAttribute("aria-pressed") === "true");
const rowAt = ({ root }: Mounted, index: number): [number, number] => {
  const row = root.querySelectorAll(".legend .row")[index].getBoundingClientRect();
  return [row.left + row.width / 2, row.top + row.height / 2];
};
/** Clicks apart from each other: a second one within 300 ms is a double click. */
const pause = () => new Promise((done) => setTimeout(done, 320));

async function openLegend(): Promise<Mounted> {
  const widget = mountWidget({ colorBy: "louvain" });
  await expect.poll(() => names(widget)).toHaveLength(5);
  return widget;
}

describe("the legend of categories", () => {
  afterEach(() => mouse.letGo());

  it("has a row for each category and one for the cells without, with their cells", async () => {
    const widget = await openLegend();
    expect(names(widget)).toEqual(["B cells", "T cells", "NK cells", "Monocytes", "missing"]);
    expect(counts(widget)).toEqual(["25", "25", "25", "24", "1"]);
    expect(shown(widget)).toEqual([true, true, true, true, true]);
    expect(widget.texts(".legend header button")).toEqual([]);
  });

  it("hides and shows a category with a click, and all with a word", async () => {
    const widget = await openLegend();
    const { store } = widget;
    await mouse.click(rowAt(widget, 1));
    expect(store.filters.value).toEqual({ louvain: { hide: ["T cells"] } });
    expect(store.visibleCount.value).toBe(75);
    await expect.poll(() => shown(widget)).toEqual([true, false, true, true, true]);
    await mouse.click(rowAt(widget, 4));
    expect(store.filters.value).toEqual({ louvain: { hide: ["T cells"], keep_missing: false } });
    expect(store.visibleCount.value).toBe(74);
    await pause();
    await mouse.click(rowAt(widget, 1));
    expect(store.filters.value).toEqual({ louvain: { keep_missing: false } });
    await expect.poll(() => widget.texts(".legend header button")).toEqual(["Show all"]);
    widget.find(".legend header button").click();
    expect(store.filters.value).toEqual({});
  });

  it("isolates a category with a double click, and shows all with another", async () => {
    const widget = await openLegend();
    const { store } = widget;
    await mouse.doubleClick(rowAt(widget, 2));
    expect(store.filters.value).toEqual({
      louvain: { hide: ["B cells", "T cells", "Monocytes"], keep_missing: false },
    });
    expect(store.visibleCount.value).toBe(25);
    await pause();
    await mouse.doubleClick(rowAt(widget, 2));
    expect(store.filters.value).toEqual({});
    await pause();
    await mouse.doubleClick(rowAt(widget, 4));
    expect(store.visibleCount.value).toBe(1);
  });

  it("selects the cells of a category with Alt and a click, and adds with Shift too", async () => {
    const widget = await openLegend();
    const { store } = widget;
    mouse.hold("Alt");
    await mouse.click(rowAt(widget, 3));
    expect(store.selectedCount.value).toBe(24);
    expect(store.selection.value.source).toBe("category");
    mouse.hold("Alt", "Shift");
    await mouse.click(rowAt(widget, 4));
    expect(store.selectedCount.value).toBe(25);
    expect(store.filters.value).toEqual({});
    mouse.hold("Alt");
    await mouse.click(rowAt(widget, 0));
    expect(store.selectedCount.value).toBe(25);
    expect(store.selection.value.cells.has(0)).toBe(true);
  });

  it("does the same for the keyboard", async () => {
    const widget = await openLegend();
    const { store } = widget;
    widget.find(".legend .row").focus();
    await userEvent.keyboard("{Enter}");
    expect(store.filters.value).toEqual({ louvain: { hide: ["B cells"] } });
    await userEvent.keyboard("{Tab}{Alt>}{Enter}{/Alt}");
    expect(store.selectedCount.value).toBe(25);
    expect(store.selection.value.cells.has(5)).toBe(true);
  });

  it("counts the cells that the other filters leave", async () => {
    const widget = await openLegend();
    widget.store.setFilter("n_counts", { max: 49 });
    // The first half, without cell 0, which has no count.
    await expect.poll(() => counts(widget)).toEqual(["24 / 25", "25", "0 / 25", "0 / 24", "0 / 1"]);
    widget.store.setFilter("louvain", { hide: ["T cells"] });
    await expect.poll(() => shown(widget)).toEqual([true, false, true, true, true]);
    expect(counts(widget)).toEqual(["24 / 25", "25", "0 / 25", "0 / 24", "0 / 1"]);
  });

  it("of many categories can be searched", async () => {
    const widget = mountWidget({ colorBy: "barcode" });
    await expect.poll(() => widget.has(".legend input[type=search]")).toBe(true);
    expect(names(widget)).toHaveLength(300);
    expect(widget.texts(".legend .rest")).toEqual(["and 700 more categories"]);
    widget.find(".legend input[type=search]").focus();
    await userEvent.keyboard("BARCODE 99");
    await expect
      .poll(() => names(widget))
      .toEqual(["barcode 99", ...Array.from({ length: 10 }, (_, index) => `barcode 99${index}`)]);
    await userEvent.keyboard("x");
    await expect.poll(() => widget.texts(".legend .rest")).toEqual(["No category matches “BARCODE 99x”"]);
    expect(names(widget)).toEqual([]);
  });
});
