import { toBase64 } from "../../src/channel/buffers";
import type { Way } from "../../src/channel/encoding";
import type { EventPayloads, Server, Upstream } from "../../src/channel/messages";
import { decodeCells, encodeCells } from "../../src/host/cells";
import { Bitset } from "../../src/state/bitset";
import type { Highlight } from "../../src/state/marks";
import type { FakeModel, Sent } from "./model";

export interface FakeResource {
  readonly bytes: Uint8Array;
  readonly dtype: string | null;
  readonly shape: number[];
  readonly etag: string;
}

type Request = Extract<Upstream, { kind: "request" }>;
type Event = Extract<Upstream, { kind: "event" }>;
interface Read {
  path: string;
  offset: number;
  length: number;
}

/** Answers a model's viewer as `python/cellucid/channel` does, a moment later. */
export class FakePython {
  readonly resources = new Map<string, FakeResource>();
  readonly events: Event[] = [];
  readonly reads: Read[] = [];
  /** Paths that fail until they are taken out. */
  readonly broken = new Set<string>();
  /** Paths whose reads stay unanswered until `release`. */
  readonly held = new Set<string>();
  /** Bytes that are there of resources that are still being made; see `grow`. */
  private readonly growing = new Map<string, number>();
  /** Called before each read is answered. */
  beforeRead: (read: Read) => void = () => {};
  /** The most requests that waited for an answer at one time. */
  mostOutstanding = 0;
  selection: { revision: number; cells: Bitset };
  marks: { revision: number; hidden: Bitset; highlights: readonly Highlight[] };
  /** What `connect` is answered; null where there is no data server. */
  server: Server | null = null;
  /** Requests that wait for an answer. */
  readonly outstanding = new Set<number>();
  /** Pieces come as VS Code has them: lists of numbers, unless they were asked for as text. */
  writeNumbers = false;
  /** ms that the bytes of a piece take. */
  delay: (bytes: number, way: Way) => number = () => 0;
  private paused: Request[] | null = null;
  private waiting: Request[] = [];

  constructor(
    private readonly model: FakeModel,
    private readonly size = 0,
  ) {
    this.selection = { revision: 0, cells: Bitset.empty(size) };
    this.marks = { revision: 0, hidden: Bitset.empty(size), highlights: [] };
    model.onSend = (sent) => this.receive(sent);
  }

  add(path: string, data: Uint8Array | Uint16Array | Uint32Array | Float32Array | object, etag = "1"): void {
    if (!(ArrayBuffer.isView(data) && "length" in data)) {
      const bytes = new TextEncoder().encode(JSON.stringify(data));
      this.resources.set(path, { bytes, dtype: null, shape: [bytes.length], etag });
      return;
    }
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    const dtype = data.constructor.name.replace("Array", "").toLowerCase();
    this.resources.set(path, { bytes, dtype, shape: [Number(data.length)], etag });
  }

  /** Requests stay unanswered until `resume`. */
  pause(): void {
    this.paused = [];
  }

  resume(): void {
    const waiting = this.paused ?? [];
    this.paused = null;
    for (const request of waiting) this.answer(request);
  }

  release(): void {
    this.held.clear();
    for (const request of this.waiting.splice(0)) this.answer(request);
  }

  /** Only the first bytes of a resource are there; who asks for later ones waits for the next call. */
  grow(path: string, there: number): void {
    this.growing.set(path, there);
    for (const request of this.waiting.splice(0)) this.answer(request);
  }

  /** Events of one kind, oldest first. */
  heard<E extends keyof EventPayloads>(event: E): EventPayloads[E][] {
    return this.events.filter((heard) => heard.event === event).map(({ payload }) => payload as EventPayloads[E]);
  }

  /** Python's code selects cells. */
  select(cells: Bitset, without: string | null = null): void {
    this.selection = { revision: this.selection.revision + 1, cells };
    const { payload, buffers } = this.selectionMessage();
    this.model.deliver({ kind: "command", command: "selection", payload, page: null, without }, buffers);
  }

  /** Python's code hides or points out cells. */
  mark(hidden: Bitset, highlights: readonly Highlight[]): void {
    this.marks = { revision: this.marks.revision + 1, hidden, highlights };
    const { payload, buffers } = this.marksMessage();
    this.model.deliver({ kind: "command", command: "marks", payload, page: null, without: null }, buffers);
  }

