import { effect } from "@preact/signals-core";
import { Camera } from "../scene/camera";
import type { Panel, Scene } from "../scene/scene";
import type { Box, Pose, Store } from "../state/store";
import { ViewState } from "../state/view";
import { mount, type WidgetParts } from "../ui/widget";
import { isHosted, schemeOf, themeOf, watchTheme } from "./theme";
import { same } from "./traits";

/** One view of a widget: its element, its camera, its interface. */
export class View {
  readonly element = document.createElement("div");
  readonly camera = new Camera();
  private readonly state = new ViewState();
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly store: Store,
    private readonly scene: Scene,
    parent: HTMLElement,
    onClick: WidgetParts["onClick"],
  ) {
    // JupyterLab then leaves its single-key shortcuts to us while the focus is inside.
    this.element.dataset.lmSuppressShortcuts = "true";
    this.element.classList.add("cellucid");
    const root = this.element.attachShadow({ mode: "open" });
    parent.append(this.element);

    const canvas = document.createElement("canvas");
    const plot = document.createElement("div");
    plot.className = "plot";
    plot.tabIndex = 0;
    plot.setAttribute("role", "application");
    plot.setAttribute("aria-label", "Plot of cells: drag to move, wheel to zoom, L for the lasso");
    plot.append(canvas);

    const { camera } = this;
    const panel: Panel = { canvas, camera, theme: () => themeOf(plot.closest(".widget") ?? plot) };
    this.stops.push(
      mount(root, { store, view: this.state, camera, plot, onClick }),
      effect(() => {
        this.element.style.height = `${store.height.value}px`;
      }),
      this.followPoints(),
      this.followPose(),
      this.sharePose(),
      watchSize(plot, (width, height) => camera.resize(width, height)),
      watchPixelRatio(() => scene.invalidate(panel)),
      this.followTheme(panel, parent),
    );
    scene.add(panel);
    this.stops.push(() => scene.remove(panel));
  }

  /** Move to a box, or to all cells, so that the eye can follow. */
  goTo(box: Box | null): void {
    this.camera.moveTo(box === null ? this.camera.fitted() : this.camera.poseFor(box), true);
  }

  /** Pass on a message of Python's that is not for us. */
  tell(detail: unknown): void {
    this.element.dispatchEvent(new CustomEvent("cellucid-message", { detail, bubbles: true, composed: true }));
  }

  dispose(): void {
    for (const stop of this.stops.splice(0).reverse()) stop();
    this.element.remove();
  }

  /** Other points are looked at from where Python says, or all of them. */
  private followPoints(): () => void {
    let shown: string | null = null;
    return effect(() => {
      const points = this.store.points.value;
      if (points === null || shown === `${points.dimension} ${points.key}`) return;
      shown = `${points.dimension} ${points.key}`;
      this.camera.show(points, points.axes, this.store.camera.peek().pose);
    });
  }

  /** A pose that Python sets is every view's; one that a person has made in a view is that view's alone. */
  private followPose(): () => void {
    return effect(() => {
      const { pose, origin } = this.store.camera.value;
      const points = this.store.points.peek();
      // A pose for points that are still on their way is taken when they arrive.
      if (pose === null || origin !== null || !this.isShown(points)) return;
      this.camera.moveTo(pose, false);
    });
  }

  /** Let Python hear of this view's pose once it has come to rest or is in the person's hand. */
  private sharePose(): () => void {
    return effect(() => {
      const pose: Pose = this.camera.pose.value;
      if (this.camera.moving.value || !this.isShown(this.store.points.peek())) return;
      if (same(pose, this.store.camera.peek().pose)) return;
      this.store.camera.value = { pose, origin: this };
    });
  }

  private isShown(points: Store["points"]["value"]): boolean {
    return points?.key === this.store.embedding.peek() && points.dimension === this.store.dimension.peek();
  }

  private followTheme(panel: Panel, parent: HTMLElement): () => void {
    const { element, scene, store } = this;
    let theme = panel.theme();
    const look = () => {
      const hosted = isHosted(element);
      element.toggleAttribute("data-hosted", hosted);
      const scheme = hosted ? null : schemeOf(parent); // marimo has no colours for us, but a scheme of its own
      if (scheme === null) delete element.dataset.scheme;
      else element.dataset.scheme = scheme;
      // JupyterLab touches the page's head for every cell that runs: few of these changes are a theme's.
      if (same(panel.theme(), theme)) return;
      theme = panel.theme();
      element.style.setProperty("--missing", theme.missing);
      scene.invalidate(panel);
    };
    element.style.setProperty("--missing", theme.missing);
    const stops = [
      watchTheme(look),
      whenShown(element, look), // what is in no document yet, as in JupyterLab at first, has no host
      effect(() => {
        if (store.theme.value === "auto") delete element.dataset.theme;
        else element.dataset.theme = store.theme.value;
        look();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }
}

/** The page moved to a screen with other pixels, or was zoomed; the query itself names the ratio it waits to leave. */
function watchPixelRatio(changed: () => void): () => void {
  const off = new AbortController();
  const wait = () => {
    const query = matchMedia(`(resolution: ${globalThis.devicePixelRatio}dppx)`);
    const left = () => {
      changed();
      wait();
    };
    query.addEventListener("change", left, { once: true, signal: off.signal });
  };
  wait();
  return () => off.abort();
}

/** Call back once an element has a place in a document. */
function whenShown(element: Element, shown: () => void): () => void {
  const observer = new ResizeObserver(() => {
    if (!element.isConnected) return;
    observer.disconnect();
    shown();
  });
  observer.observe(element);
  return () => observer.disconnect();
}

function watchSize(element: Element, changed: (width: number, height: number) => void): () => void {
  const observer = new ResizeObserver(([entry]) => changed(entry.contentRect.width, entry.contentRect.height));
  observer.observe(element);
  return () => observer.disconnect();
}
