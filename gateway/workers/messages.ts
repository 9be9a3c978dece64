import type { MetricObjectWithValues, MetricValue } from "prom-client";

/** What a worker serves: the configuration as its primary read it, so that all of them have the same, also later ones. */
export type ServeOrder = {
  readonly kind: "serve";
  /** Which worker this is, from 1. */
  readonly number: number;
  /** How many there are. */
  readonly workers: number;
  /** Where the text was read; other files are named from there. */
  readonly configFile: string;
  readonly configText: string;
  readonly host: string;
  readonly port: number;
};

export type ToWorker =
  | ServeOrder
  | { readonly kind: "stop" }
  /** Reads the configuration's file again. */
  | { readonly kind: "reload" }
  /** Asks for this worker's own part of the sum. */
  | { readonly kind: "tell"; readonly round: number }
  /** The sum over all workers, as text. */
  | { readonly kind: "sum"; readonly text: string };

/** The first two are what every process of ours tells whoever started it. */
export type FromWorker =
  | { readonly ready: { readonly url: string } }
  | { readonly failed: string }
  | { readonly told: MetricList; readonly round: number }
  | { readonly wanted: "sum" };

/** The metrics of one registry, with their values at one moment. */
export type MetricList = readonly MetricObjectWithValues<MetricValue<string>>[];
