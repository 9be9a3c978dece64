import { readPort } from "#infra/runtime/config/port.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { type ProcessDoor, runProcess } from "#infra/runtime/lifecycle.ts";
import { createLog } from "#infra/runtime/log.ts";
import { serveGateway } from "./serve.ts";

export type GatewayProcess = ProcessDoor & {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stderr: { readonly write: (text: string) => unknown };
  readonly pid: number;
  readonly kill: (pid: number, signal: "SIGKILL") => unknown;
};

/** The gateway as a process: `gateway/main.ts` and `tradewind serve` are both this. Resolves to the exit code. */
export function runGateway(process: GatewayProcess, args: string[]): Promise<number> {
  const { env } = process;
  return runProcess(
    async (life) => {
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
    },
    {
      process,
      complain: (line) => process.stderr.write(`tradewind: ${line}\n`),
      stopAtOnce: () => process.kill(process.pid, "SIGKILL"),
    },
  );
}
