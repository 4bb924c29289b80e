import "@preact/signals"; // lets components follow the store's signals
import { render } from "preact";
import { keepFocusInside } from "./focus";
import { handleKey } from "./keys";
import { Legend } from "./legend";
import { Stage, type WidgetParts } from "./plot";
import { ResizeHandle } from "./resize";
import { StatusLine } from "./status";
import { STYLES } from "./styles";
import { Toolbar } from "./toolbar";

export type { WidgetParts } from "./plot";

/** Put the widget's interface into a shadow root; returns what takes it out again. */
export function mount(root: ShadowRoot, parts: WidgetParts): () => void {
  const style = document.createElement("style");
  style.textContent = STYLES;
  const body = document.createElement("div");
  body.style.height = "100%";
  root.replaceChildren(style, body);
  render(<Widget {...parts} />, body);
  const letGo = keepFocusInside(root, parts.plot);
  return () => {
    letGo();
    render(null, body);
    root.replaceChildren();
  };
}

function Widget(parts: WidgetParts) {
  const { store, view, camera } = parts;
  const showAll = () => camera.moveTo(camera.fitted(), true);
  const onKey = (event: KeyboardEvent) => handleKey(event, store, view, showAll);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys that no control below has used, as in any application window
    <div class="widget" onKeyDown={onKey} onKeyUp={onKey} onKeyPress={onKey}>
      <Toolbar store={store} view={view} showAll={showAll} />
      <div class="body">
        <Stage {...parts} />
        <Legend store={store} view={view} />
      </div>
      <StatusLine store={store} />
      <ResizeHandle store={store} />
    </div>
  );
}
