import type { FadePass } from "./fade";
import type { HighlightLists } from "./highlights";
import type { Frame, Layer, PointsPass } from "./points";

const DIMMED = 0.15; // what stays of the cells that are not selected

/** What a context draws with. */
export interface Passes {
  readonly points: PointsPass;
  readonly fade: FadePass;
  readonly highlights: HighlightLists;
}

/** What is to be seen besides the frame. Lengths in device pixels. */
export interface Picture {
  readonly frame: Frame;
  /** Of the cells that nothing points out: those are opaque. */
  readonly opacity: number;
  readonly anySelected: boolean;
  /** Round the selected cells; no width where the points are too small to carry one. */
  readonly ring: { readonly color: string; readonly width: number };
  /** Round the highlighted cells, however small they are. */
  readonly highlightWidth: number;
}

/** Draw all that there is to see, from the back to the front. */
export function drawPicture(gl: WebGL2RenderingContext, passes: Passes, picture: Picture): void {
  const { points, fade, highlights } = passes;
  const { frame, opacity, anySelected, ring, highlightWidth } = picture;
  const draw = (layer: Layer) => points.draw(frame, layer);
  /** What follows lies in front of all that is there, and has a depth of its own. */
  const comeForward = () => frame.deep && gl.clear(gl.DEPTH_BUFFER_BIT);

  gl.clearColor(0, 0, 0, 0);
  gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  // Where near cells cover far ones the picture as a whole is faint: faint cells would show what was drawn first.
  draw({ part: anySelected ? "unselected" : "all", opacity: frame.deep ? 1 : opacity });
  const stays = (anySelected ? DIMMED : 1) * (frame.deep ? opacity : 1);
  if (stays < 1) fade.draw(stays);

  if (anySelected) {
    comeForward();
    // Behind all of them, so that rings outline groups and cover no colours.
    if (ring.width > 0) draw({ part: "selected", opacity: 1, ring });
    draw({ part: "selected", opacity: 1 });
  }

  comeForward();
  for (const listed of highlights.groups) {
    draw({ part: "all", listed, opacity: 1, ring: { color: listed.color, width: highlightWidth } });
  }
  draw({ part: "all", listed: highlights.all, opacity: 1 });
}
