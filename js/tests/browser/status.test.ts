import { describe, expect, it } from "vitest";
import { userEvent } from "vitest/browser";
import { Bitset } from "../../src/state/bitset";
import { mountWidget } from "./mounted";
import { mouse } from "./mouse";

describe("the status line", () => {
  it("says how many cells are in sight, and which have no place", async () => {
    const { store, texts, find, root } = mountWidget();
    expect(texts(".status .shown")).toEqual(["100 cells"]);
    store.setFilter("louvain", { hide: ["B cells"] });
    await expect.poll(() => texts(".status .shown")).toEqual(["75 of 100 shown"]);
    store.marks.value = { ...store.marks.value, hidden: Bitset.fromPositions(100, [99, 0]) };
    await expect.poll(() => texts(".status .shown")).toEqual(["74 of 100 shown"]);
    expect(find(".status .shown").title).toBe("Python has hidden 2 cells");
    const points = store.points.value;
    if (points !== null) store.points.value = { ...points, placed: 93 };
    await expect.poll(() => find(".status").innerText).toContain("7 not placed");
    expect(root.querySelector<HTMLElement>('.status [title*="X_umap"]')?.innerText).toBe("7 not placed");
  });

  it("says what is under way, and how far it is", async () => {
    const { store, texts, find, has } = mountWidget();
    store.progress.value = { label: "CD3E", loaded: 25, total: 100, waiting: false };
    await expect.poll(() => texts(".status [role=status]")).toEqual(["Loading CD3E"]);
    const bar = find(".progress").getBoundingClientRect();
    expect(bar.width / find(".status").getBoundingClientRect().width).toBeCloseTo(0.25, 1);
    store.progress.value = { label: "CD3E", loaded: 0, total: null, waiting: true };
    await expect.poll(() => texts(".status [role=status]")).toEqual(["Waiting for Python: CD3E"]);
    expect(has(".progress")).toBe(false); // nobody knows how far
    store.progress.value = null;
    await expect.poll(() => has(".status [role=status]")).toBe(false);
  });

  it("says that Python does not hear, and what waits for it", async () => {
    const { store, texts, has, find } = mountWidget();
    store.unheard.value = [];
    await expect.poll(() => texts(".status [role=status]")).toEqual(["Python is busy"]);
    store.unheard.value = ["selection"];
    await expect.poll(() => texts(".status [role=status]")).toEqual(["Python is busy: your selection waits"]);
    store.unheard.value = ["selection", "traits"];
    await expect.poll(() => texts(".status [role=status]")).toEqual(["Python is busy: what you did waits"]);
    store.progress.value = { label: "CD3E", loaded: 0, total: null, waiting: true };
    await expect.poll(() => texts(".status [role=status]")).toEqual(["Waiting for Python: CD3E"]);
    store.progress.value = null;
    store.transport.value = "direct";
    await expect.poll(() => has(".status .road")).toBe(true);
    store.gone.value = true;
    await expect.poll(() => texts(".status [role=status]")).toEqual(["No connection to Python"]); // and not that it is busy
    expect(has(".status .road")).toBe(false); // no data come
    store.gone.value = false;
    store.unheard.value = null;
    await expect.poll(() => has(".status [role=status]")).toBe(false);
    store.transport.value = "comm";
    store.connection.value = ["proxy: Jupyter has none (404)"];
    await expect.poll(() => find(".status .road").title.split("\n")).toHaveLength(2);
  });

  it("counts for eyes and for screen readers, once there is something to wait for", async () => {
    const { store, find, texts, has } = mountWidget();
    store.progress.value = { label: "CD3E", loaded: 349, total: 1000, waiting: false };
    await expect.poll(() => texts(".status .percent")).toEqual(["34\u00a0%"]);
    expect(find(".percent").ariaHidden).toBe("true");
    const bar = find(".progress");
    expect([bar.role, bar.ariaLabel, bar.ariaValueNow]).toEqual(["progressbar", "Loading CD3E", "34"]);
    expect(has(".status .words")).toBe(false); // there is nothing to go back to
    const words = texts(".status [role=status]");
    store.progress.value = { label: "CD3E", loaded: 999, total: 1000, waiting: false };
    await expect.poll(() => bar.ariaValueNow).toBe("99");
    expect(texts(".status [role=status]")).toEqual(words); // which would be read out at each step
    expect(getComputedStyle(find(".percent")).animationDelay).toBe("0.4s");
  });

  it("cancels by a press, by the keyboard and by Escape where that means nothing else", async () => {
    const { store, view, find, root } = mountWidget();
    let cancelled = 0;
    const begin = () => {
      const cancel = () => {
        cancelled++;
        store.progress.value = null;
      };
      store.progress.value = { label: "CD3E", loaded: 1, total: 4, waiting: false, cancel };
    };
    begin();
    await expect.poll(() => root.querySelector(".status .words")).not.toBeNull();
    const button = find(".status .words");
    expect([button.textContent, button.title]).toEqual(["Cancel", "Stop loading CD3E (Esc)"]);
    await expect.poll(() => getComputedStyle(button).visibility).toBe("visible");
    button.focus();
    await userEvent.keyboard("{Enter}");
    expect(cancelled).toBe(1);
    await expect.poll(() => root.activeElement).toBe(find(".plot"));

    begin();
    view.settingsOpen.value = true;
    store.tool.value = "lasso";
    await expect.poll(() => root.querySelector(".popover")).not.toBeNull();
    for (const left of ["the panel", "the tool"]) {
      await userEvent.keyboard("{Escape}");
      expect(cancelled, left).toBe(1);
    }
    expect([view.settingsOpen.value, store.tool.value]).toEqual([false, "navigate"]);
    await userEvent.keyboard("{Escape}");
    expect(cancelled).toBe(2);
    await userEvent.keyboard("{Escape}");
    expect(cancelled).toBe(2);
  });

  it("says by which road the data come", async () => {
    const { store, find, has } = mountWidget();
    for (const [road, word] of [
      ["direct", "straight from Python"],
      ["proxy", "Jupyter's proxy"],
      ["colab", "Colab's proxy"],
      ["override", "address that was set"],
      ["comm", "notebook's own connection"],
    ] as const) {
      store.transport.value = road;
      await expect.poll(() => find(".status .road").ariaLabel).toContain(word);
      expect(find(".status .road").role).toBe("img");
      expect(find(".status .road svg").ariaHidden).toBe("true");
    }
    store.transport.value = null;
    await expect.poll(() => has(".status .road")).toBe(false);
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

  it("says which matrix the genes come from", async () => {
    const { store, texts } = mountWidget();
    await expect.poll(() => texts(".status .matrix")).toEqual(["log1p"]);
    store.layer.value = "raw";
    await expect.poll(() => texts(".status .matrix")).toEqual(["raw"]);
    store.layer.value = null;
    store.dataset.value = null;
    await expect.poll(() => texts(".status .matrix")).toEqual([]);
    expect(texts(".status .shown")).toEqual(["100 cells"]);
  });

  it("says of every kind of filter what it does, to eyes and to screen readers", async () => {
    const { store, texts, root, has } = mountWidget({
      filters: {
        n_counts: { min: -1.5, max: 80 },
        "gene:n_counts": { max: 0.25 },
        louvain: { keep_missing: false },
        constant: {},
      },
    });
    expect(texts(".chips .text")).toEqual(["−1.5 ≤ n_counts ≤ 80", "n_counts ≤ 0.25", "louvain: missing hidden"]);
    const removes = [...root.querySelectorAll<HTMLElement>(".chips .remove")];
    expect(removes.map(({ ariaLabel }) => ariaLabel)).toEqual([
      "Remove the filter −1.5 ≤ n_counts ≤ 80",
      "Remove the filter n_counts ≤ 0.25",
      "Remove the filter louvain: missing hidden",
    ]);
    const chips = [...root.querySelectorAll<HTMLElement>(".chip")];
    await expect.poll(() => chips.map(({ ariaBusy }) => ariaBusy)).toEqual(["false", "false", "false"]);
    store.filters.value = { n_counts: { max: 80, enabled: false } };
    store.filterColumns.value = new Map();
    await expect.poll(() => texts(".chips .text")).toEqual(["n_counts ≤ 80"]);
    // What is switched off waits for nothing.
    expect(root.querySelector(".chip")?.ariaBusy).toBe("false");
    expect(root.querySelector(".chip")?.className).toBe("chip off");
    store.filters.value = { constant: {} };
    await expect.poll(() => has(".chips")).toBe(false);
  });

  it("turns the chips that have no room with the wheel", async () => {
    const hide = { hide: ["a category with a name"] };
    const filters = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`column ${index}`, hide]));
    const { find, at } = mountWidget({ filters }, 420);
    const chips = find(".chips");
    expect(chips.scrollWidth).toBeGreaterThan(chips.clientWidth);
    expect(chips.getBoundingClientRect().right).toBeLessThan(find(".status").getBoundingClientRect().right);
    await mouse.move(at(".chips"));
    await mouse.wheel(80);
    await expect.poll(() => chips.scrollLeft).toBe(80);
  });
});

