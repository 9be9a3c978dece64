import { hostname } from "node:os";
import type { Log } from "#infra/runtime/log.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createRequestIds } from "#infra/runtime/request-id.ts";
import { trialsInPostgres } from "./records/trials.ts";
import { type Comparing, type ComparingOptions, openComparing } from "./trials/compare-beside.ts";
import { measureAgreement, tellDrift } from "./trials/measure-agreement.ts";
import { createTrialsInMemory } from "./trials/trials-store.ts";

export type GatewayComparingOptions = Omit<ComparingOptions, "store" | "gateway"> & {
  readonly database: Database | undefined;
  readonly metrics: Metrics;
  readonly log: Log;
};

/** What a gateway compares, with its metrics, its log and the table that all gateways share. */
export function openComparingAtGateway(options: GatewayComparingOptions): Comparing {
  const { database, metrics, log, clock, chance } = options;
  const store = database ? trialsInPostgres(database) : createTrialsInMemory();
  const gateway = `${hostname().slice(0, 64)} ${createRequestIds(clock, chance)()}`;
  const comparing = openComparing({ ...options, store, gateway });
  const telling = new DisposableStack();
  telling.use(measureAgreement(metrics, comparing.watch));
  telling.use(tellDrift(log));
  const close = async (): Promise<void> => {
    await comparing.close();
    telling.dispose();
  };
  return { ...comparing, close, [Symbol.asyncDispose]: close };
}
