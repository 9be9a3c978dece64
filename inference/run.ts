import { readPort } from "#infra/runtime/config/port.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { type HostProcess, hostOptions, runProcess } from "#infra/runtime/lifecycle.ts";
import { createLog } from "#infra/runtime/log.ts";
import { readMaxBody, readWorkers, serveInference } from "./serve.ts";

/** The backend as a process: `inference/main.ts` is this. Resolves to the exit code. */
export function runInference(process: HostProcess, args: string[]): Promise<number> {
  const { env } = process;
  return runProcess(async (life) => {
    const { values } = readFlags({
      args,
      options: {
        models: { type: "string" },
        model: { type: "string" },
        host: { type: "string", default: env.HOST ?? "127.0.0.1" },
        port: { type: "string", default: env.PORT ?? "8000" },
        workers: { type: "string", default: "auto" },
        "max-body": { type: "string" },
      },
    });
    await serveInference(life, {
      models: values.models,
      model: values.model,
      host: values.host,
      port: readPort(values.port),
      workers: readWorkers(values.workers),
      ...(values["max-body"] === undefined ? {} : { maxBodyBytes: readMaxBody(values["max-body"]) }),
      log: createLog({ name: "backend", level: env.LOG_LEVEL ?? "info" }),
    });
  }, hostOptions(process));
}
