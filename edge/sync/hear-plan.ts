import type { Plan } from "#infra/runtime/devices/words.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { fetchFirstRoot, readFirstRoot } from "../device/first-root.ts";
import type { DeviceTrust } from "../trust/open-trust.ts";
import type { TrustedList } from "../trust/trusted-list.ts";
import { isStopped } from "./failure-of.ts";
import { mayAskPlanFirst, mayListsRest } from "./let-lists-rest.ts";
import { namesPlanned } from "./names-planned.ts";
import type { SyncParts } from "./sync-parts.ts";
import { wantedModels } from "./wanted-models.ts";

type Patience = { readonly signal: AbortSignal };

/** Does what may fail without keeping the rest from being done. */
export type Attempt = (work: () => Promise<void>) => Promise<void>;

/**
 * The lists first, since they name the key that signs plans; and once more where the plan names what they do not. A device
 * whose lists are fresh asks for the plan first, and where that says that they are the newest nothing else is asked for.
 */
export async function hearPlan(parts: SyncParts, attempt: Attempt, patience: Patience): Promise<void> {
  const { memo, store } = parts;
  const trust = await trustOf(parts, patience);
  const before = memo.plan;
  const early = await askEarly(trust, parts, patience);
  if (early) memo.plan = early.plan;
  if (early && mayListsRest(early.plan, early.list, { ...parts, now: trust.now() })) {
    memo.foundFreshMs = trust.now();
    return;
  }
  const wanted = wantedModels(parts);
  await attempt(() => refresh(trust, parts, patience));
  const list = trust.list();
  const { device } = store.state.identity;
  // What was said by the same root's key holds against the newer lists as well; another root may have taken it away.
  if (!list || device === null || early?.list.versions.root === list.versions.root) return;
  memo.plan = before;
  memo.plan = await parts.client.plan({ list, device, now: trust.now() }, patience);
  if (wantedModels(parts).every((name) => wanted.includes(name)) && namesPlanned(list, parts)) return;
  await attempt(() => refresh(trust, parts, patience));
}

async function trustOf(parts: SyncParts, patience: Patience): Promise<DeviceTrust> {
  const { memo, fs, folder, origins } = parts;
  if (memo.trust) return memo.trust;
  const root =
    (await readFirstRoot({ fs, folder })) ?? (await fetchFirstRoot({ fs, folder }, { origins, ...patience }));
  memo.trust = await parts.openTrust(root);
  return memo.trust;
}

type Early = { readonly plan: Plan; readonly list: TrustedList };

/** A plan by the lists at hand; where it cannot be had, or does not hold, all goes on as if nobody had asked. */
async function askEarly(
  trust: DeviceTrust,
  { memo, store, client, clock }: SyncParts,
  patience: Patience,
): Promise<Early | undefined> {
  const [list, now, { device }] = [trust.list(), trust.now(), store.state.identity];
  if (!list || device === null || !mayAskPlanFirst(list, { memo, clock, now })) return undefined;
  try {
    return { list, plan: await client.plan({ list, device, now }, patience) };
  } catch (error) {
    if (isStopped(error, patience.signal)) throw error;
    return undefined;
  }
}

async function refresh(trust: DeviceTrust, parts: SyncParts, patience: Patience): Promise<void> {
  const { memo, clock } = parts;
  const models = wantedModels(parts);
  try {
    await trust.refresh(patience);
    memo.lists = "fresh";
    memo.listed = { atMs: clock.elapsed(), models };
    memo.foundFreshMs = trust.now();
  } catch (error) {
    const { code } = asTradewindError(error);
    const held = trust.list();
    const isOld = held !== undefined && held.expiresAtMs <= trust.now();
    if (code === "repository_expired" || isOld) memo.lists = "expired";
    else memo.lists = code === "repository_refused" ? "refused" : "unreachable";
    throw error;
  }
}
