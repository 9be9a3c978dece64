import { z } from "zod";
import { besideOthers } from "#infra/runtime/config/beside-others.ts";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { restSettings } from "../rest/settings.ts";
import { secretSource } from "../secret-source.ts";
import { signShape } from "../sign-settings.ts";
import { checkTerms, termsShape } from "../terms-settings.ts";
import { defaults } from "./billing.ts";

/** Backends at addresses that somebody else looks after. */
export const settings = z
  .strictObject({
    kind: z.literal("static"),
    urls: z
      .array(z.url({ protocol: /^https?$/, error: "expected an http or https address" }))
      .min(1)
      .max(1_000),
    resolve: z
      .literal("dns")
      .optional()
      .describe("each address that a host's name has is a backend of its own, and names are asked again"),
    rediscover: durationUpTo("1h").prefault("15s").describe("how often names are asked again"),
    wire: z
      .enum(["open-inference", "rest"])
      .default("open-inference")
      .describe("the Open Inference Protocol, or a team's own HTTP as rest describes it"),
    rest: restSettings.optional(),
    bearer: secretSource.optional().describe("a token that goes with each call as Authorization: Bearer"),
    ...signShape,
    ...termsShape,
  })
  .superRefine(checkTerms(defaults), besideOthers)
  .superRefine(({ wire, rest, sign }, context) => {
    const say = (key: string, message: string): void =>
      context.addIssue({ code: "custom", path: [key], message });
    if (wire === "rest" && rest === undefined)
      say("wire", "expected rest beside it, which says how the server is asked");
    if (wire !== "rest" && rest !== undefined) say("rest", "expected wire: rest beside it");
    if (wire === "rest" && sign !== undefined)
      say("sign", "signed calls are for Tradewind's own backends: take bearer or rest.headers");
  });

export type Settings = z.output<typeof settings>;
