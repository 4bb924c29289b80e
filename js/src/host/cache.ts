const CACHE_BYTES = 256 * 1024 * 1024;

/** What was read before, least recently used first, bounded in bytes. */
export class Cache<T> {
  private readonly kept = new Map<string, T>();

  constructor(
    private readonly size: (value: T) => number,
    private readonly bound: number = CACHE_BYTES,
  ) {}

  get(key: string): T | undefined {
    const found = this.kept.get(key);
    if (found !== undefined) this.put(key, found);
    return found;
  }

  put(key: string, value: T): void {
    this.kept.delete(key);
    this.kept.set(key, value);
    let bytes = 0;
    for (const each of this.kept.values()) bytes += this.size(each);
    for (const [oldest, each] of this.kept) {
      if (bytes <= this.bound || oldest === key) break;
      this.kept.delete(oldest);
      bytes -= this.size(each);
    }
  }

  clear(): void {
    this.kept.clear();
  }
}
