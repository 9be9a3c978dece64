import { z } from "zod";
import type { Database } from "#infra/runtime/postgres/database.ts";

type Options = { readonly signal?: AbortSignal };

/** Who calls, as all behind the door see it. */
export type KnownDevice = {
  readonly id: string;
  readonly label: string | undefined;
  readonly hardware: string;
  /** None listed means all that are published. */
  readonly models: readonly string[];
  /** Thumbprint of the key that it came with. */
  readonly kid: string;
};

export type TakeNumber = {
  readonly device: string;
  readonly kid: string;
  readonly number: number;
  /** The proof's own id. */
  readonly proof: string;
};

/** So many numbers up to the highest are remembered one by one: calls that go out together arrive in any order. */
export const rememberedNumbers = 512;

/**
 * Takes the number of a proof, once over all gateways, and lets the device in: in one statement, which looks at the same
 * moment whether it is revoked, set aside, or its key has ended. Undefined where any of that keeps it out.
 */
export async function takeNumber(
  database: Database,
  { device, kid, number, proof }: TakeNumber,
  options: Options = {},
): Promise<KnownDevice | undefined> {
  const parse = (row: unknown): KnownDevice => {
    const { label, ...rest } = known.parse(row);
    return { ...rest, label: label ?? undefined, kid };
  };
  const [taken] = await database.query(take, [device, kid, number, proof], { ...options, parse });
  return taken;
}

/**
 * What a crash of the database forgets here are the numbers of its last half second, and the proofs that had them are
 * remembered elsewhere for longer: nobody has to wait for the disk.
 */
const take = `WITH unhurried AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
  UPDATE devices SET last_seen_at = now(),
    last_number = greatest(last_number, $3),
    last_proof = CASE WHEN $3 > last_number THEN $4 ELSE last_proof END,
    used_numbers = CASE
      WHEN $3 > last_number
        THEN set_bit(used_numbers << least($3 - last_number, ${rememberedNumbers})::int, ${rememberedNumbers - 1}, 1)
      ELSE set_bit(used_numbers, ${rememberedNumbers - 1} - (last_number - $3)::int, 1)
    END
  FROM unhurried, device_keys
  WHERE devices.id = $1 AND device_keys.device = devices.id AND thumbprint = $2
    AND (ends_at IS NULL OR ends_at > now()) AND revoked_at IS NULL AND set_aside_at IS NULL
    AND CASE
      WHEN $3::bigint > last_number THEN true
      WHEN $3 <= last_number - ${rememberedNumbers} THEN false
      ELSE get_bit(used_numbers, ${rememberedNumbers - 1} - (last_number - $3)::int) = 0
    END
  RETURNING devices.id, label, hardware, models`;

const known = z.object({
  id: z.string(),
  label: z.string().nullable(),
  hardware: z.string(),
  models: z.array(z.string()),
});

/** Why a number was not taken. */
export type NotTaken =
  | { readonly why: "unknown" | "revoked" | "key_ended" }
  | { readonly why: "set_aside"; readonly reason: string }
  /** By this very proof, by one that may have been this, by another one; or it is too far below the highest to tell. */
  | { readonly why: "used"; readonly by: "same" | "unsure" | "other" }
  | { readonly why: "far_below" };

export async function whyNotTaken(
  database: Database,
  { device, kid, number, proof }: TakeNumber,
  options: Options = {},
): Promise<NotTaken> {
  const text = `SELECT revoked_at IS NOT NULL AS revoked, set_aside_why, last_number, last_proof,
      coalesce(ends_at <= now(), false) AS ended
    FROM devices JOIN device_keys ON device = id AND thumbprint = $2 WHERE id = $1`;
  const [found] = await database.query(text, [device, kid], {
    ...options,
    parse: (row) => standing.parse(row),
  });
  if (!found) return { why: "unknown" };
  if (found.revoked) return { why: "revoked" };
  if (found.set_aside_why !== null) return { why: "set_aside", reason: found.set_aside_why };
  if (found.ended) return { why: "key_ended" };
  if (number <= found.last_number - rememberedNumbers) return { why: "far_below" };
  if (number !== found.last_number) return { why: "used", by: "unsure" };
  return { why: "used", by: proof === found.last_proof ? "same" : "other" };
}

const standing = z.object({
  revoked: z.boolean(),
  set_aside_why: z.string().nullable(),
  last_number: z.coerce.number(),
  last_proof: z.string(),
  ended: z.boolean(),
});
