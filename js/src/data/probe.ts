import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Server } from "../channel/messages";
import { LinkedAbort } from "./abort";
import type { Road } from "./http";

const PATIENCE = 3000; // ms for a server to answer
const GRACE = 300; // ms for a better road than the first that is open

/** What the page knows about where it is. */
export interface PageAddress {
  readonly origin: string;
  readonly hostname: string;
  /** Of the Jupyter server, from its page's configuration; null where there is none. */
  readonly baseUrl: string | null;
}

/** Where this page is. */
export function pageAddress(): PageAddress {
  const { origin, hostname } = location;
  return { origin, hostname, baseUrl: jupyterBaseUrl() };
}

/** The ways to the server that may be tried from a page without asking the person, the best first. */
export function candidates(server: Server, page: PageAddress): Road[] {
  if (server.override !== null) return [{ name: "override", base: server.override, server }];
  const roads: Road[] = [];
  // From any other page the browser would ask the person for access to the local network.
  if (isLoopback(page.hostname)) roads.push({ name: "direct", base: `http://127.0.0.1:${server.port}/`, server });
  if (page.baseUrl !== null) {
    const base = new URL(`${page.baseUrl}proxy/${server.port}/`, page.origin).href;
    if (new URL(base).origin === page.origin) roads.push({ name: "proxy", base, server });
  }
  return roads;
}

/** The first road that leads to our server; a better one than the first to answer is given a moment. Null for none. */
export async function findRoad(roads: readonly Road[], signal: AbortSignal): Promise<Road | null> {
  const rest = new LinkedAbort([signal]);
  try {
    return await new Promise<Road | null>((resolve) => {
      const open = new Map<Road, boolean>();
      const best = () => roads.find((road) => open.get(road)) ?? null;
      const settle = () => {
        const found = best();
        const better = found === null ? roads : roads.slice(0, roads.indexOf(found));
        if (better.every((road) => open.has(road))) resolve(found);
        else if (found !== null) setTimeout(() => resolve(best()), GRACE);
      };
      if (roads.length === 0) resolve(null);
      for (const road of roads) {
        void leadsToOurs(road, rest.signal).then((ours) => {
          open.set(road, ours);
          settle();
        });
      }
    });
  } finally {
    rest.letGo();
    rest.abort();
  }
}

/** Whether the server there knows the token. It is proven on both sides before the token is shown: ports change hands. */
async function leadsToOurs({ base, server }: Road, signal: AbortSignal): Promise<boolean> {
  const nonce = bytesToHex(crypto.getRandomValues(new Uint8Array(16)));
  const query = new URLSearchParams({ challenge: nonce, proof: sign(server.token, `page:${nonce}`) });
  const late = new LinkedAbort([signal]);
  const timer = setTimeout(() => late.abort(), PATIENCE);
  try {
    const answer = await fetch(`${base}_cellucid/health?${query}`, {
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: late.signal,
    });
    const said = (await answer.json()) as { answer?: unknown };
    return answer.ok && said.answer === sign(server.token, nonce);
  } catch {
    return false; // nobody there, or somebody who speaks otherwise
  } finally {
    clearTimeout(timer);
    late.letGo();
  }
}

/** HMAC-SHA256 in hexadecimal; browsers keep theirs from pages that came over plain http. */
function sign(token: string, text: string): string {
  return bytesToHex(hmac(sha256, utf8ToBytes(token), utf8ToBytes(text)));
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

function jupyterBaseUrl(): string | null {
  const config = document.getElementById("jupyter-config-data")?.textContent;
  try {
    const { baseUrl } = JSON.parse(config ?? "{}") as { baseUrl?: unknown };
    if (typeof baseUrl === "string") return baseUrl;
  } catch {
    // Another application's configuration.
  }
  return document.body.dataset.baseUrl ?? null;
}
