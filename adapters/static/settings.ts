import { z } from "zod";
import { besideOthers } from "#infra/runtime/config/beside-others.ts";
import { checkTerms, type KindDefaults, termsShape } from "../terms-settings.ts";

export const defaults: KindDefaults = { billing: "provisioned", standing: true };

/** Backends at addresses that somebody else looks after. */
export const settings = z
  .strictObject({
    kind: z.literal("static"),
    urls: z
      .array(z.url({ protocol: /^https?$/, error: "expected an http or https address" }))
      .min(1)
      .max(1_000),
    ...termsShape,
  })
  .superRefine(checkTerms(defaults), besideOthers);

export type Settings = z.output<typeof settings>;
