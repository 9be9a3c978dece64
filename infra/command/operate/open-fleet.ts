import type { ProviderControl } from "#adapters/control.ts";
import { type Config, parseConfig } from "#gateway/config.ts";
import { type Controls, openControls } from "#gateway/operations/open-controls.ts";
import { newestConfiguration } from "#gateway/records/configurations.ts";
import { migrations } from "#gateway/records/open-records.ts";
import { readText } from "#infra/runtime/config/read-text.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Database, openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import type { Operator } from "./operator.ts";

/** The fleet as an operator finds it: what is published, or a file, and the records where there are any. */
export type OpenedFleet = AsyncDisposable & {
  readonly config: Config;
  readonly text: string;
  /** Where the text is from. */
  readonly file: string;
  /** None where only a file says what there is. */
  readonly records: FleetRecords | undefined;
  /** What some providers are changed with; closed with the fleet. */
  readonly controls: (names: readonly string[]) => Promise<Controls>;
};

export type FleetRecords = { readonly url: string; readonly database: Database };

const startMs = 30_000;

/** With a file named, it stands in the place of what is published, and no database is needed. */
export async function openFleet(
  operator: Operator,
  { file }: { readonly file?: string | undefined } = {},
): Promise<OpenedFleet> {
  await using stack = new AsyncDisposableStack();
  const records = await openRecords(operator, stack, file !== undefined);
  const { text, file: named } = file === undefined ? await newestOf(records, operator) : await textOf(file);
  const config = parseConfig(text, { file: named });
  const opened = stack.move();
  return {
    ...{ config, text, file: named, records },
    controls: async (names) => {
      const wanted = Object.entries(config.providers).filter(([name]) => names.includes(name));
      return opened.use(await openControls(Object.fromEntries(wanted), operator, operator.open));
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The records alone, for what must be possible whatever is published. */
export async function openFleetRecords(operator: Operator): Promise<FleetRecords & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const records = recordsOf({ records: await openRecords(operator, stack, false) });
  const opened = stack.move();
  return { ...records, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Records are needed wherever something is remembered, and who did it. */
export function recordsOf({ records }: Pick<OpenedFleet, "records">): FleetRecords {
  if (records) return records;
  throw noDatabase();
}

/** What one provider is changed with, or why it cannot be opened. */
export async function controlOf(fleet: OpenedFleet, provider: string): Promise<ProviderControl> {
  refuseUnknown(fleet, provider);
  const controls = await fleet.controls([provider]);
  const control = controls.of(provider);
  if (control) return control;
  const trouble = controls.troubles().get(provider);
  if (trouble) throw trouble;
  throw new TradewindError("parameter_invalid", `"${provider}" is a candidate: name what it stands beside`);
}

export function refuseUnknown({ config }: Pick<OpenedFleet, "config">, provider: string): void {
  if (Object.hasOwn(config.providers, provider)) return;
  const known = Object.keys(config.providers).slice(0, 20).join(", ");
  throw new TradewindError("parameter_invalid", `provider "${provider.slice(0, 64)}" is not declared`, {
    hint: `there are ${known}`,
  });
}

async function openRecords(
  { env }: Operator,
  stack: AsyncDisposableStack,
  isOptional: boolean,
): Promise<FleetRecords | undefined> {
  const url = env.DATABASE_URL;
  if (url === undefined && isOptional) return undefined;
  if (url === undefined) throw noDatabase();
  const database = stack.use(await openDatabase({ url, connections: 3 }));
  await migrate(database, migrations, { signal: AbortSignal.timeout(startMs) });
  return { url, database };
}

async function newestOf(records: FleetRecords | undefined, { signal }: Operator) {
  if (!records) throw noDatabase();
  const newest = await newestConfiguration(records.database.query, 0, { signal });
  if (newest) return { text: newest.text, file: `version ${newest.version}` };
  throw new TradewindError("record_unknown", "no configuration was published yet", {
    hint: "a gateway publishes its own when it starts, or tradewind config publish does",
  });
}

async function textOf(file: string) {
  return { text: await readText(file), file };
}

function noDatabase(): TradewindError {
  return new TradewindError("config_invalid", "DATABASE_URL is not set", {
    hint: "set it to the gateways' PostgreSQL: what is asked of the fleet, and by whom, is written there",
  });
}
