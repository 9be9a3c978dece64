import { z } from "zod";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { usualRights } from "../records/api-key.ts";
import { concurrency, originList, rateList, scopeList, tenantId } from "../records/rights.ts";

/** Signatures that only the issuer can make: with a shared secret whoever checks a token could also write one. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

/** Without TLS anybody on the way could give us keys of their own. */
const address = z
  .string()
  .max(500)
  .refine(isTrustworthy, "expected an https:// address; http:// is for this machine alone");

const audience = z.string().min(1).max(200);

const claim = z.string().min(1).max(200);

/** Who else may say who is asking: an issuer of OpenID Connect or OAuth tokens, and how far it is believed. */
export const jwtIssuer = z
  .strictObject({
    /** As its tokens write it, to the letter. */
    issuer: address,
    /** What its tokens must be for. */
    audience: z.union([audience.transform((one) => [one]), z.array(audience).min(1).max(20)]),
    /** Where its keys are; found by its OpenID configuration if it is left out. */
    jwks: address.optional(),
    algorithms: z.array(z.enum(algorithms)).min(1).default(["RS256", "PS256", "ES256", "EdDSA"]),
    /** How far its clock and ours may be apart. */
    clockSkew: durationUpTo("5m").prefault("60s"),
    /** Which claims say what. */
    claims: z
      .strictObject({
        tenant: claim.default("tenant"),
        scopes: claim.default("scope"),
        models: claim.default("models"),
      })
      .prefault({}),
    /** The tenants that it may speak for; those on record but the operators' own, if it is left out. */
    tenants: z.array(tenantId).min(1).max(10_000).optional(),
    /** For tokens that name no tenant. */
    defaultTenant: tenantId.optional(),
    /** The most that its tokens may do. */
    scopes: scopeList.default(["infer", "usage"]),
    /** Pages of browsers that may use its tokens. */
    origins: originList.default([]),
    /** Of each subject. */
    limits: rateList.default([]),
    concurrency: concurrency.exactOptional(),
  })
  .refine(({ tenants, defaultTenant }) => !tenants || !defaultTenant || tenants.includes(defaultTenant), {
    path: ["defaultTenant"],
    error: "expected one of tenants",
  })
  .refine(({ tenants, scopes }) => tenants !== undefined || !scopes.includes("admin"), {
    path: ["scopes"],
    error: "an issuer whose tokens may administer says for which tenants: expected tenants beside it",
  });

/** The operators' tenant is no claim's to choose: the issuer must list it. */
export function maySpeakFor({ tenants }: JwtIssuer, tenant: string): boolean {
  return tenants ? tenants.includes(tenant) : tenant !== usualRights.tenant;
}

export type JwtIssuer = z.output<typeof jwtIssuer>;

/** https, or http to the machine itself. */
export function isTrustworthy(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  if (username !== "" || password !== "" || hash !== "") return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(text));
}

export function isLoopback(text: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(text).hostname);
}
