import type { CompactJWSHeaderParameters, CryptoKey, LocalJWKSet } from "jose";
import { within } from "#infra/runtime/blobs/within.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { refusedToken } from "./bearer-grant.ts";
import type { JwtIssuer } from "./bearer-issuer.ts";
import { type Fetch, fetchKeys } from "./jwks-fetch.ts";

export type Jose = typeof import("jose");

/** The keys of one issuer in memory. */
export type KeySet = AsyncDisposable & {
  /** The one key that a token's header means; a name that nobody knows makes us ask the issuer, now and then. */
  readonly find: (
    header: CompactJWSHeaderParameters,
    options: { readonly signal: AbortSignal },
  ) => Promise<CryptoKey>;
  readonly close: () => Promise<void>;
};

export type KeySetOptions = {
  readonly issuer: Pick<JwtIssuer, "issuer" | "jwks">;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly jose: () => Promise<Jose>;
};

/** Early enough that ten minutes never pass, also when the first try fails. */
const refreshMs = 8 * 60_000;
const retryMs = 5_000;
const fetchMs = 5_000;
/** Whoever sends names that he makes up could otherwise have us ask as often as he likes. */
const unknownMs = 30_000;

/** Does not wait for the issuer: until its keys are here its tokens wait, and once they were here it may be away. */
export function openKeySet({ issuer, clock, fetch, jose }: KeySetOptions): KeySet {
  const stop = new AbortController();
  let keys: LocalJWKSet | undefined;
  let fetching: Promise<void> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  const read = async (): Promise<void> => {
    const { createLocalJWKSet } = await jose();
    const limits = { clock, ms: fetchMs, signal: stop.signal };
    keys = createLocalJWKSet(await within(limits, (signal) => fetchKeys(issuer, { fetch, signal })));
  };
  const refresh = (): Promise<void> => {
    fetching ??= read().finally(() => {
      fetching = undefined;
    });
    return fetching;
  };
  /** Joins who asks already; undefined when it is too early to ask again. */
  const askAgain = (): Promise<void> | undefined => {
    if (fetching) return fetching;
    if (clock.elapsed() - askedAt < unknownMs) return undefined;
    askedAt = clock.elapsed();
    return refresh();
  };
  const find: KeySet["find"] = async (header, { signal }) => {
    const known = await lookUp(keys, header);
    if (known) return known;
    try {
      await within({ clock, ms: 2 * fetchMs, signal }, async () => askAgain());
    } catch (cause) {
      signal.throwIfAborted();
      throw refusedToken("its issuer's keys cannot be fetched at the moment", cause);
    }
    const found = await lookUp(keys, header);
    if (!found) throw refusedToken("it is signed with a key that its issuer does not publish");
    return found;
  };
  const turning = keepFresh(refresh, { clock, signal: stop.signal, name: issuer.issuer });
  const close = async (): Promise<void> => {
    stop.abort();
    await turning;
  };
  return {
    find,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** No key, or several without a name to choose by, is no key. */
async function lookUp(
  keys: LocalJWKSet | undefined,
  header: CompactJWSHeaderParameters,
): Promise<CryptoKey | undefined> {
  try {
    return await keys?.(header);
  } catch {
    return undefined;
  }
}

type Turns = { readonly clock: Clock; readonly signal: AbortSignal; readonly name: string };

async function keepFresh(refresh: () => Promise<void>, { clock, signal, name }: Turns): Promise<void> {
  while (!signal.aborted) {
    let pauseMs = refreshMs;
    try {
      await refresh();
    } catch (error) {
      pauseMs = retryMs;
      if (!signal.aborted) sideConcernSkipped.publish({ what: "refreshing token keys", detail: name, error });
    }
    await clock.sleep(pauseMs, { signal }).catch(() => undefined);
  }
}
