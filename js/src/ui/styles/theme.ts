/**
 * Greys, accent and type. They are the host's where it has some, unless the person chose a theme: then all are ours. A host
 * without any may still have declared a colour scheme; else the person's system decides.
 */

const LIGHT = `
  --bg: #ffffff; --fg: rgb(0 0 0 / 87%); --quiet: rgb(0 0 0 / 60%); --line: #e2e2e2; --hover: #f0f0f0;
  --accent: #1767b8; --error: #c5281c; color-scheme: light;
`;
const DARK = `
  --bg: #1b1b1b; --fg: rgb(255 255 255 / 87%); --quiet: rgb(255 255 255 / 62%); --line: #3a3a3a; --hover: #2c2c2c;
  --accent: #6cb2f2; --error: #f2776d; color-scheme: dark;
`;

export const THEME = `
:host {
  --bg: var(--jp-layout-color0, var(--vscode-editor-background, #ffffff));
  --fg: var(--jp-ui-font-color1, var(--vscode-foreground, rgb(0 0 0 / 87%)));
  --quiet: var(--jp-ui-font-color2, var(--vscode-descriptionForeground, rgb(0 0 0 / 60%)));
  --line: var(--jp-border-color2, var(--vscode-panel-border, #e2e2e2));
  --hover: var(--jp-layout-color2, var(--vscode-toolbar-hoverBackground, #f0f0f0));
  --accent: var(--jp-brand-color1, var(--vscode-focusBorder, #1767b8));
  --error: var(--jp-error-color1, var(--vscode-errorForeground, #c5281c));
  --font: var(--jp-ui-font-family, var(--vscode-font-family, system-ui, sans-serif));
  display: block;
}
@media (prefers-color-scheme: dark) { :host(:not([data-hosted], [data-scheme])) { ${DARK} } }
:host([data-scheme="dark"]) { ${DARK} }
:host([data-theme="light"]) { ${LIGHT} }
:host([data-theme="dark"]) { ${DARK} }

:host([data-fills]) { height: 100dvh !important; }
:host([data-fills]) .widget { border: 0; }

* { box-sizing: border-box; }
.widget {
  --raised: color-mix(in srgb, var(--bg) 95%, white); /* what lies over the plot: no darker than it, lighter in the dark */
  --faint: color-mix(in srgb, var(--fg) 22%, var(--bg));
  --tint: color-mix(in srgb, var(--accent) 12%, transparent);
  --shadow: 0 2px 4px rgb(0 0 0 / 10%), 0 4px 20px rgb(0 0 0 / 22%);
  position: relative; display: flex; flex-direction: column; height: 100%; min-width: 0; overflow: hidden;
  container: widget / inline-size;
  background: var(--bg); color: var(--fg); border: 1px solid var(--line);
  font: 12px/16px var(--font); font-variant-numeric: tabular-nums;
  scrollbar-width: thin; scrollbar-color: var(--faint) transparent;
}
p, h2, ul { margin: 0; padding: 0; font: inherit; list-style: none; }
small { font-size: 11px; color: var(--quiet); }
.name small { margin-left: 4px; } /* beside a name: what else it is called */
@media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
`;
