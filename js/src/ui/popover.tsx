import type { ComponentChildren, RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { besideAnchor } from "./placing";

const EDGE = 4; // pixels that a panel keeps from the widget's edge

/**
 * A panel beside the control that opened it, inside the widget. Escape, a press elsewhere and a focus that goes
 * elsewhere close it; the focus goes back to where it was, unless it has gone on.
 */
export function Popover(props: {
  anchor: RefObject<HTMLElement>;
  label: string;
  class?: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const { anchor, onClose } = props;
  const panel = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;

  useLayoutEffect(() => {
    if (panel.current === null || anchor.current === null) return;
    return keepPlaced(panel.current, anchor.current);
  }, []);
  useLayoutEffect(() => keepFocus(panel.current), []);
  useLayoutEffect(() => {
    const press = (event: Event) => {
      const path = event.composedPath();
      const ours = [panel.current, anchor.current].some((element) => element !== null && path.includes(element));
      if (!ours) close.current();
    };
    document.addEventListener("pointerdown", press, true);
    return () => document.removeEventListener("pointerdown", press, true);
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    onClose();
  };
  const onFocusOut = ({ relatedTarget }: FocusEvent) => {
    if (relatedTarget === null) return; // to no element: another window, or what is not to be focused
    const ours = [panel.current, anchor.current].some((element) => element?.contains(relatedTarget as Node));
    if (!ours) onClose();
  };
  return (
    <div
      ref={panel}
      class={`popover ${props.class ?? ""}`}
      role="dialog"
      aria-label={props.label}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      onFocusOut={onFocusOut}
    >
      {props.children}
    </div>
  );
}

/** Put a panel beside its anchor, now and whenever the widget's or its own size changes; returns what ends it. */
function keepPlaced(panel: HTMLElement, anchor: HTMLElement): () => void {
  const widget = panel.closest<HTMLElement>(".widget") ?? panel;
  const place = () => {
    const origin = (panel.offsetParent ?? widget).getBoundingClientRect();
    const box = widget.getBoundingClientRect();
    panel.style.maxWidth = `${box.width - 2 * EDGE}px`;
    panel.style.maxHeight = "none"; // measured as high as it wants to be
    const { offsetWidth: width, offsetHeight: height } = panel;
    const { left, top, right, bottom } = box;
    const bounds = { left: left + EDGE, top: top + EDGE, right: right - EDGE, bottom: bottom - EDGE };
    const placed = besideAnchor(anchor.getBoundingClientRect(), { width, height }, bounds);
    panel.style.left = `${placed.left - origin.left - (panel.offsetParent?.clientLeft ?? 0)}px`;
    panel.style.top = `${placed.top - origin.top - (panel.offsetParent?.clientTop ?? 0)}px`;
    panel.style.maxHeight = `${placed.maxHeight}px`;
  };
  const observer = new ResizeObserver(place);
  observer.observe(widget);
  observer.observe(anchor);
  place();
  return () => observer.disconnect();
}

/** Take the focus into a panel; what is returned gives it back, unless it has gone elsewhere meanwhile. */
function keepFocus(panel: HTMLElement | null): () => void {
  const root = panel?.getRootNode() as Document | ShadowRoot | undefined;
  const before = root?.activeElement;
  panel?.querySelector<HTMLElement>("[data-first]")?.focus({ preventScroll: true });
  if (panel && !panel.contains(root?.activeElement ?? null)) panel.focus({ preventScroll: true });
  return () => {
    const inside = panel?.contains(root?.activeElement ?? null);
    if (inside && before instanceof HTMLElement) before.focus({ preventScroll: true });
  };
}
