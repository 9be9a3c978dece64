import { setTimeout as sleep } from "node:timers/promises";
import { residentBytes } from "../../support/process-tree.ts";
import type { BenchContext, Measured } from "../bench.ts";
import { quantile } from "../judge.ts";
import type { LoadGenerator } from "./load-generator.ts";
import { serveTradewind, tradewindRequests } from "./serve-tradewind.ts";
import type { Subject } from "./subject.ts";

/** A backend that keeps something of every image would show it between the first thousand and the tenth. */
export async function* measureMemory(
  { root, quick, signal }: BenchContext,
  subject: Subject,
  generator: LoadGenerator,
): AsyncIterable<Measured> {
  await using resources = new AsyncDisposableStack();
  const { repository, name } = subject;
  const { pid, port } = resources.use(await serveTradewind({ root, repository, signal }));
  const [few, many] = quick ? [200, 1_000] : [1_000, 10_000];
  const requests = tradewindRequests(subject);
  const after = async (count: number): Promise<number> => {
    await generator.load({ ports: [port], requests, concurrency: 4, warmUpMs: 0, count });
    return await megabytesAtRest(pid, signal);
  };
  const before = await after(few);
  const then = await after(many - few);
  yield {
    case: name,
    metric: `memory after ${many} images`,
    unit: "MB",
    better: "lower",
    against: `after ${few} images`,
    ...(quick ? {} : { floor: 1.1 }),
    ours: [then],
    theirs: [before],
    note: "resident memory of the backend's one process, a second after the last answer",
  };
}

async function megabytesAtRest(pid: number, signal: AbortSignal): Promise<number> {
  await sleep(1_000, undefined, { signal });
  const readings: number[] = [];
  for (let reading = 0; reading < 5; reading += 1) {
    readings.push((await residentBytes([pid])) / 1e6);
    await sleep(100, undefined, { signal });
  }
  return quantile(readings, 0.5);
}
