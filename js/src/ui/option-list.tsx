import { Search } from "lucide-preact";
import { type ComponentChildren, Fragment } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ICON } from "./button";

const PAGE = 8; // rows that Page Up and Page Down go

/** A row to choose. */
export interface OptionRow {
  readonly key: string;
  /** What it begins with for somebody who types a letter. */
  readonly text: string;
  readonly content: ComponentChildren;
  /** The heading above it. */
  readonly heading?: string | undefined;
}

/** The field of text over a list. */
export interface Query {
  readonly label: string;
  readonly placeholder: string;
  readonly text: string;
  readonly onInput: (text: string) => void;
}

/** A list to choose one row from, below a field of text where there is one: WAI-ARIA's combobox, else its listbox. */
export function OptionList(props: {
  label: string;
  query?: Query | undefined;
  rows: readonly OptionRow[];
  /** The row that is active until the keys go elsewhere; −1 for none. */
  begin: number;
  /** Something is wrong with the query: it is said above the rows. */
  complaint?: string | null;
  /** What is said below the rows. */
  note?: string | null;
  onChoose: (row: number) => void;
}) {
  const { label, query, rows, complaint = null, note = null, onChoose } = props;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [gone, setGone] = useState<number | null>(null);
  const active = Math.min(gone ?? props.begin, rows.length - 1);

  useLayoutEffect(() => {
    const option = list.current?.querySelector<HTMLElement>("[aria-selected=true]");
    if (list.current && option) keepInSight(list.current, option);
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return; // the keys are the input method's
    if (event.key === "Enter" || (event.key === " " && query === undefined)) {
      if (active >= 0) onChoose(active);
    } else {
      const letter = query === undefined && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
      const to = letter ? startingWith(event.key, rows, active) : stepFrom(active, rows.length, event.key);
      if (to === null) return;
      setGone(to);
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const activeId = active < 0 ? undefined : `${id}-${active}`;
  const focused = { "data-first": true, tabIndex: 0, "aria-activedescendant": activeId, onKeyDown };
  return (
    <>
      {query !== undefined && (
        <div class="query">
          <Search {...ICON} />
          <input
            data-first
            type="text"
            role="combobox"
            aria-label={query.label}
            aria-autocomplete="list"
            aria-expanded="true"
            aria-controls={`${id}-list`}
            aria-activedescendant={activeId}
            placeholder={query.placeholder}
            autocomplete="off"
            spellcheck={false}
            value={query.text}
            onInput={(event) => {
              setGone(null);
              query.onInput(event.currentTarget.value);
            }}
            onKeyDown={onKeyDown}
          />
        </div>
      )}
      <div class="found" ref={list}>
        {complaint !== null && (
          <p class="note" role="status">
            {complaint}
          </p>
        )}
        <div role="listbox" id={`${id}-list`} aria-label={label} {...(query === undefined ? focused : {})}>
          {rows.map(({ key, heading, content }, index) => (
            <Fragment key={key}>
              {heading && (
                <p class="heading" role="presentation">
                  {heading}
                </p>
              )}
              {/* biome-ignore lint/a11y/useFocusableInteractive: the focus stays above, where the active option is named */}
              {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the list */}
              <div
                role="option"
                id={`${id}-${index}`}
                aria-selected={index === active}
                // The focus stays where it is.
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => onChoose(index)}
              >
                {content}
              </div>
            </Fragment>
          ))}
        </div>
        {note !== null && <p class="note">{note}</p>}
      </div>
    </>
  );
}

/** A text with the part marked that a query has found; −1 for none. */
export function Highlighted({ text, at, length }: { text: string; at: number; length: number }) {
  if (at < 0 || length === 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + length)}</mark>
      {text.slice(at + length)}
    </>
  );
}

/** Where a key goes from a row; null where it goes nowhere. */
function stepFrom(active: number, rows: number, key: string): number | null {
  const within = (row: number) => Math.min(Math.max(row, 0), rows - 1);
  if (rows === 0) return null;
  switch (key) {
    case "ArrowDown":
      return (active + 1) % rows;
    case "ArrowUp":
      return active <= 0 ? rows - 1 : active - 1;
    case "PageDown":
      return within(active + PAGE);
    case "PageUp":
      return within(active - PAGE);
    case "Home":
      return 0;
    case "End":
      return rows - 1;
    default:
      return null;
  }
}

/** The next row that begins with a letter, else where we are. */
function startingWith(letter: string, rows: readonly OptionRow[], active: number): number {
  const begins = ({ text }: OptionRow) => text.toLowerCase().startsWith(letter.toLowerCase());
  const next = rows.findIndex((row, index) => index > active && begins(row));
  const first = rows.findIndex(begins);
  return next >= 0 ? next : first >= 0 ? first : active;
}

/** Scroll a list, and not the page, until an item of it is seen. */
function keepInSight(list: HTMLElement, item: HTMLElement): void {
  const [outer, inner] = [list.getBoundingClientRect(), item.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}
