import type { ProviderControl, Scaling } from "#adapters/control.ts";
import type { ProviderCall } from "#adapters/hand.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, type TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { freezeOf, readFreezes } from "../records/freezes.ts";
import { ofTerm } from "../records/leader.ts";
import { writeChange, writeRefusal } from "../records/scaling.ts";
import { changesNow, type ScaleChange } from "./changes-now.ts";
import type { Leading } from "./leader.ts";
import { leadersHand } from "./leaders-hand.ts";
import type { Controls } from "./open-controls.ts";
import type { GroupPlan } from "./plan-now.ts";
import { withinTime } from "./within-time.ts";

export type ApplyDeps = {
  readonly database: Database;
  readonly leading: Leading;
  readonly controls: Pick<Controls, "of">;
  /** Whether it is better left alone for a while, since it failed a moment ago. */
  readonly isResting?: (provider: string) => boolean;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Who does it, as the audit names them. */
  readonly name: string;
  readonly tellCall?: (provider: string, call: ProviderCall) => void;
};

/** What was done at one provider; an error where it was not. */
export type Applied = {
  readonly provider: string;
  readonly wanted: Scaling;
  readonly error: TradewindError | undefined;
};

type ToApply = { readonly groups: readonly Pick<GroupPlan, "plan" | "places">[] };

/** Clouds take their time to say that they took something. */
const scaleMs = 120_000;

/** Carries out what a plan changes, side by side; one that refuses or hangs holds up no other. */
export async function applyPlan({ groups }: ToApply, deps: ApplyDeps): Promise<readonly Applied[]> {
  const { leading, isResting } = deps;
  if (leading.ending.aborted) return [];
  const changes = groups.flatMap(changesNow).filter(({ provider }) => !isResting?.(provider));
  const applied = await Promise.allSettled(changes.map((change) => applyIfFree(change, deps)));
  // Told when all are over, or the next turn would begin beside what is still under way.
  const failed = applied.find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
  return applied.flatMap((one) => (one.status === "fulfilled" ? (one.value ?? []) : []));
}

async function applyIfFree(change: ScaleChange, deps: ApplyDeps): Promise<Applied | undefined> {
  const { provider, wanted } = change;
  const control = deps.controls.of(provider);
  // Somebody may have frozen it since the plan was made.
  if (!control || (await isFrozen(provider, deps))) return undefined;
  return { provider, wanted, error: await applyOne({ ...change, control }, deps) };
}

async function isFrozen(provider: string, { database, leading }: ApplyDeps): Promise<boolean> {
  return freezeOf(await readFreezes(database.query, { signal: leading.signal }), provider) !== undefined;
}

async function applyOne(
  { provider, control, wanted, standing }: ScaleChange & { readonly control: ProviderControl },
  deps: ApplyDeps,
): Promise<TradewindError | undefined> {
  const { database, leading, clock, chance, name, tellCall } = deps;
  const records = ofTerm(database, leading.term);
  const { signal } = leading;
  try {
    // Written first: it is the cool-down that counts where the answer is lost.
    await writeChange(records, { provider, wanted, at: clock.now() }, { signal });
    await withinTime({ signal, ms: scaleMs, what: provider }, async (within) => {
      const tell = (call: ProviderCall): void => tellCall?.(provider, call);
      const handOptions = { database, leading, clock, chance, name, provider, signal: within, tell };
      await control.scale(wanted, { hand: leadersHand(handOptions), signal: within });
    });
    return undefined;
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asTradewindError(thrown);
    if (error.code === "not_leader") throw error;
    await rememberRefusal(records, { provider, wanted, standing, error, now: clock.now() });
    return error;
  }
}

type Refused = {
  readonly provider: string;
  readonly wanted: Scaling;
  readonly standing: number;
  readonly error: TradewindError;
  readonly now: number;
};

/**
 * What is missing is routed around for a while: a quota changes by a person's hand, room comes and goes. How many there
 * are nobody says, so half of what was refused is believed to be there, until that is refused too.
 */
async function rememberRefusal(
  records: Database,
  { provider, wanted, standing, error, now }: Refused,
): Promise<void> {
  const restMs = { provider_quota: 3_600_000, provider_full: 600_000 };
  const { code, message: why } = error;
  if (code !== "provider_quota" && code !== "provider_full") return;
  const until = now + Math.max(restMs[code], error.retryAfterMs ?? 0);
  const asked = wanted.count ?? wanted.least ?? wanted.most ?? 0;
  const count = Math.max(standing + 1, Math.ceil((standing + asked) / 2));
  await writeRefusal(records, provider, { count, until, code, why });
}
