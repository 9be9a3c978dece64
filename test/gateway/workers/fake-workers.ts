import type { Ending, ForkedWorker } from "#gateway/workers/fork-worker.ts";
import type { FromWorker, ToWorker } from "#gateway/workers/messages.ts";

/** A worker that does what a test says, as its primary sees it. */
export type FakeWorker = {
  readonly heard: readonly ToWorker[];
  readonly say: (message: FromWorker) => void;
  readonly end: (ending?: Partial<Ending>) => void;
  readonly killed: () => boolean;
};

export type FakeWorkers = {
  readonly fork: () => ForkedWorker;
  /** All that were ever started, in their order. */
  readonly all: readonly FakeWorker[];
};

export function createFakeWorkers(): FakeWorkers {
  const all: FakeWorker[] = [];
  const fork = (): ForkedWorker => {
    const { worker, forked } = createFakeWorker();
    all.push(worker);
    return forked;
  };
  return { fork, all };
}

function createFakeWorker() {
  const heard: ToWorker[] = [];
  const hearing: ((message: FromWorker) => void)[] = [];
  const { promise: gone, resolve } = Promise.withResolvers<Ending>();
  let isKilled = false;
  const end = ({ clean = true, how = "exit code 0" }: Partial<Ending> = {}): void => resolve({ clean, how });
  const worker: FakeWorker = {
    heard,
    say: (message) => {
      for (const hear of hearing) hear(message);
    },
    end,
    killed: () => isKilled,
  };
  const forked: ForkedWorker = {
    send: (message) => void heard.push(message),
    onMessage: (hear) => void hearing.push(hear),
    gone,
    kill: () => {
      isKilled = true;
      end({ clean: false, how: "SIGKILL" });
    },
  };
  return { worker, forked };
}
