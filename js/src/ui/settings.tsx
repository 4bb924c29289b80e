import { batch } from "@preact/signals-core";
import { Ellipsis } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { DEFAULTS, type Store, THEMES, type ThemeName } from "../state/store";
import type { ViewState } from "../state/view";
import { Button, ICON, TextButton } from "./button";
import { Segments, Select } from "./choices";
import { DatasetSelect } from "./datasets";
import { EmbeddingChoice } from "./embedding";
import { formatValue } from "./format";
import { Popover } from "./popover";

const RANGE = 4; // the slider goes from a quarter of the automatic size to four times that
const THEME_TEXTS = { auto: "Auto", light: "Light", dark: "Dark" } as const;

/** How things look: all that is set once and then forgotten. */
export function Settings({ store, view }: { store: Store; view: ViewState }) {
  const anchor = useRef<HTMLButtonElement>(null);
  const open = view.settingsOpen.value;
  const close = () => {
    view.settingsOpen.value = false;
  };
  return (
    <>
      <Button
        element={anchor}
        label="Settings"
        expanded={open}
        onClick={() => {
          view.settingsOpen.value = !open;
        }}
      >
        <Ellipsis {...ICON} />
      </Button>
      {open && (
        <Popover anchor={anchor} label="Settings" class="settings" onClose={close}>
          <DatasetSelect store={store} />
          <EmbeddingChoice store={store} />
          <PointSize store={store} />
          <Opacity store={store} />
          <GenesFrom store={store} />
          <Setting label="Theme">
            <Segments
              label="Theme"
              value={store.theme.value}
              options={THEMES.map((value) => ({ value, text: THEME_TEXTS[value] }))}
              onChange={(value) => {
                store.theme.value = value as ThemeName;
              }}
            />
          </Setting>
          <Reset store={store} />
          <OpenOther store={store} close={close} />
        </Popover>
      )}
    </>
  );
}

function OpenOther({ store, close }: { store: Store; close: () => void }) {
  const open = store.openOther.value;
  if (open === null) return null;
  const choose = () => {
    close();
    open();
  };
  return (
    <TextButton class="reset" onClick={choose}>
      Open a folder…
    </TextButton>
  );
}

function PointSize({ store }: { store: Store }) {
  const size = store.pointSize.value;
  return (
    <Setting label="Point size" value={`${formatValue(size)}×`}>
      <Slider
        label="Point size"
        text={`${formatValue(size)} times`}
        min={-1}
        max={1}
        step={0.01}
        value={Math.log(size) / Math.log(RANGE)}
        onInput={(value) => {
          store.pointSize.value = Number((RANGE ** value).toPrecision(3));
        }}
      />
    </Setting>
  );
}

function Opacity({ store }: { store: Store }) {
  const opacity = store.opacity.value;
  const automatic = () => {
    store.opacity.value = null;
  };
  return (
    <Setting
      label="Opacity"
      value={
        opacity === null ? (
          "automatic"
        ) : (
          <>
            {`${Math.round(100 * opacity)} % · `}
            <TextButton title="Let the opacity follow from the number of cells" onClick={automatic}>
              automatic
            </TextButton>
          </>
        )
      }
    >
      <Slider
        label="Opacity"
        text={opacity === null ? "automatic" : `${Math.round(100 * opacity)} percent`}
        min={0}
        max={1}
        step={0.01}
        value={opacity ?? 1}
        class={opacity === null ? "unset" : ""}
        onInput={(value) => {
          store.opacity.value = value;
        }}
      />
    </Setting>
  );
}

function GenesFrom({ store }: { store: Store }) {
  const { layers = [], default_layer = null } = store.dataset.value ?? {};
  if (layers.length === 0) return null;
  const options = [
    { value: "", text: default_layer === null ? "automatic" : `automatic (${default_layer})` },
    ...layers.map((layer) => ({ value: layer, text: layer })),
  ];
  return (
    <Setting label="Genes from">
      <Select
        label="Genes from"
        value={store.layer.value ?? ""}
        options={options}
        onChange={(value) => {
          store.layer.value = value || null;
        }}
      />
    </Setting>
  );
}

function Reset({ store }: { store: Store }) {
  const { pointSize, opacity, layer, theme } = store;
  const isDefault =
    pointSize.value === DEFAULTS.pointSize &&
    opacity.value === DEFAULTS.opacity &&
    layer.value === DEFAULTS.layer &&
    theme.value === DEFAULTS.theme;
  const reset = () =>
    batch(() => {
      pointSize.value = DEFAULTS.pointSize;
      opacity.value = DEFAULTS.opacity;
      layer.value = DEFAULTS.layer;
      theme.value = DEFAULTS.theme;
    });
  return (
    <TextButton class="reset" disabled={isDefault} onClick={reset}>
      Reset settings
    </TextButton>
  );
}

function Setting(props: { label: string; value?: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class="setting">
      <span>{props.label}</span>
      {props.value !== undefined && <span class="value">{props.value}</span>}
      {props.children}
    </div>
  );
}

function Slider(props: {
  label: string;
  /** The value in words. */
  text: string;
  min: number;
  max: number;
  step: number;
  value: number;
  class?: string;
  onInput: (value: number) => void;
}) {
  const { label, text, min, max, step, value, onInput } = props;
  return (
    <input
      type="range"
      class={props.class}
      aria-label={label}
      aria-valuetext={text}
      min={min}
      max={max}
      step={step}
      value={value}
      style={{ "--part": `${(100 * (Math.min(Math.max(value, min), max) - min)) / (max - min)}%` }}
      onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
    />
  );
}
