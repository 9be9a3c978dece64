import process from "node:process";
import { perMillion } from "#gateway/ledger/explain-decision.ts";
import { dimensions, type LedgerLine, type LinesAsk } from "#gateway/ledger/ledger-store.ts";
import { ledgerInPostgres } from "#gateway/records/ledger.ts";
import { migrations } from "#gateway/records/open-records.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { type Head, table } from "./explain/table.ts";

const options = {
  by: { type: "string", default: "backend" },
  since: { type: "string", default: "24h" },
  tenant: { type: "string" },
} as const;

/** `tradewind ledger`: what requests cost and took, and what others would have cost. */
export async function ledger(args: string[]): Promise<number> {
  const ask = readAsk(args, systemClock.now());
  const url = process.env.DATABASE_URL;
  if (url === undefined) throw new TradewindError("config_invalid", "DATABASE_URL is not set");
  const reading = { signal: AbortSignal.timeout(30_000) };
  await using database = await openDatabase({ url });
  await migrate(database, migrations, reading);
  const lines = await ledgerInPostgres(database).lines(ask, reading);
  process.stdout.write(`${showLines(ask.by, lines)}\n`);
  return 0;
}

const span = durationUpTo("400d");

/** What the flags ask for, or what is wrong with them. */
export function readAsk(args: string[], now: number): LinesAsk {
  const { values } = readFlags({ args, options });
  const by = dimensions.find((dimension) => dimension === values.by);
  if (!by) throw wrong(`--by: expected ${dimensions.join(", ")}`);
  const since = span.safeParse(values.since);
  if (!since.success) throw wrong("--since: expected a duration up to 400d, such as 24h");
  return { from: now - since.data, to: now, by, tenant: values.tenant, most: 1_000 };
}

export function showLines(by: LinesAsk["by"], lines: readonly LedgerLine[]): string {
  const head: Head = [{ name: by }, ...columns.map((name) => ({ name, isNumber: true }))];
  return table(head, lines.map(row));
}

const columns = [
  ...["requests", "missed", "failed", "hedges", "retries", "p50", "p99"],
  ...["$", "$ per 1M", "cheapest other", "dearest other", "$ beside", "$ billed"],
];

function row(line: LedgerLine): string[] {
  const { name, requests, missed, failed, hedges, retries, sketch, usd, besideUsd, billedUsd } = line;
  const each = (sum: number): string => (requests > 0 ? perMillion(sum / requests) : "-");
  const ms = (time: number | undefined): string => (time === undefined ? "-" : `${time.toFixed(1)} ms`);
  const beside = Object.values(besideUsd).reduce((sum, one) => sum + one, 0);
  return [
    name === "" ? "-" : name,
    ...[requests, missed, failed, hedges, retries].map(String),
    ms(sketch?.quantile(0.5)),
    ms(sketch?.quantile(0.99)),
    usd.toFixed(4),
    ...[usd, line.cheapestOtherUsd, line.dearestOtherUsd].map(each),
    beside.toFixed(4),
    billedUsd === undefined ? "-" : billedUsd.toFixed(4),
  ];
}

function wrong(message: string): TradewindError {
  return new TradewindError("parameter_invalid", message);
}
