import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { userEvent } from "vitest/browser";
import module from "../../src/index";
import { Bitset } from "../../src/state/bitset";
import { CELLS, openFake } from "../fakes/dataset";
import { contexts, inkOf, pixel } from "./picture";
import { addOutput, find, inspect, openWidget, rootOf, settled, textOf } from "./widget";

const canvasOf = (output: HTMLElement) => find<HTMLCanvasElement>(output, "canvas");
/** The picture's pixel where data coordinates are shown. */
function colorAt(output: HTMLElement, x: number, y: number): string {
  const { camera, plot } = inspect(output);
  const left = plot.width / 2 + (x - camera.center[0]) * camera.scale;
  const top = plot.height / 2 - (y - camera.center[1]) * camera.scale;
  return pixel(canvasOf(output), Math.floor(left), Math.floor(top)).join();
}

describe("a widget's life", () => {
  beforeEach(() => {
    onTestFinished(() => expect(contexts()).toHaveLength(0)); // after what closes the widgets
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("begins at once, and asks nothing before it has returned", () => {
    const { model } = openFake();
    const begun = performance.now();
    const close = module.initialize({ model });
    expect(performance.now() - begun).toBeLessThan(50);
    expect(model.sent).toEqual([]);
    expect(close).toBeTypeOf("function");
    close();
  });

  it("that ends before it has begun asks nothing", async () => {
    const { model } = openFake();
    module.initialize({ model })();
    await new Promise((done) => setTimeout(done, 20));
    expect(model.sent).toEqual([]);
    expect(model.listenerCount).toBe(0);
  });

  it("draws what Python has, and says once that it is ready", async () => {
    const { output, python, model } = openWidget({ color_by: "louvain" });
    await settled(output);
    expect(colorAt(output, 0.5, 0.5)).toBe("255,0,0,255");
    expect(colorAt(output, 9.5, 0.5)).toBe("0,255,0,255");
    expect(colorAt(output, 0.5, 9.5)).toBe("0,0,255,255");
    expect(colorAt(output, 8.5, 9.5)).toBe("255,255,0,255");
    expect(colorAt(output, 9.5, 9.5)).toBe("211,211,211,255");
    expect(colorAt(output, 5, 5)).toBe("0,0,0,0");
    expect(inspect(output).cells_drawn).toBe(CELLS);
    expect(inspect(output).notices).toEqual([]);
    await expect.poll(() => python.heard("ready")).toEqual([{ n_cells: CELLS, dimensions: 2 }]);

    model.change("point_size", 2);
    model.change("color_by", "n_counts");
    await expect.poll(() => textOf(output, ".legend h2")).toEqual(["n_counts"]);
    await settled(output);
    expect(python.heard("ready")).toHaveLength(1);
    expect(model.saved).toEqual([]);
  });

  it("says in the plot what it waits for, until there are cells", async () => {
    const { output, python } = openWidget({}, { prepare: (behind) => behind.pause() });
    expect(textOf(output, ".waiting")).toEqual(["Loading 100 cells…"]);
    await expect.poll(() => textOf(output, ".waiting")[0], { timeout: 10_000 }).toContain("Python is running a cell");
    python.resume();
    await settled(output);
    expect(textOf(output, ".waiting")).toEqual([]);
    expect(textOf(output, ".status [role=status]")).toEqual([]);
  });

  it("is ready although its colours cannot be loaded", async () => {
    const path = "var/NONE.values.f32";
    const { output, python } = openWidget({ color_by: "NONE" }, { prepare: (behind) => behind.held.add(path) });
    await expect.poll(() => inspect(output).cells_drawn).toBe(CELLS);
    expect(python.heard("ready")).toEqual([]);
    python.release();
    await expect.poll(() => textOf(output, ".notice")).toHaveLength(1);
    await expect.poll(() => python.heard("ready")).toHaveLength(1);
    expect(inspect(output).notices[0]).toContain("There is no var/NONE.values.f32.");
  });

  it("shows how far a gene is that Python is reading, and goes back where a person cancels it", async () => {
    const path = "var/CD3E.values.f32";
    const { output, python, model } = openWidget({ color_by: "louvain" });
    await settled(output);
    python.grow(path, 40);
    model.change("color_by", "CD3E");
    await expect.poll(() => textOf(output, ".status .percent")).toEqual(["10\u00a0%"]);
    python.grow(path, 136);
    await expect.poll(() => textOf(output, ".status .percent")).toEqual(["34\u00a0%"]);
    expect(textOf(output, ".status [role=status]")).toEqual(["Loading CD3E"]);
    find(output, ".status .words").click();
    await expect.poll(() => python.heard("traits").at(-1)?.values).toEqual({ color_by: "louvain" });
    expect(model.get("color_by")).toBe("louvain");
    await settled(output);
    expect(textOf(output, ".status .words")).toEqual([]);
    expect(textOf(output, ".legend h2")).toEqual(["louvain"]);
    expect(colorAt(output, 0.5, 0.5)).toBe("255,0,0,255");
    expect(python.outstanding.size).toBe(0);
    const asked = python.reads.length;
    python.grow(path, 400);
    await new Promise((done) => setTimeout(done, 50));
    expect(python.reads.length).toBe(asked);

    const taken = Object.fromEntries(python.events.map(({ page, seq }) => [page, seq]));
    model.update({ color_by: "CD3E" }, { taken });
    await expect.poll(() => textOf(output, ".legend h2")).toEqual(["CD3E"]);
    expect(inspect(output).notices).toEqual([]);
  });

  it("paints a gene while it arrives, in the end as if it had come at once", async () => {
    const whole = openWidget({ color_by: "CD3E" });
    await settled(whole.output);
    const path = "var/CD3E.values.f32";
    const { output, python, model } = openWidget({ color_by: "louvain" });
    await settled(output);
    model.change("color_by", "CD3E");
    python.grow(path, 4);
    await expect.poll(() => textOf(output, ".status .percent")).toEqual(["1\u00a0%"]);
    await new Promise((done) => setTimeout(done, 600));
    python.grow(path, 204); // 51 cells: five rows, and the first cell of the next
    await expect.poll(() => textOf(output, ".legend h2")).toEqual(["CD3E"]);
    await expect.poll(() => colorAt(output, 0.5, 5.5)).toBe(colorAt(whole.output, 0.5, 5.5));
    expect(colorAt(output, 1.5, 0.5)).toBe(colorAt(whole.output, 1.5, 0.5));
    expect(colorAt(output, 1.5, 5.5)).toBe("211,211,211,255");
    expect(textOf(output, ".legend li")).toEqual([]); // of what is still to come the legend says nothing
    python.grow(path, 400);
    await settled(output);
    for (let cell = 0; cell < CELLS; cell++) {
      const at = [(cell % 10) + 0.5, Math.floor(cell / 10) + 0.5] as const;
      expect(colorAt(output, ...at), `cell ${cell}`).toBe(colorAt(whole.output, ...at));
    }
    expect(textOf(output, ".legend")).toEqual(textOf(whole.output, ".legend"));
  });

  it.each(["cancelled", "refused"])(
    "is coloured as before when a gene that it has begun to paint is %s",
    async (how) => {
      const path = "var/CD3E.values.f32";
      const { output, python, model } = openWidget({ color_by: "louvain" });
      await settled(output);
      model.change("color_by", "CD3E");
      python.grow(path, 4);
      await expect.poll(() => textOf(output, ".status .percent")).toEqual(["1\u00a0%"]);
      await new Promise((done) => setTimeout(done, 600));
      python.grow(path, 200);
      await expect.poll(() => textOf(output, ".legend h2")).toEqual(["CD3E"]);
      if (how === "cancelled") find(output, ".status .words").click();
      else {
        python.broken.add(path);
        python.grow(path, 400);
        await expect.poll(() => inspect(output).notices).toHaveLength(1);
      }
      await expect.poll(() => textOf(output, ".legend h2")).toEqual(["louvain"]);
      await settled(output);
      expect(colorAt(output, 0.5, 0.5)).toBe("255,0,0,255");
      expect(model.get("color_by")).toBe(how === "cancelled" ? "louvain" : "CD3E");
    },
  );

  it("goes back to the matrix, too, that the gene on the screen is from", async () => {
    const { output, python, model } = openWidget({ color_by: "CD3E" });
    await settled(output);
    python.add("layers/raw/var/CD3E.values.f32", new Float32Array(CELLS));
    python.grow("layers/raw/var/CD3E.values.f32", 40);
    model.change("layer", "raw");
    await expect.poll(() => textOf(output, ".status .percent")).toEqual(["10\u00a0%"]);
    find(output, ".plot").focus();
    await userEvent.keyboard("{Escape}");
    await expect.poll(() => python.heard("traits").at(-1)?.values).toEqual({ layer: null });
    await settled(output);
    expect([model.get("color_by"), model.get("layer")]).toEqual(["CD3E", null]);
    expect(python.outstanding.size).toBe(0);
  });

  it("has no colours where the first ones are cancelled", async () => {
    const path = "var/CD3E.values.f32";
    const { output, python, model } = openWidget({ color_by: "CD3E" }, { prepare: (behind) => behind.grow(path, 200) });
    await expect.poll(() => textOf(output, ".status .percent")).toEqual(["50\u00a0%"]);
    find(output, ".status .words").click();
    await settled(output);
    expect(model.get("color_by")).toBeNull();
    await expect.poll(() => python.heard("ready")).toHaveLength(1);
  });

  it("draws several views with one context, each with a camera of its own", async () => {
    const { output, model, python } = openWidget({ color_by: "louvain" });
    const second = addOutput(600);
    const closeSecond = module.render({ model, el: second });
    await settled(output);
    await expect.poll(() => inkOf(canvasOf(second))).toBeGreaterThan(100);
    expect(contexts()).toHaveLength(1);
    expect(colorAt(second, 9.5, 0.5)).toBe("0,255,0,255");
    expect(canvasOf(second).width).toBeLessThan(canvasOf(output).width);
    expect(python.heard("ready")).toHaveLength(1);

    const before = inspect(output).camera;
    find(second, ".plot").dispatchEvent(new WheelEvent("wheel", { deltaY: -200, ctrlKey: true, cancelable: true }));
    expect(inspect(second).camera.zoom).toBeGreaterThan(1);
    expect(inspect(output).camera).toEqual(before);

    closeSecond();
    closeSecond();
    expect(second.childElementCount).toBe(0);
    expect(python.heard("closed")).toEqual([]);
    expect(contexts()).toHaveLength(1);
    model.change("color_by", null);
    await expect.poll(() => colorAt(output, 0.5, 0.5)).toBe("143,143,143,255");
  });

  it("says that it is closed when its last view goes, and that it is ready when one comes back", async () => {
    const { model, python } = openFake({ color_by: "louvain" });
    const output = addOutput();
    onTestFinished(module.initialize({ model }));
    const closeView = module.render({ model, el: output });
    await expect.poll(() => python.heard("ready")).toHaveLength(1);
    closeView();
    expect(python.heard("closed")).toEqual([{}]);
    expect(contexts()).toHaveLength(0);
    module.render({ model, el: output });
    await expect.poll(() => python.heard("ready")).toHaveLength(2);
    expect(colorAt(output, 0.5, 0.5)).toBe("255,0,0,255");
  });

  it("leaves nothing behind", async () => {
    const added = vi.spyOn(MutationObserver.prototype, "observe");
    const removed = vi.spyOn(MutationObserver.prototype, "disconnect");
    const { model, output, close } = openWidget({ color_by: "louvain" });
    await settled(output);
    const [gl] = contexts();
    expect(model.listenerCount).toBeGreaterThan(0);
    close();
    expect(model.listenerCount).toBe(0);
    expect(contexts()).toHaveLength(0);
    expect(gl.isContextLost()).toBe(true);
    expect(output.childElementCount).toBe(0);
    expect(new Set(removed.mock.contexts)).toEqual(new Set(added.mock.contexts));
    const sent = model.sent.length;
    document.body.dataset.theme = "dark";
    model.change("color_by", "n_counts");
    await new Promise((done) => setTimeout(done, 50));
    expect(model.sent.length).toBe(sent);
    delete document.body.dataset.theme;
  });

  it("says nothing of what was still under way when it ended", async () => {
    const { model, python, close } = openWidget({ color_by: "louvain" }, { prepare: (behind) => behind.pause() });
    await expect.poll(() => model.messages.filter(({ kind }) => kind === "request")).toHaveLength(4);
    close();
    python.resume();
    await new Promise((done) => setTimeout(done, 20));
    expect(python.heard("console")).toEqual([]);
  });

  it("needs no network", async () => {
    performance.clearResourceTimings();
    const { output } = openWidget({ color_by: "barcode" });
    await settled(output);
    expect(performance.getEntriesByType("resource").map(({ name }) => name)).toEqual([]);
  });

  it("still hears Python after the two and a half seconds in which a slow set-up loses messages", async () => {
    const { output, python } = openWidget();
    await settled(output);
    await new Promise((done) => setTimeout(done, 2500));
    python.select(Bitset.fromPositions(CELLS, [1, 2, 3]));
    expect(inspect(output).selected).toBe(3);
    await expect.poll(() => textOf(output, ".selected [role=status]")).toEqual(["3 selected"]);
    expect(python.heard("selection")).toEqual([]);
  });

  it("takes the selection that Python had before it", async () => {
    const { output } = openWidget(
      {},
      {
        prepare: (python) => {
          python.selection = { revision: 4, cells: Bitset.fromPositions(CELLS, [5, 6]) };
        },
      },
    );
    await expect.poll(() => inspect(output).selected).toBe(2);
  });

  it("shows what hooks raised in Python", async () => {
    const { output, model } = openWidget();
    model.change("errors", [{ source: "hook", message: "ValueError in on_selection", hint: "See the cell." }]);
    await expect.poll(() => textOf(output, ".notice p")).toEqual(["ValueError in on_selection", "See the cell."]);
    model.change("errors", [{ source: "viewer", message: "said by ourselves", hint: "" }]);
    expect(inspect(output).notices).toHaveLength(1);
  });

  it("keeps two widgets apart", async () => {
    const one = openWidget({ color_by: "louvain" });
    const two = openWidget({ color_by: null });
    await Promise.all([settled(one.output), settled(two.output)]);
    one.python.select(Bitset.fromPositions(CELLS, [1]));
    expect([inspect(one.output).selected, inspect(two.output).selected]).toEqual([1, 0]);
    expect(contexts()).toHaveLength(2);
    two.close();
    one.model.change("color_by", null);
    await expect.poll(() => textOf(one.output, ".legend")).toEqual([]);
  });

  it("moves to another embedding, and shows all of it", async () => {
    const { output, model, python } = openWidget();
    await settled(output);
    python.add("embeddings/X_pca.f32", new Float32Array(2 * CELLS).fill(9.5));
    model.change("embedding", "X_pca");
    await expect.poll(() => colorAt(output, 0.5, 0.5)).toBe("0,0,0,0");
    expect(colorAt(output, 9.5, 9.5)).toBe("143,143,143,255");
  });

  it("keeps the newest wish when colours are chosen faster than they load", async () => {
    const { output, model, python } = openWidget();
    await settled(output);
    const asked = model.messages.length;
    python.pause();
    model.change("color_by", "n_counts");
    model.change("color_by", "barcode");
    model.change("color_by", "louvain");
    python.resume();
    await expect.poll(() => textOf(output, ".legend h2")).toEqual(["louvain"]);
    await settled(output);
    expect(textOf(output, ".legend h2")).toEqual(["louvain"]);
    // What was asked of Python before the wish changed was taken back; the rest was never asked.
    const sent = model.messages.slice(asked) as { kind: string; id: number; method?: string; params?: object }[];
    const cancelled = sent.filter(({ kind }) => kind === "cancel").map(({ id }) => id);
    const reads = sent.filter(({ method, id }) => method === "read" && !cancelled.includes(id));
    expect(reads.map(({ params }) => (params as { path: string }).path)).toEqual(["obs/louvain.codes.u8"]);
  });

  it("asks for a column once", async () => {
    const { output, model, python } = openWidget({ color_by: "louvain" });
    await settled(output);
    for (const name of ["n_counts", "louvain", null, "obs:louvain"]) {
      model.change("color_by", name);
      await settled(output);
      await expect.poll(() => textOf(output, ".legend h2")).toEqual(name === null ? [] : [name.replace("obs:", "")]);
    }
    expect(python.reads.filter(({ path }) => path === "obs/louvain.codes.u8")).toHaveLength(1);
  });
});

describe("a widget that cannot work", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("says so in place of the plot where there is no WebGL2, and tells Python once", async () => {
    const original = HTMLCanvasElement.prototype.getContext;
    vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(function (
      this: HTMLCanvasElement,
      ...given: unknown[]
    ) {
      return given[0] === "webgl2" ? null : (original as (...given: unknown[]) => never).apply(this, given);
    } as never);
    const { output, python, model } = openWidget({ color_by: "louvain" });
    await expect.poll(() => textOf(output, ".card .title")).toEqual(["This browser cannot draw the cells"]);
    expect(textOf(output, ".card")[0]).toContain("hardware acceleration");
    await expect.poll(() => textOf(output, ".legend h2")).toEqual(["louvain"]);
    model.change("point_size", 2);
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    expect(python.heard("console")).toMatchObject([{ level: "error" }]);
    expect(python.heard("ready")).toEqual([]);
    expect(inspect(output).settled).toBe(false);
  });

  it("offers another try when the dataset does not load, and goes on from there", async () => {
    const { output, python } = openWidget(
      { color_by: "louvain" },
      { prepare: (behind) => behind.broken.add("manifest.json") },
    );
    await expect.poll(() => textOf(output, ".card .title")).toEqual(["Could not load the dataset"]);
    expect(textOf(output, ".card")[0]).toContain("There is no manifest.json.");
    expect(python.heard("console")).toMatchObject([{ level: "error" }]);
    find(output, ".card button").click();
    await expect.poll(() => python.heard("console")).toHaveLength(2); // still broken
    python.broken.clear();
    find(output, ".card button").click();
    await settled(output);
    expect(rootOf(output).querySelector(".card")).toBeNull();
    expect(colorAt(output, 0.5, 0.5)).toBe("255,0,0,255");
    expect(inspect(output).notices).toEqual([]);
  });
});
