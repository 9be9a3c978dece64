import { z } from "zod";
import { dimensions } from "../ledger/ledger-store.ts";
import { writtenDecision } from "../ledger/written-decision.ts";
import { tenantId } from "../records/rights.ts";
import { type AnswerWords, describeRoute } from "./describe-route.ts";

const moment = z.iso.datetime({ offset: true, error: "expected a moment such as 2030-01-31T00:00:00Z" });

const pageSize = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, "expected a number from 1 to 1000")
  .transform(Number)
  .refine((most) => most <= 1_000, { error: "expected a number from 1 to 1000" })
  .default(100);

/** PostgreSQL refuses to look for it, which would look as if it were away. */
const plainText = z
  .string()
  .max(256)
  .refine((text) => !text.includes("\0"), { error: "expected text without NUL" });

const name = plainText.min(1);

const span = {
  from: moment.exactOptional().describe("Whole hours; a day before `to`, if it is left out"),
  to: moment.exactOptional().describe("Now, if it is left out"),
  tenant: tenantId.exactOptional(),
};

export const ledgerQuery = z.strictObject({
  ...span,
  model: name.exactOptional(),
  backend: name.exactOptional(),
  group_by: z.enum(dimensions).default("hour"),
  limit: pageSize,
  cursor: plainText.exactOptional(),
});

export const ledgerExportQuery = z.strictObject(span);

export const decisionParams = z.object({
  request_id: z
    .string()
    .regex(/^[\w.:-]{1,128}$/, "expected the X-Request-Id of an answer")
    .describe("As in `X-Request-Id`"),
});

export const decisionQuery = z.strictObject({ tenant: tenantId.exactOptional() });

const whole = z.int().min(0);
const usd = z.number();

const ledgerLine = z.object({
  name: z.string().describe("Of the hour, by its first moment, or of the model, backend or tenant"),
  requests: whole.describe("Images that looked for a backend"),
  failed: whole,
  missed: whole.describe("Too late, or not answered through no fault of the caller's"),
  hedges: whole,
  retries: whole,
  predicted_ms: z.number().nullable().describe("What was foreseen of those that were answered, on average"),
  real_ms: z.number().nullable().describe("What those took, on average"),
  p50_ms: z.number().nullable().describe("Of whole requests; null also where there are too many rows"),
  p99_ms: z.number().nullable(),
  usd: usd.describe("Estimated, with second copies and retries"),
  usd_per_million: usd.nullable(),
  cheapest_other_usd: usd.describe("What the cheapest other in time would have cost"),
  dearest_other_usd: usd.describe("What the dearest other in time would have cost"),
  sent_bytes: whole,
  beside_usd: z
    .object({ agreement: usd, shadow: usd, wake: usd, probe: usd })
    .describe("Spent beside requests, and no part of `usd`"),
  billed_usd: usd.nullable().describe("What the clouds' bills say, once they have come"),
});

export const ledgerAnswer = z.object({
  kept_by: z
    .enum(["fleet", "process"])
    .describe("`process` where there is no database: what this process did since its start"),
  from: z.string(),
  to: z.string(),
  group_by: z.enum(dimensions),
  lines: z.array(ledgerLine).describe("In the order of their names"),
  next_cursor: z.string().nullable(),
});

export const decisionsAnswer = z.object({
  kept_by: z.enum(["fleet", "process"]),
  decisions: z.array(writtenDecision).describe("The newest first; one for each image"),
});

const exportedLine = z.object({
  at: z.number().describe("Milliseconds since 1970"),
  bytes: z.number(),
  model: z.string(),
  ms: z.number(),
  backend: z.string().nullable(),
  usd: z.number(),
  missed: z.boolean(),
});

function answersJson(description: string, schema: z.ZodType): AnswerWords {
  return { description, content: { "application/json": { schema } } };
}

export const describedLedger = describeRoute({
  method: "get",
  path: "/ledger",
  operationId: "readLedger",
  tag: "Administration",
  scope: "admin",
  summary: "What requests cost and took, and what others would have cost",
  description: "Page by page: the `next_cursor` of one is the `cursor` of the next, and null on the last.",
  query: ledgerQuery,
  answers: { 200: answersJson("A page of it", ledgerAnswer) },
  problems: ["parameter_invalid", "database_unavailable"],
});

export const describedLedgerExport = describeRoute({
  method: "get",
  path: "/ledger/export",
  operationId: "exportLedger",
  tag: "Administration",
  scope: "admin",
  summary: "Single requests, the oldest first, as the replay lab reads them",
  description:
    "A line of JSON for each image that is still kept, a million at most: to go on, ask from the `at` of the last one.",
  query: ledgerExportQuery,
  answers: {
    200: { description: "Lines of JSON", content: { "application/x-ndjson": { schema: exportedLine } } },
  },
  problems: ["parameter_invalid", "database_unavailable"],
});

export const describedDecisions = describeRoute({
  method: "get",
  path: "/decisions/{request_id}",
  operationId: "getDecisions",
  tag: "Administration",
  scope: "admin",
  summary: "How a request found its backend",
  description: "Who could have answered each image, who was asked and why, and what came of it.",
  params: decisionParams,
  query: decisionQuery,
  answers: { 200: answersJson("A decision for each image", decisionsAnswer) },
  problems: ["parameter_invalid", "record_unknown", "database_unavailable"],
});
