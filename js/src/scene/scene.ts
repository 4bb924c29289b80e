import { effect } from "@preact/signals-core";
import type { Points, Store } from "../state/store";
import { appearance } from "./appearance";
import type { Camera } from "./camera";
import { type Lease, lease, release, touch } from "./context";
import { FadePass } from "./fade";
import { HighlightLists } from "./highlights";
import { Mark } from "./mark";
import { drawPicture, type Passes, type Picture } from "./picture";
import { PointsPass } from "./points";
import { MOST_MAGNIFIED, type Projection, seeCell } from "./projection";

const HIGHLIGHT = 2; // CSS pixels round a highlighted cell
const FADING = 0.5; // what the farthest cells lose to the background

/** Colours that follow the host's theme, `#rrggbb`. */
export interface SceneTheme {
  /** Of cells without a value. */
  readonly missing: string;
  /** Of all cells while no column colours them. */
  readonly plain: string;
  readonly ring: string;
  /** What the plot lies on; far cells fade to it. */
  readonly background: string;
}

/** A canvas that the scene paints, with a camera of its own. */
export interface Panel {
  readonly canvas: HTMLCanvasElement;
  readonly camera: Camera;
  readonly theme: () => SceneTheme;
}

/** A context and what was made with it. */
interface Held extends Passes {
  readonly lease: Lease;
}

/** What we keep for a panel. */
interface Kept {
  readonly stop: () => void;
  readonly mark: Mark;
}

/** What is to be painted of a panel: all of it, or only the mark on the picture that is there. */
type Stale = "picture" | "mark";

/** How a panel is to look now. */
interface Look {
  readonly points: Points;
  /** In device pixels. */
  readonly projection: Projection;
  readonly diameter: number;
  readonly width: number;
  readonly height: number;
  /** Device pixels a CSS pixel. */
  readonly ratio: number;
  readonly picture: Picture;
  readonly theme: SceneTheme;
}

/**
 * Draws the store for every view of one widget with one WebGL2 context: off-screen, then copied to the view's own
 * canvas, where the picture stays when the context goes.
 */
export class Scene {
  private readonly panels = new Map<Panel, Kept>();
  private readonly stale = new Map<Panel, Stale>();
  /** Panels whose last paint met a context that was lost but had not said so yet. */
  private readonly missed = new Set<Panel>();
  private frame = 0;
  private held: Held | null = null;
  private disposed = false;
  /** Frames drawn, for whoever wants to know that something was. */
  drawn = 0;

  constructor(
    private readonly store: Store,
    private readonly onError: (error: unknown) => void,
    private readonly onPainted: () => void = () => {},
  ) {}

  /** Paint a panel now and whenever what it shows changes. */
  add(panel: Panel): void {
    const { store } = this;
    const { pose, size } = panel.camera;
    const shown = [
      [store.points, store.column, store.limits, store.colormap],
      [store.pointSize, store.opacity, store.visible, store.selection, store.marks],
      [pose, size],
    ].flat();
    const stops = [
      effect(() => {
        for (const signal of shown) void signal.value;
        this.invalidate(panel);
      }),
      effect(() => {
        void store.hover.value;
        this.ask(panel, "mark");
      }),
    ];
    const stop = () => {
      for (const each of stops) each();
    };
    this.panels.set(panel, { stop, mark: new Mark() });
  }

  remove(panel: Panel): void {
    this.panels.get(panel)?.stop();
    this.panels.delete(panel);
    this.stale.delete(panel);
    this.missed.delete(panel);
    if (this.panels.size === 0) this.letGo();
  }

  /** Paint a panel in the next frame. */
  invalidate(panel: Panel): void {
    this.ask(panel, "picture");
  }

  /** Paint every panel in the next frame. */
  repaint(): void {
    for (const panel of this.panels.keys()) this.invalidate(panel);
  }

  /** Nothing is waiting to be painted. */
  get settled(): boolean {
    return this.frame === 0;
  }

  /** Placed cells, counted in the GPU's memory. */
  countPlaced(): number {
    return this.held === null ? 0 : this.held.points.countPlaced();
  }

  dispose(): void {
    this.disposed = true;
    cancelAnimationFrame(this.frame);
    for (const panel of [...this.panels.keys()]) this.remove(panel);
    this.letGo();
  }

  private ask(panel: Panel, what: Stale): void {
    if (this.stale.get(panel) !== "picture") this.stale.set(panel, what);
    if (this.frame === 0 && !this.disposed) this.frame = requestAnimationFrame(this.paint);
  }

