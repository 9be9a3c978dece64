import { z } from "zod";
import { besideOthers } from "#infra/runtime/config/beside-others.ts";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { controlShape } from "../control-settings.ts";
import { signShape } from "../sign-settings.ts";
import { checkTerms, termsShape } from "../terms-settings.ts";
import { defaults } from "./billing.ts";

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "expected a name of small letters, digits and dashes");

/** The pods behind a service of a cluster: its endpoint slices are followed, and each ready pod is a backend. */
export const settings = z
  .strictObject({
    kind: z.literal("kubernetes"),
    namespace: name,
    service: name.describe("whose ready pods are the backends"),
    candidateService: name
      .optional()
      .describe("whose ready pods are the candidate's, for a provider with revision: candidate"),
    port: z
      .union([z.int().min(1).max(65_535), name])
      .optional()
      .describe(
        "the pods' port, by its number or its name; without it, their only one or the one named http",
      ),
    scheme: z
      .enum(["http", "https"])
      .default("http")
      .describe("https asks for a certificate of <service>.<namespace>.svc"),
    deployment: name
      .optional()
      .describe("what the pods belong to, for its status; of the same name as the service unless said"),
    context: z.string().min(1).max(255).optional().describe("of the kubeconfig; its current one unless said"),
    kubeconfig: z
      .string()
      .min(1)
      .max(4_096)
      .optional()
      .describe(
        "a file; unless said, what KUBECONFIG names, ~/.kube/config, or the pod's own service account",
      ),
    api: z
      .url({ protocol: /^https?$/, error: "expected an https address" })
      .optional()
      .describe("another address of the cluster's API, such as a private endpoint"),
    rediscover: durationUpTo("1h").prefault("5s").describe("how often what was heard is looked at"),
    ...signShape,
    ...controlShape,
    ...termsShape,
  })
  .superRefine(checkTerms(defaults), besideOthers)
  .superRefine(({ revision, candidateService, scale }, context) => {
    const say = (key: string, message: string): void =>
      context.addIssue({ code: "custom", path: [key], message });
    if (revision === "candidate" && candidateService === undefined)
      say("revision", "a candidate has a service of its own: give candidateService");
    if (scale !== undefined)
      say("scale", "pods are scaled by the cluster's own autoscaler (HPA, KEDA): set its bounds there");
  }, besideOthers);

export type Settings = z.output<typeof settings>;
