import type { ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";
import process from "node:process";
import { migrations } from "#gateway/records/open-records.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { readPort } from "#infra/runtime/config/port.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { hostOptions, type Lifecycle, runProcess } from "#infra/runtime/lifecycle.ts";
import { makeFolder } from "#infra/runtime/make-folder.ts";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { openEmbeddedPostgres } from "#infra/runtime/postgres/embedded.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { together } from "#infra/runtime/together.ts";
import { developmentKey } from "./start/development-key.ts";
import { greeting } from "./start/greeting.ts";
import { demo, loadOwnConfig, type StartOptions, startGateway, startLocal } from "./start/parts.ts";

/**
 * `tradewind start`: the whole product as one process tree. The database and the backend side by side, then the
 * gateway are opened, and they are closed the other way round, so that no part ever misses one that it needs.
 */
export function start(args: string[]): Promise<number> {
  const children: ChildProcess[] = [];
  const host = hostOptions(process);
  return runProcess((life) => startParts(life, readOptions(args), (child) => children.push(child)), {
    ...host,
    // Longer than its children's, so that each of them gets its own.
    graceMs: 40_000,
    stopAtOnce: () => {
      for (const child of children) killGroup(child);
      host.stopAtOnce();
    },
  });
}

/** With its own children, which a gateway of many processes has; where there are no groups, the child alone. */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
}

function readOptions(args: string[]): StartOptions {
  const { values } = readFlags({
    args,
    options: {
      data: { type: "string", default: ".tradewind" },
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: process.env.PORT ?? "8080" },
      model: { type: "string" },
      config: { type: "string" },
      // For a first look: a thread per core and model would take a large machine's memory for nothing.
      workers: { type: "string", default: "2" },
    },
  });
  const { data, host, port, model, config, workers } = values;
  return { folder: resolve(data), host, port: readPort(port), model, config, workers };
}

async function startParts(
  life: Lifecycle,
  options: StartOptions,
  onSpawn: (child: ChildProcess) => void,
): Promise<void> {
  const began = systemClock.elapsed();
  const { folder } = options;
  const given = options.config === undefined ? undefined : await loadOwnConfig(options.config);
  await makeFolder(folder);
  const [postgres, local] = await together(
    life.stopping,
    async (signal) => {
      const place = join(folder, "postgres");
      return life.resources.use(await openEmbeddedPostgres({ folder: place, signal }));
    },
    (signal) => (given ? Promise.resolve(given) : startLocal(life, options, { onSpawn, signal })),
  );
  const { configFile, models } = local;
  const key = await prepareRecords(postgres.url, folder, life.stopping);
  const spawning = { onSpawn, signal: life.stopping };
  const gateway = await startGateway(life, { ...options, configFile, databaseUrl: postgres.url }, spawning);
  const [model = ""] = models;
  const seconds = (systemClock.elapsed() - began) / 1000;
  const sample = join(demo, "sample.jpg");
  process.stdout.write(
    greeting({ gatewayUrl: gateway.url, model, models, key, sample, folder, cwd: process.cwd(), seconds }),
  );
}

async function prepareRecords(url: string, folder: string, signal: AbortSignal): Promise<string> {
  await using database = await openDatabase({ url });
  await migrate(database, migrations, { signal });
  return await developmentKey(database, { folder, chance: systemChance, signal });
}
