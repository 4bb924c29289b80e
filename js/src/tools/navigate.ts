import type { Gesture, PointerAt, Tool } from "./tool";

/** Drag to pan a plane, and to turn an orbit. */
export const navigate: Tool = (context, from, combine) =>
  context.camera.axes === 3 ? follow(from, (dx, dy) => context.camera.orbit(dx, dy)) : pan(context, from, combine);

/** Drag to pan. */
export const pan: Tool = ({ camera }, from) => follow(from, (dx, dy) => camera.pan(dx, dy));

function follow(from: PointerAt, moved: (dx: number, dy: number) => void): Gesture {
  let last = from;
  return {
    move(to) {
      moved(to.x - last.x, to.y - last.y);
      last = to;
    },
    end() {},
    cancel() {},
  };
}
