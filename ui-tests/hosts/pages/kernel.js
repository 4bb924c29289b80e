// The page of a host that shows widgets in frames: it alone talks to the kernel, and passes messages on to the frames.
import { KernelManager, ServerConnection } from "@jupyterlab/services";
import { FORMS } from "./buffers.js";

const WIDGET = "application/vnd.jupyter.widget-view+json";

/** One frame: its address, and what to do with a message from it. */
class Frame {
  constructor(address, form, hear) {
    this.form = form;
    this.element = document.createElement("iframe");
    for (const [name, value] of Object.entries(address)) this.element.setAttribute(name, value);
    this.loaded = new Promise((resolve) => {
      addEventListener("message", ({ source, data }) => {
        if (source !== this.element.contentWindow) return;
        const message = form.open(data);
        if (message.kind === "loaded") resolve();
        else hear(message, this);
      });
    });
    document.body.append(this.element);
  }

  async post(message) {
    await this.loaded;
    this.postNow(message);
  }

  postNow(message) {
    this.element.contentWindow.postMessage(this.form.wrap(message), "*");
  }
}

class Host {
  constructor(kernel, { frames, form, relays }, channels) {
    this.kernel = kernel;
    this.frames = frames;
    this.form = FORMS[form];
    this.channels = channels;
    this.sockets = new Map();
    this.comms = new Map();
    this.cells = 0;
    this.frame = null;
    if (relays === "comms") kernel.registerCommTarget("jupyter.widget", (comm, message) => this.opened(comm, message));
  }

  /** Run code as a cell; what it displays is shown in a frame: the one of all cells, or its own. */
  async execute(code, cell = false) {
    if (this.frame === null || (cell && this.frames.each === "cell")) {
      const hear = (message, frame) =>
        message.kind === "socket" ? this.relay(message, frame) : this.heard(message, frame);
      const { src, ...address } = this.frames.address;
      this.frame = new Frame({ src: src.replace("{cell}", ++this.cells), ...address }, this.form, hear);
    }
    const future = this.kernel.requestExecute({ code, allow_stdin: false, store_history: cell, stop_on_error: false });
    let text = "";
    let failure = null;
    future.onIOPub = ({ header, content }) => {
      const widget = content.data?.[WIDGET];
      if (header.msg_type === "stream" && content.name === "stdout") text += content.text;
      else if (header.msg_type === "error") failure = content.traceback.join("\n");
      else if (widget) void this.frame.post({ kind: "display", model: widget.model_id });
      else if (header.msg_type === "execute_result") text += content.data["text/plain"];
    };
    await future.done;
    return { text, failure };
  }

  opened(comm, message) {
    const { frame } = this;
    this.comms.set(comm.commId, comm);
    const pass = (kind) => (message) => {
      const { header, parent_header, metadata, content, buffers = [] } = message;
      void frame.post({ kind, message: { header, parent_header, metadata, content, buffers } });
    };
    comm.onMsg = pass("comm_msg");
    comm.onClose = pass("comm_close");
    pass("comm_open")(message);
  }

  /** A frame with a kernel of its own has no more than a socket that ends here. */
  relay({ event, protocols, text, buffers }, frame) {
    if (event === "message") {
      this.sockets.get(frame).send(text ?? this.form.read(buffers[0]));
      return;
    }
    const socket = new WebSocket(this.channels, protocols);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => frame.postNow({ kind: "socket", event: "open", protocol: socket.protocol });
    socket.onmessage = ({ data }) => {
      const message = typeof data === "string" ? { text: data } : { buffers: [data] };
      frame.postNow({ kind: "socket", event: "message", ...message });
    };
    this.sockets.set(frame, socket);
  }

  heard({ kind, id, comm_id, data, metadata, buffers }, frame) {
    const comm = this.comms.get(comm_id);
    if (comm === undefined || comm.isDisposed) return;
    const bytes = buffers.map(this.form.read);
    const future = kind === "close" ? comm.close(data, metadata, bytes) : comm.send(data, metadata, bytes);
    future.onIOPub = ({ header, content }) => {
      if (header.msg_type === "status") void frame.post({ kind: "status", id, message: { header, content } });
    };
  }
}

/** Start a kernel; `host` drives it. */
globalThis.openHost = async ({ token, ...rules }) => {
  const baseUrl = `${location.origin}/`;
  const serverSettings = ServerConnection.makeSettings({
    baseUrl,
    wsUrl: baseUrl.replace(/^http/, "ws"),
    token,
    appendToken: true,
  });
  const handleComms = rules.relays === "comms"; // else they are the frame's, and closed by who knows no target
  const kernel = await new KernelManager({ serverSettings }).startNew({ name: "python3" }, { handleComms });
  await kernel.info;
  const query = new URLSearchParams({ session_id: crypto.randomUUID(), token });
  const channels = `${serverSettings.wsUrl}api/kernels/${kernel.id}/channels?${query}`;
  globalThis.host = new Host(kernel, rules, channels);
};
