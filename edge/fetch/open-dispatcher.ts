import { createRequire } from "node:module";
import type * as Undici from "undici";
import type { Dispatcher } from "undici";

export type DispatcherOptions = {
  /** What stands between this device and everybody; encrypted calls go through it unread. */
  readonly proxy?: string | undefined;
  /** Whose certificates are good beside or instead of those that Node trusts. */
  readonly ca?: string | undefined;
  readonly connectTimeoutMs?: number;
  /** To each address at a time. */
  readonly connections?: number;
};

/** Connections of the device to its gateway and mirrors: few, with bounded headers; whoever calls says how long it takes. */
export function openDispatcher(options: DispatcherOptions): Dispatcher {
  const { proxy, ca, connectTimeoutMs = 10_000, connections: most = 2 } = options;
  const tls = ca === undefined ? {} : { ca };
  const bounds = {
    connections: most,
    maxHeaderSize: 16_384,
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect: { timeout: connectTimeoutMs, ...tls },
  };
  if (proxy === undefined) return new (plainAgent())(bounds);
  const { ProxyAgent }: typeof Undici = load("undici");
  return new ProxyAgent({ ...bounds, uri: proxy, requestTls: tls, proxyTls: tls });
}

const load = createRequire(import.meta.url);

/**
 * The parts that speak HTTP, without fetch, caches, mocks and web sockets: those are 3 MB that no device uses, and a proxy
 * is worth.
 */
function plainAgent(): typeof Undici.Agent {
  const base: typeof Undici.Dispatcher = load("undici/lib/dispatcher/dispatcher.js");
  // What the package's own index does with all of its calls.
  Object.assign(base.prototype, { request: load("undici/lib/api/api-request.js") });
  return load("undici/lib/dispatcher/agent.js");
}
