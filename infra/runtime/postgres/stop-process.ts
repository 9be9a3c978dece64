import type { Clock } from "../clock.ts";
import { TradewindError } from "../errors.ts";

export type Stoppable = {
  readonly child: {
    readonly pid?: number | undefined;
    readonly kill: (signal: "SIGINT" | "SIGQUIT" | "SIGKILL") => unknown;
  };
  readonly ended: Promise<unknown>;
};

/** Fast shutdown rolls open transactions back; if that takes long, the harder ones leave recovery to the next start. */
const words = [
  { signal: "SIGINT", waitMs: 10_000 },
  { signal: "SIGQUIT", waitMs: 5_000 },
  { signal: "SIGKILL", waitMs: 5_000 },
] as const;

/** Ends a server, ever harder, and says so if even the kernel cannot end it, rather than wait for ever. */
export async function stopProcess({ child, ended }: Stoppable, clock: Clock): Promise<void> {
  for (const { signal, waitMs } of words) {
    child.kill(signal);
    if (await endsWithin(waitMs, ended, clock)) return;
  }
  throw new TradewindError(
    "database_unavailable",
    `the embedded PostgreSQL (process ${child.pid}) does not end`,
  );
}

async function endsWithin(waitMs: number, ended: Promise<unknown>, clock: Clock): Promise<boolean> {
  const over = new AbortController();
  const late = clock.sleep(waitMs, { signal: over.signal }).then(
    () => false,
    () => true,
  );
  const inTime = await Promise.race([ended.then(() => true), late]);
  over.abort();
  return inTime;
}
