import { fileURLToPath } from "node:url";
import { type Child, openChild } from "../inference/child.ts";
import type { Figures, Job } from "./job.ts";
import type { Done } from "./worker.ts";

/** Processes that do jobs; they end with it. */
export type Crew = AsyncDisposable & {
  /** In the order of the jobs, whoever did them. */
  readonly run: (jobs: readonly Job[]) => Promise<readonly Figures[]>;
};

export type CrewOptions = { readonly workers: number; readonly signal: AbortSignal };

/** Processes and not threads: V8's isolates in one process sometimes stumble over each other's compiled code. */
export async function openCrew({ workers, signal }: CrewOptions): Promise<Crew> {
  await using resources = new AsyncDisposableStack();
  const children: Child[] = [];
  for (let count = 0; count < workers; count += 1)
    children.push(resources.use(await openChild({ command: process.execPath, args: [script], signal })));
  const owned = resources.move();
  return {
    run: async (jobs) => {
      const figures = new Array<Figures>(jobs.length);
      const queue = jobs.entries();
      const work = async (child: Child): Promise<void> => {
        for (const [place, job] of queue) figures[place] = await ask(child, job);
      };
      await Promise.all(children.map(work));
      return figures;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const script = fileURLToPath(new URL("./worker.ts", import.meta.url));

/** No job takes as long, wherever it runs. */
const mostMs = 600_000;

async function ask(child: Child, job: Job): Promise<Figures> {
  const done = (await child.ask(job, mostMs)) as Done;
  if ("figures" in done) return done.figures;
  throw new Error(`a run of ${job.policy} failed: ${done.problem}`);
}
