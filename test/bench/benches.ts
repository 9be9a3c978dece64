import type { Bench } from "./bench.ts";

/** Every bench by name, loaded only when it runs: a peer's packages are nobody else's business. */
export const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  start: async () => (await import("./start.ts")).startBench,
};
