import type { Replica } from "@azure/arm-appcontainers";
import type { ColdStart } from "../control.ts";
import { isReady } from "./read-status.ts";

/** Sees replicas again and again, and tells how long those took that it saw before they were ready. */
export type ColdStartWatch = (replicas: readonly Replica[], now: number) => readonly ColdStart[];

const mostTold = 50;

/**
 * Container Apps says when a replica was ordered and not when it was ready, so that a cold start is as exact as it is looked
 * at often; one that was ready at the first look tells nothing.
 */
export function watchColdStarts(): ColdStartWatch {
  let waiting = new Set<string>();
  let told: readonly ColdStart[] = [];
  return (replicas, now) => {
    const started = replicas.flatMap((replica) => {
      const at = replica.createdTime?.getTime();
      const wasAwaited = waiting.has(replica.name ?? "") && isReady(replica);
      return wasAwaited && at !== undefined && Number.isFinite(at)
        ? [{ at: now, ms: Math.max(0, now - at) }]
        : [];
    });
    told = [...told, ...started].slice(-mostTold);
    waiting = new Set(replicas.filter((one) => !isReady(one)).map(({ name }) => name ?? ""));
    return told;
  };
}
