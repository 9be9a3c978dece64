import type { Caller, Limits, Tenant } from "#gateway/caller.ts";

/** A caller with whatever a test cares about, and nothing that bounds it otherwise. */
export function caller(parts: Partial<Caller> = {}): Caller {
  return {
    id: "k1",
    tenant: tenant(),
    scopes: new Set(["infer", "usage"]),
    models: "all",
    origins: [],
    limits: { rates: [] },
    ...parts,
  };
}

export function tenant(parts: Partial<Tenant> = {}): Tenant {
  return {
    id: "acme",
    limits: { rates: [] },
    modelLimits: new Map(),
    monthly: {},
    retentionDays: 365,
    ...parts,
  };
}

/** So many requests a second, all of them at once if need be. */
export function perSecond(requests: number): Limits {
  return { rates: [{ requests, perMs: 1_000, burst: requests }] };
}
