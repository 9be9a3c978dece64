import { TradewindError } from "../errors.ts";

/** Where a Redis is, and how it is spoken to. */
export type RedisAddress = {
  readonly cluster: boolean;
  readonly tls: boolean;
  readonly nodes: readonly [RedisNode, ...RedisNode[]];
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  /** A file of certificates to trust beside the system's own. */
  readonly ca?: string;
  /** The address, fit for a message. */
  readonly where: string;
};

export type RedisNode = { readonly host: string; readonly port: number };

const protocols: ReadonlyMap<string, { readonly cluster: boolean; readonly tls: boolean }> = new Map([
  ["redis", { cluster: false, tls: false }],
  ["rediss", { cluster: false, tls: true }],
  ["redis-cluster", { cluster: true, tls: false }],
  ["rediss-cluster", { cluster: true, tls: true }],
]);

/**
 * Reads `redis://user:password@host:port/db`, with `rediss` for TLS, and for a cluster `redis-cluster` or
 * `rediss-cluster` with `host:port,host:port`. Behind it may stand `?ca=/path/of/certificates.pem`, and nothing else: the
 * library would take any of its settings from there, and a timeout must not be lost to an address.
 */
export function readRedisAddress(text: string): RedisAddress {
  const [, protocol = "", rest = ""] = /^([a-z-]{1,20}):\/\/(.*)$/s.exec(text) ?? [];
  const kind = protocols.get(protocol);
  if (!kind) throw invalid(protocol === "" ? "something that is no URL" : `${protocol}://`);
  const [, credentials = "", hosts = "", db = "", query = ""] =
    /^(?:([^@]*)@)?([^@/?#]+)(?:\/([^/?#]*))?(?:\?([^#]*))?$/s.exec(rest) ?? [];
  const nodes = hosts.split(",").map(readNode);
  const [first, ...others] = nodes;
  if (!first || (!kind.cluster && others.length > 0))
    throw invalid("an address of several servers without a cluster");
  if (!/^\d{0,3}$/.test(db) || (kind.cluster && Number(db) > 0)) throw invalid("a database that is none");
  return {
    ...kind,
    nodes: [first, ...others],
    ...readCredentials(credentials),
    db: Number(db),
    ...readQuery(query, kind.tls),
    where: `${protocol}://${hosts}${db === "" ? "" : `/${db}`}`,
  };
}

function readNode(text: string): RedisNode {
  const [, host = "", port = "6379"] = /^(\[[0-9a-f:.]+\]|[^[\]:\s]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (host === "" || Number(port) < 1 || Number(port) > 65_535) throw invalid("a host that is none");
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}

function readCredentials(text: string): Pick<RedisAddress, "username" | "password"> {
  const colon = text.indexOf(":");
  const username = decode(colon === -1 ? text : text.slice(0, colon));
  const password = colon === -1 ? "" : decode(text.slice(colon + 1));
  return { ...(username === "" ? {} : { username }), ...(password === "" ? {} : { password }) };
}

function readQuery(text: string, tls: boolean): Pick<RedisAddress, "ca"> {
  if (text === "") return {};
  const query = new URLSearchParams(text);
  const ca = query.get("ca");
  if (query.size !== 1 || !ca) throw invalid("a setting other than ca");
  if (!tls) throw invalid("ca without TLS");
  return { ca };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("credentials that are not URL-encoded");
  }
}

/** Never repeats the address: it may hold a password. */
function invalid(got: string): TradewindError {
  return new TradewindError(
    "config_invalid",
    `the address of Redis begins with redis://, rediss://, redis-cluster:// or rediss-cluster://, got ${got}`,
    { hint: "redis://user:password@host:6379/0, or redis-cluster://user:password@host:6379,other:6379" },
  );
}
