import { resolve } from "node:path";
import { serverVersion } from "#inference/server.ts";
import { logFailures } from "#inference/telemetry/log-failures.ts";
import { type Chance, systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import type { Lifecycle } from "#infra/runtime/lifecycle.ts";
import type { Log } from "#infra/runtime/log.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { openAnswering } from "./answer/open-answering.ts";
import { bootModels } from "./boot-models.ts";
import { findBuiltIn } from "./find-built-in.ts";
import { openForwarding } from "./open-forwarding.ts";
import { openSync } from "./open-sync.ts";
import type { EdgeOptions } from "./read-options.ts";
import { statusRoutes } from "./status-routes.ts";
import { lockFolder } from "./store/lock.ts";
import { isOnProbation } from "./store/model-state.ts";
import { openDisk } from "./store/open-disk.ts";
import { openState } from "./store/open-state.ts";
import { openShelf } from "./store/shelf.ts";
import { type AtWork, openWorkMark } from "./store/work-mark.ts";
import type { Machine } from "./sync/choose-artefact.ts";
import { countAnswers } from "./sync/count-answers.ts";
import { createWake } from "./sync/keep-synced.ts";
import { createMemo } from "./sync/sync-parts.ts";

export type ServeEdgeOptions = EdgeOptions & {
  readonly machine: Omit<Machine, "agent"> & {
    readonly exactQuantized: boolean;
    readonly pid: number;
    /** In which run of the machine this is; empty where nobody can say. */
    readonly boot: string;
  };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Tells whoever wants a sync at once; a signal of the system. */
  readonly onWish: (wish: () => void) => Disposable;
};

/** Kept equal to the package's by a test. */
export const agentVersion: string = serverVersion;

/**
 * The order of a start: the folder is this process's, the state says what runs, that answers, and only then anybody is
 * asked anything. A device without a network, or without a gateway that knows it, comes as far as that and goes on trying.
 */
export async function serveEdge(life: Lifecycle, options: ServeEdgeOptions): Promise<void> {
  const { config, machine: facts, log, env } = options;
  const folder = resolve(config.data);
  const clock = systemClock;
  const chance = systemChance;
  life.resources.use(logFailures(log, clock));
  const { fs, store, shelf, mark } = await openFolder(life, { folder, facts, chance, log });
  const builtIn = await findBuiltIn(config.builtin);
  const memo = createMemo(clock.elapsed());
  const forwarder = await openForwarding(config, { env, clock });
  if (forwarder) life.resources.use(forwarder);
  const answering = life.resources.use(
    openAnswering({
      sessions: {
        workers: config.answer.workers,
        executionProviders: ["cpu"],
        exactQuantized: facts.exactQuantized,
        ...{ onBroken: life.fail, atWork: mark },
      },
      ...{ clock, chance, log, forwarder },
      metrics: createMetrics(),
      ready: () => life.ready,
      expected: () => config.models ?? memo.plan?.models.map(({ model }) => model) ?? [],
    }),
  );
  const { running } = answering;
  const counts = life.resources.use(countAnswers(running));
  const booting = { store, shelf, running, builtIn, memo, log, died: mark.died };
  const retried = await bootModels(booting, { signal: life.stopping });
  const wake = createWake();
  life.resources.use(options.onWish(wake.now));
  const machine: Machine = { target: facts.target, memoryMb: facts.memoryMb, agent: agentVersion };
  const { host, hosts, port } = config.answer;
  const status = { store, memo, machine, running, clock, counts, gateway: config.gateway, wake: wake.now };
  const server = life.resources.use(
    await answering.listen({ host, hosts, port, beside: statusRoutes(status) }),
  );
  life.announce({ url: server.url });
  log.info({ url: server.url, models: running.names(), target: machine.target }, "the device answers");
  await openSync(life, {
    ...{ options, folder, fs, store, shelf, running, builtIn, memo, counts, machine, wake },
    ...{ retried, clock, chance, log, exactQuantized: facts.exactQuantized },
  });
}

type Opening = {
  readonly folder: string;
  readonly facts: ServeEdgeOptions["machine"];
  readonly chance: Chance;
  readonly log: Log;
};

async function openFolder(life: Lifecycle, { folder, facts: { pid, boot }, chance, log }: Opening) {
  const fs = openDisk();
  await fs
    .makeFolder(folder)
    .catch((error: unknown) => log.error({ err: error }, "the folder is not writable"));
  const lock = life.resources.use(await lockFolder({ folder, pid, chance }));
  if (!lock.isHeld)
    log.error({ folder }, "the disk takes nothing more: what is here answers, nothing is changed");
  const store = life.resources.use(await openState({ fs, folder }));
  const isWatched = ({ model, sha256 }: AtWork): boolean => isOnProbation(store.state, model, sha256);
  const mark = life.resources.use(openWorkMark({ folder, boot, isWatched }));
  // What an orderly stop has to cut short in the end is no release's fault.
  life.stopping.addEventListener("abort", () => mark[Symbol.dispose](), { once: true });
  return { fs, store, shelf: openShelf({ fs, folder }), mark };
}
