import { z } from "zod";
import { describeRoute } from "./describe-route.ts";

export const usageQuery = z.strictObject({
  month: z
    .string()
    .regex(/^20\d\d-(0[1-9]|1[0-2])$/)
    .optional()
    .describe("A calendar month of UTC such as 2026-11; this month if it is left out"),
});

const whole = z.int().min(0);
const counts = {
  requests: whole,
  images: whole.describe("Answered, those out of the cache among them"),
  cached: whole.describe("How many of the images were answered out of the cache"),
  failed: whole.describe("Images that got no answer; they are none of images"),
  usd: z.number(),
};

export const usageAnswer = z.object({
  tenant: z.string(),
  month: z.string(),
  ...counts,
  limits: z.object({ images: whole.optional(), usd: z.number().optional() }).describe("Of a month"),
  models: z.array(z.object({ name: z.string(), ...counts })).describe("Those with most images first"),
  days: z
    .array(z.object({ date: z.string(), ...counts }))
    .describe("Days of UTC on which there was something"),
});

export type UsageAnswer = z.output<typeof usageAnswer>;

export const describedUsage = describeRoute({
  method: "get",
  path: "/v1/usage",
  operationId: "getUsage",
  tag: "Account",
  summary: "What this key's tenant used in a month",
  scope: "usage",
  query: usageQuery,
  answers: {
    200: {
      description: "In all, by model and by day",
      content: { "application/json": { schema: usageAnswer } },
    },
  },
  problems: ["parameter_invalid", "database_unavailable"],
});
