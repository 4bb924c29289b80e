import { parseServer, type Server } from "../channel/messages";
import { RequestFailure, type Requests } from "../channel/requests";
import type { TraitModel } from "./traits";

/** Where Python's data server is: at first by the boot trait, which is emptied, later by asking. Null for nowhere. */
export function findServer(model: TraitModel, requests: Requests): () => Promise<Server | null> {
  let boot: Server | null = null;
  const given = model.get("_boot") as object | undefined;
  if (given && Object.keys(given).length > 0) {
    boot = parseServer(given);
    // It holds the token, and notebooks save the traits of their widgets.
    model.set("_boot", {});
    model.save_changes();
  }
  return async () => {
    if (boot !== null) {
      const first = boot;
      boot = null;
      return first;
    }
    try {
      return parseServer((await requests.send("connect", {})).result);
    } catch (error) {
      if (error instanceof RequestFailure) return null;
      throw error;
    }
  };
}
