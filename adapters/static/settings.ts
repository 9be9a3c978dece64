import { z } from "zod";

/** Backends at addresses that somebody else looks after. */
export const settings = z.strictObject({
  kind: z.literal("static"),
  urls: z.array(z.url({ protocol: /^https?$/, error: "expected an http or https address" })).min(1),
  usdPerRequest: z.number().min(0).max(10_000).default(0),
});

export type Settings = z.output<typeof settings>;
