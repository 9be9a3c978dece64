import { parseConfig } from "#gateway/config.ts";
import { migrations } from "#gateway/records/open-records.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Database, openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { drillAtGateways, newestOf, refuseInFreeze } from "./drill/at-gateways.ts";
import { type DrillAsk, readDrillAsk } from "./drill/drill-ask.ts";
import { fewestFor } from "./drill/judge-drill.ts";
import { modelsOf, refuseProvider, routesWithout } from "./drill/refuse-provider.ts";
import { type DrillReport, runDrill } from "./drill/run-drill.ts";
import { asOperator, type Operator } from "./operate/operator.ts";

/** `tradewind drill --lose PROVIDER`: rehearses a loss while requests go on, and gives it up at the limit. */
export function drill(args: string[]): Promise<number> {
  return asOperator({ verb: "drill", read: () => readDrillAsk(args) }, rehearseLoss);
}

async function rehearseLoss(ask: DrillAsk, operator: Operator): Promise<number> {
  const url = operator.env.DATABASE_URL;
  if (url === undefined)
    throw new TradewindError("config_invalid", "DATABASE_URL is not set", {
      hint: "a drill goes through the configuration that gateways follow in their PostgreSQL",
    });
  await using database = await openDatabase({ url, connections: 1 });
  await migrate(database, migrations, { signal: AbortSignal.timeout(30_000) });
  // Whatever cannot be refused is said before anybody watches for it.
  const plan = await planDrill(database, ask, operator);
  return ask.isDry ? showPlan(plan, ask, operator) : await carryOut(plan, database, { ask, operator });
}

/** Beyond the drill's own time, so that a gateway ends a refusal that nobody took back. */
const graceMs = 5_000;

type Plan = {
  readonly file: string;
  readonly change: string;
  readonly routes: readonly string[];
  readonly models: ReadonlySet<string>;
};

async function planDrill(
  database: Database,
  { provider, forMs }: DrillAsk,
  { clock }: Operator,
): Promise<Plan> {
  const within = { signal: AbortSignal.timeout(30_000) };
  const { version, text } = await newestOf(database, within);
  const file = `version ${version}`;
  const until = new Date(clock.now() + forMs + graceMs);
  refuseProvider(text, { provider, until }, file);
  await refuseInFreeze(database, provider, within);
  const config = parseConfig(text, { file });
  const change = `providers.${provider}.refuseUntil: ${until.toISOString()}`;
  return { file, change, routes: routesWithout(config, provider), models: modelsOf(config, provider) };
}

function showPlan(
  { file, change, routes }: Plan,
  { provider, isJson }: DrillAsk,
  { tell }: Operator,
): number {
  if (isJson) tell(JSON.stringify({ dry_run: true, lost: provider, publishes: change, routes }));
  else for (const line of [`would publish ${file} with ${change}, and take it back`, ...routes]) tell(line);
  return 0;
}

async function carryOut(
  { models }: Plan,
  database: Database,
  { ask, operator }: { readonly ask: DrillAsk; readonly operator: Operator },
): Promise<number> {
  const { clock, tell, signal } = operator;
  const { lose, restore, totals } = drillAtGateways(database, { provider: ask.provider, models, clock });
  const report = await runDrill({
    ...{ ...ask, clock, totals, restore, signal },
    lose: () => lose(new Date(clock.now() + ask.forMs + graceMs)),
    tell: ask.isJson ? () => {} : tell,
  });
  tell(ask.isJson ? JSON.stringify(written(report, ask), undefined, 2) : inWords(report, ask));
  return report.ended === "held" ? 0 : 1;
}

function written({ before, during, missed, missedShare, extraUsd, ended }: DrillReport, ask: DrillAsk) {
  return {
    ...{ lost: ask.provider, ended, missed, missed_share: missedShare, max_miss: ask.mostMissed },
    extra_usd: extraUsd ?? null,
    ...{ before, during, fewest_requests: fewestFor(ask.mostMissed) },
  };
}

function inWords({ during, missed, missedShare, extraUsd, ended }: DrillReport, ask: DrillAsk): string {
  const share = `${(missedShare * 100).toFixed(3)}%`;
  const money = extraUsd === undefined ? "nothing to compare its cost with" : `$${extraUsd.toFixed(6)} more`;
  const limit = `${Number((ask.mostMissed * 100).toPrecision(6))}%`;
  const how = {
    held: "held",
    "above the limit": `not held: more than ${limit} were missed`,
    inconclusive: `inconclusive: it takes ${fewestFor(ask.mostMissed)} requests to judge ${limit} by`,
    "at the limit": `given up: more than ${limit} would have been missed`,
    "by hand": "stopped by hand",
  }[ended];
  return `without ${ask.provider}, ${how}: ${during.requests} requests, ${missed} missed (${share}), ${money}`;
}
