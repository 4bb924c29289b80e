import { parseServer, type Server } from "../channel/messages";
import { RequestFailure, type Requests } from "../channel/requests";
import type { TraitModel } from "./traits";

const PATIENCE = 1_000; // ms for Python to say where its server is, where that was known before

/**
 * Where Python's data server is: at first by the boot trait, which is emptied, later by asking. Null for nowhere. Where
 * Python does not hear, as a cell is running, it is where it was the last time.
 */
export function findServer(model: TraitModel, requests: Requests): () => Promise<Server | null> {
  let boot: Server | null = null;
  let last: Server | null = null;
  const given = model.get("_boot") as object | undefined;
  if (given && Object.keys(given).length > 0) {
    boot = parseServer(given);
    // It holds the token, and notebooks save the traits of their widgets.
    model.set("_boot", {});
    model.save_changes();
  }
  return async () => {
    if (boot !== null) {
      last = boot;
      boot = null;
      return last;
    }
    try {
      last = parseServer((await requests.send("connect", {}, last === null ? {} : { timeout: PATIENCE })).result);
      return last;
    } catch (error) {
      if (error instanceof RequestFailure) return error.code === "timeout" ? last : null;
      throw error;
    }
  };
}
