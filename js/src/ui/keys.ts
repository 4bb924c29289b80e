import type { Store } from "../state/store";
import type { ViewState } from "../state/view";

const TYPED = "input:not([type=radio], [type=checkbox], [type=range]), select, textarea";

/**
 * A key that no control below has used: our shortcuts. Nothing that is pressed in the widget reaches the notebook, where
 * single keys delete cells; but for Tab, and what is held with Ctrl, Cmd or Alt outside a field of text.
 */
export function handleKey(event: KeyboardEvent, store: Store, view: ViewState, showAll: () => void): void {
  const typing = event.target instanceof Element && event.target.matches(TYPED);
  const chord = event.ctrlKey || event.metaKey || event.altKey;
  if (event.key === "Tab" || (chord && !typing)) return;
  event.stopPropagation();
  if (event.type !== "keydown" || chord || (typing && event.key !== "Escape")) return;
  if (press(event.key, store, view, showAll)) event.preventDefault();
}

/** What a key does; false when it does nothing here. */
function press(key: string, store: Store, view: ViewState, showAll: () => void): boolean {
  switch (key.toLowerCase()) {
    case "v":
      store.tool.value = "navigate";
      return true;
    case "l":
      store.tool.value = "lasso";
      return true;
    case "b":
      store.tool.value = "box";
      return true;
    case "r":
      showAll();
      return true;
    case "/":
      view.searchOpen.value = true;
      return true;
    case "escape":
      return closeTopmost(store, view);
    default:
      return false;
  }
}

function closeTopmost(store: Store, view: ViewState): boolean {
  const open = [view.searchOpen, view.datasetsOpen, view.settingsOpen, view.legendOpen].find((panel) => panel.value);
  if (open !== undefined) open.value = false;
  else if (store.tool.value !== "navigate") store.tool.value = "navigate";
  else if (store.progress.value?.cancel !== undefined) store.progress.value.cancel();
  else return false;
  return true;
}
