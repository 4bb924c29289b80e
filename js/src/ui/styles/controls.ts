/** Buttons, fields, choices and sliders: what all parts of the interface are made of. */
export const CONTROLS = `
button, input, select { font: inherit; color: inherit; letter-spacing: inherit; }
button { background: none; border: 0; padding: 0; text-align: inherit; cursor: pointer; }
button:disabled { cursor: default; opacity: 0.5; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
.popover:focus-visible { outline: none; }

.tool { flex: none; display: grid; place-items: center; width: 28px; height: 28px; border-radius: 4px; color: var(--quiet); }
.tool svg { display: block; }
.tool:hover { background: var(--hover); color: var(--fg); }
.tool[aria-pressed="true"], .tool[aria-expanded="true"] { color: var(--accent); background: var(--tint); }
.words { color: var(--accent); border-radius: 2px; }
.words:hover:enabled { text-decoration: underline; text-underline-offset: 2px; }
.words:disabled { color: var(--quiet); }

.choice { position: relative; display: inline-flex; align-items: center; min-width: 0; border-radius: 4px; color: var(--quiet); }
.choice:hover { background: var(--hover); }
.choice svg { position: absolute; right: 6px; pointer-events: none; }
.choice select {
  appearance: none; height: 28px; min-width: 0; max-width: 160px; padding: 0 24px 0 8px; border: 0; border-radius: 4px;
  color: var(--fg); background: transparent; text-overflow: ellipsis; field-sizing: content; cursor: pointer;
}
option { color: var(--fg); background: var(--bg); }

.segments { display: inline-flex; flex: none; padding: 2px; border-radius: 4px; background: var(--hover); }
.segments label { position: relative; display: block; cursor: pointer; }
.segments input { position: absolute; inset: 0; margin: 0; opacity: 0; cursor: pointer; }
.segments span { display: block; padding: 0 8px; font-size: 11px; line-height: 20px; border-radius: 3px; color: var(--quiet); }
.segments label:hover span { color: var(--fg); }
.segments input:checked + span { background: var(--raised); color: var(--accent); }
.segments input:focus-visible + span { outline: 2px solid var(--accent); }

.entry {
  width: 0; min-width: 0; flex: 1; height: 20px; padding: 0 4px; border: 0; border-radius: 2px; outline: 0;
  background: var(--hover); font-size: 11px;
}
.entry::placeholder, .query input::placeholder { color: var(--quiet); opacity: 1; }
.entry:focus { box-shadow: inset 0 0 0 1px var(--accent); }
.entry[aria-invalid="true"] { box-shadow: inset 0 0 0 1px var(--error); }

.query { display: flex; align-items: center; gap: 8px; flex: none; color: var(--quiet); }
.query svg { flex: none; }
.query input { flex: 1; min-width: 0; padding: 0; border: 0; outline: 0; background: none; color: var(--fg); appearance: none; }
.query input::-webkit-search-cancel-button { appearance: none; }

input[type="range"] { appearance: none; width: 100%; height: 16px; margin: 0; background: none; cursor: pointer; border-radius: 2px; }
input[type="range"]::-webkit-slider-runnable-track {
  height: 2px; border-radius: 1px;
  background: linear-gradient(to right, var(--accent) var(--part), var(--faint) var(--part));
}
input[type="range"]::-webkit-slider-thumb {
  appearance: none; width: 12px; height: 12px; margin-top: -5px; border-radius: 50%; background: var(--accent);
}
input[type="range"]::-moz-range-track { height: 2px; border-radius: 1px; background: var(--faint); }
input[type="range"]::-moz-range-progress { height: 2px; border-radius: 1px; background: var(--accent); }
input[type="range"]::-moz-range-thumb { width: 12px; height: 12px; border: 0; border-radius: 50%; background: var(--accent); }
input[type="range"].unset::-webkit-slider-runnable-track { background: var(--faint); }
input[type="range"].unset::-moz-range-progress { background: var(--faint); }
input[type="range"].unset::-webkit-slider-thumb { background: var(--raised); box-shadow: inset 0 0 0 1.5px var(--quiet); }
input[type="range"].unset::-moz-range-thumb { background: var(--raised); box-shadow: inset 0 0 0 1.5px var(--quiet); }
input[type="range"]:focus-visible { outline-offset: 2px; }
input[type="checkbox"] { accent-color: var(--accent); margin: 0; }
.dot { flex: none; width: 10px; height: 10px; border-radius: 50%; }
`;
