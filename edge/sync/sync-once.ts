import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { fetchFirstRoot, readFirstRoot } from "../device/first-root.ts";
import type { DeviceTrust } from "../trust/open-trust.ts";
import type { TrustedList } from "../trust/trusted-list.ts";
import { buildReport } from "./build-report.ts";
import { carryOut } from "./carry-out.ts";
import type { AnswerCounts } from "./count-answers.ts";
import { isStopped, troubleOf } from "./failure-of.ts";
import { findDamaged } from "./find-damaged.ts";
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
 * Newer lists, the plan, what follows from both, and a report of how it went. Each part goes on without those before it
 * as far as it can: a revocation that is known counts without a plan, and a report tells of lists that did not hold.
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
      tell: (patience) => report(parts, patience),
    }),
  );
  await attempt(() => parts.health.note());
  await attempt(() => report(parts, { signal }));
  await attempt(() => parts.renewKey({ signal }));
  memo.trouble = troubles[0] ? troubleOf(troubles[0]) : null;
  memo.syncs += 1;
  memo.lastSyncMs = clock.elapsed();
  return { pollMs: memo.plan?.pollMs, failed: troubles[0] ?? passingFailure(parts) };
}

/** Without a plan nobody has said how often. */
const unheardMs = 300_000;

/** The lists first, since they name the key that signs plans; and once more where the plan names what they do not. */
async function hearPlan(
  parts: SyncOnceParts,
  attempt: (work: () => Promise<void>) => Promise<void>,
  patience: Patience,
): Promise<void> {
  const { memo, store, client } = parts;
  const trust = await trustOf(parts, patience);
  const wanted = wantedModels(parts);
  await attempt(() => refresh(trust, parts, patience));
  const list = trust.list();
  const { device } = store.state.identity;
  if (!list || device === null) return;
  memo.plan = await client.plan({ list, device, now: trust.now() }, patience);
  if (wantedModels(parts).every((name) => wanted.includes(name)) && namesPlanned(list, parts)) return;
  await attempt(() => refresh(trust, parts, patience));
}

/** What was published between the lists and the plan is in newer lists. */
function namesPlanned(
  { artefacts }: TrustedList,
  { memo, only }: Pick<SyncOnceParts, "memo" | "only">,
): boolean {
  return (memo.plan?.models ?? []).every(({ model, release }) => {
    if (release === null || (only !== undefined && !only.includes(model))) return true;
    return artefacts.some(({ about }) => about.model === model && about.release === release);
  });
}

async function trustOf(parts: SyncOnceParts, patience: Patience): Promise<DeviceTrust> {
  const { memo, fs, folder, origins } = parts;
  if (memo.trust) return memo.trust;
  const root =
    (await readFirstRoot({ fs, folder })) ?? (await fetchFirstRoot({ fs, folder }, { origins, ...patience }));
  memo.trust = await parts.openTrust(root);
  return memo.trust;
}

async function refresh(trust: DeviceTrust, { memo }: SyncOnceParts, patience: Patience): Promise<void> {
  try {
    await trust.refresh(patience);
    memo.lists = "fresh";
  } catch (error) {
    const { code } = asTradewindError(error);
    const held = trust.list();
    const isOld = held !== undefined && held.expiresAtMs <= trust.now();
    if (code === "repository_expired" || isOld) memo.lists = "expired";
    else memo.lists = code === "repository_refused" ? "refused" : "unreachable";
    throw error;
  }
}

/** Whose lists are wanted: what runs or is kept, and what is planned. */
export function wantedModels({
  store,
  memo,
  only,
}: Pick<SyncOnceParts, "store" | "memo" | "only">): string[] {
  const planned = memo.plan?.models.map(({ model }) => model) ?? [];
  const names = new Set([...Object.keys(store.state.models), ...planned]);
  return [...names].filter((name) => only === undefined || only.includes(name));
}

async function report(parts: SyncOnceParts, patience: Patience): Promise<void> {
  const { memo, store, machine, hardware, clock, fs, folder, running, counts, client } = parts;
  if (store.state.identity.device === null) return;
  const now = clock.now();
  const freeBytes = await fs.freeBytes(folder).catch(() => null);
  const told = buildReport({
    ...{ state: store.state, memo, machine, hardware, at: now, freeBytes },
    clockTrusted: memo.trust?.clockTrusted() ?? false,
    trustedNow: memo.trust?.now() ?? now,
    running: new Map(
      running
        .names()
        .map((name) => [name, { isBuiltIn: running.find(name)?.release === builtInRelease }] as const),
    ),
    counts: counts.of,
  });
  await client.report(told, patience);
}

/** What comes of a line or a disk may be gone at the next try, which is then not put off to the next poll. */
function passingFailure({ memo }: SyncOnceParts): TradewindError | undefined {
  const failure = [...memo.failures.values()].find(({ cause }) => passing.has(cause));
  return failure && new TradewindError("repository_unreachable", failure.detail);
}

const passing: ReadonlySet<string> = new Set(["download_failed", "corrupted", "disk_full"]);
