import { z } from "zod";
import { besideOthers } from "#infra/runtime/config/beside-others.ts";
import { azureShape, checkAuth } from "../azure/azure-settings.ts";
import { controlShape } from "../control-settings.ts";
import { checkTerms, termsShape } from "../terms-settings.ts";
import { defaults } from "./billing.ts";

/** A container app, whose backends are the replicas of its revisions. */
export const settings = z
  .strictObject({
    kind: z.literal("container-apps"),
    ...azureShape,
    app: z
      .string()
      .regex(/^(?=.{2,32}$)[a-z](?:-?[a-z0-9])+$/, "expected lower-case letters, digits and dashes, 2 to 32")
      .describe("the app's name"),
    gpu: z
      .enum(["none", "t4", "a100"])
      .default("none")
      .describe("the GPU of the workload profile that the app is in; its first container has it"),
    ...controlShape,
    ...termsShape,
  })
  .superRefine(checkTerms(defaults), besideOthers)
  .superRefine(checkAuth, besideOthers);

export type Settings = z.output<typeof settings>;
