import { hash } from "node:crypto";
import type { JWTPayload } from "jose";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Caller, scopes as knownScopes, type TenantOnRecord, unboundedTenant } from "../caller.ts";
import { keptLimits, tenantId as tenantPattern } from "../records/rights.ts";
import { type JwtIssuer, maySpeakFor } from "./bearer-issuer.ts";

/** What a token allows; the tenant is looked up at each use, since its bounds may change while the token lives. */
export type Grant = Omit<Caller, "tenant"> & {
  readonly expiresAt: number;
  readonly tenantId: string;
  /** Whether the configuration names the tenant, so that it need not be on record. */
  readonly isNamed: boolean;
};

/** A token that is genuine is still believed only as far as its issuer is. */
export function grantOf(payload: JWTPayload, issuer: JwtIssuer): Grant {
  const tenantId = tenantOf(payload, issuer);
  return {
    ...namesOf(payload.sub, issuer),
    expiresAt: Math.min((payload.exp ?? 0) * 1_000, lastMoment),
    tenantId,
    isNamed: tenantId === issuer.defaultTenant || (issuer.tenants?.includes(tenantId) ?? false),
    scopes: scopesOf(payload, issuer),
    models: modelsOf(payload, issuer),
    origins: issuer.origins,
    limits: keptLimits(issuer),
  };
}

/** The last one that a date can be. */
const lastMoment = 8.64e15;

type Known = { readonly caller: Caller; readonly onRecord: TenantOnRecord };

/** A grant is one caller until its tenant changes: what is remembered of a caller is remembered of the object. */
const callers = new WeakMap<Grant, Known>();

export function callerOf(grant: Grant, find: (id: string) => TenantOnRecord): Caller {
  const onRecord = find(grant.tenantId);
  const known = callers.get(grant);
  if (known && known.onRecord === onRecord) return known.caller;
  if (onRecord === "gone") throw refusedToken("it is for a tenant that was deleted");
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

/**
 * A subject may be a person's name or address, so what stands in logs and usage is a digest of it; with the issuer's
 * path, since one host may have many issuers and each its own subjects.
 */
function namesOf(sub: unknown, { issuer }: JwtIssuer): { readonly id: string; readonly subject: string } {
  const { host, pathname } = new URL(issuer);
  const subject = readableOf(sub, `${host}${pathname.replace(/\/$/, "")}`);
  return { id: `${host}:${hash("sha256", `${pathname}\n${sub}`, "hex").slice(0, 16)}`, subject };
}

function readableOf(subject: unknown, issuer: string): string {
  if (typeof subject !== "string" || subject === "") throw refusedToken("it names no subject");
  const id = `${issuer}:${subject}`;
  if (id.length > longestId) throw refusedToken("its subject is too long");
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(id) || !id.isWellFormed()) {
    throw refusedToken("its subject has characters that no name has");
  }
  return id;
}

function tenantOf(payload: JWTPayload, issuer: JwtIssuer): string {
  const { claims, defaultTenant } = issuer;
  const claimed = claimIn(payload, claims.tenant);
  if (claimed === undefined && defaultTenant !== undefined) return defaultTenant;
  if (claimed === undefined) throw refusedToken(`it has no claim ${JSON.stringify(claims.tenant)}`);
  const { success, data: tenant } = tenantPattern.safeParse(claimed);
  if (!success) throw refusedToken(`its claim ${JSON.stringify(claims.tenant)} is no name of a tenant`);
  if (!maySpeakFor(issuer, tenant)) throw refusedToken("its issuer may not speak for that tenant");
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
