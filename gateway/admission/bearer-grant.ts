import type { JWTPayload } from "jose";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Caller, scopes as knownScopes, type Tenant, unboundedTenant } from "../caller.ts";
import { keptLimits, tenantId as tenantPattern } from "../records/rights.ts";
import type { JwtIssuer } from "./bearer-issuer.ts";

/** What a token allows; the tenant is looked up at each use, since its bounds may change while the token lives. */
export type Grant = Omit<Caller, "tenant"> & {
  readonly tenantId: string;
  /** Whether the configuration names the tenant, so that it need not be on record. */
  readonly isNamed: boolean;
};

/** A token that is genuine is still believed only as far as its issuer is. */
export function grantOf(payload: JWTPayload, issuer: JwtIssuer): Grant {
  const tenantId = tenantOf(payload, issuer);
  return {
    id: idOf(payload.sub, issuer),
    tenantId,
    isNamed: tenantId === issuer.defaultTenant || (issuer.tenants?.includes(tenantId) ?? false),
    scopes: scopesOf(payload, issuer),
    models: modelsOf(payload, issuer),
    origins: issuer.origins,
    limits: keptLimits(issuer),
  };
}

type Known = { readonly caller: Caller; readonly onRecord: Tenant | undefined };

/** A grant is one caller until its tenant changes: what is remembered of a caller is remembered of the object. */
const callers = new WeakMap<Grant, Known>();

export function callerOf(grant: Grant, find: (id: string) => Tenant | undefined): Caller {
  const onRecord = find(grant.tenantId);
  const known = callers.get(grant);
  if (known && known.onRecord === onRecord) return known.caller;
  const { tenantId, isNamed, ...rest } = grant;
  const tenant = onRecord ?? (isNamed ? unboundedTenant(tenantId) : undefined);
  if (!tenant) throw refusedToken("it is for a tenant that is not known here");
  const caller = { ...rest, tenant };
  callers.set(grant, { caller, onRecord });
  return caller;
}

/** The message goes to whoever sent the token, and must not repeat what was in it. */
export function refusedToken(why: string, cause?: unknown): TradewindError {
  return new TradewindError("token_invalid", `the token is refused: ${why}`, { cause });
}

const longestId = 200;

/** With the issuer's path, since one host may have many issuers and each its own subjects. */
function idOf(subject: unknown, { issuer }: JwtIssuer): string {
  if (typeof subject !== "string" || subject === "") throw refusedToken("it names no subject");
  const { host, pathname } = new URL(issuer);
  const id = `${host}${pathname.replace(/\/$/, "")}:${subject}`;
  if (id.length > longestId) throw refusedToken("its subject is too long");
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(id) || !id.isWellFormed()) {
    throw refusedToken("its subject has characters that no name has");
  }
  return id;
}

function tenantOf(payload: JWTPayload, { claims, tenants, defaultTenant }: JwtIssuer): string {
  const said = claimIn(payload, claims.tenant);
  const claimed = said === undefined ? defaultTenant : said;
  if (claimed === undefined) throw refusedToken(`it has no claim ${JSON.stringify(claims.tenant)}`);
  const { success, data: tenant } = tenantPattern.safeParse(claimed);
  if (!success) throw refusedToken(`its claim ${JSON.stringify(claims.tenant)} is no name of a tenant`);
  if (tenants && !tenants.includes(tenant)) throw refusedToken("its issuer may not speak for that tenant");
  return tenant;
}

function scopesOf(payload: JWTPayload, { claims, scopes }: JwtIssuer): Caller["scopes"] {
  const claimed = wordsIn(payload, claims.scopes) ?? [];
  return new Set(knownScopes.filter((scope) => scopes.includes(scope) && claimed.includes(scope)));
}

function modelsOf(payload: JWTPayload, { claims }: JwtIssuer): Caller["models"] {
  const claimed = wordsIn(payload, claims.models);
  return claimed ? new Set(claimed) : "all";
}

/** Words with spaces between them, as OAuth writes scopes, or a list, as some issuers do. */
function wordsIn(payload: JWTPayload, name: string): readonly string[] | undefined {
  const claimed = claimIn(payload, name);
  if (claimed === undefined) return undefined;
  if (typeof claimed === "string") return claimed.split(" ").filter((word) => word !== "");
  if (Array.isArray(claimed) && claimed.every((word) => typeof word === "string")) return claimed;
  throw refusedToken(`its claim ${JSON.stringify(name)} is neither text nor a list of texts`);
}

function claimIn(payload: JWTPayload, name: string): unknown {
  return Object.hasOwn(payload, name) ? payload[name] : undefined;
}
