import { Resolver } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { Client, type Dispatcher } from "undici";
import { TradewindError } from "#infra/runtime/errors.ts";
import { readStream } from "#infra/runtime/read-body.ts";
import { type HostRule, type ImageAddress, readImageAddress, refused } from "./image-address.ts";
import { isPublicAddress } from "./public-address.ts";

export type FetchOptions = {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  /** For everything together: names, redirects, and the last byte. */
  readonly timeoutMs: number;
  readonly redirects?: number;
  /** Told of the bytes that are here so far; what it throws ends the fetching. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Where given, only these hosts are fetched from. */
  readonly allow?: readonly HostRule[];
  /** Every address of a name, of both families. */
  readonly resolve?: Resolve;
  readonly isPublic?: (address: string) => boolean;
  /** Whose certificates are good, where those that Node trusts are not meant. */
  readonly ca?: string;
};

export type Resolve = (name: string, options: { readonly signal: AbortSignal }) => Promise<readonly string[]>;

/**
 * The bytes behind a caller's URL, fetched so that nobody can send us into our own network: each host on the way is a
 * name of DNS all of whose addresses are public, and the connection goes to one of the addresses that were looked at.
 */
export async function fetchImage(url: string, options: FetchOptions): Promise<Buffer> {
  const { signal, timeoutMs } = options;
  const inTime = AbortSignal.timeout(timeoutMs);
  try {
    return await follow(readImageAddress(url, options.allow), {
      ...options,
      signal: AbortSignal.any([signal, inTime]),
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (inTime.aborted) throw unreachable(`it did not arrive within ${timeoutMs / 1_000} s`, error);
    throw error;
  }
}

async function follow(start: ImageAddress, options: FetchOptions): Promise<Buffer> {
  const { redirects = 3, allow } = options;
  let address = start;
  for (let hop = 0; hop <= redirects; hop += 1) {
    const found = await visit(address, options);
    if (Buffer.isBuffer(found)) return found;
    address = readImageAddress(redirected(found.location, address.url), allow);
  }
  throw refused(`it is redirected more than ${redirects} times`);
}

type Redirect = { readonly location: string };

async function visit(address: ImageAddress, options: FetchOptions): Promise<Buffer | Redirect> {
  try {
    return await ask(address, await publicAddresses(address.host, options), options);
  } catch (error) {
    throw error instanceof TradewindError ? error : unreachable(whyNot(error, address.host), error);
  }
}

/** By a connection of its own, which knows of no proxy and is used by nobody else. */
async function ask(
  { url }: ImageAddress,
  addresses: readonly string[],
  options: FetchOptions,
): Promise<Buffer | Redirect> {
  const { signal, ca, timeoutMs } = options;
  const client = new Client(url.origin, {
    connect: { lookup: pinned(addresses), timeout: timeoutMs, ...(ca ? { ca } : {}) },
    maxHeaderSize: 16_384,
    allowH2: false,
  });
  try {
    const headers = { accept: "image/*", "accept-encoding": "identity", "user-agent": "tradewind" };
    const answer = await client.request({ method: "GET", path: url.pathname + url.search, headers, signal });
    return locationOf(answer) ?? (await readAnswer(answer, options));
  } finally {
    client.destroy().catch(() => {});
  }
}

/** More than anybody has, and few enough to look at. */
const mostAddresses = 64;

async function publicAddresses(host: string, options: FetchOptions): Promise<readonly string[]> {
  const { signal, resolve = resolveByDns, isPublic = isPublicAddress } = options;
  const addresses = await beforeAbort(resolve(host, { signal }), signal);
  if (addresses.length === 0) throw unreachable(`${host} has no address`);
  // One that is not public among others is how a name is made to lead inside now and then.
  if (addresses.length > mostAddresses || !addresses.every(isPublic)) {
    throw refused(`${host} does not lead to public addresses only`);
  }
  return addresses;
}

/** Not the system's own lookup: that can't be given up, and knows names that only this machine knows. */
async function resolveByDns(
  name: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  signal.throwIfAborted();
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const cancel = (): void => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    return found.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

async function beforeAbort<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const giveUp = (): void => aborted.reject(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/** Answers a lookup with what was looked at before, so that a name can't lead elsewhere a moment later. */
function pinned(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return (_, options, callback) => {
    const [first] = found;
    if (options.all === true) callback(null, found);
    else if (first) callback(null, first.address, first.family);
  };
}

function locationOf({ statusCode, headers }: Dispatcher.ResponseData): Redirect | undefined {
  const { location } = headers;
  if (![301, 302, 303, 307, 308].includes(statusCode) || typeof location !== "string") return undefined;
  return { location };
}

/** Relative ones are common; what is no URL at all is refused by the next look. */
function redirected(location: string, from: URL): string {
  if (/[^\x21-\x7e]|\\/.test(location)) return location;
  return URL.parse(location, from.href)?.href ?? location;
}

async function readAnswer(answer: Dispatcher.ResponseData, options: FetchOptions): Promise<Buffer> {
  const { statusCode, headers, body } = answer;
  const { maxBytes, timeoutMs, onBytes = ignore } = options;
  if (statusCode !== 200) throw unreachable(`its server answers with status ${statusCode}`);
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity")
    throw unreachable("its server compresses it once more");
  try {
    const length = headers["content-length"];
    const known = typeof length === "string" ? length : undefined;
    return await readStream(body, known, { maxBytes, timeoutMs, onBytes });
  } catch (error) {
    if (!(error instanceof TradewindError)) throw error;
    if (error.code === "body_too_large")
      throw refused(`it is larger than the ${maxBytes} bytes allowed here`);
    // Full is this gateway, whatever the other server does.
    if (error.code === "overloaded") throw error;
    throw unreachable("its server sends nothing, or does not send all of it", error);
  }
}

function ignore(): void {}

/** Of what a stranger's server or the network said, the caller learns whether the certificate was at fault. */
function whyNot(error: unknown, host: string): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const isCertificate = /CERT|SIGNATURE|ISSUER|SELF_SIGNED/.test(code);
  return isCertificate ? `the certificate of ${host} is not good for it` : `${host} can't be reached`;
}

function unreachable(why: string, cause?: unknown): TradewindError {
  return new TradewindError("url_unreachable", `the image could not be fetched: ${why}`, { cause });
}