  private readonly paint = (): void => {
    this.frame = 0;
    const { drawn } = this;
    try {
      for (const [panel, what] of this.stale) {
        this.stale.delete(panel);
        this.paintPanel(panel, what);
      }
      if (this.drawn > drawn) this.onPainted(); // a plot that has no size yet shows nothing
    } catch (error) {
      this.stale.clear();
      this.onError(error);
    }
  };

  private paintPanel(panel: Panel, what: Stale): void {
    const look = this.lookOf(panel);
    const mark = this.panels.get(panel)?.mark;
    if (look === null || mark === undefined) return;
    if (what === "picture") {
      if (!this.paintPicture(panel, look)) return;
      mark.forget();
    }
    const { cell } = this.store.hover.peek();
    const isVisible = cell !== null && this.store.visible.peek()?.has(cell) !== false;
    const seen = isVisible ? seeCell(look.projection, look.points, cell) : null;
    const { ratio, theme } = look;
    const diameter = look.diameter * Math.min(seen?.size ?? 1, MOST_MAGNIFIED);
    mark.move(pictureOf(panel), seen, { diameter, ratio, color: theme.ring, background: theme.background });
  }

  /** Draw the cells and copy them to the panel's canvas; false when the context is gone and the old picture stays. */
  private paintPicture(panel: Panel, { points, picture, width, height }: Look): boolean {
    const { canvas } = panel;
    const { store } = this;
    const held = this.hold();
    const { gl } = held.lease;
    // Grows only: views of different sizes would otherwise reallocate it for every frame.
    if (gl.canvas.width < width) gl.canvas.width = width;
    if (gl.canvas.height < height) gl.canvas.height = height;

    held.points.setPoints(points);
    held.points.setColumn(store.column.value, store.colormap.value);
    held.points.setSelection(store.selection.value.cells);
    held.points.setVisible(store.visible.value);
    held.highlights.set(store.marks.value.highlights);
    gl.viewport(0, 0, width, height);
    drawPicture(gl, held, picture);
    if (gl.isContextLost()) {
      this.missed.add(panel); // the context's own event follows; the old picture stays until then
      return false;
    }

    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const target = pictureOf(panel);
    target.globalCompositeOperation = "copy";
    target.drawImage(gl.canvas, 0, gl.canvas.height - height, width, height, 0, 0, width, height);
    touch(held.lease);
    this.drawn++;
    return true;
  }

  /** How a panel is to look; null while there is nothing to show or no room for it. */
  private lookOf(panel: Panel): Look | null {
    const { camera } = panel;
    const { store } = this;
    const [cssWidth, cssHeight] = camera.size.value;
    const points = store.points.value;
    if (cssWidth < 1 || cssHeight < 1 || points === null) return null;
    const ratio = globalThis.devicePixelRatio || 1;
    const width = Math.round(cssWidth * ratio);
    const height = Math.round(cssHeight * ratio);
    const theme = panel.theme();
    const auto = appearance(points.placed, cssWidth * cssHeight, camera.pose.value.zoom, store.pointSize.value);
    const { scale, middle, ...view } = camera.projection;
    const projection = { ...view, scale: scale * ratio, middle: [middle[0] * ratio, middle[1] * ratio] as const };
    const deep = camera.axes === 3;
    const diameter = auto.diameter * ratio;
    const missing = store.column.value === null ? theme.plain : theme.missing;
    const frame = {
      ...{ projection, width, height, deep, diameter, limits: store.limits.value },
      ...{ missing, background: theme.background, fading: deep ? FADING : 0 },
    };
    const picture = {
      frame,
      opacity: store.opacity.value ?? (deep ? 1 : auto.opacity),
      anySelected: store.selectedCount.value > 0,
      ring: { color: theme.ring, width: auto.ringWidth * ratio },
      highlightWidth: HIGHLIGHT * ratio,
    };
    return { points, projection, diameter, width, height, ratio, picture, theme };
  }

  private hold(): Held {
    if (this.held === null) {
      const taken = lease(() => this.contextLost());
      const { gl } = taken;
      try {
        const passes = { points: new PointsPass(gl), fade: new FadePass(gl), highlights: new HighlightLists(gl) };
        this.held = { lease: taken, ...passes };
      } catch (error) {
        release(taken); // or every further try would take one from a healthy widget
        throw error;
      }
    }
    return this.held;
  }

  /** The driver or another widget took the context: the pictures stay, and the next change builds everything anew. */
  private contextLost(): void {
    this.held = null;
    for (const panel of this.missed) this.invalidate(panel);
    this.missed.clear();
  }

  private letGo(): void {
    if (this.held !== null) release(this.held.lease);
  }
}

function pictureOf({ canvas }: Panel): CanvasRenderingContext2D {
  const target = canvas.getContext("2d");
  if (target === null) throw new Error("The plot's canvas gives no 2D context.");
  return target;
}
