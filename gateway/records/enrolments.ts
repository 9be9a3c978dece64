import { hash } from "node:crypto";
import { z } from "zod";
import type { Chance } from "#infra/runtime/chance.ts";
import { thumbprintOf } from "#infra/runtime/devices/proof.ts";
import type { DeviceKey } from "#infra/runtime/devices/words.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { type Actor, refuseUnlessOperator } from "./actor.ts";
import { usualRights } from "./api-key.ts";
import { recordAudit } from "./audit.ts";
import { modelName } from "./rights.ts";
import { storable } from "./storable.ts";

type Options = { readonly signal?: AbortSignal };

/** One word that rings and lists know devices by. */
export const deviceLabel = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    "expected a label of 1 to 64 letters, digits, dots, dashes or underscores",
  );

/** One line, as lists show it. */
export const deviceWord = z
  .string()
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,100}$/u, "expected 1 to 100 characters without control characters");

/** What a device that is yet to come will be given. */
export const enrolmentTerms = z.object({
  /** None listed means all that are published. */
  models: z.array(modelName).max(100).default([]),
  label: deviceLabel.exactOptional(),
  /** Where it is said, the device must say the same of itself. */
  hardware: deviceWord.exactOptional(),
});

export type EnrolmentTerms = z.output<typeof enrolmentTerms>;

/** Its text is shown this once. */
export type NewEnrolment = { readonly text: string; readonly id: string; readonly expiresAt: Date };

export type CreateEnrolment = {
  readonly actor: Actor;
  readonly terms: EnrolmentTerms;
  readonly forMs: number;
  readonly chance: Pick<Chance, "bytes">;
};

/** One device may come with it, once. */
export async function createEnrolment(
  database: Database,
  { actor, terms, forMs, chance }: CreateEnrolment,
  options: Options = {},
): Promise<NewEnrolment> {
  refuseUnlessOperator(actor, "enrol devices");
  const id = `enr_${Buffer.from(chance.bytes(6)).toString("hex")}`;
  const secret = Buffer.from(chance.bytes(24)).toString("base64url");
  const { models, label = null, hardware = null } = terms;
  return await database.transaction(async (query) => {
    const text = `INSERT INTO enrolments (id, hash, models, label, hardware, actor, expires_at)
      VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
      ON CONFLICT DO NOTHING RETURNING expires_at`;
    const values = [id, hashOf(secret), [...models], label, hardware, actor.id, forMs / 1_000];
    const [made] = await query(text, values, { parse: (row) => expiry.parse(row) });
    if (!made) throw new TradewindError("record_exists", "a token of this id is there already: try again");
    const details = { models, label, hardware, expires_at: made.expires_at };
    await recordAudit(query, { actor, action: "enrolment.create", subject: id, tenant, details });
    return { text: `${id}.${secret}`, id, expiresAt: made.expires_at };
  }, options);
}

const tenant = usualRights.tenant;

const expiry = z.object({ expires_at: z.date() });

/** One read that tells those who make up tokens from those who were given one, be it spent or too old by now. */
export async function refuseUnknownToken(
  query: Query,
  token: EnrolDevice["token"],
  options: Options = {},
): Promise<void> {
  const text = "SELECT 1 FROM enrolments WHERE id = $1 AND hash = $2";
  if ((await query(text, [token.id, hashOf(token.secret)], options)).length === 0) throw useless();
}

export type EnrolDevice = {
  /** What stands before the second dot of a token, in its two parts. */
  readonly token: { readonly id: string; readonly secret: string };
  readonly key: DeviceKey;
  readonly hardware: string;
  readonly agent: string;
  /** The name that the device will have. */
  readonly device: string;
  /** Of the proof that it came with. */
  readonly first: { readonly number: number; readonly proof: string };
};

export type Enrolled = {
  readonly device: string;
  readonly models: readonly string[];
  /** The same device with the same key came with this token before, and may not have heard the answer. */
  readonly isAgain: boolean;
};

/** All or nothing: of many that come with one token at once, one key has it. */
export async function enrolDevice(
  database: Database,
  ask: EnrolDevice,
  options: Options = {},
): Promise<Enrolled> {
  const { token, key, hardware } = ask;
  return await database.transaction(async (query) => {
    const values = [token.id, hashOf(token.secret), hardware];
    const [terms] = await query(consume, values, { parse: (row) => consumed.parse(row) });
    if (!terms) return await enrolledBefore(query, ask);
    await insertDevice(query, ask, terms);
    const { device, agent } = ask;
    const thumbprint = thumbprintOf(key);
    const details = { enrolment: token.id, hardware, agent, thumbprint, ...terms };
    const actor = { id: `enrolment:${token.id}` };
    await recordAudit(query, { actor, action: "device.enrol", subject: device, tenant, details });
    return { device, models: terms.models, isAgain: false };
  }, options);
}

const consume = `UPDATE enrolments SET uses_left = uses_left - 1
  WHERE id = $1 AND hash = $2 AND uses_left > 0 AND expires_at > now() AND (hardware IS NULL OR hardware = $3)
  RETURNING models, label`;

const consumed = z.object({ models: z.array(z.string()), label: z.string().nullable() });

async function insertDevice(
  query: Query,
  { token, key, hardware, agent, device, first }: EnrolDevice,
  { models, label }: z.output<typeof consumed>,
): Promise<void> {
  const text = `INSERT INTO devices
      (id, enrolment, label, hardware, agent, models, last_number, last_proof, used_numbers, last_seen_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1::bit(512), now())`;
  const said = [storable(hardware), storable(agent)];
  await query(text, [device, token.id, label, ...said, models, first.number, first.proof]);
  const added = await query(
    "INSERT INTO device_keys (thumbprint, device, x) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING device",
    [thumbprintOf(key), device, key.x],
  );
  if (added.length === 0)
    throw refused("this key was enrolled before: a device makes a new one to enrol anew");
}

/** Over a bad line an answer gets lost: whoever has the token and the key that it was spent on is told again. */
async function enrolledBefore(query: Query, { token, key }: EnrolDevice): Promise<Enrolled> {
  const text = `SELECT device.id, device.models FROM devices device
    JOIN device_keys ON device_keys.device = device.id AND thumbprint = $3 AND ends_at IS NULL
    JOIN enrolments ON enrolments.id = device.enrolment WHERE enrolments.id = $1 AND hash = $2`;
  const values = [token.id, hashOf(token.secret), thumbprintOf(key)];
  const [found] = await query(text, values, { parse: (row) => enrolled.parse(row) });
  if (!found) throw useless();
  return { device: found.id, models: found.models, isAgain: true };
}

const enrolled = z.object({ id: z.string(), models: z.array(z.string()) });

/** A secret is long and random, so one plain hash hides it. */
function hashOf(secret: string): string {
  return hash("sha256", secret, "hex");
}

function useless(): TradewindError {
  return refused("the token is unknown, used up, too old or not for this hardware: ask for another");
}

function refused(message: string): TradewindError {
  return new TradewindError("enrolment_refused", message);
}
