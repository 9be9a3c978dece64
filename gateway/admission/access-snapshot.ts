import { isDeepStrictEqual } from "node:util";
import type { Caller, Scope, Tenant, TenantOnRecord } from "../caller.ts";
import type { AccessChange } from "../records/access-source.ts";
import { hashKey, type KeyRecord, looksLikeKey, usualRights } from "../records/api-key.ts";
import type { TenantChange } from "../records/tenants.ts";

/** Who may come in, in memory. */
export type AccessSnapshot = {
  readonly apply: (change: AccessChange) => void;
  /** One hash and one look-up, however many keys there are. */
  readonly find: (text: string, now: number) => Caller | "expired" | undefined;
  readonly tenant: (id: string) => TenantOnRecord;
  readonly describesTenants: () => boolean;
  readonly origins: () => ReadonlySet<string>;
};

type Entry = {
  readonly key: KeyRecord;
  /** Missing while its tenant is: then it opens nothing. */
  readonly caller: Caller | undefined;
  readonly expiresAt: number;
};

type State = {
  readonly tenants: Map<string, Tenant | "gone">;
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
  // A busy key is hashed once and not with each request; any change forgets all of them.
  const recent = new Map<string, Entry>();
  const look = (text: string): Entry | undefined => {
    const entry = looksLikeKey(text) ? state.byHash.get(hashKey(text)) : undefined;
    if (recent.size >= mostRecent) recent.clear();
    if (entry) recent.set(text, entry);
    return entry;
  };
  return {
    apply: ({ isWhole, tenants, keys }) => {
      if (!isWhole && tenants.length === 0 && keys.length === 0) return;
      recent.clear();
      const before = state;
      if (isWhole) state = emptyState();
      const changed = takeTenants(state, tenants, before);
      if (isWhole) markDropped(state, before);
      else rebuildCallers(state, changed);
      for (const key of keys) {
        const known = before.byId.get(key.id);
        removeKey(state, key.id);
        if (!("gone" in key)) addKey(state, key, known);
      }
      origins = new Set(state.origins.keys());
    },
    find: (text, now) => {
      const entry = recent.get(text) ?? look(text);
      return entry && now >= entry.expiresAt ? "expired" : entry?.caller;
    },
    tenant: (id) => state.tenants.get(id),
    describesTenants: () => state.tenants.size > (state.tenants.has(usualRights.tenant) ? 1 : 0),
    origins: () => origins,
  };
}

const mostRecent = 1_024;

function emptyState(): State {
  return {
    tenants: new Map(),
    byId: new Map(),
    byHash: new Map(),
    origins: new Map(),
    scopes: new Map(),
  };
}

/** Returns whose content is another than before: one that is read again as it was stays the same object. */
function takeTenants(state: State, tenants: readonly TenantChange[], before: State): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const tenant of tenants) {
    const known = before.tenants.get(tenant.id);
    const now = "gone" in tenant ? "gone" : tenant;
    const isSame = isDeepStrictEqual(known, now);
    state.tenants.set(tenant.id, isSame && known ? known : now);
    if (!isSame) changed.add(tenant.id);
  }
  return changed;
}

/** Who is not among all of them any more is gone. */
function markDropped({ tenants }: State, before: State): void {
  for (const id of before.tenants.keys()) {
    if (!tenants.has(id)) tenants.set(id, "gone");
  }
}

/** A caller holds its tenant, so the callers of a changed tenant are built anew. */
function rebuildCallers(state: State, changed: ReadonlySet<string>): void {
  if (changed.size === 0) return;
  for (const known of state.byId.values()) {
    if (changed.has(known.key.tenant)) enter(state, known.key, known);
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

function addKey(state: State, key: KeyRecord, known: Entry | undefined): void {
  enter(state, key, known);
  for (const origin of key.origins) state.origins.set(origin, (state.origins.get(origin) ?? 0) + 1);
}

/** What is remembered of a caller is remembered of the object, so it stays while nothing of it changes. */
function enter(state: State, key: KeyRecord, known: Entry | undefined): void {
  const found = state.tenants.get(key.tenant);
  const tenant = found === "gone" ? undefined : found;
  const isSame = known?.caller?.tenant === tenant && isDeepStrictEqual(known?.key, key);
  const caller = isSame ? known?.caller : tenant && buildCaller(key, tenant, sharedScopes(state, key.scopes));
  const entry = { key, caller, expiresAt: key.expiresAt ?? Number.POSITIVE_INFINITY };
  state.byId.set(key.id, entry);
  state.byHash.set(key.hash, entry);
}

function buildCaller(key: KeyRecord, tenant: Tenant, scopes: ReadonlySet<Scope>): Caller {
  const { id, origins, limits, expiresAt } = key;
  const models = key.models === "all" ? "all" : new Set(key.models);
  return { id, tenant, scopes, models, origins, limits, ...(expiresAt !== undefined && { expiresAt }) };
}

function sharedScopes({ scopes }: State, names: readonly Scope[]): ReadonlySet<Scope> {
  const label = names.join(" ");
  const shared = scopes.get(label) ?? new Set(names);
  scopes.set(label, shared);
  return shared;
}
