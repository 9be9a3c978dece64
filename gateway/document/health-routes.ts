import { z } from "zod";
import { describeRoute } from "./describe-route.ts";

const ready = z.object({
  ready: z.boolean(),
  process: z.enum(["ready", "starting or stopping"]),
  backends: z
    .enum(["ready", "some missing", "missing"])
    .describe("Whether every route has one, or some, or none"),
  soft_state: z.enum(["ready", "away"]).describe("Away alone does not make a gateway unready"),
  configuration: z
    .enum(["current", "stale"])
    .optional()
    .describe(
      "Stale: a newer one cannot be served and the last good one stays; this alone does not make it unready",
    ),
  configuration_version: z.int().optional().describe("0 where it is in no records"),
  configuration_trouble: z.array(z.string()).optional(),
  configuration_waits_for_restart: z.array(z.string()).optional(),
});

export const describedLive = describeRoute({
  method: "get",
  path: "/livez",
  operationId: "live",
  tag: "Operation",
  summary: "Whether the process runs",
  answers: {
    200: {
      description: "It does",
      content: { "application/json": { schema: z.object({ live: z.literal(true) }) } },
    },
  },
});

export const describedReady = describeRoute({
  method: "get",
  path: "/readyz",
  operationId: "ready",
  tag: "Operation",
  summary: "Whether it is to be sent traffic",
  answers: {
    200: { description: "Send it traffic", content: { "application/json": { schema: ready } } },
    503: { description: "Stop sending", content: { "application/json": { schema: ready } } },
  },
});

export const describedMetrics = describeRoute({
  method: "get",
  path: "/metrics",
  operationId: "metrics",
  tag: "Operation",
  summary: "Counts and times for Prometheus",
  scope: "metrics",
  answers: {
    200: {
      description: "In Prometheus' text format",
      content: { "text/plain": { schema: { type: "string" } } },
    },
  },
});
