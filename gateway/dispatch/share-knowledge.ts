import type { Chance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import type { KnownBackends } from "./known-backends.ts";
import { KnowledgeExchange } from "./shared/exchange-knowledge.ts";
import { createSpendingShare } from "./shared/share-spending.ts";

export type SharedKnowledge = AsyncDisposable & {
  /** How many other gateways have told something lately. */
  readonly tellers: () => number;
  /** Tells once more what was spent. Twice is fine. */
  readonly close: () => Promise<void>;
};

export type SharingOptions = {
  readonly softState: Pick<SoftState, "apply">;
  /** How many share the soft state as last counted, or as expected, this one included. */
  readonly gateways: () => number;
  readonly known: KnownBackends;
  /** The time in which dispatch tells. */
  readonly now: () => number;
  readonly clock: Pick<Clock, "sleep">;
  readonly chance: Pick<Chance, "number">;
  /** Different for each gateway, and for each life of one. */
  readonly id: string;
};

/** How many of its requests a gateway has at a backend as a rule is seen by looking, in moments between two tellings. */
const betweenLooksMs = 100;
const looksPerTurn = 10;

/**
 * Has gateways know together, through the soft state and beside all requests: each second one call tells what this one
 * knows and hears what the others do, and a second one counts what was spent. While the soft state is away each goes on
 * with what it knows itself: others are taken to be like it, and it spends its part of what was left when it last heard.
 * Resolves after the first turn, so that one that starts knows what the others have learned.
 */
export async function openSharedKnowledge(options: SharingOptions): Promise<SharedKnowledge> {
  const { known, gateways, now, clock } = options;
  const exchange = new KnowledgeExchange(options);
  const spending = createSpendingShare({ ...options, standings: known.all });
  const turn = async (): Promise<void> => {
    for (const standing of known.all()) standing.shareAmong(gateways());
    await together([exchange.turn(), spending.turn()]);
    for (const standing of known.all()) standing.heardNobody(now());
  };
  await turn();
  const leaving = new AbortController();
  const { signal } = leaving;
  const sharing = (async () => {
    for (let looks = 1; ; looks += 1) {
      await clock.sleep(betweenLooksMs, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      for (const standing of known.all()) standing.look();
      if (looks % looksPerTurn === 0) await turn();
    }
  })();
  const leave = async (): Promise<void> => {
    leaving.abort();
    await sharing;
    await together([exchange.leave(), spending.turn()]);
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= leave();
    return closing;
  };
  return { tellers: () => exchange.tellers(), close, [Symbol.asyncDispose]: close };
}

async function together(concerns: readonly Promise<void>[]): Promise<void> {
  for (const concern of await Promise.allSettled(concerns)) {
    if (concern.status === "rejected")
      sideConcernSkipped.publish({ what: "sharing what is known of backends", error: concern.reason });
  }
}
