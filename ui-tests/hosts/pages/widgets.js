// The frame of a host that shows widgets: a widget manager whose comms end in the page around it.
import { HTMLManager } from "@jupyter-widgets/html-manager";
import { Comms } from "./comms.js";

const modules = new Map();

class Manager extends HTMLManager {
  constructor() {
    super({ loader: (name) => modules.get(name) ?? Promise.reject(new Error(`there is no module ${name}`)) });
  }

  async display(id) {
    const element = document.body.appendChild(document.createElement("div"));
    await this.display_view(await this.create_view(await this.get_model(id)), element);
  }
}

// anywidget's AMD file is the only one: nothing needs a loader.
globalThis.define = (_names, factory) => modules.set("anywidget", import("@jupyter-widgets/base").then(factory));
globalThis.start = (form, ports) => {
  // What Colab gives its frames.
  const proxyPort = async (port) => ports.replace("{port}", port);
  if (ports !== null) globalThis.google = { colab: { kernel: { proxyPort } } };
  new Comms(new Manager(), form).start();
};
