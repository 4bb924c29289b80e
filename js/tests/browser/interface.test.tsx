import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { userEvent } from "vitest/browser";
import { CELLS } from "../fakes/dataset";
import type { FakePython } from "../fakes/python";
import { type At, mouse } from "./mouse";
import { addOutput, find, inspect, type OpenWidget, openWidget, rootOf, settled, textOf } from "./widget";

/** Where data coordinates are on the page. */
function place(output: HTMLElement, x: number, y: number): At {
  const { camera, plot } = inspect(output);
  return [
    plot.left + plot.width / 2 + (x - camera.center[0]) * camera.scale,
    plot.top + plot.height / 2 - (y - camera.center[1]) * camera.scale,
  ];
}

/** The outline of a box in data coordinates, as a hand draws it: with stops on the way. */
function round(output: HTMLElement, left: number, bottom: number, right: number, top: number): At[] {
  const corners = [
    [left, bottom],
    [right, bottom],
    [right, top],
    [left, top],
    [left, bottom],
  ];
  return corners.flatMap(([x, y], index) => {
    const [beforeX, beforeY] = corners[Math.max(index - 1, 0)];
    return [place(output, (x + beforeX) / 2, (y + beforeY) / 2), place(output, x, y)];
  });
}

const rectangle = (left: number, bottom: number, right: number, top: number) =>
  Array.from({ length: CELLS }, (_, cell) => cell).filter((cell) => {
    const [x, y] = [(cell % 10) + 0.5, Math.floor(cell / 10) + 0.5];
    return x > left && x < right && y > bottom && y < top;
  });

const hasOutline = (output: HTMLElement) => rootOf(output).querySelector(".outline") !== null;

async function open(traits: Record<string, unknown> = {}, width = 900): Promise<OpenWidget> {
  const widget = openWidget(traits, { width });
  await settled(widget.output);
  return widget;
}

async function chooseLasso(output: HTMLElement): Promise<void> {
  find(output, ".plot").focus();
  await userEvent.keyboard("l");
}

/** What Python heard of the person's hand. */
const gestures = (python: FakePython) => [...python.heard("selection"), ...python.heard("click")];

const selectedCells = ({ python }: OpenWidget) => [...python.selection.cells.toPositions()];

