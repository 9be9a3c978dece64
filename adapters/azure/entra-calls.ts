import type { TokenCredential } from "@azure/identity";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Authorize } from "../authorize.ts";
import { askArm } from "./ask-arm.ts";

export type EntraOptions = {
  readonly credential: Pick<TokenCredential, "getToken">;
  /** Whom the tokens are for. */
  readonly audience: string;
  readonly clock: Pick<Clock, "now">;
  /** Of one question for a token. */
  readonly deadlineMs?: number;
};

type Held = {
  readonly headers: readonly string[];
  /** From then on the next one is asked for, beside calls. */
  readonly renewAt: number;
  /** From then on it is not sent any more. */
  readonly until: number;
};

/** Ahead of its end by more than the SDK's own memory, which would answer with the same one again. */
const renewAheadMs = 4 * 60_000;
/** A clock may be off, and a call takes its time. */
const sparedMs = 30_000;
const askAgainMs = 10_000;

/** Calls that Microsoft Entra lets in. The token is in memory; its follower is fetched while it still holds. */
export function entraCalls({ credential, audience, clock, deadlineMs = 20_000 }: EntraOptions): Authorize {
  const scope = audience.endsWith("/.default") ? audience : `${audience.replace(/\/+$/, "")}/.default`;
  let held: Held | undefined;
  let fetching: Promise<readonly string[]> | undefined;
  let notBefore = Number.NEGATIVE_INFINITY;
  const fetchToken = async (): Promise<readonly string[]> => {
    notBefore = clock.now() + askAgainMs;
    const signal = AbortSignal.timeout(deadlineMs);
    const call = { action: `a token for ${audience}`, signal };
    const token = await askArm(call, () => credential.getToken(scope, { abortSignal: signal }));
    if (!token) throw new Error("there is no identity");
    const until = token.expiresOnTimestamp - sparedMs;
    held = { headers: ["authorization", `Bearer ${token.token}`], renewAt: until - renewAheadMs, until };
    return held.headers;
  };
  const renewed = (): Promise<readonly string[]> => {
    fetching ??= fetchToken().finally(() => {
      fetching = undefined;
    });
    return fetching;
  };
  return () => {
    const now = clock.now();
    if (!held || now >= held.until) return renewed();
    if (now >= held.renewAt && now >= notBefore)
      renewed().catch((error: unknown) => sideConcernSkipped.publish({ what: "renewing a token", error }));
    return held.headers;
  };
}
