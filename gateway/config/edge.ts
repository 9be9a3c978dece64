import { z } from "zod";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { recordOf } from "./lenient.ts";

/** What a gateway needs to serve devices; without it there is nothing at `/edge/v1`. */
export const edge = z
  .strictObject({
    repository: z
      .string()
      .min(1)
      .max(2_048)
      .describe("where the signed repository lies: a folder, s3://..., gs://... or az://..."),
    onlineKey: z
      .string()
      .min(1)
      .max(4_096)
      .describe(
        "the key that signs plans and freshness: a PEM file that only its owner may read, or env:NAME of a variable that holds one",
      ),
    poll: durationUpTo("1d").prefault("5m").describe("how often devices ask what they are to run"),
    public: z
      .boolean()
      .default(false)
      .describe("the repository is open to whoever asks, as behind a CDN; its lists are signed either way"),
  })
  .optional()
  .describe("for devices that answer by themselves and fetch their models here");

export type EdgeSettings = NonNullable<z.output<typeof edge>>;

/** Devices are on record, and a file of keys has none. */
export function edgeNeedsRecords(config: unknown, context: z.core.$RefinementCtx): void {
  const { edge: wanted, records } = recordOf(config);
  if (wanted === undefined || records !== "file") return;
  const message = "devices are kept in PostgreSQL, so edge does not go with records: file";
  context.addIssue({ code: "custom", path: ["edge"], message });
}
