/**
 * The one table of messages between the viewer and Python.
 *
 * Its twin is `python/cellucid/channel/messages.py`; both are held to `tests/vectors/messages.json`. `parse` returns a
 * fully checked message or throws `BadMessage`. Unknown keys are ignored, so that either side may be newer.
 */

/** Largest part of a resource in one reply. */
export const PIECE_BYTES = 4 * 1024 * 1024;

export class BadMessage extends Error {}

// -- upstream: from the viewer ---------------------------------------------------------------------------------------

export interface RequestParams {
  read: { path: string; offset: number; length: number };
  selection: Record<string, never>;
  marks: Record<string, never>;
  connect: Record<string, never>;
  ping: Record<string, never>;
}

export interface EventPayloads {
  ready: { n_cells: number; dimensions: number };
  closed: Record<string, never>;
  hover: { cell: number | null };
  transport: { name: TransportName; base: string | null; reason: string | null };
  selection: { source: string; encoding: Encoding; count: number };
  click: { cell: number; button: number; shift: boolean; ctrl: boolean };
  console: { level: "warn" | "error"; message: string; hint: string | null };
  /** To what Python asked: a result, or why there is none. */
  answer: { id: number; result: object | null; error: Failure["error"] | null };
  /** What a person set; what the camera looks at, where one is told. */
  traits: {
    values: Record<string, unknown>;
    camera_of: { embedding: string; dimension: number } | null;
  };
}

/** The names of `EventPayloads`: a script's own event cannot have one of them. */
export const OWN_EVENTS: ReadonlySet<string> = new Set<keyof EventPayloads>([
  "ready",
  "closed",
  "hover",
  "transport",
  "selection",
  "click",
  "console",
  "answer",
  "traits",
]);

/** Part `index` of `count` of a message that is too large for one, packed: its bytes in one buffer, or as base64. */
export interface Part {
  kind: "part";
  page: string;
  transfer: number;
  index: number;
  count: number;
  text: string | null;
}

/** The last that has come here of each kind of what Python tells: what it sent since may be lost. */
export interface SeenNumbers {
  /** The last change of traits by Python's clock, which counts them. */
  updates: number;
  /** The revisions of the selection and of the marks; 0 before there was any. */
  selection: number;
  marks: number;
  /** Commands of the epoch, which Python numbers for each page. */
  epoch: number;
  commands: number;
}

export type Upstream =
  | { kind: "request"; page: string; id: number; method: keyof RequestParams; params: object; text?: true }
  | { kind: "cancel"; page: string; id: number }
  | Part
  | ({ kind: "seen"; page: string } & SeenNumbers)
  | { kind: "event"; page: string; seq: number; event: keyof EventPayloads; payload: object };

// -- downstream: from Python -----------------------------------------------------------------------------------------

export type Encoding = "bitmap" | "deltas";
export type TransportName = "direct" | "proxy" | "colab" | "override" | "comm";

/** A set of cells; the message's buffers hold it. */
export interface EncodedCells {
  encoding: Encoding;
  count: number;
}

export interface SelectionPayload extends EncodedCells {
  revision: number;
  /** Of the dataset that the cells are of: Python may show another one by now. */
  n_cells: number;
}

/** Cells hidden one by one in the first buffer, then one buffer a highlight. */
export interface MarksPayload {
  revision: number;
  n_cells: number;
  hidden: EncodedCells;
  highlights: (EncodedCells & { color: string })[];
}

/** Where the data server is, seen from the kernel's machine. */
export interface Server {
  port: number;
  token: string;
  /** Of the dataset on the server, with a slash at both ends. */
  path: string;
  /** A base address to use instead of looking for one. */
  override: string | null;
  /** Where a proxy has let pages through to it before: the path of its address, with a slash at both ends. */
  learned: string | null;
}

/** What Python asks a page. */
export interface Ask {
  id: number;
  method: string;
  params: Record<string, unknown>;
}

export interface PieceResult {
  total: number;
  dtype: string | null;
  shape: number[];
  etag: string;
}

/** A part of a resource that Python sends unasked. */
export interface Piece extends PieceResult {
  path: string;
  offset: number;
  /** Of the data: a page of other cells does not take it. */
  version: number;
}

export interface Reply {
  kind: "reply";
  page: string;
  id: number;
  result: Record<string, unknown>;
}

export interface Failure {
  kind: "error";
  page: string;
  id: number;
  error: { code: string; message: string; hint: string };
}

/** Python has taken our events up to `seq`, or refused that one; `revision` is what our last selection became. */
export interface Ack {
  kind: "ack";
  page: string;
  seq: number;
  revision: number;
  error: string | null;
}

export interface Command {
  kind: "command";
  command: string;
  payload: Record<string, unknown>;
  /** From 1 without gaps for each page and epoch; 0 for one of which only the latest counts, or that is sent once. */
  number: number;
  epoch: number;
  page: string | null;
  without: string | null;
}

export type Downstream = Reply | Failure | Ack | Command;

// -- checks ----------------------------------------------------------------------------------------------------------

type Check<T> = (value: unknown, name: string) => T;
type Fields<T> = { [K in keyof T]: Check<T[K]> };

function fail(name: string, expected: string, value: unknown): never {
  throw new BadMessage(`${name}: expected ${expected}, got ${String(JSON.stringify(value)).slice(0, 80)}`);
}

