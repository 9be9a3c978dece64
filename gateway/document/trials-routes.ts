import { z } from "zod";
import { describeRoute } from "./describe-route.ts";

const row = z.object({
  backend: z.string().describe("The provider"),
  agreement: z.number().nullable().describe("From 0 to 1, on average; null where nothing was compared"),
  p50_ms: z.number().nullable(),
  p99_ms: z.number().nullable(),
  usd_per_million: z.number().nullable().describe("What a million more images there would add to the bill"),
  errors: z.number().nullable().describe("The share of requests that it failed"),
  samples: z.int().min(0),
});

const candidate = z.object({
  ...row.shape,
  kind: z.enum(["canary", "shadow"]),
  share: z.number(),
  verdict: z.enum(["advance", "hold", "roll back"]),
  why: z.string(),
  confidence: z.number(),
});

const drifting = z.object({
  backend: z.string(),
  is_barred: z.boolean().describe("Taken out of choice by one gateway at least"),
  why: z.string(),
});

export const trialsAnswer = z.object({
  kept_by: z
    .enum(["fleet", "process"])
    .describe("`process` where there is no database: what this process found since its start"),
  trials: z
    .array(
      z.object({
        model: z.string(),
        incumbents: z.array(row).describe("Who answers as a rule"),
        candidates: z.array(candidate).describe("Who is tried out"),
        drifting: z.array(drifting).describe("Whose answers are shown to differ from those of others"),
      }),
    )
    .describe("One for each model whose route compares anything"),
});

export const describedTrials = describeRoute({
  method: "get",
  path: "/trials",
  operationId: "readTrials",
  tag: "Administration",
  scope: "admin",
  summary: "How backends that are tried out do beside those that answer",
  description:
    "Agreement of answers, speed, money and failures of each, and whether the next step may be taken.",
  answers: {
    200: {
      description: "All trials",
      content: { "application/json": { schema: trialsAnswer } },
    },
  },
  problems: ["database_unavailable"],
});
