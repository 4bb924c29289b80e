import type { SceneTheme } from "../scene/scene";

const LIGHT = { missing: "#d3d3d3", plain: "#8f8f8f", ring: "#1976d2" };
const DARK = { missing: "#4a4a4a", plain: "#9e9e9e", ring: "#64b5f6" };

/** What the plot's own background says about the theme, whichever host set it. */
export function themeOf(element: Element): SceneTheme {
  const channels = getComputedStyle(element)
    .backgroundColor.match(/[\d.]+/g)
    ?.map(Number) ?? [255, 255, 255];
  const [red, green, blue] = channels;
  const colors = 0.299 * red + 0.587 * green + 0.114 * blue < 128 ? DARK : LIGHT;
  const background = `#${[red, green, blue].map((channel) => Math.round(channel).toString(16).padStart(2, "0")).join("")}`;
  return { ...colors, background };
}

/** Call back whenever the host may have changed its theme; returns what ends it. */
export function watchTheme(changed: () => void): () => void {
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", changed);
  // JupyterLab and VS Code mark the theme on the body, and swap style sheets in the head.
  const marks = new MutationObserver(changed);
  for (const element of [document.documentElement, document.body]) marks.observe(element, { attributes: true });
  const sheets = new MutationObserver(changed);
  sheets.observe(document.head, { childList: true });
  document.head.addEventListener("load", changed, true);
  return () => {
    media.removeEventListener("change", changed);
    marks.disconnect();
    sheets.disconnect();
    document.head.removeEventListener("load", changed, true);
  };
}

/** Whether the host gives us colours of its own. */
export function isHosted(element: Element): boolean {
  const style = getComputedStyle(element);
  return ["--jp-layout-color0", "--vscode-editor-background"].some((name) => style.getPropertyValue(name) !== "");
}

/** The scheme that the page has declared for an element's place; null where it leaves that to the person's system. */
export function schemeOf(element: Element): "light" | "dark" | null {
  const schemes = getComputedStyle(element).colorScheme.split(" ");
  const dark = schemes.includes("dark");
  return dark === schemes.includes("light") ? null : dark ? "dark" : "light";
}
