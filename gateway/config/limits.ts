import { z } from "zod";
import { byteSizeUpTo } from "#infra/runtime/config/units.ts";
import { withinAnHour } from "./names.ts";

export const limits = z
  .strictObject({
    body: byteSizeUpTo("256MiB").prefault("20MiB"),
    bodyTimeout: withinAnHour
      .prefault("30s")
      .describe("slower uploads are cut off, so that a dripping client can't hold memory for long"),
    inFlight: z
      .int()
      .min(1)
      .max(100_000)
      .default(256)
      .describe(
        "requests in hand at once; beyond it the answer is an immediate 503, since a queue only makes everybody late",
      ),
    bodiesInHand: byteSizeUpTo("1024GiB")
      .prefault("512MiB")
      .describe(
        "what the bodies in hand may take together: many requests of full size would be more than a machine has",
      ),
    requestTimeout: withinAnHour
      .prefault("30s")
      .describe("the longest a request may take once its body is here, however generous its route is"),
    pixels: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .default(50_000_000)
      .describe("more pixels than this are refused before they are sent anywhere"),
  })
  .refine(({ body, bodiesInHand }) => body <= bodiesInHand, {
    path: ["bodiesInHand"],
    error: "expected at least as much as limits.body, or no such body could come in",
  });