describe("the lasso", () => {
  afterEach(() => mouse.letGo());

  it("selects the cells that are drawn round, and tells Python once", async () => {
    const widget = await open();
    const { output, python } = widget;
    await chooseLasso(output);
    const path = round(output, 0, 0, 5, 4);
    await mouse.move(path[0]);
    await mouse.press();
    await mouse.move(...path.slice(1, 6));
    await expect.poll(() => hasOutline(output)).toBe(true);
    expect(python.heard("selection")).toEqual([]);
    await mouse.move(...path.slice(6));
    await mouse.release();
    await expect.poll(() => python.heard("selection")).toMatchObject([{ source: "lasso", count: 20 }]);
    expect(selectedCells(widget)).toEqual(rectangle(0, 0, 5, 4));
    expect(hasOutline(output)).toBe(false);
    expect(inspect(output).selected).toBe(20);
    expect(textOf(output, ".selected [role=status]")).toEqual(["20 selected"]);
    expect(python.heard("click")).toEqual([]);
  });

  it("adds with Shift and subtracts with Alt or Ctrl", async () => {
    const widget = await open();
    const { output, python } = widget;
    await chooseLasso(output);
    await mouse.drag(round(output, 0, 0, 3, 3));
    mouse.hold("Shift");
    await mouse.drag(round(output, 7, 7, 10, 10));
    await expect.poll(() => selectedCells(widget)).toEqual([...rectangle(0, 0, 3, 3), ...rectangle(7, 7, 10, 10)]);
    mouse.hold("Alt");
    await mouse.drag(round(output, 0, 0, 3, 2));
    mouse.hold("Ctrl");
    await mouse.drag(round(output, 8, 7, 10, 10));
    await expect.poll(() => selectedCells(widget)).toEqual([...rectangle(0, 2, 3, 3), ...rectangle(7, 7, 8, 10)]);
    mouse.hold();
    await mouse.drag(round(output, 4, 4, 6, 6));
    await expect.poll(() => selectedCells(widget)).toEqual(rectangle(4, 4, 6, 6));
    expect(python.heard("selection")).toHaveLength(5);
  });

  it("adds and subtracts as the toolbar says, for hands without a keyboard", async () => {
    const widget = await open();
    const { output } = widget;
    await chooseLasso(output);
    await expect.poll(() => rootOf(output).querySelector("[aria-label^=Add]")).not.toBeNull();
    find(output, "[aria-label^=Add]").click();
    await mouse.drag(round(output, 0, 0, 2, 2));
    await mouse.drag(round(output, 8, 8, 10, 10));
    await expect.poll(() => selectedCells(widget)).toHaveLength(8);
    find(output, "[aria-label^=Subtract]").click();
    await mouse.drag(round(output, 0, 0, 2, 1));
    await expect.poll(() => selectedCells(widget)).toHaveLength(6);
  });

  it("follows the pointer out of the plot, and ends where it is let go", async () => {
    const widget = await open();
    const { output } = widget;
    await chooseLasso(output);
    const { plot } = inspect(output);
    const far: At = [plot.left + plot.width / 2, plot.top + plot.height + 200];
    const [left, right] = [place(output, 3, 3), place(output, 7, 3)];
    await mouse.drag([left, [left[0], far[1]], far, [right[0], far[1]], right, left]);
    await expect.poll(() => selectedCells(widget)).toEqual(rectangle(3, -10, 7, 3));
    expect(hasOutline(output)).toBe(false);
  });

  it("is given up with Escape, and stays the tool", async () => {
    const { output, python } = await open();
    await chooseLasso(output);
    const path = round(output, 0, 0, 5, 5);
    await mouse.move(path[0]);
    await mouse.press();
    await mouse.move(...path.slice(1));
    await expect.poll(() => hasOutline(output)).toBe(true);
    await userEvent.keyboard("{Escape}");
    await expect.poll(() => hasOutline(output)).toBe(false);
    await mouse.move(place(output, 9, 9));
    await mouse.release();
    expect(python.heard("selection")).toEqual([]);
    expect(find(output, "[aria-label^=Lasso]").getAttribute("aria-pressed")).toBe("true");
    await userEvent.keyboard("{Escape}");
    await expect.poll(() => find(output, "[aria-label^=Lasso]").getAttribute("aria-pressed")).toBe("false");
  });

  it("is given up with the right button", async () => {
    const { output, python } = await open();
    await chooseLasso(output);
    const before = inspect(output).camera;
    const path = round(output, 0, 0, 5, 5);
    await mouse.move(path[0]);
    await mouse.press();
    await mouse.move(...path.slice(1, 8));
    await mouse.press("right");
    await expect.poll(() => hasOutline(output)).toBe(false);
    await mouse.release("right");
    await mouse.move(...path.slice(8));
    await mouse.release();
    expect(gestures(python)).toEqual([]);
    expect(inspect(output).camera).toEqual(before);
  });

  it("is quick at hand with Shift while moving", async () => {
    const widget = await open();
    mouse.hold("Shift");
    await mouse.drag(round(widget.output, 0, 0, 4, 4));
    await expect.poll(() => selectedCells(widget)).toEqual(rectangle(0, 0, 4, 4));
  });

  it("selects nothing where nothing is, and the toolbar clears what is selected", async () => {
    const widget = await open();
    const { output, python } = widget;
    await chooseLasso(output);
    await mouse.drag(round(output, 0, 0, 4, 4));
    await expect.poll(() => textOf(output, ".selected [role=status]")).toEqual(["16 selected"]);
    find(output, "[aria-label='Clear the selection']").click();
    await expect.poll(() => python.heard("selection").at(-1)).toMatchObject({ source: "clear", count: 0 });
    await expect.poll(() => rootOf(output).querySelector(".selected")).toBeNull();
    await mouse.drag(round(output, 4.6, 4.6, 5.4, 5.4));
    await expect.poll(() => python.heard("selection")).toHaveLength(3);
    expect(selectedCells(widget)).toEqual([]);
  });
});

