import { model } from "./constant-answer.ts";

/** What of the gateway a side of the bench turns on; Redis is on where its address is given. */
export type Wanted = {
  readonly backend: string;
  /** Takes several requests' worth of the limit from Redis at once, so that a hit in memory asks nobody. */
  readonly leased?: boolean;
  /** So many addresses of the backend, each of which the gateway takes for one by itself. */
  readonly backends?: number;
};

/** Everything on, and every limit where no load of this machine reaches it. */
export function configuration({ backend, leased = false, backends }: Wanted): string {
  return `
models:
  ${model}: { source: constant, task: detect }
providers:
  constant: { kind: static, urls: ${JSON.stringify(addresses(backend, backends))}, usdPerRequest: 0.00001 }
routes:
  - models: [${model}]
    slo: 2s
    failover: [[constant]]
    cache: { ttl: 10m, stale: 1m }
    lease: ${leased ? 1_000 : 0}
limits:
  body: 20MiB
  inFlight: 1024
  bodiesInHand: 1GiB
records: postgres
workers: 1
`;
}

function addresses(backend: string, backends: number | undefined): readonly string[] {
  if (backends === undefined) return [backend];
  return Array.from({ length: backends }, (_, number) => `${backend}/backend-${number}`);
}

const rates = [{ requests: 1_000_000, perMs: 1_000, burst: 1_000_000 }];

/**
 * Two tenants: one with every bound there is, and one with rates alone, since a place among those under way has to be
 * given back, a monthly budget settled, and neither can be leased.
 */
export const tenants = {
  bounded: { limits: { rates }, keyLimits: { rates, concurrency: 10_000 }, monthly: 1_000_000_000_000 },
  rated: { limits: { rates }, keyLimits: { rates }, monthly: null },
} as const;

export type TenantName = keyof typeof tenants;
