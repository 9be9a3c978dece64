import type { LedgerLine, LedgerStore } from "#gateway/ledger/ledger-store.ts";
import { newestConfiguration, publishConfiguration } from "#gateway/records/configurations.ts";
import { readFreezes, refuseFrozen } from "#gateway/records/freezes.ts";
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

export type DrillScope = {
  readonly provider: string;
  /** Those of its routes: what is asked of others would be answered without it too. */
  readonly models: ReadonlySet<string>;
  readonly clock: Clock;
};

const patienceMs = 30_000;

/** Does a drill through the configuration that gateways follow, and reads what comes of it from the ledger. */
export function drillAtGateways(
  database: Database,
  { provider, models, clock }: DrillScope,
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
      // Somebody may have frozen it while the fleet was watched as it is.
      await refuseInFreeze(database, provider, within());
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
      const scope = { from: since, to: clock.now() + patienceMs };
      return sumOf((await linesByModel(ledger, scope, within())).filter(({ name }) => models.has(name)));
    },
  };
}

/** A freeze says that nothing is to be moved there, and losing it moves all of its requests. */
export async function refuseInFreeze(
  database: Database,
  provider: string,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  refuseFrozen(await readFreezes(database.query, options), [provider]);
}

export async function newestOf(database: Database, options: { readonly signal: AbortSignal }) {
  const newest = await newestConfiguration(database.query, 0, options);
  if (newest) return newest;
  throw new TradewindError("record_unknown", "no configuration was published yet", {
    hint: "a gateway publishes its own when it starts, or tradewind config publish does",
  });
}

const page = 1_000;

async function linesByModel(
  ledger: Pick<LedgerStore, "lines">,
  scope: { readonly from: number; readonly to: number },
  options: { readonly signal: AbortSignal },
): Promise<readonly LedgerLine[]> {
  const lines: LedgerLine[] = [];
  for (let after: string | undefined; ; after = lines.at(-1)?.name) {
    const more = await ledger.lines({ ...scope, by: "model", most: page, after }, options);
    lines.push(...more);
    if (more.length < page) return lines;
  }
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
