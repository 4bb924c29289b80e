// VS Code's frame: its own widget manager, on a kernel whose socket is relayed by the page around it.
import { KernelConnection, ServerConnection } from "@jupyterlab/services";
import { activate } from "@vscode/jupyter-ipywidgets8";
import { FORMS } from "./buffers.js";

const modules = new Map();

const load = (name) => {
  const module = modules.get(name);
  if (module === undefined) throw new Error(`there is no module ${name}`);
  module.value ??= module.factory(...module.names.map(load));
  return module.value;
};

// In place of RequireJS: anywidget's file is the only one without a name.
globalThis.define = (...given) => {
  const factory = given.pop();
  const names = Array.isArray(given.at(-1)) ? given.pop() : [];
  modules.set(given[0] ?? "anywidget", { names, factory });
};
globalThis.requirejs = (names, done, failed) => {
  try {
    done(...names.map(load));
  } catch (error) {
    failed(error);
  }
};

/** What KernelConnection takes for a WebSocket. */
function relayed(form) {
  return class {
    constructor(_url, protocols) {
      this.readyState = 0;
      this.post({ event: "open", protocols });
      addEventListener("message", ({ source, data }) => {
        if (source === parent) this.hear(form.open(data));
      });
    }

    hear({ kind, event, protocol, text, buffers }) {
      if (kind !== "socket") return;
      if (event === "open") {
        this.readyState = 1;
        this.protocol = protocol;
        this.onopen?.({});
      } else if (event === "message") {
        this.onmessage?.({ data: text ?? form.read(buffers[0]) });
      }
    }

    send(data) {
      this.post(typeof data === "string" ? { event: "message", text: data } : { event: "message", buffers: [data] });
    }

    close() {}

    post(message) {
      parent.postMessage(form.wrap({ kind: "socket", ...message }), "*");
    }
  };
}

async function display(manager, id) {
  // The page around hears what a cell displays beside the socket.
  while (!manager.has_model(id)) await new Promise((done) => setTimeout(done, 20));
  const node = document.body.appendChild(document.createElement("div"));
  await manager.display_view(undefined, await manager.create_view(await manager.get_model(id)), { node });
}

globalThis.start = (name) => {
  const form = FORMS[name];
  const unreachable = () => Promise.reject(new Error("a frame has no way to Jupyter's server"));
  const serverSettings = ServerConnection.makeSettings({ WebSocket: relayed(form), fetch: unreachable });
  const kernel = new KernelConnection({ model: { id: "relayed", name: "python3" }, serverSettings });
  activate();
  globalThis.vscIPyWidgets8.load();
  const scripts = { widgetsRegisteredInRequireJs: new Set(), loadWidgetScript: async () => {} };
  const manager = new globalThis.vscIPyWidgets.WidgetManager(kernel, document.body, scripts, () => {});
  addEventListener("message", ({ source, data }) => {
    const message = source === parent ? form.open(data) : {};
    if (message.kind === "display") void display(manager, message.model);
  });
  void kernel.info.then(() => parent.postMessage(form.wrap({ kind: "loaded" }), "*"));
};
