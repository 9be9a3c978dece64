/**
 * What a key or token may do: `infer` sends images, `usage` reads its tenant's usage, `metrics` and `admin` are for
 * operators, `explain` is told who answered and why, `objective` may ask for dearer answers than a route is run for.
 */
export const scopes = ["infer", "usage", "metrics", "admin", "explain", "objective"] as const;

export type Scope = (typeof scopes)[number];

/** So many requests a period, and at most `burst` of them at one moment. */
export type RateLimit = { readonly requests: number; readonly perMs: number; readonly burst: number };

/** The bounds of one key, of one tenant, or of one model within a tenant. */
export type Limits = {
  readonly rates: readonly RateLimit[];
  /** Requests under way at once. */
  readonly concurrency?: number;
};

/** What a tenant may use in a calendar month of UTC. */
export type MonthlyBounds = {
  readonly images?: number;
  /** Billionths of a dollar, since an image costs less than a millionth. */
  readonly nanoUsd?: number;
};

export type Tenant = {
  readonly id: string;
  readonly limits: Limits;
  /** By model name. */
  readonly modelLimits: ReadonlyMap<string, Limits>;
  readonly monthly: MonthlyBounds;
  /** How long audit events and usage of this tenant are kept. */
  readonly retentionDays: number;
};

/** Who is asking, as everything behind the door sees it. */
export type Caller = {
  /** Of the key, of the token's subject, or of the listener; stands in logs and usage, so no person can be read from it. */
  readonly id: string;
  /** A token's subject as its issuer writes it: for the audit alone. */
  readonly subject?: string;
  readonly tenant: Tenant;
  readonly scopes: ReadonlySet<Scope>;
  readonly models: ReadonlySet<string> | "all";
  /** Pages of browsers that may use the key; none listed means that no page may. */
  readonly origins: readonly string[];
  readonly limits: Limits;
  /** In milliseconds since 1970: what this caller makes must not outlive it. */
  readonly expiresAt?: number;
  /** Came through a door that stands for its tenant, and showed nothing. */
  readonly keyless?: boolean;
};

/** A tenant that was deleted, or that cannot be read: unlike one that was never described, it must not come in unbounded. */
export type TenantOnRecord = Tenant | "gone" | undefined;

/** Whoever comes through a door that stands for a tenant. */
export function keylessCaller(tenant: Tenant): Caller {
  const scopes = new Set<Scope>(["infer", "usage"]);
  return {
    id: `door:${tenant.id}`,
    tenant,
    scopes,
    models: "all",
    origins: [],
    limits: { rates: [] },
    keyless: true,
  };
}

/** A tenant that nobody described has no bounds of its own. */
export function unboundedTenant(id: string): Tenant {
  return { id, limits: { rates: [] }, modelLimits: new Map(), monthly: {}, retentionDays: 365 };
}
