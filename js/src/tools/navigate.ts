import type { Tool } from "./tool";

/** Drag to pan. */
export const navigate: Tool = ({ camera }, from) => {
  let last = from;
  return {
    move(to) {
      camera.pan(to.x - last.x, to.y - last.y);
      last = to;
    },
    end() {},
    cancel() {},
  };
};
