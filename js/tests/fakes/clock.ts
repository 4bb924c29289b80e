import { onTestFinished, vi } from "vitest";

/** The page's clock moves only as the test advances it, until the test ends; a socket takes its own time. */
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
}
