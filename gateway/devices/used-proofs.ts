import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { BoundedStore } from "#infra/runtime/soft-state/bounded-store.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";

/** Which proofs came already, for as long as one is good. */
export type UsedProofs = {
  /** Remembers it. `perhaps` where only this process could say, and another one may have seen it. */
  readonly note: (proof: {
    readonly jti: string;
    readonly kid: string;
  }) => Promise<"new" | "used" | "perhaps">;
};

export type UsedProofsOptions = {
  readonly softState: Pick<SoftState, "apply">;
  readonly clock: Clock;
  /** Whether all gateways have the same soft state. */
  readonly isShared: boolean;
};

/** Longer than a proof can be good: one by a clock that is a minute ahead is so for two minutes. */
const rememberedMs = 130_000;

/** Only devices on record come here, and each of these is about 400 bytes. */
const mostRemembered = 50_000;

/** In the soft state for all gateways, and in this process for when that is away. */
export function createUsedProofs({ softState, clock, isShared }: UsedProofsOptions): UsedProofs {
  const here = new BoundedStore<true>({
    clock,
    maxEntries: mostRemembered,
    maxBytes: 64 * 1_048_576,
    weigh: () => 0,
  });
  return {
    note: async ({ jti, kid }) => {
      const key = `${kid}.${jti}`;
      if (here.get(key)) return "used";
      here.set(key, true, { ttlMs: rememberedMs });
      try {
        const [isNew] = await softState.apply([
          { kind: "set", key: `edge-proof:${key}`, value: "1", ttlMs: rememberedMs, onlyIfAbsent: true },
        ]);
        if (!isNew) return "used";
        return isShared ? "new" : "perhaps";
      } catch (error) {
        sideConcernSkipped.publish({ what: "remembering proofs", error });
        return "perhaps";
      }
    },
  };
}
