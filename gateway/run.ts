import { readPort } from "#infra/runtime/config/port.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { type HostProcess, hostOptions, runProcess } from "#infra/runtime/lifecycle.ts";
import { createLog } from "#infra/runtime/log.ts";
import { serveGateway } from "./serve.ts";

/** The gateway as a process: `gateway/main.ts` and `tradewind serve` are both this. Resolves to the exit code. */
export function runGateway(process: HostProcess, args: string[]): Promise<number> {
  const { env } = process;
  return runProcess(async (life) => {
    const { values } = readFlags({
      args,
      options: {
        config: { type: "string", default: "tradewind.yaml" },
        host: { type: "string", default: env.HOST ?? "127.0.0.1" },
        port: { type: "string", default: env.PORT ?? "8080" },
      },
    });
    await serveGateway(life, {
      configFile: values.config,
      host: values.host,
      port: readPort(values.port),
      databaseUrl: env.DATABASE_URL,
      redisUrl: env.REDIS_URL,
      log: createLog({ name: "gateway", level: env.LOG_LEVEL ?? "info" }),
    });
  }, hostOptions(process));
}
