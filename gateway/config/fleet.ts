import { z } from "zod";
import { durationUpTo, shareUpTo } from "#infra/runtime/config/units.ts";
import { name } from "./names.ts";

const rollout = z.strictObject({
  order: z
    .array(name)
    .max(100)
    .default([])
    .describe("providers in the order in which they get what is new; the others follow as they are declared"),
  steps: z
    .array(shareUpTo(1))
    .min(1)
    .max(20)
    .prefault(["10%", "50%"])
    .describe(
      "shares of a route's requests that a candidate gets, one after the other, before it is promoted",
    ),
  patience: durationUpTo("7d")
    .prefault("30m")
    .describe("how long a step may go without a verdict; then the candidate is taken back"),
  bake: durationUpTo("1d").prefault("1m").describe("how long a step takes at least"),
  ready: durationUpTo("1d").prefault("15m").describe("how long a candidate may take to stand"),
});

/** What `tradewind fleet` does with the providers that have a `scale`, and how it deploys. */
export const fleet = z
  .strictObject({
    every: durationUpTo("1h").prefault("15s").describe("how often it looks"),
    horizon: durationUpTo("6h").prefault("15m").describe("how far ahead demand is forecast"),
    attain: shareUpTo(1).prefault("99.5%").describe("the share of requests that must be in time"),
    survive: z
      .enum(["provider", "domain", "nothing"])
      .default("domain")
      .describe("the largest thing that may be lost while what is left still carries the forecast"),
    budget: z
      .strictObject({ usdPerHour: z.number().positive().max(1_000_000) })
      .optional()
      .describe("what all that stands may cost together"),
    rollout: rollout.prefault({}),
  })
  .describe("for `tradewind fleet`, which scales and deploys; gateways only read it");

export type FleetSettings = z.output<typeof fleet>;
