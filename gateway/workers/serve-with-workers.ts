import { systemClock as clock } from "#infra/runtime/clock.ts";
import type { Lifecycle } from "#infra/runtime/lifecycle.ts";
import type { Log } from "#infra/runtime/log.ts";
import { createForking } from "./fork-worker.ts";
import type { ServeOrder } from "./messages.ts";
import { openWorkers } from "./open-workers.ts";

export type ServeWithWorkersOptions = Omit<ServeOrder, "kind" | "number"> & {
  readonly log: Log;
  /** Told how to end all workers at once. */
  readonly onKill: (kill: () => void) => void;
  /** Takes what tells all workers to read the file again. */
  readonly onReload: (reload: () => void) => void;
};

/** The gateway as several processes: this one serves nobody, it keeps the others running. */
export async function serveWithWorkers(life: Lifecycle, options: ServeWithWorkersOptions): Promise<void> {
  const { workers: count, log, onKill, onReload, ...order } = options;
  const { url } = life.resources.use(
    await openWorkers({
      count,
      order,
      fork: createForking(),
      clock,
      log,
      signal: life.stopping,
      onKill,
      onReload,
      onGone: life.fail,
    }),
  );
  life.announce({ url });
  log.info({ url, workers: count }, "the gateway is ready");
}
