import { afterEach, describe, expect, it } from "vitest";
import { userEvent } from "vitest/browser";
import { mountWidget } from "./mounted";
import { mouse } from "./mouse";
import { find, openWidget, rootOf } from "./widget";

describe("the settings", () => {
  it("open from the keyboard, give the focus back, and offer no reset where there is nothing to take back", async () => {
    const { find, has, root } = mountWidget();
    const opener = find('[aria-label="Settings"]');
    expect(opener.ariaExpanded).toBe("false");
    opener.focus();
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => has('.settings[role="dialog"]')).toBe(true);
    expect(opener.ariaExpanded).toBe("true");
    expect(find<HTMLButtonElement>(".settings .reset").disabled).toBe(true);
    await userEvent.keyboard("{Escape}");
    await expect.poll(() => has(".settings")).toBe(false);
    expect(root.activeElement).toBe(opener);
  });

  it("go from a quarter of the automatic size to four times that, and say so in words", async () => {
    const { store, find, has, texts } = mountWidget();
    find('[aria-label="Settings"]').click();
    await expect.poll(() => has(".settings")).toBe(true);
    const [size, opacity] = ["Point size", "Opacity"].map((label) => find(`.settings input[aria-label="${label}"]`));
    expect([size, opacity].map((slider) => slider.getAttribute("aria-valuetext"))).toEqual(["1 times", "automatic"]);
    expect(texts(".settings .value")).toEqual(["1×", "automatic"]);
    expect(has(".settings .value .words")).toBe(false); // it is automatic already
    size.focus();
    await userEvent.keyboard("{Home}");
    expect(store.pointSize.value).toBe(0.25);
    await expect.poll(() => size.getAttribute("aria-valuetext")).toBe("0.25 times");
    opacity.focus();
    await userEvent.keyboard("{End}");
    // Opaque is not automatic, although the slider stands at the same place.
    expect(store.opacity.value).toBeNull();
    await userEvent.keyboard("{ArrowLeft}{End}");
    expect(store.opacity.value).toBe(1);
    await expect.poll(() => opacity.getAttribute("aria-valuetext")).toBe("100 percent");
    store.pointSize.value = 2; // Python's word
    await expect.poll(() => texts(".settings .value")[0]).toBe("2×");
    expect(find<HTMLInputElement>('[aria-label="Point size"]').valueAsNumber).toBeCloseTo(0.5);
  });

  it("have no genes to choose where the dataset has none, or is not there yet", async () => {
    const { store, find, has, texts } = mountWidget();
    store.dataset.value = null;
    find('[aria-label="Settings"]').click();
    await expect.poll(() => has(".settings")).toBe(true);
    expect(has('[aria-label="Genes from"]')).toBe(false);
    expect(texts(".settings .setting > span:first-child")).toEqual(["Point size", "Opacity", "Theme"]);
  });

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

describe("the theme", () => {
  const brightness = (output: HTMLElement) =>
    (getComputedStyle(rootOf(output).querySelector(".widget") as HTMLElement).backgroundColor.match(/\d+/g) ?? [])
      .slice(0, 3)
      .reduce((sum, channel) => sum + Number(channel), 0);

  it("is the host's, until somebody chooses one", async () => {
    const { output, model } = openWidget();
    const host = output.querySelector<HTMLElement>(".cellucid");
    expect(host?.dataset.theme).toBeUndefined();
    model.change("theme", "dark");
    await expect.poll(() => host?.dataset.theme).toBe("dark");
    const dark = brightness(output);
    find(output, '[aria-label="Settings"]').click();
    await expect.poll(() => rootOf(output).querySelector(".settings")).not.toBeNull();
    find(output, '.settings input[value="light"]').click();
    expect(host?.dataset.theme).toBe("light");
    expect(brightness(output)).toBeGreaterThan(dark + 300);
    await expect.poll(() => model.get("theme")).toBe("light");
    find(output, '.settings input[value="auto"]').click();
    expect(host?.dataset.theme).toBeUndefined();
  });
});

describe("the tooltip", () => {
  it("has the colour that the cell has", async () => {
    const { store, find, texts } = mountWidget({ colorBy: "n_counts" });
    const dot = () => getComputedStyle(find(".tooltip .dot")).backgroundColor;
    store.hover.value = { cell: 99, origin: "python" };
    await expect.poll(() => texts(".tooltip .value")).toEqual(["n_counts\n99"]);
    expect(dot()).toBe("rgb(253, 231, 37)"); // viridis' last
    store.colormap.value = "viridis_r";
    await expect.poll(dot).toBe("rgb(68, 1, 84)");
    store.colorLimits.value = [20, 50]; // beyond a limit is the limit's colour
    for (const [cell, color] of [
      [5, "rgb(253, 231, 37)"],
      [60, "rgb(68, 1, 84)"],
    ] as const) {
      store.hover.value = { cell, origin: "python" };
      await expect.poll(() => texts(".tooltip .what")).toEqual([String(cell)]);
      expect(dot()).toBe(color);
    }
    store.colorBy.value = "louvain";
    await expect.poll(() => texts(".tooltip .value")).toEqual(["NK cells"]);
    const column = store.column.value;
    expect(column?.kind === "categorical" && column.colors[2]).toBe("#200002");
    expect(dot()).toBe("rgb(32, 0, 2)");
  });

  it("has the name alone where nothing colours the cells, and goes with the pointer and the place", async () => {
    const { store, camera, has, texts, find } = mountWidget();
    store.hover.value = { cell: 5, origin: "python" };
    await expect.poll(() => texts(".tooltip .name")).toEqual(["Cell 5"]);
    expect(find(".tooltip").role).toBe("tooltip");
    expect(has(".tooltip .value")).toBe(false);
    const fitted = camera.fitted();
    camera.moveTo({ ...fitted, center: [100, 100, 0] }, false);
    await expect.poll(() => has(".tooltip")).toBe(false); // out of the picture
    camera.moveTo(fitted, false);
    await expect.poll(() => has(".tooltip")).toBe(true);
    store.hover.value = { cell: null, origin: "python" };
    await expect.poll(() => has(".tooltip")).toBe(false);
    const points = store.points.value;
    if (points === null) throw new Error("There are no points.");
    const coords = points.coords.slice().fill(Number.NaN, 10, 12);
    store.points.value = { ...points, coords };
    store.hover.value = { cell: 6, origin: "python" };
    await expect.poll(() => texts(".tooltip .name")).toEqual(["Cell 6"]);
    store.hover.value = { cell: 5, origin: "python" };
    await expect.poll(() => has(".tooltip")).toBe(false); // nowhere
  });

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

  it("takes the highest height too, and no other keys", async () => {
    const { store, find } = mountWidget({ height: 3990 });
    const edge = find(".resize");
    expect(["Orientation", "ValueMin", "ValueMax"].map((name) => edge[`aria${name}` as "ariaValueMin"])).toEqual([
      "horizontal",
      "160",
      "4000",
    ]);
    edge.focus({ preventScroll: true });
    await userEvent.keyboard("{ArrowLeft}{PageDown}{Enter}");
    expect(store.height.value).toBe(3990);
    await userEvent.keyboard("{ArrowDown}{ArrowDown}");
    expect(store.height.value).toBe(4000);
    scrollTo(0, 0);
  });

  it("goes back where it was when the browser takes the drag away, and leaves the right button alone", async () => {
    const { store, at, find, host } = mountWidget();
    const [x, y] = at(".resize");
    const path = [
      [x, y],
      [x, y + 60],
    ] as const;
    await mouse.drag(path, "right");
    expect(host.offsetHeight).toBe(400);
    await mouse.move([x, y]);
    await mouse.press();
    await mouse.move([x, y + 60]);
    expect(host.offsetHeight).toBe(460);
    find(".resize").dispatchEvent(new PointerEvent("pointercancel"));
    expect(host.offsetHeight).toBe(400);
    await mouse.release();
    expect(store.height.value).toBe(400);
  });
});
