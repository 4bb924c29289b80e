import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** A field for one value: Enter or leaving it commits, Escape reverts; what is no value is outlined and says why. */
export function Entry<T>(props: {
  label: string;
  /** What it says while nobody types. */
  text: string;
  placeholder?: string;
  /** What a text means; undefined for nothing. */
  parse: (text: string) => T | undefined;
  /** What a person may type. */
  expected: string;
  onCommit: (value: T) => void;
  /** The field is there only while somebody types: called when they are done, either way, and whether by a key. */
  onDone?: (byKey: boolean) => void;
  class?: string;
}) {
  const { text, parse, onCommit, onDone } = props;
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState(text);
  const [given, setGiven] = useState(text);
  const done = useRef(false); // given up or in: leaving the field does neither again
  const invalid = draft !== text && parse(draft) === undefined;
  if (given !== text) {
    // At once, and not in an effect: that would come after what a quick hand has typed already.
    setGiven(text);
    setDraft(text);
  }
  useLayoutEffect(() => {
    if (onDone === undefined) return;
    input.current?.focus({ preventScroll: true });
    input.current?.select();
  }, []);

  const finish = (commit: boolean, byKey: boolean) => {
    if (done.current) return;
    done.current = true;
    const value = commit && draft !== text ? parse(draft) : undefined;
    if (value === undefined) setDraft(text);
    else onCommit(value);
    onDone?.(byKey);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !invalid) {
      event.preventDefault(); // or it presses the button that the focus goes to
      finish(true, true);
    }
    if (event.key === "Escape" && (draft !== text || onDone !== undefined)) {
      event.stopPropagation(); // it closes nothing else
      finish(false, true);
    }
  };
  return (
    <input
      ref={input}
      type="text"
      inputMode="decimal"
      autocomplete="off"
      spellcheck={false}
      class={`entry ${props.class ?? ""}`}
      aria-label={props.label}
      aria-invalid={invalid}
      title={invalid ? `Expected ${props.expected}` : props.label}
      placeholder={props.placeholder}
      value={draft}
      onInput={(event) => {
        done.current = false;
        setDraft(event.currentTarget.value);
      }}
      onKeyDown={onKeyDown}
      onBlur={() => finish(true, false)}
    />
  );
}
