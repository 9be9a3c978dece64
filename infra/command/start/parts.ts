import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { loadConfig } from "#gateway/load-config.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { entryPoint } from "#infra/runtime/entry-point.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Lifecycle } from "#infra/runtime/lifecycle.ts";
import { type Child, type ChildOptions, startChild } from "./children.ts";
import { listModels } from "./list-models.ts";
import { localConfig } from "./local-config.ts";

/** The folder of the demo models and their sample. */
export const demo = fileURLToPath(new URL("../../../inference/models/demo/", import.meta.url));

export type StartOptions = {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly model: string | undefined;
  readonly config: string | undefined;
  readonly workers: string;
};

/** What the gateway is to serve, and from where. */
export type Served = { readonly configFile: string; readonly models: readonly string[] };

/** A person's own configuration names its own backends, so none is started for it. */
export async function loadOwnConfig(configFile: string): Promise<Served> {
  const { records, routes } = await loadConfig(configFile);
  if (records === "file") {
    const hint = "start keeps its key in its own database; run tradewind serve for keys in a file";
    throw new TradewindError("config_invalid", `${configFile} says records: file`, { hint });
  }
  return { configFile, models: routes.flatMap(({ models }) => models) };
}

export async function startLocal(
  life: Lifecycle,
  options: StartOptions,
  spawning: Spawning,
): Promise<Served> {
  const { folder, model } = options;
  const backend = await startBackend(life, options, spawning);
  const models = await listModels(backend.url, spawning);
  const configFile = join(folder, "tradewind.yaml");
  const at = new Date(systemClock.now()).toISOString();
  await writeFile(configFile, localConfig({ models, source: model ?? demo, backendUrl: backend.url, at }));
  return { configFile, models };
}

export type Spawning = Pick<ChildOptions, "onSpawn" | "signal">;

function startBackend(life: Lifecycle, { model, workers }: StartOptions, spawning: Spawning): Promise<Child> {
  const source = model === undefined ? ["--models", demo] : ["--model", resolve(model)];
  return startPart(life, {
    ...spawning,
    name: "backend",
    module: entryPoint("../../../inference/main", import.meta.url),
    args: [...source, "--images-only", "--host", "127.0.0.1", "--port", "0", "--workers", workers],
    env: quiet(process.env),
  });
}

type GatewayOptions = StartOptions & { readonly configFile: string; readonly databaseUrl: string };

export function startGateway(life: Lifecycle, options: GatewayOptions, spawning: Spawning): Promise<Child> {
  const { configFile, host, port, databaseUrl } = options;
  return startPart(life, {
    ...spawning,
    name: "gateway",
    module: entryPoint("../../../gateway/main", import.meta.url),
    args: ["--config", configFile, "--host", host, "--port", String(port)],
    // One gateway keeps its soft state in the process, whatever address this terminal knows.
    env: { ...quiet(process.env), DATABASE_URL: databaseUrl, REDIS_URL: undefined },
  });
}

/** A person at a terminal wants the curl line, not the parts' own reports, unless they ask for them. */
function quiet(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { LOG_LEVEL: "warn", ...env };
}

/** A part that ends by itself takes the rest with it: half a product answers nobody. */
async function startPart(life: Lifecycle, part: ChildOptions): Promise<Child> {
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
