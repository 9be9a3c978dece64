import { z } from "zod";
import { report } from "#infra/runtime/devices/words.ts";
import { describeRoute } from "./describe-route.ts";
import { bodyProblems } from "./problems.ts";

const headers = z.object({
  "Tradewind-Proof": z.string().describe("A JWS by the device's key over this call"),
});

const proofProblems = ["proof_refused", "proof_stale", "device_revoked"] as const;

export const planQuery = z.strictObject({
  nonce: z
    .string()
    .regex(/^[A-Za-z0-9_-]{16,64}$/, "expected 16 to 64 letters and digits")
    .describe("The device's own, which the plan repeats"),
});

export const describedPlan = describeRoute({
  method: "get",
  path: "/plan",
  operationId: "getPlan",
  tag: "Devices",
  summary: "What a device is to run",
  description:
    "A compact JWS by the repository's online key. It chooses among signed releases and says nothing of what is in them.",
  headers,
  query: planQuery,
  answers: {
    200: {
      description: "The plan for the device that asks",
      content: { "application/jose": { schema: { type: "string" } } },
    },
  },
  problems: [...proofProblems, "parameter_invalid", "database_unavailable"],
});

export const describedReport = describeRoute({
  method: "post",
  path: "/report",
  operationId: "report",
  tag: "Devices",
  summary: "What a device runs, and what kept it from what it is to run",
  headers,
  body: { required: true, content: { "application/json": { schema: report } } },
  answers: { 204: { description: "Counted" } },
  problems: [...proofProblems, ...bodyProblems, "parameter_invalid", "database_unavailable"],
});
