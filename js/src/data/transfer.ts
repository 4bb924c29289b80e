import type { ReadOptions, Resource } from "./source";

/** What is said about a resource with each of its parts. */
export interface Description {
  /** Length of the whole in bytes. */
  readonly total: number;
  readonly etag: string;
  readonly dtype: string | null;
  readonly shape: readonly number[];
}

/** The resource became another while it was read. */
export class Changed extends Error {}

/** One reading of a resource: what has arrived so far, from the first byte on, whichever carriers brought it. */
export class Transfer {
  private description: Description | null = null;
  private bytes = new Uint8Array();
  private filled = 0;

  constructor(
    readonly path: string,
    private readonly onProgress?: ReadOptions["onProgress"],
  ) {}

  /** Bytes that are there without a gap. */
  get loaded(): number {
    return this.filled;
  }

  /** Of the whole; null until a carrier has said it. */
  get total(): number | null {
    return this.description?.total ?? null;
  }

  get etag(): string | null {
    return this.description?.etag ?? null;
  }

  /** Bytes that are still to come; null until a carrier has said how many there are. */
  get left(): number | null {
    return this.total === null ? null : this.total - this.filled;
  }

  get complete(): boolean {
    return this.description !== null && this.filled === this.description.total;
  }

  /** Hear what the resource is; throws where it is another than before. */
  describe(said: Description): void {
    if (this.description === null) {
      this.description = said;
      this.bytes = new Uint8Array(said.total);
    } else if (this.description.etag !== said.etag || this.description.total !== said.total) {
      throw new Changed(`${this.path} changed while it was read`);
    }
  }

  /** Take the bytes that come next. */
  append(bytes: Uint8Array): void {
    if (this.filled + bytes.length > this.bytes.length) throw new RangeError(`${this.path}: more bytes than announced`);
    this.bytes.set(bytes, this.filled);
    this.filled += bytes.length;
    this.onProgress?.(this.filled, this.bytes.length, this.bytes);
  }

  /** Forget the bytes from one on: they were not what they seemed. */
  rewind(loaded: number): void {
    this.filled = Math.min(this.filled, loaded);
  }

  /** Begin again: the resource is another now. */
  restart(): void {
    this.description = null;
    this.filled = 0;
  }

  finish(): Resource {
    if (this.description === null || !this.complete) throw new Error(`${this.path} is not complete`);
    const { dtype, shape } = this.description;
    return { bytes: this.bytes, dtype, shape };
  }
}

/** Asked between parts: whether another carrier should bring so many bytes. */
export type Yields = (left: number) => boolean;

/** Brings the bytes of resources. */
export interface Carrier {
  /**
   * Bring the rest of a transfer, or some of it: where `yields` says so of the bytes that are left, another goes on.
   *
   * Throws a RequestFailure where Python refuses, `Changed` where the resource is another now, the signal's reason where
   * it was aborted; anything else means that the carrier has failed and another should go on.
   */
  fill(transfer: Transfer, signal: AbortSignal, yields?: Yields): Promise<void>;
}
