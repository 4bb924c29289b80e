import type { PageAddress } from "../data/probe";

export const PATIENCE = 20_000; // ms for an answer

/** Where a viewer in a tab is served. */
export interface TabAddress {
  /** Of the data server, as this browser reaches it, with a slash at its end. */
  readonly base: string;
  readonly viewerId: string;
  readonly token: string;
}

/** The server itself says that it does not know this viewer, or this token, any more. */
export class ViewerGone extends Error {}

/** An answer of the server's own that says no. */
export class Refused extends Error {}

/** Ask the data server about a viewer; throws `ViewerGone` and `Refused` for what it says itself. */
export async function ask(
  { base, viewerId, token }: TabAddress,
  path: string,
  query: Record<string, string>,
  options: RequestInit,
): Promise<Response> {
  const answer = await fetch(`${base}_cellucid/${path}?${new URLSearchParams({ viewerId, ...query })}`, {
    cache: "no-store",
    credentials: "same-origin",
    redirect: "error",
    ...options,
    headers: { ...(options.headers as Record<string, string>), "X-Cellucid-Token": token },
  });
  if (answer.status === 404 || answer.status === 401) {
    const { error } = (await answer.json().catch(() => ({}))) as { error?: unknown };
    if (error === "not_found" || error === "token") throw new ViewerGone(`the server answered ${answer.status}`);
    throw new TypeError(`somebody else answered ${answer.status}`);
  }
  if (answer.status >= 400 && answer.status < 500) throw new Refused(`the server answered ${answer.status}`);
  if (!answer.ok) throw new TypeError(`the server answered ${answer.status}`);
  return answer;
}

/** The traits as Python has them. */
export async function stateOf(address: TabAddress): Promise<Record<string, unknown>> {
  const answer = await ask(address, "state", {}, { signal: AbortSignal.timeout(PATIENCE) });
  return (await answer.json()) as Record<string, unknown>;
}

/** The events of a stream: messages, the epoch of their numbers, and null for a sign of life. */
export async function* eventsOf(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<{ id: number; data: string } | { epoch: string } | null> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (text + value).split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        const [, id, data] = /^id: (\d+)\ndata: (.*)$/s.exec(part) ?? [];
        const [, epoch] = /^event: epoch\ndata: (.*)$/.exec(part) ?? [];
        if (id !== undefined) yield { id: Number(id), data };
        else yield epoch === undefined ? null : { epoch };
      }
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** Where this page was served from; its token is taken out of the address bar, and kept for a reload. */
export function tabAddress(): TabAddress | null {
  const url = new URL(location.href);
  const viewerId = url.searchParams.get("viewerId");
  const token = url.searchParams.get("viewerToken") ?? url.searchParams.get("viewer_token");
  if (viewerId === null || token === null) return null;
  for (const name of ["viewerToken", "viewer_token"]) url.searchParams.delete(name);
  history.replaceState(null, "", url);
  try {
    sessionStorage.setItem(`cellucid ${location.pathname} ${viewerId}`, token);
  } catch {
    // A browser that stores nothing: a reload needs the whole address.
  }
  return { base: new URL(".", url.origin + url.pathname).href, viewerId, token };
}

/** The page's own server is the one that has the data. */
export function tabPage({ base }: TabAddress): PageAddress {
  return { origin: location.origin, hostname: location.hostname, baseUrl: null, own: base };
}