const count: Check<number> = (value, name) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : fail(name, "a whole number", value);

const text: Check<string> = (value, name) => (typeof value === "string" ? value : fail(name, "text", value));

const page: Check<string> = (value, name) =>
  typeof value === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(value) ? value : fail(name, "a page id", value);

const object: Check<Record<string, unknown>> = (value, name) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : fail(name, "an object", value);

const encoding: Check<Encoding> = (value, name) =>
  value === "bitmap" || value === "deltas" ? value : fail(name, "'bitmap' or 'deltas'", value);

const list: Check<unknown[]> = (value, name) => (Array.isArray(value) ? value : fail(name, "a list", value));

const counts: Check<number[]> = (value, name) => list(value, name).map((item) => count(item, name));

const color: Check<string> = (value, name) =>
  typeof value === "string" && /^#[0-9a-f]{6}$/.test(value) ? value : fail(name, "a colour such as #ff0000", value);

function optional<T>(check: Check<T>): Check<T | null> {
  return (value, name) => (value === null || value === undefined ? null : check(value, name));
}

function otherwise<T>(check: Check<T>, missing: T): Check<T> {
  return (value, name) => (value === undefined ? missing : check(value, name));
}

function fields<T>(table: Fields<T>, value: unknown, name: string): T {
  const given = object(value, name);
  const entries = Object.entries(table) as [string, Check<unknown>][];
  return Object.fromEntries(entries.map(([key, check]) => [key, check(given[key], `${name}.${key}`)])) as T;
}

const REPLY: Fields<Omit<Reply, "kind">> = { page, id: count, result: object };
const FAILURE: Fields<Omit<Failure, "kind">> = {
  page,
  id: count,
  error: (value, name) => fields({ code: text, message: text, hint: text }, value, name),
};
const ACK: Fields<Omit<Ack, "kind">> = { page, seq: count, revision: count, error: optional(text) };
const COMMAND: Fields<Omit<Command, "kind">> = {
  command: text,
  payload: object,
  number: otherwise(count, 0),
  epoch: otherwise(count, 0),
  page: optional(page),
  without: optional(page),
};

/** Check one message from Python. */
export function parse(content: unknown): Downstream {
  const { kind } = object(content, "message");
  switch (kind) {
    case "reply":
      return { kind, ...fields(REPLY, content, kind) };
    case "error":
      return { kind, ...fields(FAILURE, content, kind) };
    case "ack":
      return { kind, ...fields(ACK, content, kind) };
    case "command":
      return { kind, ...fields(COMMAND, content, kind) };
    default:
      return fail("message.kind", "reply, error, ack or command", kind);
  }
}

/** Buffers that travel in a message as base64 instead of beside it; null where they do not. */
export function parseTexts(content: unknown): string[] | null {
  const { text: given } = object(content, "message");
  return optional(list)(given, "message.text")?.map((item) => text(item, "message.text")) ?? null;
}

const PIECE: Fields<PieceResult> = { total: count, dtype: optional(text), shape: counts, etag: text };

export function parsePiece(result: unknown): PieceResult {
  return fields(PIECE, result, "read");
}

export function parsePushed(payload: unknown): Piece {
  return fields<Piece>({ ...PIECE, path: text, offset: count, version: count }, payload, "piece");
}

export function parseSelection(payload: unknown): SelectionPayload {
  return fields<SelectionPayload>({ revision: count, n_cells: count, encoding, count }, payload, "selection");
}

export function parseMarks(payload: unknown): MarksPayload {
  const cells = { encoding, count };
  return fields<MarksPayload>(
    {
      revision: count,
      n_cells: count,
      hidden: (value, name) => fields<EncodedCells>(cells, value, name),
      highlights: (value, name) =>
        list(value, name).map((item) => fields({ ...cells, color }, item, name) as MarksPayload["highlights"][number]),
    },
    payload,
    "marks",
  );
}

/** What values of traits are news of: all that has changed since one moment of Python's clock, as it was at another. */
export interface News {
  now: number;
  since: number;
  /** The number of this page's last event that Python had taken. */
  taken: number;
}

const NEWS: Fields<News> = { now: count, since: count, taken: count };

/** Values of traits that come beside ipywidgets' own messages. */
export function parseTraits(payload: unknown): News & { values: Record<string, unknown> } {
  return fields({ ...NEWS, values: object }, payload, "traits");
}

/** What stands first in an update or a state of the model; its names are all where they are null. */
export function parseUpdate(value: unknown, page: string): News & { names: string[] | null } {
  const { taken, names, ...news } = fields(
    {
      now: count,
      since: count,
      taken: object,
      names: optional((given, name) => list(given, name).map((item) => text(item, name))),
    },
    value,
    "update",
  );
  return { ...news, names, taken: count(taken[page] ?? 0, "update.taken") };
}

export function parseAsk(payload: unknown): Ask {
  return fields<Ask>({ id: count, method: text, params: object }, payload, "ask");
}

/** Where the server is, as the boot trait or the answer to `connect` says it. */
export function parseServer(value: unknown): Server {
  return fields<Server>(
    { port: count, token: text, path: text, override: optional(text), learned: optional(text) },
    value,
    "server",
  );
}
