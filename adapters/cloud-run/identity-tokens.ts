import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type TokenOptions = {
  /** Asks for a new one, which is a JWT. */
  readonly fetchToken: () => Promise<string>;
  readonly clock: Pick<Clock, "now">;
};

export type IdentityTokens = {
  /** Resolves when one is at hand. */
  readonly ready: () => Promise<void>;
  /** At once while one is at hand; a new one is fetched long before it ends. */
  readonly headers: () => readonly string[] | Promise<readonly string[]>;
};

/** A call that is on its way must still be let in when it arrives. */
const marginMs = 30_000;
/** Of the hour that a token lives, its last ten minutes are for getting the next one. */
const earlyMs = 600_000;
const pauseMs = 10_000;

type Held = { readonly headers: readonly string[]; readonly endsAt: number; readonly renewAt: number };

/**
 * Tokens of one audience, one at a time, however many ask.
 *
 *   NONE ── fetched ──▶ FRESH ── its last minutes ──▶ STALE: used while the next one is fetched ──▶ FRESH
 *     ▲                                                  └── its end ──▶ NONE: who asks waits
 */
export function keepTokens({ fetchToken, clock }: TokenOptions): IdentityTokens {
  let held: Held | undefined;
  let fetching: Promise<Held> | undefined;
  let notBefore = 0;
  const renew = (): Promise<Held> => {
    fetching ??= fetchToken()
      .then((token) => {
        held = holdToken(token, clock.now());
        return held;
      })
      .finally(() => {
        fetching = undefined;
      });
    return fetching;
  };
  const renewBeside = (): void => {
    if (fetching !== undefined || clock.now() < notBefore) return;
    notBefore = clock.now() + pauseMs;
    renew().catch((error: unknown) => sideConcernSkipped.publish({ what: "renewing a token", error }));
  };
  const headers = (): readonly string[] | Promise<readonly string[]> => {
    const now = clock.now();
    if (held === undefined || now >= held.endsAt) return renew().then((fresh) => fresh.headers);
    if (now >= held.renewAt) renewBeside();
    return held.headers;
  };
  return {
    ready: async () => {
      await headers();
    },
    headers,
  };
}

function holdToken(token: string, now: number): Held {
  const expiry = expiryOf(token);
  if (expiry === undefined || expiry <= now + marginMs)
    throw new TradewindError("provider_answer_invalid", "the identity token that was issued cannot be used");
  const endsAt = expiry - marginMs;
  return {
    headers: ["authorization", `Bearer ${token}`],
    endsAt,
    renewAt: Math.max(now + (endsAt - now) / 2, endsAt - earlyMs),
  };
}

/** Milliseconds since 1970; undefined for what is no token. */
function expiryOf(token: string): number | undefined {
  if (!/^[\w-]{1,4096}\.[\w-]{1,8192}\.[\w-]{1,4096}$/.test(token)) return undefined;
  try {
    const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
      readonly exp?: unknown;
    };
    return typeof exp === "number" && Number.isFinite(exp) ? 1_000 * exp : undefined;
  } catch {
    return undefined;
  }
}
