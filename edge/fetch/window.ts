import { type DailyWindow, waitForWindow } from "../config/window.ts";

/** Milliseconds until the window closes: 0 outside of it, and undefined where there is none, so that nothing ends. */
export function untilWindowCloses(window: DailyWindow | undefined, now: number): number | undefined {
  if (!window) return undefined;
  if (waitForWindow(window, now) > 0) return 0;
  // The rest of the day is open when this one is closed.
  return waitForWindow({ from: window.to, to: window.from }, now);
}
