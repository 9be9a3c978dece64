import { Gauge } from "prom-client";
import type { Metrics } from "#infra/runtime/metrics.ts";
import type { ConfigurationStatus } from "./follow-config.ts";

/** Which configuration is served, and whether something newer cannot be. Of several workers, the one that is worst off counts. */
export function measureConfiguration(metrics: Metrics, status: () => ConfigurationStatus): void {
  new Gauge({
    name: "tradewind_configuration_stale",
    help: "1 while a newer configuration cannot be served and the last good one stays, 0 otherwise",
    registers: [metrics],
    aggregator: "max",
    collect() {
      this.set(status().troubles.length > 0 ? 1 : 0);
    },
  });
  new Gauge({
    name: "tradewind_configuration_version",
    help: "The version of the configuration that is served, 0 where it is in no records",
    registers: [metrics],
    aggregator: "min",
    collect() {
      this.set(status().served.version);
    },
  });
  new Gauge({
    name: "tradewind_configuration_since_seconds",
    help: "When the configuration that is served began to be, in seconds since 1970",
    registers: [metrics],
    aggregator: "max",
    collect() {
      this.set(status().served.since / 1_000);
    },
  });
}
