import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import process from "node:process";
import { systemClock } from "#infra/runtime/clock.ts";
import { tryCandidate } from "../try-candidate.ts";
import type { SelfTestAnswer, SelfTestTask } from "../words.ts";

/**
 * A process that tries one release and ends. It stands back behind the agent: it computes when nobody else wants to, and
 * where memory is short the system ends it first.
 */
process.once("message", (task: SelfTestTask) => void test(task));
process.on("disconnect", end);
// A signal to the whole group is for the agent to answer.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
standBack();

const lookEveryMs = 20;

async function test(task: SelfTestTask): Promise<void> {
  const readRss = (): number => process.memoryUsage.rss();
  const before = readRss();
  const watching = setInterval(() => {
    const memoryBytes = readRss() - before;
    if (memoryBytes > task.memoryBytes) answer({ kind: "too_large", memoryBytes });
  }, lookEveryMs);
  const onMeasured = (): void => clearInterval(watching);
  const { signal } = new AbortController();
  answer(await tryCandidate(task, { clock: systemClock, signal, readRss, onMeasured }));
}

function answer(said: SelfTestAnswer): void {
  process.send?.(said, end);
}

/** An ordinary exit would abort with a stack while a session computes. */
function end(): void {
  process.kill(process.pid, "SIGKILL");
}

function standBack(): void {
  try {
    setPriority(10);
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // Not every system has these, and the test is as good without.
  }
}
