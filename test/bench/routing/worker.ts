import process from "node:process";
import { createJobs } from "./do-job.ts";
import type { Figures, Job } from "./job.ts";

/** What a process answers to a job. */
export type Done = { readonly figures: Figures } | { readonly problem: string };

const doJob = createJobs();

process.on("message", async (job: Job) => {
  process.send?.(await done(job));
});

// Nobody waits for what is left when the bench is gone.
process.on("disconnect", () => process.exit());

async function done(job: Job): Promise<Done> {
  try {
    return { figures: await doJob(job) };
  } catch (error) {
    return { problem: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
