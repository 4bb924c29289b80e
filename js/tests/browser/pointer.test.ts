import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { userEvent } from "vitest/browser";
import { Camera } from "../../src/scene/camera";
import { Bitset } from "../../src/state/bitset";
import type { Points, Store } from "../../src/state/store";
import { ViewState } from "../../src/state/view";
import { type Click, handlePointer } from "../../src/tools/pointer";
import { type At, mouse } from "./mouse";
import { cellsAt, cellsIn, nextFrame, storeWith } from "./picture";

interface Plot {
  readonly element: HTMLElement;
  readonly store: Store;
  readonly view: ViewState;
  readonly camera: Camera;
  readonly clicks: Click[];
  /** Where a place is on the page. */
  readonly place: (x: number, y: number, z?: number) => At;
  readonly stop: () => void;
}

const LEFT = 40;
const TOP = 30;

/** A plot of 400 x 400 pixels on the page, without a scene: what pointers and keys do to the store and the camera. */
function plotOf(points: Points): Plot {
  const element = document.createElement("div");
  Object.assign(element.style, {
    position: "fixed",
    left: `${LEFT}px`,
    top: `${TOP}px`,
    width: "400px",
    height: "400px",
  });
  element.tabIndex = 0;
  document.body.append(element);
  const store = storeWith(points);
  const view = new ViewState();
  const camera = new Camera();
  camera.resize(400, 400);
  camera.show(points, points.axes, null);
  const clicks: Click[] = [];
  const stop = handlePointer(element, { store, view, camera }, (click) => clicks.push(click));
  onTestFinished(() => {
    stop();
    element.remove();
  });
  const place = (x: number, y: number, z = 0): At => {
    const [px, py] = camera.project(x, y, z);
    return [LEFT + px, TOP + py];
  };
  return { element, store, view, camera, clicks, place, stop };
}

const plane = () => plotOf(cellsAt([2, 2], [5, 5], [8, 8]));
const space = () => plotOf(cellsIn([-3, 0, -2], [0, 0, 0], [3, 2, 1]));

/** The keydown events that reach the page from here, and whether the page may act on them. */
function heardOutside(): { key: string; prevented: boolean }[] {
  const heard: { key: string; prevented: boolean }[] = [];
  const listen = (event: KeyboardEvent) => heard.push({ key: event.key, prevented: event.defaultPrevented });
  document.body.addEventListener("keydown", listen);
  onTestFinished(() => document.body.removeEventListener("keydown", listen));
  return heard;
}

beforeEach(() => mouse.move([900, 700]));
afterEach(() => mouse.letGo());

