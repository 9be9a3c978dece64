import type { CompactJWSHeaderParameters, JWTPayload } from "jose";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Caller, TenantOnRecord } from "../caller.ts";
import { callerOf, type Grant, grantOf, refusedToken } from "./bearer-grant.ts";
import type { JwtIssuer } from "./bearer-issuer.ts";
import { createTokenMemory } from "./bearer-memory.ts";
import { type Jose, type KeySet, openKeySet } from "./jwks.ts";
import type { Fetch } from "./jwks-fetch.ts";

export { jwtIssuer } from "./bearer-issuer.ts";

/** Tokens of issuers that the configuration trusts, in place of keys. */
export type BearerTokens = AsyncDisposable & {
  /** Whether to try it as a token at all; never, where no issuer is trusted. */
  readonly looksLikeToken: (text: string) => boolean;
  /** Who is asking, or `token_invalid` with what is wrong, which never repeats the token. */
  readonly verify: (text: string, options?: { readonly signal?: AbortSignal }) => Promise<Caller>;
  /** Twice is fine. */
  readonly close: () => Promise<void>;
};

export type BearerTokensDeps = {
  readonly clock: Clock;
  /** A tenant on record. */
  readonly tenant: (id: string) => TenantOnRecord;
  readonly fetch?: Fetch;
};

const longestToken = 8_192;

/** How long a token is taken without another look at its signature, if it lives that long. */
const rememberedMs = 60_000;

/** The wait for an issuer has an end of its own. */
const never = new AbortController().signal;

type Trusted = { readonly issuer: JwtIssuer; readonly keys: KeySet };

export function openBearerTokens(issuers: readonly JwtIssuer[], deps: BearerTokensDeps): BearerTokens {
  const { clock, tenant, fetch = globalThis.fetch } = deps;
  refuseTwins(issuers);
  // A gateway that trusts no issuer loads nothing.
  let loading: Promise<Jose> | undefined;
  const jose = (): Promise<Jose> => {
    loading ??= import("jose");
    return loading;
  };
  const trusted = new Map(
    issuers.map((issuer) => {
      const keys = openKeySet({ issuer, clock, fetch, jose });
      return [issuer.issuer, { issuer, keys }];
    }),
  );
  const memory = createTokenMemory<Grant>({ clock });
  const close = async (): Promise<void> => {
    await Promise.all([...trusted.values()].map(({ keys }) => keys.close()));
  };
  return {
    looksLikeToken: (text) => issuers.length > 0 && tokenShape.test(text),
    verify: async (text, { signal = never } = {}) => {
      if (text.length > longestToken) throw refusedToken(`it has more than ${longestToken} bytes`);
      const known = memory.recall(text);
      if (known) return callerOf(known, tenant);
      const grant = await check(text, { jose: await jose(), trusted, clock, signal });
      const caller = callerOf(grant, tenant);
      memory.remember(text, grant, Math.min(grant.expiresAt, clock.now() + rememberedMs));
      return caller;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Parts with dots between them, of which the first is an object's beginning in base64url; some have more than three. */
const tokenShape = /^eyJ[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){2,4}$/;

function refuseTwins(issuers: readonly JwtIssuer[]): void {
  const names = new Set(issuers.map(({ issuer }) => issuer));
  if (names.size === issuers.length) return;
  throw new TradewindError("config_invalid", "the same token issuer is configured twice");
}

type Checking = {
  readonly jose: Jose;
  readonly trusted: ReadonlyMap<string, Trusted>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** Nothing in a token is believed before its signature, except which issuer to ask about it. */
async function check(text: string, { jose, trusted, clock, signal }: Checking): Promise<Grant> {
  const { header, claimed } = readUnverified(text, jose);
  const found = typeof claimed.iss === "string" ? trusted.get(claimed.iss) : undefined;
  if (!found) throw refusedToken("its issuer is not trusted here");
  const { issuer, keys } = found;
  const algorithm = issuer.algorithms.find((allowed) => allowed === header.alg);
  if (!algorithm) throw refusedToken("its issuer's tokens may not be signed in that way");
  const key = await keys.find({ ...header, alg: algorithm }, { signal });
  const now = clock.now();
  const { payload } = await jose
    .jwtVerify(text, key, {
      algorithms: [algorithm],
      issuer: issuer.issuer,
      audience: issuer.audience,
      clockTolerance: issuer.clockSkew / 1_000,
      currentDate: new Date(now),
      requiredClaims: ["exp", "sub"],
    })
    .catch((error: unknown) => {
      throw refusedToken(reasonOf(error));
    });
  if (payload.iat !== undefined && payload.iat * 1_000 > now + issuer.clockSkew) {
    throw refusedToken("it was issued in the future");
  }
  return grantOf(payload, issuer);
}

type Unverified = { readonly header: Partial<CompactJWSHeaderParameters>; readonly claimed: JWTPayload };

function readUnverified(text: string, jose: Jose): Unverified {
  const read = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch {
      // What a parser says may quote what it read.
      throw refusedToken("it is no signed JSON web token");
    }
  };
  const header = read(() => jose.decodeProtectedHeader(text));
  if (header.typ !== undefined && !isAccessToken(header.typ)) {
    throw refusedToken("its type is neither JWT nor at+jwt");
  }
  return { header, claimed: read(() => jose.decodeJwt(text)) };
}

/** Other tokens of the same issuer, such as those of a log-out, are signed with the same keys. */
function isAccessToken(type: unknown): boolean {
  return typeof type === "string" && /^(application\/)?(jwt|at\+jwt)$/i.test(type);
}

const badClaims: Readonly<Record<string, string>> = {
  iss: "its issuer is not trusted here",
  aud: "it is for another audience",
  nbf: "it is not valid yet",
  exp: "it has no time at which it expires",
  iat: "it has no proper time at which it was issued",
  sub: "it names no subject",
};

/** The library's errors carry the claims, which are nobody's business in a log: only the reason is kept. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "its signature cannot be checked";
  if (error.code === "ERR_JWT_EXPIRED") return "it has expired";
  if (error.code === "ERR_JWS_SIGNATURE_VERIFICATION_FAILED") return "its signature is wrong";
  if (error.code === "ERR_JWT_CLAIM_VALIDATION_FAILED" && "claim" in error) {
    return badClaims[String(error.claim)] ?? "its claims are not as they must be";
  }
  return "it is no signed JSON web token";
}