describe("moving over the plot", () => {
  afterEach(() => mouse.letGo());

  it.each([
    ["the left button", "left", "v"],
    ["the right button, in the lasso too", "right", "l"],
    ["the middle button, in the lasso too", "middle", "l"],
  ] as const)("pans with %s", async (_name, button, key) => {
    const { output, python } = await open();
    find(output, ".plot").focus();
    await userEvent.keyboard(key);
    const under = place(output, 5, 5);
    await mouse.drag([under, [under[0] + 20, under[1]], [under[0] + 60, under[1] - 35]], button);
    await expect.poll(() => place(output, 5, 5)[0]).toBeCloseTo(under[0] + 60, 0);
    expect(place(output, 5, 5)[1]).toBeCloseTo(under[1] - 35, 0);
    expect(gestures(python)).toEqual([]);
  });

  it("pans in the lasso while Space is held, and the page stays where it is", async () => {
    const { output, python } = await open();
    const below = addOutput();
    below.style.height = "3000px";
    await chooseLasso(output);
    const under = place(output, 5, 5);
    await userEvent.keyboard("{ >}");
    await mouse.drag([under, [under[0] + 40, under[1] + 10]]);
    await userEvent.keyboard("{/ }");
    await expect.poll(() => inspect(output).camera.center[0]).toBeLessThan(5);
    expect(scrollY).toBe(0);
    expect(python.heard("selection")).toEqual([]);
  });

  it("zooms with the wheel where the pointer is", async () => {
    const { output } = await open();
    const under = place(output, 2, 8);
    await mouse.move(under);
    await mouse.wheel(-120);
    await expect.poll(() => inspect(output).camera.zoom).toBeGreaterThan(1);
    expect(place(output, 2, 8)).toEqual([expect.closeTo(under[0], 0), expect.closeTo(under[1], 0)]);
    const { zoom } = inspect(output).camera;
    await mouse.wheel(120);
    await expect.poll(() => inspect(output).camera.zoom).toBeLessThan(zoom);
  });

  it("lets a page scroll past the plot, and zooms once the pointer has moved there", async () => {
    const above = addOutput();
    above.style.height = "600px";
    const { output } = await open();
    const below = addOutput();
    below.style.height = "3000px";
    (document.activeElement as HTMLElement | null)?.blur();
    await mouse.move([400, 300]);
    const isOver = () => inspect(output).plot.top < 300 && inspect(output).plot.top + 300 > 300;
    while (!isOver()) {
      const before = scrollY;
      await mouse.wheel(100);
      await expect.poll(() => scrollY).toBeGreaterThan(before);
    }
    const before = scrollY;
    await mouse.wheel(40);
    await expect.poll(() => scrollY).toBeGreaterThan(before);
    expect(inspect(output).camera.zoom).toBe(1);
    const { top } = inspect(output).plot;
    await mouse.move([401, top + 100], [400, top + 101]);
    await mouse.wheel(-100);
    await expect.poll(() => inspect(output).camera.zoom).toBeGreaterThan(1);
    scrollTo(0, 0);
  });

  it("shows all cells again with R, with a double click and with the toolbar", async () => {
    const { output } = await open();
    const fitted = inspect(output).camera;
    const away = async () => {
      await mouse.move(place(output, 5, 5));
      await mouse.wheel(-120);
      await expect.poll(() => inspect(output).camera).not.toEqual(fitted);
    };
    await away();
    find(output, ".plot").focus();
    await userEvent.keyboard("r");
    await expect.poll(() => inspect(output).camera).toEqual(fitted);
    await away();
    const { plot } = inspect(output);
    await mouse.doubleClick([plot.left + 10, plot.top + 10]);
    await expect.poll(() => inspect(output).camera).toEqual(fitted);
    await away();
    find(output, "[aria-label^='Show all']").click();
    await expect.poll(() => inspect(output).camera).toEqual(fitted);
  });
});

