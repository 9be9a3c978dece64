import { type HostProcess, hostOptions, runProcess } from "#infra/runtime/lifecycle.ts";
import { createLog } from "#infra/runtime/log.ts";
import { modelMemoryMb, readBoot, readCpuInfo, targetOf } from "./machine.ts";
import { readEdgeOptions } from "./read-options.ts";
import { serveEdge } from "./serve.ts";

export type EdgeProcess = HostProcess & {
  readonly arch: string;
  readonly constrainedMemory: () => number;
};

/** The agent as a process: `edge/main.ts` is this. Resolves to the exit code. */
export function runEdge(process: EdgeProcess, args: string[]): Promise<number> {
  const { env, arch, pid } = process;
  return runProcess(async (life) => {
    const options = await readEdgeOptions(args, { hardware: env.TRADEWIND_HARDWARE ?? arch });
    const target = targetOf(arch, readCpuInfo());
    await serveEdge(life, {
      ...options,
      enrol: options.enrol ?? env.TRADEWIND_ENROL,
      env,
      log: createLog({ name: "edge", level: env.LOG_LEVEL ?? "info" }),
      machine: {
        ...{ target, pid, boot: readBoot(), exactQuantized: target === "x64-no-vnni" },
        memoryMb: modelMemoryMb(options.config.memory, process),
      },
      onWish: (wish) => {
        process.on("SIGHUP", wish);
        return { [Symbol.dispose]: () => void process.off("SIGHUP", wish) };
      },
    });
  }, hostOptions(process));
}
