import { isSameView } from "../scene/projection";
import { cellsInside } from "./caught";
import type { Tool } from "./tool";

const STEP = 3; // CSS pixels between corners: finer than a hand draws

/** Draw round cells to select them. The outline closes by itself; where it crosses itself the even-odd rule holds. */
export const lasso: Tool = ({ store, view, camera }, from, combine) => {
  const points = store.points.value;
  const seen = camera.projection;
  let outline: readonly number[] = [from.x, from.y];
  let last = from;
  return {
    move(to) {
      if (Math.hypot(to.x - last.x, to.y - last.y) < STEP) return;
      last = to;
      outline = [...outline, to.x, to.y];
      view.outline.value = outline;
    },
    end() {
      view.outline.value = null;
      // Another embedding may have come in the middle of it, or Python may have moved the view: nobody drew round those.
      if (points === null || points !== store.points.value || outline.length < 6) return;
      if (!isSameView(seen, camera.projection)) return;
      store.select(cellsInside(points, camera, outline), "lasso", combine);
    },
    cancel() {
      view.outline.value = null;
    },
  };
};