describe("a click", () => {
  afterEach(() => mouse.letGo());

  it("names the nearest cell, the button and the keys", async () => {
    const { output, python } = await open();
    const [x, y] = place(output, 3.5, 2.5);
    await mouse.click([x + 2, y - 2]);
    mouse.hold("Shift", "Ctrl");
    await mouse.click(place(output, 0.5, 0.5));
    mouse.hold();
    await mouse.click(place(output, 9.5, 9.5), "right");
    await mouse.click(place(output, 9.5, 0.5), "middle");
    await expect
      .poll(() => python.heard("click"))
      .toEqual([
        { cell: 23, button: 0, shift: false, ctrl: false },
        { cell: 0, button: 0, shift: true, ctrl: true },
        { cell: 99, button: 2, shift: false, ctrl: false },
        { cell: 9, button: 1, shift: false, ctrl: false },
      ]);
    expect(python.heard("selection")).toEqual([]);
  });

  it("between cells names none", async () => {
    const { output, python } = await open();
    await mouse.click(place(output, 5, 5));
    await mouse.click(place(output, 4.5, 4.5));
    await expect.poll(() => python.heard("click")).toHaveLength(1);
    expect(python.heard("click")).toMatchObject([{ cell: 44 }]);
  });
});

describe("keys", () => {
  const pressed = (output: HTMLElement, label: string) =>
    find(output, `[aria-label^=${label}]`).getAttribute("aria-pressed") === "true";

  it("choose the tool while the focus is inside", async () => {
    const { output } = await open();
    expect(pressed(output, "Move")).toBe(true);
    await chooseLasso(output);
    await expect.poll(() => pressed(output, "Lasso")).toBe(true);
    await userEvent.keyboard("b");
    await expect.poll(() => pressed(output, "Box")).toBe(true);
    await userEvent.keyboard("V");
    await expect.poll(() => pressed(output, "Move")).toBe(true);
  });

  it("with Ctrl or elsewhere on the page are not ours", async () => {
    const { output } = await open();
    const plot = find(output, ".plot");
    const shortcut = new KeyboardEvent("keydown", { key: "l", ctrlKey: true, bubbles: true, cancelable: true });
    plot.dispatchEvent(shortcut);
    expect(shortcut.defaultPrevented).toBe(false);
    plot.blur();
    await userEvent.keyboard("l");
    expect(pressed(output, "Move")).toBe(true);
  });

  it("do not reach the notebook, whatever they are and whichever control has the focus", async () => {
    const { output } = await open({ color_by: "n_counts" });
    const heard: string[] = [];
    const listen = (event: KeyboardEvent) => heard.push(`${event.type} ${event.key}`);
    const types = ["keydown", "keypress", "keyup"] as const;
    for (const type of types) document.body.addEventListener(type, listen);
    onTestFinished(() => {
      for (const type of types) document.body.removeEventListener(type, listen);
    });
    for (const selector of [".plot", "[aria-label^=Lasso]", "[aria-label=Embedding]", ".bar", ".resize"]) {
      find(output, selector).focus();
      await userEvent.keyboard("xdda1b{Escape}");
    }
    find(output, ".field").focus();
    await userEvent.keyboard("/");
    await expect.poll(() => rootOf(output).activeElement?.getAttribute("role")).toBe("combobox");
    await userEvent.keyboard("xdd{Control>}a{/Control}{Delete}{Escape}");
    expect(heard.filter((event) => !/Control/.test(event))).toEqual([]);
  });

  it("with Tab go on to the next control, and with Ctrl or Alt to the host unless somebody types", async () => {
    const { output } = await open();
    const heard: string[] = [];
    const listen = (event: KeyboardEvent) => heard.push(event.key);
    document.body.addEventListener("keydown", listen);
    onTestFinished(() => document.body.removeEventListener("keydown", listen));
    find(output, "[aria-label^=Move]").focus();
    await userEvent.keyboard("{Tab}");
    expect(rootOf(output).activeElement?.getAttribute("aria-label")).toMatch(/^Lasso/);
    await userEvent.keyboard("{Control>}s{/Control}{Alt>}s{/Alt}");
    expect(heard).toEqual(["Tab", "Control", "s", "Alt", "s"]);
    await userEvent.keyboard("/");
    await expect.poll(() => rootOf(output).querySelector("[role=combobox]")).not.toBeNull();
    await userEvent.keyboard("{Control>}z{/Control}");
    expect(heard).not.toContain("z");
  });
});

