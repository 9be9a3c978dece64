import { z } from "zod";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { deviceId } from "#infra/runtime/devices/words.ts";
import { deviceLabel, enrolmentTerms } from "../../records/enrolments.ts";

/** What the administrators' door takes and gives of who devices are; the API's description is made from these. */

export const enrolmentBody = enrolmentTerms
  .extend({
    for: durationUpTo("30d").prefault("24h").describe("how long the token is good, if nobody comes with it"),
  })
  .strict();

/** The token is in this answer and nowhere else. */
export const enrolmentAnswer = z.object({
  id: z.string(),
  token: z
    .string()
    .describe(
      "Behind its last dot the first root's fingerprint, where the gateway has a repository; without it the device has to bring the root",
    ),
  expires_at: z.string(),
});

export const deviceParams = z.object({ id: deviceId });

export const labelBody = z.strictObject({
  label: deviceLabel.nullable().describe("null takes it away"),
});

export const deviceAnswer = z.object({
  id: z.string(),
  state: z.enum(["active", "set_aside", "revoked"]),
  label: z.string().nullable(),
  hardware: z.string(),
  agent: z.string(),
  models: z.array(z.string()).describe("Empty where it has all that are published"),
  created_at: z.string(),
  last_seen_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  set_aside: z
    .object({ at: z.string(), why: z.string() })
    .nullable()
    .describe("Since when and why nothing is taken from it"),
  keys: z.array(
    z.object({
      thumbprint: z.string(),
      ends_at: z.string().nullable().describe("Of one that was exchanged: until when it is good"),
    }),
  ),
});
