/** What colours the cells: one obs column or gene, ready for lookup. */
export type Column = CategoricalColumn | ContinuousColumn;

export interface CategoricalColumn {
  readonly kind: "categorical";
  readonly label: string;
  /** The key that a filter on it has. */
  readonly field: string;
  /** One code a cell; `missing` where the cell has no category. */
  readonly codes: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  readonly missing: number;
  readonly categories: readonly string[];
  /** `#rrggbb`, one a category. */
  readonly colors: readonly string[];
  /** Cells of each category. */
  readonly counts: Uint32Array;
  readonly missingCount: number;
}

export interface ContinuousColumn {
  readonly kind: "continuous";
  readonly label: string;
  /** The key that a filter on it has: `gene:` and the name for a gene. */
  readonly field: string;
  /** The matrix that a gene's values come from; null for an obs column. */
  readonly layer: string | null;
  /** NaN = missing. */
  readonly values: Float32Array<ArrayBuffer>;
  /** Smallest and largest finite value; null when there is none. */
  readonly range: readonly [number, number] | null;
  readonly missingCount: number;
}

export function categoricalColumn(
  given: Omit<CategoricalColumn, "kind" | "counts" | "missingCount">,
): CategoricalColumn {
  const counts = new Uint32Array(given.categories.length);
  let missingCount = 0;
  for (const code of given.codes) {
    if (code < counts.length) counts[code]++;
    else missingCount++;
  }
  return { kind: "categorical", ...given, counts, missingCount };
}

export function continuousColumn(given: Omit<ContinuousColumn, "kind" | "range" | "missingCount">): ContinuousColumn {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let missingCount = 0;
  for (const value of given.values) {
    if (Number.isFinite(value)) {
      if (value < low) low = value;
      if (value > high) high = value;
    } else if (Number.isNaN(value)) missingCount++;
  }
  return { kind: "continuous", ...given, range: low <= high ? [low, high] : null, missingCount };
}

const BUCKETS = 4096;

/**
 * The order in which cells are drawn, later on top: missing at the back, high values in front, as scanpy draws them.
 * Null where the order of the dataset will do. Values are told apart to a 4,096th of their range.
 */
export function drawOrder(column: Column): Uint32Array<ArrayBuffer> | null {
  if (column.kind === "categorical") {
    if (column.missingCount === 0) return null;
    const { codes, categories } = column;
    return countingSort(codes.length, 2, (cell) => (codes[cell] < categories.length ? 1 : 0));
  }
  if (column.range === null) return null;
  const { values } = column;
  const [low, high] = column.range;
  const step = high > low ? (BUCKETS - 2) / (high - low) : 0;
  return countingSort(values.length, BUCKETS, (cell) => {
    const value = values[cell];
    if (Number.isNaN(value)) return 0;
    return 1 + Math.floor(Math.min(Math.max((Math.min(value, high) - low) * step, 0), BUCKETS - 2));
  });
}

/** Positions in ascending order of their bucket, stable. */
function countingSort(size: number, buckets: number, bucketOf: (cell: number) => number): Uint32Array<ArrayBuffer> {
  const keys = new Uint16Array(size);
  const starts = new Uint32Array(buckets + 1);
  for (let cell = 0; cell < size; cell++) {
    keys[cell] = bucketOf(cell);
    starts[keys[cell] + 1]++;
  }
  for (let bucket = 0; bucket < buckets; bucket++) starts[bucket + 1] += starts[bucket];
  const order = new Uint32Array(size);
  for (let cell = 0; cell < size; cell++) order[starts[keys[cell]]++] = cell;
  return order;
}
