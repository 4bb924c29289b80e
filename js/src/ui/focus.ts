/**
 * Give the focus to the plot when the control that had it goes away: it would fall back to the page, and the next key
 * would be the notebook's. Returns what ends it.
 */
export function keepFocusInside(root: ShadowRoot, plot: HTMLElement): () => void {
  let focused: Element | null = null;
  const remember = () => {
    focused = root.activeElement;
  };
  // What is removed loses the focus, too; what lost it in another way is still there a moment later.
  const forget = ({ target }: Event) =>
    queueMicrotask(() => {
      if ((target as Element).isConnected && root.activeElement === null) focused = null;
    });
  const observer = new MutationObserver(() => {
    if (focused === null || focused.isConnected) return;
    focused = null;
    if (root.activeElement === null && document.activeElement === document.body) plot.focus({ preventScroll: true });
  });
  root.addEventListener("focusin", remember);
  root.addEventListener("focusout", forget);
  observer.observe(root, { childList: true, subtree: true });
  return () => {
    observer.disconnect();
    root.removeEventListener("focusin", remember);
    root.removeEventListener("focusout", forget);
  };
}