describe("the plot without cells to see", () => {
  it("says what it waits for", async () => {
    const { store, texts, has } = mountWidget();
    const { value: points } = store.points;
    store.points.value = null;
    await expect.poll(() => texts(".waiting")).toEqual(["Loading 100 cells…"]);
    store.progress.value = { label: "X_umap", loaded: 0, total: null, waiting: true };
    await expect.poll(() => texts(".waiting")[0]).toContain("Python is running a cell");
    store.setFilter("n_counts", { min: 1000 }); // it does not say two things at once
    await expect.poll(() => store.visibleCount.value).toBe(0);
    expect(has(".empty")).toBe(false);
    store.points.value = points;
    await expect.poll(() => has(".waiting")).toBe(false);
    await expect.poll(() => has(".empty")).toBe(true);
  });

  it("has no filters to take away where Python has hidden every cell", async () => {
    const { store, texts, has } = mountWidget();
    const all = Bitset.where(100, () => true);
    store.marks.value = { ...store.marks.value, hidden: all };
    await expect.poll(() => texts(".empty")).toEqual(["Python has hidden all the 100 cells"]);
    expect(has(".empty button")).toBe(false);
  });

  it("is a card where nothing can be drawn, with another try, and the other notices wait", async () => {
    const { store, texts, find, has } = mountWidget();
    let tries = 0;
    store.notify({ key: "hook", title: "A hook failed", text: "" });
    await expect.poll(() => texts(".notice p")).toEqual(["A hook failed"]);
    const retry = () => {
      tries++;
    };
    store.notify({ key: "dataset", title: "Could not load the dataset", text: "It is gone.", fatal: true, retry });
    await expect.poll(() => texts(".card p")).toEqual(["Could not load the dataset", "It is gone."]);
    expect(find(".card").role).toBe("alert");
    expect(has(".notice")).toBe(false);
    find(".card button").click();
    expect(tries).toBe(1);
    store.dismiss("dataset");
    await expect.poll(() => texts(".notice p")).toEqual(["A hook failed"]);
    expect(has(".notice .act")).toBe(false); // nothing to try again
    find(".notice [aria-label=Dismiss]").click();
    await expect.poll(() => has(".notice")).toBe(false);
    expect(store.notices.value).toEqual([]);
  });
});

describe("the focus", () => {
  it("goes to the plot when the control that had it goes away, and nowhere else", async () => {
    const { store, root, find } = mountWidget({ filters: { louvain: { hide: ["B cells"] }, n_counts: { min: 5 } } });
    find(".chips .remove").focus();
    await userEvent.keyboard("{Enter}");
    expect(Object.keys(store.filters.value)).toEqual(["n_counts"]);
    await expect.poll(() => root.activeElement).toBe(find(".plot"));

    store.setFilter("n_counts", { min: 1000 });
    await expect.poll(() => root.querySelector(".empty button")).not.toBeNull();
    find(".empty button").focus();
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => root.activeElement).toBe(find(".plot"));

    store.setFilter("n_counts", { min: 5 });
    await expect.poll(() => root.querySelector(".chips .remove")).not.toBeNull();
    const outside = document.createElement("input");
    root.host.after(outside);
    find(".chips .remove").focus();
    outside.focus();
    store.filters.value = {};
    await expect.poll(() => root.querySelector(".chips .remove")).toBeNull();
    expect(document.activeElement).toBe(outside);
    outside.remove();
  });
});
