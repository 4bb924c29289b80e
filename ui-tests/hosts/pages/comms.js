// The comms of a frame, for whatever widget manager is in it.
import { FORMS } from "./buffers.js";

class Comm {
  constructor(comms, id) {
    this.comms = comms;
    this.comm_id = id;
    this.target_name = "jupyter.widget";
  }

  send(data, callbacks, metadata = {}, buffers = []) {
    return this.comms.send("msg", this.comm_id, data, callbacks, metadata, buffers);
  }

  close(data = {}, callbacks = {}, metadata = {}, buffers = []) {
    return this.comms.send("close", this.comm_id, data, callbacks, metadata, buffers);
  }

  on_msg(callback) {
    this.heard = callback;
  }

  on_close(callback) {
    this.closed = callback;
  }
}

export class Comms {
  constructor(manager, form) {
    this.manager = manager;
    this.form = FORMS[form];
    this.comms = new Map();
    this.callbacks = new Map();
    this.last = 0;
  }

  start() {
    addEventListener("message", ({ source, data }) => {
      if (source === parent) this.hear(this.form.open(data));
    });
    parent.postMessage(this.form.wrap({ kind: "loaded" }), "*");
  }

  send(kind, comm_id, data, callbacks, metadata, buffers) {
    for (const buffer of buffers) {
      // VS Code writes all that a view is of, number by number.
      if (ArrayBuffer.isView(buffer)) throw new RangeError("this host does not send views");
    }
    const id = String(++this.last);
    this.callbacks.set(id, callbacks);
    parent.postMessage(this.form.wrap({ kind, id, comm_id, data, metadata, buffers }), "*");
    return id;
  }

  async hear({ kind, message, model, id }) {
    if (kind === "display") await this.manager.display(model);
    else if (kind === "status") this.status(id, message);
    else if (kind === "comm_open") this.open(message);
    else if (kind === "comm_msg") this.comms.get(message.content.comm_id)?.heard?.(message);
    else if (kind === "comm_close") this.comms.get(message.content.comm_id)?.closed?.(message);
  }

  open(message) {
    const comm = new Comm(this, message.content.comm_id);
    this.comms.set(comm.comm_id, comm);
    void this.manager.handle_comm_open(comm, message);
  }

  /** ipywidgets sends a model's next changes only once the kernel was idle after the last. */
  status(id, message) {
    this.callbacks.get(id)?.iopub?.status?.(message);
    if (message.content.execution_state === "idle") this.callbacks.delete(id);
  }
}
