import type { Draft } from "./draft.ts";
import { models } from "./models.ts";

export const askPaths = [
  "/v2",
  "/v2/health/ready",
  "/v2/health/live",
  "/v2/models/stats",
  `/v2/models/${models.colours}`,
  "/metrics",
];

export function asked(path: string): Draft {
  return { method: "GET", path, headers: [], json: undefined, tail: Buffer.alloc(0) };
}
