import { createHash } from "node:crypto";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import type { Caller } from "../caller.ts";

export type Idempotency = {
  readonly caller: Caller;
  /** The header, where it came. */
  readonly given: string | undefined;
  /** Of everything that tells this request from another. */
  readonly fingerprint: () => string;
  /** Tells this request from all others that are under way. */
  readonly token: string;
  readonly softState: Pick<SoftState, "apply">;
  /** Lets a repeated request in, which costs no image but is one; resolves to what its answer says of limits. */
  readonly admitReplay: () => Promise<Readonly<Record<string, string>>>;
};

/** An answer as it is kept; bytes that are no text are latin1 here. */
export type KeptReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** An answer, and whether it is the last word: whoever got a failure that may pass should be able to ask again. */
export type Worked<Reply extends KeptReply> = { readonly reply: Reply; readonly keep: boolean };

/**
 * `Idempotency-Key`: the same key with the same request gets the first one's answer, and no image is paid for twice. A
 * key is, in the soft state, one of these:
 *
 *   ABSENT    nobody used it, or its day is over
 *   CLAIMED   a request with it is under way; others are told to come again. It ends with its request
 *   ANSWERED  the answer lies there for a day, under the fingerprint of what was asked
 *
 * Without soft state the request is answered as if there were no key.
 */
export async function withIdempotency<Reply extends KeptReply>(
  asked: Idempotency,
  work: () => Promise<Worked<Reply>>,
): Promise<Reply | KeptReply> {
  const { given, softState } = asked;
  if (given === undefined) return (await work()).reply;
  const { token } = asked;
  const place = placeOf(asked.caller, given);
  const fingerprint = asked.fingerprint();
  const begun = await begin(place, softState, token);
  if (begun.state === "answered") return await replay(begun.value, fingerprint, asked);
  if (begun.state === "claimed") {
    const why = "a request with this idempotency key is still under way";
    throw new TradewindError("idempotency_in_progress", why, { retryAfterMs: 1_000 });
  }
  if (begun.state === "away") return (await work()).reply;
  let kept: Reply | undefined;
  try {
    const { reply, keep } = await work();
    if (keep) kept = reply;
    return reply;
  } finally {
    end(place, kept && { fingerprint, reply: lasting(kept) }, softState, token);
  }
}

const claimMs = 120_000;
const keptMs = 86_400_000;
const longestKept = 524_288;

type Place = { readonly tag: string; readonly key: string; readonly claim: string };

function placeOf({ id, tenant }: Caller, given: string): Place {
  if (!/^[\x21-\x7e]{1,255}$/.test(given))
    throw new TradewindError("request_malformed", "an idempotency key has 1 to 255 visible characters");
  const name = createHash("sha256").update(`${id.length}:${id}${given}`).digest("base64url");
  return { tag: tenant.id, key: `i:${name}`, claim: `i:${name}:claim` };
}

type Begun =
  | { readonly state: "answered"; readonly value: Uint8Array }
  | { readonly state: "begun" | "claimed" | "away" };

async function begin(
  { tag, key, claim }: Place,
  softState: Pick<SoftState, "apply">,
  token: string,
): Promise<Begun> {
  const lookups = [{ key, claim: { key: claim, token, ttlMs: claimMs } }];
  try {
    const [{ found }] = await softState.apply([{ kind: "admit", tag, rates: [], budgets: [], lookups }]);
    const [first] = found;
    if (first?.value) return { state: "answered", value: first.value };
    return { state: first?.claimed ? "begun" : "claimed" };
  } catch (error) {
    if (asTradewindError(error).code !== "soft_state_unavailable") throw error;
    tell(error);
    return { state: "away" };
  }
}

type Kept = { readonly fingerprint: string; readonly reply: KeptReply };

async function replay(value: Uint8Array, fingerprint: string, asked: Idempotency): Promise<KeptReply> {
  const kept = JSON.parse(Buffer.from(value).toString("utf8")) as Kept;
  if (kept.fingerprint !== fingerprint)
    throw new TradewindError(
      "idempotency_key_reused",
      "this idempotency key came before, with another request",
    );
  const limits = await asked.admitReplay();
  const { reply } = kept;
  return { ...reply, headers: { ...reply.headers, ...limits, "idempotent-replayed": "true" } };
}

/** Headers that were true of the first answer alone. */
const ofTheMoment = new Set(["ratelimit", "ratelimit-policy", "cache-status", "server-timing"]);

function lasting({ status, headers, body }: KeptReply): KeptReply {
  const kept = Object.entries(headers).filter(([name]) => !ofTheMoment.has(name));
  return { status, headers: Object.fromEntries(kept), body };
}

/** An answer that is too large to keep is given anew to whoever asks again, which is right, if not free. */
function end(
  { tag, key, claim }: Place,
  kept: Kept | undefined,
  softState: Pick<SoftState, "apply">,
  token: string,
): void {
  const value = kept && JSON.stringify(kept);
  const free = { kind: "release", tag, key: claim, token } as const;
  const isKept = value !== undefined && Buffer.byteLength(value) <= longestKept;
  const set = isKept && ({ kind: "set", tag, key, value, ttlMs: keptMs } as const);
  softState.apply(set ? [set, free] : [free]).catch(tell);
}

function tell(error: unknown): void {
  sideConcernSkipped.publish({ what: "idempotency", error });
}
