import type { Course } from "../dispatch/dispatch.ts";
import type { Beside } from "./hour-rows.ts";

/**
 * What starting or keeping instances costs, in a line of no tenant: they stand for whoever comes, and the request that
 * was the occasion went elsewhere. It is counted when it is spent, as a backend's budget counts it.
 */
export function spentOnWaking({ woken, pool, startedAt }: Course): Beside | undefined {
  if (!woken) return undefined;
  const { lane, usd } = woken;
  return { kind: "wake", at: startedAt, tenant: "", model: pool.model, backend: lane.standing.name, usd };
}
