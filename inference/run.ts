import { existsSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { inContainer } from "#infra/runtime/hardware/container.ts";
import { hasVnni } from "#infra/runtime/hardware/cpu.ts";
import { type MemoryFacts, memoryRoom, readRss } from "#infra/runtime/hardware/memory.ts";
import { type HostProcess, hostOptions, runProcess } from "#infra/runtime/lifecycle.ts";
import { createLog, type Log } from "#infra/runtime/log.ts";
import { callSecrets } from "#infra/runtime/signed-call.ts";
import { readOptions } from "./read-options.ts";
import { type Machine, serveInference } from "./serve.ts";

type InferenceProcess = HostProcess & MemoryFacts & { readonly arch: string };

/** The backend as a process: `inference/main.ts` is this. Resolves to the exit code. */
export function runInference(process: InferenceProcess, args: string[]): Promise<number> {
  const { env } = process;
  return runProcess(async (life) => {
    const { maxMemoryBytes, signedCalls, ...options } = readOptions(args, {
      host: env.HOST ?? (inContainer({ env, exists: existsSync }) ? "0.0.0.0" : "127.0.0.1"),
      port: env.PORT ?? "8000",
      models: env.TRADEWIND_MODELS,
    });
    const log = openLog(env);
    const secrets = signedCalls ? callSecrets(env.TRADEWIND_CALL_SECRET, "TRADEWIND_CALL_SECRET") : undefined;
    const machine = lookAt(process, maxMemoryBytes);
    await serveInference(life, { ...options, callSecrets: secrets, machine, log });
  }, hostOptions(process));
}

/** Each line says of which deployment it is, where this is a part of one. */
function openLog({ LOG_LEVEL: level = "info", TRADEWIND_DEPLOYMENT: deployment }: HostProcess["env"]): Log {
  const log = createLog({ name: "backend", level });
  return deployment ? log.child({ deployment: deployment.slice(0, 64) }) : log;
}

/** Above it the kernel may end the process at any moment. */
const shareOfMemory = 0.8;

function lookAt(process: InferenceProcess, maxMemoryBytes: number | undefined): Machine {
  const room = memoryRoom({ constrainedBytes: process.constrainedMemory(), totalBytes: totalmem() });
  return {
    memoryLimitBytes: maxMemoryBytes ?? shareOfMemory * room,
    readRss: () => readRss(process),
    exactQuantized: process.arch === "x64" && !hasVnni(readCpuInfo()),
  };
}

/** Where a system does not tell, the processor is taken to be an old one. */
function readCpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}
