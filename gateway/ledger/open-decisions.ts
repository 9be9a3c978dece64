import { Counter } from "prom-client";
import { type Chance, systemChance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import { oneAtATime } from "#infra/runtime/one-at-a-time.ts";
import type { Course } from "../dispatch/dispatch.ts";
import type { Decision } from "./decision.ts";
import { DecisionRing } from "./decision-ring.ts";
import { type Beside, HourRows } from "./hour-rows.ts";
import type { FindAsk, LedgerBatch, LedgerStore, Reading } from "./ledger-store.ts";
import { decisionOf, type PursuitFacts, type Recorded, recordPursuit } from "./record-pursuit.ts";
import { spentOnWaking } from "./spent-on-waking.ts";

/** How requests found their backends: remembered on the path, kept by the store a moment later. */
export type Decisions = AsyncDisposable &
  Pick<LedgerStore, "isShared" | "lines" | "exportPage"> & {
    /** To be called when a pursuit ends, before anything else is chosen from its pool. */
    readonly record: (course: Course, facts: PursuitFacts) => Recorded;
    readonly spend: (beside: Beside) => void;
    /** The newest first; those that this gateway took are found at once. */
    readonly find: (ask: FindAsk, options: Reading) => Promise<readonly Decision[]>;
    /** Resolves to whether everything that was recorded before is written; it never rejects. */
    readonly flush: () => Promise<boolean>;
    /** Writes what is left; twice is fine. */
    readonly close: () => Promise<void>;
  };

export type DecisionsOptions = {
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly chance?: Chance;
  readonly metrics?: Metrics;
  readonly flushMs?: number;
  /** Remembered here. */
  readonly most?: number;
  /** Of decisions as many are written at once; the sums are of all of them. */
  readonly mostPerFlush?: number;
  /** A store that hangs is told like one that is away. */
  readonly timeoutMs?: number;
};

const rowsPerBatch = 2_000;

/** As many flushes' worth may wait. */
const mostFlushes = 10;

/** What went as it goes every day leaves so much of the room to what did not. */
const usualShare = 0.8;

export function openDecisions(options: DecisionsOptions): Decisions {
  const { store, clock, flushMs = 1_000, most = 10_000 } = options;
  const ring = new DecisionRing(most);
  const rows = new HourRows();
  const queue = createQueue(options);
  const write = oneAtATime(createWriter({ rows, queue }, options));
  const flush = (): Promise<boolean> => writeAll(write, queue);
  const stop = new AbortController();
  const turning = every(flushMs, { clock, signal: stop.signal }, write);
  const end = async (): Promise<void> => {
    stop.abort();
    await turning;
    await flush();
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= end();
    return closing;
  };
  return {
    isShared: store.isShared,
    record: (course, facts) => {
      const recorded = recordPursuit(course, facts);
      ring.add(recorded);
      rows.add(recorded);
      const waking = spentOnWaking(course);
      if (waking) rows.addBeside(waking);
      queue.add(recorded);
      return recorded;
    },
    spend: (beside) => rows.addBeside(beside),
    find: (ask, reading) => find({ ring, store }, ask, reading),
    lines: async (ask, reading) => {
      await write();
      return await store.lines(ask, reading);
    },
    exportPage: async (ask, reading) => {
      if (ask.after === undefined) await flush();
      return await store.exportPage(ask, reading);
    },
    flush,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Under traffic there would always be more, so it ends when all that can have waited is written. */
async function writeAll(write: () => Promise<boolean>, queue: Queue): Promise<boolean> {
  for (let turns = 0; turns <= mostFlushes; turns += 1) {
    if (!(await write())) return false;
    if (!queue.isWaiting()) break;
  }
  return true;
}

type Queue = {
  readonly add: (recorded: Recorded) => void;
  readonly take: () => readonly Recorded[];
  readonly isWaiting: () => boolean;
};

/** What does not fit is dropped, and counted as such: nobody's request waits for it. */
function createQueue({ metrics, mostPerFlush = 500 }: DecisionsOptions): Queue {
  const dropped =
    metrics &&
    new Counter({
      name: "tradewind_decisions_dropped_total",
      help: "Decisions that are in the ledger's sums but were too many to be kept one by one",
      registers: [metrics],
    });
  const room = mostFlushes * mostPerFlush;
  let waiting: Recorded[] = [];
  return {
    add: (recorded) => {
      if (waiting.length < (isNotable(recorded) ? room : usualShare * room)) waiting.push(recorded);
      else dropped?.inc();
    },
    take: () => {
      const taken = waiting.slice(0, mostPerFlush);
      waiting = waiting.slice(mostPerFlush);
      return taken;
    },
    isWaiting: () => waiting.length > 0,
  };
}

function isNotable({ outcome, tries }: Recorded): boolean {
  return outcome.missed || outcome.answeredBy === undefined || tries.length > 1;
}

type Waiting = { readonly rows: HourRows; readonly queue: Queue };

/** A batch stays the same batch until the store took it, since a failure may be only a lost answer. */
function createWriter({ rows, queue }: Waiting, options: DecisionsOptions): () => Promise<boolean> {
  const { store, chance = systemChance, timeoutMs = 10_000 } = options;
  let open: LedgerBatch | undefined;
  const writeOpen = async (): Promise<void> => {
    if (open) await store.write(open, { signal: AbortSignal.timeout(timeoutMs) });
    open = undefined;
  };
  const writeTurn = async (): Promise<void> => {
    await writeOpen();
    // One batch a turn bounds what the store is given; more rows than fit into one are written all the same.
    do {
      const batch = { id: newId(chance), rows: rows.take(rowsPerBatch), decisions: queue.take() };
      if (batch.rows.length + batch.decisions.length > 0) open = batch;
      await writeOpen();
    } while (rows.size >= rowsPerBatch);
  };
  return async () => {
    try {
      await writeTurn();
      return true;
    } catch (error) {
      sideConcernSkipped.publish({ what: "writing the ledger", error });
      return false;
    }
  };
}

function newId(chance: Chance): string {
  return Buffer.from(chance.bytes(16)).toString("hex");
}

type Places = { readonly ring: DecisionRing; readonly store: LedgerStore };

/** What is remembered here is enough where the store cannot be asked; a decision that both have is told once. */
async function find({ ring, store }: Places, ask: FindAsk, reading: Reading): Promise<readonly Decision[]> {
  const own = ring.find(ask.requestId, ask.tenant).map(decisionOf);
  const stored = await store.find(ask, reading).catch((error: unknown) => {
    if (own.length === 0) throw error;
    return [];
  });
  const known = new Set(own.map(identityOf));
  const others = stored.filter((decision) => !known.has(identityOf(decision)));
  return [...own, ...others].sort((one, other) => other.at - one.at || one.image - other.image);
}

function identityOf({ tenant, at, image }: Decision): string {
  return `${Math.trunc(at)} ${image} ${tenant}`;
}

type Turns = { readonly clock: Clock; readonly signal: AbortSignal };

async function every(ms: number, { clock, signal }: Turns, work: () => Promise<unknown>): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(ms, { signal }).catch(() => undefined);
    if (!signal.aborted) await work();
  }
}
