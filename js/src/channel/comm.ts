import { HostEncoding, toBase64 } from "./encoding";
import { BadMessage, type Command, type Downstream, parse, type Upstream } from "./messages";
import { pack } from "./packed";

const PART_BYTES = 4 * 1024 * 1024; // of a message in parts

/** The part of anywidget's model that carries messages. */
export interface MessageModel {
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: "msg:custom", listener: (content: unknown, buffers: unknown) => void): void;
  off(event: "msg:custom", listener: (content: unknown, buffers: unknown) => void): void;
}

type Listener = (message: Downstream, buffers: Uint8Array<ArrayBuffer>[]) => void;

/** The Jupyter comm as a carrier: messages with buffers, both counted. */
export class CommCarrier {
  /** How the host carries bytes best, as far as is known. */
  readonly encoding = new HostEncoding();
  bytesSent = 0;
  bytesReceived = 0;
  /** Told of what is odd but can be borne, after the console. */
  readonly warnings = new Set<(message: string) => void>();
  /** Commands of this epoch that have been carried out: each once, in their order, however often it comes. */
  commands = 0;
  epoch = 0;
  /** Told after each command, also one that had come before. */
  readonly arrivals = new Set<() => void>();
  private readonly listeners = new Set<Listener>();
  private transfers = 0;

  constructor(
    private readonly model: MessageModel,
    /** Names this evaluation of the front end; messages from Python reach every open client. */
    readonly page: string = newPageId(),
  ) {
    model.on("msg:custom", this.receive);
  }

  /** Send a message, in parts where it is large; returns how its bytes go. */
  send(message: Upstream, buffers: readonly Uint8Array[] = []): "buffers" | "text" {
    const bytes = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const how = this.encoding.choose(bytes);
    this.bytesSent += bytes;
    if (how === "text" || bytes > PART_BYTES) this.sendInParts(message, buffers, how);
    // VS Code cannot send views: only whole ArrayBuffers leave.
    else this.hand(message, buffers.map(whole));
    return how;
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

  /** To the host, which may know already that nobody is there: then the message is lost, as others are on their way. */
  private hand(message: Upstream, buffers: ArrayBuffer[]): void {
    try {
      this.model.send(message, undefined, buffers);
    } catch (error) {
      console.debug("cellucid: the host does not send", error);
    }
  }

  /** Jupyter's server closes the connection at a message of over 10 MiB. */
  private sendInParts(message: Upstream, buffers: readonly Uint8Array[], how: "buffers" | "text"): void {
    const packed = pack([{ message, buffers }]);
    const count = Math.ceil(packed.length / PART_BYTES);
    const head = { kind: "part", page: this.page, transfer: ++this.transfers, count } as const;
    for (let index = 0; index < count; index++) {
      const slice = packed.subarray(index * PART_BYTES, (index + 1) * PART_BYTES);
      const text = how === "text" ? toBase64(slice) : null;
      this.hand({ ...head, index, text }, text === null ? [whole(slice)] : []);
    }
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
    if (message.kind !== "command" || this.isNext(message)) {
      for (const listener of this.listeners) listener(message, bytes);
    }
    if (message.kind === "command") for (const tell of this.arrivals) tell();
  };

  /** Whether a command is to be carried out: not once more, and not before those that come first. */
  private isNext({ number, epoch }: Command): boolean {
    if (number === 0) return true;
    if (epoch > this.epoch) [this.epoch, this.commands] = [epoch, 0];
    if (epoch < this.epoch || number !== this.commands + 1) return false;
    this.commands++;
    return true;
  }
}

function whole(view: Uint8Array): ArrayBuffer {
  return view.slice().buffer as ArrayBuffer;
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
