import { Gauge } from "prom-client";
import type { Metrics } from "#infra/runtime/metrics.ts";
import type { Served } from "./raise-fleet.ts";

/** How many backends each provider has at the moment, as they come and go. Of several workers, the one that is worst off counts. */
export function measureBackends(metrics: Metrics, served: () => Pick<Served, "config" | "fleet">): void {
  new Gauge({
    name: "tradewind_provider_backends",
    help: "Backends of a provider to which requests may go; 0 while it has none, or is refused",
    labelNames: ["provider"],
    registers: [metrics],
    aggregator: "min",
    collect() {
      const { config, fleet } = served();
      const found = new Map<string, Set<string>>(
        Object.keys(config.providers).map((provider) => [provider, new Set()]),
      );
      for (const { backends, shadows } of fleet.routes.values())
        for (const { id, name } of [...backends, ...shadows]) found.get(id)?.add(name);
      this.reset();
      for (const [provider, names] of found) this.set({ provider }, names.size);
    },
  });
}
