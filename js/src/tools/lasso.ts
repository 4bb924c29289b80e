import { pointsInside } from "./polygon";
import type { Tool } from "./tool";

const STEP = 3; // CSS pixels between corners: finer than a hand draws

/** Draw round cells to select them. The outline closes by itself; where it crosses itself the even-odd rule holds. */
export const lasso: Tool = ({ store, view, camera }, from, combine) => {
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
      const points = store.points.value;
      if (points === null || outline.length < 6) return;
      const corners = new Float64Array(outline.length);
      for (let index = 0; index < outline.length; index += 2) {
        corners.set(camera.unproject(outline[index], outline[index + 1]), index);
      }
      store.select(pointsInside(points.xy, corners), "lasso", combine);
    },
    cancel() {
      view.outline.value = null;
    },
  };
};
