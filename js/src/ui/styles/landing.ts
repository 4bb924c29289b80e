/** The page without Python while it has nothing to show. */
export const LANDING = `
main.widget { height: 100dvh; border: 0; overflow: auto; display: grid; place-items: safe center; padding: 24px; }
.looking { color: var(--quiet); animation: appear 150ms ease-out 400ms backwards; }
@keyframes appear { from { opacity: 0; } }

.invitation { display: grid; justify-items: center; width: 100%; max-width: 400px; text-align: center; font-size: 13px; line-height: 20px; }
.cells { width: 112px; height: 72px; margin-bottom: 20px; opacity: 0.9; }
h1 { margin: 0 0 8px; font-size: 20px; line-height: 28px; font-weight: 500; letter-spacing: -0.01em; text-wrap: balance; }
.invitation > p { color: var(--quiet); text-wrap: pretty; }
code { font: 12px/16px ui-monospace, SFMono-Regular, Menlo, monospace; color: var(--fg); }
.primary {
  display: inline-flex; align-items: center; gap: 8px; height: 36px; margin-top: 24px; padding: 0 16px; border-radius: 4px;
  background: var(--accent); color: var(--bg); font-size: 13px; transition: filter 120ms ease-out;
}
.primary:hover:enabled { filter: brightness(1.1); }
.primary:focus-visible { outline-offset: 2px; }
.primary svg { display: block; }
.invitation .or { margin-top: 8px; font-size: 12px; }
.failure {
  width: 100%; margin-top: 24px; padding: 12px 16px; text-align: left; font-size: 12px; line-height: 18px; color: var(--quiet);
  background: var(--raised); border: 1px solid var(--line); border-left: 3px solid var(--error); border-radius: 4px; overflow-wrap: anywhere;
}
.failure .title { color: var(--fg); font-size: 13px; line-height: 20px; }
footer { display: grid; gap: 12px; width: 100%; margin-top: 32px; padding-top: 16px; border-top: 1px solid var(--line); font-size: 12px; line-height: 18px; color: var(--quiet); text-wrap: pretty; }
footer code { display: block; margin-top: 2px; overflow-wrap: anywhere; }

.dropping {
  position: fixed; inset: 0; z-index: 9; display: grid; place-items: center; pointer-events: none;
  border: 2px solid var(--accent); background: color-mix(in srgb, var(--bg) 95%, transparent);
}
.dropping p { display: flex; align-items: center; gap: 8px; font-size: 14px; line-height: 20px; color: var(--accent); }
`;
