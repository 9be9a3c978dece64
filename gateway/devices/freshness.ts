import type { Clock } from "#infra/runtime/clock.ts";
import { nonceHeader, type Proof } from "#infra/runtime/devices/proof.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Nonces } from "./nonces.ts";

/** How far a device's clock may be from ours. */
const windowMs = 60_000;

export type Fresh = {
  /** By our clock where a nonce says it, and by the device's otherwise. */
  readonly madeAt: number;
  readonly byNonce: boolean;
};

export type FreshnessDeps = { readonly nonces: Nonces; readonly clock: Pick<Clock, "now"> };

/** When a proof was made, or `proof_stale` with a nonce for the next one; only for proofs whose signature holds. */
export function freshness(
  { iat, nonce, kid }: Pick<Proof, "iat" | "nonce" | "kid">,
  { nonces, clock }: FreshnessDeps,
): Fresh {
  const byNonce = nonce === undefined ? undefined : nonces.madeAt(nonce, kid);
  if (byNonce !== undefined) return { madeAt: byNonce, byNonce: true };
  const madeAt = iat * 1_000;
  if (Math.abs(clock.now() - madeAt) <= windowMs) return { madeAt, byNonce: false };
  throw new TradewindError(
    "proof_stale",
    `the proof is not of this moment: come again with the nonce in ${nonceHeader}`,
    { headers: { [nonceHeader]: nonces.make(kid) } },
  );
}
