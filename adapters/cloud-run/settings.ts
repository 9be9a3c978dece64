import { z } from "zod";
import { besideOthers } from "#infra/runtime/config/beside-others.ts";
import { controlShape } from "../control-settings.ts";
import { findPrice } from "../price-book.ts";
import { checkTerms, termsShape } from "../terms-settings.ts";
import { defaults } from "./billing.ts";
import { isSafeAddress } from "./safe-address.ts";

const addressForm = "expected an https address without a path; http is for this machine alone";

export const settings = z
  .strictObject({
    kind: z.literal("cloud-run"),
    project: z.string().regex(/^[a-z0-9][a-z0-9.:-]{0,63}$/, "expected the id or the number of a project"),
    region: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,31}$/, "expected a region such as europe-west4")
      .describe("one region; another one is another provider"),
    service: z
      .string()
      .regex(/^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$/, "expected the name of a service, 49 characters at most"),
    gpu: z
      .enum(["none", "nvidia-l4", "nvidia-rtx-pro-6000"])
      .default("none")
      .describe("what each instance has, and what `tradewind fleet` gives to the revisions it makes"),
    cpu: z.number().min(0.08).max(64).optional().describe("vCPU of each instance; 4 with an L4 unless said"),
    memory: z
      .string()
      .regex(/^\d{1,6}(Mi|Gi)$/, "expected a size such as 512Mi or 16Gi")
      .optional()
      .describe("memory of each instance; 16Gi with an L4 unless said"),
    zonalRedundancy: z
      .boolean()
      .default(false)
      .describe("room for GPUs is kept in a second zone too, which costs more and has a quota of its own"),
    auth: z
      .enum(["id-token", "none"])
      .default("id-token")
      .describe(
        "whether each call has a token of this process's identity, which a service wants unless it is public",
      ),
    audience: z
      .string()
      .regex(/^[^\s?#&]{1,1024}$/, "expected an address, or another audience of the service")
      .optional()
      .describe("whom the tokens are for; the service's own address unless said"),
    transport: z
      .enum(["grpc", "rest"])
      .default("grpc")
      .describe("how the platform's API is asked; `rest` where a proxy stands before it"),
    api: z
      .string()
      .refine(
        (given) => isSafeAddress(given) && new URL(given).origin === given.replace(/\/$/, ""),
        addressForm,
      )
      .optional()
      .describe("another address of the platform's API, such as a private endpoint"),
    ...controlShape,
    ...termsShape,
  })
  .superRefine(checkTerms(defaults), besideOthers)
  .superRefine((given, context) => {
    for (const [key, message] of sizeProblems(given))
      context.addIssue({ code: "custom", path: [key], message });
  }, besideOthers);

export type Settings = z.output<typeof settings>;

type Sized = Partial<
  Pick<Settings, "gpu" | "cpu" | "memory" | "zonalRedundancy" | "billing" | "price" | "usdPerRequest">
>;

/** The least that the platform gives a GPU to. */
export const besideGpu = {
  "nvidia-l4": { cpu: 4, gib: 16 },
  "nvidia-rtx-pro-6000": { cpu: 20, gib: 80 },
} as const;

/** Beside other problems values may be of any kind; one that is wrong by itself is passed by. */
function sizeProblems(given: Sized): [key: string, message: string][] {
  const { gpu, cpu, memory } = given;
  if (gpu === "none" && given.zonalRedundancy === true)
    return [["zonalRedundancy", "is about GPUs, and none is declared: set gpu"]];
  if (gpu === undefined || !Object.hasOwn(besideGpu, gpu)) return [];
  const least = besideGpu[gpu as keyof typeof besideGpu];
  const problems: [string, string][] = [];
  if (typeof cpu === "number" && cpu < least.cpu)
    problems.push(["cpu", `${gpu} needs at least ${least.cpu}`]);
  if (typeof memory === "string" && gibOf(memory) < least.gib)
    problems.push(["memory", `${gpu} needs at least ${least.gib}Gi`]);
  if (isBilledByRequest(given))
    problems.push(["billing", "an instance with a GPU is billed from its start to its end: set instance"]);
  return problems;
}

function gibOf(memory: string): number {
  const [, amount, unit] = /^(\d{1,6})(Mi|Gi)$/.exec(memory) ?? [];
  return unit === undefined ? Number.POSITIVE_INFINITY : Number(amount) / (unit === "Mi" ? 1_024 : 1);
}

function isBilledByRequest({ billing, price, usdPerRequest }: Sized): boolean {
  if (billing !== undefined) return billing === "request";
  const named = typeof price === "string" ? findPrice(price)?.billing : undefined;
  return (
    named === "request" || (named === undefined && typeof usdPerRequest === "number" && usdPerRequest > 0)
  );
}
