import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Server, TransportName } from "../channel/messages";
import { LinkedAbort } from "./abort";
import type { Road } from "./http";

const PATIENCE = 3000; // ms for a server to answer
/** Of a server that may yet answer: Python may be in the middle of something that lets no other thread run. */
export const SILENT = `no answer within ${PATIENCE / 1000} s`;
const GRACE = 300; // ms for a better road than the first that is open

/** What the page knows about where it is. */
export interface PageAddress {
  readonly origin: string;
  readonly hostname: string;
  /** Of the Jupyter server, from its page's configuration; null where there is none. */
  readonly baseUrl: string | null;
  /** Of our data server, where this page came from it. */
  readonly own?: string;
}

/** Where this page is. */
export function pageAddress(): PageAddress {
  const { origin, hostname } = location;
  return { origin, hostname, baseUrl: jupyterBaseUrl() };
}

/** The ways to the server that may be tried from a page without asking the person, the best first. */
export function candidates(server: Server, page: PageAddress): Road[] {
  if (page.own !== undefined) {
    const near = isLoopback(page.hostname) && new URL(page.own).pathname === "/";
    return [{ name: near ? "direct" : "proxy", base: page.own, server }];
  }
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

/** A way to the server that was looked at, and why it is not taken: null for one that is open. */
export interface Rung {
  readonly name: TransportName;
  readonly base: string | null;
  readonly reason: string | null;
}

/** The ways that are not even tried from this page, each with the reason. */
export function closedRoads(server: Server, page: PageAddress): Rung[] {
  if (server.override !== null || page.own !== undefined) return [];
  const open = candidates(server, page).map(({ name }) => name);
  const reasons = {
    direct: `the page comes from ${page.hostname || "nowhere"}: the browser would ask for access to the local network`,
    proxy:
      page.baseUrl === null ? "the page has no Jupyter server behind it" : "Jupyter's address is of another origin",
  };
  return (["direct", "proxy"] as const)
    .filter((name) => !open.includes(name))
    .map((name) => ({ name, base: null, reason: reasons[name] }));
}

/** The first road that leads to our server; a better one than the first to answer is given a moment. Null for none. */
export async function findRoad(
  roads: readonly Road[],
  signal: AbortSignal,
  onRung: (rung: Rung) => void = () => {},
): Promise<Road | null> {
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
        void obstacle(road, rest.signal).then((reason) => {
          if (!rest.signal.aborted) onRung({ name: road.name, base: road.base, reason });
          open.set(road, reason === null);
          settle();
        });
      }
    });
  } finally {
    rest.letGo();
    rest.abort();
  }
}

/**
 * Why a road does not lead to the server that knows the token; null where it does. It is proven on both sides before the
 * token is shown: ports change hands.
 */
export async function obstacle({ base, server }: Road, signal: AbortSignal): Promise<string | null> {
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
    if (!answer.ok) return `the server there answers ${answer.status}`;
    const said = (await answer.json()) as { answer?: unknown };
    return said.answer === sign(server.token, nonce) ? null : "the server there is not this kernel's";
  } catch (error) {
    if (late.signal.aborted) return SILENT;
    if (error instanceof SyntaxError) return "what answers there is not our server: perhaps a page to log in";
    return "nobody answers there, or the browser does not allow it";
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
