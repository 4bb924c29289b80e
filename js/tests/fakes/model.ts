import type { Upstream } from "../../src/channel/messages";
import type { Model } from "../../src/host/notebook";

type Listener = (...values: unknown[]) => void;

export interface Sent {
  readonly message: Upstream;
  readonly buffers: ArrayBuffer[];
}

/** What an update is news of. */
export interface FakeNews {
  readonly now: number;
  readonly since: number;
  readonly names: string[] | null;
  readonly taken: Record<string, number>;
}

/** anywidget's model with Python's end in the test's hands. */
export class FakeModel implements Model {
  /** What the viewer sent, oldest first, as JSON would carry it. */
  readonly sent: Sent[] = [];
  /** Traits that the viewer saved, oldest first. */
  readonly saved: Record<string, unknown>[] = [];
  /** Called with what the viewer sends. */
  onSend: (sent: Sent) => void = () => {};
  private unsaved: Record<string, unknown> = {};
  private clock = 0;
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(private readonly traits: Record<string, unknown> = {}) {}

  get messages(): Upstream[] {
    return this.sent.map(({ message }) => message);
  }

  get listenerCount(): number {
    return [...this.listeners.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }

  send(content: unknown, _callbacks?: unknown, buffers: ArrayBuffer[] = []): void {
    const sent = { message: JSON.parse(JSON.stringify(content)) as Upstream, buffers };
    this.sent.push(sent);
    this.onSend(sent);
  }

  get(name: string): unknown {
    return this.traits[name];
  }

  set(name: string, value: unknown): void {
    if (this.traits[name] === value) return;
    this.traits[name] = value;
    this.unsaved[name] = value;
    this.emit(`change:${name}`);
  }

  save_changes(): void {
    this.saved.push(this.unsaved);
    this.unsaved = {};
  }

  on(event: string, listener: Listener): void {
    this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(listener));
  }

  off(event: string, listener: Listener): void {
    this.listeners.get(event)?.delete(listener);
  }

  /** An update of Python's: as in ipywidgets, all values are there before any listener is called. */
  update(values: Record<string, unknown>, news: Partial<FakeNews> = {}): void {
    const { now = this.clock + 1, since = this.clock, names = Object.keys(values), taken = {} } = news;
    this.clock = Math.max(this.clock, now);
    const all = { _updates: { now, since, names, taken }, ...values };
    const changed = Object.keys(all).filter((name) => this.traits[name] !== all[name as keyof typeof all]);
    Object.assign(this.traits, all);
    for (const name of changed) this.emit(`change:${name}`);
  }

  /** A trait that Python changed. */
  change(name: string, value: unknown): void {
    this.update({ [name]: value });
  }

  /** A message from Python, with its buffers as the host hands them over. */
  deliver(content: unknown, buffers: unknown = []): void {
    this.emit("msg:custom", content, buffers);
  }

  emit(event: string, ...values: unknown[]): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(...values);
  }
}
