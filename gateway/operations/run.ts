import { hostname } from "node:os";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type HostProcess, hostOptions, type Lifecycle, runProcess } from "#infra/runtime/lifecycle.ts";
import { createLog } from "#infra/runtime/log.ts";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { readLeader } from "../records/leader.ts";
import { migrations } from "../records/open-records.ts";
import { type FleetFlags, readFleetFlags } from "./fleet-flags.ts";
import { createVoice } from "./fleet-voice.ts";
import { keepFleet, lookOnce } from "./keep-fleet.ts";
import { type OpenControl, openControls } from "./open-controls.ts";

export type FleetProcess = HostProcess & { readonly stdout: { readonly write: (text: string) => unknown } };

export type FleetOptions = {
  /** How providers are opened; a test has some of its own. */
  readonly open?: OpenControl;
};

/**
 * `tradewind fleet` as a process: looks at all providers, prints what it would change, and with `--apply` changes it for as
 * long as it leads. Resolves to the exit code.
 */
export async function runFleet(
  process: FleetProcess,
  args: string[],
  options: FleetOptions = {},
): Promise<number> {
  const flags = readFleetFlags(args);
  const url = process.env.DATABASE_URL;
  if (url === undefined)
    throw new TradewindError("config_invalid", "DATABASE_URL is not set", {
      hint: "set it to the gateways' PostgreSQL: what is asked for, and who leads, is known there",
    });
  const open = (stack: AsyncDisposableStack, signal: AbortSignal) =>
    openFleet(process, { ...options, flags, url, stack, signal });
  if (flags.isOnce) return await runOnce(open);
  return await runProcess((life) => keepRunning(life, open), hostOptions(process));
}

type Open = (stack: AsyncDisposableStack, signal: AbortSignal) => ReturnType<typeof openFleet>;

async function runOnce(open: Open): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const signal = AbortSignal.timeout(onceMs);
  await lookOnce(await open(stack, signal), signal);
  return 0;
}

/** Platforms that hang are given up before, each for itself. */
const onceMs = 300_000;

async function keepRunning(life: Lifecycle, open: Open): Promise<void> {
  const fleet = await open(life.resources, life.stopping);
  life.resources.use(keepFleet(fleet));
}

type Opening = FleetOptions & {
  readonly flags: FleetFlags;
  readonly url: string;
  readonly stack: AsyncDisposableStack;
  readonly signal: AbortSignal;
};

async function openFleet(process: FleetProcess, { flags, url, stack, signal, open }: Opening) {
  const { env, pid, stdout } = process;
  const log = createLog({ name: "fleet", level: env.LOG_LEVEL ?? "info" });
  const database = stack.use(await openDatabase({ url, connections: 4 }));
  await migrate(database, migrations, { signal });
  const surroundings = { clock: systemClock, chance: systemChance, env };
  const controls = stack.use(await openControls({}, surroundings, open));
  const machine = hostname();
  const voice = createVoice({
    ...{ log, clock: systemClock, isJson: flags.isJson },
    write: (line) => void stdout.write(`${line}\n`),
    readLeader: async () => (await readLeader(database.query))?.leader,
  });
  const names = { name: `fleet:${machine}`, leader: `${machine} ${pid}` };
  return { ...surroundings, ...names, url, database, controls, voice, flags };
}
