import { Gauge } from "prom-client";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import type { VerifiedRepository } from "./read-verified.ts";

/** A list that only people can renew, and when devices stop believing it. */
export type End = { readonly role: string; readonly endsAtMs: number };

type Lists = {
  readonly ends: Pick<VerifiedRepository["ends"], "root" | "targets">;
  readonly families: readonly Pick<VerifiedRepository["families"][number], "model" | "expiresAtMs">[];
};

/** Root, targets or families whose lists end within 30 days. */
export function endingSoon(lists: Lists, now: number): readonly End[] {
  return endsOf(lists).filter(({ endsAtMs }) => endsAtMs - now < soonMs);
}

/** What somebody with the role's own keys does about it. */
export function remedyOf(role: string): string {
  const keys = { root: "--root-key", targets: "--targets-key" }[role] ?? "--family-key";
  return `sign it anew with \`tradewind models rotate ${role} --store URL ${keys} KEY.pem\``;
}

export type EndsWarningOptions = {
  readonly metrics: Metrics;
  readonly clock: Pick<Clock, "now" | "elapsed">;
};

/** Tells of ends that no process can put off: when each list ends as a metric, and once a day in the log of those near. */
export function createEndsWarning({ metrics, clock }: EndsWarningOptions): (lists: Lists) => void {
  const told = new Map<string, number>();
  const gauge = new Gauge({
    name: "tradewind_edge_list_ends_timestamp_seconds",
    help: "When devices stop believing a signed list that only people can renew, in seconds since 1970",
    labelNames: ["list"],
    registers: [metrics],
    aggregator: "max",
  });
  return (lists) => {
    gauge.reset();
    for (const { role, endsAtMs } of endsOf(lists)) gauge.set({ list: role }, endsAtMs / 1_000);
    for (const { role, endsAtMs } of endingSoon(lists, clock.now())) {
      if (clock.elapsed() - (told.get(role) ?? Number.NEGATIVE_INFINITY) < dayMs) continue;
      told.set(role, clock.elapsed());
      sideConcernSkipped.publish({
        what: "renewing a list",
        detail: role,
        error: warning({ role, endsAtMs }),
      });
    }
  };
}

const dayMs = 86_400_000;

const soonMs = 30 * dayMs;

function endsOf({ ends, families }: Lists): readonly End[] {
  return [
    { role: "root", endsAtMs: ends.root },
    { role: "targets", endsAtMs: ends.targets },
    ...families.map(({ model, expiresAtMs }) => ({ role: model, endsAtMs: expiresAtMs })),
  ];
}

function warning({ role, endsAtMs }: End): TradewindError {
  const message = `the list of ${role} ends on ${new Date(endsAtMs).toISOString()}, and devices take nothing new after it`;
  return new TradewindError("repository_expired", message, { hint: remedyOf(role) });
}
