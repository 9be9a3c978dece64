import { type Chance, systemChance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { oneAtATime } from "#infra/runtime/one-at-a-time.ts";
import { Ledger, type MonthUsed, type UsageEvent } from "./ledger.ts";
import { monthOf } from "./month.ts";
import type { UsageBatch, UsageStore } from "./usage-store.ts";

/** What tenants used: counted in memory on the path of a request, kept by the store a moment later. */
export type Usage = AsyncDisposable & {
  readonly count: (event: UsageEvent) => void;
  /** What a tenant used this month as far as is known here; it may lack what other gateways counted seconds ago. */
  readonly month: (tenant: string) => MonthUsed;
  /** Resolves to whether everything that was counted before is written; it never rejects. */
  readonly flush: () => Promise<boolean>;
  /** When each key was last used, of those used since the last call; it is taken every few seconds where `touch` is given. */
  readonly takeLastUsed: () => ReadonlyMap<string, number>;
  /** Writes what is left; twice is fine. */
  readonly close: () => Promise<void>;
};

export type UsageOptions = {
  readonly store: UsageStore;
  readonly clock: Clock;
  readonly chance?: Chance;
  readonly flushMs?: number;
  /** How often to ask what the other gateways counted. */
  readonly monthsMs?: number;
  /** Tells the keys' own records when they were last used. */
  readonly touch?: (lastUsed: ReadonlyMap<string, number>) => Promise<void>;
  readonly touchMs?: number;
  /** A store that hangs is told like one that is away. */
  readonly timeoutMs?: number;
  readonly mostRows?: number;
};

const rowsPerBatch = 10_000;

/** Fails when this month cannot be read: a gateway that knew of no usage would give every tenant its budget anew. */
export async function openUsage(options: UsageOptions): Promise<Usage> {
  const { clock, flushMs = 1_000, mostRows, touch, touchMs = 5_000 } = options;
  const ledger = new Ledger({ clock, ...(mostRows !== undefined && { mostRows }) });
  const writer = createWriter(ledger, options);
  await writer.learnMonths();
  const flush = oneAtATime(writer.writeAll);
  const tellKeys = touch ? createTouching(ledger, touch) : async () => {};

  const stop = new AbortController();
  const turning = every(flushMs, { clock, signal: stop.signal }, flush);
  const touching = touch ? every(touchMs, { clock, signal: stop.signal }, tellKeys) : undefined;
  const end = async (): Promise<void> => {
    stop.abort();
    await Promise.all([turning, touching]);
    await Promise.all([flush(), tellKeys()]);
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= end();
    return closing;
  };
  return {
    count: (event) => ledger.count(event),
    month: (tenant) => ledger.month(tenant),
    flush,
    takeLastUsed: () => ledger.takeLastUsed(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Writer = { readonly learnMonths: () => Promise<void>; readonly writeAll: () => Promise<boolean> };

/**
 * A batch stays the same batch until the store took it, since a failure may be only a lost answer. Months are read
 * with no batch open: then everything that was taken from the ledger is in the sums, and nothing twice.
 */
function createWriter(ledger: Ledger, options: UsageOptions): Writer {
  const { store, clock, chance = systemChance, monthsMs = 3_000, timeoutMs = 10_000 } = options;
  let open: UsageBatch | undefined;
  let learnedAt = Number.NEGATIVE_INFINITY;
  let learnedMonth = "";
  const learnMonths = async (): Promise<void> => {
    const [month, now] = [monthOf(clock.now()), clock.elapsed()];
    // What is recent for the store is a minute; after a longer silence only everything is enough.
    const which = month === learnedMonth && now - learnedAt < 30_000 ? "recent" : "all";
    ledger.learn(month, await store.months(month, { which, signal: AbortSignal.timeout(timeoutMs) }));
    [learnedMonth, learnedAt] = [month, now];
  };
  const writeOpen = async (): Promise<void> => {
    if (open) await store.write(open, { signal: AbortSignal.timeout(timeoutMs) });
    open = undefined;
  };
  const writeCounted = async (): Promise<void> => {
    await writeOpen();
    // What comes in while a batch is written waits for its turn, or traffic would keep this going for ever.
    for (let isMore = true; isMore; ) {
      open = nextBatch(ledger, chance);
      isMore = open?.rows.length === rowsPerBatch;
      await writeOpen();
    }
  };
  const tellFailure = (error: unknown): false => {
    sideConcernSkipped.publish({ what: "writing usage", error });
    return false;
  };
  const writeAll = async (): Promise<boolean> => {
    const isWritten = await writeCounted().then(() => true, tellFailure);
    const isDue = isWritten && clock.elapsed() - learnedAt >= monthsMs;
    if (isDue) await learnMonths().catch(tellFailure);
    return isWritten;
  };
  return { learnMonths, writeAll };
}

function nextBatch(ledger: Ledger, chance: Chance): UsageBatch | undefined {
  const rows = ledger.take(rowsPerBatch);
  return rows.length === 0 ? undefined : { id: Buffer.from(chance.bytes(16)).toString("hex"), rows };
}

/** What could not be told is told with the next. */
function createTouching(ledger: Ledger, touch: NonNullable<UsageOptions["touch"]>): () => Promise<void> {
  let untold = new Map<string, number>();
  return async () => {
    const used = ledger.takeLastUsed();
    for (const [id, at] of untold) if (!used.has(id)) used.set(id, at);
    untold = new Map();
    if (used.size === 0) return;
    try {
      await touch(used);
    } catch (error) {
      untold = used;
      sideConcernSkipped.publish({ what: "writing usage", detail: "when keys were last used", error });
    }
  };
}

type Turns = { readonly clock: Clock; readonly signal: AbortSignal };

async function every(ms: number, { clock, signal }: Turns, work: () => Promise<unknown>): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(ms, { signal }).catch(() => undefined);
    if (!signal.aborted) await work();
  }
}
