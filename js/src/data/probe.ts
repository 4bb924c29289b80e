import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Server, TransportName } from "../channel/messages";
import { LinkedAbort } from "./abort";
import { isPage, LOG_IN, type Road } from "./http";

const PATIENCE = 3000; // ms for a server to answer
/** Of a server that may yet answer: Python may be in the middle of something that lets no other thread run. */
export const SILENT = `no answer within ${PATIENCE / 1000} s`;
/** Of Jupyter's own page instead of a proxy's answer. */
export const NO_PROXY = "Jupyter has no jupyter-server-proxy there";
// A road that comes first in the list is taken before a quicker one, unless that is so much quicker.
const TIMES = 2;
const MS = 20;

/** What the page knows about where it is. */
export interface PageAddress {
  readonly origin: string;
  readonly hostname: string;
  /** Of the Jupyter server, from its page's configuration; null where there is none. */
  readonly baseUrl: string | null;
  /** Colab's own way to a port of its machine, where the page has it. */
  readonly proxyPort?: ((port: number) => Promise<string>) | undefined;
  /** Of our data server, where this page came from it. */
  readonly own?: string;
}

/** Where this page is. */
export function pageAddress(): PageAddress {
  const { origin, hostname } = location;
  return { origin, hostname, baseUrl: jupyterBaseUrl(), proxyPort: colabProxyPort() };
}

/** A way to the server that may be tried; a host may have to be asked for its address first. */
export interface Way extends Omit<Road, "base"> {
  readonly base: string | (() => Promise<string>);
}

/** The ways to the server that may be tried from a page without asking the person, the best first. */
export function candidates(server: Server, page: PageAddress): Way[] {
  if (page.own !== undefined) {
    const near = isLoopback(page.hostname) && new URL(page.own).pathname === "/";
    return [{ name: near ? "direct" : "proxy", base: page.own, server }];
  }
  if (server.override !== null) return [{ name: "override", base: server.override, server }];
  const ways: Way[] = [];
  // From any other page the browser would ask the person for access to the local network.
  if (isLoopback(page.hostname) || isDesktop(page.origin))
    ways.push({ name: "direct", base: `http://127.0.0.1:${server.port}/`, server });
  const { proxyPort } = page;
  if (proxyPort !== undefined) ways.push({ name: "colab", base: () => proxyPort(server.port), server });
  const path = page.baseUrl === null ? server.learned : `${page.baseUrl}proxy/${server.port}/`;
  if (path !== null && /^https?:/.test(page.origin)) {
    const base = new URL(path, page.origin).href;
    if (new URL(base).origin === page.origin) ways.push({ name: "proxy", base, server });
  }
  return ways;
}

/** A way to the server that was looked at, and why it is not taken: null for one that is open. */
export interface Rung {
  readonly name: TransportName;
  readonly base: string | null;
  readonly reason: string | null;
  /** Until the server there had proven that it is ours; null where it did not. */
  readonly ms: number | null;
}

/** The ways that are not even tried from this page, each with the reason. */
export function closedRoads(server: Server, page: PageAddress): Rung[] {
  if (server.override !== null || page.own !== undefined) return [];
  const open = candidates(server, page).map(({ name }) => name);
  const reasons = {
    direct: `the page comes from ${page.hostname || "nowhere"}: the browser would ask for access to the local network`,
    colab: "the page is not Colab's",
    proxy:
      page.baseUrl === null ? "the page has no Jupyter server behind it" : "Jupyter's address is of another origin",
  };
  return (["direct", "colab", "proxy"] as const)
    .filter((name) => !open.includes(name))
    .map((name) => ({ name, base: null, reason: reasons[name], ms: null }));
}

/** A road that is open, and the ms that the server took to prove that it is ours. */
export interface Found {
  readonly road: Road;
  readonly ms: number;
}

/**
 * The road that leads to our server: of those that are open the first, unless another was twice as quick to answer. So
 * nobody waits for one from which no answer has come in time for that. Null for none.
 */
