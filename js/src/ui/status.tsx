import type { Store } from "../state/store";
import { cells, formatCount } from "./format";

export function StatusLine({ store }: { store: Store }) {
  const progress = store.progress.value;
  const points = store.points.value;
  const dataset = store.dataset.value;
  const away = points === null ? 0 : store.n_cells - points.placed;
  return (
    <footer class="status">
      <span>{cells(store.n_cells)}</span>
      {away > 0 && (
        <span title={`Their coordinates in ${points?.key} are not finite`}>{formatCount(away)} not placed</span>
      )}
      {progress !== null && (
        <span role="status">{progress.waiting ? "Waiting for Python" : `Loading ${progress.label}`}</span>
      )}
      <span class="end">{dataset === null ? "" : `${formatCount(dataset.n_genes)} genes`}</span>
      {progress !== null && progress.total !== null && (
        <span class="progress" style={{ width: `${(100 * progress.loaded) / Math.max(progress.total, 1)}%` }} />
      )}
    </footer>
  );
}
