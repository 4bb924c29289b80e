import type { Post, Posted } from "../channel/events";
import { type Ack, parse } from "../channel/messages";
import { pack } from "../channel/packed";
import { HttpFailed, type Road } from "./http";
import type { LadderSource } from "./ladder";

const PATIENCE = 10_000; // ms

/** How events go by HTTP; null where no road was ever found. */
export function postOn(source: Pick<LadderSource, "road" | "lastRoad" | "ping">, viewerId: string): Post | null {
  const { road, lastRoad } = source;
  if (road !== null) return (batch) => postEvents(road, viewerId, batch);
  if (lastRoad === null) return null;
  // A read has failed there, which a post need not; but somebody else may listen there by now.
  return async (batch) => {
    const obstacle = await source.ping();
    if (obstacle !== null) throw new HttpFailed(obstacle);
    return postEvents(lastRoad, viewerId, batch);
  };
}

/** Bring events to Python by HTTP, as docs/design/0003-events-and-waits.md says; returns their acks. */
async function postEvents(road: Road, viewerId: string, batch: readonly Posted[]): Promise<Ack[]> {
  const answer = await fetch(`${road.base}_cellucid/events?viewerId=${encodeURIComponent(viewerId)}`, {
    method: "POST",
    headers: { "X-Cellucid-Token": road.server.token, "Content-Type": "application/octet-stream" },
    body: pack(batch),
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
