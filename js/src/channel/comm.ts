import { BadMessage, type Downstream, parse, type Upstream } from "./messages";

/** The part of anywidget's model that carries messages. */
export interface MessageModel {
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: "msg:custom", listener: (content: unknown, buffers: unknown) => void): void;
  off(event: "msg:custom", listener: (content: unknown, buffers: unknown) => void): void;
}

type Listener = (message: Downstream, buffers: Uint8Array<ArrayBuffer>[]) => void;

/** The Jupyter comm as a carrier: messages with buffers, both counted. */
export class CommCarrier {
  bytesSent = 0;
  bytesReceived = 0;
  /** Told of what is odd but can be borne, after the console. */
  readonly warnings = new Set<(message: string) => void>();
  private readonly listeners = new Set<Listener>();

  constructor(
    private readonly model: MessageModel,
    /** Names this evaluation of the front end; messages from Python reach every open client. */
    readonly page: string = newPageId(),
  ) {
    model.on("msg:custom", this.receive);
  }

  send(message: Upstream, buffers: Uint8Array[] = []): void {
    // VS Code cannot send views: only whole ArrayBuffers leave.
    const slices = buffers.map((view) => view.slice().buffer as ArrayBuffer);
    this.bytesSent += slices.reduce((sum, slice) => sum + slice.byteLength, 0);
    this.model.send(message, undefined, slices);
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Hear a message for this page that has come by another road. */
  hear(message: Downstream): void {
    for (const listener of this.listeners) listener(message, []);
  }

  warn(message: string): void {
    console.warn(`cellucid: ${message}`);
    for (const tell of this.warnings) tell(message);
  }

  dispose(): void {
    this.model.off("msg:custom", this.receive);
    this.listeners.clear();
  }

  private readonly receive = (content: unknown, buffers: unknown): void => {
    let message: Downstream;
    try {
      message = parse(content);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.warn(`dropped a message: ${error.message}`);
      return;
    }
    if ("page" in message && message.page !== null && message.page !== this.page) return;
    if (message.kind === "command" && message.without === this.page) return;
    const bytes = (Array.isArray(buffers) ? buffers : []).map(asBytes);
    this.bytesReceived += bytes.reduce((sum, view) => sum + view.byteLength, 0);
    for (const listener of this.listeners) listener(message, bytes);
  };
}

/** Hosts hand over ArrayBuffers, or views with an offset. */
function asBytes(buffer: unknown): Uint8Array<ArrayBuffer> {
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
  if (ArrayBuffer.isView(buffer) && buffer.buffer instanceof ArrayBuffer) {
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }
  throw new TypeError(`a buffer arrived as ${Object.prototype.toString.call(buffer)}`);
}

function newPageId(): string {
  // crypto.randomUUID is missing on pages served over plain http.
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
