import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { buildReport } from "./build-report.ts";
import { carryOut } from "./carry-out.ts";
import type { AnswerCounts } from "./count-answers.ts";
import { isStopped, troubleOf } from "./failure-of.ts";
import { findDamaged } from "./find-damaged.ts";
import { hearPlan } from "./hear-plan.ts";
import { isNews } from "./is-news.ts";
import { keepHeard } from "./keep-heard.ts";
import type { SyncParts } from "./sync-parts.ts";
import { builtInRelease } from "./turn-model.ts";

type Patience = { readonly signal: AbortSignal };

export type SyncOnceParts = SyncParts & {
  /** Makes this folder a device's where it is none yet; throws where nobody gave it a token. */
  readonly becomeDevice: (options: Patience) => Promise<void>;
  readonly renewKey: (options: Patience) => Promise<void>;
  readonly counts: AnswerCounts;
  readonly hardware: string;
};

export type SyncOutcome = {
  /** By the gateway's wish; undefined where it was not heard. */
  readonly pollMs: number | undefined;
  /** Why it will be tried again sooner than that. */
  readonly failed: TradewindError | undefined;
};

/**
 * Newer lists, the plan, what follows from both, and a report of how it went, where that is news. Each part goes on
 * without those before it as far as it can: a revocation that is known counts without a plan, and a report tells of lists
 * that did not hold.
 */
export async function syncOnce(parts: SyncOnceParts, { signal }: Patience): Promise<SyncOutcome> {
  const { memo, clock } = parts;
  const troubles: TradewindError[] = [];
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (isStopped(error, signal)) throw error;
      troubles.push(asTradewindError(error));
    }
  };
  await attempt(async () => {
    await parts.becomeDevice({ signal });
    await hearPlan(parts, attempt, { signal });
  });
  memo.trouble = troubles[0] ? troubleOf(troubles[0]) : null;
  await findDamaged(parts, { signal });
  await attempt(() =>
    keepHeard(() => carryOut(parts, { signal }), {
      ...{ everyMs: memo.plan?.pollMs ?? unheardMs, clock, signal },
      tell: (patience) => report(parts, { ...patience, isWished: true }),
    }),
  );
  await parts.health.note();
  const isWished = troubles.length > 0 || passingFailure(parts) !== undefined;
  await attempt(() => report(parts, { signal, isWished }));
  await attempt(() => parts.renewKey({ signal }));
  memo.trouble = troubles[0] ? troubleOf(troubles[0]) : null;
  memo.syncs += 1;
  memo.lastSyncMs = clock.elapsed();
  return { pollMs: memo.plan?.pollMs, failed: troubles[0] ?? passingFailure(parts) };
}

/** Without a plan nobody has said how often. */
const unheardMs = 300_000;

async function report(
  parts: SyncOnceParts,
  { signal, isWished }: Patience & { readonly isWished: boolean },
): Promise<void> {
  const { memo, store, machine, hardware, clock, fs, folder, running, counts, client } = parts;
  if (store.state.identity.device === null) return;
  const now = clock.now();
  // The state is written for the sake of this moment only now and then.
  const checkedAtMs = Math.max(store.state.trust.checkedAtMs, memo.foundFreshMs);
  const state = { ...store.state, trust: { ...store.state.trust, checkedAtMs } };
  const freeBytes = await fs.freeBytes(folder).catch(() => null);
  const told = buildReport({
    ...{ state, memo, machine, hardware, at: now, freeBytes },
    clockTrusted: memo.trust?.clockTrusted() ?? false,
    trustedNow: memo.trust?.now() ?? now,
    running: new Map(
      running
        .names()
        .map((name) => [name, { isBuiltIn: running.find(name)?.release === builtInRelease }] as const),
    ),
    counts: counts.of,
  });
  const next = { report: told, planned: memo.plan?.models, atMs: clock.elapsed() };
  if (!isWished && !isNews(next, memo.told)) return;
  // Of one that fails nobody knows whether it was heard.
  memo.told = undefined;
  await client.report(told, { signal });
  memo.told = next;
}

/** What comes of a line or a disk may be gone at the next try, which is then not put off to the next poll. */
function passingFailure({ memo }: SyncOnceParts): TradewindError | undefined {
  const failure = [...memo.failures.values()].find(({ cause }) => passing.has(cause));
  return failure && new TradewindError("repository_unreachable", failure.detail);
}

const passing: ReadonlySet<string> = new Set(["download_failed", "corrupted", "disk_full"]);
