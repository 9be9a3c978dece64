import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import { type Chance, systemChance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Freshened, freshen } from "./freshen.ts";
import type { Lives } from "./lives.ts";
import type { SigningKey } from "./signing-key.ts";

export type FreshnessOptions = {
  readonly store: BlobStore;
  readonly key: SigningKey;
  readonly clock: Clock;
  readonly chance?: Pick<Chance, "number">;
  readonly everyMs?: number;
  readonly lives?: Partial<Lives>;
  /** After each turn that went well. */
  readonly onTurn?: (freshened: Freshened) => void;
};

/** Looks again and again whether something new was published or something ends soon; any number may do so side by side. */
export function keepFresh(options: FreshnessOptions): AsyncDisposable {
  const stop = new AbortController();
  const { signal } = stop;
  const keeping = keep(options, signal);
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error("the repository is no longer kept fresh here"));
      await keeping;
    },
  };
}

const usualMs = 15_000;

/** One turn reads a handful of lists; what takes longer hangs. */
const mostTurnMs = 60_000;

async function keep(options: FreshnessOptions, signal: AbortSignal): Promise<void> {
  const { clock, chance = systemChance, everyMs = usualMs } = options;
  let seen = 0;
  while (!signal.aborted) {
    seen = Math.max(seen, await turn(options, { signal, seen }));
    // Those that started together do not go on together.
    await clock.sleep(everyMs * (0.75 + 0.5 * chance.number()), { signal }).catch(() => undefined);
  }
}

/** The timestamp that stands now; 0 where that is not known. */
async function turn(
  { store, key, clock, lives = {}, onTurn }: FreshnessOptions,
  { signal, seen }: { readonly signal: AbortSignal; readonly seen: number },
): Promise<number> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(mostTurnMs)]);
  try {
    const freshened = await freshen({ store, clock, lives }, [key], { signal: late, seen });
    for (const { key: list, why } of freshened.refused) {
      const error = new TradewindError("repository_refused", `${list} is not named: ${why}`);
      sideConcernSkipped.publish({ what: "freshening the repository", detail: list, error });
    }
    onTurn?.(freshened);
    return freshened.timestamp;
  } catch (error) {
    if (!signal.aborted) sideConcernSkipped.publish({ what: "freshening the repository", error });
    return 0;
  }
}