export async function findRoad(
  ways: readonly Way[],
  signal: AbortSignal,
  onRung: (rung: Rung) => void = () => {},
): Promise<Found | null> {
  const rest = new LinkedAbort([signal]);
  const start = performance.now();
  const open = new Map<Way, Found | null>();
  const best = () => {
    const found = ways.flatMap((way) => open.get(way) ?? []);
    return found.find(({ ms }) => found.every((other) => ms <= enough(other.ms))) ?? null;
  };
  try {
    return await new Promise<Found | null>((resolve) => {
      const settle = () => {
        const found = best();
        const before =
          found === null
            ? ways
            : ways.slice(
                0,
                ways.findIndex((way) => open.get(way) === found),
              );
        if (before.every((way) => open.has(way))) resolve(found);
        else if (found !== null) setTimeout(() => resolve(best()), enough(found.ms) - (performance.now() - start));
      };
      if (ways.length === 0) resolve(null);
      for (const way of ways) {
        void look(way, rest.signal).then(({ road, reason, ms }) => {
          if (!rest.signal.aborted) {
            onRung({ name: way.name, base: road?.base ?? null, reason, ms: reason === null ? ms : null });
          }
          open.set(way, road === null || reason !== null ? null : { road, ms });
          settle();
        });
      }
    });
  } finally {
    rest.letGo();
    rest.abort();
  }
}

/** ms that a road may take when another took so many. */
function enough(ms: number): number {
  return Math.max(TIMES * ms, ms + MS);
}

/** Where a way leads, and why not to our server. */
async function look(way: Way, signal: AbortSignal): Promise<{ road: Road | null; reason: string | null; ms: number }> {
  let road: Road;
  try {
    const base = typeof way.base === "string" ? way.base : await addressOf(way.base, signal);
    road = { ...way, base };
  } catch (error) {
    return { road: null, reason: error instanceof Error ? error.message : String(error), ms: 0 };
  }
  const start = performance.now();
  const reason = await obstacle(road, signal);
  return { road, reason, ms: Math.round(10 * (performance.now() - start)) / 10 };
}

/** What the host says where the server is, with a slash at its end. */
async function addressOf(ask: () => Promise<string>, signal: AbortSignal): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the host does not say where its proxy is")), PATIENCE);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    const said = new URL(await Promise.race([ask(), late]));
    if (!/^https?:$/.test(said.protocol)) throw new Error("the host's proxy has no address for browsers");
    return said.origin + (said.pathname.endsWith("/") ? said.pathname : `${said.pathname}/`);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Why a road does not lead to the server that knows the token; null where it does. It is proven on both sides before the
 * token is shown: ports change hands.
 */
export async function obstacle({ name, base, server }: Road, signal: AbortSignal): Promise<string | null> {
  const nonce = bytesToHex(crypto.getRandomValues(new Uint8Array(16)));
  const query = new URLSearchParams({ challenge: nonce, proof: sign(server.token, `page:${nonce}`) });
  const late = new LinkedAbort([signal]);
  const timer = setTimeout(() => late.abort(), PATIENCE);
  try {
    const answer = await fetch(`${base}_cellucid/health?${query}`, {
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual", // to a page to log in, as a rule; nobody follows it
      signal: late.signal,
    });
    if (answer.type === "opaqueredirect" || (answer.status >= 300 && answer.status < 400)) return LOG_IN;
    if (answer.status === 404 && name === "proxy") return NO_PROXY;
    if (answer.status === 403 && name === "proxy") return LOG_IN;
    if (!answer.ok) return `the server there answers ${answer.status}`;
    if (isPage(answer)) return LOG_IN;
    const said = (await answer.json()) as { answer?: unknown };
    return said.answer === sign(server.token, nonce) ? null : "the server there is not this kernel's";
  } catch (error) {
    if (late.signal.aborted) return SILENT;
    if (error instanceof SyntaxError) return "what answers there is not our server";
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

/** Whether the page is VS Code's, on the person's own machine: there loopback is open, and nobody is asked. */
function isDesktop(origin: string): boolean {
  return origin.startsWith("vscode-webview://");
}

/** Colab's `google.colab.kernel.proxyPort`. */
function colabProxyPort(): PageAddress["proxyPort"] {
  const { google } = globalThis as {
    google?: { colab?: { kernel?: { proxyPort?(port: number, options?: object): Promise<string> } } };
  };
  const kernel = google?.colab?.kernel;
  if (typeof kernel?.proxyPort !== "function") return undefined;
  return async (port) => String(await kernel.proxyPort?.(port));
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
