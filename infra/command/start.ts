import type { ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { loadConfig } from "#gateway/load-config.ts";
import { migrations } from "#gateway/records/open-key-reader.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { readPort } from "#infra/runtime/config/port.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { entryPoint } from "#infra/runtime/entry-point.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { hostOptions, type Lifecycle, runProcess } from "#infra/runtime/lifecycle.ts";
import { makeFolder } from "#infra/runtime/make-folder.ts";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { openEmbeddedPostgres } from "#infra/runtime/postgres/embedded.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { together } from "#infra/runtime/together.ts";
import { type Child, startChild } from "./start/children.ts";
import { developmentKey } from "./start/development-key.ts";
import { greeting } from "./start/greeting.ts";
import { listModels } from "./start/list-models.ts";
import { localConfig } from "./start/local-config.ts";

const demo = fileURLToPath(new URL("../../inference/models/demo/", import.meta.url));

type Options = {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly model: string | undefined;
  readonly config: string | undefined;
  readonly workers: string;
};

/**
 * `tradewind start`: the whole product as one process tree. The database and the backend side by side, then the
 * gateway are opened, and they are closed the other way round, so that no part ever misses one that it needs.
 */
export function start(args: string[]): Promise<number> {
  const children: ChildProcess[] = [];
  const host = hostOptions(process);
  return runProcess((life) => startParts(life, readOptions(args), (child) => children.push(child)), {
    ...host,
    stopAtOnce: () => {
      for (const child of children) child.kill("SIGKILL");
      host.stopAtOnce();
    },
  });
}

function readOptions(args: string[]): Options {
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
  options: Options,
  onSpawn: (child: ChildProcess) => void,
): Promise<void> {
  const began = systemClock.elapsed();
  const { folder } = options;
  if (options.config !== undefined) await loadConfig(options.config);
  await makeFolder(folder);
  const [postgres, backend] = await together(
    life.stopping,
    async (signal) => {
      const place = join(folder, "postgres");
      return life.resources.use(await openEmbeddedPostgres({ folder: place, signal }));
    },
    (signal) => startBackend(life, options, { onSpawn, signal }),
  );
  const models = await listModels(backend.url, { signal: life.stopping });
  const key = await prepareRecords(postgres.url, folder, life.stopping);
  const configFile = options.config ?? (await writeLocalConfig(options, models, backend.url));
  const gateway = await startGateway(
    life,
    { ...options, configFile, databaseUrl: postgres.url },
    { onSpawn, signal: life.stopping },
  );
  const [model] = models;
  if (model === undefined) return;
  const seconds = (systemClock.elapsed() - began) / 1000;
  const sample = join(demo, "sample.jpg");
  process.stdout.write(
    greeting({ gatewayUrl: gateway.url, model, models, key, sample, folder, cwd: process.cwd(), seconds }),
  );
}

type Spawning = Pick<Parameters<typeof startChild>[0], "onSpawn" | "signal">;

function startBackend(life: Lifecycle, { model, workers }: Options, spawning: Spawning): Promise<Child> {
  const source = model === undefined ? ["--models", demo] : ["--model", resolve(model)];
  return startPart(life, {
    ...spawning,
    name: "backend",
    module: entryPoint("../../inference/main", import.meta.url),
    args: [...source, "--host", "127.0.0.1", "--port", "0", "--workers", workers],
    env: quiet(process.env),
  });
}

type GatewayOptions = Options & { readonly configFile: string; readonly databaseUrl: string };

function startGateway(life: Lifecycle, options: GatewayOptions, spawning: Spawning): Promise<Child> {
  const { configFile, host, port, databaseUrl } = options;
  return startPart(life, {
    ...spawning,
    name: "gateway",
    module: entryPoint("../../gateway/main", import.meta.url),
    args: ["--config", configFile, "--host", host, "--port", String(port)],
    env: { ...quiet(process.env), DATABASE_URL: databaseUrl },
  });
}

/** A person at a terminal wants the curl line, not the parts' own reports, unless they ask for them. */
function quiet(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { LOG_LEVEL: "warn", ...env };
}

/** A part that ends by itself takes the rest with it: half a product answers nobody. */
async function startPart(life: Lifecycle, part: Parameters<typeof startChild>[0]): Promise<Child> {
  const child = life.resources.use(await startChild(part));
  void child.exited.then(() => {
    const failure = new TradewindError(
      "internal",
      `the ${part.name} ended unexpectedly, so everything stops`,
    );
    if (!life.stopping.aborted) life.fail(failure);
  });
  return child;
}

async function prepareRecords(url: string, folder: string, signal: AbortSignal): Promise<string> {
  await using database = await openDatabase({ url });
  await migrate(database, migrations, { signal });
  return await developmentKey(database, { folder, chance: systemChance, signal });
}

async function writeLocalConfig(
  { folder, model }: Options,
  models: readonly string[],
  backendUrl: string,
): Promise<string> {
  const file = join(folder, "tradewind.yaml");
  await writeFile(file, localConfig({ models, source: model ?? demo, backendUrl }));
  return file;
}
