import { z } from "zod";
import { besideOthers } from "#infra/runtime/config/beside-others.ts";
import { azureShape, checkAuth, resourceName } from "../azure/azure-settings.ts";
import { controlShape } from "../control-settings.ts";
import { checkTerms, termsShape } from "../terms-settings.ts";
import { defaults } from "./billing.ts";

/** A web app on a Linux plan, whose backends are one container on each of the plan's workers. */
export const settings = z
  .strictObject({
    kind: z.literal("app-service"),
    ...azureShape,
    plan: resourceName.describe("the plan that the app is on; its workers are the instances"),
    slot: resourceName.default("candidate").describe("the slot that a candidate is put into"),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe("where the backend listens in its container (WEBSITES_PORT)"),
    pullAs: z
      .union([z.literal("app"), z.guid()], { error: "expected app, or a managed identity's client id" })
      .optional()
      .describe(
        "pulls images as the managed identity of the app, of which the slot has one of its own, or as the one with this client id",
      ),
    ...controlShape,
    ...termsShape,
  })
  .superRefine(checkTerms(defaults), besideOthers)
  .superRefine(checkAuth, besideOthers);

export type Settings = z.output<typeof settings>;
