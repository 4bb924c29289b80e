/** The bytes of a resource, and how Python describes them. */
export interface Resource {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly dtype: string | null;
  readonly shape: readonly number[];
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /**
   * Called with how many bytes there are, how many there will be, and where they are: null for what is not known yet, as
   * of bytes that are still packed.
   */
  readonly onProgress?: (loaded: number, total: number | null, bytes: Uint8Array<ArrayBuffer> | null) => void;
  /** About how many bytes there will be: what is small does not wait for a better road than the one there is. */
  readonly size?: number;
}

/** Where resources come from. */
export interface Source {
  read(path: string, options?: ReadOptions): Promise<Resource>;
}

/** A key as a segment of a resource path: Python's `urllib.parse.quote(key, safe="")`. */
export function segment(key: string): string {
  return encodeURIComponent(key).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
