import type { ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { migrations } from "#gateway/records/open-key-reader.ts";
import { loadConfig } from "#gateway/serve.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { readPort } from "#infra/runtime/config/port.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { entryPoint } from "#infra/runtime/entry-point.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Lifecycle, runProcess } from "#infra/runtime/lifecycle.ts";
import { makeFolder } from "#infra/runtime/make-folder.ts";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { openEmbeddedPostgres } from "#infra/runtime/postgres/embedded.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
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
 * `tradewind start`: the whole product as one process tree. The database, then the backend, then the gateway are
 * opened, and they are closed the other way round, so that no part ever misses one that it needs.
 */
export function start(args: string[]): Promise<number> {
  const children: ChildProcess[] = [];
  return runProcess((life) => startParts(life, readOptions(args), (child) => children.push(child)), {
    process,
    complain: (line) => process.stderr.write(`tradewind: ${line}\n`),
    stopAtOnce: () => {
      for (const child of children) child.kill("SIGKILL");
      process.kill(process.pid, "SIGKILL");
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
      workers: { type: "string", default: "auto" },
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
  const postgres = life.resources.use(
    await openEmbeddedPostgres({ folder: join(folder, "postgres"), signal: life.stopping }),
  );
  const backend = await startBackend(life, options, onSpawn);
  const models = await listModels(backend.url, { signal: life.stopping });
  const key = await prepareRecords(postgres.url, folder, life.stopping);
  const configFile = options.config ?? (await writeLocalConfig(options, models, backend.url));
  const gateway = await startGateway(life, { ...options, configFile, databaseUrl: postgres.url }, onSpawn);
  const [model] = models;
  if (model === undefined) return;
  const seconds = (systemClock.elapsed() - began) / 1000;
  const sample = join(demo, "sample.jpg");
  process.stdout.write(
    greeting({ gatewayUrl: gateway.url, model, models, key, sample, folder, cwd: process.cwd(), seconds }),
  );
}

function startBackend(
  life: Lifecycle,
  { model, workers }: Options,
  onSpawn: (child: ChildProcess) => void,
): Promise<Child> {
  const source = model === undefined ? ["--models", demo] : ["--model", resolve(model)];
  return startPart(life, "backend", {
    module: entryPoint("../../inference/main", import.meta.url),
    args: [...source, "--port", "0", "--workers", workers],
    env: { LOG_LEVEL: "warn", ...process.env, HOST: "127.0.0.1" },
    onSpawn,
  });
}

type GatewayOptions = Options & { readonly configFile: string; readonly databaseUrl: string };

function startGateway(
  life: Lifecycle,
  options: GatewayOptions,
  onSpawn: (child: ChildProcess) => void,
): Promise<Child> {
  const { configFile, host, port, databaseUrl } = options;
  return startPart(life, "gateway", {
    module: entryPoint("../../gateway/main", import.meta.url),
    args: ["--config", configFile, "--host", host, "--port", String(port)],
    env: { LOG_LEVEL: "warn", ...process.env, DATABASE_URL: databaseUrl },
    onSpawn,
  });
}

type Part = Omit<Parameters<typeof startChild>[0], "name" | "signal">;

/** A part that ends by itself takes the rest with it: half a product answers nobody. */
async function startPart(life: Lifecycle, name: string, part: Part): Promise<Child> {
  const child = life.resources.use(await startChild({ ...part, name, signal: life.stopping }));
  void child.exited.then(() => {
    const failure = new TradewindError("internal", `the ${name} ended unexpectedly, so everything stops`);
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
