import { z } from "zod";
import { durationUpTo, shareUpTo } from "#infra/runtime/config/units.ts";
import { named } from "../../config/names.ts";

/** Times of services are milliseconds with fractions, which durations don't have. */
const ms = z.number().min(0).max(3_600_000);
const deviation = z.number().min(0).max(3);
const moment = durationUpTo("366d");

const law = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.literal("batching"),
      baseMs: ms,
      perItemMs: ms,
      maxBatch: z.int().min(1).max(10_000).default(16),
    }),
    z.strictObject({ kind: z.literal("parallel"), ms, workers: z.int().min(1).max(10_000) }),
    z.strictObject({ kind: z.literal("linear"), baseMs: ms, perInFlightMs: ms }),
    z.strictObject({
      kind: z.literal("samples"),
      measured: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "expected the name of a file in measured/, without .json"),
      factor: z.number().positive().max(1_000).default(1).describe("so many times what was measured"),
    }),
  ],
  { error: ({ code }) => (code === "invalid_union" ? lawForm : undefined) },
);

const lawForm = "expected a law whose kind is batching, parallel, linear or samples";

const drift = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.literal("sine"),
      period: moment,
      share: shareUpTo(0.95).describe("how much slower and faster it becomes"),
    }),
    z.strictObject({ kind: z.literal("walk"), back: moment, deviation }),
  ],
  {
    error: ({ code }) =>
      code === "invalid_union" ? "expected a drift whose kind is sine or walk" : undefined,
  },
);

/** How one provider's backends really are; whatever is not said follows from what the provider declares. */
const service = z.strictObject({
  law: law.exactOptional(),
  noise: deviation.default(0.1),
  outliers: z
    .strictObject({ share: shareUpTo(1), factor: z.number().min(1).max(1_000) })
    .exactOptional()
    .describe("a few that take much longer, whatever the reason"),
  drift: drift.exactOptional(),
  rttMs: ms.default(2),
  jitter: deviation.default(0.1),
  mbitPerS: z.number().positive().max(1_000_000).default(1_000),
  instances: z.int().min(1).max(10_000).default(1).describe("of one that is provisioned, how many stand"),
  mostInstances: z.int().min(1).max(10_000).exactOptional(),
  perInstance: z.int().min(1).max(100_000).exactOptional(),
  queue: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1_000)
    .describe("requests that wait while all instances are full"),
  retryAfter: durationUpTo("1h").prefault("1s"),
  coldNoise: deviation.default(0.2),
  stopsOnAbort: z.boolean().default(false),
});

export type ServiceSettings = z.output<typeof service>;

const span = { backend: z.string().min(1).max(80), from: moment.exactOptional(), to: moment };

const faultForm = "expected a fault whose kind is down, slow, errors, hang, full, latency or price";

const fault = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({ kind: z.literal("down"), ...span }),
      z.strictObject({ kind: z.literal("slow"), ...span, factor: z.number().positive().max(10_000) }),
      z.strictObject({ kind: z.literal("errors"), ...span, share: shareUpTo(1) }),
      z.strictObject({ kind: z.literal("hang"), ...span }),
      z.strictObject({ kind: z.literal("full"), ...span, retryAfter: durationUpTo("1h").prefault("1s") }),
      z.strictObject({ kind: z.literal("latency"), ...span, ms }),
      z.strictObject({ kind: z.literal("price"), ...span, factor: z.number().positive().max(10_000) }),
    ],
    { error: ({ code }) => (code === "invalid_union" ? faultForm : undefined) },
  )
  .refine(({ from = 0, to }) => from < to, { path: ["to"], error: "expected a time after from" });

export type FaultSettings = z.output<typeof fault>;

/** What a fleet file has beside a configuration. */
export const simulation = z.strictObject({
  providers: named(service).prefault({}),
  faults: z.array(fault).max(10_000).default([]),
});

export type SimulationSettings = z.output<typeof simulation>;

export const usualService: ServiceSettings = service.parse({});
