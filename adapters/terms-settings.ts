import { z } from "zod";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { backendPrices, egressPrices, findPrice, namesNear, usdPerSecondOf } from "./price-book.ts";
import type { BillingKind, Terms } from "./terms.ts";

/** What the keys that all kinds share mean where they are not given. */
export type KindDefaults = {
  readonly billing: BillingKind;
  /** Its backends are there before anybody asks, and nothing is started for a request. */
  readonly standing: boolean;
};

const usd = z.number().min(0).max(10_000);
const budgeted = z.number().positive().max(1_000_000).optional();
const atOnce = z.int().min(1).max(100_000);
const egressForm = `expected dollars, or one of ${egressPrices.join(", ")}`;

/** The keys that all kinds of providers share, to be spread into each one's own. */
export const termsShape = {
  billing: z
    .enum(["provisioned", "instance", "request"])
    .optional()
    .describe(
      "paid whether it works or not, from its start until it was idle for a while, or while it works",
    ),
  price: z
    .enum(backendPrices, { error: ({ input }) => unknownPrice(input) })
    .meta({ id: "price" })
    .optional()
    .describe("a name in the price book, for what one instance costs"),
  usdPerHour: usd.optional().describe("what one instance costs an hour"),
  usdPerSecond: usd.optional().describe("what one instance costs a second"),
  usdPerRequest: usd.optional().describe("what each image costs"),
  egressUsdPerGb: z
    .union([z.number().min(0).max(100), z.enum(egressPrices)], { error: egressForm })
    .meta({ id: "egress" })
    .optional()
    .describe("what it costs to send an image there, in dollars or by a name in the price book"),
  idle: durationUpTo("1d").optional().describe("how long an instance stays after its last request"),
  cold: durationUpTo("1h").optional().describe("how long the first answer of a new instance takes"),
  concurrency: atOnce.optional().describe("most requests at once"),
  perInstance: atOnce.optional().describe("requests that one instance takes at once"),
  budget: z
    .strictObject({ usdPerHour: budgeted, usdPerDay: budgeted })
    .meta({ id: "budget" })
    .optional()
    .describe("dollars it may cost at most; it is passed by when they are spent"),
  prior: z
    .strictObject({ base: durationUpTo("1h"), perInFlight: durationUpTo("1h") })
    .meta({ id: "prior" })
    .optional()
    .describe("what is believed of its speed until it was measured: alone, and for each other image there"),
  refuseUntil: z.iso
    .datetime({ offset: true, error: "expected a moment such as 2026-11-21T20:15:00Z" })
    .max(64)
    .optional()
    .describe("nothing is sent there until then, as if it were lost, and for an hour at most; for drills"),
};

export type TermsSettings = z.output<z.ZodObject<typeof termsShape>>;

/** As many as the client opens connections. */
const concurrencyUnlessSaid = 64;
const idleUnlessSaid = 15 * 60_000;
const coldUnlessSaid = 10_000;

/** What a backend costs and how it may be used: what was said, and what it means where nothing was. */
export function termsFrom(settings: TermsSettings, defaults: KindDefaults): Terms {
  const { concurrency = concurrencyUnlessSaid, budget, prior } = settings;
  const billing = billingOf(settings, defaults);
  const isThere = billing === "provisioned" || (billing === "request" && defaults.standing);
  return {
    billing,
    usdPerSecond: secondsCost(settings) ?? 0,
    usdPerRequest: settings.usdPerRequest ?? priceOf(settings)?.usdPerRequest ?? 0,
    egressUsdPerGb: egressOf(settings),
    idleMs: settings.idle ?? (billing === "provisioned" ? 0 : idleUnlessSaid),
    coldMs: settings.cold ?? (isThere ? 0 : coldUnlessSaid),
    mostInFlight: concurrency,
    perInstance: settings.perInstance ?? concurrency,
    budget: {
      usdPerHour: budget?.usdPerHour ?? Number.POSITIVE_INFINITY,
      usdPerDay: budget?.usdPerDay ?? Number.POSITIVE_INFINITY,
    },
    prior: prior && { baseMs: prior.base, perInFlightMs: prior.perInFlight },
  };
}

/** Whether nothing says what it costs: money is not counted then, which only a provisioned backend may have. */
export function isUnpriced(settings: TermsSettings): boolean {
  return secondsCost(settings) === undefined && !isPricedByRequest(settings);
}

