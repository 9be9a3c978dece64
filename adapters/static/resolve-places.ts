import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** Where one backend stands. */
export type Place = {
  /** Its own, with the number in the place of the name. */
  readonly url: string;
  readonly name: string;
  /** As it was declared: what it is called, and what its certificate is for. */
  readonly declared: string;
  /** Where to connect to. */
  readonly at: string;
};

/** All addresses of a name, as the machine knows them. */
export type LookUp = (host: string) => Promise<readonly string[]>;

export const systemLookUp: LookUp = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

/** Of one name; a service has fewer, and a name with more is a mistake or worse. */
const mostAddresses = 256;

/**
 * Asks what the names of addresses mean. A name that means nothing has no backends; one of which nobody could say what it
 * means keeps those that it had.
 */
export function placeFinder(
  urls: readonly string[],
  lookUp: LookUp = systemLookUp,
): (options: { readonly signal: AbortSignal }) => Promise<readonly Place[]> {
  const last = new Map<string, readonly string[]>();
  const addressesOf = async (host: string, signal: AbortSignal): Promise<readonly string[]> => {
    try {
      const found = await inTime(lookUp(host), signal);
      last.set(host, [...new Set(found)].sort().slice(0, mostAddresses));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      sideConcernSkipped.publish({ what: "finding backends", detail: host, error });
      if (meansNothing(error)) last.set(host, []);
      else if (!last.has(host)) throw unknownName(host, error);
    }
    return last.get(host) ?? [];
  };
  return async ({ signal }) => {
    const hosts = [...new Set(urls.map(hostOf))];
    const found = await Promise.all(hosts.map((host) => (isIP(host) ? [host] : addressesOf(host, signal))));
    const addresses = new Map(hosts.map((host, index) => [host, found[index] ?? []]));
    return urls.flatMap((url) => (addresses.get(hostOf(url)) ?? []).map((at) => placeAt(url, at)));
  };
}

/** Without the brackets that numbers with colons have in addresses. */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, "");
}

function placeAt(declared: string, at: string): Place {
  const { protocol, port, pathname } = new URL(declared);
  const host = isIP(at) === 6 ? `[${at}]` : at;
  const url = `${protocol}//${host}${port === "" ? "" : `:${port}`}${pathname === "/" ? "" : pathname}`;
  return { url, name: nameOf(url), declared, at };
}

/** Such as `10.0.0.7-8000`. */
function nameOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`
    .replace(/[^A-Za-z0-9._]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 63);
}

/** Who looks up cannot be told to stop, only be waited for no longer. */
async function inTime<Found>(looking: Promise<Found>, signal: AbortSignal): Promise<Found> {
  signal.throwIfAborted();
  const late = Promise.withResolvers<never>();
  const onAbort = (): void => late.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([looking, late.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function meansNothing(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === "ENOTFOUND" || code === "ENODATA";
}

function unknownName(host: string, cause: unknown): TradewindError {
  const message = `where ${host} is could not be found out: its name server does not answer`;
  return new TradewindError("provider_unavailable", message, { cause });
}
