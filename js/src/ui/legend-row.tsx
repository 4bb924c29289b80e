import { formatCount } from "./format";

/** A category, or the cells without a value: a click shows or hides them. */
export function LegendRow(props: {
  name: string;
  color: string;
  /** Cells that other filters leave, and cells altogether. */
  count: number;
  all: number;
  shown: boolean;
  /** What clicks do here, for the tooltip. */
  hint: string;
  onClick: (event: MouseEvent) => void;
  /** Alt and Enter: what Alt and a click do. */
  onAltEnter?: (event: KeyboardEvent) => void;
}) {
  const { name, color, count, all, shown, hint, onClick, onAltEnter } = props;
  const counts = count === all ? formatCount(all) : `${formatCount(count)} / ${formatCount(all)}`;
  const explained = count === all ? "" : `\n${formatCount(count)} of ${formatCount(all)} cells pass the other filters`;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.repeat && event.key === "Enter") event.preventDefault(); // a key that is held is one click
    if (!event.altKey || event.key !== "Enter" || onAltEnter === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // notebooks run a cell
    onAltEnter(event);
  };
  return (
    <li>
      <button
        type="button"
        class={shown ? "row" : "row hidden"}
        aria-pressed={shown}
        title={`${name}${explained}\n${hint}`}
        onClick={onClick}
        onKeyDown={onKeyDown}
      >
        <span class="dot" style={shown ? { background: color } : { borderColor: color }} />
        <span class="name">{name}</span>
        <span class="count">{counts}</span>
      </button>
    </li>
  );
}
