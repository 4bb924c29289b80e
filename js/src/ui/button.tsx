import type { ComponentChildren, Ref } from "preact";

/** What all icons have in common. */
export const ICON = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;
export const SMALL_ICON = { ...ICON, size: 14 } as const;

/** A button that is an icon; its label is its tooltip too. */
export function Button(props: {
  label: string;
  onClick: () => void;
  children: ComponentChildren;
  /** On or off, where it is a switch. */
  pressed?: boolean;
  /** Open or shut, where it opens a panel. */
  expanded?: boolean;
  class?: string;
  element?: Ref<HTMLButtonElement>;
}) {
  return (
    <button
      ref={props.element}
      type="button"
      class={`tool ${props.class ?? ""}`}
      title={props.label}
      aria-label={props.label}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      aria-haspopup={props.expanded === undefined ? undefined : "dialog"}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}

/** A button that is a word or two, within text. */
export function TextButton(props: {
  onClick: () => void;
  children: ComponentChildren;
  title?: string;
  disabled?: boolean;
  class?: string;
}) {
  return (
    <button
      type="button"
      class={`words ${props.class ?? ""}`}
      title={props.title}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}
