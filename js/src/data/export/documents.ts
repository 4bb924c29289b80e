import { unpack } from "./gzip";
import { ExportError, type FileOptions, type Place } from "./place";

const DECIMAL = "\0"; // what a number is put under that has a point or an exponent
const LONG = /^-?[1-9]\d{15,}$/; // whole numbers of which JavaScript does not keep every digit; they are put there as text
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;

/** A value inside a JSON document, with where it stands: reading something else than is there names file and place. */
export class Node {
  private constructor(
    /** The document, as errors name it. */
    private readonly file: string,
    readonly value: unknown,
    /** How to get to it from the document's root, as in JavaScript. */
    private readonly where = "",
  ) {}

  /** The root of a document. */
  static parse(file: string, bytes: Uint8Array): Node {
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      return new Node(file, parse(text));
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new ExportError(`${file}: it is not JSON that can be read (${words}).`);
    }
  }

  /** What an object has under a key, or a list at a place; an error where there is nothing. */
  at(key: string | number): Node {
    const child = this.find(key);
    if (child !== null) return child;
    throw this.fail(typeof key === "string" ? `${JSON.stringify(key)} is missing` : `it has no entry number ${key}`);
  }

  /** The same, or null where there is nothing. */
  find(key: string | number): Node | null {
    if (typeof key === "string") {
      const value = this.object();
      return Object.hasOwn(value, key) ? this.child(this.where === "" ? key : `.${key}`, value[key]) : null;
    }
    const list = this.list();
    return key < list.length ? this.child(`[${key}]`, list[key]) : null;
  }

  /** The same, and null also where the document says `null`. */
  given(key: string): Node | null {
    const found = this.find(key);
    return found === null || found.value === null ? null : found;
  }

  /** The entries of a list. */
  entries(): Node[] {
    return this.list().map((value, index) => this.child(`[${index}]`, value));
  }

  /** The keys of an object, and what it has there. */
  items(): [string, Node][] {
    const prefix = this.where === "" ? "" : ".";
    return Object.entries(this.object()).map(([key, value]) => [key, this.child(prefix + key, value)]);
  }

  text(): string {
    if (typeof this.value !== "string") throw this.expected("a text");
    return this.value;
  }

  /** A name: a text, or a number as its text (pandas has columns named so). */
  key(): string {
    if (typeof this.value === "boolean") throw this.expected("a name");
    return this.label();
  }

  /** A category's name; true and numbers as Python writes them. */
  label(): string {
    const { value } = this;
    if (value === true) return "True";
    if (value === false) return "False";
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
    const marked = markedOf(value);
    if (typeof marked === "string") return marked;
    if (typeof marked !== "number") throw this.expected("a name");
    return written(marked);
  }

  /** A whole number in a range, both ends included. */
  integer(low: number, high: number): number {
    const { value } = this;
    if (typeof value === "number" && Number.isInteger(value) && low <= value && value <= high) return value;
    throw this.expected(`a whole number from ${low} to ${high}`);
  }

  /** A finite number. */
  number(): number {
    const value = decimal(this.value) ?? this.value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw this.expected("a finite number");
  }

  oneOf<Known extends string>(known: readonly Known[]): Known {
    const found = known.find((one) => one === this.value);
    if (found === undefined) throw this.expected(known.map((one) => JSON.stringify(one)).join(" or "));
    return found;
  }

  texts(length: number, what: string): readonly string[] {
    const list = this.list();
    if (list.length === length && list.every((one) => typeof one === "string")) return list;
    throw this.fail(`expected the names of ${length} ${what}`);
  }

  expected(what: string): ExportError {
    const shown = String(JSON.stringify(decimal(this.value) ?? this.value));
    return this.fail(`expected ${what}, got ${shown.length <= 60 ? shown : `${shown.slice(0, 57)}…`}`);
  }

  fail(reason: string): ExportError {
    return new ExportError(`${this.file}: ${this.where === "" ? "" : `${this.where}: `}${reason}.`);
  }

  private list(): readonly unknown[] {
    if (!Array.isArray(this.value)) throw this.expected("a list");
    return this.value;
  }

  private object(): Record<string, unknown> {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value) || decimal(value) !== null) {
      throw this.expected("an object");
    }
    return value as Record<string, unknown>;
  }

  private child(step: string, value: unknown): Node {
    return new Node(this.file, value, this.where + step);
  }
}

/** A JSON document of a folder; null where it has none. */
export async function readDocument(place: Place, path: string, options?: FileOptions): Promise<Node | null> {
  const bytes = await place.read(path, options);
  return bytes === null ? null : Node.parse(`${place.name}/${path}`, bytes);
}

/** A JSON document of so many bytes, compressed if its name ends with `.gz`. */
export async function readListing(place: Place, path: string, nbytes: number, options?: FileOptions): Promise<Node> {
  return Node.parse(`${place.name}/${path}`, await readExactly(place, path, nbytes, options));
}

/** A file that holds so many bytes, compressed or not; where there is none, its twin with, or without, `.gz`. */
export async function readExactly(
  place: Place,
  path: string,
  nbytes: number,
  options?: FileOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  for (const name of [path, path.endsWith(".gz") ? path.slice(0, -3) : `${path}.gz`]) {
    const stored = await place.read(name, options);
    if (stored !== null) return unpack(`${place.name}/${name}`, stored, nbytes);
  }
  throw new ExportError(`${place.name}/${path}: there is no such file.`);
}

/**
 * A document's value. JavaScript does not tell 1.0 from 1 nor every long whole number from the next, and categories are
 * what they read as: such numbers are marked.
 */
function parse(text: string): unknown {
  const mark = (token: string) => {
    if (token.startsWith('"')) return token;
    if (LONG.test(token)) return `{"\\u0000":"${token}"}`;
    return /[.eE]/.test(token) ? `{"\\u0000":${token}}` : token;
  };
  return JSON.parse(/\d[.eE]|\d{16}/.test(text) ? text.replace(TOKENS, mark) : text);
}

/** What was marked: a decimal, or the digits of a long whole number; undefined for anything else. */
function markedOf(value: unknown): unknown {
  return typeof value === "object" && value !== null ? (value as { [DECIMAL]?: unknown })[DECIMAL] : undefined;
}

/** The number that was marked; null for anything else. */
function decimal(value: unknown): number | null {
  const marked = markedOf(value);
  return typeof marked === "number" || typeof marked === "string" ? Number(marked) : null;
}

/** A decimal as Python writes it, which is how an export's categories read everywhere else. */
function written(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  return Number.isInteger(value) ? `${Object.is(value, -0) ? "-0" : value}.0` : String(value);
}
