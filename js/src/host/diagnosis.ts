import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { AskedAnswer } from "../channel/asked";
import type { Events } from "../channel/events";
import type { Requests } from "../channel/requests";
import type { LadderSource } from "../data/ladder";
import type { Store } from "../state/store";
import type { TraitModel } from "./traits";

const PATIENCE = 1500; // ms for the comm to answer: a cell may be running

export interface Diagnosed {
  readonly model: TraitModel;
  readonly store: Store;
  readonly source: LadderSource;
  readonly requests: Requests;
  readonly events: Events;
}

/** What this page knows of its connection, as `debug_connection()` tells it. Without tokens: those are in queries. */
export async function snapshot({ model, store, source, requests, events }: Diagnosed): Promise<AskedAnswer> {
  const [comm_ms, http_ms] = await Promise.all([
    timed(requests.send("ping", {}, { timeout: PATIENCE })),
    source.road === null ? null : timed(answered(source)),
  ]);
  const code = utf8ToBytes(String(model.get("_esm") ?? ""));
  const result = {
    ts: new Date().toISOString(),
    locationHref: location.origin + location.pathname,
    origin: location.origin,
    userAgent: navigator.userAgent,
    serverUrl: source.road?.base ?? null,
    connected: true,
    visible: document.visibilityState === "visible",
    transport: store.transport.peek(),
    ladder: source.looked,
    measured: source.measured,
    chosen_ms: source.chosenAfter,
    comm_ms,
    http_ms,
    unacknowledged: events.unacknowledged,
    notices: store.notices.peek().map(({ title, text }) => `${title}. ${text}`),
    // In marimo and in a tab the model does not hold the code.
    web_ui: code.length === 0 ? null : { size: code.length, sha256: bytesToHex(sha256(code)) },
  };
  return { result };
}

/** Milliseconds until it is done; null where it failed. */
async function timed(work: Promise<unknown>): Promise<number | null> {
  const start = performance.now();
  try {
    await work;
  } catch {
    return null;
  }
  return Math.round(10 * (performance.now() - start)) / 10;
}

async function answered(source: LadderSource): Promise<void> {
  const obstacle = await source.ping();
  if (obstacle !== null) throw new Error(obstacle);
}
