import type { Posted } from "../channel/events";
import { type Ack, parse } from "../channel/messages";
import { HttpFailed, type Road } from "./http";

const PATIENCE = 10_000; // ms

/** Bring events to Python by HTTP, as docs/design/0003-events-and-waits.md says; returns their acks. */
export async function postEvents(road: Road, viewerId: string, batch: readonly Posted[]): Promise<Ack[]> {
  const messages = batch.map(({ message, buffers }) => ({
    content: message,
    buffers: buffers.map(({ byteLength }) => byteLength),
  }));
  const head = new TextEncoder().encode(JSON.stringify({ messages }));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, head.length, true);
  const body = new Blob([length, head, ...batch.flatMap(({ buffers }) => buffers)] as BlobPart[]);
  const answer = await fetch(`${road.base}_cellucid/events?viewerId=${encodeURIComponent(viewerId)}`, {
    method: "POST",
    headers: { "X-Cellucid-Token": road.server.token, "Content-Type": "application/octet-stream" },
    body,
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (!answer.ok) throw new HttpFailed(`the server answered ${answer.status} to events`);
  const { acks } = (await answer.json()) as { acks?: unknown };
  if (!Array.isArray(acks)) throw new HttpFailed("the answer to events is not ours");
  return acks.map(parse).filter((message) => message.kind === "ack");
}
