/** The widget's style sheet, inside its shadow root. Greys and accent are the host's; the fallbacks are ours. */
export const STYLES = `
:host {
  --bg: var(--jp-layout-color0, var(--vscode-editor-background, #ffffff));
  --fg: var(--jp-ui-font-color1, var(--vscode-foreground, rgba(0, 0, 0, 0.87)));
  --quiet: var(--jp-ui-font-color2, var(--vscode-descriptionForeground, rgba(0, 0, 0, 0.58)));
  --line: var(--jp-border-color2, var(--vscode-panel-border, #e0e0e0));
  --hover: var(--jp-layout-color2, var(--vscode-toolbar-hoverBackground, #eeeeee));
  --accent: var(--jp-brand-color1, var(--vscode-focusBorder, #1976d2));
  --error: var(--jp-error-color1, var(--vscode-errorForeground, #d32f2f));
  --font: var(--jp-ui-font-family, var(--vscode-font-family, system-ui, sans-serif));
  display: block;
}
@media (prefers-color-scheme: dark) {
  :host(:not([data-hosted])) {
    --bg: #1b1b1b; --fg: rgba(255, 255, 255, 0.87); --quiet: rgba(255, 255, 255, 0.6); --line: #3a3a3a; --hover: #2c2c2c;
    --accent: #64b5f6; --error: #ef5350;
  }
}
* { box-sizing: border-box; }
.widget {
  display: flex; flex-direction: column; height: 100%; min-width: 0; overflow: hidden;
  container: widget / inline-size;
  background: var(--bg); color: var(--fg); border: 1px solid var(--line);
  font: 12px/16px var(--font); font-variant-numeric: tabular-nums;
}

.toolbar { display: flex; align-items: center; gap: 4px; height: 36px; padding: 0 8px; flex: none; border-bottom: 1px solid var(--line); }
.toolbar .gap { flex: 1; }
.toolbar .rule { width: 1px; height: 16px; margin: 0 4px; background: var(--line); }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
.tool { flex: none; display: grid; place-items: center; width: 28px; height: 28px; border-radius: 4px; color: var(--quiet); }
.tool:hover { background: var(--hover); color: var(--fg); }
.tool[aria-pressed="true"] { color: var(--accent); background: color-mix(in srgb, var(--accent) 12%, transparent); }
.tool svg { display: block; }
button:focus-visible, select:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
.choice { position: relative; display: flex; align-items: center; min-width: 0; height: 28px; border-radius: 4px; color: var(--quiet); }
.choice:hover { background: var(--hover); }
.choice > svg { position: absolute; pointer-events: none; }
.choice > svg.lead { left: 6px; }
.choice > svg.more { right: 4px; }
.choice select {
  appearance: none; font: inherit; color: var(--fg); background: transparent; border: 0; border-radius: 4px; cursor: pointer;
  height: 28px; max-width: 180px; field-sizing: content; padding: 0 22px 0 28px; text-overflow: ellipsis;
}
.choice select.plain { padding-left: 8px; }
option, optgroup { color: var(--fg); background: var(--bg); }
.selected { display: flex; align-items: center; gap: 2px; white-space: nowrap; }

.body { display: flex; flex: 1; min-height: 0; position: relative; }
.stage { position: relative; flex: 1; min-width: 0; overflow: hidden; }
.plot { position: absolute; inset: 0; outline: none; cursor: grab; touch-action: none; user-select: none; }
.plot:active { cursor: grabbing; }
.stage.drawing .plot, .stage.drawing .plot:active { cursor: crosshair; }
.stage:has(.plot:focus-visible)::after { content: ""; position: absolute; inset: 0; border: 1px solid var(--accent); pointer-events: none; }
.plot canvas { display: block; width: 100%; height: 100%; }
.waiting { position: absolute; inset: 0; margin: 0; padding: 24px; display: grid; place-content: center; text-align: center; color: var(--quiet); pointer-events: none; animation: appear 150ms ease-out 400ms backwards; }
@keyframes appear { from { opacity: 0; } }
.outline { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.outline path { fill: color-mix(in srgb, var(--accent) 10%, transparent); fill-rule: evenodd; stroke: var(--accent); stroke-width: 1.5; stroke-linejoin: round; }
.outline line { stroke: var(--accent); stroke-width: 1.5; stroke-dasharray: 4 4; }

.legend { flex: none; width: 200px; border-left: 1px solid var(--line); display: flex; flex-direction: column; min-height: 0; background: var(--bg); }
.legend h2 { margin: 0; padding: 10px 12px 6px; font: inherit; color: var(--fg); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.legend h2 small { font-size: 11px; color: var(--quiet); margin-left: 6px; }
.legend ul { list-style: none; margin: 0; padding: 0 0 8px; overflow: auto; min-height: 0; scrollbar-width: thin; }
.legend li { display: flex; align-items: center; gap: 8px; padding: 2px 12px; height: 22px; }
.legend .dot { flex: none; width: 10px; height: 10px; border-radius: 50%; }
.legend .name { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.legend .count { color: var(--quiet); font-size: 11px; }
.legend .rest { color: var(--quiet); padding: 4px 12px; height: auto; font-size: 11px; }
.legend .bar { margin: 2px 12px 4px; height: 10px; border-radius: 2px; }
.legend .ends { display: flex; justify-content: space-between; padding: 0 12px 8px; font-size: 11px; color: var(--quiet); }
.toggle-legend { display: none; }
@container widget (max-width: 640px) {
  .toggle-legend { display: grid; }
  .legend { position: absolute; right: 0; top: 0; bottom: 0; visibility: hidden; }
  .legend.open { visibility: visible; }
}
@container widget (max-width: 460px) {
  .toolbar { gap: 0; padding: 0 4px; }
  .toolbar .rule, .choice > svg.lead, .selected .word { display: none; }
  .choice select, .choice select.plain { max-width: 92px; padding-left: 8px; }
  .legend { left: 0; width: auto; top: auto; max-height: 60%; border-left: 0; border-top: 1px solid var(--line); }
}

.status { display: flex; align-items: center; gap: 16px; height: 24px; padding: 0 12px; flex: none; border-top: 1px solid var(--line); font-size: 11px; color: var(--quiet); position: relative; white-space: nowrap; overflow: hidden; }
.status .end { margin-left: auto; overflow: hidden; text-overflow: ellipsis; }
.progress { position: absolute; left: 0; top: -1px; height: 2px; background: var(--accent); transition: width 150ms ease-out; }

.notices { position: absolute; left: 12px; right: 12px; bottom: 12px; display: flex; flex-direction: column; gap: 8px; align-items: flex-start; pointer-events: none; }
.notice { display: flex; gap: 8px; max-width: min(520px, 100%); padding: 8px 8px 8px 12px; border-radius: 4px; background: var(--bg); border: 1px solid var(--line); border-left: 3px solid var(--error); pointer-events: auto; }
.notice div { min-width: 0; overflow-wrap: anywhere; max-height: 96px; overflow: auto; }
.notice p { margin: 0; }
.notice p + p { color: var(--quiet); }
.notice .act { color: var(--accent); padding: 4px 0 0; }
.notice .tool { flex: none; width: 20px; height: 20px; }
.card { position: absolute; inset: 0; display: grid; place-content: center; justify-items: center; gap: 8px; padding: 24px; text-align: center; background: var(--bg); }
.card p { margin: 0; max-width: 400px; color: var(--quiet); overflow-wrap: anywhere; white-space: pre-line; }
.card .title { color: var(--fg); font-size: 14px; line-height: 20px; }
.card .act { color: var(--accent); padding: 6px 12px; border: 1px solid var(--line); border-radius: 4px; margin-top: 8px; }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
`;
