import { z } from "zod";
import { besideOthers } from "#infra/runtime/config/beside-others.ts";
import { durationUpTo, shareUpTo } from "#infra/runtime/config/units.ts";
import { controlShape } from "../control-settings.ts";
import { signShape } from "../sign-settings.ts";
import { checkTerms, type TermsSettings, termsShape } from "../terms-settings.ts";
import { defaults } from "./billing.ts";

const name = z.string().min(1).max(255);
const address = z.url({ protocol: /^https?$/, error: "expected an http or https address" });
const launches = ["ec2", "managed-instances", "fargate"] as const;
const strategies = ["rolling", "blue-green", "canary", "linear"] as const;

const capacityProvider = z.strictObject({
  name,
  weight: z.int().min(0).max(1_000).default(1).describe("of all tasks beyond the base, so many parts here"),
  base: z
    .int()
    .min(0)
    .max(100_000)
    .default(0)
    .describe("at least so many tasks here before any go elsewhere"),
});

const loadBalancer = z.strictObject({
  url: address.describe("the load balancer's production listener"),
  candidateUrl: address.optional().describe("its test listener, where a candidate answers alone"),
});

/** A service of Amazon ECS: its tasks are the backends. */
export const settings = z
  .strictObject({
    kind: z.literal("ecs"),
    region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "expected a region such as eu-west-1"),
    cluster: name.describe("the cluster's name or ARN"),
    service: name.describe("the service's name or ARN"),
    launch: z.enum(launches).default("ec2").describe("what its tasks run on; Fargate has no GPU"),
    capacityProviders: z
      .array(capacityProvider)
      .min(1)
      .max(20)
      .optional()
      .describe("where its tasks are placed; one of Spot instances is one of them"),
    gpus: z.int().min(0).max(16).optional().describe("of each task; 1 unless launch is fargate"),
    strategy: z
      .enum(strategies)
      .default("blue-green")
      .describe(
        "how ECS brings a new revision in; it first stands with as many tasks as what answers, save for rolling; canary and linear need a load balancer",
      ),
    step: shareUpTo(1)
      .optional()
      .describe("of the load balancer's traffic: what a canary gets first, or what each step of linear adds"),
    stepBake: durationUpTo("1d").optional().describe("how long each such step lasts, in whole minutes"),
    bake: durationUpTo("1d")
      .prefault("1m")
      .describe("how long what answered before still stands after a promotion, in whole minutes"),
    rediscover: durationUpTo("1h").prefault("10s").describe("how often the tasks are looked for again"),
    container: name
      .optional()
      .describe("the backend's container among those of a task; the first unless said"),
    port: z.int().min(1).max(65_535).default(8_000).describe("where the container listens"),
    endpoints: z
      .union([z.literal("tasks"), loadBalancer], { error: "expected tasks, or url and candidateUrl" })
      .default("tasks")
      .describe("the tasks' own addresses (awsvpc), or a load balancer before them"),
    unsigned: z
      .literal(true)
      .optional()
      .describe("the load balancer cannot be reached by strangers, so calls need no signature"),
    api: z
      .url({ error: "expected an https address" })
      .optional()
      .describe("another address of the ECS API, such as a private endpoint"),
    ...signShape,
    ...controlShape,
    ...termsShape,
  })
  .superRefine(checkTerms(defaults), besideOthers)
  .superRefine(checkPlace, besideOthers)
  .transform((given) => ({ ...given, gpus: given.gpus ?? (given.launch === "fargate" ? 0 : 1) }));

export type Settings = z.output<typeof settings>;

type Place = TermsSettings & {
  readonly launch: (typeof launches)[number];
  readonly gpus?: number | undefined;
  readonly strategy: (typeof strategies)[number];
  readonly step?: number | undefined;
  readonly stepBake?: number | undefined;
  readonly bake: number;
  readonly rediscover: number;
  readonly endpoints: "tasks" | { readonly url: string; readonly candidateUrl?: string | undefined };
  readonly unsigned?: true | undefined;
  readonly sign?: unknown;
  readonly api?: string | undefined;
};

type Say = (key: keyof Place, message: string) => void;

function checkPlace(place: Place, context: z.core.$RefinementCtx<Place>): void {
  const say: Say = (key, message) => context.addIssue({ code: "custom", path: [key], message });
  if (place.launch === "fargate" && typeof place.gpus === "number" && place.gpus > 0)
    say("gpus", "Fargate has no GPU; launch: ec2 and launch: managed-instances do");
  checkSteps(place, say);
  if (place.strategy !== "rolling" && place.rediscover > 60_000 * Math.ceil(place.bake / 60_000))
    say("rediscover", "expected no more than bake, or gateways go on calling tasks that are gone");
  checkDoor(place, say);
  if (place.api !== undefined && !isSafe(place.api))
    say("api", "expected https, since its answers say where images are sent; http is for the loopback");
}

function checkSteps({ strategy, step, stepBake }: Place, say: Say): void {
  const isStepped = strategy === "canary" || strategy === "linear";
  if (step !== undefined && !isStepped) say("step", `means nothing for strategy: ${strategy}`);
  if (stepBake !== undefined && !isStepped) say("stepBake", `means nothing for strategy: ${strategy}`);
  const least = strategy === "linear" ? 0.03 : 0.001;
  if (isStepped && typeof step === "number" && step < least)
    say("step", `expected a share of at least ${least * 100}%, since ECS takes no less`);
}

function checkDoor({ endpoints, sign, unsigned }: Place, say: Say): void {
  if (typeof endpoints !== "object" || sign !== undefined || unsigned) return;
  say(
    "endpoints",
    "a load balancer lets anybody in, so give sign, or unsigned: true where no stranger reaches it",
  );
}

function isSafe(api: string): boolean {
  if (!URL.canParse(api)) return true;
  const { protocol, hostname } = new URL(api);
  if (protocol === "https:") return true;
  return protocol === "http:" && (hostname === "localhost" || /^127(\.\d+){3}$|^\[::1\]$/.test(hostname));
}
