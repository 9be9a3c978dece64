import process from "node:process";
import { labelDevice, releaseDevice, revokeDevice } from "#gateway/records/devices.ts";
import { deviceLabel } from "#gateway/records/enrolments.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { deviceId } from "#infra/runtime/devices/words.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { describeFailure } from "#infra/runtime/lifecycle.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { atDatabase, type Options, whoever } from "./config/at-database.ts";
import { type DeviceFlags, flagOptions } from "./devices/device-flags.ts";
import { enrolByHand } from "./devices/enrol-by-hand.ts";
import { listAll, showOne } from "./devices/show-devices.ts";

/** What is asked, read whole before anything is done. */
type Read = (subject: readonly string[], flags: DeviceFlags) => () => Promise<number>;

type Verb = {
  readonly read: Read;
  readonly flags: readonly (keyof DeviceFlags)[];
  /** How many words follow. */
  readonly words: number;
};

const verbs: Readonly<Record<string, Verb>> = {
  enrol: {
    read: (_, flags) => enrolByHand(flags, atRecords),
    flags: ["label", "models", "for", "hardware", "count", "root", "store"],
    words: 0,
  },
  list: { read: (_, flags) => () => atRecords(listAll(flags)), flags: ["label", "all", "json"], words: 0 },
  show: {
    read: ([given], flags) => {
      const id = readId(given);
      return () => atRecords(showOne(id, flags));
    },
    flags: ["json"],
    words: 1,
  },
  revoke: { read: ([id]) => change(id, revokeDevice, "revoked for good"), flags: [], words: 1 },
  release: { read: ([id]) => change(id, releaseDevice, "no longer set aside"), flags: [], words: 1 },
  label: { read: label, flags: [], words: 2 },
};

/** `tradewind devices enrol | list | show ID | revoke ID | release ID | label ID LABEL`. Wrong use is exit code 2. */
export async function devices(args: string[]): Promise<number> {
  let run: () => Promise<number>;
  try {
    run = readDevices(args);
  } catch (error) {
    process.stderr.write(`tradewind devices: ${describeFailure(error)}\n`);
    return 2;
  }
  return await run();
}

/** What is asked, or what is wrong with it, before anything is opened. */
export function readDevices(args: string[]): () => Promise<number> {
  const { values, positionals } = readFlags({ args, allowPositionals: true, options: flagOptions });
  const [name = "", ...words] = positionals;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!verb || words.length !== verb.words) throw wrongUse();
  const stray = Object.keys(values).find((flag) => !verb.flags.includes(flag as keyof DeviceFlags));
  if (stray !== undefined) throw new TradewindError("config_invalid", `devices ${name} takes no --${stray}`);
  return verb.read(words, values);
}

function wrongUse(): TradewindError {
  return new TradewindError(
    "request_malformed",
    "expected: tradewind devices enrol | list | show ID | revoke ID | release ID | label ID LABEL",
  );
}

type Change = (
  database: Database,
  ask: { readonly actor: { readonly id: string }; readonly id: string },
  options: Options,
) => Promise<void>;

function change(given: string | undefined, deed: Change, done: string): () => Promise<number> {
  const id = readId(given);
  return () =>
    atRecords(async (database, options) => {
      await deed(database, { actor: whoever(), id }, options);
      process.stderr.write(`${id} is ${done}\n`);
      return 0;
    });
}

function label([given, text = ""]: readonly string[]): () => Promise<number> {
  const id = readId(given);
  const read = text === "-" ? undefined : deviceLabel.safeParse(text);
  if (read && !read.success)
    throw new TradewindError("parameter_invalid", `${read.error.issues[0]?.message}, or - for none`);
  return () =>
    atRecords(async (database, options) => {
      await labelDevice(database, { actor: whoever(), id, label: read?.data }, options);
      return 0;
    });
}

function readId(text = ""): string {
  const { success, data } = deviceId.safeParse(text);
  if (success) return data;
  throw new TradewindError(
    "parameter_invalid",
    `"${text.slice(0, 40)}" is no device's id: tradewind devices list has them`,
  );
}

async function atRecords(work: (database: Database, options: Options) => Promise<number>): Promise<number> {
  if (process.env.DATABASE_URL !== undefined) return await atDatabase(work);
  const hint = "set it to the gateways' PostgreSQL, where devices are on record";
  throw new TradewindError("config_invalid", "DATABASE_URL is not set", { hint });
}
