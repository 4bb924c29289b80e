/** What opens over the rest: the field search, the settings, the choice of colours. */
export const PANELS = `
.popover {
  position: absolute; z-index: 3; display: flex; flex-direction: column; overflow: hidden auto; border-radius: 6px;
  background: var(--raised); box-shadow: var(--shadow); scrollbar-width: thin;
}

.popover.options { width: 320px; overflow: hidden; }
.options .query { height: 36px; padding: 0 12px; border-bottom: 1px solid var(--line); }
.options .found { flex: 0 1 auto; min-height: 0; max-height: 320px; overflow: auto; padding: 4px 0; scrollbar-width: thin; }
.options [role="option"] { display: flex; align-items: center; gap: 8px; height: 28px; padding: 0 12px; color: var(--quiet); cursor: pointer; }
.options [role="option"] svg { flex: none; }
.options [role="option"] .name { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--fg); }
.options [role="option"]:hover { background: var(--hover); }
.options [role="option"][aria-selected="true"] { background: var(--tint); }
.options [role="option"] .mark { color: var(--accent); }
.options .slot { flex: none; display: grid; width: 16px; }
.options .count { flex: none; font-size: 11px; }
.options [role="listbox"]:focus-visible { outline: none; } /* the active row shows it */
.options mark { color: var(--accent); background: none; }
.options .heading { padding: 8px 12px 4px; font-size: 11px; color: var(--quiet); }
.options .note { padding: 6px 12px; font-size: 11px; color: var(--quiet); overflow-wrap: anywhere; }

.popover.settings { width: 240px; padding: 12px; gap: 12px; }
.settings .embedding, .settings > .choice { display: none; }
.setting { flex: none; display: grid; grid-template-columns: 1fr auto; align-items: center; gap: 4px 8px; min-height: 24px; }
.setting .value { font-size: 11px; color: var(--quiet); }
.setting input[type="range"] { grid-column: 1 / -1; }
.setting .choice { margin-right: -6px; justify-self: end; }
.settings .reset { align-self: flex-start; font-size: 11px; }
@container widget (max-width: 640px) {
  .settings .embedding { display: flex; align-items: center; justify-content: space-between; gap: 8px; margin-left: -8px; }
  .settings > .choice { display: inline-flex; align-self: flex-start; max-width: 100%; margin-left: -8px; }
  .settings > .choice select { max-width: 100%; }
}

.popover.colormaps { width: 176px; padding: 4px 0; }
.colormaps label { position: relative; display: flex; align-items: center; gap: 8px; height: 24px; padding: 0 12px; cursor: pointer; }
.colormaps label:hover { background: var(--hover); }
.colormaps input[type="radio"] { position: absolute; inset: 0; margin: 0; opacity: 0; cursor: pointer; }
.colormaps label:has(input[type="radio"]:checked) { background: var(--tint); color: var(--accent); }
.colormaps label:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: -2px; }
.colormaps input[type="checkbox"]:focus-visible { outline: none; }
.colormaps .swatch { flex: none; width: 72px; height: 12px; border-radius: 2px; }
.colormaps .reverse { margin-top: 4px; padding-top: 4px; height: 32px; border-top: 1px solid var(--line); }
`;
