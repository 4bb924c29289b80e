import type { Piece } from "../channel/messages";
import type { Resource } from "./source";
import { Changed, Transfer } from "./transfer";

const KEPT = 60_000; // ms that a resource waits for somebody who reads it

interface Coming {
  readonly transfer: Transfer;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** What Python sends without being asked, until it is read. */
export class Pushed {
  private readonly coming = new Map<string, Coming>();

  /** Take a piece; true where its resource is whole with it. */
  take({ path, offset, ...said }: Piece, bytes: Uint8Array): boolean {
    if (offset === 0) this.begin(path);
    const transfer = this.coming.get(path)?.transfer;
    if (transfer === undefined || transfer.loaded !== offset) return false; // one before it was lost
    try {
      transfer.describe(said);
      transfer.append(bytes);
    } catch (error) {
      this.drop(path);
      if (error instanceof Changed || error instanceof RangeError) return false;
      throw error;
    }
    return transfer.complete;
  }

  /** A whole resource, once; null where there is none, or it is another than the one whose etag is known. */
  give(path: string, etag: string | null): Resource | null {
    const transfer = this.coming.get(path)?.transfer;
    if (transfer === undefined || !transfer.complete) return null;
    if (etag !== null && transfer.etag !== etag) return null;
    this.drop(path);
    return transfer.finish();
  }

  /** Keep nothing. */
  clear(): void {
    for (const path of [...this.coming.keys()]) this.drop(path);
  }

  private begin(path: string): void {
    this.drop(path);
    this.coming.set(path, { transfer: new Transfer(path), timer: setTimeout(() => this.drop(path), KEPT) });
  }

  private drop(path: string): void {
    clearTimeout(this.coming.get(path)?.timer);
    this.coming.delete(path);
  }
}