/**
 * What no key can see alone, for a kind's `superRefine`: prices that contradict each other, and none where money
 * decides. Runs beside other problems, so values may be of any kind; one that is wrong by itself counts as given.
 */
export function checkTerms(defaults: KindDefaults): (settings: TermsSettings, context: Context) => void {
  return (settings, context) => {
    const say = (key: keyof TermsSettings, message: string): void =>
      context.addIssue({ code: "custom", path: settings[key] === undefined ? [] : [key], message });
    checkPrices(settings, say);
    checkBilling(settings, defaults, say);
    checkRoom(settings, say);
  };
}

type Context = z.core.$RefinementCtx<TermsSettings>;

type Say = (key: keyof TermsSettings, message: string) => void;

function checkPrices(settings: TermsSettings, say: Say): void {
  const price = priceOf(settings);
  const named = settings.price !== undefined && price?.usd !== undefined ? ["price" as const] : [];
  const given = (["usdPerHour", "usdPerSecond"] as const).filter((key) => settings[key] !== undefined);
  const [first, ...more] = [...named, ...given];
  for (const key of more) say(key, `contradicts ${first}, which says what an instance costs already`);
  if (price?.usdPerRequest !== undefined && settings.usdPerRequest !== undefined)
    say("usdPerRequest", "contradicts price, which says what a request costs already");
}

function checkBilling(settings: TermsSettings, defaults: KindDefaults, say: Say): void {
  const price = priceOf(settings);
  const billing = billingOf(settings, defaults);
  if (!Object.hasOwn(billedBy, billing)) return;
  if (price?.billing !== undefined && billing !== price.billing && billing !== "provisioned")
    say("billing", `contradicts price, since ${price.name} is billed by ${billedBy[price.billing]}`);
  if (billing === "provisioned" || !lacksPrice(settings, billing)) return;
  const means = billing === "instance" ? "usdPerHour or usdPerSecond" : "usdPerSecond or usdPerRequest";
  if (price) say("price", `the price book knows no price for ${price.name}, so give ${means} beside it`);
  else say("price", `billed by ${billedBy[billing]}, so it needs a price: give price, ${means}`);
}

const billedBy = { provisioned: "its plan", instance: "the instance", request: "the request" } as const;

function lacksPrice(settings: TermsSettings, billing: BillingKind): boolean {
  const isUnknown = settings.price !== undefined && priceOf(settings) === undefined;
  if (isUnknown || secondsCost(settings) !== undefined) return false;
  return billing === "instance" || !isPricedByRequest(settings);
}

function checkRoom({ concurrency = concurrencyUnlessSaid, perInstance }: TermsSettings, say: Say): void {
  if (typeof concurrency === "number" && typeof perInstance === "number" && perInstance > concurrency)
    say("perInstance", `expected at most concurrency, which is ${concurrency}`);
}

function billingOf(settings: TermsSettings, defaults: KindDefaults): BillingKind {
  const { billing, usdPerRequest = 0 } = settings;
  return billing ?? priceOf(settings)?.billing ?? (usdPerRequest > 0 ? "request" : defaults.billing);
}

function secondsCost(settings: TermsSettings): number | undefined {
  const { usdPerSecond, usdPerHour } = settings;
  const price = priceOf(settings);
  return usdPerSecond ?? (usdPerHour === undefined ? price && usdPerSecondOf(price) : usdPerHour / 3_600);
}

function isPricedByRequest(settings: TermsSettings): boolean {
  return settings.usdPerRequest !== undefined || priceOf(settings)?.usdPerRequest !== undefined;
}

function priceOf({ price }: TermsSettings): ReturnType<typeof findPrice> {
  return price === undefined ? undefined : findPrice(price);
}

function egressOf({ egressUsdPerGb = 0 }: TermsSettings): number {
  return typeof egressUsdPerGb === "number" ? egressUsdPerGb : (findPrice(egressUsdPerGb)?.usd ?? 0);
}

function unknownPrice(given: unknown): string {
  if (typeof given !== "string") return "expected a name in the price book";
  const near = namesNear(given, backendPrices).join(", ");
  return `the price book has no "${given.slice(0, 64)}"; near it are ${near}`;
}