describe("the legend", () => {
  const rows = (output: HTMLElement) => textOf(output, ".legend li").map((row) => row.replace(/\s*\n\s*/g, ": "));

  it("shows the categories with their cells, and how many cells have none", async () => {
    const { output } = await open({ color_by: "louvain" });
    expect(textOf(output, ".legend h2")).toEqual(["louvain"]);
    expect(rows(output)).toEqual(["B cells: 25", "T cells: 25", "NK cells: 25", "Monocytes: 24", "missing: 1"]);
    const dots = [...rootOf(output).querySelectorAll<HTMLElement>(".legend .dot")];
    expect(dots.map((dot) => getComputedStyle(dot).backgroundColor)).toEqual([
      "rgb(255, 0, 0)",
      "rgb(0, 255, 0)",
      "rgb(0, 0, 255)",
      "rgb(255, 255, 0)",
      "rgb(211, 211, 211)",
    ]);
  });

  it("shows the range of values, and how many cells have none", async () => {
    const { output } = await open({ color_by: "n_counts" });
    expect(textOf(output, ".legend .ends .limit")).toEqual(["1", "99"]);
    expect(rows(output)).toEqual(["missing: 1"]);
    expect(rootOf(output).querySelector(".legend small")).toBeNull();
  });

  it("says which layer a gene comes from", async () => {
    const { output } = openWidget(
      { color_by: "CD3D" },
      { prepare: (python) => python.add("var/CD3D.values.f32", new Float32Array(CELLS)) },
    );
    await settled(output);
    expect(textOf(output, ".legend small")).toEqual(["X"]);
    expect(textOf(output, ".legend .ends .limit")).toEqual(["0", "0"]);
  });

  it("of a thousand categories shows three hundred, and counts the rest", async () => {
    const { output } = await open({ color_by: "barcode" });
    expect(rootOf(output).querySelectorAll(".legend .dot")).toHaveLength(300);
    expect(rows(output).at(-1)).toBe("and 700 more categories");
    const list = find(output, ".legend ul");
    expect(list.scrollHeight).toBeGreaterThan(list.clientHeight);
    expect(inspect(output).plot.height).toBeLessThan(400);
  });

  const isSeen = (output: HTMLElement, selector: string) => {
    const style = getComputedStyle(find(output, selector));
    return style.visibility === "visible" && style.display !== "none";
  };

  it("stands beside a wide plot", async () => {
    const { output } = await open({ color_by: "louvain" });
    expect(isSeen(output, ".legend")).toBe(true);
    expect(isSeen(output, ".toggle-legend")).toBe(false);
    const { plot } = inspect(output);
    expect(plot.left + plot.width).toBeLessThanOrEqual(find(output, ".legend").getBoundingClientRect().left);
  });

  it("leaves a plot of 380 pixels alone until it is asked for", async () => {
    const { output } = await open({ color_by: "louvain" }, 380);
    expect(inspect(output).plot.width).toBeGreaterThan(370);
    expect(isSeen(output, ".legend")).toBe(false);
    expect(isSeen(output, ".toggle-legend")).toBe(true);
    find(output, ".toggle-legend").click();
    await expect.poll(() => isSeen(output, ".legend")).toBe(true);
    find(output, ".toggle-legend").focus();
    await userEvent.keyboard("{Escape}");
    await expect.poll(() => isSeen(output, ".legend")).toBe(false);
  });

  it("leaves room for every tool at 380 pixels, also while cells are selected", async () => {
    const widget = await open({ color_by: "louvain" }, 380);
    const { output } = widget;
    await chooseLasso(output);
    const path = round(output, 0, 0, 10, 10);
    await mouse.drag(path.map(([x, y]): At => [x, y]));
    await expect.poll(() => textOf(output, ".selected [role=status]")).toEqual(["100"]);
    const bar = find(output, ".toolbar");
    expect(bar.scrollWidth).toBeLessThanOrEqual(bar.clientWidth);
  });
});