describe("hovering", () => {
  it("names the cell under the pointer, and none where there is none or outside", async () => {
    const { store, place } = plane();
    const told = vi.fn();
    onTestFinished(store.hover.subscribe(({ cell }) => told(cell)));
    const [x, y] = place(5, 5);
    await mouse.move([x + 3, y + 2]);
    await expect.poll(() => store.hover.value).toEqual({ cell: 1, origin: "viewer" });
    await mouse.move([x - 2, y], [x, y]);
    await nextFrame();
    await mouse.move([x + 60, y]);
    await expect.poll(() => store.hover.value.cell).toBeNull();
    await mouse.move(place(8, 8));
    await expect.poll(() => store.hover.value.cell).toBe(2);
    await mouse.move([900, 700]);
    await expect.poll(() => store.hover.value.cell).toBeNull();
    expect(told.mock.calls.flat()).toEqual([null, 1, null, 2, null]);
  });

  it("looks once a frame, however often the pointer moves", async () => {
    const { store, place } = plane();
    const looked = vi.spyOn(Camera.prototype, "unproject");
    await new Promise((resolve) => setTimeout(resolve, 150));
    const [x, y] = place(5, 5);
    const element = document.elementFromPoint(x, y) as HTMLElement;
    looked.mockClear();
    for (let step = 0; step < 50; step++) {
      element.dispatchEvent(new PointerEvent("pointermove", { clientX: x + step / 50, clientY: y, bubbles: true }));
    }
    expect(looked).not.toHaveBeenCalled();
    await nextFrame();
    expect(looked).toHaveBeenCalledTimes(1);
    expect(store.hover.value.cell).toBe(1);
    looked.mockRestore();
  });

  it("passes over hidden cells", async () => {
    const { store, place } = plane();
    store.marks.value = { hidden: Bitset.fromPositions(3, [1]), highlights: [] };
    await mouse.move(place(5, 5));
    await nextFrame();
    await nextFrame();
    expect(store.hover.value.cell).toBeNull();
    store.marks.value = { hidden: null, highlights: [] };
    // It is there now, under a pointer that has not moved.
    await expect.poll(() => store.hover.value.cell).toBe(1);
  });

  it("follows what comes to lie under a pointer that rests, once the cells rest too", async () => {
    const { store, camera, place } = plane();
    const from = place(5, 5);
    await mouse.move(from);
    await expect.poll(() => store.hover.value.cell).toBe(1);
    const to = place(8, 8);
    camera.pan(from[0] - to[0], from[1] - to[1]);
    expect(store.hover.value.cell).toBe(1);
    await expect.poll(() => store.hover.value.cell).toBe(2);
  });

  it("pauses during a drag, and while a button is held that was pressed elsewhere", async () => {
    const { store, camera, place } = plane();
    const over = place(5, 5);
    await mouse.move(over);
    await expect.poll(() => store.hover.value.cell).toBe(1);
    await mouse.press();
    await mouse.move([over[0] + 40, over[1]]);
    await expect.poll(() => store.hover.value.cell).toBeNull();
    await mouse.move(over);
    await nextFrame();
    await nextFrame();
    expect(store.hover.value.cell).toBeNull();
    await mouse.release();
    camera.fit();
    await mouse.move([900, 700]);
    await mouse.press();
    await mouse.move(place(5, 5));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(store.hover.value.cell).toBeNull();
  });

  it("leaves what Python points at until the pointer finds a cell", async () => {
    const { store, place } = plane();
    store.hover.value = { cell: 0, origin: "python" };
    const [x, y] = place(5, 5);
    await mouse.move([x + 60, y]);
    await nextFrame();
    await mouse.move([900, 700]);
    await nextFrame();
    expect(store.hover.value).toEqual({ cell: 0, origin: "python" });
    await mouse.move([x, y]);
    await expect.poll(() => store.hover.value).toEqual({ cell: 1, origin: "viewer" });
  });

  it("ends with the view", async () => {
    const { store, place, stop } = plane();
    await mouse.move(place(5, 5));
    await expect.poll(() => store.hover.value.cell).toBe(1);
    stop();
    expect(store.hover.value.cell).toBeNull();
  });

  it("finds cells of a space where they are seen", async () => {
    const { store, place } = space();
    for (const [cell, at] of [
      [0, place(-3, 0, -2)],
      [2, place(3, 2, 1)],
    ] as const) {
      await mouse.move(at);
      await expect.poll(() => store.hover.value.cell).toBe(cell);
    }
  });
});