  /** Python's code tells the viewer to do something once. */
  command(command: string, payload: object, number = 0): void {
    this.model.deliver({ kind: "command", command, payload, number, page: null, without: null });
  }

  private receive({ message, buffers }: Sent): void {
    if (message.kind === "seen") return;
    if (message.kind === "cancel") {
      this.outstanding.delete(message.id);
      return;
    }
    if (message.kind === "event") {
      this.events.push(message);
      if (message.seq > 0) this.acknowledge(message, buffers);
      return;
    }
    if (message.kind === "part") throw new Error("nothing that large is sent here");
    this.outstanding.add(message.id);
    this.mostOutstanding = Math.max(this.mostOutstanding, this.outstanding.size);
    if (message.method === "read") this.reads.push(message.params as Read);
    if (this.paused) this.paused.push(message);
    else setTimeout(() => this.answer(message));
  }

  private acknowledge({ page, seq, event, payload }: Event, buffers: ArrayBuffer[]): void {
    if (event === "selection") {
      const cells = decodeCells(this.size, payload as EventPayloads["selection"], new Uint8Array(buffers[0]));
      this.selection = { revision: this.selection.revision + 1, cells };
    }
    const { revision } = this.selection;
    setTimeout(() => this.model.deliver({ kind: "ack", page, seq, revision, error: null }));
  }

  private answer({ page, id, method, params, text }: Request): void {
    if (!this.outstanding.delete(id)) return;
    if (method === "selection") {
      const { payload, buffers } = this.selectionMessage();
      this.model.deliver({ kind: "reply", page, id, result: payload }, buffers);
      return;
    }
    if (method === "marks") {
      const { payload, buffers } = this.marksMessage();
      this.model.deliver({ kind: "reply", page, id, result: payload }, buffers);
      return;
    }
    if (method === "connect") {
      if (this.server === null) this.refuse(page, id, "no_server", "The data server does not run.");
      else this.model.deliver({ kind: "reply", page, id, result: this.server });
      return;
    }
    const read = params as Read;
    const there = this.growing.get(read.path) ?? Number.POSITIVE_INFINITY;
    if (this.held.has(read.path) || read.offset >= there) {
      this.outstanding.add(id);
      this.waiting.push({ kind: "request", page, id, method, params });
      return;
    }
    this.beforeRead(read);
    const resource = this.broken.has(read.path) ? undefined : this.resources.get(read.path);
    if (resource === undefined) {
      this.refuse(page, id, "not_found", `There is no ${read.path}.`);
    } else if (read.offset > resource.bytes.length) {
      this.refuse(page, id, "range", `offset ${read.offset} lies behind the end`);
    } else {
      const { bytes, dtype, shape, etag } = resource;
      const piece = bytes.slice(read.offset, Math.min(read.offset + read.length, there));
      const result = { total: bytes.length, dtype, shape, etag };
      const reply = { kind: "reply", page, id, result };
      const deliver = () => {
        if (text) this.model.deliver({ ...reply, text: [toBase64(piece)] });
        else this.model.deliver(reply, [this.writeNumbers ? [...piece] : new DataView(piece.buffer)]);
      };
      const ms = this.delay(piece.length, text ? "text" : "buffers");
      if (ms === 0) deliver();
      else setTimeout(deliver, ms);
    }
  }

  private refuse(page: string, id: number, code: string, message: string): void {
    this.model.deliver({ kind: "error", page, id, error: { code, message, hint: "" } });
  }

  private marksMessage(): { payload: object; buffers: DataView[] } {
    const { revision, hidden, highlights } = this.marks;
    const groups = [hidden, ...highlights.map(({ cells }) => cells)].map(encodeCells);
    const [first, ...others] = groups.map(({ encoding, count }) => ({ encoding, count }));
    return {
      payload: {
        revision,
        n_cells: this.size,
        hidden: first,
        highlights: others.map((group, index) => ({ ...group, color: highlights[index].color })),
      },
      buffers: groups.map(({ bytes }) => new DataView(bytes.slice().buffer)),
    };
  }

  private selectionMessage(): { payload: object; buffers: DataView[] } {
    const { revision, cells } = this.selection;
    const { bytes, ...encoded } = encodeCells(cells);
    return { payload: { revision, n_cells: this.size, ...encoded }, buffers: [new DataView(bytes.slice().buffer)] };
  }
}
