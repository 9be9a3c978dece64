import type { LedgerLine } from "#gateway/ledger/ledger-store.ts";
import { newestConfiguration, publishConfiguration } from "#gateway/records/configurations.ts";
import { ledgerInPostgres } from "#gateway/records/ledger.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { whoever } from "../config/at-database.ts";
import type { Totals } from "./judge-drill.ts";
import { refuseProvider } from "./refuse-provider.ts";

export type DrillAtGateways = {
  readonly lose: (until: Date) => Promise<void>;
  readonly restore: () => Promise<void>;
  readonly totals: () => Promise<Totals>;
};

const patienceMs = 30_000;

/** Does a drill through the configuration that gateways follow, and reads what comes of it from the ledger. */
export function drillAtGateways(
  database: Database,
  { provider, clock }: { readonly provider: string; readonly clock: Clock },
): DrillAtGateways {
  const within = () => ({ signal: AbortSignal.timeout(patienceMs) });
  const ledger = ledgerInPostgres(database);
  const since = clock.now();
  let lost: { readonly version: number; readonly before: string } | undefined;
  const publish = async (text: string, note: string, expected: number): Promise<number> => {
    const publication = { text, source: "admin", actor: whoever(), note, expected } as const;
    return (await publishConfiguration(database, publication, within())).entry.version;
  };
  return {
    lose: async (until) => {
      const newest = await newestOf(database, within());
      const text = refuseProvider(newest.text, { provider, until }, `version ${newest.version}`);
      const version = await publish(text, `drill: ${provider} is lost`, newest.version);
      lost = { version, before: newest.text };
    },
    restore: async () => {
      const newest = await newestOf(database, within());
      // What somebody else published meanwhile stays; the refusal in it, if there is one, ends by itself.
      if (lost?.version === newest.version)
        await publish(lost.before, `drill: ${provider} is back`, newest.version);
      lost = undefined;
    },
    totals: async () => {
      const ask = { from: since, to: clock.now() + patienceMs, by: "hour", most: 100 } as const;
      return sumOf(await ledger.lines(ask, within()));
    },
  };
}

export async function newestOf(database: Database, options: { readonly signal: AbortSignal }) {
  const newest = await newestConfiguration(database.query, 0, options);
  if (newest) return newest;
  throw new TradewindError("record_unknown", "no configuration was published yet", {
    hint: "a gateway publishes its own when it starts, or tradewind config publish does",
  });
}

function sumOf(lines: readonly LedgerLine[]): Totals {
  const sum = { requests: 0, missed: 0, failed: 0, usd: 0 };
  for (const { requests, missed, failed, usd, besideUsd } of lines) {
    sum.requests += requests;
    sum.missed += missed;
    sum.failed += failed;
    sum.usd += usd + Object.values(besideUsd).reduce((all, one) => all + one, 0);
  }
  return sum;
}
