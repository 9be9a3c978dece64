import { type Context, Hono } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";
import { isLoopback } from "./config/web-address.ts";
import { modelOf } from "./store/model-state.ts";
import type { AnswerCounts } from "./sync/count-answers.ts";
import type { SyncParts } from "./sync/sync-parts.ts";
import { builtInRelease } from "./sync/turn-model.ts";

export type StatusDeps = Pick<SyncParts, "store" | "memo" | "machine" | "running" | "clock"> & {
  readonly gateway: string;
  readonly counts: AnswerCounts;
  /** Calls off the wait before the next sync. */
  readonly wake: () => void;
};

/**
 * How this device stands, for whoever stands before it; and a sync at once, or one with a new key, for this machine's
 * own processes alone.
 */
export function statusRoutes(deps: StatusDeps): Hono {
  const routes = new Hono();
  routes.get("/edge/status", (c) => c.json(statusOf(deps)));
  routes.post("/edge/sync", (c) => {
    refuseOthers(c, "a sync");
    deps.wake();
    return c.json({ syncs: deps.memo.syncs }, 202);
  });
  routes.post("/edge/rotate-key", (c) => {
    refuseOthers(c, "a new key");
    deps.memo.isKeyWished = true;
    deps.wake();
    return c.json({ syncs: deps.memo.syncs }, 202);
  });
  return routes;
}

function statusOf({ store, memo, machine, running, clock, gateway, counts }: StatusDeps): object {
  const { state } = store;
  const { trust, plan, trouble, syncs, lastSyncMs, fetchedBytes } = memo;
  const names = new Set([...Object.keys(state.models), ...running.names()]);
  const planned = new Map(plan?.models.map((one) => [one.model, one]));
  return {
    device: state.identity.device,
    gateway,
    ...machine,
    trouble,
    syncs,
    last_sync_ms_ago: lastSyncMs === undefined ? null : Math.round(clock.elapsed() - lastSyncMs),
    lists_expire_at: trust?.list()?.expiresAtMs ?? null,
    clock_trusted: trust?.clockTrusted() ?? null,
    fetched_bytes: fetchedBytes,
    models: [...names].sort().map((name) => {
      const { active, previous, trial, probation, floor, quarantined, agreement } = modelOf(state, name);
      const now = running.find(name);
      return {
        ...{ model: name, active, previous, trial, probation, floor, quarantined, agreement },
        runs: now ? { release: now.release, version: now.model.version, sha256: now.sha256 } : null,
        built_in: now?.release === builtInRelease,
        planned: planned.get(name) ?? null,
        failure: memo.failures.get(name) ?? null,
        ...counts.of(name),
      };
    }),
  };
}

function refuseOthers(c: Context, what: string): void {
  if (!isOwnMachine(c)) throw new TradewindError("forbidden", `only this machine may ask for ${what}`);
}

/** By where the connection comes from, which nobody else can pretend to. */
function isOwnMachine(c: Context): boolean {
  const { incoming } = (c.env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  return isLoopback(incoming?.socket?.remoteAddress ?? "");
}
