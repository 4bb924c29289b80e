import type { CommCarrier } from "./comm";
import type { Events } from "./events";
import { parseAsk } from "./messages";
import { RequestFailure } from "./requests";

export interface AskedAnswer {
  readonly result: object;
  readonly buffers?: Uint8Array[];
}

/** Answers one method; the signal aborts when Python gives up. */
export type Answerer = (params: Record<string, unknown>, signal: AbortSignal) => Promise<AskedAnswer>;

/** Answers what Python asks, always, by an event: so that the answer reaches a kernel that is busy with a cell. */
export function answerAsks(carrier: CommCarrier, events: Events, answerers: Record<string, Answerer>): () => void {
  const open = new Map<number, AbortController>();

  const answer = async (payload: unknown) => {
    const { id, method, params } = parseAsk(payload);
    if (open.has(id)) return;
    const controller = new AbortController();
    open.set(id, controller);
    try {
      const answerer = Object.hasOwn(answerers, method) ? answerers[method] : null;
      if (answerer === null) throw new RequestFailure("unknown", `this viewer cannot ${method}`, "Update cellucid.");
      const { result, buffers } = await answerer(params, controller.signal);
      if (!controller.signal.aborted) events.send("answer", { id, result, error: null }, buffers);
    } catch (error) {
      if (!controller.signal.aborted) events.send("answer", { id, result: null, error: inWords(error) });
    } finally {
      open.delete(id);
    }
  };

  const stop = carrier.listen((message) => {
    if (message.kind !== "command") return;
    if (message.command === "ask") void answer(message.payload);
    else if (message.command === "give_up") open.get(Number(message.payload.id))?.abort();
  });
  return () => {
    stop();
    for (const controller of open.values()) controller.abort();
  };
}

function inWords(error: unknown): { code: string; message: string; hint: string } {
  const { code, message, hint } =
    error instanceof RequestFailure
      ? error
      : { code: "internal", message: error instanceof Error ? error.message : String(error), hint: "" };
  return { code, message: message.slice(0, 4000), hint: hint.slice(0, 4000) }; // no more than a message may have
}
