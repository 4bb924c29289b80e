import { type ContinuousColumn, continuousColumn } from "../state/column";

const PAUSE = 500; // ms between pictures
const MILLISECONDS_A_CELL = 1e-3; // a picture of a million cells keeps the page busy for a good part of a second

/** A gene on its way: now and then a column of the values that are there. The others are as if they were missing. */
export class Arriving {
  private next = performance.now() + PAUSE;

  constructor(private readonly about: Pick<ContinuousColumn, "label" | "field" | "layer">) {}

  /**
   * The column to show now, or null to leave the picture as it is.
   *
   * @param bytes Of all values, of which the first `loaded` bytes are there.
   */
  take(loaded: number, bytes: Uint8Array<ArrayBuffer>): ContinuousColumn | null {
    const now = performance.now();
    if (now < this.next || loaded === bytes.length) return null;
    const values = new Float32Array(bytes.length / Float32Array.BYTES_PER_ELEMENT).fill(Number.NaN);
    const there = values.subarray(0, Math.floor(loaded / values.BYTES_PER_ELEMENT));
    there.set(new Float32Array(bytes.buffer, 0, there.length));
    const known = continuousColumn({ ...this.about, values: there });
    this.next = now + Math.max(PAUSE, MILLISECONDS_A_CELL * values.length);
    // Of one value the legend has no histogram: it would come and go.
    if (known.range === null || known.range[0] === known.range[1]) return null;
    return { ...known, values };
  }
}
