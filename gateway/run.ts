import { readPort } from "#infra/runtime/config/port.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { readText } from "#infra/runtime/config/read-text.ts";
import { type HostProcess, hostOptions, type Lifecycle, runProcess } from "#infra/runtime/lifecycle.ts";
import { createLog } from "#infra/runtime/log.ts";
import { parseConfig } from "./config.ts";
import { serveGateway } from "./serve.ts";
import { countWorkers } from "./workers/count-workers.ts";

/**
 * The gateway as a process: `gateway/main.ts` and `tradewind serve` are both this. Resolves to the exit code. With
 * several workers this is the one that starts them and keeps them running.
 */
export function runGateway(process: HostProcess, args: string[]): Promise<number> {
  const host = hostOptions(process);
  let killWorkers = (): void => {};
  const onKill = (kill: () => void): void => {
    killWorkers = kill;
  };
  // Before everything stands there is nothing to read again, and the signal must not end the process either.
  let reload = (): void => {};
  process.on("SIGHUP", () => reload());
  const onReload = (again: () => void): void => {
    reload = again;
  };
  return runProcess((life) => startGateway(life, { env: process.env, args, onKill, onReload }), {
    ...host,
    stopAtOnce: () => {
      killWorkers();
      host.stopAtOnce();
    },
  });
}

type Start = Pick<HostProcess, "env"> & {
  readonly args: string[];
  readonly onKill: (kill: () => void) => void;
  readonly onReload: (reload: () => void) => void;
};

async function startGateway(life: Lifecycle, { env, args, onKill, onReload }: Start): Promise<void> {
  const { config: configFile, host, port } = readOptions(env, args);
  const log = createLog({ name: "gateway", level: env.LOG_LEVEL ?? "info" });
  const place = { configFile, host, port: readPort(port), log };
  const configText = await readText(configFile);
  const config = parseConfig(configText, { file: configFile });
  const workers = countWorkers(config);
  if (workers > 1) {
    // Loaded only here, since one process needs none of it.
    const { serveWithWorkers } = await import("./workers/serve-with-workers.ts");
    return await serveWithWorkers(life, { ...place, configText, workers, onKill, onReload });
  }
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = env;
  await serveGateway(life, { ...place, configText, config, databaseUrl, redisUrl, env, onReload });
}

function readOptions(env: Start["env"], args: string[]) {
  const { values } = readFlags({
    args,
    options: {
      config: { type: "string", default: "tradewind.yaml" },
      host: { type: "string", default: env.HOST ?? "127.0.0.1" },
      port: { type: "string", default: env.PORT ?? "8080" },
    },
  });
  return values;
}
