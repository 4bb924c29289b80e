import { bytesOf, fromBase64, isNumbers, toBase64 } from "./buffers";
import { HostEncoding, type Way } from "./encoding";
import { BadMessage, type Command, type Downstream, parse, parseTexts, type Upstream } from "./messages";
import { pack } from "./packed";

const PART_BYTES = 4 * 1024 * 1024; // of a message in parts

/** The part of anywidget's model that carries messages. */
export interface MessageModel {
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: "msg:custom", listener: (content: unknown, buffers: unknown) => void): void;
  off(event: "msg:custom", listener: (content: unknown, buffers: unknown) => void): void;
}

type Listener = (message: Downstream, buffers: Uint8Array<ArrayBuffer>[], way: Way) => void;

/** A model's messages as a carrier, over the Jupyter comm or what a tab has for it; it counts the bytes. */
export class CommCarrier {
  /** How the host carries bytes best, as far as is known. */
  readonly encoding = new HostEncoding();
  bytesSent = 0;
  bytesReceived = 0;
  /** Of these, what came and went as text. */
  readonly asText = { sent: 0, received: 0 };
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
  send(message: Upstream, buffers: readonly Uint8Array[] = []): Way {
    const bytes = lengthOf(buffers);
    const way = this.encoding.choose("up", bytes);
    this.bytesSent += bytes;
    if (way === "text") this.asText.sent += bytes;
    if (way === "text" || bytes > PART_BYTES) this.sendInParts(message, buffers, way);
    // VS Code cannot send views: only whole ArrayBuffers leave.
    else this.hand(message, buffers.map(whole));
    return way;
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Hear a message for this page that has come by another road. */
  hear(message: Downstream): void {
    for (const listener of this.listeners) listener(message, [], "buffers");
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
  private sendInParts(message: Upstream, buffers: readonly Uint8Array[], way: Way): void {
    const packed = pack([{ message, buffers }]);
    const count = Math.ceil(packed.length / PART_BYTES);
    const head = { kind: "part", page: this.page, transfer: ++this.transfers, count } as const;
    for (let index = 0; index < count; index++) {
      const slice = packed.subarray(index * PART_BYTES, (index + 1) * PART_BYTES);
      const text = way === "text" ? toBase64(slice) : null;
      this.hand({ ...head, index, text }, text === null ? [whole(slice)] : []);
    }
  }

  private readonly receive = (content: unknown, buffers: unknown): void => {
    let message: Downstream;
    let bytes: Uint8Array<ArrayBuffer>[];
    let way: Way;
    try {
      message = parse(content);
      if (!this.isForUs(message)) return;
      [bytes, way] = this.bytesOf(content, buffers);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.warn(`dropped a message: ${error.message}`);
      return;
    }
    this.bytesReceived += lengthOf(bytes);
    if (way === "text") this.asText.received += lengthOf(bytes);
    if (message.kind !== "command" || this.isNext(message)) {
      for (const listener of this.listeners) listener(message, bytes, way);
    }
    if (message.kind === "command") for (const tell of this.arrivals) tell();
  };

  private isForUs(message: Downstream): boolean {
    if (message.kind === "command" && message.without === this.page) return false;
    return message.page === null || message.page === this.page;
  }

  private bytesOf(content: unknown, buffers: unknown): [Uint8Array<ArrayBuffer>[], Way] {
    const texts = parseTexts(content);
    if (texts !== null) return [texts.map(fromBase64), "text"];
    const given = Array.isArray(buffers) ? buffers : [];
    if (given.some(isNumbers)) this.encoding.sawNumbers();
    return [given.map(bytesOf), "buffers"];
  }

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

function lengthOf(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function newPageId(): string {
  // crypto.randomUUID is missing on pages served over plain http.
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
