import { effect } from "@preact/signals-core";
import type { Store } from "../state/store";
import { appearance } from "./appearance";
import type { Camera2D } from "./camera";
import { type Lease, lease, release, touch } from "./context";
import { FadePass } from "./fade";
import { type Frame, PointsPass } from "./points";

const DIMMED = 0.15; // what stays of the cells that are not selected

/** Colours that follow the host's theme. */
export interface SceneTheme {
  readonly missing: string;
  readonly ring: string;
}

/** A canvas that the scene paints, with a camera of its own. */
export interface Panel {
  readonly canvas: HTMLCanvasElement;
  readonly camera: Camera2D;
  readonly theme: () => SceneTheme;
}

/** A context and what was made with it. */
interface Held {
  readonly lease: Lease;
  readonly points: PointsPass;
  readonly fade: FadePass;
}

/**
 * Draws the store for every view of one widget with one WebGL2 context: off-screen, then copied to the view's own
 * canvas, where the picture stays when the context goes.
 */
export class Scene {
  private readonly panels = new Map<Panel, () => void>();
  private readonly stale = new Set<Panel>();
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
    const stop = effect(() => {
      const { points, column, selection, pointSize } = this.store;
      void [
        points.value,
        column.value,
        selection.value,
        pointSize.value,
        panel.camera.pose.value,
        panel.camera.size.value,
      ];
      this.invalidate(panel);
    });
    this.panels.set(panel, stop);
  }

  remove(panel: Panel): void {
    this.panels.get(panel)?.();
    this.panels.delete(panel);
    this.stale.delete(panel);
    this.missed.delete(panel);
    if (this.panels.size === 0) this.letGo();
  }

  /** Paint a panel in the next frame. */
  invalidate(panel: Panel): void {
    this.stale.add(panel);
    if (this.frame === 0 && !this.disposed) this.frame = requestAnimationFrame(this.paint);
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

  private readonly paint = (): void => {
    this.frame = 0;
    const { drawn } = this;
    try {
      for (const panel of this.stale) {
        this.stale.delete(panel);
        this.paintPanel(panel);
      }
      if (this.drawn > drawn) this.onPainted(); // a plot that has no size yet shows nothing
    } catch (error) {
      this.stale.clear();
      this.onError(error);
    }
  };

  private paintPanel(panel: Panel): void {
    const { camera, canvas } = panel;
    const [cssWidth, cssHeight] = camera.size.value;
    const points = this.store.points.value;
    if (cssWidth < 1 || cssHeight < 1 || points === null) return;
    const ratio = globalThis.devicePixelRatio || 1;
    const width = Math.round(cssWidth * ratio);
    const height = Math.round(cssHeight * ratio);
    const { lease: taken, points: pass, fade } = this.hold();
    const { gl } = taken;
    // Grows only: views of different sizes would otherwise reallocate it for every frame.
    if (gl.canvas.width < width) gl.canvas.width = width;
    if (gl.canvas.height < height) gl.canvas.height = height;

    pass.setPoints(points);
    pass.setColumn(this.store.column.value);
    pass.setSelection(this.store.selection.value.cells);
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const frame = this.frameFor(panel, points.placed, width, height, ratio);
    if (this.store.selectedCount.value === 0) {
      pass.draw(frame, "all");
    } else {
      pass.draw(frame, "unselected");
      fade.draw(DIMMED);
      // Behind all of them, so that rings outline groups and cover no colours.
      if (frame.ringWidth > 0) pass.draw(frame, "rings");
      pass.draw(frame, "selected");
    }
    if (gl.isContextLost()) {
      this.missed.add(panel); // the context's own event follows; the old picture stays until then
      return;
    }

    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const target = canvas.getContext("2d");
    if (target === null) throw new Error("The plot's canvas gives no 2D context.");
    target.globalCompositeOperation = "copy";
    target.drawImage(gl.canvas, 0, gl.canvas.height - height, width, height, 0, 0, width, height);
    touch(taken);
    this.drawn++;
  }

  private frameFor(panel: Panel, placed: number, width: number, height: number, ratio: number): Frame {
    const { camera } = panel;
    const { center, zoom } = camera.pose.value;
    const [cssWidth, cssHeight] = camera.size.value;
    const look = appearance(placed, cssWidth * cssHeight, zoom, this.store.pointSize.value);
    const theme = panel.theme();
    return {
      center,
      scale: camera.scale * ratio,
      width,
      height,
      diameter: look.diameter * ratio,
      opacity: look.opacity,
      ringWidth: look.ringWidth * ratio,
      missing: theme.missing,
      ringColor: theme.ring,
    };
  }

  private hold(): Held {
    if (this.held === null) {
      const taken = lease(() => this.contextLost());
      try {
        this.held = { lease: taken, points: new PointsPass(taken.gl), fade: new FadePass(taken.gl) };
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
