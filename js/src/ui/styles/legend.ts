/** What the colours mean, to the right of the plot; folded away where there is little room. */
export const LEGEND = `
.legend { flex: none; width: 200px; border-left: 1px solid var(--line); display: flex; flex-direction: column; min-height: 0; background: var(--bg); }
.legend header { display: flex; align-items: center; gap: 6px; height: 32px; padding: 4px 12px 0; flex: none; }
.legend h2 { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.legend header small { flex: none; max-width: 64px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.legend header .words { flex: none; margin-left: auto; font-size: 11px; }
.legend ul { padding: 0 0 8px; overflow: auto; min-height: 0; scrollbar-width: thin; }
.legend .query { margin: 0 12px 4px; padding-bottom: 4px; border-bottom: 1px solid var(--line); font-size: 11px; }
.legend .query:focus-within { border-bottom-color: var(--accent); }
.legend .row { display: flex; align-items: center; gap: 8px; width: 100%; height: 24px; padding: 0 12px; user-select: none; }
.legend .row:hover { background: var(--hover); }
.legend .name { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.legend .count { flex: none; color: var(--quiet); font-size: 11px; }
.legend .row.hidden .dot { border: 1.5px solid; }
.legend .row.hidden .name { color: var(--quiet); }
.legend .row.hidden .count { opacity: 0.7; }
.legend .rest { color: var(--quiet); padding: 4px 12px; font-size: 11px; overflow-wrap: anywhere; }

.values { display: flex; flex-direction: column; min-height: 0; padding-bottom: 8px; overflow: auto; }
.histogram { position: relative; flex: none; height: 40px; margin: 4px 12px 0; cursor: ew-resize; touch-action: none; user-select: none; border-bottom: 1px solid var(--line); }
.histogram svg { position: absolute; inset: 0; width: 100%; height: 100%; fill: var(--quiet); }
.histogram .all { opacity: 0.25; }
.histogram .end { position: absolute; top: 0; bottom: -1px; width: 1px; margin-left: -0.5px; background: var(--accent); pointer-events: none; }
.histogram .end::after { content: ""; position: absolute; left: -2px; bottom: -2px; width: 5px; height: 5px; border-radius: 50%; background: var(--accent); }
.reach { display: block; flex: none; height: 8px; margin: 0 12px; overflow: hidden; }
.reach path { fill: color-mix(in srgb, var(--faint) 50%, var(--bg)); }
.colorbar { flex: none; padding: 0 12px; }
.colorbar .bar { display: block; width: 100%; height: 12px; border-radius: 2px; }
.colorbar .bar:focus-visible, .colorbar .bar:hover { outline: 2px solid var(--accent); outline-offset: 1px; }
.colorbar .bar:hover:not(:focus-visible) { outline-width: 1px; }
.ends { display: flex; justify-content: space-between; gap: 8px; margin: 2px -4px 0; }
.ends button.limit { display: flex; gap: 4px; min-width: 0; height: 20px; padding: 0 4px; align-items: center; border-radius: 2px; font-size: 11px; color: var(--quiet); cursor: text; }
.ends button.limit:hover { background: var(--hover); color: var(--fg); }
.ends .entry.limit { flex: 0 1 72px; }
.ends .entry.limit:last-child, .ends .limit:last-child { text-align: right; }
.values .filter { display: flex; align-items: center; gap: 6px; align-self: flex-start; height: 24px; padding: 0 12px; margin-top: 4px; font-size: 11px; color: var(--quiet); }
.values .filter:hover:enabled { color: var(--fg); text-decoration: none; }
.values .span { display: flex; align-items: center; gap: 6px; flex: none; padding: 4px 8px 0 12px; font-size: 11px; color: var(--quiet); }
.values .span .entry { color: var(--fg); }
.values .span .tool { width: 20px; height: 20px; margin-left: -2px; }
.values ul { padding: 4px 0 0; flex: none; }

@container widget (max-width: 640px) {
  .legend { position: absolute; right: 0; top: 0; bottom: 0; z-index: 1; visibility: hidden; opacity: 0; transform: translateX(8px); transition: 150ms ease-out; transition-property: opacity, transform, visibility; }
  .legend.open { visibility: visible; opacity: 1; transform: none; }
}
@container widget (max-width: 460px) {
  .legend { left: 0; width: auto; top: auto; max-height: 60%; border-left: 0; border-top: 1px solid var(--line); transform: translateY(8px); }
}
`;
