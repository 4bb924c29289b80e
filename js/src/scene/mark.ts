import type { Seen } from "./projection";

const WIDTH = 2; // CSS pixels
const GAP = 1; // CSS pixels between the ring and what it goes round, and of background on its outer side

/** What a mark looks like. Lengths in device pixels. */
export interface MarkStyle {
  /** Of the cell. */
  readonly diameter: number;
  readonly color: string;
  readonly background: string;
  /** Device pixels a CSS pixel. */
  readonly ratio: number;
}

/**
 * The ring round the cell under the pointer.
 *
 * It is drawn on the finished picture and keeps what it covers: a pointer that passes over a million cells must not
 * have them drawn again for each that it meets.
 */
export class Mark {
  private readonly covered = document.createElement("canvas");
  private place: { x: number; y: number } | null = null;

  /** The picture was painted anew: nothing on it is ours. */
  forget(): void {
    this.place = null;
  }

  /** Go to another place of the picture, or away. */
  move(picture: CanvasRenderingContext2D, seen: Seen | null, { diameter, color, background, ratio }: MarkStyle): void {
    const { covered } = this;
    picture.globalCompositeOperation = "source-over";
    if (this.place !== null) {
      const { x, y } = this.place;
      picture.clearRect(x, y, covered.width, covered.height);
      picture.drawImage(covered, x, y);
      this.place = null;
    }
    if (seen === null) return;
    const radius = diameter / 2 + (GAP + WIDTH / 2) * ratio;
    const reach = Math.ceil(radius + (WIDTH / 2 + GAP) * ratio) + 1;
    const [x, y] = [Math.floor(seen.x) - reach, Math.floor(seen.y) - reach];
    covered.width = covered.height = 2 * reach + 1; // which empties it
    covered.getContext("2d")?.drawImage(picture.canvas, -x, -y);
    this.place = { x, y };
    picture.beginPath();
    picture.arc(seen.x, seen.y, radius, 0, 2 * Math.PI);
    // On a thin line of background, so that it is seen on cells of its own colour.
    for (const [style, width] of [
      [background, WIDTH + 2 * GAP],
      [color, WIDTH],
    ] as const) {
      picture.strokeStyle = style;
      picture.lineWidth = width * ratio;
      picture.stroke();
    }
  }
}
