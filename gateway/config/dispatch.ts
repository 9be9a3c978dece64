import { z } from "zod";
import { byteSizeUpTo, durationUpTo, shareUpTo } from "#infra/runtime/config/units.ts";
import { name, named, withinAnHour } from "./names.ts";
import { offOr, wordOr } from "./word-or.ts";

const weight = z
  .number()
  .positive("expected a weight above 0; to give a provider nothing, leave it out")
  .max(1_000);

/** A provider in a group, by its name or with its weight. */
const member = wordOr(
  name.transform((provider) => ({ provider, weight: 1 })),
  z.strictObject({
    provider: name,
    weight: weight.default(1).describe("how much of the group's traffic, where nothing else decides"),
  }),
);

const group = z.array(member).min(1, "expected at least one provider in a group").max(1_000);

/** Groups of providers in the order in which they are tried. */
export const failover = z
  .array(group)
  .min(1, "expected at least one group of providers")
  .max(16)
  .describe("groups of providers, in the order in which they are tried");

export const objective = z
  .enum(["cost", "balanced", "latency"])
  .describe("what is worth more where both can't be had");

/** For experts: the two prices behind an objective. */
export const money = z.strictObject({
  usdPerMiss: z.number().positive().max(1_000).describe("what an answer that comes too late costs"),
  usdPerSecond: z.number().min(0).max(1_000).describe("what a second of waiting costs"),
});

const hedging = {
  share: shareUpTo(0.5).describe("of all requests, so many may be sent a second time"),
  quantile: z.number().min(0.5).max(0.999).describe("sent again when it takes longer than so many do"),
  mostBytes: byteSizeUpTo("256MiB").describe("larger images are not sent twice"),
};

const retrying = {
  share: shareUpTo(1).describe("of all requests, so many may be tried again"),
  attempts: z.int().min(1).max(10).describe("tries in all, the first one counted"),
};

const ejecting = {
  after: z.int().min(1).max(1_000).describe("failures in a row after which a backend rests"),
  base: durationUpTo("1h").describe("how long it rests the first time; each time twice as long"),
  most: durationUpTo("1d").describe("how long it rests at most"),
};

/** What is asked of a route's backends beside where they are: each may be left out. */
export const dispatchShape = {
  money: money.optional(),
  canary: z
    .strictObject({ provider: name, share: shareUpTo(1) })
    .optional()
    .describe("a provider outside of failover that gets a share of the traffic"),
  hedge: offOr(
    z.strictObject({
      share: hedging.share.prefault("5%"),
      quantile: hedging.quantile.default(0.95),
      mostBytes: hedging.mostBytes.prefault("1MiB"),
    }),
  ).prefault({}),
  retry: z
    .strictObject({ share: retrying.share.prefault("10%"), attempts: retrying.attempts.default(3) })
    .prefault({}),
  eject: z
    .strictObject({
      after: ejecting.after.default(3),
      base: ejecting.base.prefault("2s"),
      most: ejecting.most.prefault("64s"),
    })
    .prefault({}),
  agreement: z
    .strictObject({
      share: shareUpTo(1).prefault("1%").describe("of all requests, so many are answered twice"),
      with: z
        .array(name)
        .min(1)
        .max(100)
        .optional()
        .describe("providers that give the second answer; any other of the route, unless they are named"),
      minimum: shareUpTo(1).prefault(0.9).describe("how much of two answers must be the same"),
      eject: z.boolean().default(false).describe("whether who differs from the others rests"),
    })
    .optional(),
  shadow: z
    .strictObject({
      provider: name,
      share: shareUpTo(1),
      usdPerHour: z.number().positive().max(10_000).default(1).describe("dollars that this may cost"),
    })
    .optional()
    .describe("a provider outside of failover that gets copies, and whose answers nobody waits for"),
};

/** What one of a route's models wants otherwise; what is not said is as the route says it. */
const override = z.strictObject({
  slo: withinAnHour.exactOptional(),
  objective: objective.exactOptional(),
  money: money.exactOptional(),
  hedge: offOr(
    z.strictObject({
      share: hedging.share.exactOptional(),
      quantile: hedging.quantile.exactOptional(),
      mostBytes: hedging.mostBytes.exactOptional(),
    }),
  ).exactOptional(),
  retry: z
    .strictObject({ share: retrying.share.exactOptional(), attempts: retrying.attempts.exactOptional() })
    .exactOptional(),
  eject: z
    .strictObject({
      after: ejecting.after.exactOptional(),
      base: ejecting.base.exactOptional(),
      most: ejecting.most.exactOptional(),
    })
    .exactOptional(),
});

export const overrides = named(override)
  .prefault({})
  .describe("what single models of the route want otherwise");
