/** The line below the plot, and the edge by which the widget is made higher. */
export const STATUS = `
.status { display: flex; align-items: center; gap: 12px; height: 24px; padding: 0 12px; flex: none; border-top: 1px solid var(--line); font-size: 11px; color: var(--quiet); position: relative; white-space: nowrap; }
.status > span { flex: none; }
.status .loading { min-width: 0; flex: 0 1 auto; overflow: hidden; text-overflow: ellipsis; }
.status .percent { min-width: 4ch; text-align: right; font-variant-numeric: tabular-nums; }
.status .words { flex: none; }
.status .late { animation: late 0s 400ms backwards; }
@keyframes late { from { visibility: hidden; } }
.status .origin { display: flex; align-items: center; gap: 8px; flex: 0 1 auto; min-width: 0; margin-left: auto; }
.status .matrix { min-width: 0; overflow: hidden; text-overflow: ellipsis; }
.status .road { flex: none; display: block; }
.status .road svg { display: block; }
.chips { display: flex; gap: 4px; flex: 0 1 auto; min-width: 0; overflow: auto hidden; scrollbar-width: none; }
.chip { display: flex; flex: none; height: 18px; border-radius: 9px; background: var(--hover); color: var(--fg); }
.chip button { height: 18px; line-height: 18px; }
.chip .text { padding: 0 2px 0 8px; border-radius: 9px 0 0 9px; }
.chip .remove { display: grid; place-items: center; width: 18px; color: var(--quiet); border-radius: 0 9px 9px 0; }
.chip .remove:hover { color: var(--fg); }
.chip.off { background: none; box-shadow: inset 0 0 0 1px var(--line); }
.chip.off .text { color: var(--quiet); text-decoration: line-through; }
.chip[aria-busy="true"] .text { color: var(--quiet); }
.status .progress { position: absolute; left: 0; top: -1px; height: 2px; background: var(--accent); transition: width 150ms ease-out; }
@container widget (max-width: 460px) {
  .status { padding: 0 8px; gap: 8px; }
  .status .matrix { display: none; }
}

:host([data-fills]) .resize { display: none; }
.resize { position: absolute; left: 0; right: 0; bottom: 0; height: 6px; z-index: 1; cursor: ns-resize; touch-action: none; }
.resize::after { content: ""; position: absolute; left: 50%; bottom: 1px; width: 32px; height: 2px; margin-left: -16px; border-radius: 1px; background: var(--faint); opacity: 0; transition: opacity 120ms ease-out; }
.resize:hover::after, .resize:active::after { opacity: 1; }
.resize:focus-visible { outline: none; }
.resize:focus-visible::after { opacity: 1; background: var(--accent); }
`;
