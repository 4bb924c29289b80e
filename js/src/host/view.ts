import { effect } from "@preact/signals-core";
import { Camera2D } from "../scene/camera";
import type { Panel, Scene } from "../scene/scene";
import type { Store } from "../state/store";
import { ViewState } from "../state/view";
import { mount, type WidgetParts } from "../ui/widget";
import { isHosted, themeOf, watchTheme } from "./theme";

/** One view of a widget: its element, its camera, its interface. */
export class View {
  readonly element = document.createElement("div");
  readonly camera = new Camera2D();
  private readonly state = new ViewState();
  private readonly stops: (() => void)[] = [];

  constructor(store: Store, scene: Scene, parent: HTMLElement, onClick: WidgetParts["onClick"]) {
    // JupyterLab then leaves its single-key shortcuts to us while the focus is inside.
    this.element.dataset.lmSuppressShortcuts = "true";
    this.element.classList.add("cellucid");
    const root = this.element.attachShadow({ mode: "open" });
    parent.append(this.element);
    this.element.toggleAttribute("data-hosted", isHosted(this.element));

    const canvas = document.createElement("canvas");
    const plot = document.createElement("div");
    plot.className = "plot";
    plot.tabIndex = 0;
    plot.setAttribute("role", "application");
    plot.setAttribute("aria-label", "Plot of cells: drag to move, wheel to zoom, L for the lasso");
    plot.append(canvas);

    const panel: Panel = { canvas, camera: this.camera, theme: () => themeOf(plot.closest(".widget") ?? plot) };
    let fitted: string | null = null;
    this.stops.push(
      mount(root, { store, view: this.state, camera: this.camera, plot, onClick }),
      effect(() => {
        this.element.style.height = `${store.height.value}px`;
      }),
      effect(() => {
        const points = store.points.value;
        if (points !== null && points.key !== fitted) {
          fitted = points.key;
          this.camera.fit(points);
        }
      }),
      watchSize(plot, (width, height) => this.camera.resize(width, height)),
      watchPixelRatio(() => scene.invalidate(panel)),
      watchTheme(() => {
        // JupyterLab touches the page's head for every cell that runs: few of these changes are a theme's.
        if (panel.theme() === theme) return;
        theme = panel.theme();
        this.element.style.setProperty("--missing", theme.missing);
        scene.invalidate(panel);
      }),
    );
    let theme = panel.theme();
    this.element.style.setProperty("--missing", theme.missing);
    scene.add(panel);
    this.stops.push(() => scene.remove(panel));
  }

  dispose(): void {
    for (const stop of this.stops.splice(0).reverse()) stop();
    this.element.remove();
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

function watchSize(element: Element, changed: (width: number, height: number) => void): () => void {
  const observer = new ResizeObserver(([entry]) => changed(entry.contentRect.width, entry.contentRect.height));
  observer.observe(element);
  return () => observer.disconnect();
}
