import type { Caller, Scope, Tenant } from "../caller.ts";
import type { AccessChange } from "../records/access-source.ts";
import { hashKey, type KeyRecord, looksLikeKey } from "../records/api-key.ts";

/** Who may come in, in memory. */
export type AccessSnapshot = {
  readonly apply: (change: AccessChange) => void;
  /** One hash and one look-up, however many keys there are. */
  readonly find: (text: string, now: number) => Caller | "expired" | undefined;
  readonly tenant: (id: string) => Tenant | undefined;
  readonly origins: () => ReadonlySet<string>;
};

type Entry = {
  readonly key: KeyRecord;
  /** Missing while its tenant is: then it opens nothing. */
  readonly caller: Caller | undefined;
  readonly expiresAt: number;
};

type State = {
  readonly tenants: Map<string, Tenant>;
  readonly byId: Map<string, Entry>;
  readonly byHash: Map<string, Entry>;
  /** How many keys name an origin. */
  readonly origins: Map<string, number>;
  /** Few combinations are in use, and keys that may do the same share one set. */
  readonly scopes: Map<string, ReadonlySet<Scope>>;
};

export function createAccessSnapshot(): AccessSnapshot {
  let state = emptyState();
  let origins: ReadonlySet<string> = new Set();
  return {
    apply: ({ isWhole, tenants, keys }) => {
      if (!isWhole && tenants.length === 0 && keys.length === 0) return;
      if (isWhole) state = emptyState();
      for (const tenant of tenants) {
        if ("gone" in tenant) state.tenants.delete(tenant.id);
        else state.tenants.set(tenant.id, tenant);
      }
      if (!isWhole) rebuildCallers(state, new Set(tenants.map(({ id }) => id)));
      for (const key of keys) {
        removeKey(state, key.id);
        if (!("gone" in key)) addKey(state, key);
      }
      origins = new Set(state.origins.keys());
    },
    find: (text, now) => {
      const entry = looksLikeKey(text) ? state.byHash.get(hashKey(text)) : undefined;
      return entry && now >= entry.expiresAt ? "expired" : entry?.caller;
    },
    tenant: (id) => state.tenants.get(id),
    origins: () => origins,
  };
}

function emptyState(): State {
  return {
    tenants: new Map(),
    byId: new Map(),
    byHash: new Map(),
    origins: new Map(),
    scopes: new Map(),
  };
}

/** A caller holds its tenant, so the callers of a changed tenant are built anew. */
function rebuildCallers(state: State, changed: ReadonlySet<string>): void {
  if (changed.size === 0) return;
  for (const { key } of state.byId.values()) {
    if (changed.has(key.tenant)) enter(state, key);
  }
}

function removeKey({ byId, byHash, origins }: State, id: string): void {
  const entry = byId.get(id);
  if (!entry) return;
  byId.delete(id);
  byHash.delete(entry.key.hash);
  for (const origin of entry.key.origins) {
    const left = (origins.get(origin) ?? 1) - 1;
    if (left > 0) origins.set(origin, left);
    else origins.delete(origin);
  }
}

function addKey(state: State, key: KeyRecord): void {
  enter(state, key);
  for (const origin of key.origins) state.origins.set(origin, (state.origins.get(origin) ?? 0) + 1);
}

function enter(state: State, key: KeyRecord): void {
  const tenant = state.tenants.get(key.tenant);
  const caller = tenant && buildCaller(key, tenant, sharedScopes(state, key.scopes));
  const entry = { key, caller, expiresAt: key.expiresAt ?? Number.POSITIVE_INFINITY };
  state.byId.set(key.id, entry);
  state.byHash.set(key.hash, entry);
}

function buildCaller(key: KeyRecord, tenant: Tenant, scopes: ReadonlySet<Scope>): Caller {
  const { id, models, origins, limits } = key;
  return { id, tenant, scopes, models: models === "all" ? "all" : new Set(models), origins, limits };
}

function sharedScopes({ scopes }: State, names: readonly Scope[]): ReadonlySet<Scope> {
  const label = names.join(" ");
  const shared = scopes.get(label) ?? new Set(names);
  scopes.set(label, shared);
  return shared;
}
