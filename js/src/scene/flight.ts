import type { Pose } from "../state/store";

/**
 * The pose on the way from one to another, `part` of the way there.
 *
 * Zoom changes by equal factors and the centre so that what does not move on the screen stays there: what lies between
 * passes at one speed, however deep the zoom. Azimuth turns the short way round.
 */
export function between(from: Pose, to: Pose, part: number): Pose {
  const zoom = from.zoom * (to.zoom / from.zoom) ** part;
  // The centre moves as the width of what is seen does, which is one over the zoom.
  const change = 1 / to.zoom - 1 / from.zoom;
  const same = Math.abs(change) < 1e-9 / to.zoom;
  const along = same ? part : (1 / zoom - 1 / from.zoom) / change;
  const turn = wrapAngle(to.azimuth - from.azimuth);
  return {
    center: [0, 1, 2].map((axis) => from.center[axis] + (to.center[axis] - from.center[axis]) * along) as [
      number,
      number,
      number,
    ],
    zoom,
    azimuth: wrapAngle(from.azimuth + turn * part),
    elevation: from.elevation + (to.elevation - from.elevation) * part,
  };
}

/** The same angle from −180 to 180 degrees. */
export function wrapAngle(degrees: number): number {
  return degrees >= -180 && degrees <= 180 ? degrees : degrees - 360 * Math.round(degrees / 360);
}
