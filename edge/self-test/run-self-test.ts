import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Clock } from "#infra/runtime/clock.ts";
import { entryPoint } from "#infra/runtime/entry-point.ts";
import {
  judgeSelfTest,
  type SelfTestEnd,
  type SelfTestLimits,
  type SelfTestVerdict,
} from "./judge-self-test.ts";
import { type SelfTestTask, selfTestAnswer } from "./words.ts";

export type RunSelfTest = Omit<SelfTestTask, "memoryBytes"> & {
  readonly limits: SelfTestLimits;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The module that the process runs, for tests. */
  readonly module?: URL;
};

/**
 * Whether a release may answer here, found out in a process of its own: whatever it does there, it hangs, crashes or eats
 * memory, this one goes on. It throws only when the caller's signal ends the test.
 */
export async function runSelfTest(options: RunSelfTest): Promise<SelfTestVerdict> {
  const end = await testOnce(options);
  // The system ends this process first when anybody wants memory, and a verdict is for good: so one end is no verdict.
  return judgeSelfTest(end.kind === "crashed" ? await testOnce(options) : end, options.limits);
}

/** Nothing of the agent's surroundings goes along, in which keys and tokens may stand. */
async function testOnce(options: RunSelfTest): Promise<SelfTestEnd> {
  const { signal, module = entryPoint("./child/main", import.meta.url) } = options;
  signal.throwIfAborted();
  const child = fork(fileURLToPath(module), [], { stdio: ["ignore", 2, 2, "ipc"], env: {} });
  const gone = once(child, "exit").catch(() => undefined);
  try {
    const end = await endOf(child, options);
    signal.throwIfAborted();
    return end;
  } finally {
    child.kill("SIGKILL");
    await gone;
  }
}

/** The first that happens: an answer, an end without one, or neither in time. */
async function endOf(child: ChildProcess, options: RunSelfTest): Promise<SelfTestEnd> {
  const { candidate, golden, active, exactQuantized, limits, clock, signal } = options;
  const done = new AbortController();
  const patience = AbortSignal.any([signal, done.signal]);
  const late = clock.sleep(limits.timeMs, { signal: patience }).then(
    (): SelfTestEnd => ({ kind: "late" }),
    (): SelfTestEnd => ({ kind: "crashed", how: "the agent's own end" }),
  );
  const task: SelfTestTask = { candidate, golden, active, exactQuantized, memoryBytes: limits.memoryBytes };
  try {
    return await Promise.race([late, answerOf(child, task)]);
  } finally {
    done.abort();
  }
}

function answerOf(child: ChildProcess, task: SelfTestTask): Promise<SelfTestEnd> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ kind: "crashed", how: error.message }));
    child.once("exit", (code, signal) => resolve({ kind: "crashed", how: signal ?? `exit code ${code}` }));
    child.once("message", (message) => {
      const { data } = selfTestAnswer.safeParse(message);
      resolve(data ?? { kind: "crashed", how: "an answer that cannot be read" });
    });
    // What cannot be sent is told by the exit.
    child.send(task, () => {});
  });
}
