import { z } from "zod";
import { type KeyRights, keyName, usualRights } from "#gateway/records/api-key.ts";
import { modelList, originList, scopeList, tenantId } from "#gateway/records/rights.ts";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export const flagOptions = {
  file: { type: "boolean" },
  tenant: { type: "string" },
  scopes: { type: "string" },
  models: { type: "string" },
  origin: { type: "string", multiple: true },
  expires: { type: "string" },
  overlap: { type: "string" },
} as const;

export type KeyFlags = {
  readonly file?: boolean | undefined;
  readonly tenant?: string | undefined;
  readonly scopes?: string | undefined;
  readonly models?: string | undefined;
  readonly origin?: readonly string[] | undefined;
  readonly expires?: string | undefined;
  readonly overlap?: string | undefined;
};

const wanted = z.object({
  name: keyName,
  tenant: tenantId.default(usualRights.tenant),
  scopes: scopeList.default([...usualRights.scopes]),
  models: modelList.or(z.literal("all")).default("all"),
  origin: originList.default([]),
});

/** What the flags of `create` give a key, or everything that is wrong with them. */
export function readRights(
  name: string,
  flags: KeyFlags,
  now: number,
): { readonly name: string; readonly rights: KeyRights } {
  const { tenant, origin, scopes, models } = flags;
  const listed = models === undefined || models === "all" ? models : models.split(",");
  const read = wanted.safeParse({ name, tenant, origin, scopes: scopes?.split(","), models: listed });
  if (!read.success) {
    const problems = read.error.issues.map(({ path: [field], message }) => told(String(field), message));
    throw new TradewindError("parameter_invalid", [...new Set(problems)].join("; "));
  }
  const { name: checked, origin: origins, ...rest } = read.data;
  const expiresAt = readExpiry(flags.expires, now);
  const expiry = expiresAt === undefined ? {} : { expiresAt };
  return { name: checked, rights: { ...rest, origins, limits: usualRights.limits, ...expiry } };
}

const lifetime = durationUpTo("3650d");
const moment = z.iso.datetime({ offset: true });

/** `90d`, or a moment such as `2030-01-31T00:00:00Z`. */
export function readExpiry(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const after = lifetime.safeParse(text);
  if (after.success) return now + after.data;
  if (!moment.safeParse(text).success) throw wrong("--expires: expected 90d or 2030-01-31T00:00:00Z");
  const at = Date.parse(text);
  if (at <= now) throw wrong("--expires: this moment is over");
  return at;
}

const overlap = durationUpTo("90d");
const usualOverlap = 86_400_000;

/** How long an old key works on; `0` ends it at once. */
export function readOverlap(text: string | undefined): number {
  if (text === undefined) return usualOverlap;
  if (/^0+[a-z]*$/.test(text)) return 0;
  const read = overlap.safeParse(text);
  if (read.success) return read.data;
  throw wrong("--overlap: expected a duration up to 90d, such as 24h, or 0");
}

function told(field: string, message: string): string {
  return field === "name" ? message : `--${field}: ${message}`;
}

function wrong(message: string): TradewindError {
  return new TradewindError("parameter_invalid", message);
}
