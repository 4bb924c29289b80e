/** The line above the plot. */
export const TOOLBAR = `
.toolbar { display: flex; align-items: center; gap: 4px; height: 36px; padding: 0 8px; flex: none; border-bottom: 1px solid var(--line); }
.toolbar .gap { flex: 1; }
.toolbar .rule { flex: none; width: 1px; height: 16px; margin: 0 4px; background: var(--line); }
.toolbar .field {
  display: flex; align-items: center; gap: 8px; flex: 0 1 auto; min-width: 64px; max-width: 200px; height: 28px;
  padding: 0 6px; border-radius: 4px; color: var(--quiet); overflow: hidden;
}
.toolbar .field svg { flex: none; }
.toolbar .field .name { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--fg); }
.toolbar .field:hover, .toolbar .field[aria-expanded="true"] { background: var(--hover); }
.toolbar .dataset { flex-shrink: 2; }
.toolbar .dataset[aria-busy="true"] .name { color: var(--quiet); }
.toolbar .embedding { display: flex; align-items: center; gap: 4px; flex: 0 1 auto; min-width: 0; }
.toolbar .embedding .choice { min-width: 56px; }
.selected { display: flex; align-items: center; gap: 2px; flex: none; padding-left: 4px; white-space: nowrap; }
.toggle-legend { display: none; }
@container widget (max-width: 760px) {
  .selected .word { display: none; }
}
@container widget (max-width: 640px) {
  .toggle-legend { display: grid; }
  .toolbar .embedding, .toolbar .dataset { display: none; } /* they are among the settings now */
}
@container widget (max-width: 520px) {
  .toolbar .rule { display: none; }
  .toolbar .field .more { display: none; }
}
@container widget (max-width: 460px) {
  .toolbar { gap: 0; padding: 0 4px; }
  .toolbar .field { min-width: 28px; }
}
@container widget (max-width: 360px) {
  .toolbar .show-all { display: none; } /* R and a double click do the same */
}
`;
