import { z } from "zod";
import { parseYaml } from "#infra/runtime/config/parse-yaml.ts";
import { readText } from "#infra/runtime/config/read-text.ts";
import { type Tenant, unboundedTenant } from "../caller.ts";
import { type KeyRecord, keyId, keyName, usualRights } from "./api-key.ts";
import { concurrency, keptLimits, modelList, originList, rateList, scopeList, tenantId } from "./rights.ts";
import { keptTenant, retentionDays, tenantBounds } from "./tenant-bounds.ts";

export type KeyFile = { readonly tenants: readonly Tenant[]; readonly keys: readonly KeyRecord[] };

const tenant = tenantBounds.extend({ retentionDays: retentionDays.default(365) });

const key = z.strictObject({
  id: keyId,
  name: keyName,
  hash: z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hexadecimal, not the key itself"),
  tenant: tenantId.default(usualRights.tenant),
  scopes: scopeList.default([...usualRights.scopes]),
  models: modelList.or(z.literal("all")).default("all"),
  origins: originList.default([]),
  expires: z.iso
    .datetime({ offset: true, error: "expected a moment such as 2030-01-31T00:00:00Z" })
    .exactOptional(),
  limits: rateList.default([]),
  concurrency: concurrency.exactOptional(),
});

const KeyFile = z
  .strictObject({
    tenants: z.record(tenantId, tenant).default({}),
    keys: z.array(key).min(1, "expected at least one key; tradewind keys create NAME --file prints one"),
  })
  .superRefine(namesMeet);

/** Keys for a gateway without a database: hashes in a file that may be committed or mounted. */
export function readKeyFileText(file: string): Promise<string> {
  return readText(file, { what: `the keys in ${file}` });
}

/** A bare entry is a key of the tenant `default` for all models, and `default` is there without being described. */
export function parseKeyFile(text: string, { file }: { readonly file: string }): KeyFile {
  const { tenants, keys } = parseYaml(text, KeyFile, { file });
  const described = Object.entries(tenants).map(([id, { retentionDays, ...bounds }]) =>
    keptTenant(id, bounds, retentionDays),
  );
  const hasDefault = Object.hasOwn(tenants, usualRights.tenant);
  return {
    tenants: hasDefault ? described : [unboundedTenant(usualRights.tenant), ...described],
    keys: keys.map(keptKey),
  };
}

function keptKey({ limits, concurrency, expires, ...rest }: z.output<typeof key>): KeyRecord {
  return {
    ...rest,
    limits: keptLimits(concurrency === undefined ? { limits } : { limits, concurrency }),
    ...(expires !== undefined && { expiresAt: Date.parse(expires) }),
  };
}

type Written = {
  readonly tenants: Readonly<Record<string, unknown>>;
  readonly keys: readonly { readonly id: string; readonly hash: string; readonly tenant: string }[];
};

/** A mistyped tenant would be one without bounds, and of two keys with one id or hash only one would open the door. */
function namesMeet({ tenants, keys }: Written, context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, { id, hash, tenant }] of keys.entries()) {
    const add = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: ["keys", index, field], message });
    if (tenant !== usualRights.tenant && !Object.hasOwn(tenants, tenant))
      add("tenant", `tenant "${tenant}" is not described under tenants`);
    if (seen.has(id)) add("id", `key ${id} is in this file already`);
    if (seen.has(hash)) add("hash", "this hash is in this file already");
    seen.add(id).add(hash);
  }
}