describe("the rest of the interface", () => {
  it("lets a person choose the colours", async () => {
    const { output, python } = await open();
    find(output, ".field").click();
    await expect.poll(() => textOf(output, ".search .note")).toEqual(["Type to search 4 genes"]);
    await userEvent.keyboard("LOUV{Enter}");
    await expect.poll(() => textOf(output, ".legend h2")).toEqual(["louvain"]);
    expect(textOf(output, ".field")).toEqual(["louvain"]);
    find(output, ".field").click();
    await userEvent.keyboard("cd3e{Enter}");
    await expect.poll(() => textOf(output, ".legend h2")).toEqual(["CD3E"]);
    find(output, ".field").click();
    await userEvent.keyboard("{Home}{Enter}");
    await expect.poll(() => rootOf(output).querySelector(".legend")).toBeNull();
    const told = () => python.heard("traits").flatMap(({ values }) => ("color_by" in values ? [values.color_by] : []));
    await expect.poll(told).toEqual(["louvain", "CD3E", null]);
  });

  it("lets a person choose the embedding and its dimensions", async () => {
    const { output, model } = await open();
    await userEvent.selectOptions(find(output, "[aria-label=Embedding]"), "X_umap_3d");
    await expect.poll(() => model.get("dimension")).toBe(3);
    await settled(output);
    expect(inspect(output).camera.axes).toBe(3);
    find(output, "[aria-label=Dimensions] input[value='2']").click();
    await expect.poll(() => model.get("dimension")).toBe(2);
    await settled(output);
    expect(inspect(output).camera.axes).toBe(2);
    expect(model.get("embedding")).toBe("X_umap_3d");
  });

  it("says how many cells there are, which matrix genes come from and which road they take", async () => {
    const { output } = await open();
    expect(textOf(output, ".shown")).toEqual(["100 cells"]);
    expect(textOf(output, ".matrix")).toEqual(["X"]);
    await expect.poll(() => find(output, ".road").title).toContain("the notebook's own connection");
  });

  it("hides what a click in the legend says, and Python hears of it", async () => {
    const { output, model } = await open({ color_by: "louvain" });
    find(output, ".legend .row").click();
    await expect.poll(() => inspect(output).visible).toBe(75);
    expect(model.get("filters")).toEqual({ louvain: { hide: ["B cells"] } });
    expect(textOf(output, ".shown")).toEqual(["75 of 100 shown"]);
    find(output, ".chip .remove").click();
    await expect.poll(() => inspect(output).visible).toBe(100);
    expect(model.get("filters")).toEqual({});
  });

  it("shows what went wrong until it is read", async () => {
    const { output, model } = await open({ color_by: "louvain" });
    model.change("color_by", "NONE");
    await expect.poll(() => textOf(output, ".notice p")[0]).toBe("Could not load NONE");
    expect(textOf(output, ".legend h2")).toEqual(["louvain"]);
    find(output, ".notice [aria-label=Dismiss]").click();
    await expect.poll(() => textOf(output, ".notice")).toEqual([]);
    expect(inspect(output).notices).toEqual([]);
  });

  it("tries again from a notice, which goes when that works", async () => {
    const { output, model, python } = await open();
    model.change("color_by", "CD3D");
    await expect.poll(() => textOf(output, ".notice")).toHaveLength(1);
    python.add("var/CD3D.values.f32", new Float32Array(CELLS));
    find(output, ".notice .act").click();
    await expect.poll(() => textOf(output, ".legend small")).toEqual(["X"]);
    await expect.poll(() => textOf(output, ".notice")).toEqual([]);
  });

  it("has the height that Python says", async () => {
    const { output, model } = await open({ height: 300 });
    expect(output.getBoundingClientRect().height).toBe(300);
    model.change("height", 500);
    expect(output.getBoundingClientRect().height).toBe(500);
    await expect.poll(() => find<HTMLCanvasElement>(output, "canvas").height).toBeGreaterThan(400);
  });
});
