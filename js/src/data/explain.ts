import type { TransportName } from "../channel/messages";
import { LOG_IN } from "./http";
import { NO_PROXY, type Rung } from "./probe";

/** How quick a carrier was; null where that was not seen. */
export interface Measured {
  readonly name: TransportName;
  /** Until a small answer was there. */
  readonly ms: number | null;
  /** Megabytes a second of large transfers. */
  readonly mb_per_s: number | null;
}

const NAMES: Readonly<Record<TransportName, string>> = {
  direct: "Straight from Python",
  proxy: "Jupyter's proxy",
  colab: "Colab's proxy",
  override: "The address that was set",
  comm: "The notebook's own connection",
};

/** For a person: how quick the carriers are, why others are not taken, and what to do where that helps; a line each. */
export function explain(measured: readonly Measured[], looked: readonly Rung[], commAlone: boolean): string[] {
  const quick = measured
    .filter(({ ms, mb_per_s }) => ms !== null || mb_per_s !== null)
    .map((one) => `${NAMES[one.name]}: ${speedOf(one)}`);
  const closed = looked
    .filter(({ name, reason }) => reason !== null && name !== "colab")
    .map(({ name, reason }) => `${NAMES[name]}: ${reason}`);
  const advice = commAlone ? adviceFor(looked) : null;
  return [...quick, ...closed, ...(advice === null ? [] : [advice])];
}

/** The one thing to do where the comm is all there is; null where nothing helps. */
function adviceFor(looked: readonly Rung[]): string | null {
  const said = (name: TransportName) => looked.find((rung) => rung.name === name)?.reason ?? null;
  if (said("override") !== null) return "Check the address in CELLUCID_CLIENT_SERVER_URL.";
  if (said("proxy") === NO_PROXY)
    return "Large data come faster with jupyter-server-proxy installed where Jupyter runs.";
  if (said("proxy") === LOG_IN) return "Reload the page, which logs you in again.";
  return null;
}

function speedOf({ ms, mb_per_s }: Measured): string {
  return [ms === null ? [] : `${ms} ms`, mb_per_s === null ? [] : `${mb_per_s} MB/s`].flat().join(", ");
}
