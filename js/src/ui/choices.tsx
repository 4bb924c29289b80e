import { ChevronDown } from "lucide-preact";
import { useId } from "preact/hooks";
import { SMALL_ICON } from "./button";

export interface Option {
  readonly value: string;
  readonly text: string;
}

/** A choice of many, as the browser shows it. */
export function Select(props: {
  label: string;
  value: string;
  options: readonly Option[];
  onChange: (value: string) => void;
}) {
  return (
    <span class="choice" title={props.label}>
      <select
        aria-label={props.label}
        value={props.value}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      >
        {props.options.map(({ value, text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <ChevronDown {...SMALL_ICON} />
    </span>
  );
}

/** A choice of two or three, all in sight. */
export function Segments(props: {
  label: string;
  /** None is chosen where no option has it. */
  value: string;
  options: readonly Option[];
  onChange: (value: string) => void;
}) {
  const name = useId();
  return (
    <span class="segments" role="radiogroup" aria-label={props.label}>
      {props.options.map(({ value, text }) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === props.value}
            onChange={() => props.onChange(value)}
          />
          <span>{text}</span>
        </label>
      ))}
    </span>
  );
}
