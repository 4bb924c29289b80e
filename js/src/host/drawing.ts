import { WebGLUnavailable } from "../scene/context";
import type { Scene } from "../scene/scene";
import type { Store } from "../state/store";

const KEY = "scene";

/** Tell the person that the cells cannot be drawn; returns what to complain of, null where that was told already. */
export function tellNotDrawn(store: Store, scene: Scene, error: unknown): { message: string; hint: string } | null {
  if (store.notices.peek().some(({ key }) => key === KEY)) return null; // every change tries to draw again
  const retry = () => scene.repaint();
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof WebGLUnavailable)) {
    store.notify({ key: KEY, title: "The cells cannot be drawn", text: message, retry, fatal: true });
    return { message: `The cells cannot be drawn: ${message}`, hint: "" };
  }
  store.notify({
    key: KEY,
    title: "This browser cannot draw the cells",
    text: "The plot needs WebGL2.\n1. Turn on hardware acceleration in the browser's settings.\n2. Close other tabs with 3D graphics.\n3. Reload the page.",
    retry,
    fatal: true,
  });
  return { message, hint: "Turn on hardware acceleration." };
}

/** Whatever kept the cells from being drawn is over. */
export function tellDrawn(store: Store): void {
  store.dismiss(KEY);
}
