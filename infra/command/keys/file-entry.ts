import { type KeyRecord, usualRights } from "#gateway/records/api-key.ts";

/** A key as one line of keys.yaml, which is JSON but for the names of its fields; what is usual is left out. */
export function fileEntry({ id, name, hash, tenant, scopes, models, origins, expiresAt }: KeyRecord): string {
  const isUsual = scopes.join() === usualRights.scopes.join();
  const fields = {
    id,
    name,
    hash,
    ...(tenant !== usualRights.tenant && { tenant }),
    ...(!isUsual && { scopes }),
    ...(models !== "all" && { models }),
    ...(origins.length > 0 && { origins }),
    ...(expiresAt !== undefined && { expires: new Date(expiresAt).toISOString() }),
  };
  const written = Object.entries(fields).map(([field, value]) => `${field}: ${JSON.stringify(value)}`);
  return `{ ${written.join(", ")} }`;
}
