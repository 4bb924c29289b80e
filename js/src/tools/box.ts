import { cellsBetween } from "./caught";
import type { Tool } from "./tool";

/** Draw a rectangle to select the cells in it. */
export const box: Tool = ({ store, view, camera }, from, combine) => {
  const points = store.points.value;
  let corner = from;
  return {
    move(to) {
      corner = to;
      view.outline.value = [from.x, from.y, to.x, from.y, to.x, to.y, from.x, to.y];
    },
    end() {
      view.outline.value = null;
      if (points === null || points !== store.points.value) return; // others came in the middle of it
      store.select(cellsBetween(points, camera, from, corner), "box", combine);
    },
    cancel() {
      view.outline.value = null;
    },
  };
};
