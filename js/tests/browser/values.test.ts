import { afterEach, describe, expect, it } from "vitest";
import { userEvent } from "vitest/browser";
import { type Mounted, mountWidget } from "./mounted";
import { mouse } from "./mouse";

async function openValues(colorBy = "n_counts"): Promise<Mounted> {
  const widget = mountWidget({ colorBy });
  await expect.poll(() => widget.has(".legend .values")).toBe(true);
  return widget;
}

const limits = ({ texts }: Mounted) => texts(".legend button.limit");

async function typeLimit(widget: Mounted, index: number, text: string): Promise<HTMLInputElement> {
  widget.root.querySelectorAll<HTMLElement>(".legend button.limit")[index].click();
  await expect.poll(() => widget.has(".legend input.limit")).toBe(true);
  const input = widget.find<HTMLInputElement>(".legend input.limit");
  expect(widget.root.activeElement).toBe(input);
  await userEvent.keyboard(`{Control>}a{/Control}{Delete}${text}`);
  await expect.poll(() => input.value).toBe(text);
  return input;
}

describe("the legend of values", () => {
  afterEach(() => mouse.letGo());

  it("shows the range of the colours and the cells without a value", async () => {
    const widget = await openValues();
    expect(limits(widget)).toEqual(["1", "99"]);
    expect(widget.texts(".legend .row .name")).toEqual(["missing"]);
    widget.find(".legend .row").click();
    expect(widget.store.filters.value).toEqual({ n_counts: { keep_missing: false } });
    expect(widget.store.visibleCount.value).toBe(99);
  });

  it("keeps what is brushed, changes an end that is dragged, and shows all after a double click", async () => {
    const widget = await openValues();
    const { store } = widget;
    const span = () => store.filters.value.n_counts as { min?: number; max?: number } | undefined;
    await mouse.drag([widget.at(".histogram", 0.25), widget.at(".histogram", 0.4), widget.at(".histogram", 0.5)]);
    await expect.poll(() => span()?.max).toBeGreaterThan(45);
    expect(span()?.min).toBeGreaterThan(23);
    expect(span()?.min).toBeLessThan(28);
    expect(span()?.max).toBeLessThan(55);
    const { min = 0 } = span() ?? {};
    const expected = Array.from({ length: 99 }, (_, index) => index + 1).filter(
      (value) => value >= min && value <= (span()?.max ?? 0),
    );
    expect(store.visibleCount.value).toBe(expected.length);

    await expect.poll(() => widget.root.querySelectorAll(".histogram .end").length).toBe(2);
    await mouse.drag([widget.at(".histogram", 0.5), widget.at(".histogram", 0.6), widget.at(".histogram", 0.75)]);
    await expect.poll(() => span()?.max).toBeGreaterThan(70);
    expect(span()?.min).toBe(min);

    await mouse.doubleClick(widget.at(".histogram", 0.9));
    await expect.poll(() => store.filters.value).toEqual({});
  });

  it("takes a click for no brush", async () => {
    const widget = await openValues();
    await mouse.drag([widget.at(".histogram", 0.5), widget.at(".histogram", 0.5)]);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    expect(widget.store.filters.value).toEqual({});
  });

  it("takes the ends of what is in sight from the keyboard", async () => {
    const widget = await openValues();
    const { store } = widget;
    widget.find(".legend .filter").click();
    await expect.poll(() => widget.has('[aria-label="From"]')).toBe(true);
    widget.find('[aria-label="From"]').focus();
    await userEvent.keyboard("10{Enter}");
    expect(store.filters.value).toEqual({ n_counts: { min: 10 } });
    widget.find('[aria-label="To"]').focus();
    await userEvent.keyboard("5");
    const to = widget.find('[aria-label="To"]');
    await expect.poll(() => [to.getAttribute("aria-invalid"), to.title]).toEqual(["true", "Expected a number from 10"]);
    await userEvent.keyboard("{Enter}");
    expect(store.filters.value).toEqual({ n_counts: { min: 10 } });
    await userEvent.keyboard("0");
    widget.find(".plot").focus(); // leaving a field commits as Enter does
    expect(store.filters.value).toEqual({ n_counts: { min: 10, max: 50 } });
    widget.find('[aria-label="Show all values"]').click();
    expect(store.filters.value).toEqual({});
  });

  it("takes limits as numbers and as percentiles, and gives the data's own back for nothing", async () => {
    const widget = await openValues();
    const { store } = widget;
    await typeLimit(widget, 1, "p50");
    await userEvent.keyboard("{Enter}");
    expect(store.colorLimits.value).toEqual([null, "p50"]);
    await expect.poll(() => limits(widget)).toEqual(["1", "p50 = 50"]);
    await typeLimit(widget, 0, "2.5");
    await userEvent.keyboard("{Enter}");
    expect(store.colorLimits.value).toEqual([2.5, "p50"]);
    await expect.poll(() => limits(widget)).toEqual(["2.5", "p50 = 50"]);
    await typeLimit(widget, 0, "");
    await userEvent.keyboard("{Enter}");
    await typeLimit(widget, 1, "");
    await userEvent.keyboard("{Enter}");
    expect(store.colorLimits.value).toEqual(null);
    await expect.poll(() => limits(widget)).toEqual(["1", "99"]);
  });

  it("outlines what is no limit, and takes it back with Escape", async () => {
    const widget = await openValues();
    for (const text of ["a lot", "p101", "1,5", "-7"]) {
      const input = await typeLimit(widget, 1, text);
      await expect.poll(() => input.getAttribute("aria-invalid")).toBe("true");
      expect(input.title).toContain("a percentile such as p99");
      await userEvent.keyboard("{Enter}"); // stays open for another try
      expect(widget.has(".legend input.limit")).toBe(true);
      await userEvent.keyboard("{Escape}");
      await expect.poll(() => limits(widget)).toEqual(["1", "99"]);
    }
    expect(widget.store.colorLimits.value).toBeNull();
  });

  it("offers other colours, tried as soon as they are chosen", async () => {
    const widget = await openValues();
    widget.find(".legend .bar").focus();
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => widget.has(".colormaps")).toBe(true);
    expect(widget.texts(".colormaps [role=radiogroup] .name")).toContain("magma");
    await userEvent.keyboard("{ArrowDown}");
    const next = widget.store.colormap.value;
    expect(next).not.toBe("viridis");
    widget.find('.reverse input[type="checkbox"]').click();
    expect(widget.store.colormap.value).toBe(`${next}_r`);
    await userEvent.keyboard("{Escape}");
    await expect.poll(() => widget.has(".colormaps")).toBe(false);
    expect(widget.store.colormap.value).toBe(`${next}_r`);
    expect(widget.root.activeElement).toBe(widget.find(".legend .bar"));
  });

  it("says what there is of a column with one value, and of one with none", async () => {
    const constant = await openValues("constant");
    expect(constant.texts(".legend .rest")).toEqual(["All values are 7"]);
    expect(constant.has(".histogram")).toBe(false);
    const empty = await openValues("empty");
    expect(empty.texts(".legend .rest")).toEqual(["No finite values"]);
    expect(empty.texts(".legend .row .count")).toEqual(["100"]);
  });

  it("takes the cells without a value along with the first end, unless they are asked for", async () => {
    const widget = await openValues();
    const { store, find } = widget;
    const missing = () => find(".legend .row").ariaPressed;
    expect(missing()).toBe("true");
    await mouse.drag([widget.at(".histogram", 0.5), widget.at(".histogram", 0.7), widget.at(".histogram", 1)]);
    // To the end of the bars is to the end of the values: that end is open.
    await expect.poll(() => Object.keys(store.filters.value.n_counts ?? {})).toEqual(["min"]);
    await expect.poll(missing).toBe("false");
    const { min } = store.filters.value.n_counts;
    const ranged = store.visibleCount.value;
    find(".legend .row").click();
    expect(store.filters.value).toEqual({ n_counts: { min, keep_missing: true } });
    expect(store.visibleCount.value).toBe(ranged + 1);
    await expect.poll(missing).toBe("true");
    await expect.poll(() => widget.texts(".legend header button")).toEqual(["Show all"]);
    find(".legend header button").click();
    expect(store.filters.value).toEqual({});
  });

  it("is brushed with the left button only, and what the browser takes away is undone", async () => {
    const widget = await openValues();
    const { store } = widget;
    store.setFilter("n_counts", { max: 80 });
    await expect.poll(() => widget.has(".histogram .end")).toBe(true);
    const path = [0.2, 0.3, 0.4].map((fraction) => widget.at(".histogram", fraction));
    await mouse.drag(path, "middle");
    await mouse.move(path[0]);
    await mouse.press();
    await mouse.move(...path.slice(1));
    // Had the middle button brushed, it would have done so before this.
    await expect.poll(() => Object.keys(store.filters.value.n_counts)).toEqual(["min", "max"]);
    expect(store.filters.value.n_counts.max).toBeLessThan(45);
    widget.find(".histogram").dispatchEvent(new PointerEvent("pointercancel"));
    await expect.poll(() => store.filters.value).toEqual({ n_counts: { max: 80 } });
  });

  it("gives the focus back to a limit once it is typed, or given up", async () => {
    const widget = await openValues();
    const focused = () => widget.root.activeElement?.getAttribute("aria-label");
    await typeLimit(widget, 0, "5");
    await userEvent.keyboard("{Enter}");
    await expect.poll(focused).toBe("Lower limit of the colours: 5");
    await typeLimit(widget, 1, "50");
    await userEvent.keyboard("{Escape}");
    await expect.poll(focused).toBe("Upper limit of the colours: 99");
    expect(widget.store.colorLimits.value).toEqual([5, null]);
  });

  it("commits a limit when it is left, where it is one, and leaves the focus where it went", async () => {
    const widget = await openValues();
    const { store, find, has, root } = widget;
    await typeLimit(widget, 1, "60");
    find(".plot").focus();
    expect(store.colorLimits.value).toEqual([null, 60]);
    await expect.poll(() => limits(widget)).toEqual(["1", "60"]);
    expect(root.activeElement).toBe(find(".plot"));
    await typeLimit(widget, 0, "p9x");
    find(".plot").focus();
    await expect.poll(() => has(".legend input.limit")).toBe(false);
    expect(limits(widget)).toEqual(["1", "60"]);
    expect(store.colorLimits.value).toEqual([null, 60]);
  });

  it("refuses limits in the wrong order, also where one is a percentile", async () => {
    const widget = await openValues();
    widget.store.colorLimits.value = ["p95", null];
    await expect.poll(() => limits(widget)).toEqual(["p95 = 94.1", "99"]);
    for (const text of ["94", "p95", "p5"]) {
      const input = await typeLimit(widget, 1, text);
      await expect.poll(() => input.getAttribute("aria-invalid")).toBe("true");
      await userEvent.keyboard("{Escape}");
      await expect.poll(() => widget.has(".legend input.limit")).toBe(false);
    }
    await typeLimit(widget, 1, "P99");
    await userEvent.keyboard("{Enter}");
    expect(widget.store.colorLimits.value).toEqual(["p95", "p99"]);
  });

  it("takes colours with a click, shows them in the bar, and keeps the direction", async () => {
    const widget = mountWidget({ colorBy: "n_counts", colormap: "magma_r" });
    const { store, find, has, root } = widget;
    await expect.poll(() => has(".legend .bar")).toBe(true);
    expect(find(".legend .bar").ariaLabel).toBe("Colours: magma_r");
    const before = getComputedStyle(find(".legend .bar")).backgroundImage;
    find(".legend .bar").click();
    await expect.poll(() => has(".colormaps")).toBe(true);
    expect(find(".legend .bar").ariaExpanded).toBe("true");
    const checked = () => root.querySelector<HTMLElement>(".colormaps label:has(input[type=radio]:checked)")?.innerText;
    expect(checked()?.trim()).toBe("magma");
    expect(find<HTMLInputElement>(".reverse input").checked).toBe(true);
    const option = [...root.querySelectorAll<HTMLElement>(".colormaps [role=radiogroup] label")].find(
      (label) => label.innerText.trim() === "viridis",
    );
    option?.click();
    expect(store.colormap.value).toBe("viridis_r");
    await expect.poll(() => find(".legend .bar").ariaLabel).toBe("Colours: viridis_r");
    expect(getComputedStyle(find(".legend .bar")).backgroundImage).not.toBe(before);
    expect(checked()?.trim()).toBe("viridis");
    await mouse.click(widget.at(".status"));
    await expect.poll(() => has(".colormaps")).toBe(false);
    expect(store.colormap.value).toBe("viridis_r");
  });

  it("of one value has one colour and takes limits, and of none has neither bar nor limits", async () => {
    const constant = await openValues("constant");
    expect(limits(constant)).toEqual(["7", "7"]);
    expect(constant.has(".legend .filter")).toBe(false);
    expect(getComputedStyle(constant.find(".legend .bar")).backgroundImage).toBe("none");
    await typeLimit(constant, 1, "10");
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => limits(constant)).toEqual(["7", "10"]);
    expect(getComputedStyle(constant.find(".legend .bar")).backgroundImage).toContain("gradient");

    const empty = await openValues("empty");
    expect(empty.has(".legend .bar")).toBe(false);
    expect(limits(empty)).toEqual([]);
    empty.find(".legend .row").click();
    expect(empty.store.visibleCount.value).toBe(0);
    await expect.poll(() => empty.has(".empty")).toBe(true);
    empty.store.colorBy.value = "n_counts"; // and from there to another column
    await expect.poll(() => limits(empty)).toEqual(["1", "99"]);
  });
});
