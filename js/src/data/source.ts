/** The bytes of a resource, and how Python describes them. */
export interface Resource {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly dtype: string | null;
  readonly shape: readonly number[];
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Called with the bytes there are and the bytes there will be. */
  readonly onProgress?: (loaded: number, total: number) => void;
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