describe("dragging in a space", () => {
  it("turns it; with Shift, Space or another button pans", async () => {
    const { camera, element } = space();
    const start = camera.pose.value;
    const drag = async (...path: At[]) => {
      camera.fit();
      await mouse.drag(path, "left");
      return camera.pose.value;
    };
    const turned = await drag([200, 200], [230, 200], [250, 220]);
    expect(turned.azimuth).toBeCloseTo(start.azimuth - 20, 6);
    expect(turned.elevation).toBeCloseTo(start.elevation + 8, 6);
    expect(turned.center).toEqual(start.center);
    mouse.hold("Shift");
    const panned = await drag([200, 200], [250, 220]);
    expect([panned.azimuth, panned.elevation]).toEqual([start.azimuth, start.elevation]);
    expect(camera.project(...start.center)).toEqual([expect.closeTo(250, 6), expect.closeTo(220, 6)]);
    mouse.hold();
    camera.fit();
    await mouse.drag(
      [
        [200, 200],
        [250, 220],
      ],
      "right",
    );
    expect(camera.project(...start.center)).toEqual([expect.closeTo(250, 6), expect.closeTo(220, 6)]);
    element.focus();
    await userEvent.keyboard("{ >}");
    await drag([200, 200], [250, 220]);
    await userEvent.keyboard("{/ }");
    expect(camera.project(...start.center)).toEqual([expect.closeTo(250, 6), expect.closeTo(220, 6)]);
  });

  it("with Alt is a lasso, and with the box in hand a rectangle: both catch what is seen, and end the outline", async () => {
    const { store, view, place } = space();
    const [x, y] = place(3, 2, 1);
    const around: At[] = [
      [x - 20, y - 20],
      [x + 20, y - 20],
      [x + 20, y + 20],
      [x - 20, y + 20],
    ];
    mouse.hold("Alt");
    await mouse.drag(around);
    expect([...store.selection.value.cells.toPositions()]).toEqual([2]);
    expect(store.selection.value.source).toBe("lasso");
    mouse.hold();
    store.tool.value = "box";
    const [otherX, otherY] = place(-3, 0, -2);
    await mouse.move([otherX - 20, otherY - 20]);
    await mouse.press();
    await mouse.move([otherX + 20, otherY + 10]);
    await expect.poll(() => view.outline.value).toHaveLength(8);
    const [left, top, right, , , bottom] = view.outline.value ?? [];
    expect([right - left, bottom - top]).toEqual([expect.closeTo(40, 2), expect.closeTo(30, 2)]);
    await mouse.release();
    expect(view.outline.value).toBeNull();
    expect([...store.selection.value.cells.toPositions()]).toEqual([0]);
    expect(store.selection.value.source).toBe("box");
  });
});

describe("the box", () => {
  it("adds, subtracts and intersects with the keys of every tool", async () => {
    const { store, place } = plane();
    store.tool.value = "box";
    const box = (from: number, to: number) => mouse.drag([place(from, from), place(to, to)]);
    const selected = () => [...store.selection.value.cells.toPositions()];
    await box(1, 6);
    expect(selected()).toEqual([0, 1]);
    mouse.hold("Shift");
    await box(9, 7);
    expect(selected()).toEqual([0, 1, 2]);
    mouse.hold("Alt");
    await box(1, 3);
    expect(selected()).toEqual([1, 2]);
    mouse.hold("Shift", "Alt");
    await box(4, 6);
    expect(selected()).toEqual([1]);
  });

  it("catches no hidden cells", async () => {
    const { store, place } = plane();
    store.tool.value = "box";
    store.marks.value = { hidden: Bitset.fromPositions(3, [1]), highlights: [] };
    await mouse.drag([place(1, 1), place(9, 9)]);
    expect([...store.selection.value.cells.toPositions()]).toEqual([0, 2]);
  });

  it("that is smaller than a hand's tremor is a click", async () => {
    const { store, clicks, place } = plane();
    store.tool.value = "box";
    const [x, y] = place(5, 5);
    await mouse.drag([
      [x, y],
      [x + 2, y + 2],
    ]);
    expect(store.selection.value.source).toBeNull();
    expect(clicks).toEqual([{ cell: 1, button: 0, shift: false, ctrl: false }]);
  });

  it("or a lasso selects nothing of an embedding that has come in the middle of it", async () => {
    for (const tool of ["box", "lasso"] as const) {
      const { store, place } = plane();
      store.tool.value = tool;
      await mouse.move(place(1, 1));
      await mouse.press();
      await mouse.move(place(9, 1), place(9, 9), place(1, 9));
      store.points.value = cellsAt([3, 3], [5, 5], [6, 6]);
      await mouse.release();
      expect(store.selection.value.source).toBeNull();
    }
  });
});

describe("an outline", () => {
  it("selects nothing when Python has moved the view under it, and what is inside when it has set the same view", async () => {
    for (const tool of ["box", "lasso"] as const) {
      for (const zoom of [1, 2]) {
        const { store, camera, place } = plane();
        store.tool.value = tool;
        await mouse.move(place(1, 1));
        await mouse.press();
        await mouse.move(place(9, 1), place(9, 9), place(1, 9), place(9, 9));
        camera.moveTo({ ...camera.pose.value, zoom }, false);
        await mouse.release();
        expect(store.selection.value.source).toBe(zoom === 1 ? tool : null);
      }
    }
  });
});

