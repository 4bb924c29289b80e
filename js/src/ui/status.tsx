import { Cable, FolderOpen, Globe, Waypoints, Zap } from "lucide-preact";
import type { Progress, Store, Transport } from "../state/store";
import { SMALL_ICON, TextButton } from "./button";
import { FilterChips } from "./chips";
import { cells, formatCount } from "./format";

const ROADS: Record<Transport, { icon: typeof Zap; text: string; words?: string }> = {
  direct: { icon: Zap, text: "Data come straight from Python" },
  override: { icon: Zap, text: "Data come from Python by the address that was set for it" },
  proxy: { icon: Waypoints, text: "Data come through Jupyter's proxy" },
  colab: { icon: Waypoints, text: "Data come through Colab's proxy" },
  comm: {
    icon: Cable,
    text: "Data come through the notebook's own connection: fine for most data, slower for very large ones",
  },
  files: {
    icon: Globe,
    text: "Data are files of this page's host; there is no Python behind them",
    words: "No Python",
  },
  folder: {
    icon: FolderOpen,
    text: "Data come from a folder on this computer and stay on it; there is no Python behind them",
    words: "No Python",
  },
};

/** How many cells are in sight and why, what is under way, and where the data come from. */
export function StatusLine({ store }: { store: Store }) {
  const points = store.points.value;
  const away = points === null ? 0 : store.n_cells - points.placed;
  return (
    <footer class="status">
      <Shown store={store} />
      {away > 0 && (
        <span title={`Their coordinates in ${points?.key} are not finite`}>{formatCount(away)} not placed</span>
      )}
      <FilterChips store={store} />
      <UnderWay store={store} />
      <Origin store={store} />
    </footer>
  );
}

/** What is under way and how far it is. What is there in a moment shows no number and nothing to press. */
function Loading({ label, loaded, total, waiting, cancel }: Progress) {
  const percent = total === null ? null : Math.floor((100 * loaded) / Math.max(total, 1));
  return (
    <>
      <span class="loading" role="status">
        {waiting ? `Waiting for Python: ${label}` : `Loading ${label}`}
      </span>
      {percent !== null && (
        <span class="percent late" aria-hidden="true">
          {percent}&nbsp;%
        </span>
      )}
      {cancel !== undefined && (
        <TextButton class="late" title={`Stop loading ${label} (Esc)`} onClick={cancel}>
          Cancel
        </TextButton>
      )}
      {percent !== null && (
        <span
          class="progress"
          role="progressbar"
          aria-label={`Loading ${label}`}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={percent}
          style={{ width: `${percent}%` }}
        />
      )}
    </>
  );
}

function UnderWay({ store }: { store: Store }) {
  const progress = store.progress.value;
  if (store.gone.value) return <Gone />;
  const opening = store.opening.value;
  if (opening !== null) {
    return (
      <span class="loading" role="status">
        Opening {opening.name}
      </span>
    );
  }
  return progress === null ? <Unheard events={store.unheard.value} /> : <Loading {...progress} />;
}

const DOINGS = new Map([
  ["selection", "your selection"],
  ["traits", "what you set"],
  ["click", "your click"],
]);

function Gone() {
  return (
    <span class="loading" role="status" title="What is drawn stays, and what you do here stays here.">
      No connection to Python
    </span>
  );
}

/** Python hears nothing, as it is busy with a cell and there is only the comm: what waits for it. */
function Unheard({ events }: { events: readonly string[] | null }) {
  if (events === null) return null;
  const what = events.length === 1 ? (DOINGS.get(events[0]) ?? "what you did") : "what you did";
  return (
    <span
      class="loading"
      role="status"
      title={
        "As long as a cell runs Python hears nothing of this plot; what you do here is kept for it.\n" +
        "If the kernel was restarted, run the widget's cell again."
      }
    >
      {events.length === 0 ? "Python is busy" : `Python is busy: ${what} waits`}
    </span>
  );
}

function Shown({ store }: { store: Store }) {
  const shown = store.visibleCount.value;
  const hidden = store.marks.value.hidden?.count ?? 0;
  const why = hidden > 0 ? `Python has hidden ${cells(hidden)}` : undefined;
  const all = shown === store.n_cells;
  return (
    <span class="shown" aria-live="polite" title={why}>
      {all ? cells(store.n_cells) : `${formatCount(shown)} of ${formatCount(store.n_cells)} shown`}
    </span>
  );
}

/** The matrix that genes come from, and the road that data take. */
function Origin({ store }: { store: Store }) {
  const matrix = store.layer.value ?? store.dataset.value?.default_layer ?? null;
  const { gone, transport } = store;
  const road = gone.value || transport.value === null ? null : ROADS[transport.value];
  return (
    <span class="origin">
      {matrix !== null && (
        <span class="matrix" title={`Genes come from ${matrix}`}>
          {matrix}
        </span>
      )}
      {road?.words !== undefined && (
        <span class="matrix" title={road.text}>
          {road.words}
        </span>
      )}
      {road !== null && (
        <span class="road" role="img" title={[road.text, ...store.connection.value].join("\n")} aria-label={road.text}>
          <road.icon {...SMALL_ICON} />
        </span>
      )}
    </span>
  );
}
