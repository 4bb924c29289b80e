/** The plot and what lies over it. */
export const PLOT = `
.body { display: flex; flex: 1; min-height: 0; position: relative; }
.stage { position: relative; flex: 1; min-width: 0; overflow: hidden; }
.plot { position: absolute; inset: 0; outline: none; cursor: grab; touch-action: none; user-select: none; }
.plot:active { cursor: grabbing; }
.stage.drawing .plot, .stage.drawing .plot:active { cursor: crosshair; }
.stage:has(.plot:focus-visible)::after { content: ""; position: absolute; inset: 0; border: 1px solid var(--accent); pointer-events: none; }
.plot canvas { display: block; width: 100%; height: 100%; }
.waiting, .empty { position: absolute; inset: 0; padding: 24px; display: grid; place-content: center; justify-items: center; gap: 8px; text-align: center; color: var(--quiet); pointer-events: none; }
.waiting { animation: appear 150ms ease-out 400ms backwards; }
.empty .words { pointer-events: auto; padding: 4px 8px; }
@keyframes appear { from { opacity: 0; } }
.outline { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.outline path { fill: color-mix(in srgb, var(--accent) 10%, transparent); fill-rule: evenodd; stroke: var(--accent); stroke-width: 1.5; stroke-linejoin: round; }
.outline line { stroke: var(--accent); stroke-width: 1.5; stroke-dasharray: 4 4; }

.tooltip {
  position: absolute; left: 0; top: 0; max-width: min(240px, 100%); padding: 4px 8px; border-radius: 4px;
  background: var(--raised); box-shadow: var(--shadow); pointer-events: none;
}
.tooltip .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.tooltip .value { display: flex; align-items: center; gap: 6px; color: var(--quiet); font-size: 11px; white-space: nowrap; }
.tooltip .value .dot { width: 8px; height: 8px; }
.tooltip .what { min-width: 0; overflow: hidden; text-overflow: ellipsis; color: var(--fg); }

.notices { position: absolute; left: 12px; bottom: 12px; max-width: min(520px, calc(100% - 24px)); display: flex; flex-direction: column; gap: 8px; pointer-events: none; }
.notice { display: flex; justify-content: space-between; gap: 8px; padding: 8px 8px 8px 12px; border-radius: 4px; background: var(--raised); border: 1px solid var(--line); border-left: 3px solid var(--error); pointer-events: auto; }
.notice div { min-width: 0; overflow-wrap: anywhere; max-height: 96px; overflow: auto; }
.notice p + p { color: var(--quiet); }
.notice .act { color: var(--accent); padding: 4px 0 0; }
.notice .tool { flex: none; width: 20px; height: 20px; }
.card { position: absolute; inset: 0; display: grid; place-content: center; justify-items: center; gap: 8px; padding: 24px; text-align: center; background: var(--bg); }
.card p { max-width: 400px; color: var(--quiet); overflow-wrap: anywhere; white-space: pre-line; }
.card .title { color: var(--fg); font-size: 14px; line-height: 20px; }
.card .act { color: var(--accent); padding: 6px 12px; border: 1px solid var(--line); border-radius: 4px; margin-top: 8px; }
`;
