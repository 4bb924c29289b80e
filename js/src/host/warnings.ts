import type { CommCarrier } from "../channel/comm";
import type { Events } from "../channel/events";

const MOST = 50; // of one page: a warning that repeats says no more

/** Lets Python hear what this viewer warns of, and of errors that nobody caught in it; returns what ends it. */
export function forwardWarnings(carrier: CommCarrier, events: Events): () => void {
  let left = MOST;
  const tell = (level: "warn" | "error", message: string) => {
    if (left-- > 0) events.send("console", { level, message: message.slice(0, 4000), hint: null });
  };
  const onWarning = (message: string) => tell("warn", message);
  const onError = (event: ErrorEvent) => {
    if (event.filename === import.meta.url) tell("error", `not caught: ${event.message}`);
  };
  const onRejection = ({ reason }: PromiseRejectionEvent) => {
    if (reason instanceof Error && reason.stack?.includes(import.meta.url)) tell("error", `not caught: ${reason}`);
  };
  carrier.warnings.add(onWarning);
  addEventListener("error", onError);
  addEventListener("unhandledrejection", onRejection);
  return () => {
    carrier.warnings.delete(onWarning);
    removeEventListener("error", onError);
    removeEventListener("unhandledrejection", onRejection);
  };
}
