import { createHash } from "node:crypto";
import { hashKey } from "#gateway/records/api-key.ts";
import { migrations } from "#gateway/records/open-records.ts";
import { type Database, openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { type TenantName, tenants } from "./configuration.ts";

/** Every key of the bench by its number, the same in the process that sends and in the database. */
export function benchKey(tenant: TenantName, number: number): string {
  const secret = createHash("sha256").update(`${tenant} ${number}`).digest("base64url").slice(0, 32);
  return `tw_${idOf(tenant, number)}_${secret}`;
}

export const keyLength = 48;

/** Stores both tenants: the bounded one with so many keys, the other with the one that all its requests show. */
export async function storeBenchKeys(url: string, many: number, signal: AbortSignal): Promise<void> {
  await using database = await openDatabase({ url, statementTimeoutMs: 60_000, answerTimeoutMs: 70_000 });
  await migrate(database, migrations, { signal });
  await storeTenant(database, "bounded", many, signal);
  await storeTenant(database, "rated", 1, signal);
}

/** In one statement, as a hundred thousand would take as many round trips. */
async function storeTenant(
  database: Database,
  tenant: TenantName,
  many: number,
  signal: AbortSignal,
): Promise<void> {
  const { limits, keyLimits, monthly } = tenants[tenant];
  await database.query(
    "INSERT INTO tenants (id, limits, monthly_images, monthly_nano_usd) VALUES ($1, $2, $3, $3)",
    [tenant, limits, monthly],
    { signal },
  );
  const numbers = Array.from({ length: many }, (_, number) => number);
  const ids = numbers.map((number) => idOf(tenant, number));
  const hashes = numbers.map((number) => hashKey(benchKey(tenant, number)));
  const text = `INSERT INTO api_keys (id, name, hash, tenant, scopes, limits)
    SELECT id, 'bench', hash, $3, '{infer,metrics}', $4 FROM unnest($1::text[], $2::text[]) AS given (id, hash)`;
  await database.query(text, [ids, hashes, tenant, keyLimits], { signal });
}

/** The first digit is the tenant's, so that no two keys have the same id. */
function idOf(tenant: TenantName, number: number): string {
  return Object.keys(tenants).indexOf(tenant).toString() + number.toString(16).padStart(11, "0");
}
