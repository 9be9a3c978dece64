import type { Capabilities } from "#adapters/capabilities.ts";
import type { ProviderStatus } from "#adapters/control.ts";
import type { Terms } from "#adapters/terms.ts";
import type { FleetSettings } from "../../config/fleet.ts";
import type { Capacity, Promised } from "./capacity-of.ts";
import type { Forecast } from "./forecast.ts";

/** All that a plan is made of. */
export type ScaleFacts = Promised & {
  readonly now: number;
  readonly forecast: Forecast;
  readonly places: readonly ScalePlace[];
  readonly survive: FleetSettings["survive"];
  /** What a request is worth that is in time, as the route's objective says it. */
  readonly usdPerMiss: number;
  /** Of the last hour or so; undefined where nobody counted. */
  readonly lately?: { readonly requests: number; readonly missed: number } | undefined;
  /** What all places together may cost; undefined: as much as it takes. */
  readonly budgetUsdPerHour?: number | undefined;
};

export type ScalePlace = {
  readonly name: string;
  /** What is lost together. */
  readonly domain: string;
  readonly scale: Capabilities["scale"];
  readonly terms: Pick<Terms, "billing" | "usdPerSecond" | "usdPerRequest" | "coldMs" | "idleMs">;
  /** Of one instance; undefined where nobody knows, and then it is left as it is. */
  readonly capacity: Capacity | undefined;
  /** Undefined where nobody may change anything. */
  readonly limits: ScaleLimits | undefined;
  readonly standing: Pick<ProviderStatus, "desired" | "running" | "pending" | "bounds">;
  /** When it was last given another count or other bounds. */
  readonly changedAt: number | undefined;
  readonly refusals: readonly Refusal[];
};

export type ScaleLimits = { readonly least: number; readonly most: number; readonly coolDownMs: number };

/** So many were asked for and not given; it is believed until then, and tried again afterwards. */
export type Refusal = { readonly atCount: number; readonly until: number; readonly why: string };

export type ScalePlan = {
  readonly places: readonly PlacePlan[];
  /** What it is going to cost: what stands anyway, and what follows from the requests. */
  readonly usdPerHour: { readonly standing: number; readonly variable: number };
  readonly covers: Coverage;
  /** What cannot be had, in words. */
  readonly warnings: readonly string[];
};

/** Of a place that nobody may change, neither. */
export type PlacePlan = {
  readonly name: string;
  readonly count?: number;
  readonly least?: number;
  readonly most?: number;
  readonly changes: boolean;
  readonly why: string;
};

export type Coverage = {
  readonly meanRps: number;
  readonly highRps: number;
  /** The share that is expected to be in time. */
  readonly inTime: number;
  /** What hurts most if it is lost, and the share that is in time from then on. */
  readonly worstLoss: { readonly what: string; readonly inTime: number } | undefined;
};
