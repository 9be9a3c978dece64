import type { Bench } from "./bench.ts";

/** Every bench by name, loaded only when it runs: a peer's packages are nobody else's business. */
export const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  backends: async () => (await import("./gateway/backends.ts")).backendsBench,
  choose: async () => (await import("./routing/choose.ts")).chooseBench,
  downscale: async () => (await import("./downscale.ts")).downscaleBench,
  gateway: async () => (await import("./gateway/gateway.ts")).gatewayBench,
  inference: async () => (await import("./inference/inference.ts")).inferenceBench,
  quantize: async () => (await import("./quantize/quantize.ts")).quantizeBench,
  routing: async () => (await import("./routing/routing.ts")).routingBench,
  scaling: async () => (await import("./scaling/scaling.ts")).scalingBench,
  start: async () => (await import("./start.ts")).startBench,
};
