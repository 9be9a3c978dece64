import { Agent, type Dispatcher, ProxyAgent } from "undici";

export type DispatcherOptions = {
  /** What stands between this device and everybody; encrypted calls go through it unread. */
  readonly proxy?: string | undefined;
  /** Whose certificates are good beside or instead of those that Node trusts. */
  readonly ca?: string | undefined;
  readonly connectTimeoutMs?: number;
};

/** Connections of the device to its gateway and mirrors: few, with bounded headers; whoever calls says how long it takes. */
export function openDispatcher(options: DispatcherOptions): Dispatcher {
  const { proxy, ca, connectTimeoutMs = 10_000 } = options;
  const tls = ca === undefined ? {} : { ca };
  const bounds = {
    connections: 2,
    maxHeaderSize: 16_384,
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect: { timeout: connectTimeoutMs, ...tls },
  };
  if (proxy === undefined) return new Agent(bounds);
  return new ProxyAgent({ ...bounds, uri: proxy, requestTls: tls, proxyTls: tls });
}
