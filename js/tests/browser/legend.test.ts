import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { userEvent } from "vitest/browser";
import { type CategoricalColumn, categoricalColumn } from "../../src/state/column";
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

const rowOf = ({ root }: Mounted, index: number) => root.querySelectorAll<HTMLElement>(".legend .row")[index];

/** A hundred cells in some categories, in turn; those after `last` have none. */
function inTurn(size: number, last = 99): CategoricalColumn {
  const categories = Array.from({ length: size }, (_, code) => `type ${code}`);
  const codes = Uint8Array.from({ length: 100 }, (_, cell) => (cell > last ? 255 : cell % size));
  const colors = categories.map(() => "#336699");
  return categoricalColumn({ label: "types", field: "types", codes, missing: 255, categories, colors });
}

/** A click as the browser tells it, at a time in milliseconds. */
function clickAt(element: HTMLElement, time: number): void {
  const click = new MouseEvent("click", { bubbles: true, composed: true });
  Object.defineProperty(click, "timeStamp", { value: time });
  element.dispatchEvent(click);
}

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
    await mouse.doubleClick(rowAt(widget, 2));
    expect(store.filters.value).toEqual({});
    await mouse.doubleClick(rowAt(widget, 4));
    expect(store.visibleCount.value).toBe(1);
  });

  it("takes two clicks for a double click only where the second follows soon, on the same row", async () => {
    const widget = await openLegend();
    const { store } = widget;
    clickAt(rowOf(widget, 1), 1000);
    await expect.poll(() => shown(widget)).toEqual([true, false, true, true, true]);
    clickAt(rowOf(widget, 1), 1300);
    expect(store.filters.value).toEqual({});
    await expect.poll(() => shown(widget)).toEqual([true, true, true, true, true]);
    clickAt(rowOf(widget, 0), 5000);
    await expect.poll(() => shown(widget)).toEqual([false, true, true, true, true]);
    clickAt(rowOf(widget, 1), 5100);
    await expect.poll(() => shown(widget)).toEqual([false, false, true, true, true]);
    // Isolating goes by what was in sight before the first of the two clicks.
    clickAt(rowOf(widget, 0), 9000);
    await expect.poll(() => shown(widget)).toEqual([true, false, true, true, true]);
    clickAt(rowOf(widget, 0), 9299);
    await expect.poll(() => shown(widget)).toEqual([true, false, false, false, false]);
    expect(store.visibleCount.value).toBe(25);
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

  it("does not select what is out of sight", async () => {
    const widget = await openLegend();
    const { store } = widget;
    store.setFilter("n_counts", { max: 3 });
    await expect.poll(() => counts(widget)[0]).toBe("3 / 25");
    mouse.hold("Alt");
    await mouse.click(rowAt(widget, 0));
    expect(store.selection.value.cells.toPositions()).toEqual(Uint32Array.of(1, 2, 3));
  });

  it("keeps the selection when a category that is out of sight is asked for", async () => {
    const widget = await openLegend();
    const { store } = widget;
    mouse.hold("Alt");
    await mouse.click(rowAt(widget, 0));
    mouse.letGo();
    await mouse.click(rowAt(widget, 1)); // hides it
    mouse.hold("Alt");
    await mouse.click(rowAt(widget, 1));
    expect(store.selectedCount.value).toBe(25);
  });

  it("takes a key that is held as one click", async () => {
    const widget = await openLegend();
    const row = widget.find(".legend .row");
    const held = new KeyboardEvent("keydown", { key: "Enter", repeat: true, bubbles: true, cancelable: true });
    row.dispatchEvent(held);
    expect(held.defaultPrevented).toBe(true);
    const pressed = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
    row.dispatchEvent(pressed);
    expect(pressed.defaultPrevented).toBe(false);
  });

  it("does the same for the keyboard, and the notebook hears nothing of it", async () => {
    const heard: string[] = [];
    const listen = (event: KeyboardEvent) => heard.push(event.key);
    document.body.addEventListener("keydown", listen);
    onTestFinished(() => document.body.removeEventListener("keydown", listen));
    const widget = await openLegend();
    const { store } = widget;
    widget.find(".legend .row").focus();
    await userEvent.keyboard("{Enter}");
    expect(store.filters.value).toEqual({ louvain: { hide: ["B cells"] } });
    await userEvent.keyboard("{Tab}{Alt>}{Enter}{/Alt}");
    expect(store.selectedCount.value).toBe(25);
    expect(store.selection.value.cells.has(5)).toBe(true);
    await userEvent.keyboard("{Tab}{Shift>}{Alt>}{Enter}{/Alt}{/Shift}");
    expect(store.selectedCount.value).toBe(50);
    expect(store.filters.value).toEqual({ louvain: { hide: ["B cells"] } });
    await userEvent.keyboard("[Space]");
    await expect.poll(() => store.filters.value).toEqual({ louvain: { hide: ["B cells", "NK cells"] } });
    expect(heard).not.toContain("Enter");
    expect(heard).not.toContain(" ");
  });

  it("counts the cells that the other filters leave", async () => {
    const widget = await openLegend();
    widget.store.setFilter("n_counts", { max: 49 });
    // The first half, without cell 0, which has no count.
    await expect.poll(() => counts(widget)).toEqual(["24 / 25", "25", "0 / 25", "0 / 24", "0 / 1"]);
    expect(rowOf(widget, 0).title).toContain("24 of 25 cells pass the other filters");
    expect(rowOf(widget, 1).title).not.toContain("other filters");
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

  it("shows everything while its filter is switched off, and the next click begins anew", async () => {
    const widget = mountWidget({ colorBy: "louvain", filters: { louvain: { hide: ["T cells"], enabled: false } } });
    await expect.poll(() => shown(widget)).toEqual([true, true, true, true, true]);
    expect(widget.texts(".legend header button")).toEqual([]);
    await mouse.click(rowAt(widget, 0));
    expect(widget.store.filters.value).toEqual({ louvain: { hide: ["B cells"] } });
  });

  it("has a dot that is filled while its category is in sight, and hollow in the same colour when not", async () => {
    const widget = await openLegend();
    const { store, root } = widget;
    store.column.value = inTurn(3);
    await expect.poll(() => names(widget)).toEqual(["type 0", "type 1", "type 2"]); // and none without
    const dot = (index: number) => {
      const { backgroundColor, borderTopColor } = getComputedStyle(root.querySelectorAll(".legend .dot")[index]);
      return { backgroundColor, borderTopColor };
    };
    expect(dot(1).backgroundColor).toBe("rgb(51, 102, 153)");
    rowOf(widget, 1).click();
    await expect
      .poll(() => dot(1))
      .toEqual({ backgroundColor: "rgba(0, 0, 0, 0)", borderTopColor: "rgb(51, 102, 153)" });
    expect(dot(0).backgroundColor).toBe("rgb(51, 102, 153)");
  });

  it("can be searched from thirty-one categories on, where the cells without one stand aside", async () => {
    const widget = await openLegend();
    const { store, has } = widget;
    store.column.value = inTurn(30, 89);
    await expect.poll(() => names(widget)).toHaveLength(31);
    expect(has(".legend input[type=search]")).toBe(false);
    store.column.value = inTurn(31, 89);
    await expect.poll(() => has(".legend input[type=search]")).toBe(true);
    expect(names(widget).at(-1)).toBe("missing");
    widget.find(".legend input[type=search]").focus();
    await userEvent.keyboard(" TYPE 3 "); // a blank at the ends means nothing
    await expect.poll(() => names(widget)).toEqual(["type 3", "type 30"]);
    rowOf(widget, 1).click();
    expect(store.filters.value).toEqual({ types: { hide: ["type 30"] } });
  });

  it("gives the search up with Escape, and the tool stays", async () => {
    const widget = mountWidget({ colorBy: "barcode", tool: "lasso" });
    await expect.poll(() => widget.has(".legend input[type=search]")).toBe(true);
    const search = widget.find<HTMLInputElement>(".legend input[type=search]");
    search.focus();
    await userEvent.keyboard("999");
    await expect.poll(() => names(widget)).toEqual(["barcode 999"]);
    await userEvent.keyboard("{Escape}");
    await expect.poll(() => names(widget)).toHaveLength(300);
    expect(search.value).toBe("");
    expect(widget.store.tool.value).toBe("lasso");
    await userEvent.keyboard("{Escape}"); // with nothing to clear it is as anywhere else
    expect(widget.store.tool.value).toBe("navigate");
  });
});
