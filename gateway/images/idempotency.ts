import { createHash } from "node:crypto";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import type { ImageAsk, ImageReply } from "./image-ask.ts";
import type { PreparedImage } from "./prepare-image.ts";

/**
 * `Idempotency-Key`: the same key with the same request gets the first one's answer, and costs nothing. A key is, in the
 * soft state, one of these:
 *
 *   ABSENT    nobody used it, or its day is over
 *   CLAIMED   a request with it is under way; others are told to come again. It ends with its request
 *   ANSWERED  the answer lies there for a day, under the fingerprint of what was asked
 *
 * Only answers are kept, never failures. Without soft state the request is answered as if there were no key.
 */
export async function withIdempotency(
  ask: ImageAsk,
  images: readonly (PreparedImage | TradewindError)[],
  { softState }: { readonly softState: Pick<SoftState, "apply"> },
  work: () => Promise<ImageReply>,
): Promise<ImageReply> {
  const given = ask.header("idempotency-key");
  if (given === undefined) return await work();
  const place = placeOf(ask, given);
  const fingerprint = fingerprintOf(ask, images);
  const begun = await begin(place, softState, ask.requestId);
  if (begun.state === "answered") return replay(begun.value, fingerprint);
  if (begun.state === "claimed") {
    const why = "a request with this idempotency key is still under way";
    throw new TradewindError("idempotency_in_progress", why, { retryAfterMs: 1_000 });
  }
  if (begun.state === "away") return await work();
  try {
    const reply = await work();
    keep(place, { fingerprint, reply }, softState, ask.requestId);
    return reply;
  } catch (error) {
    release(place, softState, ask.requestId);
    throw error;
  }
}

const claimMs = 120_000;
const keptMs = 86_400_000;
const longestKept = 524_288;

type Place = { readonly tag: string; readonly key: string; readonly claim: string };

function placeOf({ caller }: ImageAsk, given: string): Place {
  if (!/^[\x21-\x7e]{1,255}$/.test(given))
    throw new TradewindError("request_malformed", "an idempotency key has 1 to 255 visible characters");
  const name = createHash("sha256").update(`${caller.id.length}:${caller.id}${given}`).digest("base64url");
  return { tag: caller.tenant.id, key: `i:${name}`, claim: `i:${name}:claim` };
}

/** What was asked, without what changes from one sending of it to the next. */
function fingerprintOf(
  { model, task, query }: ImageAsk,
  images: readonly (PreparedImage | TradewindError)[],
): string {
  const digests = images.map((image) => (image instanceof TradewindError ? image.code : image.digest));
  return createHash("sha256")
    .update(JSON.stringify([model, task, query, digests]))
    .digest("base64url");
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
    sideConcernSkipped.publish({ what: "idempotency", error });
    return { state: "away" };
  }
}

type Kept = { readonly fingerprint: string; readonly reply: ImageReply };

function replay(value: Uint8Array, fingerprint: string): ImageReply {
  const kept = JSON.parse(Buffer.from(value).toString("utf8")) as Kept;
  if (kept.fingerprint !== fingerprint)
    throw new TradewindError(
      "idempotency_key_reused",
      "this idempotency key came before, with another request",
    );
  return { ...kept.reply, headers: { ...kept.reply.headers, "idempotent-replayed": "true" } };
}

function keep(
  { tag, key, claim }: Place,
  kept: Kept,
  softState: Pick<SoftState, "apply">,
  token: string,
): void {
  const value = JSON.stringify(kept);
  const free = { kind: "release", tag, key: claim, token } as const;
  const set = { kind: "set", tag, key, value, ttlMs: keptMs } as const;
  // An answer that is too large to keep is given anew to whoever asks again, which is right, if not free.
  softState.apply(Buffer.byteLength(value) > longestKept ? [free] : [set, free]).catch(tell);
}

function release({ tag, claim }: Place, softState: Pick<SoftState, "apply">, token: string): void {
  softState.apply([{ kind: "release", tag, key: claim, token }]).catch(tell);
}

function tell(error: unknown): void {
  sideConcernSkipped.publish({ what: "idempotency", error });
}
