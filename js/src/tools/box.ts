import { isSameView } from "../scene/projection";
import { cellsBetween } from "./caught";
import type { Tool } from "./tool";

/** Draw a rectangle to select the cells in it. */
export const box: Tool = ({ store, view, camera }, from, combine) => {
  const points = store.points.value;
  const seen = camera.projection;
  let corner = from;
  return {
    move(to) {
      corner = to;
      view.outline.value = [from.x, from.y, to.x, from.y, to.x, to.y, from.x, to.y];
    },
    end() {
      view.outline.value = null;
      // Others may have come in the middle of it, or Python may have moved the view.
      if (points === null || points !== store.points.value || !isSameView(seen, camera.projection)) return;
      store.select(cellsBetween(points, camera, from, corner), "box", combine);
    },
    cancel() {
      view.outline.value = null;
    },
  };
};
