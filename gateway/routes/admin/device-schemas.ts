import { z } from "zod";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { deviceId, failureCauses } from "#infra/runtime/devices/words.ts";
import { sightStates } from "../../devices/device-sight.ts";
import { gate, ringList, rolloutStates, usualGate, usualRings } from "../../devices/rings/rollout.ts";
import { rolloutTurns } from "../../records/edge-rollouts.ts";
import { modelName } from "../../records/rights.ts";

/** What the administrators' door takes and gives of devices; the API's description is made from these. */

const count = z.int().min(0);

const release = z
  .int()
  .min(1)
  .max(2 ** 31);

const moment = z.string();

export const deviceQuery = z.strictObject({
  model: modelName.exactOptional().describe("Only what is about this model"),
  label: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected a label")
    .exactOptional(),
  failed: z.enum(["true", "false"]).default("false").describe("Only devices on which something failed"),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, "expected a number from 1 to 1000")
    .transform(Number)
    .refine((most) => most <= 1_000, { error: "expected a number from 1 to 1000" })
    .default(100),
  cursor: deviceId.exactOptional().describe("The `next_cursor` of the page before"),
});

export const deviceListAnswer = z.object({
  devices: z.array(
    z.object({
      device: z.string(),
      label: z.string().nullable(),
      hardware: z.string(),
      agent: z.string(),
      last_seen: moment.nullable(),
      liveness: z
        .enum(["fresh", "stale", "offline", "set_aside"])
        .describe("Stale after two polls of silence, offline after five"),
      set_aside: z.object({ at: moment, why: z.string() }).nullable(),
      trouble: z.string().nullable().describe("Why its updates rest, as it says"),
      models: z.array(
        z.object({
          model: z.string(),
          state: z.enum(sightStates),
          desired: release.nullable().describe("What it was told to run; null leaves what runs"),
          why: z.enum(["rollout", "pinned", "rollback", "paused", "steady"]).nullable(),
          reported: release.nullable().describe("What it says to run"),
          version: z.string().nullable(),
          reported_at: moment.nullable(),
          failure: z.object({ cause: z.enum(failureCauses), release, detail: z.string() }).nullable(),
          agreement: z.number().nullable().describe("With the golden answers, from 0 to 1"),
          images: count.nullable(),
          p95_ms: z.number().nullable(),
          lag_ms: count.nullable().describe("For how long it has not been running what it was told to"),
        }),
      ),
    }),
  ),
  next_cursor: z.string().nullable(),
});

export const deviceSumAnswer = z.object({
  models: z.array(
    z.object({
      model: z.string(),
      devices: count,
      states: z.record(z.enum(sightStates), count),
      releases: z.array(z.object({ release, desired: count, reported: count })),
      failures: z.array(z.object({ cause: z.string(), release, devices: count })),
      lag: z.object({ devices: count, p50_ms: count, most_ms: count }).nullable(),
    }),
  ),
});

export const rolloutAnswer = z.object({
  rollout: z.string(),
  model: z.string(),
  release,
  state: z.enum(rolloutStates),
  why: z.string().describe("What the ring in hand waits for, or why it ended, with every count"),
  actor: z.string(),
  note: z.string(),
  ring: z.int().min(1).describe("The ring in hand"),
  ring_since: moment,
  rings: z.array(
    z.object({
      ring: z.string().describe("Its share, or its label"),
      devices: count,
      live: count,
      trying: count,
      succeeded: count,
      hindered: count.describe("By the network, the disk or the clock, which says nothing of the release"),
      failed: count,
      causes: z.record(z.string(), count),
      agreement: z.number().nullable(),
    }),
  ),
  gate: z.object({
    least: count,
    soak_ms: count,
    max_failures: z.number(),
    min_agreement: z.number().nullable(),
  }),
  started_at: moment,
  ended_at: moment.nullable(),
});

export const rolloutQuery = z.strictObject({
  model: modelName.exactOptional(),
  all: z.enum(["true", "false"]).default("false").describe("With those that came before the latest"),
});

export const rolloutListAnswer = z.object({ rollouts: z.array(rolloutAnswer) });

export const rolloutBody = z.strictObject({
  model: modelName,
  release,
  rings: ringList.default([...usualRings]),
  least: gate.shape.least.default(usualGate.least),
  soak: z
    .literal("0")
    .transform(() => 0)
    .or(durationUpTo("30d"))
    .default(usualGate.soakMs)
    .describe("How long a ring must hold after the least have tried"),
  max_failures: gate.shape.maxFailures.default(usualGate.maxFailures),
  min_agreement: z
    .number()
    .min(0)
    .max(1)
    .exactOptional()
    .describe("With the golden answers, in the mean of a ring"),
  note: z.string().max(500).default(""),
});

export const turnParams = z.object({ model: modelName, turn: z.enum(rolloutTurns) });

export const pinParams = z.object({ id: deviceId, model: modelName });

export const pinBody = z.strictObject({ release });
