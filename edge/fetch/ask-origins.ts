import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type BackoffBounds, backoffMs } from "./backoff.ts";
import type { Origin } from "./origin.ts";

export type AskOrigins = {
  /** In the order in which they are asked: mirrors first, the gateway last. */
  readonly origins: readonly Origin[];
  /** Those that are not asked again, shared by all that is fetched in one session. */
  readonly left?: Set<Origin> | undefined;
  readonly clock: Clock;
  readonly chance: Pick<Chance, "number">;
  readonly signal: AbortSignal;
  readonly backoff?: BackoffBounds | undefined;
  /** Failures in a row, with nothing gained between them, after which the last origin is given up too. */
  readonly tries?: number | undefined;
};

/** What one question to one origin came to. */
export type Leg<Result> =
  | { readonly kind: "done"; readonly result: Result }
  /** There is more to ask for, and nothing is wrong. */
  | { readonly kind: "onward" }
  /** The line or the server failed; the same may go on later. */
  | { readonly kind: "broken"; readonly error: TradewindError; readonly gained: boolean }
  /** What this origin has is not what is signed, or it will not give it. */
  | { readonly kind: "unfit"; readonly error: TradewindError };

/** After so many failures in a row the next origin is asked, while there is one. */
const patience = 2;

/**
 * Asks the first origin until all is done. One that has something else is left for the session, one that fails is left
 * where another is to be had, and the last one is asked again after longer and longer waits.
 */
export async function askOrigins<Result>(
  ask: (origin: Origin) => Promise<Leg<Result>>,
  options: AskOrigins,
): Promise<Result> {
  const { origins, left = new Set(), signal } = options;
  let failures = 0;
  let last = new TradewindError("repository_unreachable", "there is nobody left to fetch from");
  for (;;) {
    signal.throwIfAborted();
    const [origin, ...others] = origins.filter((one) => !left.has(one));
    if (!origin) throw last;
    const leg = await ask(origin);
    if (leg.kind === "done") return leg.result;
    if (leg.kind === "onward") continue;
    last = leg.error;
    failures = leg.kind === "broken" && leg.gained ? 0 : failures + 1;
    if (leg.kind === "broken" && !(others.length > 0 && failures >= patience)) {
      await rest(failures, last, { ...options, isOnlyOne: others.length === 0 });
      continue;
    }
    left.add(origin);
    failures = 0;
  }
}

async function rest(
  failures: number,
  last: TradewindError,
  options: AskOrigins & { readonly isOnlyOne: boolean },
): Promise<void> {
  const { clock, chance, signal, backoff, tries = 8, isOnlyOne } = options;
  if (failures >= tries) throw last;
  // Whoever wants to be left alone for long is, where somebody else has the same.
  const wish = isOnlyOne ? (last.retryAfterMs ?? 0) : 0;
  const wait = Math.max(backoffMs(failures, chance, backoff), wish);
  await clock.sleep(wait, { signal });
}
