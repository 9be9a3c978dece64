import type { Database } from "#infra/runtime/postgres/database.ts";

/** Notes when keys were last used, by key id and in milliseconds since 1970; an older use than is known changes nothing. */
export async function touchKeys(
  database: Database,
  uses: ReadonlyMap<string, number>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  // Rows are locked in one order, or two gateways with the same keys could wait for each other.
  const text = `WITH used AS (
      SELECT key.id, use.at FROM api_keys key
      JOIN (SELECT id, to_timestamp(ms / 1000) AS at FROM unnest($1::text[], $2::float8[]) AS given (id, ms)) use
        ON use.id = key.id
      WHERE key.last_used_at IS NULL OR key.last_used_at < use.at
      ORDER BY key.id FOR NO KEY UPDATE OF key
    )
    UPDATE api_keys SET last_used_at = used.at FROM used WHERE api_keys.id = used.id`;
  const all = [...uses];
  for (let from = 0; from < all.length; from += mostTouched) {
    const some = all.slice(from, from + mostTouched);
    await database.query(text, [some.map(([id]) => id), some.map(([, ms]) => ms)], options);
  }
}

const mostTouched = 10_000;
