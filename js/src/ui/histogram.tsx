import { useEffect, useMemo, useRef } from "preact/hooks";
import type { ContinuousColumn } from "../state/column";
import type { Span } from "../state/editing";
import { barHeights, brushed, histogram } from "../state/histogram";
import type { Store } from "../state/store";
import { formatValue } from "./format";

const BINS = 32;
const HEIGHT = 40;
const NEAR = 6; // CSS pixels from an end that still take hold of it
const CLICK = 3; // CSS pixels: a shorter drag is a click

/** How the values are spread. A drag over it keeps only the cells below; dragged by an end it changes that end. */
export function Histogram(props: {
  store: Store;
  column: ContinuousColumn;
  range: readonly [number, number];
  span: Span;
  onBrush: (min: number | null, max: number | null) => void;
}) {
  const { store, column, range, span } = props;
  const heights = useMemo(() => barHeights(histogram(column, BINS)), [column]);
  const [low, high] = range;
  const fractionOf = (value: number) => (value - low) / (high - low);
  const from = span.min === null ? 0 : within(fractionOf(span.min));
  const to = span.max === null ? 1 : within(fractionOf(span.max));
  const brush = useBrush(from, to, (first, second) => props.onBrush(...brushed(first, second, range)));
  const bars = useMemo(() => pathOf(heights), [heights]);
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: with the keyboard, the ends are typed into the fields below */}
      <div
        class="histogram"
        title={`${formatValue(low)} to ${formatValue(high)}. Drag to show only some of the values, double-click for all`}
        onPointerDown={brush.press}
        onPointerMove={brush.move}
        onPointerUp={brush.release}
        onPointerCancel={brush.cancel}
        onDblClick={() => props.onBrush(null, null)}
      >
        {(["all", "kept"] as const).map((part) => (
          <svg
            key={part}
            class={part}
            viewBox={`0 0 ${BINS} ${HEIGHT}`}
            preserveAspectRatio="none"
            aria-hidden="true"
            style={part === "kept" ? { clipPath: `inset(0 ${100 * (1 - to)}% 0 ${100 * from}%)` } : {}}
          >
            <path d={bars} />
          </svg>
        ))}
        {span.min !== null && <span class="end" style={{ left: `${100 * from}%` }} />}
        {span.max !== null && <span class="end" style={{ left: `${100 * to}%` }} />}
      </div>
      <Reach ends={store.limits.value} fractionOf={fractionOf} />
    </>
  );
}

/** Which part of the values the colour bar below spans, where it does not span them all. */
function Reach(props: { ends: readonly [number, number] | null; fractionOf: (value: number) => number }) {
  const [from, to] = (props.ends ?? []).map((end) => 100 * props.fractionOf(end));
  return (
    <svg class="reach" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <path d={`M${from} 0H${to}L100 8H0Z`} />
    </svg>
  );
}

/** Bars with a gap between them, as one path. */
function pathOf(heights: Float32Array): string {
  const bars = Array.from(heights, (height, bin) => {
    // One cell of a million is seen too.
    const tall = height === 0 ? 0 : Math.max(height * (HEIGHT - 2), 1);
    return `M${bin + 0.1} ${HEIGHT}v${-tall}h0.8v${tall}z`;
  });
  return bars.join("");
}

/** A drag over an element, as two fractions of its width: at most once a frame, so that a million cells keep up. */
function useBrush(from: number, to: number, onBrush: (from: number, to: number) => void) {
  const drag = useRef<{ anchor: number; start: number; before: [number, number]; moved: boolean } | null>(null);
  const frame = useRef(0);
  const latest = useRef(onBrush);
  latest.current = onBrush;
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  const fractionAt = (event: PointerEvent & { currentTarget: EventTarget }) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return { at: within((event.clientX - box.left) / box.width), near: NEAR / box.width };
  };
  const brush = (anchor: number, at: number) => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => latest.current(anchor, at));
  };
  return {
    press: (event: PointerEvent & { currentTarget: EventTarget }) => {
      if (event.button !== 0 || drag.current !== null) return;
      const { at, near } = fractionAt(event);
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
      // By an end: the other one stays.
      const holdsLeft = from > 0 && Math.abs(at - from) <= near;
      const holdsRight = to < 1 && Math.abs(at - to) <= near;
      const anchor = holdsLeft ? to : holdsRight ? from : at;
      drag.current = { anchor, start: event.clientX, before: [from, to], moved: false };
    },
    move: (event: PointerEvent & { currentTarget: EventTarget }) => {
      if (drag.current === null) return;
      drag.current.moved ||= Math.abs(event.clientX - drag.current.start) >= CLICK;
      if (drag.current.moved) brush(drag.current.anchor, fractionAt(event).at);
    },
    release: () => {
      drag.current = null;
    },
    cancel: () => {
      if (drag.current?.moved) brush(...drag.current.before);
      drag.current = null;
    },
  };
}

function within(fraction: number): number {
  return Math.min(Math.max(fraction, 0), 1);
}