describe("keys on the plot", () => {
  it("pan a plane to what lies in their direction", async () => {
    const { element, camera } = plane();
    element.focus();
    const centre = () => camera.pose.value.center;
    for (const [key, axis, sign] of [
      ["ArrowRight", 0, 1],
      ["ArrowLeft", 0, -1],
      ["ArrowUp", 1, 1],
      ["ArrowDown", 1, -1],
    ] as const) {
      const before = centre()[axis];
      await userEvent.keyboard(`{${key}}`);
      expect(Math.sign(centre()[axis] - before)).toBe(sign);
    }
  });

  it("turn a space", async () => {
    const { element, camera } = space();
    element.focus();
    const { center } = camera.pose.value;
    await userEvent.keyboard("{ArrowRight}{ArrowUp}");
    expect(camera.pose.value).toMatchObject({ center, azimuth: -60 + 16, elevation: 30 + 16 });
    await userEvent.keyboard("{ArrowLeft}{ArrowDown}");
    expect(camera.pose.value.azimuth).toBeCloseTo(-60, 9);
    expect(camera.pose.value.elevation).toBeCloseTo(30, 9);
  });

  it("zoom in the middle", async () => {
    const { element, camera } = plane();
    element.focus();
    const { center } = camera.pose.value;
    await userEvent.keyboard("+");
    await userEvent.keyboard("=");
    expect(camera.pose.value.zoom).toBeCloseTo(1.25 ** 2, 9);
    await userEvent.keyboard("-");
    expect(camera.pose.value).toMatchObject({ center, zoom: expect.closeTo(1.25, 9) });
  });

  it("do not reach the page; others, and those with Ctrl or Alt, do", async () => {
    const { element } = plane();
    const heard = heardOutside();
    element.focus();
    await userEvent.keyboard("{ArrowDown}+-= x");
    await userEvent.keyboard("{Control>}-{/Control}");
    await userEvent.keyboard("{Alt>}{ArrowUp}{/Alt}");
    const keys = heard.filter(({ key }) => key !== "Control" && key !== "Alt");
    expect(keys).toEqual([
      { key: "x", prevented: false },
      { key: "-", prevented: false },
      { key: "ArrowUp", prevented: false },
    ]);
  });

  it("move nothing under an outline, which Escape takes away with any key held", async () => {
    const { element, store, view, camera, place } = plane();
    store.tool.value = "lasso";
    const before = camera.pose.value;
    await mouse.move(place(1, 1));
    await mouse.press();
    await mouse.move(place(9, 1), place(9, 9));
    element.focus();
    const heard = heardOutside();
    await userEvent.keyboard("{ArrowDown}+");
    expect(camera.pose.value).toBe(before);
    expect(view.outline.value).not.toBeNull();
    await userEvent.keyboard("{Alt>}{Escape}{/Alt}");
    expect(view.outline.value).toBeNull();
    expect(heard.filter(({ key }) => key !== "Alt")).toEqual([]);
    await mouse.release();
    expect(store.selection.value.source).toBeNull();
  });
});

describe("a double click", () => {
  it("shows all cells again, so that the eye can follow", async () => {
    const { camera } = plane();
    camera.zoomAt(100, 100, 5);
    const zooms = new Set<number>();
    onTestFinished(camera.pose.subscribe(({ zoom }) => zooms.add(zoom)));
    await mouse.doubleClick([LEFT + 300, TOP + 60]);
    await expect.poll(() => camera.pose.value).toEqual(camera.fitted());
    expect(zooms.size).toBeGreaterThan(2); // more than where it began and ended
  });

  it("moves nothing in a selecting tool", async () => {
    const { camera, store } = plane();
    store.tool.value = "box";
    camera.zoomAt(100, 100, 5);
    const before = camera.pose.value;
    await mouse.doubleClick([LEFT + 300, TOP + 60]);
    await nextFrame();
    expect(camera.pose.value).toBe(before);
    expect(camera.moving.value).toBe(false);
  });

  it("is interrupted by a press", async () => {
    const { camera } = plane();
    camera.zoomAt(100, 100, 5);
    camera.moveTo(camera.fitted(), true);
    await mouse.move([LEFT + 300, TOP + 60]);
    await mouse.press();
    expect(camera.moving.value).toBe(false);
    await mouse.release();
  });
});
