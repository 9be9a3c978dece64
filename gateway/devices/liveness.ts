export type Liveness = "fresh" | "stale" | "offline";

/**
 * How far what is known of a device still holds. One that is silent is never said to be well: it is stale when it missed
 * two of its polls, and offline when it missed five.
 */
export function livenessOf(
  { lastSeen, pollMs }: { readonly lastSeen: number | undefined; readonly pollMs: number },
  now: number,
): Liveness {
  if (lastSeen === undefined) return "offline";
  const silentMs = now - lastSeen;
  if (silentMs >= offlineAfter * pollMs) return "offline";
  return silentMs >= staleAfter * pollMs ? "stale" : "fresh";
}

export const staleAfter = 2;
export const offlineAfter = 5;
