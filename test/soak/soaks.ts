import type { Soak } from "./soak.ts";

/** Every soak by name, loaded only when it runs. */
export const soaks: Readonly<Record<string, () => Promise<Soak>>> = {
  "edge-metadata": async () => (await import("./edge-metadata/soak.ts")).edgeMetadataSoak,
  protocol: async () => (await import("./protocol/soak.ts")).protocolSoak,
  "edge-kills": async () => (await import("./edge-kills/soak.ts")).edgeKillsSoak,
  "wrong-input": async () => (await import("./wrong-input/soak.ts")).wrongInputSoak,
};
